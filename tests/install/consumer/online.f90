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
  call network%save('saved.h5', overwrite=.true.)
  call network%save('saved.h5', stat=stat, errmsg=message)
  if (stat /= 2 .or. index(message, 'exists') == 0) error stop 'saved over a file'
  call network%save('online.yaml', .true., stat, message)
  if (stat /= 2 .or. index(message, 'is an input') == 0) error stop 'saved over its own YAML'
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
  call one_rank_alone()
  call solid()
  call copies()
  call other%load('nowhere.h5', stat, message)
  if (stat /= 3) error stop 'no file'
  call other%close()
  call other%save('other.h5', stat=stat, errmsg=message)
  if (stat /= 2) error stop 'closed'
  call network%close()
  print '(a)', 'all good'

contains

  ! The first rank gives an array of another shape: no rank makes that step, and the next one is as good as any.
  subroutine one_rank_alone()
    type(tx_online) :: none
    character(8) :: rank
    integer :: first
    call get_environment_variable('OMPI_COMM_WORLD_RANK', rank)
    first = merge(2, 1, rank == '' .or. rank == '0')
    call network%train_step(u(first:, :, :), labels(first:, :, :, :), loss, stat, message)
    if (stat /= 2 .or. message /= 'an array is (23, 1, 3), but a state is (24) or (24, 1); ' // &
        'of several their number is one axis more') error stop 'a shape on one rank'
    call network%train_step(u, labels, loss)
    call none%create('online.yaml', [n, 1], levels=3, samples=merge(-1, 1, first == 2), stat=stat, errmsg=message)
    if (stat /= 2 .or. index(message, '-1 samples') == 0) error stop 'a setup on one rank'
  end subroutine

  ! Several samples of a grid of three axes, two levels behind each.
  subroutine solid()
    type(tx_online) :: network
    real(c_float) :: v(4, 5, 6, 2, 3), labels(4, 5, 6, 2, 3, 2), next(4, 5, 6, 2, 3), one(4, 5, 6, 2), loss
    call random_number(v)
    call random_number(labels)
    call network%create('solid.yaml', state=[4, 5, 6, 2], levels=3, samples=3)
    call network%train_step(v, labels, loss)
    call network%inference(v, next)
    call network%inference(v(:, :, :, :, 2), one)
    if (any(abs(one - next(:, :, :, :, 2)) > 1e-5)) error stop 'a grid of three axes'
    call network%close()
  end subroutine

  ! One network in several variables: it is there until the last is closed.
  subroutine copies()
    type(tx_online) :: copy, list(2)
    type(tx_network) :: stored_copy, stored_list(2)
    real(c_float) :: after(n)
    copy = network
    list = copy
    list(1) = list(2)
    copy = copy
    call network%close()
    call list(1)%close()
    call list(2)%train_step(u, labels, loss)
    network = list(2)
    stored_copy = stored
    stored_list = stored_copy
    call stored%close()
    call stored_copy%close()
    call stored_list(2)%step(x, after)
    if (any(abs(after - z) > 0)) error stop 'a copy'
  end subroutine
end program
