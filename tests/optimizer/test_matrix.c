/* Small matrices: products beside the naive sum, bit for bit, QR and eigenvectors by what defines them: residuals, orthogonality,
 * order. */
#include "optimizer/matrix.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "suite.h"

enum { MOST = 40 };

/* Between -1 and 1. */
static double draw(void)
{
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return (double)state / 2147483648.0 - 1;
}

static void fill(tx_precision precision, int64_t count, void *out)
{
    for (int64_t i = 0; i < count; i++) {
        tx_real_put(precision, out, i, draw());
    }
}

static void check_product(tx_precision precision, tx_sizes s, bool same)
{
    static double a[MOST * MOST], other[MOST * MOST], c[MOST * MOST + 1];
    const double *b = same ? a : other;
    bool same_bits = true;
    fill(precision, s.k * s.m, a);
    fill(precision, s.k * s.n, other);
    tx_real_put(precision, c, s.m * s.n, 7);
    tx_matrix_product(precision, s, a, b, c);
    for (int64_t i = 0; i < s.m; i++) {
        for (int64_t j = 0; j < s.n; j++) {
            float narrow = 0;
            double wide = 0;
            for (int64_t p = 0; p < s.k; p++) {
                const double x = tx_real_get(precision, a, p * s.m + i), y = tx_real_get(precision, b, p * s.n + j);
                narrow += (float)x * (float)y;
                wide += x * y;
            }
            same_bits &= tx_real_get(precision, c, i * s.n + j) == (precision == TX_FLOAT32 ? (double)narrow : wide);
        }
    }
    CU_ASSERT_TRUE(same_bits);
    CU_ASSERT_EQUAL(tx_real_get(precision, c, s.m * s.n), 7);
}

/* All ways to be cut into tiles: of 6 rows by 4 or 8 columns. */
static void test_products(void)
{
    static const int64_t lengths[] = {1, 2, 33};
    for (int k = 0; k < 3; k++) {
        for (int64_t m = 1; m <= 18; m++) {
            for (int64_t n = 1; n <= 18; n++) {
                check_product(TX_FLOAT32, (tx_sizes){lengths[k], m, n}, false);
                check_product(TX_FLOAT64, (tx_sizes){lengths[k], m, n}, false);
            }
            check_product(TX_FLOAT32, (tx_sizes){lengths[k], m, m}, true);
            check_product(TX_FLOAT64, (tx_sizes){lengths[k], m, m}, true);
        }
    }
}

static void test_transposed(void)
{
    double a[6] = {1, 2, 3, 4, 5, 6}, out[6];
    float narrow[6] = {1, 2, 3, 4, 5, 6}, of_narrow[6];
    static const int expected[6] = {1, 4, 2, 5, 3, 6};
    tx_matrix_transpose(TX_FLOAT64, 2, 3, a, out);
    tx_matrix_transpose(TX_FLOAT32, 2, 3, narrow, of_narrow);
    for (int k = 0; k < 6; k++) {
        CU_ASSERT_EQUAL(out[k], expected[k]);
        CU_ASSERT_EQUAL(of_narrow[k], (float)expected[k]);
    }
}

static void test_order(void)
{
    static const double numbers[6] = {1, 3, -2, 3, 7, 1};
    static const int64_t expected[6] = {4, 1, 3, 0, 5, 2};
    int64_t places[6];
    tx_matrix_order(6, numbers, places);
    CU_ASSERT_EQUAL(memcmp(places, expected, sizeof expected), 0);
}

/* Rows of a square matrix to each other. */
static double distance_from_orthogonal(int64_t n, const double *q)
{
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            worst = fmax(worst, fabs(tx_matrix_dot(n, q + i * n, q + j * n) - (double)(i == j)));
        }
    }
    return worst;
}

/* Row i of the matrix must be made of the first i + 1 rows of q: R is triangular, and Q R the matrix. */
static void check_qr(int64_t n, const double *rows)
{
    static double work[MOST * MOST], q[MOST * MOST];
    double worst = 0, largest = 0;
    memcpy(work, rows, (size_t)(n * n) * sizeof *rows);
    tx_matrix_orthogonalise(n, work, q);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = i + 1; j < n; j++) {
            worst = fmax(worst, fabs(tx_matrix_dot(n, rows + i * n, q + j * n)));
        }
        largest = fmax(largest, sqrt(tx_matrix_dot(n, rows + i * n, rows + i * n)));
    }
    CU_ASSERT(worst <= 10 * (double)n * DBL_EPSILON * largest);
    CU_ASSERT(distance_from_orthogonal(n, q) <= 10 * (double)n * DBL_EPSILON);
}

/* Regular ones, of small rank, with rows of zeros, and of sizes whose squares just are numbers. */
static void test_qr(void)
{
    static double rows[MOST * MOST];
    for (int64_t n = 1; n <= MOST; n++) {
        fill(TX_FLOAT64, n * n, rows);
        check_qr(n, rows);
        for (int64_t i = 2; i < n; i++) {
            memcpy(rows + i * n, rows + i % 2 * n, (size_t)n * sizeof *rows);
        }
        check_qr(n, rows);
        memset(rows, 0, (size_t)n * sizeof *rows);
        check_qr(n, rows);
        memset(rows, 0, (size_t)(n * n) * sizeof *rows);
        check_qr(n, rows);
        for (int64_t i = 0; i < n * n; i++) {
            rows[i] = draw() * pow(10, -(double)(i / n));
        }
        check_qr(n, rows);
    }
}

/* Q' diag(values) Q of some orthogonal rows Q. */
static void compose(int64_t n, const double *values, double *out)
{
    static double rows[MOST * MOST], q[MOST * MOST], scaled[MOST * MOST];
    fill(TX_FLOAT64, n * n, rows);
    tx_matrix_orthogonalise(n, rows, q);
    for (int64_t i = 0; i < n * n; i++) {
        scaled[i] = values[i / n] * q[i];
    }
    tx_matrix_product(TX_FLOAT64, (tx_sizes){n, n, n}, q, scaled, out);
}

static void check_eigenvectors(int64_t n, const double *values)
{
    static double matrix[MOST * MOST], rows[2 * MOST * MOST], vectors[MOST * MOST];
    double lengths[MOST], worst = 0;
    int64_t places[MOST];
    compose(n, values, matrix);
    for (int64_t i = 0; i < n; i++) {
        memcpy(rows + 2 * i * n, matrix + i * n, (size_t)n * sizeof *rows);
    }
    tx_matrix_diagonalise(n, rows);
    for (int64_t i = 0; i < n; i++) {
        memcpy(vectors + i * n, rows + (2 * i + 1) * n, (size_t)n * sizeof *rows);
        lengths[i] = sqrt(tx_matrix_dot(n, rows + 2 * i * n, rows + 2 * i * n));
        for (int64_t j = 0; j < n; j++) {
            const double image = tx_matrix_dot(n, matrix + j * n, vectors + i * n);
            worst = fmax(worst, fabs(image - lengths[i] * vectors[i * n + j]));
        }
    }
    const double tolerance = 20 * (double)n * DBL_EPSILON * values[0];
    CU_ASSERT(worst <= tolerance);
    CU_ASSERT(distance_from_orthogonal(n, vectors) <= 20 * (double)n * DBL_EPSILON);
    tx_matrix_order(n, lengths, places);
    for (int64_t i = 0; i < n; i++) {
        CU_ASSERT(fabs(lengths[places[i]] - values[i]) <= tolerance);
    }
}

/* Apart from each other, equal, over many orders of magnitude, and mostly 0. */
static void test_eigenvectors(void)
{
    for (int64_t n = 1; n <= MOST; n++) {
        double apart[MOST], equal[MOST], steep[MOST], few[MOST], none[MOST] = {0};
        for (int64_t i = 0; i < n; i++) {
            apart[i] = (double)(n - i);
            equal[i] = i < n / 2 ? 2 : 1;
            steep[i] = pow(10, -(double)i);
            few[i] = i < 2 ? 1 : 0;
        }
        equal[0] = 2;
        check_eigenvectors(n, apart);
        check_eigenvectors(n, equal);
        check_eigenvectors(n, steep);
        check_eigenvectors(n, few);
        check_eigenvectors(n, none);
    }
}

/* What is no number ends, as no number. */
static void test_not_finite(void)
{
    static double rows[2 * 16], square[16], q[16];
    for (int k = 0; k < 2; k++) {
        const double bad = k ? (double)INFINITY : (double)NAN;
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 4; j++) {
                rows[8 * i + j] = square[4 * i + j] = i == 1 || j == 1 ? bad : draw();
            }
        }
        tx_matrix_diagonalise(4, rows);
        tx_matrix_orthogonalise(4, square, q);
        CU_ASSERT(!isfinite(rows[8]));
        CU_ASSERT(!isfinite(q[5]));
    }
}

int main(void)
{
    static const suite_test tests[] = {{"products", test_products},
                                       {"transposed", test_transposed},
                                       {"order", test_order},
                                       {"QR", test_qr},
                                       {"eigenvectors", test_eigenvectors},
                                       {"not finite", test_not_finite},
                                       {0}};
    return suite_run("matrix", tests);
}
