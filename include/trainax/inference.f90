! A trained network inside a Fortran simulation: trainax/inference.h for arrays of Fortran. To be compiled with the simulation, and
! linked as that header says.
!
!     use trainax_inference
!     type(tx_exported), bind(C, name="emulator"), target :: emulator   ! in a module: what `trainax export --c` wrote as emulator.c
!     type(tx_network) :: network
!     call network%create(c_loc(emulator))
!     call network%step(u, u)                                       ! u(n), u(nx, ny), u(nx, ny, channels), any section of an array
!
! Arrays are real(c_float) or real(c_double), of rank 1 to 4: the axes of the grid, then the channels, then states that step together.
! The channels may be left out where there is one. A network of states without a grid takes u(channels). In C, and in files, the
! axes are the other way round, as HDF5's own Fortran interface has it: no number moves. With stat (0: all is well, else the exit
! code of the command for such an error) and errmsg a failure is the caller's; without, it ends the program.
module trainax_inference
  use, intrinsic :: iso_c_binding
  implicit none
  private
  public :: tx_network, tx_exported, tx_shape, tx_options, tx_error, tx_field, tx_view, tx_view_of, tx_lay_out, &
            tx_fail, tx_finish, c_loc

  integer, parameter :: most_axes = 3
  character(*), parameter :: wrong_shape = 'an array has not the shape of the states of the network: grid, channels, states'

  type, bind(C) :: tx_shape
    integer(c_int64_t) :: channels = 0
    integer(c_int) :: axes = 0
    integer(c_int64_t) :: n(most_axes) = 0
  end type
  type, bind(C) :: tx_field
    type(c_ptr) :: data = c_null_ptr
    integer(c_int) :: precision = 0
    integer(c_int64_t) :: stride(2 + most_axes) = 0
  end type
  type, bind(C) :: tx_exported ! without initial values: those are the C source's
    integer(c_int) :: version
    integer(c_int64_t) :: channels
    integer(c_int) :: axes
    integer(c_int64_t) :: n(most_axes)
    integer(c_int) :: precision, output, num_nodes
    type(c_ptr) :: nodes
    integer(c_size_t) :: num_constants
    type(c_ptr) :: constants
    integer(c_int64_t) :: num_parameters
    type(c_ptr) :: parameters
  end type
  type, bind(C) :: tx_options
    integer(c_int64_t) :: states = 1
    logical(c_bool) :: vjp = .false.
  end type
  type, bind(C) :: tx_error
    integer(c_int) :: status = 0
    character(c_char) :: message(1024) = c_null_char
  end type

  ! An array: where it lies, and how.
  type :: tx_view
    type(c_ptr) :: data = c_null_ptr
    integer(c_int) :: precision = 0
    integer :: rank = 0
    integer(c_int64_t) :: n(4) = 1, stride(4) = 0
  end type
  interface tx_view_of
    module procedure view_single, view_double
  end interface

  type :: tx_network
    type(c_ptr) :: handle = c_null_ptr
  contains
    procedure :: create => create_exported ! (exported, states, vjp, stat, errmsg)
    generic :: step => step_single, step_double ! (x, y, stat, errmsg)
    generic :: vjp => vjp_single, vjp_double    ! (x, dy, dx, stat, errmsg): dx = J' dy at x
    procedure :: close => close_network
    procedure :: prepare ! what arrays like this one need before the first
    procedure, private :: step_single, step_double, vjp_single, vjp_double, apply
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
    function tx_inference_vjp(inference, count, x, dy, dx, error) result(status) bind(C)
      import
      type(c_ptr), value :: inference
      integer(c_int64_t), value :: count
      type(tx_field), intent(in) :: x, dy, dx
      type(tx_error), intent(inout) :: error
      integer(c_int) :: status
    end function
  end interface

contains

  subroutine create_exported(self, exported, states, vjp, stat, errmsg)
    class(tx_network), intent(inout) :: self
    type(c_ptr), intent(in) :: exported
    integer, intent(in), optional :: states
    logical, intent(in), optional :: vjp
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_options) :: options
    type(tx_error) :: error
    integer(c_int) :: status
    if (present(states)) options%states = states
    if (present(vjp)) options%vjp = vjp
    call self%close()
    status = tx_inference_create(exported, options, error, self%handle)
    if (status /= 0) self%handle = c_null_ptr
    call tx_finish(error, stat, errmsg)
  end subroutine

  subroutine close_network(self)
    class(tx_network), intent(inout) :: self
    call tx_inference_destroy(self%handle)
    self%handle = c_null_ptr
  end subroutine

  subroutine finish_network(self)
    type(tx_network), intent(inout) :: self
    call self%close()
  end subroutine

  subroutine prepare(self, x, error)
    class(tx_network), intent(inout) :: self
    type(tx_view), intent(in) :: x
    type(tx_error), intent(inout) :: error
    if (.not. c_associated(self%handle)) call tx_fail(error, 'the network was not created')
    if (x%rank == 0) call tx_fail(error, wrong_shape)
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

  subroutine vjp_single(self, x, dy, dx, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_float), intent(in), target :: x(..), dy(..)
    real(c_float), intent(inout), target :: dx(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%apply(tx_view_of(x), tx_view_of(dx), tx_view_of(dy), stat, errmsg)
  end subroutine

  subroutine vjp_double(self, x, dy, dx, stat, errmsg)
    class(tx_network), intent(inout) :: self
    real(c_double), intent(in), target :: x(..), dy(..)
    real(c_double), intent(inout), target :: dx(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%apply(tx_view_of(x), tx_view_of(dx), tx_view_of(dy), stat, errmsg)
  end subroutine

  ! A step from x to y, or with dy the cotangent y of x.
  subroutine apply(self, x, y, dy, stat, errmsg)
    class(tx_network), intent(inout) :: self
    type(tx_view), intent(in) :: x, y
    type(tx_view), intent(in), optional :: dy
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_error) :: error
    type(tx_shape) :: state
    type(tx_field) :: from, to, cotangent
    integer(c_int64_t) :: count, same
    integer(c_int) :: status
    call self%prepare(x, error)
    if (error%status == 0) then
      state = tx_inference_state(self%handle)
      call tx_lay_out(x, state, error, from, count)
      call tx_lay_out(y, state, error, to, same)
      if (present(dy)) call tx_lay_out(dy, state, error, cotangent, count)
      if (count /= same) call tx_fail(error, 'as many states are needed in all arrays')
    end if
    if (error%status == 0) then
      if (present(dy)) then
        status = tx_inference_vjp(self%handle, count, from, cotangent, to, error)
      else
        status = tx_inference_step_many(self%handle, count, from, to, error)
      end if
    end if
    call tx_finish(error, stat, errmsg)
  end subroutine

  ! The array as states of that shape: grid, channels, states.
  subroutine tx_lay_out(x, state, error, field, count)
    type(tx_view), intent(in) :: x
    type(tx_shape), intent(in) :: state
    type(tx_error), intent(inout) :: error
    type(tx_field), intent(out) :: field
    integer(c_int64_t), intent(out) :: count
    integer :: axes, d
    logical :: fits
    axes = state%axes
    field%data = x%data
    field%precision = x%precision
    count = merge(x%n(min(axes + 2, 4)), 1_c_int64_t, x%rank == axes + 2)
    fits = x%rank >= max(axes, 1) .and. x%rank <= axes + 2
    if (x%rank > axes) then
      fits = fits .and. x%n(axes + 1) == state%channels
      field%stride(2) = x%stride(axes + 1)
    else
      fits = fits .and. state%channels == 1
    end if
    if (x%rank == axes + 2) field%stride(1) = x%stride(axes + 2)
    do d = 1, min(axes, x%rank)
      fits = fits .and. x%n(d) == state%n(axes + 1 - d)
      field%stride(3 + axes - d) = x%stride(d)
    end do
    if (.not. fits) call tx_fail(error, wrong_shape)
  end subroutine

  ! By rank: some compilers count the elements of expressions from 0 where a rank is selected.
  function view_single(x) result(view)
    real(c_float), intent(in), target :: x(..)
    type(tx_view) :: view
    select rank (x)
    rank (1)
      view = view_single_1(x)
    rank (2)
      view = view_single_2(x)
    rank (3)
      view = view_single_3(x)
    rank (4)
      view = view_single_4(x)
    end select
  end function

  function view_single_1(x) result(view)
    real(c_float), intent(in), target :: x(:)
    type(tx_view) :: view
    integer :: k(1)
    if (size(x) == 0) return
    k = min(2, shape(x))
    view = described(0, 4, shape(x, c_int64_t), c_loc(x(1)), [address(c_loc(x(k(1))))])
  end function

  function view_single_2(x) result(view)
    real(c_float), intent(in), target :: x(:, :)
    type(tx_view) :: view
    integer :: k(2)
    if (size(x) == 0) return
    k = min(2, shape(x))
    view = described(0, 4, shape(x, c_int64_t), c_loc(x(1, 1)), [address(c_loc(x(k(1), 1))), address(c_loc(x(1, k(2))))])
  end function

  function view_single_3(x) result(view)
    real(c_float), intent(in), target :: x(:, :, :)
    type(tx_view) :: view
    integer :: k(3)
    if (size(x) == 0) return
    k = min(2, shape(x))
    view = described(0, 4, shape(x, c_int64_t), c_loc(x(1, 1, 1)), &
                     [address(c_loc(x(k(1), 1, 1))), &
                      address(c_loc(x(1, k(2), 1))), &
                      address(c_loc(x(1, 1, k(3))))])
  end function

  function view_single_4(x) result(view)
    real(c_float), intent(in), target :: x(:, :, :, :)
    type(tx_view) :: view
    integer :: k(4)
    if (size(x) == 0) return
    k = min(2, shape(x))
    view = described(0, 4, shape(x, c_int64_t), c_loc(x(1, 1, 1, 1)), &
                     [address(c_loc(x(k(1), 1, 1, 1))), &
                      address(c_loc(x(1, k(2), 1, 1))), &
                      address(c_loc(x(1, 1, k(3), 1))), &
                      address(c_loc(x(1, 1, 1, k(4))))])
  end function

  function view_double(x) result(view)
    real(c_double), intent(in), target :: x(..)
    type(tx_view) :: view
    select rank (x)
    rank (1)
      view = view_double_1(x)
    rank (2)
      view = view_double_2(x)
    rank (3)
      view = view_double_3(x)
    rank (4)
      view = view_double_4(x)
    end select
  end function

  function view_double_1(x) result(view)
    real(c_double), intent(in), target :: x(:)
    type(tx_view) :: view
    integer :: k(1)
    if (size(x) == 0) return
    k = min(2, shape(x))
    view = described(1, 8, shape(x, c_int64_t), c_loc(x(1)), [address(c_loc(x(k(1))))])
  end function

  function view_double_2(x) result(view)
    real(c_double), intent(in), target :: x(:, :)
    type(tx_view) :: view
    integer :: k(2)
    if (size(x) == 0) return
    k = min(2, shape(x))
    view = described(1, 8, shape(x, c_int64_t), c_loc(x(1, 1)), [address(c_loc(x(k(1), 1))), address(c_loc(x(1, k(2))))])
  end function

  function view_double_3(x) result(view)
    real(c_double), intent(in), target :: x(:, :, :)
    type(tx_view) :: view
    integer :: k(3)
    if (size(x) == 0) return
    k = min(2, shape(x))
    view = described(1, 8, shape(x, c_int64_t), c_loc(x(1, 1, 1)), &
                     [address(c_loc(x(k(1), 1, 1))), &
                      address(c_loc(x(1, k(2), 1))), &
                      address(c_loc(x(1, 1, k(3))))])
  end function

  function view_double_4(x) result(view)
    real(c_double), intent(in), target :: x(:, :, :, :)
    type(tx_view) :: view
    integer :: k(4)
    if (size(x) == 0) return
    k = min(2, shape(x))
    view = described(1, 8, shape(x, c_int64_t), c_loc(x(1, 1, 1, 1)), &
                     [address(c_loc(x(k(1), 1, 1, 1))), &
                      address(c_loc(x(1, k(2), 1, 1))), &
                      address(c_loc(x(1, 1, k(3), 1))), &
                      address(c_loc(x(1, 1, 1, k(4))))])
  end function

  ! at: addresses of the second element along each axis.
  function described(precision, bytes, n, first, at) result(view)
    integer, intent(in) :: precision, bytes
    integer(c_int64_t), intent(in) :: n(:)
    type(c_ptr), intent(in) :: first
    integer(c_intptr_t), intent(in) :: at(:)
    type(tx_view) :: view
    view%data = first
    view%precision = precision
    view%rank = size(n)
    view%n(:view%rank) = n
    view%stride(:view%rank) = (at - address(first)) / bytes
  end function

  function address(pointer) result(number)
    type(c_ptr), intent(in) :: pointer
    integer(c_intptr_t) :: number
    number = transfer(pointer, number)
  end function

  subroutine tx_fail(error, message)
    type(tx_error), intent(inout) :: error
    character(*), intent(in) :: message
    integer :: k
    if (error%status /= 0) return
    error%status = 2
    do k = 1, len(message)
      error%message(k) = message(k:k)
    end do
  end subroutine

  ! What became of a call: stat and errmsg, or the end of the program.
  subroutine tx_finish(error, stat, errmsg)
    type(tx_error), intent(in) :: error
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(size(error%message)) :: text
    integer :: k
    text = ''
    do k = 1, size(error%message)
      if (error%message(k) == c_null_char) exit
      text(k:k) = error%message(k)
    end do
    if (present(stat)) stat = error%status
    if (present(errmsg) .and. error%status /= 0) errmsg = text
    if (.not. present(stat) .and. error%status /= 0) error stop 'trainax: error: ' // trim(text)
  end subroutine
end module
