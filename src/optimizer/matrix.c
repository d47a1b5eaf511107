/* Small dense matrices. */
#include "matrix.h"

#include <float.h>
#include <math.h>
#include <string.h>

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2"))) /* without FMA */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define AVX2
static bool has_avx2(void)
{
    return false;
}
#endif

/* ---- Products ---- */

enum { TILE_BYTES = 32, TILE_ROWS = 6 };

/* A tile: TILE_ROWS numbers of each row of s times a vector of v, summed over k rows. Each element is a sum of its own: the same
 * bits without vectors, and with wider ones as long as nothing is fused. */
#define TILE(real, name, target)                                                                                                   \
    target static void name(int64_t k, side_##real s, side_##real v, vector_##real *out)                                           \
    {                                                                                                                              \
        vector_##real sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0}, sum4 = {0}, sum5 = {0};                                      \
        for (int64_t p = 0; p < k; p++, s.at += s.length, v.at += v.length) {                                                      \
            const vector_##real x = *(const vector_##real *)v.at;                                                                  \
            sum0 += s.at[0] * x;                                                                                                   \
            sum1 += s.at[1] * x;                                                                                                   \
            sum2 += s.at[2] * x;                                                                                                   \
            sum3 += s.at[3] * x;                                                                                                   \
            sum4 += s.at[4] * x;                                                                                                   \
            sum5 += s.at[5] * x;                                                                                                   \
        }                                                                                                                          \
        out[0] = sum0, out[1] = sum1, out[2] = sum2;                                                                               \
        out[3] = sum3, out[4] = sum4, out[5] = sum5;                                                                               \
    }

#define PRODUCT(real)                                                                                                              \
    typedef real vector_##real __attribute__((vector_size(TILE_BYTES), aligned(sizeof(real)), may_alias));                         \
    enum { WIDTH_##real = TILE_BYTES / sizeof(real) };                                                                             \
    typedef struct side_##real {                                                                                                   \
        const real *at;                                                                                                            \
        int64_t length; /* of a row */                                                                                             \
    } side_##real;                                                                                                                 \
                                                                                                                                   \
    TILE(real, tile_##real, )                                                                                                      \
    TILE(real, tile_avx2_##real, AVX2)                                                                                             \
    static void row_##real(int64_t k, side_##real s, side_##real v, vector_##real *out)                                            \
    {                                                                                                                              \
        vector_##real sum = {0};                                                                                                   \
        for (int64_t p = 0; p < k; p++, s.at += s.length, v.at += v.length) {                                                      \
            sum += *s.at * *(const vector_##real *)v.at;                                                                           \
        }                                                                                                                          \
        *out = sum;                                                                                                                \
    }                                                                                                                              \
                                                                                                                                   \
    /* Result (s.length, v.length), whose elements lie row and column apart; of a symmetric one what is not below the diagonal,    \
     * and more. The last tiles overlap those before. */                                                                           \
    static void tiles_##real(int64_t k, side_##real s, side_##real v, int64_t row, int64_t column, real *c)                        \
    {                                                                                                                              \
        const int64_t rows = s.length < TILE_ROWS ? 1 : TILE_ROWS;                                                                 \
        void (*const tile)(int64_t, side_##real, side_##real, vector_##real *) = rows == 1    ? row_##real                         \
                                                                                 : has_avx2() ? tile_avx2_##real                   \
                                                                                              : tile_##real;                       \
        for (int64_t i = 0; i < s.length; i += rows) {                                                                             \
            i = i + rows > s.length ? s.length - rows : i;                                                                         \
            for (int64_t j = s.at == v.at ? i / WIDTH_##real * WIDTH_##real : 0; j < v.length; j += WIDTH_##real) {                \
                vector_##real sums[TILE_ROWS];                                                                                     \
                j = j + WIDTH_##real > v.length ? v.length - WIDTH_##real : j;                                                     \
                tile(k, (side_##real){s.at + i, s.length}, (side_##real){v.at + j, v.length}, sums);                               \
                for (int64_t r = 0; r < rows; r++) {                                                                               \
                    for (int64_t w = 0; w < WIDTH_##real; w++) {                                                                   \
                        c[(i + r) * row + (j + w) * column] = sums[r][w];                                                          \
                    }                                                                                                              \
                }                                                                                                                  \
            }                                                                                                                      \
        }                                                                                                                          \
    }                                                                                                                              \
                                                                                                                                   \
    static void few_##real(int64_t k, side_##real a, side_##real b, real *c)                                                       \
    {                                                                                                                              \
        memset(c, 0, (size_t)(a.length * b.length) * sizeof *c);                                                                   \
        for (int64_t p = 0; p < k; p++, a.at += a.length, b.at += b.length) {                                                      \
            for (int64_t i = 0; i < a.length; i++) {                                                                               \
                for (int64_t j = 0; j < b.length; j++) {                                                                           \
                    c[i * b.length + j] += a.at[i] * b.at[j];                                                                      \
                }                                                                                                                  \
            }                                                                                                                      \
        }                                                                                                                          \
    }                                                                                                                              \
                                                                                                                                   \
    static void product_##real(tx_sizes sizes, const real *a, const real *b, real *c)                                              \
    {                                                                                                                              \
        const side_##real of_a = {a, sizes.m}, of_b = {b, sizes.n};                                                                \
        if (sizes.n >= WIDTH_##real) {                                                                                             \
            tiles_##real(sizes.k, of_a, of_b, sizes.n, 1, c);                                                                      \
        } else if (sizes.m >= WIDTH_##real) {                                                                                      \
            tiles_##real(sizes.k, of_b, of_a, 1, sizes.n, c);                                                                      \
        } else {                                                                                                                   \
            few_##real(sizes.k, of_a, of_b, c);                                                                                    \
        }                                                                                                                          \
        for (int64_t i = 1; i < sizes.m && a == b; i++) {                                                                          \
            for (int64_t j = 0; j < i; j++) {                                                                                      \
                c[i * sizes.n + j] = c[j * sizes.n + i];                                                                           \
            }                                                                                                                      \
        }                                                                                                                          \
    }                                                                                                                              \
                                                                                                                                   \
    static void transpose_##real(int64_t rows, int64_t columns, const real *a, real *out)                                          \
    {                                                                                                                              \
        for (int64_t j = 0; j < columns; j++) {                                                                                    \
            for (int64_t i = 0; i < rows; i++) {                                                                                   \
                *out++ = a[i * columns + j];                                                                                       \
            }                                                                                                                      \
        }                                                                                                                          \
    }
PRODUCT(float)
PRODUCT(double)

void tx_matrix_product(tx_precision precision, tx_sizes sizes, const void *a, const void *b, void *c)
{
    if (precision == TX_FLOAT32) {
        product_float(sizes, a, b, c);
    } else {
        product_double(sizes, a, b, c);
    }
}

void tx_matrix_transpose(tx_precision precision, int64_t rows, int64_t columns, const void *a, void *out)
{
    if (precision == TX_FLOAT32) {
        transpose_float(rows, columns, a, out);
    } else {
        transpose_double(rows, columns, a, out);
    }
}

/* ---- Rows ---- */

enum { LANES = 4 };

double tx_matrix_dot(int64_t n, const double *x, const double *y)
{
    double sum[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int k = 0; k < LANES; k++) {
            sum[k] += x[i + k] * y[i + k];
        }
    }
    for (; i < n; i++) {
        sum[i % LANES] += x[i] * y[i];
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

void tx_matrix_order(int64_t n, const double *numbers, int64_t *places)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t at = i;
        for (; at > 0 && numbers[places[at - 1]] < numbers[i]; at--) {
            places[at] = places[at - 1];
        }
        places[at] = i;
    }
}

/* ---- QR ---- */

/* y -= 2 (v . y) v, of a unit vector v */
static void reflect(int64_t n, const double *restrict v, double *restrict y)
{
    const double twice = 2 * tx_matrix_dot(n, v, y);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        y[i] -= twice * v[i];
    }
}

/* x becomes the unit vector whose reflection takes it to its first axis; of (next to) nothing zeros: no reflection. */
static void make_reflector(int64_t n, double *x)
{
    const double square = tx_matrix_dot(n, x, x), length = sqrt(square);
    const bool nothing = square < DBL_MIN / DBL_EPSILON;
    x[0] += x[0] < 0 ? -length : length;
    const double of_vector = sqrt(tx_matrix_dot(n, x, x));
    for (int64_t i = 0; i < n; i++) {
        x[i] = nothing ? 0 : x[i] / of_vector;
    }
}

void tx_matrix_orthogonalise(int64_t n, double *rows, double *q)
{
    for (int64_t j = 0; j < n; j++) {
        double *v = rows + j * n + j;
        make_reflector(n - j, v);
        for (int64_t i = j + 1; i < n; i++) {
            reflect(n - j, v, rows + i * n + j);
        }
    }
    memset(q, 0, (size_t)(n * n) * sizeof *q);
    for (int64_t j = n - 1; j >= 0; j--) {
        q[j * n + j] = 1;
        for (int64_t i = j; i < n; i++) {
            reflect(n - j, rows + j * n + j, q + i * n + j);
        }
    }
}

/* ---- Eigenvectors ---- */

/* Makes the left halves of two rows orthogonal; false: they are. */
static bool rotate(int64_t n, double *restrict x, double *restrict y)
{
    const double a = tx_matrix_dot(n, x, x), b = tx_matrix_dot(n, y, y), c = tx_matrix_dot(n, x, y);
    if (!(fabs(c) > (double)n * DBL_EPSILON * sqrt(a * b))) {
        return false;
    }
    const double zeta = (b - a) / (2 * c), root = fabs(zeta) + sqrt(1 + zeta * zeta);
    const double tangent = zeta < 0 ? -1 / root : 1 / root;
    const double cosine = 1 / sqrt(1 + tangent * tangent), sine = cosine * tangent;
#pragma omp simd
    for (int64_t i = 0; i < 2 * n; i++) {
        const double of_x = x[i];
        x[i] = cosine * of_x - sine * y[i];
        y[i] = sine * of_x + cosine * y[i];
    }
    return true;
}

void tx_matrix_diagonalise(int64_t n, double *rows)
{
    bool rotates = true;
    for (int64_t i = 0; i < n; i++) {
        memset(rows + (2 * i + 1) * n, 0, (size_t)n * sizeof *rows);
        rows[(2 * i + 1) * n + i] = 1;
    }
    for (int sweep = 0; rotates && sweep < 60; sweep++) {
        rotates = false;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = i + 1; j < n; j++) {
                rotates |= rotate(n, rows + 2 * i * n, rows + 2 * j * n);
            }
        }
    }
}
