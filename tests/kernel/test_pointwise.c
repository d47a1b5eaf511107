/* Copies, transposes, linear combinations and activations against plain loops. */
#include <float.h>

#include "kernel/block.h"

static const tx_shape shapes[] = {{1, 1, {30}},   {3, 0, {0}},        {40, 0, {0}}, {2, 1, {5}},
                                  {3, 2, {4, 9}}, {2, 3, {2, 3, 17}}, {1, 0, {0}},  {1, 1, {1}}};
enum { NUM_SHAPES = sizeof shapes / sizeof *shapes };
static const int samples[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 20, 32, 33};
enum { NUM_SAMPLES = sizeof samples / sizeof *samples };
static const int64_t narrow[] = {1, 1, 1}, broad[] = {2, 0, 3};

static block filled(const tx_kernels *kernels, const tx_shape *shape, int b, const int64_t *halo, uint32_t seed)
{
    block t = block_make(kernels->precision, *shape, b, halo, halo);
    block_randomise(&t, seed);
    return t;
}

typedef void shape_test(const tx_kernels *kernels, const tx_shape *shape, int b);
static void for_shapes(const tx_kernels *kernels, shape_test *test)
{
    for (int k = 0; k < NUM_SHAPES * NUM_SAMPLES; k++) {
        test(kernels, &shapes[k / NUM_SAMPLES], samples[k % NUM_SAMPLES]);
    }
}

static bool equal_everywhere(const tx_kernels *kernels, const char *what, const block *t, const block *want)
{
    bool ok = true;
    for (int64_t k = 0; k < block_cells(&t->layout) * t->layout.block && ok; k++) {
        const int64_t cell = k / t->layout.block, lane = k % t->layout.block;
        ok = near(kernels, what, block_get(t, cell, lane), block_get(want, cell, lane), 0);
    }
    return ok;
}

static void check_samples(const tx_kernels *kernels, const tx_shape *shape, int b)
{
    block t = block_make(kernels->precision, *shape, b, narrow, broad);
    const int64_t cells = block_cells(&t.layout), offset = 3, each = cells + 5;
    const size_t bytes = tx_real_bytes(kernels->precision);
    const int count = b > 1 ? b - b / 3 : 1;
    char *data = new_reals(kernels->precision, each * b), *back = new_reals(kernels->precision, each * b);
    const void *from[40] = {0};
    void *to[40] = {0};
    uint32_t seed = 5;
    for (int k = 0; k < count; k++) {
        from[k] = data + (size_t)(k * each) * bytes;
        to[k] = back + (size_t)(k * each) * bytes;
        for (int64_t cell = 0; cell < cells; cell++) {
            set_real(kernels->precision, data, k * each + offset + cell, next_value(&seed));
        }
    }
    kernels->load(&t.layout, from, offset, count, t.data);
    CU_ASSERT(block_untouched_outside(&t));
    bool ok = true;
    for (int64_t k = 0; k < cells * b && ok; k++) {
        const int64_t lane = k % b < count ? k % b : 0;
        ok =
            near(kernels, "load", block_get(&t, k / b, k % b), get_real(kernels->precision, data, lane * each + offset + k / b), 0);
    }
    CU_ASSERT(ok);
    kernels->store(&t.layout, t.data, to, offset, count);
    CU_ASSERT_EQUAL(memcmp(data, back, (size_t)(each * b) * bytes), 0); /* nothing else was written */
    tx_free(t.data), tx_free(data), tx_free(back);
}
static void load_store_on(const tx_kernels *kernels)
{
    for_shapes(kernels, check_samples);
}
static void load_store(void)
{
    for_all_kernels(load_store_on);
}

static void check_copies(const tx_kernels *kernels, const tx_shape *shape, int b)
{
    block x = filled(kernels, shape, b, narrow, 3), y = block_make(kernels->precision, *shape, b, broad, narrow);
    kernels->copy(&x.layout, x.data, &y.layout, y.data);
    CU_ASSERT(equal_everywhere(kernels, "copy", &y, &x));
    CU_ASSERT(block_untouched_outside(&y));
    kernels->zero(&y.layout, y.data);
    bool ok = block_untouched_outside(&y);
    for (int64_t k = 0; k < block_cells(&y.layout) * b; k++) {
        ok = ok && block_get(&y, k / b, k % b) == 0;
    }
    CU_ASSERT(ok);
    const tx_shape flat = {block_cells(&x.layout), 0, {0}};
    block f = block_make(kernels->precision, flat, b, NULL, NULL);
    kernels->reshape(&x.layout, x.data, &f.layout, f.data);
    CU_ASSERT(equal_everywhere(kernels, "flatten", &f, &x)); /* C order on both sides */
    CU_ASSERT(block_untouched_outside(&f));
    kernels->reshape(&f.layout, f.data, &y.layout, y.data);
    CU_ASSERT(equal_everywhere(kernels, "unflatten", &y, &x));
    CU_ASSERT(block_untouched_outside(&y));
    tx_free(x.data), tx_free(y.data), tx_free(f.data);
}
static void copies_on(const tx_kernels *kernels)
{
    for_shapes(kernels, check_copies);
}
static void copies(void)
{
    for_all_kernels(copies_on);
}

/* A crop and a concatenation by views. */
static void views_on(const tx_kernels *kernels)
{
    const tx_shape shape = {2, 2, {4, 6}}, smaller = {2, 2, {3, 3}}, both = {5, 2, {4, 6}};
    block x = filled(kernels, &shape, 3, narrow, 3), y = block_make(kernels->precision, smaller, 3, NULL, NULL);
    const tx_layout view = tx_layout_view(&x.layout, (int64_t[]){-1, -2, 0}, (int64_t[]){0, -1, 0});
    kernels->copy(&view, x.data, &y.layout, y.data);
    CU_ASSERT_EQUAL(block_get(&y, 0, 1), block_get(&x, 1 * 6 + 2, 1));
    CU_ASSERT_EQUAL(block_get(&y, 9 + 2 * 3 + 1, 2), block_get(&x, 24 + 3 * 6 + 3, 2));
    block z = block_make(kernels->precision, both, 3, broad, broad);
    const tx_layout part = tx_layout_channels(&z.layout, 3, 2);
    kernels->copy(&x.layout, x.data, &part, z.data);
    CU_ASSERT_EQUAL(block_get(&z, 3 * 24 + 5, 0), block_get(&x, 5, 0));
    CU_ASSERT(isnan(block_get(&z, 3 * 24 - 1, 0)));
    tx_free(x.data), tx_free(y.data), tx_free(z.data);
}
static void views(void)
{
    for_all_kernels(views_on);
}

static void check_linear(const tx_kernels *kernels, const tx_shape *shape, int b)
{
    block x = filled(kernels, shape, b, narrow, 3), z = filled(kernels, shape, b, broad, 4),
          y = block_make(kernels->precision, *shape, b, NULL, narrow);
    bool ok = true;
    kernels->axpby(0.5, &x.layout, x.data, -3, &z.layout, z.data, &y.layout, y.data);
    for (int64_t k = 0; k < block_cells(&x.layout) * b; k++) {
        ok = ok && near(kernels, "axpby", block_get(&y, k / b, k % b),
                        0.5 * block_get(&x, k / b, k % b) - 3 * block_get(&z, k / b, k % b), 0);
    }
    kernels->axpby(0.25, &x.layout, x.data, 0, NULL, NULL, &y.layout, y.data);
    for (int64_t k = 0; k < block_cells(&x.layout) * b; k++) {
        ok = ok && near(kernels, "scale", block_get(&y, k / b, k % b), 0.25 * block_get(&x, k / b, k % b), 0);
    }
    kernels->multiply(&y.layout, y.data, &z.layout, z.data, &y.layout, y.data); /* in place */
    for (int64_t k = 0; k < block_cells(&x.layout) * b; k++) {
        ok = ok && near(kernels, "multiply", block_get(&y, k / b, k % b),
                        0.25 * block_get(&x, k / b, k % b) * block_get(&z, k / b, k % b), 0);
    }
    CU_ASSERT(ok);
    CU_ASSERT(block_untouched_outside(&y));
    tx_free(x.data), tx_free(y.data), tx_free(z.data);
}
static void linear_on(const tx_kernels *kernels)
{
    for_shapes(kernels, check_linear);
}
static void linear(void)
{
    for_all_kernels(linear_on);
}

/* -- activations: the formulas of jax.nn in long double -- */
static long double gelu_argument(long double x)
{
    return 0.79788456080286535588L * (x + 0.044715L * x * x * x);
}
static long double sigmoid(long double x)
{
    return 1 / (1 + expl(-x));
}

static long double activation(tx_activation a, long double x)
{
    switch (a) {
    case TX_RELU:
        return x > 0 ? x : 0;
    case TX_TANH:
        return tanhl(x);
    case TX_SIGMOID:
        return sigmoid(x);
    case TX_GELU:
        return x * sigmoid(2 * gelu_argument(x)); /* (1 + tanh u) / 2 without its cancellation */
    case TX_SILU:
        return x * sigmoid(x);
    case TX_LEAKY_RELU:
        return x >= 0 ? x : 0.01L * x;
    case TX_ELU:
        return x > 0 ? x : expm1l(x);
    case TX_SOFTPLUS:
        return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
    default:
        return x;
    }
}

static long double derivative(tx_activation a, long double x)
{
    const long double s = sigmoid(2 * gelu_argument(x)), t = sigmoid(x);
    switch (a) {
    case TX_RELU:
        return x > 0;
    case TX_TANH:
        return 1 / (coshl(x) * coshl(x));
    case TX_SIGMOID:
        return t * sigmoid(-x);
    case TX_GELU:
        return s + x * s * sigmoid(-2 * gelu_argument(x)) * 2 * 0.79788456080286535588L * (1 + 3 * 0.044715L * x * x);
    case TX_SILU:
        return t + x * t * sigmoid(-x);
    case TX_LEAKY_RELU:
        return x >= 0 ? 1 : 0.01L;
    case TX_ELU:
        return x > 0 ? 1 : expl(x);
    case TX_SOFTPLUS:
        return t;
    default:
        return 1;
    }
}

/* Units in the last place of the result, and where an argument is rounded (gelu's cubic) or a difference taken (derivatives)
 * a multiple of epsilon beside. */
static void check_activation(const tx_kernels *kernels, tx_activation a, double range)
{
    enum { N = 1001 };
    const tx_shape shape = {1, 1, {N}};
    const double eps = epsilon(kernels->precision);
    block x = block_make(kernels->precision, shape, 1, narrow, narrow), y = block_make(kernels->precision, shape, 1, broad, narrow);
    block one = block_make(kernels->precision, shape, 1, NULL, NULL), d = block_make(kernels->precision, shape, 1, NULL, NULL);
    for (int k = 0; k < N; k++) {
        block_set(&x, k, 0, range * (k - N / 2) / (N / 2));
        block_set(&one, k, 0, 1);
    }
    const block *saved = tx_activation_rows[a].from_output ? &y : &x;
    kernels->activate(a, &x.layout, x.data, &y.layout, y.data);
    kernels->activate_gradient(a, &saved->layout, saved->data, &one.layout, one.data, &d.layout, d.data);
    bool ok = true;
    for (int k = 0; k < N && ok; k++) {
        const double at = block_get(&x, k, 0), want = (double)activation(a, at), slope = (double)derivative(a, at);
        /* exp's argument carries its own rounding: |argument| / 2 units, for gelu's of up to three roundings */
        const double argument = fabs(at) * (a == TX_GELU                                      ? 3 * (1 + at * at / 16)
                                            : a == TX_TANH || a == TX_ELU || a == TX_SOFTPLUS ? 0
                                                                                              : 0.5);
        ok = near(kernels, tx_activation_rows[a].name, block_get(&y, k, 0), want, eps * fabs(want) * (3 + argument) + eps * eps) &&
             near(kernels, "derivative", block_get(&d, k, 0), slope, 4 * eps * (1 + argument));
    }
    CU_ASSERT(ok);
    CU_ASSERT(block_untouched_outside(&y));
    tx_free(x.data), tx_free(y.data), tx_free(one.data), tx_free(d.data);
}

static void activations_on(const tx_kernels *kernels)
{
    for (int a = 0; a < TX_ACTIVATION_COUNT; a++) {
        check_activation(kernels, (tx_activation)a, 1e-3);
        check_activation(kernels, (tx_activation)a, 1);
        check_activation(kernels, (tx_activation)a, 8);
    }
}
static void activations(void)
{
    for_all_kernels(activations_on);
}

/* Far out nothing overflows to NaN; NaN comes out where it goes in. */
static void extremes_on(const tx_kernels *kernels)
{
    const tx_shape shape = {1, 1, {4}};
    block x = block_make(kernels->precision, shape, 1, NULL, NULL), y = block_make(kernels->precision, shape, 1, NULL, NULL);
    for (int a = 0; a < TX_ACTIVATION_COUNT; a++) {
        const double far = 1e4;
        block_set(&x, 0, 0, far), block_set(&x, 1, 0, -far), block_set(&x, 2, 0, NAN), block_set(&x, 3, 0, 0);
        kernels->activate((tx_activation)a, &x.layout, x.data, &y.layout, y.data);
        CU_ASSERT(near(kernels, tx_activation_rows[a].name, block_get(&y, 0, 0), (double)activation((tx_activation)a, far), 1e-3));
        CU_ASSERT(near(kernels, tx_activation_rows[a].name, block_get(&y, 1, 0), (double)activation((tx_activation)a, -far), 1e-3));
        CU_ASSERT(isnan(block_get(&y, 2, 0)));
        const block *saved = tx_activation_rows[a].from_output ? &y : &x;
        block_set(&x, 2, 0, 1), block_set(&y, 2, 0, 1);
        kernels->activate_gradient((tx_activation)a, &saved->layout, saved->data, &y.layout, y.data, &y.layout, y.data);
        CU_ASSERT(isfinite(block_get(&y, 0, 0)) && isfinite(block_get(&y, 1, 0)));
    }
    tx_free(x.data), tx_free(y.data);
}
static void extremes(void)
{
    for_all_kernels(extremes_on);
}

static void names(void)
{
    CU_ASSERT_EQUAL(tx_activation_find("ReLU"), TX_RELU);
    CU_ASSERT_EQUAL(tx_activation_find("swish"), TX_SILU);
    CU_ASSERT_EQUAL(tx_activation_find("leaky_relu"), TX_LEAKY_RELU);
    CU_ASSERT_EQUAL(tx_activation_find("relu6"), -1);
    for (int a = 0; a < TX_ACTIVATION_COUNT; a++) {
        CU_ASSERT_EQUAL(tx_activation_find(tx_activation_rows[a].name), a);
    }
}

int main(void)
{
    return suite_run("pointwise", (suite_test[]){{"load and store", load_store},
                                                 {"copy, zero, flatten, unflatten", copies},
                                                 {"views", views},
                                                 {"linear combinations and products", linear},
                                                 {"activations and derivatives", activations},
                                                 {"activations far out and at NaN", extremes},
                                                 {"names of activations", names},
                                                 {0}});
}
