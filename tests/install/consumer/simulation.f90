! A simulation in Fortran that has a trained network in it, exported to emulator.c: `conv` maps (160), `plane` (12, 8, 2) in single
! precision, `point` (3) in double. Writes a state to initial.bin and the next one to next.bin; stops where the ways to have it made
! differ.
module emulators
  use trainax_inference
  type(tx_exported), bind(C, name="emulator"), target :: emulator
end module

program simulation
  use emulators
  use, intrinsic :: iso_c_binding, only: c_float, c_double
  implicit none
#if defined(point)
  integer, parameter :: kind_ = c_double, other = c_float, nx = 1, ny = 1, nc = 3
#elif defined(plane)
  integer, parameter :: kind_ = c_float, other = c_double, nx = 12, ny = 8, nc = 2
#else
  integer, parameter :: kind_ = c_float, other = c_double, nx = 160, ny = 1, nc = 1
#endif
  type(tx_network) :: network
  real(kind_) :: u(nx, ny, nc), next(nx, ny, nc), wide(2, nx, ny, nc), pulled(nx, ny, nc)
  integer :: k, stat
  character(200) :: message
  u = reshape([(sin(0.3_kind_ * real(k, kind_)), k = 1, size(u))], shape(u))
  u = real(real(u, c_float), kind_) ! both precisions have them
  call network%create(c_loc(emulator), gradient=.true.)
#if defined(point)
  call network%step(u(1, 1, :), next(1, 1, :))
  wide(2, 1, 1, :) = u(1, 1, nc:1:-1)
  call network%step(wide(2, 1, 1, nc:1:-1), wide(1, 1, 1, :))
  call same('a section', wide(1, :, :, :))
  call network%vjp(u(1, 1, :), next(1, 1, :), pulled(1, 1, :))
#elif defined(plane)
  call network%step(u, next)
  wide(2, :, ny:1:-1, :) = u
  call network%step(wide(2, :, ny:1:-1, :), wide(1, :, :, :))
  call same('a section', wide(1, :, :, :))
  call states_together()
  call network%vjp(u, next, pulled)
#else
  call network%step(u(:, 1, 1), next(:, 1, 1))
  call network%step(u(:, 1, :), wide(1, :, 1, :))
  call same('a channel', wide(1, :, :, :))
  call network%step(u(:, 1, 1) + 0.0_kind_, wide(2, :, 1, 1))
  call same('an expression', wide(2, :, :, :))
  call network%vjp(u(:, 1, 1), next(:, 1, 1), pulled(:, 1, 1))
#endif
  call in_other_kind()
  if (.not. any(abs(pulled) > 0)) error stop 'no cotangent'
  call by_parameters()
  call network%step(u(:, 1, 1), u(2:, 1, 1), stat, message)
  if (stat /= 2 .or. index(message, 'an array is (') /= 1) error stop 'a wrong shape'
  call network%close()
  call network%step(u(:, 1, 1), u(:, 1, 1), stat, message)
  if (stat /= 2 .or. index(message, 'was not created') == 0) error stop 'no network'
  call put('initial.bin', u)
  call put('next.bin', next)

contains

  ! The parameters' cotangent of the state's own size, <y, y> / 2, against its differences along it.
  subroutine by_parameters()
    real(c_double) :: p(network%num_parameters()), at(network%num_parameters())
    real(kind_) :: gradient(network%num_parameters()), strided(2, network%num_parameters())
    real(c_double) :: h, differences
#if defined(point)
    call network%vjp(u(1, 1, :), next(1, 1, :), pulled(1, 1, :), gradient)
    call network%vjp(u(1, 1, :), next(1, 1, :), pulled(1, 1, :), strided(2, :))
#elif defined(plane)
    call network%vjp(u, next, pulled, gradient)
    call network%vjp(u, next, pulled, strided(2, :))
#else
    call network%vjp(u(:, 1, 1), next(:, 1, 1), pulled(:, 1, 1), gradient)
    call network%vjp(u(:, 1, 1), next(:, 1, 1), pulled(:, 1, 1), strided(2, :))
#endif
    if (any(gradient /= strided(2, :))) error stop 'a gradient with gaps'
    call network%parameters(p)
    h = 1d-3 / norm2(real(gradient, c_double))
    at = p + h * gradient
    differences = half_size(at)
    at = p - h * gradient
    differences = (differences - half_size(at)) / (2 * h)
    if (abs(differences - sum(real(gradient, c_double)**2)) > 0.02 * abs(differences)) error stop 'a gradient'
    call network%set_parameters(p)
  end subroutine

  function half_size(p) result(size)
    real(c_double), intent(in) :: p(:)
    real(c_double) :: size
    real(kind_) :: y(nx, ny, nc)
    call network%set_parameters(p)
#if defined(point)
    call network%step(u(1, 1, :), y(1, 1, :))
#elif defined(plane)
    call network%step(u, y)
#else
    call network%step(u(:, 1, 1), y(:, 1, 1))
#endif
    size = sum(real(y, c_double)**2) / 2
  end function

  subroutine same(what, found)
    character(*), intent(in) :: what
    real(kind_), intent(in) :: found(:, :, :)
    if (any(found /= next)) error stop what
  end subroutine

  subroutine in_other_kind()
    real(other) :: x(nx, ny, nc)
    x = real(u, other)
#if defined(point)
    call network%step(x(1, 1, :), x(1, 1, :))
#elif defined(plane)
    call network%step(x, x)
#else
    call network%step(x(:, 1, 1), x(:, 1, 1))
#endif
    if (any(x /= real(next, other))) error stop 'the other precision'
  end subroutine

#if defined(plane)
  subroutine states_together()
    real(kind_) :: x(nx, ny, nc, 3)
    integer :: s
    do s = 1, 3
      x(:, :, :, s) = u
    end do
    call network%step(x, x)
    do s = 1, 3
      call same('several states', x(:, :, :, s))
    end do
  end subroutine
#endif

  subroutine put(path, numbers)
    character(*), intent(in) :: path
    real(kind_), intent(in) :: numbers(:, :, :)
    integer :: unit
    open (newunit=unit, file=path, access='stream', form='unformatted', status='replace')
    write (unit) numbers
    close (unit)
  end subroutine
end program
