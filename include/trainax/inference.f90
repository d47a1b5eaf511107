! A trained network inside a Fortran simulation: trainax/inference.h for arrays of Fortran. To be compiled with the simulation, and
! linked as that header says.
!
!     use trainax_inference
!     type(tx_exported), bind(C, name="emulator"), target :: emulator   ! in a module: what `trainax export --c` wrote as emulator.c
!     type(tx_network) :: network
!     call network%create(c_loc(emulator))
!     call network%step(u, u)                       ! u(n), u(nx, ny), u(nx, ny, channels, states), any section of an array
!     call network%vjp(x, dy, dx, gradient)         ! dx = J' dy at x; gradient: the parameters' cotangent, may be left out
!     call network%parameters(p)                    ! p(network%num_parameters()); set_parameters(p) puts others
!
! Arrays are real(c_float) or real(c_double), of rank 1 to 6: the axes of the grid, then the channels, then states that step
! together. The channels may be left out of a single state on a grid, where there is one. States without a grid are u(channels). In C,
! and in files, the axes are the other way round, as HDF5's own Fortran interface has it: no number moves. With stat (0: all is well,
! else the exit code of the command for such an error) and errmsg a failure is the caller's; without, it ends the program.
!
! Assigned to another variable a network is in both; it ends when the last of them is closed or goes out of scope. (`allocate` with
! `source=` makes no such copy.)
include 'arrays.inc'

module trainax_inference
  use, intrinsic :: iso_c_binding
  use trainax_arrays
  implicit none
  private
  public :: tx_network, tx_exported, tx_options, c_loc

  type, bind(C) :: tx_exported ! without initial values: those are the C source's
    integer(c_int) :: version
    integer(c_int64_t) :: channels
    integer(c_int) :: axes
    integer(c_int64_t) :: n(3)
    integer(c_int) :: precision, output, num_nodes
    type(c_ptr) :: nodes
    integer(c_size_t) :: num_constants
    type(c_ptr) :: constants
    integer(c_int64_t) :: num_parameters
    type(c_ptr) :: parameters, normalization
  end type
  type, bind(C) :: tx_options
    integer(c_int64_t) :: states = 1
    logical(c_bool) :: vjp = .false., gradient = .false., physical = .false.
  end type
  type :: tx_network
    type(tx_shared) :: shared
  contains
    procedure :: create => create_exported ! (exported, states, vjp, gradient, physical, stat, errmsg)
    generic :: step => step_single, step_double ! (x, y, stat, errmsg)
    generic :: vjp => vjp_single, vjp_double    ! (x, dy, dx, gradient, stat, errmsg)
    procedure :: num_parameters
    generic :: parameters => get_single, get_double     ! (p, stat, errmsg)
    generic :: set_parameters => set_single, set_double ! (p, stat, errmsg)
    procedure :: close => close_network
    generic :: assignment(=) => assign_network
    procedure, private :: step_single, step_double, vjp_single, vjp_double, apply, get_single, get_double, set_single, set_double, &
                          move_parameters, assign_network
    final :: finish_network
  end type

  interface
    function tx_inference_create(exported, options, error, inference) result(status) bind(C)
      import
      type(c_ptr), value :: exported
      type(tx_options), intent(in) :: options
      type(tx_error), intent(inout) :: error
      type(c_ptr), intent(out) :: inference
      integer(c_int) :: status
    end function
    subroutine tx_inference_destroy(inference) bind(C)
      import
      type(c_ptr), value :: inference
    end subroutine
    function tx_inference_state(inference) result(state) bind(C)
      import
      type(c_ptr), value :: inference
      type(tx_shape) :: state
    end function
    function tx_inference_step_many(inference, count, x, y, error) result(status) bind(C)
      import
      type(c_ptr), value :: inference
      integer(c_int64_t), value :: count
      type(tx_field), intent(in) :: x, y
      type(tx_error), intent(inout) :: error
      integer(c_int) :: status
    end function
    function tx_inference_vjp(inference, count, x, dy, dx, gradient, error) result(status) bind(C)
      import
      type(c_ptr), value :: inference
      integer(c_int64_t), value :: count
      type(tx_field), intent(in) :: x, dy, dx
      type(tx_field), intent(in), optional :: gradient
      type(tx_error), intent(inout) :: error
      integer(c_int) :: status
    end function
    pure function tx_inference_num_parameters(inference) result(number) bind(C)
      import
      type(c_ptr), value, intent(in) :: inference
      integer(c_int64_t) :: number
    end function
    function tx_inference_get_parameters(inference, parameters, error) result(status) bind(C)
      import
      type(c_ptr), value :: inference
      type(tx_field), intent(in) :: parameters
      type(tx_error), intent(inout) :: error
      integer(c_int) :: status
    end function
    function tx_inference_set_parameters(inference, parameters, error) result(status) bind(C)
      import
      type(c_ptr), value :: inference
      type(tx_field), intent(in) :: parameters
      type(tx_error), intent(inout) :: error
      integer(c_int) :: status
    end function
  end interface

contains

  ! ---- one network, maybe several variables ----

  subroutine close_network(self)
    class(tx_network), intent(inout) :: self
    if (self%shared%last()) call tx_inference_destroy(self%shared%handle)
    self%shared%handle = c_null_ptr
  end subroutine

  impure elemental subroutine finish_network(self)
    type(tx_network), intent(inout) :: self
    call self%close()
  end subroutine

  impure elemental subroutine assign_network(self, other)
    class(tx_network), intent(inout) :: self
    class(tx_network), intent(in) :: other
    type(tx_shared) :: kept
    call tx_share(kept, other%shared) ! first: it may be the same variable
    call self%close()
    call tx_share(self%shared, kept)
    if (kept%last()) call tx_inference_destroy(kept%handle)
  end subroutine

  ! ---- networks ----

  subroutine create_exported(self, exported, states, vjp, gradient, physical, stat, errmsg)
    class(tx_network), intent(inout) :: self
    type(c_ptr), intent(in) :: exported
    integer, intent(in), optional :: states
    logical, intent(in), optional :: vjp, gradient, physical
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_options) :: options
    type(tx_error) :: error
    type(c_ptr) :: handle
    if (present(states)) options%states = states
    if (present(vjp)) options%vjp = vjp
    if (present(gradient)) options%gradient = gradient
    if (present(physical)) options%physical = physical
    options%vjp = options%vjp .or. options%gradient
    call self%close()
    if (tx_inference_create(exported, options, error, handle) == 0) call self%shared%hold(handle)
    call tx_finish(error, stat, errmsg)
  end subroutine

  subroutine check(self, error)
    class(tx_network), intent(in) :: self
    type(tx_error), intent(inout) :: error
    if (.not. c_associated(self%shared%handle)) call tx_fail(error, 'the network was not created')
  end subroutine

  subroutine step_single(self, x, y, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_float), intent(in), target :: x(..)
    real(c_float), intent(inout), target :: y(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%apply(tx_view_of(x), tx_view_of(y), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine step_double(self, x, y, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_double), intent(in), target :: x(..)
    real(c_double), intent(inout), target :: y(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%apply(tx_view_of(x), tx_view_of(y), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine vjp_single(self, x, dy, dx, gradient, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_float), intent(in), target :: x(..), dy(..)
    real(c_float), intent(inout), target :: dx(..)
    real(c_float), intent(inout), target, optional :: gradient(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (present(gradient)) then
      call self%apply(tx_view_of(x), tx_view_of(dx), tx_view_of(dy), tx_view_of(gradient), stat, errmsg)
    else
      call self%apply(tx_view_of(x), tx_view_of(dx), tx_view_of(dy), stat=stat, errmsg=errmsg)
    end if
  end subroutine

  subroutine vjp_double(self, x, dy, dx, gradient, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_double), intent(in), target :: x(..), dy(..)
    real(c_double), intent(inout), target :: dx(..)
    real(c_double), intent(inout), target, optional :: gradient(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (present(gradient)) then
      call self%apply(tx_view_of(x), tx_view_of(dx), tx_view_of(dy), tx_view_of(gradient), stat, errmsg)
    else
      call self%apply(tx_view_of(x), tx_view_of(dx), tx_view_of(dy), stat=stat, errmsg=errmsg)
    end if
  end subroutine

  ! A step from x to y, or with dy the cotangent y of x.
  subroutine apply(self, x, y, dy, gradient, stat, errmsg)
    class(tx_network), intent(inout) :: self
    type(tx_view), intent(in) :: x, y
    type(tx_view), intent(in), optional :: dy, gradient
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_error) :: error
    type(tx_shape) :: state
    type(tx_field) :: from, to, cotangent, vector
    integer(c_int64_t) :: count
    integer(c_int) :: status
    call check(self, error)
    if (error%status == 0) then
      state = tx_inference_state(self%shared%handle)
      count = -1
      call tx_lay_out(x, state, error, from, count)
      call tx_lay_out(y, state, error, to, count)
      if (present(dy)) call tx_lay_out(dy, state, error, cotangent, count)
      if (present(gradient)) call lay_out_vector(self, gradient, error, vector)
    end if
    if (error%status == 0) then
      if (present(gradient)) then
        status = tx_inference_vjp(self%shared%handle, count, from, cotangent, to, vector, error)
      else if (present(dy)) then
        status = tx_inference_vjp(self%shared%handle, count, from, cotangent, to, error=error)
      else
        status = tx_inference_step_many(self%shared%handle, count, from, to, error)
      end if
    end if
    call tx_finish(error, stat, errmsg)
  end subroutine

  ! ---- parameters ----

  pure function num_parameters(self) result(number)
    class(tx_network), intent(in) :: self
    integer :: number
    number = 0
    if (c_associated(self%shared%handle)) number = int(tx_inference_num_parameters(self%shared%handle))
  end function

  subroutine lay_out_vector(self, p, error, field)
    class(tx_network), intent(in) :: self
    type(tx_view), intent(in) :: p
    type(tx_error), intent(inout) :: error
    type(tx_field), intent(out) :: field
    field = tx_field(p%data, p%precision, [p%stride(1), 0_c_int64_t, 0_c_int64_t, 0_c_int64_t, 0_c_int64_t])
    if (p%n(1) /= self%num_parameters()) call tx_fail(error, 'an array is not as long as the network has parameters')
  end subroutine

  subroutine move_parameters(self, p, set, stat, errmsg)
    class(tx_network), intent(inout) :: self
    type(tx_view), intent(in) :: p
    logical, intent(in) :: set
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_error) :: error
    type(tx_field) :: field
    integer(c_int) :: status
    call check(self, error)
    call lay_out_vector(self, p, error, field)
    if (error%status == 0 .and. set) status = tx_inference_set_parameters(self%shared%handle, field, error)
    if (error%status == 0 .and. .not. set) status = tx_inference_get_parameters(self%shared%handle, field, error)
    call tx_finish(error, stat, errmsg)
  end subroutine

  subroutine get_single(self, p, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_float), intent(inout), target :: p(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%move_parameters(tx_view_of(p), .false., stat, errmsg)
  end subroutine

  subroutine get_double(self, p, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_double), intent(inout), target :: p(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%move_parameters(tx_view_of(p), .false., stat, errmsg)
  end subroutine

  subroutine set_single(self, p, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_float), intent(in), target :: p(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%move_parameters(tx_view_of(p), .true., stat, errmsg)
  end subroutine

  subroutine set_double(self, p, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_double), intent(in), target :: p(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%move_parameters(tx_view_of(p), .true., stat, errmsg)
  end subroutine
end module
