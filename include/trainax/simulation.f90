! Training a network while a Fortran simulation runs, and network files in it: trainax/simulation.h for arrays of Fortran. To be
! compiled behind trainax/inference.f90, which says how arrays lie, and linked with the whole library (pkg-config trainax).
!
!     use trainax_simulation
!     type(tx_online) :: network
!     call network%create('network.yaml', state=[nx, ny, channels], samples=8)
!     call network%train_step(input, label, loss)     ! (nx, ny, channels, samples) each, or without the samples where it is one
!     call network%inference(input, output)
!     call network%save('network.h5')                 ! overwrite=.true. replaces a file
!     call network%load('network.h5')
!     call network%close()                            ! before MPI ends; where it has started MPI, the last one that is closed ends it
!
! A configuration that reads more than two levels (num_rollout_steps above 1) takes them as one more, the last, axis of `label`. All
! but inference is collective over MPI_COMM_WORLD, where MPI runs, and fails on all ranks where it fails on one. Variables that are
! assigned have the same network, as those of type tx_network.
module trainax_simulation
  use, intrinsic :: iso_c_binding
  use trainax_arrays
  use trainax_inference
  implicit none
  private
  public :: tx_online, tx_open

  type, bind(C) :: tx_online_setup
    type(tx_shape) :: state
    integer(c_int) :: levels = 2
    integer(c_int64_t) :: samples = 1
  end type

  type, bind(C) :: tx_output
    type(c_ptr) :: path = c_null_ptr
    logical(c_bool) :: overwrite = .false.
  end type

  type :: tx_online
    private
    type(tx_shared) :: shared
  contains
    procedure :: create ! (config, state, levels, samples, stat, errmsg)
    generic :: train_step => train_single, train_double        ! (input, label, loss, stat, errmsg)
    generic :: inference => inference_single, inference_double ! (x, y, stat, errmsg)
    procedure :: save => save_network ! (path, overwrite, stat, errmsg)
    procedure :: load => load_network ! (path, stat, errmsg)
    procedure :: close => close_online
    generic :: assignment(=) => assign_online
    procedure, private :: train_single, train_double, inference_single, inference_double, train, infer, assign_online
    final :: finish_online
  end type

  interface
    function tx_online_create(parallel, config, setup, error, online) result(status) bind(C)
      import
      type(c_ptr), value :: parallel
      character(c_char), intent(in) :: config(*)
      type(tx_online_setup), intent(in) :: setup
      type(tx_error), intent(inout) :: error
      type(c_ptr), intent(out) :: online
      integer(c_int) :: status
    end function
    subroutine tx_online_destroy(online) bind(C)
      import
      type(c_ptr), value :: online
    end subroutine
    function tx_online_state(online) result(state) bind(C)
      import
      type(c_ptr), value :: online
      type(tx_shape) :: state
    end function
    function tx_online_levels(online) result(levels) bind(C)
      import
      type(c_ptr), value :: online
      integer(c_int) :: levels
    end function
    function tx_online_train_step(online, count, levels, error, loss) result(status) bind(C)
      import
      type(c_ptr), value :: online
      integer(c_int64_t), value :: count
      type(tx_field), intent(in) :: levels(*)
      type(tx_error), intent(inout) :: error
      real(c_double), intent(out) :: loss
      integer(c_int) :: status
    end function
    function tx_online_inference(online, count, x, y, error) result(status) bind(C)
      import
      type(c_ptr), value :: online
      integer(c_int64_t), value :: count
      type(tx_field), intent(in) :: x, y
      type(tx_error), intent(inout) :: error
      integer(c_int) :: status
    end function
    function tx_online_save(online, output, error) result(status) bind(C)
      import
      type(c_ptr), value :: online
      type(tx_output), intent(in) :: output
      type(tx_error), intent(inout) :: error
      integer(c_int) :: status
    end function
    function tx_online_load(online, path, error) result(status) bind(C)
      import
      type(c_ptr), value :: online
      character(c_char), intent(in) :: path(*)
      type(tx_error), intent(inout) :: error
      integer(c_int) :: status
    end function
    function tx_registry_create_builtin(error, registry) result(status) bind(C)
      import
      type(tx_error), intent(inout) :: error
      type(c_ptr), intent(out) :: registry
      integer(c_int) :: status
    end function
    subroutine tx_registry_destroy(registry) bind(C)
      import
      type(c_ptr), value :: registry
    end subroutine
    function tx_inference_open(registry, path, state, options, error, inference) result(status) bind(C)
      import
      type(c_ptr), value :: registry
      character(c_char), intent(in) :: path(*)
      type(tx_shape), value :: state
      type(tx_options), intent(in) :: options
      type(tx_error), intent(inout) :: error
      type(c_ptr), intent(out) :: inference
      integer(c_int) :: status
    end function
  end interface

contains

  ! The shape of a state as arrays have it: the grid, then the channels.
  function shape_of(extents) result(state)
    integer, intent(in) :: extents(:)
    type(tx_shape) :: state
    integer :: d
    state%axes = size(extents) - 1
    state%channels = extents(size(extents))
    do d = 1, state%axes
      state%n(state%axes + 1 - d) = extents(d)
    end do
  end function

  ! A network file, for states of the shape [nx, ny, channels], or of those that it was trained on.
  subroutine tx_open(network, path, state, states, vjp, gradient, physical, stat, errmsg)
    type(tx_network), intent(inout) :: network
    character(*), intent(in) :: path
    integer, intent(in), optional :: state(:), states
    logical, intent(in), optional :: vjp, gradient, physical
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_options) :: options
    type(tx_shape) :: wanted
    type(tx_error) :: error
    type(c_ptr) :: registry, handle
    if (present(state)) wanted = shape_of(state)
    if (present(states)) options%states = states
    if (present(vjp)) options%vjp = vjp
    if (present(gradient)) options%gradient = gradient
    if (present(physical)) options%physical = physical
    options%vjp = options%vjp .or. options%gradient
    call network%close()
    if (tx_registry_create_builtin(error, registry) == 0) then
      if (tx_inference_open(registry, trim(path) // c_null_char, wanted, options, error, handle) == 0) &
        call network%shared%hold(handle)
      call tx_registry_destroy(registry)
    end if
    call tx_finish(error, stat, errmsg)
  end subroutine

  subroutine create(self, config, state, levels, samples, stat, errmsg)
    class(tx_online), intent(inout) :: self
    character(*), intent(in) :: config
    integer, intent(in) :: state(:)
    integer, intent(in), optional :: levels, samples
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_online_setup) :: setup
    type(tx_error) :: error
    type(c_ptr) :: handle
    call self%close()
    setup%state = shape_of(state)
    if (present(levels)) setup%levels = levels
    if (present(samples)) setup%samples = samples
    if (tx_online_create(c_null_ptr, trim(config) // c_null_char, setup, error, handle) == 0) call self%shared%hold(handle)
    call tx_finish(error, stat, errmsg)
  end subroutine

  subroutine close_online(self)
    class(tx_online), intent(inout) :: self
    if (self%shared%last()) call tx_online_destroy(self%shared%handle)
    self%shared%handle = c_null_ptr
  end subroutine

  impure elemental subroutine finish_online(self)
    type(tx_online), intent(inout) :: self
    call self%close()
  end subroutine

  impure elemental subroutine assign_online(self, other)
    class(tx_online), intent(inout) :: self
    class(tx_online), intent(in) :: other
    type(tx_shared) :: kept
    call tx_share(kept, other%shared) ! first: it may be the same variable
    call self%close()
    call tx_share(self%shared, kept)
    if (kept%last()) call tx_online_destroy(kept%handle)
  end subroutine

  subroutine train_single(self, input, label, loss, stat, errmsg)
    class(tx_online), intent(inout) :: self
    real(c_float), intent(in), target :: input(..), label(..)
    real(c_float), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(c_double) :: wide
    call self%train(tx_view_of(input), tx_view_of(label), wide, stat, errmsg)
    loss = real(wide, c_float)
  end subroutine

  subroutine train_double(self, input, label, loss, stat, errmsg)
    class(tx_online), intent(inout) :: self
    real(c_double), intent(in), target :: input(..), label(..)
    real(c_double), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%train(tx_view_of(input), tx_view_of(label), loss, stat, errmsg)
  end subroutine

  subroutine train(self, input, label, loss, stat, errmsg)
    class(tx_online), intent(inout) :: self
    type(tx_view), intent(in) :: input, label
    real(c_double), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_field), allocatable :: fields(:)
    type(tx_error) :: error
    integer(c_int64_t) :: count
    integer(c_int) :: status
    loss = 0
    call check(self, error)
    if (error%status == 0) then
      allocate (fields(tx_online_levels(self%shared%handle)))
      call lay_out_levels(input, label, tx_online_state(self%shared%handle), error, fields, count)
      if (error%status /= 0) count = -1 ! the other ranks are told
      status = tx_online_train_step(self%shared%handle, count, fields, error, loss)
    end if
    call tx_finish(error, stat, errmsg)
  end subroutine

  ! The first level is the input, the others are the label: where there are several of them, along its last axis.
  subroutine lay_out_levels(input, label, state, error, fields, count)
    type(tx_view), intent(in) :: input, label
    type(tx_shape), intent(in) :: state
    type(tx_error), intent(inout) :: error
    type(tx_field), intent(out) :: fields(:)
    integer(c_int64_t), intent(out) :: count
    type(tx_view) :: level
    integer :: axis, l
    count = -1
    call tx_lay_out(input, state, error, fields(1), count)
    level = label
    axis = label%rank
    if (size(fields) > 2) then
      if (axis /= input%rank + 1 .or. label%n(max(axis, 1)) /= size(fields) - 1) &
        call tx_fail(error, 'the last axis of label is that of the levels behind the first')
      level%rank = max(axis - 1, 0)
    end if
    if (size(fields) > 1) call tx_lay_out(level, state, error, fields(2), count)
    do l = 3, size(fields)
      fields(l) = fields(2)
      fields(l)%data = beside(label, (l - 2) * label%stride(max(axis, 1)))
    end do
  end subroutine

  ! So many numbers further.
  function beside(view, numbers) result(pointer)
    type(tx_view), intent(in) :: view
    integer(c_int64_t), intent(in) :: numbers
    type(c_ptr) :: pointer
    integer(c_intptr_t) :: address
    address = transfer(view%data, address) + numbers * merge(4, 8, view%precision == 0)
    pointer = transfer(address, pointer)
  end function

  subroutine inference_single(self, x, y, stat, errmsg)
    class(tx_online), intent(inout) :: self
    real(c_float), intent(in), target :: x(..)
    real(c_float), intent(inout), target :: y(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%infer(tx_view_of(x), tx_view_of(y), stat, errmsg)
  end subroutine

  subroutine inference_double(self, x, y, stat, errmsg)
    class(tx_online), intent(inout) :: self
    real(c_double), intent(in), target :: x(..)
    real(c_double), intent(inout), target :: y(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%infer(tx_view_of(x), tx_view_of(y), stat, errmsg)
  end subroutine

  subroutine infer(self, x, y, stat, errmsg)
    class(tx_online), intent(inout) :: self
    type(tx_view), intent(in) :: x, y
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_error) :: error
    type(tx_field) :: from, to
    integer(c_int64_t) :: count
    integer(c_int) :: status
    call check(self, error)
    if (error%status == 0) then
      count = -1
      call tx_lay_out(x, tx_online_state(self%shared%handle), error, from, count)
      call tx_lay_out(y, tx_online_state(self%shared%handle), error, to, count)
    end if
    if (error%status == 0) status = tx_online_inference(self%shared%handle, count, from, to, error)
    call tx_finish(error, stat, errmsg)
  end subroutine

  subroutine save_network(self, path, overwrite, stat, errmsg)
    class(tx_online), intent(inout) :: self
    character(*), intent(in) :: path
    logical, intent(in), optional :: overwrite
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(len_trim(path) + 1, c_char), target :: text
    type(tx_output) :: output
    type(tx_error) :: error
    integer(c_int) :: status
    text = trim(path) // c_null_char
    output%path = c_loc(text)
    if (present(overwrite)) output%overwrite = overwrite
    call check(self, error)
    if (error%status == 0) status = tx_online_save(self%shared%handle, output, error)
    call tx_finish(error, stat, errmsg)
  end subroutine

  subroutine load_network(self, path, stat, errmsg)
    class(tx_online), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tx_error) :: error
    integer(c_int) :: status
    call check(self, error)
    if (error%status == 0) status = tx_online_load(self%shared%handle, trim(path) // c_null_char, error)
    call tx_finish(error, stat, errmsg)
  end subroutine

  subroutine check(self, error)
    class(tx_online), intent(in) :: self
    type(tx_error), intent(inout) :: error
    if (.not. c_associated(self%shared%handle)) call tx_fail(error, 'the network was not created')
  end subroutine
end module
