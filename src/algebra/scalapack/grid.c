/* A grid of ranks factors, by ScaLAPACK: n x n numbers in square blocks, dealt out cyclically along both axes. */
#include <float.h>
#include <string.h>

#include "algebra/scalapack/fortran.h"
#include "algebra/scalapack/solver.h"
#include "parallel/communicator.h"

static const int first = 1, zero = 0;
static const double one = 1, minus = -1, nought = 0;

/* How many of `count` numbers in blocks are at `place` of `places`. */
static int share(int count, int block, int place, int places)
{
    return numroc_(&count, &block, &place, &zero, &places);
}

/* The index in the whole of a place's own `index`. */
static int whole_index(int index, int block, int place, int places)
{
    return (index / block * places + place) * block + index % block;
}

static int at_least_one(int value)
{
    return value > 1 ? value : 1;
}

/* ---- Sizes ---- */

typedef struct part {
    int row, column, rows, columns; /* where in the grid; own numbers along each axis */
} part;

static part part_of(int n, int block, tx_grid grid, int rank)
{
    const int row = rank / grid.columns, column = rank % grid.columns;
    return (part){row, column, share(n, block, row, grid.rows), share(n, block, column, grid.columns)};
}

/* ScaLAPACK says how much, but where there are few blocks it asks for too little: p?syevd then answers wrongly or not at all. What
 * is added is what its p?ormtr wants. */
static size_t eigen_work(int n, int block, part part)
{
    const size_t rows = (size_t)part.rows, columns = (size_t)part.columns, b = (size_t)block, all = (size_t)n;
    const size_t tridiagonal = 3 * all + (b * (rows + 1) > 3 * b ? b * (rows + 1) : 3 * b),
                 divide = 1 + 6 * all + 2 * rows * columns;
    return (divide > tridiagonal ? divide : tridiagonal) + 2 * all + b * (3 * b + 2 * (rows + columns));
}

static int eigen_integers(int n, tx_grid grid)
{
    return 7 * n + 8 * grid.columns + 2;
}

static tx_solver_sizes sizes(const tx_symmetric_setup *setup, tx_grid grid, int rank)
{
    const int n = (int)setup->size, block = setup->block;
    const part part = part_of(n, block, grid, rank);
    const size_t own = (size_t)at_least_one(part.rows) * (size_t)part.columns;
    if (rank >= grid.rows * grid.columns) {
        return (tx_solver_sizes){0};
    }
    const size_t solutions = (size_t)share((int)setup->solutions, block, part.column, grid.columns);
    return (tx_solver_sizes){.matrix = own,
                             .factor = own,
                             .vectors = setup->eigen ? own : 0,
                             .work = setup->eigen ? eigen_work(n, block, part) : 0,
                             .right = 2 * (size_t)at_least_one(part.rows) * solutions,
                             .integers = setup->eigen ? (size_t)eigen_integers(n, grid) : 0};
}

/* ---- The grid ---- */

static void open_grid(tx_symmetric *matrix)
{
    tx_blacs *blacs = &matrix->blacs;
    blacs->system = Csys2blacs_handle(tx_parallel_communicator(matrix->parallel));
    blacs->grid = blacs->line = blacs->system;
    Cblacs_gridinit(&blacs->grid, "Row", matrix->grid.rows, matrix->grid.columns);
    Cblacs_gridinit(&blacs->line, "Row", 1, tx_parallel_size(matrix->parallel));
}

static void close_grid(tx_symmetric *matrix)
{
    const tx_blacs *blacs = &matrix->blacs;
    if (matrix->takes_part) {
        Cblacs_gridexit(blacs->grid);
    }
    Cblacs_gridexit(blacs->line);
    Cfree_blacs_system_handle(blacs->system);
}

/* Of an n x count matrix. A rank outside of the grid has none, and must not ask for one. */
static void describe(const tx_symmetric *matrix, int count, int *out)
{
    const int block = matrix->setup.block, rank = tx_parallel_rank(matrix->parallel);
    const int rows = at_least_one(part_of(matrix->n, block, matrix->grid, rank).rows);
    int info;
    memcpy(out, (int[TX_DESCRIPTOR]){1, -1, matrix->n, count, block, block, 0, 0, 1}, TX_DESCRIPTOR * sizeof *out);
    if (matrix->takes_part) {
        descinit_(out, &matrix->n, &count, &block, &block, &zero, &zero, &matrix->blacs.grid, &rows, &info);
    }
}

/* Of one whose columns all ranks share. */
static void describe_line(const tx_symmetric *matrix, int columns, int block, int *out)
{
    int info;
    descinit_(out, &matrix->n, &columns, &matrix->setup.block, &block, &zero, &zero, &matrix->blacs.line, &matrix->n, &info);
}

static void begin(tx_symmetric *matrix)
{
    describe(matrix, matrix->n, matrix->blacs.square);
}

/* ---- Its numbers ---- */

typedef void visit(const tx_symmetric *matrix, double *own, int row, int column, void *user);

/* Own numbers of an n x columns matrix, which lie at `values`. */
static void visit_own(const tx_symmetric *matrix, double *values, int columns, visit *function, void *user)
{
    const int block = matrix->setup.block, rank = tx_parallel_rank(matrix->parallel);
    const part own = part_of(matrix->n, block, matrix->grid, rank);
    const int own_columns = share(columns, block, own.column, matrix->grid.columns);
    for (int k = 0; k < own_columns; k++) {
        const int column = whole_index(k, block, own.column, matrix->grid.columns);
        for (int i = 0; i < own.rows; i++) {
            function(matrix, &values[(size_t)k * (size_t)own.rows + (size_t)i], whole_index(i, block, own.row, matrix->grid.rows),
                     column, user);
        }
    }
}

static void take_whole(const tx_symmetric *matrix, double *own, int row, int column, void *user)
{
    (void)user;
    *own = row >= column ? matrix->sum[(size_t)column * (size_t)matrix->n + (size_t)row] : 0;
}

static void load(tx_symmetric *matrix)
{
    int from[TX_DESCRIPTOR];
    if (matrix->whole && matrix->takes_part) {
        visit_own(matrix, matrix->matrix, matrix->n, take_whole, NULL);
    } else if (!matrix->whole) {
        describe_line(matrix, matrix->n, matrix->setup.block, from);
        pdgemr2d_(&matrix->n, &matrix->n, matrix->sum, &first, &first, from, matrix->matrix, &first, &first, matrix->blacs.square,
                  &matrix->blacs.line);
    }
}

static size_t own_bytes(const tx_symmetric *matrix)
{
    const part own = part_of(matrix->n, matrix->setup.block, matrix->grid, tx_parallel_rank(matrix->parallel));
    return (size_t)own.rows * (size_t)own.columns * sizeof(double);
}

static void shift_diagonal(const tx_symmetric *matrix, double *own, int row, int column, void *user)
{
    (void)user;
    *own += row == column ? matrix->shift : 0;
}

/* user: the smallest ratio so far */
static void compare_pivot(const tx_symmetric *matrix, double *own, int row, int column, void *user)
{
    if (row == column) {
        const double ratio = *own * *own / (matrix->matrix[own - matrix->factor] + matrix->shift);
        *(double *)user = ratio < *(double *)user ? ratio : *(double *)user;
    }
}

static void factor(tx_symmetric *matrix, double *pivot)
{
    int info;
    memcpy(matrix->factor, matrix->matrix, own_bytes(matrix));
    visit_own(matrix, matrix->factor, matrix->n, shift_diagonal, NULL);
    pdpotrf_("L", &matrix->n, matrix->factor, &first, &first, matrix->blacs.square, &info);
    *pivot = info ? 0 : DBL_MAX;
    if (!info) {
        visit_own(matrix, matrix->factor, matrix->n, compare_pivot, pivot);
    }
}

/* ---- Solutions ---- */

typedef struct exchange {
    double *whole; /* [count][n] */
    double square;
} exchange;

static void take_right(const tx_symmetric *matrix, double *own, int row, int column, void *user)
{
    *own = ((const exchange *)user)->whole[(size_t)column * (size_t)matrix->n + (size_t)row];
}

static void put_right(const tx_symmetric *matrix, double *own, int row, int column, void *user)
{
    ((const exchange *)user)->whole[(size_t)column * (size_t)matrix->n + (size_t)row] = *own;
}

/* own: of a solution x; as far behind it lies b - A x */
static void add_residual(const tx_symmetric *matrix, double *own, int row, int column, void *user)
{
    const double residual = own[matrix->blacs.behind] - matrix->shift * *own;
    (void)row, (void)column;
    ((exchange *)user)->square += residual * residual;
}

static void solve(tx_symmetric *matrix, int count, double *vectors, double *square)
{
    const part own = part_of(matrix->n, matrix->setup.block, matrix->grid, tx_parallel_rank(matrix->parallel));
    const int columns = share(count, matrix->setup.block, own.column, matrix->grid.columns);
    const size_t behind = matrix->blacs.behind = (size_t)at_least_one(own.rows) * (size_t)columns;
    double *x = matrix->right, *residual = x + behind;
    exchange exchange = {.whole = vectors};
    int right[TX_DESCRIPTOR], info;
    describe(matrix, count, right);
    visit_own(matrix, x, count, take_right, &exchange);
    memcpy(residual, x, behind * sizeof *x);
    pdpotrs_("L", &matrix->n, &count, matrix->factor, &first, &first, matrix->blacs.square, x, &first, &first, right, &info);
    pdsymm_("L", "L", &matrix->n, &count, &minus, matrix->matrix, &first, &first, matrix->blacs.square, x, &first, &first, right,
            &one, residual, &first, &first, right);
    memset(vectors, 0, (size_t)count * (size_t)matrix->n * sizeof *vectors);
    visit_own(matrix, x, count, put_right, &exchange);
    visit_own(matrix, x, count, add_residual, &exchange);
    *square = exchange.square;
}

/* ---- Eigensystem ---- */

typedef struct balance {
    const double *values; /* ascending */
    double square;
} balance;

/* own: of A Z */
static void add_balance(const tx_symmetric *matrix, double *own, int row, int column, void *user)
{
    balance *balance = user;
    const double residual = *own - matrix->vectors[own - matrix->factor] * balance->values[column];
    (void)row;
    balance->square += residual * residual;
}

static int eigen(tx_symmetric *matrix, double *ascending, double *square)
{
    const int n = matrix->n, *square_ = matrix->blacs.square, integers = eigen_integers(n, matrix->grid);
    const part own = part_of(n, matrix->setup.block, matrix->grid, tx_parallel_rank(matrix->parallel));
    const int work = (int)eigen_work(n, matrix->setup.block, own);
    balance balance = {.values = ascending};
    int info;
    memcpy(matrix->factor, matrix->matrix, own_bytes(matrix));
    pdsyevd_("V", "L", &n, matrix->factor, &first, &first, square_, ascending, matrix->vectors, &first, &first, square_,
             matrix->work, &work, matrix->integers, &integers, &info);
    pdsymm_("L", "L", &n, &n, &one, matrix->matrix, &first, &first, square_, matrix->vectors, &first, &first, square_, &nought,
            matrix->factor, &first, &first, square_);
    visit_own(matrix, matrix->factor, n, add_balance, &balance);
    *square = balance.square;
    return info;
}

typedef struct wanted {
    int first, count;
    double *out;
} wanted;

static void put_vector(const tx_symmetric *matrix, double *own, int row, int column, void *user)
{
    const wanted *wanted = user;
    const int k = matrix->n - 1 - column - wanted->first; /* the largest first */
    if (k >= 0 && k < wanted->count) {
        wanted->out[(size_t)k * (size_t)matrix->n + (size_t)row] = *own;
    }
}

static void get(const tx_symmetric *matrix, int first_wanted, int count, double *out)
{
    wanted wanted = {first_wanted, count, out};
    visit_own(matrix, matrix->vectors, matrix->n, put_vector, &wanted);
}

/* ---- Rows ---- */

int tx_line_columns(int n, int block, int rank, int num_ranks)
{
    return share(n, block, rank, num_ranks);
}

int tx_line_column(const tx_symmetric *matrix, int own)
{
    return whole_index(own, matrix->setup.block, tx_parallel_rank(matrix->parallel), tx_parallel_size(matrix->parallel));
}

/* Everybody's own columns of R' stay where they are, and so do everybody's of the sum. */
void tx_line_add(tx_symmetric *matrix, int most, const double *rows)
{
    const int total = most * tx_parallel_size(matrix->parallel);
    int from[TX_DESCRIPTOR], to[TX_DESCRIPTOR];
    describe_line(matrix, total, most, from);
    describe_line(matrix, matrix->n, matrix->setup.block, to);
    pdsyrk_("L", "N", &matrix->n, &total, &one, rows, &first, &first, from, &one, matrix->sum, &first, &first, to);
}

const tx_solver_class tx_solver_grid = {.sizes = sizes,
                                        .open = open_grid,
                                        .close = close_grid,
                                        .begin = begin,
                                        .load = load,
                                        .factor = factor,
                                        .solve = solve,
                                        .eigen = eigen,
                                        .get = get};
