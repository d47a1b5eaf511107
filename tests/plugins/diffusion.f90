! A stepper in Fortran: explicit diffusion on a periodic axis, as a solver of one's own may be, and its tangent and adjoint, which
! are the step itself, as it is linear and symmetric.
module diffusion
  use, intrinsic :: iso_c_binding, only: c_double, c_int64_t
  implicit none
contains
  pure function step(number, u) result(next)
    real(c_double), intent(in) :: number, u(:)
    real(c_double) :: next(size(u))
    next = u + number*(cshift(u, 1) - 2*u + cshift(u, -1))
  end function

  ! samples: (points, channels * samples), as C's (samples, channels, points)
  subroutine diffuse(points, rows, number, u, next) bind(c)
    integer(c_int64_t), value :: points, rows
    real(c_double), value :: number
    real(c_double), intent(in) :: u(points, rows)
    real(c_double), intent(out) :: next(points, rows)
    integer(c_int64_t) :: k
    do k = 1, rows
      next(:, k) = step(number, u(:, k))
    end do
  end subroutine
end module
