/* A symmetric matrix of all ranks: its sum over rows, and what is asked of it, checked. */
#include "algebra/symmetric.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "algebra/scalapack/fortran.h"
#include "algebra/scalapack/solver.h"
#include "base/expect.h"
#include "base/memory.h"
#include "parallel/communicator.h"

/* Of a backward stable method far more than n * 1e-16, of what went wrong far less. */
static const double tolerance = 1e-9;

tx_status tx_symmetric_known(tx_error *error)
{
    (void)error;
    return TX_OK;
}

void tx_symmetric_library(char *text, size_t size)
{
    snprintf(text, size, "%s", openblas_get_config ? openblas_get_config() : "of some LAPACK");
    char *name_end = strchr(text, ' '), *end = name_end ? strchr(name_end + 1, ' ') : NULL;
    if (openblas_get_config && end) {
        *end = '\0';
    }
}

/* ---- Who and how much ---- */

static tx_symmetric_setup complete(const tx_symmetric_setup *setup)
{
    tx_symmetric_setup full = *setup;
    full.block = setup->block ? setup->block : 64;
    full.alone_below = setup->alone_below ? setup->alone_below : 512;
    full.whole_up_to = setup->whole_up_to ? setup->whole_up_to : 8192;
    return full;
}

/* No side has more ranks than blocks. */
tx_grid tx_symmetric_grid(const tx_symmetric_setup *setup, int num_ranks)
{
    const tx_symmetric_setup full = complete(setup);
    const int64_t blocks = (full.size + full.block - 1) / full.block;
    tx_grid grid = {1, 1};
    if (full.size < full.alone_below) {
        return grid;
    }
    while ((grid.rows + 1) * (grid.rows + 1) <= num_ranks && grid.rows < blocks) {
        grid.rows++;
    }
    grid.columns = num_ranks / grid.rows < blocks ? num_ranks / grid.rows : (int)blocks;
    return grid;
}

static bool is_alone(tx_grid grid)
{
    return grid.rows * grid.columns == 1;
}

static bool is_whole(const tx_symmetric_setup *full, tx_grid grid)
{
    return is_alone(grid) || full->size <= full->whole_up_to;
}

static const tx_solver_class *solver_of(tx_grid grid)
{
    return is_alone(grid) ? &tx_solver_alone : &tx_solver_grid;
}

/* Columns of the sum. */
static size_t own_columns(const tx_symmetric_setup *full, bool whole, int rank, int num_ranks)
{
    return whole ? (size_t)full->size : (size_t)tx_line_columns((int)full->size, full->block, rank, num_ranks);
}

enum { PIECE = 64, ROUNDING = 1024 /* of nine allocations */ };

/* Rows that are made of columns. */
static size_t piece_size(const tx_symmetric_setup *full, bool whole)
{
    return whole ? 0 : PIECE * (size_t)full->size;
}

size_t tx_symmetric_bytes(const tx_symmetric_setup *setup, int num_ranks)
{
    const tx_symmetric_setup full = complete(setup);
    const tx_grid grid = tx_symmetric_grid(&full, num_ranks);
    if (full.size > INT_MAX / 8) {
        return SIZE_MAX / 8; /* never to be had */
    }
    const tx_solver_sizes sizes = solver_of(grid)->sizes(&full, grid, 0);
    const bool whole = is_whole(&full, grid);
    const size_t sum = own_columns(&full, whole, 0, num_ranks) * (size_t)full.size + piece_size(&full, whole);
    return sizeof(double) * (sum + sizes.matrix + sizes.factor + sizes.vectors + sizes.work + sizes.right) +
           sizeof(int) * sizes.integers + sizeof(tx_symmetric) + ROUNDING;
}

/* ---- Creation ---- */

static tx_status allocate(tx_symmetric *matrix, tx_error *error)
{
    const tx_symmetric_setup *setup = &matrix->setup;
    const int rank = tx_parallel_rank(matrix->parallel), num_ranks = tx_parallel_size(matrix->parallel);
    const tx_solver_sizes sizes = matrix->solver->sizes(setup, matrix->grid, rank);
    if (sizes.work > INT_MAX) {
        return tx_error_set(error, TX_INVALID, "%" PRId64 " x %" PRId64 " numbers are too many for an eigensystem on %d rank%s",
                            setup->size, setup->size, num_ranks, num_ranks == 1 ? "" : "s");
    }
    const size_t columns = own_columns(setup, matrix->whole, rank, num_ranks);
    TX_TRY(tx_allocate_array(columns * (size_t)setup->size, sizeof *matrix->sum, error, &matrix->sum));
    TX_TRY(tx_allocate_array(piece_size(setup, matrix->whole), sizeof *matrix->piece, error, &matrix->piece));
    TX_TRY(tx_allocate_array(sizes.matrix, sizeof *matrix->matrix, error, &matrix->matrix));
    TX_TRY(tx_allocate_array(sizes.factor, sizeof *matrix->factor, error, &matrix->factor));
    TX_TRY(tx_allocate_array(sizes.vectors, sizeof *matrix->vectors, error, &matrix->vectors));
    TX_TRY(tx_allocate_array(sizes.work, sizeof *matrix->work, error, &matrix->work));
    TX_TRY(tx_allocate_array(sizes.right, sizeof *matrix->right, error, &matrix->right));
    return tx_allocate_array(sizes.integers, sizeof *matrix->integers, error, &matrix->integers);
}

static void free_numbers(tx_symmetric *matrix)
{
    tx_free(matrix->sum);
    tx_free(matrix->piece);
    tx_free(matrix->matrix);
    tx_free(matrix->factor);
    tx_free(matrix->vectors);
    tx_free(matrix->work);
    tx_free(matrix->right);
    tx_free(matrix->integers);
    tx_free(matrix);
}

static tx_status make(tx_parallel *parallel, const tx_symmetric_setup *setup, tx_error *error, tx_symmetric **out)
{
    const tx_symmetric_setup full = complete(setup);
    const tx_grid grid = tx_symmetric_grid(&full, tx_parallel_size(parallel));
    if (full.size > INT_MAX / 8) {
        return tx_error_set(error, TX_INVALID, "%" PRId64 " x %" PRId64 " numbers are too many", full.size, full.size);
    }
    TX_TRY(tx_allocate(sizeof **out, error, out));
    **out = (tx_symmetric){.parallel = parallel,
                           .setup = full,
                           .grid = grid,
                           .whole = is_whole(&full, grid),
                           .takes_part = tx_parallel_rank(parallel) < grid.rows * grid.columns,
                           .solver = solver_of(grid)};
    return allocate(*out, error);
}

tx_status tx_symmetric_create(tx_parallel *parallel, const tx_symmetric_setup *setup, tx_error *error, tx_symmetric **out)
{
    tx_symmetric *matrix = NULL;
    const tx_status status = tx_parallel_agree(parallel, make(parallel, setup, error, &matrix), error);
    if (status != TX_OK) {
        if (matrix) {
            free_numbers(matrix);
        }
        return status;
    }
    if (openblas_set_num_threads) {
        openblas_set_num_threads(1);
    }
    matrix->solver->open(matrix);
    *out = matrix;
    return TX_OK;
}

void tx_symmetric_destroy(tx_symmetric *matrix)
{
    if (matrix) {
        matrix->solver->close(matrix);
        free_numbers(matrix);
    }
}

/* ---- The sum ---- */

void tx_symmetric_begin(tx_symmetric *matrix, int64_t size)
{
    TX_EXPECT(size > 0 && size <= matrix->setup.size);
    tx_symmetric_setup now = matrix->setup;
    now.size = size;
    matrix->n = (int)size;
    matrix->num_own = (int)own_columns(&now, matrix->whole, tx_parallel_rank(matrix->parallel), tx_parallel_size(matrix->parallel));
    memset(matrix->sum, 0, (size_t)matrix->num_own * (size_t)matrix->n * sizeof *matrix->sum);
    matrix->solver->begin(matrix);
}

void tx_symmetric_add_rows(tx_symmetric *matrix, int64_t count, int64_t most, double *rows)
{
    static const double one = 1;
    const size_t n = (size_t)matrix->n;
    const int own = (int)count;
    TX_EXPECT(count <= most && most <= INT_MAX / tx_parallel_size(matrix->parallel));
    if (matrix->whole) {
        dsyrk_("L", "N", &matrix->n, &own, &one, rows, &matrix->n, &one, matrix->sum, &matrix->n);
    } else if (most) {
        memset(rows + (size_t)count * n, 0, (size_t)(most - count) * n * sizeof *rows);
        tx_line_add(matrix, (int)most, rows);
    }
}

/* Where rows are to stay where they are, some at a time are made of columns. */
static void add_turned(tx_symmetric *matrix, int64_t length, int64_t most, const double *columns)
{
    for (int64_t done = 0; done < most; done += PIECE) {
        const int64_t left = length - done, count = left < 0 ? 0 : left < PIECE ? left : PIECE;
        for (int64_t i = 0; i < matrix->n; i++) {
            for (int64_t k = 0; k < count; k++) {
                matrix->piece[k * matrix->n + i] = columns[i * length + done + k];
            }
        }
        tx_symmetric_add_rows(matrix, count, most - done < PIECE ? most - done : PIECE, matrix->piece);
    }
}

void tx_symmetric_add_columns(tx_symmetric *matrix, int64_t length, int64_t most, const double *columns)
{
    static const double one = 1;
    const int own = (int)length;
    TX_EXPECT(length <= most && most <= INT_MAX);
    if (!matrix->whole) {
        add_turned(matrix, length, most, columns);
    } else if (own) {
        dsyrk_("L", "T", &matrix->n, &own, &one, columns, &own, &one, matrix->sum, &matrix->n);
    }
}

/* Columns from the diagonal down, one behind the other, in the place of whole ones; and back. */
static size_t pack(double *columns, size_t n)
{
    double *to = columns;
    for (size_t k = 0; k < n; k++) {
        memmove(to, columns + k * n + k, (n - k) * sizeof *to);
        to += n - k;
    }
    return (size_t)(to - columns);
}

static void unpack(double *columns, size_t n)
{
    const double *from = columns + n * (n + 1) / 2;
    for (size_t k = n; k-- > 0;) {
        from -= n - k;
        memmove(columns + k * n + k, from, (n - k) * sizeof *from);
    }
}

/* Over ranks, of what each has of the whole. */
static tx_status add_up(tx_symmetric *matrix, tx_error *error)
{
    const size_t n = (size_t)matrix->n;
    if (!matrix->whole || tx_parallel_size(matrix->parallel) == 1) {
        return TX_OK;
    }
    const size_t count = pack(matrix->sum, n);
    TX_TRY(tx_parallel_add(matrix->parallel, matrix->sum, count, error));
    unpack(matrix->sum, n);
    return TX_OK;
}

/* Of the whole matrix's squares those of own columns. */
static double scale_columns(tx_symmetric *matrix, double scale)
{
    double diagonal = 0, below = 0;
    for (int k = 0; k < matrix->num_own; k++) {
        const int first = matrix->whole ? k : tx_line_column(matrix, k);
        double *column = matrix->sum + (size_t)k * (size_t)matrix->n;
        for (int i = first; i < matrix->n; i++) {
            column[i] *= scale;
            below += column[i] * column[i];
        }
        diagonal += column[first] * column[first];
    }
    return 2 * below - diagonal;
}

tx_status tx_symmetric_sum(tx_symmetric *matrix, double scale, tx_error *error)
{
    TX_TRY(add_up(matrix, error));
    double square = scale_columns(matrix, scale);
    TX_TRY(matrix->whole ? TX_OK : tx_parallel_add(matrix->parallel, &square, 1, error));
    matrix->norm = sqrt(square);
    matrix->solver->load(matrix);
    return TX_OK;
}

tx_status tx_symmetric_largest(tx_symmetric *matrix, tx_error *error, double *out)
{
    double largest = -INFINITY;
    for (int k = 0; k < matrix->num_own; k++) {
        const double own = matrix->sum[(size_t)k * (size_t)matrix->n + (size_t)(matrix->whole ? k : tx_line_column(matrix, k))];
        largest = own > largest ? own : largest;
    }
    TX_TRY(matrix->whole ? TX_OK : tx_parallel_largest(matrix->parallel, &largest, error));
    *out = largest;
    return TX_OK;
}

/* ---- The factor ---- */

tx_status tx_symmetric_factor(tx_symmetric *matrix, double shift, tx_error *error, double *pivot)
{
    double smallest = INFINITY;
    matrix->shift = shift;
    if (!isfinite(matrix->norm) || !isfinite(shift)) {
        *pivot = 0;
        return TX_OK;
    }
    if (matrix->takes_part) {
        matrix->solver->factor(matrix, &smallest);
    }
    double largest = -smallest;
    TX_TRY(tx_parallel_largest(matrix->parallel, &largest, error));
    *pivot = -largest;
    return TX_OK;
}

/* What each took part in, of the first `size` numbers; the square beside it. */
static tx_status add_parts(tx_symmetric *matrix, double *values, size_t size, double *square, tx_error *error)
{
    if (!matrix->takes_part) {
        memset(values, 0, size * sizeof *values);
    }
    TX_TRY(tx_parallel_add(matrix->parallel, values, size, error));
    return square ? tx_parallel_add(matrix->parallel, square, 1, error) : TX_OK;
}

/* Squares of what a huge shift leaves of a solution would be 0. */
static double norm_of(const double *values, size_t count)
{
    double largest = 0, square = 0;
    for (size_t k = 0; k < count; k++) {
        largest = fmax(largest, fabs(values[k]));
    }
    for (size_t k = 0; k < count && largest > 0; k++) {
        square += values[k] / largest * (values[k] / largest);
    }
    return largest * sqrt(square);
}

tx_status tx_symmetric_solve(tx_symmetric *matrix, int64_t count, double *vectors, tx_error *error)
{
    const size_t numbers = (size_t)count * (size_t)matrix->n;
    double square = 0;
    TX_EXPECT(count <= matrix->setup.solutions);
    if (matrix->takes_part) {
        matrix->solver->solve(matrix, (int)count, vectors, &square);
    }
    TX_TRY(add_parts(matrix, vectors, numbers, &square, error));
    const double residual = sqrt(square), bound = tolerance * (matrix->norm + matrix->shift) * norm_of(vectors, numbers);
    return residual <= bound ? TX_OK
                             : tx_error_set(error, TX_FAILURE,
                                            "the solution of a system of %d unknowns leaves a residual of %.1e, more than %.1e",
                                            matrix->n, residual, bound);
}

/* ---- The eigensystem ---- */

static void reverse(double *values, size_t count)
{
    for (size_t k = 0; k < count / 2; k++) {
        const double value = values[k];
        values[k] = values[count - 1 - k];
        values[count - 1 - k] = value;
    }
}

static tx_status find(tx_symmetric *matrix, double *values, double *square, tx_error *error)
{
    const int info = matrix->takes_part ? matrix->solver->eigen(matrix, values, square) : 0;
    return info ? tx_error_set(error, TX_FAILURE, "the eigensystem of %d x %d numbers was not found (LAPACK says %d)", matrix->n,
                               matrix->n, info)
                : TX_OK;
}

tx_status tx_symmetric_eigen(tx_symmetric *matrix, tx_error *error, double *values)
{
    const size_t n = (size_t)matrix->n;
    double square = 0;
    if (!isfinite(matrix->norm)) {
        return tx_error_set(error, TX_FAILURE, "a matrix of %d x %d numbers is not finite", matrix->n, matrix->n);
    }
    TX_TRY(tx_parallel_agree(matrix->parallel, find(matrix, values, &square, error), error));
    TX_TRY(tx_parallel_add(matrix->parallel, &square, 1, error));
    TX_TRY(tx_parallel_broadcast(matrix->parallel, values, n * sizeof *values, error));
    reverse(values, n);
    const double residual = sqrt(square), bound = tolerance * matrix->norm;
    return residual <= bound
               ? TX_OK
               : tx_error_set(error, TX_FAILURE, "the eigensystem of %d x %d numbers leaves a residual of %.1e, more than %.1e",
                              matrix->n, matrix->n, residual, bound);
}

tx_status tx_symmetric_vectors(tx_symmetric *matrix, int64_t first, int64_t count, double *out, tx_error *error)
{
    const size_t numbers = (size_t)count * (size_t)matrix->n;
    memset(out, 0, numbers * sizeof *out);
    if (matrix->takes_part) {
        matrix->solver->get(matrix, (int)first, (int)count, out);
    }
    return add_parts(matrix, out, numbers, NULL, error);
}
