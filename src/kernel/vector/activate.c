/* Activations as jax.nn defines them, and their derivatives (of the output or of the input, as tx_activation_rows says). */
#include "kernel/vector/exponential.h"
#include "kernel/vector/rows.h"
#include "kernel/vector/variant.h"

/* gelu(x) = x (1 + tanh u) / 2 = x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3): no cancellation for negative x */
#define TWO_SQRT_2_OVER_PI 1.5957691216057308
#define CUBIC 0.044715
#define LOG2_E 1.4426950408889634

/* exp(-2 u) */
INLINE vec gelu_exponential(vec x, vec square)
{
    return vector_exp2(x * ((real)(-LOG2_E * TWO_SQRT_2_OVER_PI) + (real)(-LOG2_E * TWO_SQRT_2_OVER_PI * CUBIC) * square));
}

INLINE vec identity(vec x, vec b, const vec *k)
{
    return (void)b, (void)k, x;
}
INLINE vec relu(vec x, vec b, const vec *k)
{
    return (void)b, (void)k, positive(x);
}
INLINE vec hyperbolic(vec x, vec b, const vec *k)
{
    return (void)b, (void)k, vector_tanh(x);
}
INLINE vec sigmoid(vec x, vec b, const vec *k)
{
    return (void)b, (void)k, vector_sigmoid(x);
}
INLINE vec silu(vec x, vec b, const vec *k)
{
    return (void)b, (void)k, x / (1 + vector_exp(-x));
}
INLINE vec gelu(vec x, vec b, const vec *k)
{
    (void)b, (void)k;
    return x / (1 + gelu_exponential(x, x * x));
}
INLINE vec leaky_relu(vec x, vec b, const vec *k)
{
    return (void)b, (void)k, blend(x >= (vec){0}, x, (real)0.01 * x);
}
INLINE vec elu(vec x, vec b, const vec *k)
{
    return (void)b, (void)k, blend(x > (vec){0}, x, vector_expm1(x));
}
INLINE vec softplus(vec x, vec b, const vec *k)
{
    return (void)b, (void)k, positive(x) + vector_log1p(vector_exp(-absolute(x)));
}

/* s: saved output or input; d: cotangent of the output */
INLINE vec identity_gradient(vec s, vec d, const vec *k)
{
    return (void)s, (void)k, d;
}
INLINE vec relu_gradient(vec s, vec d, const vec *k)
{
    return (void)k, keep_if(s > (vec){0}, d);
}
INLINE vec tanh_gradient(vec s, vec d, const vec *k)
{
    return (void)k, d * ((1 - s) * (1 + s));
}
INLINE vec sigmoid_gradient(vec s, vec d, const vec *k)
{
    return (void)k, d * (s * (1 - s));
}
INLINE vec silu_gradient(vec s, vec d, const vec *k)
{
    (void)k;
    const vec e = vector_exp(-s), g = 1 / (1 + e);
    return d * (g + s * g * (e * g));
}
INLINE vec gelu_gradient(vec s, vec d, const vec *k)
{
    (void)k;
    const vec square = s * s;
    const vec g = 1 / (1 + gelu_exponential(s, square));
    const vec slope = s * ((real)TWO_SQRT_2_OVER_PI + (real)(3 * TWO_SQRT_2_OVER_PI * CUBIC) * square);
    return d * (g + g * ((1 - g) * slope));
}
INLINE vec leaky_relu_gradient(vec s, vec d, const vec *k)
{
    return (void)k, blend(s >= (vec){0}, d, (real)0.01 * d);
}
INLINE vec elu_gradient(vec s, vec d, const vec *k)
{
    return (void)k, blend(s > (vec){0}, d, d * (s + 1));
}
INLINE vec softplus_gradient(vec s, vec d, const vec *k)
{
    return (void)k, -d * vector_expm1(-s);
}

#define FORWARD(name)                                                                                                              \
    static void name##_row(int64_t n, const real *x, real *y)                                                                      \
    {                                                                                                                              \
        map_row(name, NULL, n, x, x, y);                                                                                           \
    }
#define BACKWARD(name)                                                                                                             \
    static void name##_row(int64_t n, const real *s, const real *d, real *y)                                                       \
    {                                                                                                                              \
        map_row(name, NULL, n, s, d, y);                                                                                           \
    }
FORWARD(identity)
FORWARD(relu)
FORWARD(hyperbolic)
FORWARD(sigmoid)
FORWARD(gelu)
FORWARD(silu)
FORWARD(leaky_relu)
FORWARD(elu)
FORWARD(softplus)
BACKWARD(identity_gradient)
BACKWARD(relu_gradient)
BACKWARD(tanh_gradient)
BACKWARD(sigmoid_gradient)
BACKWARD(gelu_gradient)
BACKWARD(silu_gradient)
BACKWARD(leaky_relu_gradient)
BACKWARD(elu_gradient)
BACKWARD(softplus_gradient)

static const struct {
    void (*forward)(int64_t n, const real *x, real *y);
    void (*backward)(int64_t n, const real *s, const real *d, real *y);
} rows[TX_ACTIVATION_COUNT] = {
    [TX_IDENTITY] = {identity_row, identity_gradient_row},
    [TX_RELU] = {relu_row, relu_gradient_row},
    [TX_TANH] = {hyperbolic_row, tanh_gradient_row},
    [TX_SIGMOID] = {sigmoid_row, sigmoid_gradient_row},
    [TX_GELU] = {gelu_row, gelu_gradient_row},
    [TX_SILU] = {silu_row, silu_gradient_row},
    [TX_LEAKY_RELU] = {leaky_relu_row, leaky_relu_gradient_row},
    [TX_ELU] = {elu_row, elu_gradient_row},
    [TX_SOFTPLUS] = {softplus_row, softplus_gradient_row},
};

void VARIANT(activate_row)(tx_activation activation, int64_t n, const real *x, real *y)
{
    rows[activation].forward(n, x, y);
}

void VARIANT(activate)(tx_activation activation, const tx_layout *lx, const void *x, const tx_layout *ly, void *y)
{
    FOR_ROWS(ly) rows[activation].forward(ly->row, ROW(lx, (const real *)x), ROW(ly, (real *)y));
}

void VARIANT(activate_gradient)(tx_activation activation, const tx_layout *ls, const void *s, const tx_layout *ldy, const void *dy,
                                const tx_layout *ldx, void *dx)
{
    FOR_ROWS(ldx)
    rows[activation].backward(ldx->row, ROW(ls, (const real *)s), ROW(ldy, (const real *)dy), ROW(ldx, (real *)dx));
}
