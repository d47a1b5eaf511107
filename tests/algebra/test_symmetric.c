/* Symmetric matrices of all ranks against naive sums over all rows, on one rank and on every grid of up to four, spread over ranks
 * or whole on each. ranks: 1 2 3 4 */
#include <math.h>
#include <string.h>

#include "algebra/symmetric.h"
#include "base/memory.h"
#include "parallel/ranks.h"

enum { MOST = 200, SOLUTIONS = 3 };

/* Two ways of adding rows times two of factoring. */
static const tx_symmetric_setup ways[] = {
    {0},
    {.block = 16, .alone_below = 1},
    {.block = 64, .alone_below = 1},
    {.block = 16, .alone_below = 1, .whole_up_to = 1},
    {.block = 64, .alone_below = 1, .whole_up_to = 1},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* ---- The naive one ---- */

static double rows[2 * MOST * MOST], naive[MOST * MOST], vectors[MOST * MOST], values[MOST];

static double element(int64_t n, int64_t row, int64_t column)
{
    return uniform(7, (uint64_t)(row * n + column)) * (1 + (double)(column % 5));
}

static void sum_naively(int64_t n, int64_t count, double scale)
{
    memset(naive, 0, sizeof naive);
    for (int64_t row = 0; row < count; row++) {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j++) {
                naive[i * n + j] += scale * element(n, row, i) * element(n, row, j);
            }
        }
    }
}

static double multiply(int64_t n, int64_t i, const double *x)
{
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        sum += naive[i * n + j] * x[j];
    }
    return sum;
}

/* ---- Ours ---- */

static tx_symmetric *create(const tx_symmetric_setup *way, int64_t n)
{
    tx_symmetric_setup setup = *way;
    tx_symmetric *matrix = NULL;
    setup.size = n;
    setup.solutions = SOLUTIONS;
    setup.eigen = true;
    CU_ASSERT_EQUAL_FATAL(tx_symmetric_create(job.all, &setup, NULL, &matrix), TX_OK);
    return matrix;
}

/* Of `count` rows, each rank's own ones, the first rank's more than the others', in two calls. */
static void add(tx_symmetric *matrix, int64_t n, int64_t count, double scale)
{
    const int64_t rank = job.rank, ranks = job.size, begin = rank ? (count * (rank + 1)) / (ranks + 1) : 0,
                  end = (count * (rank + 2)) / (ranks + 1);
    tx_symmetric_begin(matrix, n);
    for (int64_t half = 0; half < 2; half++) {
        const int64_t first = half ? begin + (end - begin) / 3 : begin, last = half ? end : begin + (end - begin) / 3;
        for (int64_t k = 0; k < (last - first) * n; k++) {
            rows[k] = element(n, first + k / n, k % n);
        }
        tx_symmetric_add_rows(matrix, last - first, count, rows);
    }
    CU_ASSERT_EQUAL_FATAL(tx_symmetric_sum(matrix, scale, NULL), TX_OK);
}

/* Solutions that are known, of this size. Rounding errors are those of the condition number, here below 1e4. */
static void check_solutions(tx_symmetric *matrix, int64_t n, double shift, double size)
{
    double x[SOLUTIONS * MOST], pivot, worst = 0;
    CU_ASSERT_EQUAL(tx_symmetric_factor(matrix, shift, NULL, &pivot), TX_OK);
    CU_ASSERT(pivot > 1e-6 && pivot <= 1);
    for (int64_t k = 0; k < SOLUTIONS * n; k++) {
        x[k] = 0;
    }
    for (int64_t k = 0; k < SOLUTIONS; k++) {
        double known[MOST];
        for (int64_t i = 0; i < n; i++) {
            known[i] = size * cos((double)(k + 2 * i));
        }
        for (int64_t i = 0; i < n; i++) {
            x[k * n + i] = multiply(n, i, known) + shift * known[i];
        }
    }
    CU_ASSERT_EQUAL(tx_symmetric_solve(matrix, SOLUTIONS, x, NULL), TX_OK);
    for (int64_t k = 0; k < SOLUTIONS * n; k++) {
        worst = fmax(worst, fabs(x[k] / size - cos((double)(k / n + 2 * (k % n)))));
    }
    CU_ASSERT(worst < 1e-10);
}

static void check_eigensystem(tx_symmetric *matrix, int64_t n)
{
    double worst = 0, skew = 0, trace = 0;
    CU_ASSERT_EQUAL(tx_symmetric_eigen(matrix, NULL, values), TX_OK);
    CU_ASSERT_EQUAL(tx_symmetric_vectors(matrix, 0, n / 2, vectors, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_symmetric_vectors(matrix, n / 2, n - n / 2, vectors + n / 2 * n, NULL), TX_OK);
    for (int64_t k = 0; k < n; k++) {
        CU_ASSERT(k == 0 || values[k] <= values[k - 1]);
        trace += values[k] - naive[k * n + k];
        for (int64_t i = 0; i < n; i++) {
            double product = i == k ? -1 : 0;
            for (int64_t j = 0; j < n; j++) {
                product += vectors[k * n + j] * vectors[i * n + j];
            }
            worst = fmax(worst, fabs(multiply(n, i, vectors + k * n) - values[k] * vectors[k * n + i]));
            skew = fmax(skew, fabs(product));
        }
    }
    CU_ASSERT(worst < 1e-12 * (double)n * values[0] && skew < 1e-12 * (double)n && fabs(trace) < 1e-12 * (double)n * values[0]);
}

static void check_largest(tx_symmetric *matrix, int64_t n)
{
    double expected = 0, largest;
    for (int64_t k = 0; k < n; k++) {
        expected = fmax(expected, naive[k * n + k]);
    }
    CU_ASSERT_EQUAL(tx_symmetric_largest(matrix, NULL, &largest), TX_OK);
    CU_ASSERT_DOUBLE_EQUAL(largest, expected, 1e-13 * expected);
}

static void of_any_size(void)
{
    for (int way = 0; way < WAYS; way++) {
        for (int64_t n = 1; n <= MOST; n += n < 12 ? 1 : n < 70 ? 13 : 33) {
            tx_symmetric *matrix = create(&ways[way], n);
            sum_naively(n, 2 * n, 0.5);
            add(matrix, n, 2 * n, 0.5);
            check_solutions(matrix, n, 0.1, 1);
            check_eigensystem(matrix, n);
            check_solutions(matrix, n, 3, 1); /* the matrix is still there */
            check_solutions(matrix, n, 1e200, 1e-170);
            check_largest(matrix, n);
            tx_symmetric_destroy(matrix);
        }
    }
}

/* The same rows, of which each rank has other columns than rows before; more ranks than columns, too. */
static void from_columns(void)
{
    static const int64_t lengths[] = {1, 2, 70, 300};
    for (int way = 0; way < WAYS; way++) {
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            const int64_t n = 67, count = lengths[k], begin = count * job.rank / job.size, end = count * (job.rank + 1) / job.size;
            tx_symmetric *matrix = create(&ways[way], n);
            sum_naively(n, count, 1);
            tx_symmetric_begin(matrix, n);
            for (int64_t i = 0; i < n * (end - begin); i++) {
                rows[i] = element(n, begin + i % (end - begin), i / (end - begin));
            }
            tx_symmetric_add_columns(matrix, end - begin, (count + job.size - 1) / job.size, rows);
            CU_ASSERT_EQUAL(tx_symmetric_sum(matrix, 1, NULL), TX_OK);
            check_solutions(matrix, n, 1, 1);
            check_eigensystem(matrix, n);
            tx_symmetric_destroy(matrix);
        }
    }
}

/* Smaller ones in the place of a large one, and again a large one. */
static void of_changing_size(void)
{
    static const int64_t sizes[] = {100, 3, 64, 65, 100};
    for (int way = 0; way < WAYS; way++) {
        tx_symmetric *matrix = create(&ways[way], 100);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            sum_naively(sizes[k], 150, 2);
            add(matrix, sizes[k], 150, 2);
            check_solutions(matrix, sizes[k], 0.5, 1);
            check_eigensystem(matrix, sizes[k]);
        }
        tx_symmetric_destroy(matrix);
    }
}

/* Fewer rows than numbers: without a shift there is no factor, or pivots that are rounding; with one there is. */
static void singular(void)
{
    for (int way = 0; way < WAYS; way++) {
        const int64_t n = 90;
        double pivot;
        tx_symmetric *matrix = create(&ways[way], n);
        sum_naively(n, n / 2, 1);
        add(matrix, n, n / 2, 1);
        CU_ASSERT_EQUAL(tx_symmetric_factor(matrix, 0, NULL, &pivot), TX_OK);
        CU_ASSERT(pivot >= 0 && pivot < 1e-12);
        check_solutions(matrix, n, 1, 1);
        CU_ASSERT_EQUAL(tx_symmetric_factor(matrix, -1, NULL, &pivot), TX_OK);
        CU_ASSERT_EQUAL(pivot, 0);
        tx_symmetric_destroy(matrix);
    }
}

static void not_finite(void)
{
    for (int way = 0; way < WAYS; way++) {
        double pivot, row[2] = {1, job.rank == job.size - 1 ? NAN : 1};
        tx_error error = {0};
        tx_symmetric *matrix = create(&ways[way], 2);
        tx_symmetric_begin(matrix, 2);
        tx_symmetric_add_rows(matrix, 1, 1, row);
        CU_ASSERT_EQUAL(tx_symmetric_sum(matrix, 1, NULL), TX_OK);
        CU_ASSERT_EQUAL(tx_symmetric_factor(matrix, 1, NULL, &pivot), TX_OK);
        CU_ASSERT_EQUAL(pivot, 0);
        CU_ASSERT_EQUAL(tx_symmetric_eigen(matrix, &error, values), TX_FAILURE);
        CU_ASSERT_STRING_EQUAL(error.message, "a matrix of 2 x 2 numbers is not finite");
        tx_symmetric_destroy(matrix);
    }
}

/* As square as so many ranks and blocks allow. */
static void grids(void)
{
    static const struct {
        int64_t n;
        int ranks, rows, columns;
    } cases[] = {{511, 64, 1, 1}, {512, 1, 1, 1}, {512, 2, 1, 2},  {512, 3, 1, 3},  {512, 4, 2, 2},   {512, 7, 2, 3},
                 {512, 9, 3, 3},  {512, 5, 2, 2}, {512, 64, 8, 8}, {513, 90, 9, 9}, {512, 100, 8, 8}, {5000, 100, 10, 10}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const tx_symmetric_setup setup = {.size = cases[k].n, .solutions = 1};
        const tx_grid grid = tx_symmetric_grid(&setup, cases[k].ranks);
        CU_ASSERT(grid.rows == cases[k].rows && grid.columns == cases[k].columns);
    }
}

/* What is predicted is what is taken, on the rank that takes most. */
static void takes_what_was_predicted(void)
{
    for (int way = 0; way < WAYS; way++) {
        tx_symmetric_setup setup = ways[way];
        setup.size = 150;
        setup.solutions = SOLUTIONS;
        setup.eigen = true;
        const size_t before = tx_memory_live(), bytes = tx_symmetric_bytes(&setup, job.size);
        tx_symmetric *matrix = create(&ways[way], setup.size);
        int64_t taken = (int64_t)(tx_memory_live() - before);
        CU_ASSERT_EQUAL(tx_parallel_max(job.all, &taken, 1, NULL), TX_OK);
        CU_ASSERT(taken <= (int64_t)bytes && taken > (int64_t)(bytes - bytes / 100) - 1024);
        tx_symmetric_destroy(matrix);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
}

static void too_large(void)
{
    const tx_symmetric_setup setup = {.size = (int64_t)1 << 40, .solutions = 1};
    tx_symmetric *matrix;
    tx_error error = {0};
    CU_ASSERT(tx_symmetric_bytes(&setup, job.size) > (size_t)1 << 50);
    CU_ASSERT_EQUAL(tx_symmetric_create(job.all, &setup, &error, &matrix), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "1099511627776 x 1099511627776 numbers are too many");
}

/* On one rank alone: all must hear of it, and nothing is left behind. */
static void no_memory(void)
{
    for (int way = 0; way < WAYS; way++) {
        const size_t before = tx_memory_live();
        for (long n = 0; n < 4; n++) {
            tx_symmetric_setup setup = ways[way];
            tx_symmetric *matrix;
            setup.size = 20;
            setup.solutions = 1;
            tx_memory_fail_after(job.rank == job.size - 1 ? n : -1);
            CU_ASSERT_EQUAL(tx_symmetric_create(job.all, &setup, NULL, &matrix), TX_FAILURE);
            tx_memory_fail_after(-1);
            CU_ASSERT_EQUAL(tx_memory_live(), before);
        }
    }
}

int main(void)
{
    static const suite_test tests[] = {{"of any size", of_any_size},
                                       {"from columns", from_columns},
                                       {"of changing size", of_changing_size},
                                       {"singular", singular},
                                       {"not finite", not_finite},
                                       {"grids", grids},
                                       {"takes what was predicted", takes_what_was_predicted},
                                       {"too large", too_large},
                                       {"no memory", no_memory},
                                       {0}};
    if (tx_symmetric_known(NULL) != TX_OK) {
        puts("not in this build");
        return 0;
    }
    return job_run("algebra/symmetric", tests);
}
