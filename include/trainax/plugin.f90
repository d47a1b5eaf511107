! Components of a user's own in Fortran: trainax/plugin.h, kernel.h and what of component.h options need. To be compiled with the
! user's files into one shared object; share/trainax/plugin-template/mine.f90 is one.
!
!     function trainax_plugin() bind(C)                     ! the one entry, called once
!       use trainax_plugins
!       type(c_ptr) :: trainax_plugin
!       type(tx_plugin_map) :: map
!       map%function%forward = c_funloc(step)               ! step(call, x, y), as below
!       map%create = c_funloc(create)                       ! create(section, shape, states, error, function)
!       trainax_plugin = tx_plugin([tx_component(TX_KIND_STEPPER, "mine", "what it is", map, [ &
!           tx_option(tx_text("number"), TX_TYPE_REAL, initial=tx_text("0.2"), text=tx_text("diffusivity"))])])
!     end function
!
! Functions that C calls have these interfaces, all bind(C, name=""): other names might be those of other libraries. Codes and
! statuses are integer(c_int), 0 is well.
!     create(section, shape, states, error, function)   type(c_ptr), value :: section; type(tx_shape), value :: shape;
!                                                       integer(c_int), value :: states; type(tx_error) :: error;
!                                                       type(tx_function) :: function
!     forward(call, x, y)                               type(tx_function_call) :: call; real(c_double) :: x(*), y(*)
!     vjp(call, x, dy, dx), jvp(call, x, dx, dy)        likewise; of float: forward_single, … with real(c_float)
!     destroy(user)                                     type(c_ptr), value :: user
! What is (channels, *n) in C is (n…, channels) here: no number moves. A failure is `status = tx_fail(error, TX_FAILURE, "what")`;
! of a call, whose error is call%error: `code = tx_fail_call(call, code, "what")`.
module trainax_plugins
  use, intrinsic :: iso_c_binding
  implicit none
  public

  integer(c_int), parameter :: TX_ABI = 9
  enum, bind(C)
    enumerator :: TX_OK = 0, TX_FAILURE = 1, TX_INVALID = 2, TX_BAD_DATA = 3
  end enum
  enum, bind(C)
    enumerator :: TX_KIND_RUN, TX_KIND_SECTION, TX_KIND_DATA, TX_KIND_NETWORK, TX_KIND_BLOCK, TX_KIND_STEPPER, TX_KIND_RESIDUUM, &
                  TX_KIND_CONFIGURATION, TX_KIND_LOSS
  end enum
  enum, bind(C)
    enumerator :: TX_TYPE_INTEGER, TX_TYPE_REAL, TX_TYPE_BOOLEAN, TX_TYPE_STRING, TX_TYPE_PATH, TX_TYPE_OUTPUT_PATH, &
                  TX_TYPE_PATHS, TX_TYPE_WORD
  end enum
  integer, parameter, private :: message_size = 1024

  type, bind(C) :: tx_shape
    integer(c_int64_t) :: channels = 0
    integer(c_int) :: axes = 0
    integer(c_int64_t) :: n(3) = 0 ! as in C: the first varies slowest
  end type
  type, bind(C) :: tx_error
    integer(c_int) :: status = TX_OK
    character(kind=c_char) :: message(message_size) = c_null_char
  end type
  type, bind(C) :: tx_ranks
    integer(c_int) :: rank, size, communicator
  end type
  type, bind(C) :: tx_function_call
    type(c_ptr) :: user, state
    integer(c_int64_t) :: num_samples
    type(c_ptr) :: tape, error
    integer(c_int) :: root
  end type
  type, bind(C) :: tx_function
    type(c_ptr) :: name = c_null_ptr
    type(c_funptr) :: forward = c_null_funptr, vjp = c_null_funptr, jvp = c_null_funptr
    type(c_ptr) :: user = c_null_ptr
    type(c_funptr) :: create = c_null_funptr, destroy = c_null_funptr
    integer(c_size_t) :: tape_bytes = 0
    type(c_funptr) :: forward_single = c_null_funptr, vjp_single = c_null_funptr, jvp_single = c_null_funptr
    integer(c_size_t) :: state_bytes = 0
    logical(c_bool) :: vjp_adds = .false., one_by_one = .false., exclusive = .false., parallel = .false.
    type(c_ptr) :: ranks = c_null_ptr ! of tx_ranks
  end type
  type, bind(C) :: tx_plugin_map
    type(tx_function) :: function
    type(c_funptr) :: create = c_null_funptr, destroy = c_null_funptr, leaf = c_null_funptr, initialise = c_null_funptr
  end type
  type, bind(C) :: tx_plugin_trajectories
    integer(c_int64_t) :: num_trajectories, num_levels
    type(tx_shape) :: state
    real(c_double) :: dt, domain_extent
    type(c_ptr) :: user
  end type
  type, bind(C) :: tx_plugin_source
    type(c_funptr) :: create = c_null_funptr, destroy = c_null_funptr, read = c_null_funptr
    logical(c_bool) :: exclusive = .false.
  end type
  type, bind(C) :: tx_option ! texts by tx_text; initial left out: required
    type(c_ptr) :: name = c_null_ptr
    integer(c_int) :: type = TX_TYPE_INTEGER
    type(c_ptr) :: initial = c_null_ptr, unit = c_null_ptr, text = c_null_ptr, words = c_null_ptr
    integer(c_int) :: kind = 0
    type(c_ptr) :: fixed = c_null_ptr
    real(c_double) :: minimum = 0, maximum = 0
    logical(c_bool) :: above_minimum = .false., or_null = .false., may_differ = .false.
    type(c_ptr) :: alias = c_null_ptr, unless = c_null_ptr, each = c_null_ptr
    logical(c_bool) :: or_one = .false.
    integer(c_int) :: tuple = 0
    logical(c_bool) :: may_be_incomplete = .false.
  end type

  type, bind(C), private :: component
    integer(c_int) :: kind
    type(c_ptr) :: name, summary, options, implementation
    logical(c_bool) :: may_differ = .false., takes_no_shared = .false.
    type(c_funptr) :: opens = c_null_funptr
  end type
  type, bind(C), private :: plugin
    integer(c_int) :: abi = TX_ABI
    type(c_ptr) :: components
  end type

  interface tx_component ! (kind, name, summary, map or source, options), for good
    procedure map_component, source_component
  end interface
  private :: map_component, source_component, component_of

  interface
    function c_get_real(section, name) bind(C, name="tx_get_real")
      import c_double, c_ptr, c_char
      type(c_ptr), value :: section
      character(kind=c_char), intent(in) :: name(*)
      real(c_double) :: c_get_real
    end function
    function c_get_integer(section, name) bind(C, name="tx_get_integer")
      import c_int64_t, c_ptr, c_char
      type(c_ptr), value :: section
      character(kind=c_char), intent(in) :: name(*)
      integer(c_int64_t) :: c_get_integer
    end function
    function c_get_boolean(section, name) bind(C, name="tx_get_boolean")
      import c_bool, c_ptr, c_char
      type(c_ptr), value :: section
      character(kind=c_char), intent(in) :: name(*)
      logical(c_bool) :: c_get_boolean
    end function
    function c_has(section, name) bind(C, name="tx_has")
      import c_bool, c_ptr, c_char
      type(c_ptr), value :: section
      character(kind=c_char), intent(in) :: name(*)
      logical(c_bool) :: c_has
    end function
    function c_get_string(section, name) bind(C, name="tx_get_string")
      import c_ptr, c_char
      type(c_ptr), value :: section
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr) :: c_get_string
    end function
    function c_strlen(text) bind(C, name="strlen")
      import c_size_t, c_ptr
      type(c_ptr), value :: text
      integer(c_size_t) :: c_strlen
    end function
  end interface
contains
  ! ---- Tables, which stay until the program ends ----

  function tx_text(text)
    character(*), intent(in) :: text
    type(c_ptr) :: tx_text
    character(kind=c_char), pointer :: copy(:)
    integer :: k
    allocate (copy(len(text) + 1))
    do k = 1, len(text)
      copy(k) = text(k:k)
    end do
    copy(len(text) + 1) = c_null_char
    tx_text = c_loc(copy)
  end function

  function component_of(kind, name, summary, implementation, options) result(out)
    integer(c_int), intent(in) :: kind
    character(*), intent(in) :: name, summary
    type(c_ptr), intent(in) :: implementation
    type(tx_option), intent(in), optional :: options(:)
    type(c_ptr) :: out
    type(component), pointer :: made
    type(tx_option), pointer :: all(:)
    integer :: count
    count = 0
    if (present(options)) count = size(options)
    allocate (all(count + 1)) ! the last has no name
    if (present(options)) all(:count) = options
    allocate (made)
    made%kind = kind
    made%name = tx_text(name)
    made%summary = tx_text(summary)
    made%options = c_loc(all)
    made%implementation = implementation
    out = c_loc(made)
  end function

  function map_component(kind, name, summary, map, options) result(out)
    integer(c_int), intent(in) :: kind
    character(*), intent(in) :: name, summary
    type(tx_plugin_map), intent(in) :: map
    type(tx_option), intent(in), optional :: options(:)
    type(c_ptr) :: out
    type(tx_plugin_map), pointer :: copy
    allocate (copy)
    copy = map
    out = component_of(kind, name, summary, c_loc(copy), options)
  end function

  function source_component(kind, name, summary, source, options) result(out)
    integer(c_int), intent(in) :: kind
    character(*), intent(in) :: name, summary
    type(tx_plugin_source), intent(in) :: source
    type(tx_option), intent(in), optional :: options(:)
    type(c_ptr) :: out
    type(tx_plugin_source), pointer :: copy
    allocate (copy)
    copy = source
    out = component_of(kind, name, summary, c_loc(copy), options)
  end function

  function tx_plugin(components) result(out)
    type(c_ptr), intent(in) :: components(:)
    type(c_ptr) :: out
    type(c_ptr), pointer :: all(:)
    type(plugin), pointer :: made
    allocate (all(size(components) + 1), made)
    all(:size(components)) = components
    all(size(components) + 1) = c_null_ptr
    made%components = c_loc(all)
    out = c_loc(made)
  end function

  ! ---- Options of a section ----

  function tx_get_real(section, name)
    type(c_ptr), intent(in) :: section
    character(*), intent(in) :: name
    real(c_double) :: tx_get_real
    tx_get_real = c_get_real(section, name//c_null_char)
  end function

  function tx_get_integer(section, name)
    type(c_ptr), intent(in) :: section
    character(*), intent(in) :: name
    integer(c_int64_t) :: tx_get_integer
    tx_get_integer = c_get_integer(section, name//c_null_char)
  end function

  function tx_get_boolean(section, name)
    type(c_ptr), intent(in) :: section
    character(*), intent(in) :: name
    logical :: tx_get_boolean
    tx_get_boolean = c_get_boolean(section, name//c_null_char)
  end function

  function tx_has(section, name)
    type(c_ptr), intent(in) :: section
    character(*), intent(in) :: name
    logical :: tx_has
    tx_has = c_has(section, name//c_null_char)
  end function

  ! of a text, a word or a path; without a value: empty
  function tx_get_string(section, name) result(out)
    type(c_ptr), intent(in) :: section
    character(*), intent(in) :: name
    character(:), allocatable :: out
    character(kind=c_char), pointer :: characters(:)
    type(c_ptr) :: text
    integer :: k
    text = c_get_string(section, name//c_null_char)
    out = ""
    if (c_associated(text)) then
      call c_f_pointer(text, characters, [c_strlen(text)])
      deallocate (out)
      allocate (character(size(characters)) :: out)
      do k = 1, size(characters)
        out(k:k) = characters(k)
      end do
    end if
  end function

  ! ---- Failures ----

  function tx_fail(error, status, message) result(out)
    type(tx_error), intent(inout) :: error
    integer(c_int), intent(in) :: status
    character(*), intent(in) :: message
    integer(c_int) :: out
    integer :: k, length
    out = status
    length = min(len_trim(message), message_size - 1)
    error%status = status
    do k = 1, length
      error%message(k) = message(k:k)
    end do
    error%message(length + 1) = c_null_char
  end function

  function tx_fail_call(call, code, message) result(out)
    type(tx_function_call), intent(in) :: call
    integer(c_int), intent(in) :: code
    character(*), intent(in) :: message
    integer(c_int) :: out, unused
    type(tx_error), pointer :: error
    call c_f_pointer(call%error, error)
    unused = tx_fail(error, TX_FAILURE, message)
    out = code
  end function
end module
