! The same as mine.c in Fortran: a simulator of one's own as a stepper of trainax. Put it into `advance`, its adjoint into
! `step_vjp`, its settings into the table of options below. trainax/plugin.f90 and the headers that it names tell the rest.
module mine
  use trainax_plugins
  implicit none
  type :: simulator ! what it computes with: made once for states of one shape, shared by all threads, never changed
    integer(c_int64_t) :: points, channels
    real(c_double) :: number
  end type
contains
  pure function advance(number, u) result(next)
    real(c_double), intent(in) :: number, u(:)
    real(c_double) :: next(size(u))
    next = u + number*(cshift(u, 1) - 2*u + cshift(u, -1))
  end function

  function create(section, shape, states, error, function) bind(C, name="") result(status)
    type(c_ptr), value :: section
    type(tx_shape), value :: shape
    integer(c_int), value :: states
    type(tx_error), intent(inout) :: error
    type(tx_function), intent(inout) :: function
    integer(c_int) :: status
    type(simulator), pointer :: s
    status = TX_OK
    if (shape%axes /= 1 .or. states /= 1) then ! of a residuum there are 2
      status = tx_fail(error, TX_INVALID, "mine works on states with one spatial axis")
      return
    end if
    allocate (s)
    s = simulator(shape%n(1), shape%channels, tx_get_real(section, "number"))
    function%user = c_loc(s)
  end function

  subroutine destroy(user) bind(C, name="")
    type(c_ptr), value :: user
    type(simulator), pointer :: s
    call c_f_pointer(user, s)
    deallocate (s)
  end subroutine

  ! Samples of (points, channels), one behind the other. Anything but 0 is a failure: the run ends with the message.
  function step(call, x, y) bind(C, name="") result(code)
    type(tx_function_call), intent(in) :: call
    real(c_double), intent(in) :: x(*)
    real(c_double), intent(inout) :: y(*)
    integer(c_int) :: code
    type(simulator), pointer :: s
    integer(c_int64_t) :: row, at
    call c_f_pointer(call%user, s)
    do row = 0, call%num_samples*s%channels - 1
      at = row*s%points
      y(at + 1:at + s%points) = advance(s%number, x(at + 1:at + s%points))
    end do
    code = 0
    if (any(abs(y(1:s%points)) > 1e30)) code = tx_fail_call(call, 1_c_int, "it has blown up")
  end function

  ! dx = J(x)^T dy. This one is linear and symmetric: the step itself. Without a vjp it can still generate data, and be trained
  ! against where no gradient goes through it (cut_div_chain: true).
  function step_vjp(call, x, dy, dx) bind(C, name="") result(code)
    type(tx_function_call), intent(in) :: call
    real(c_double), intent(in) :: x(*), dy(*)
    real(c_double), intent(inout) :: dx(*)
    integer(c_int) :: code
    code = step(call, dy, dx)
    if (.false.) dx(1) = x(1) ! x is not needed
  end function

  function entry() bind(C, name="trainax_plugin")
    type(c_ptr) :: entry
    type(tx_plugin_map) :: map
    map%function%forward = c_funloc(step)
    map%function%vjp = c_funloc(step_vjp)
    map%create = c_funloc(create)
    map%destroy = c_funloc(destroy)
    entry = tx_plugin([tx_component(TX_KIND_STEPPER, "mine", "explicit diffusion, periodic", map, [ &
      tx_option(name=tx_text("number"), type=TX_TYPE_REAL, initial=tx_text("0.2"), &
                text=tx_text("diffusivity * time step / grid spacing^2"), minimum=0.d0, maximum=0.5d0)])])
  end function
end module
