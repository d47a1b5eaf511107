/* The first rank factors, by LAPACK: what is small, and where it is the only one. */
#include <float.h>
#include <string.h>

#include "algebra/scalapack/fortran.h"
#include "algebra/scalapack/solver.h"

static const double one = 1, minus = -1;

static tx_solver_sizes sizes(const tx_symmetric_setup *setup, tx_grid grid, int rank)
{
    const size_t n = (size_t)setup->size;
    (void)grid;
    return rank ? (tx_solver_sizes){0}
                : (tx_solver_sizes){.factor = setup->solutions ? n * n : 0,
                                    .vectors = setup->eigen ? n * n : 0,
                                    .work = setup->eigen ? 1 + 6 * n + 2 * n * n : 0,
                                    .right = n * (size_t)setup->solutions,
                                    .integers = setup->eigen ? 3 + 5 * n : 0};
}

static void nothing(tx_symmetric *matrix)
{
    (void)matrix;
}

static void factor(tx_symmetric *matrix, double *pivot)
{
    const size_t n = (size_t)matrix->n;
    int info;
    memcpy(matrix->factor, matrix->sum, n * n * sizeof *matrix->sum);
    for (size_t k = 0; k < n; k++) {
        matrix->factor[k * n + k] += matrix->shift;
    }
    dpotrf_("L", &matrix->n, matrix->factor, &matrix->n, &info);
    *pivot = info ? 0 : DBL_MAX;
    for (size_t k = 0; !info && k < n; k++) {
        const double root = matrix->factor[k * n + k], ratio = root * root / (matrix->sum[k * n + k] + matrix->shift);
        *pivot = ratio < *pivot ? ratio : *pivot;
    }
}

static double sum_of_squares(const double *values, size_t count)
{
    double square = 0;
    for (size_t k = 0; k < count; k++) {
        square += values[k] * values[k];
    }
    return square;
}

static void solve(tx_symmetric *matrix, int count, double *vectors, double *square)
{
    const size_t all = (size_t)matrix->n * (size_t)count;
    double *residual = matrix->right;
    int info;
    memcpy(residual, vectors, all * sizeof *residual);
    dpotrs_("L", &matrix->n, &count, matrix->factor, &matrix->n, vectors, &matrix->n, &info);
    dsymm_("L", "L", &matrix->n, &count, &minus, matrix->sum, &matrix->n, vectors, &matrix->n, &one, residual, &matrix->n);
    for (size_t k = 0; k < all; k++) {
        residual[k] -= matrix->shift * vectors[k];
    }
    *square = sum_of_squares(residual, all);
}

static int eigen(tx_symmetric *matrix, double *ascending, double *square)
{
    const size_t n = (size_t)matrix->n;
    const int work = 1 + matrix->n * (6 + 2 * matrix->n), integers = 3 + 5 * matrix->n;
    double *residual = matrix->work;
    int info;
    memcpy(matrix->vectors, matrix->sum, n * n * sizeof *matrix->sum);
    dsyevd_("V", "L", &matrix->n, matrix->vectors, &matrix->n, ascending, matrix->work, &work, matrix->integers, &integers, &info);
    for (size_t k = 0; k < n * n; k++) {
        residual[k] = ascending[k / n] * matrix->vectors[k];
    }
    dsymm_("L", "L", &matrix->n, &matrix->n, &minus, matrix->sum, &matrix->n, matrix->vectors, &matrix->n, &one, residual,
           &matrix->n);
    *square = sum_of_squares(residual, n * n);
    return info;
}

static void get(const tx_symmetric *matrix, int first, int count, double *out)
{
    const size_t n = (size_t)matrix->n;
    for (int k = 0; k < count; k++) {
        memcpy(out + (size_t)k * n, matrix->vectors + (n - 1 - (size_t)(first + k)) * n, n * sizeof *out);
    }
}

const tx_solver_class tx_solver_alone = {.sizes = sizes,
                                         .open = nothing,
                                         .close = nothing,
                                         .begin = nothing,
                                         .load = nothing,
                                         .factor = factor,
                                         .solve = solve,
                                         .eigen = eigen,
                                         .get = get};
