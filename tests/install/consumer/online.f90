! A simulation in Fortran that trains a network as it runs: u moves on by one cell of its grid in a step. The five verbs, rollouts of two
! steps, a network file. online.yaml: the network; saved.h5: what comes out. For any number of ranks.
program online
  use trainax_simulation
  use trainax_inference
  use, intrinsic :: iso_c_binding, only: c_float, c_double
  implicit none
  integer, parameter :: n = 24, samples = 3
  type(tx_online) :: network, other
  type(tx_network) :: stored
  real(c_double) :: u(n, 1, samples), labels(n, 1, samples, 2), loss, first
  real(c_float) :: x(n), y(n), z(n)
  integer :: k, s, step, stat
  character(200) :: message
  call network%create('online.yaml', state=[n, 1], levels=3, samples=samples)
  do step = 1, 400
    do s = 1, samples
      u(:, 1, s) = [(sin(6.2831853_c_double * s * (k + 0.37_c_double * step) / n), k = 1, n)]
      labels(:, 1, s, 1) = cshift(u(:, 1, s), -1)
      labels(:, 1, s, 2) = cshift(u(:, 1, s), -2)
    end do
    call network%train_step(u, labels, loss)
    if (step == 1) first = loss
  end do
  if (.not. loss < 1e-3 * first) error stop 'nothing was learned'
  x = real(u(:, 1, 1), c_float)
  call network%inference(x, y)
  if (maxval(abs(y - cshift(x, -1))) > 0.1) error stop 'inference'
  call network%save('saved.h5')
  call other%create('online.yaml', state=[n, 1], levels=3)
  call other%inference(x, z)
  if (all(abs(y - z) <= 0)) error stop 'the other one is trained already'
  call other%load('saved.h5')
  call other%inference(x, z)
  if (any(abs(y - z) > 0)) error stop 'load'
  call tx_open(stored, 'saved.h5')
  call stored%step(x, z)
  if (any(abs(y - z) > 0)) error stop 'a network file'
  call network%train_step(u(:, :, 1), labels(:, :, 1, 1), loss, stat, message)
  if (stat /= 2 .or. index(message, 'the last axis of label') == 0) error stop 'levels'
  call other%train_step(u, labels, loss, stat, message)
  if (stat /= 2 .or. index(message, 'at most 1') == 0) error stop 'samples'
  call other%load('nowhere.h5', stat, message)
  if (stat /= 3) error stop 'no file'
  call other%close()
  call other%save('other.h5', stat, message)
  if (stat /= 2) error stop 'closed'
  call network%close()
  print '(a)', 'all good'
end program
