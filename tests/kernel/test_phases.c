/* Phases: split and join against their definition; convolutions between a grid and phases (strided, transposed, their adjoints
 * and the gradients of their weights) against sums over all taps, on every instruction set and precision, with NaN in
 * everything that a kernel must not look at. All values are multiples of 1/64 below 1. */
#include "kernel/block.h"

typedef struct phase_case {
    const char *name;
    int block, in, out, groups, axes;
    int64_t n[TX_MAX_AXES], kernel[TX_MAX_AXES], dilation[TX_MAX_AXES], stride[TX_MAX_AXES];
} phase_case;

static const phase_case cases[] = {
    {"1D", 5, 3, 4, 1, 1, {14}, {3}, {1}, {2}},
    {"1D, block 1", 1, 2, 9, 1, 1, {37}, {3}, {1}, {2}},
    {"1D, block 2", 2, 5, 3, 1, 1, {21}, {4}, {1}, {2}},
    {"1D, block 3, stride 3", 3, 2, 2, 1, 1, {17}, {5}, {1}, {3}},
    {"1D, block 9, stride 3, kernel 2", 9, 4, 4, 2, 1, {12}, {2}, {1}, {3}},
    {"1D, block 16, pointwise", 16, 3, 2, 1, 1, {9}, {1}, {1}, {2}},
    {"1D, block 33", 33, 2, 3, 1, 1, {8}, {3}, {2}, {2}},
    {"1D, many channels", 4, 17, 19, 1, 1, {10}, {3}, {1}, {2}},
    {"2D", 3, 2, 3, 1, 2, {6, 9}, {3, 3}, {1, 1}, {2, 2}},
    {"2D, block 1", 1, 3, 2, 1, 2, {8, 34}, {3, 3}, {1, 1}, {2, 2}},
    {"2D, strides 1 and 3", 2, 2, 4, 2, 2, {5, 11}, {3, 4}, {2, 1}, {1, 3}},
    {"3D", 2, 2, 3, 1, 3, {5, 4, 6}, {3, 3, 3}, {1, 1, 1}, {2, 2, 2}},
    {"3D, block 1, uneven", 1, 1, 2, 1, 3, {4, 6, 5}, {2, 3, 1}, {1, 1, 1}, {2, 1, 4}},
};
enum { NUM_CASES = sizeof cases / sizeof *cases };

static int64_t phases_in_all(const phase_case *c)
{
    int64_t product = 1;
    for (int d = 0; d < c->axes; d++) {
        product *= c->stride[d];
    }
    return product;
}

static int64_t taps_in_all(const phase_case *c)
{
    int64_t product = 1;
    for (int d = 0; d < c->axes; d++) {
        product *= c->kernel[d];
    }
    return product;
}

static tx_shape fine_shape(const phase_case *c, int64_t channels)
{
    return (tx_shape){channels, c->axes, {c->n[0], c->n[1], c->n[2]}};
}

/* Of the phases of a grid that starts `low` cells before the fine one and goes on to where that ends. */
static tx_shape phase_shape(const phase_case *c, int64_t channels, const int64_t *low)
{
    tx_shape shape = fine_shape(c, channels * phases_in_all(c));
    for (int d = 0; d < c->axes; d++) {
        shape.n[d] = (c->n[d] + (low ? low[d] : 0) + c->stride[d] - 1) / c->stride[d];
    }
    return shape;
}

/* Of what a strided convolution without padding gives. */
static tx_shape coarse_shape(const phase_case *c, int64_t channels)
{
    tx_shape shape = fine_shape(c, channels);
    for (int d = 0; d < c->axes; d++) {
        shape.n[d] = (c->n[d] - (c->kernel[d] - 1) * c->dilation[d] - 1) / c->stride[d] + 1;
    }
    return shape;
}

/* The cell (C order of (C, *N)) of the fine grid that a cell of the phases holds; -1: none. */
static int64_t fine_cell(const phase_case *c, const tx_shape *phases, const int64_t *low, int64_t cell)
{
    int64_t at[TX_MAX_AXES], fine = 0;
    for (int d = c->axes - 1; d >= 0; cell /= phases->n[d], d--) {
        at[d] = cell % phases->n[d] * c->stride[d] - (low ? low[d] : 0);
    }
    for (int d = c->axes - 1; d >= 0; cell /= c->stride[d], d--) {
        at[d] += cell % c->stride[d];
    }
    for (int d = 0; d < c->axes; d++) {
        if (at[d] < 0 || at[d] >= c->n[d]) {
            return -1;
        }
        fine = fine * c->n[d] + at[d];
    }
    const tx_shape shape = fine_shape(c, 1);
    return cell * tx_shape_points(&shape) + fine;
}

static bool check_split(const tx_kernels *kernels, const phase_case *c, const int64_t *low)
{
    block x = block_make(kernels->precision, fine_shape(c, c->in), c->block, (int64_t[]){1, 2, 1}, (int64_t[]){0, 1, 2});
    block p = block_make(kernels->precision, phase_shape(c, c->in, low), c->block, (int64_t[]){1, 0, 2}, (int64_t[]){1, 1, 0});
    block_randomise(&x, 5);
    kernels->split(c->stride, low, &x.layout, x.data, &p.layout, p.data);
    bool ok = block_untouched_outside(&p);
    for (int64_t cell = 0; cell < block_cells(&p.layout); cell++) {
        const int64_t from = fine_cell(c, &p.layout.shape, low, cell);
        for (int k = 0; k < c->block; k++) {
            ok = ok && near(kernels, c->name, block_get(&p, cell, k), from < 0 ? 0 : block_get(&x, from, k), 0);
        }
    }
    tx_free(x.data), tx_free(p.data);
    return ok;
}

static bool check_join(const tx_kernels *kernels, const phase_case *c)
{
    block x = block_make(kernels->precision, fine_shape(c, c->in), c->block, (int64_t[]){1, 2, 1}, (int64_t[]){0, 1, 2});
    block p = block_make(kernels->precision, phase_shape(c, c->in, NULL), c->block, (int64_t[]){1, 0, 2}, (int64_t[]){1, 1, 0});
    block_randomise(&p, 6);
    kernels->join(c->stride, &p.layout, p.data, &x.layout, x.data);
    bool ok = block_untouched_outside(&x);
    for (int64_t cell = 0; cell < block_cells(&p.layout); cell++) {
        const int64_t to = fine_cell(c, &p.layout.shape, NULL, cell);
        for (int k = 0; k < c->block && to >= 0; k++) {
            ok = ok && near(kernels, c->name, block_get(&x, to, k), block_get(&p, cell, k), 0);
        }
    }
    tx_free(x.data), tx_free(p.data);
    return ok;
}

static void copies_on(const tx_kernels *kernels)
{
    for (const phase_case *c = cases; c < cases + NUM_CASES; c++) {
        CU_ASSERT(check_split(kernels, c, (int64_t[]){0, 0, 0}));
        CU_ASSERT(check_split(kernels, c, (int64_t[]){3, 1, 2}));
        CU_ASSERT(check_split(kernels, c, (int64_t[]){2 * c->stride[0], 5, 7})); /* whole phases of zeros before */
        CU_ASSERT(check_join(kernels, c));
    }
}
static void copies(void)
{
    for_all_kernels(copies_on);
}

/* ---- convolutions: fine[i, stride p + t dilation] meets coarse[o, p] in w[o, i, t] ---- */

typedef struct reference {
    const phase_case *c;
    tx_shape fine, coarse;
    int64_t taps, weights;
    double *x, *w, *bias, *dy, *y, *dx, *dw; /* x, dx: fine; y, dy: coarse */
} reference;

static double *new_doubles(int64_t count, uint32_t seed)
{
    double *data = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_allocate((size_t)count * sizeof(double), NULL, &data), TX_OK);
    for (int64_t k = 0; k < count && seed; k++) {
        data[k] = next_value(&seed);
    }
    return data;
}

static void add_product(reference *r, int64_t o, int64_t i, int64_t tap, int64_t fine, int64_t coarse)
{
    const int64_t ci = r->c->in / r->c->groups, weight = (o * ci + i % ci) * r->taps + tap, b = r->c->block;
    const int64_t x = (i * tx_shape_points(&r->fine) + fine) * b, y = (o * tx_shape_points(&r->coarse) + coarse) * b;
    for (int64_t k = 0; k < b; k++) {
        r->y[y + k] += r->w[weight] * r->x[x + k];
        r->dx[x + k] += r->w[weight] * r->dy[y + k];
        r->dw[weight] += r->x[x + k] * r->dy[y + k];
    }
}

static void add_products(reference *r)
{
    const phase_case *c = r->c;
    const int64_t ci = c->in / c->groups, co = c->out / c->groups;
    for (int64_t p = 0; p < tx_shape_points(&r->coarse); p++) {
        for (int64_t t = 0; t < r->taps; t++) {
            int64_t fine = 0, step = 1, point = p, tap = t;
            for (int d = c->axes - 1; d >= 0; point /= r->coarse.n[d], tap /= c->kernel[d], step *= c->n[d], d--) {
                fine += (c->stride[d] * (point % r->coarse.n[d]) + tap % c->kernel[d] * c->dilation[d]) * step;
            }
            for (int64_t o = 0; o < c->out; o++) {
                for (int64_t i = 0; i < ci; i++) {
                    add_product(r, o, o / co * ci + i, t, fine, p);
                }
            }
        }
    }
}

static reference reference_make(const phase_case *c)
{
    reference r = {.c = c, .fine = fine_shape(c, c->in), .coarse = coarse_shape(c, c->out), .taps = taps_in_all(c)};
    const int64_t x = c->in * tx_shape_points(&r.fine) * c->block, y = c->out * tx_shape_points(&r.coarse) * c->block;
    r.weights = c->out * c->in / c->groups * r.taps;
    r.x = new_doubles(x, 1), r.w = new_doubles(r.weights, 2), r.dy = new_doubles(y, 3), r.bias = new_doubles(c->in + c->out, 4);
    r.y = new_doubles(y, 0), r.dx = new_doubles(x, 0), r.dw = new_doubles(r.weights, 0);
    add_products(&r);
    return r;
}

static void reference_free(reference *r)
{
    tx_free(r->x), tx_free(r->w), tx_free(r->bias), tx_free(r->dy), tx_free(r->y), tx_free(r->dx), tx_free(r->dw);
}

static void fill(const block *t, const double *values)
{
    for (int64_t k = 0; k < block_cells(&t->layout) * t->layout.block; k++) {
        block_set(t, k / t->layout.block, k % t->layout.block, values[k]);
    }
}

static void *reals(const tx_kernels *kernels, const double *values, int64_t count)
{
    void *data = new_reals(kernels->precision, count);
    for (int64_t k = 0; k < count; k++) {
        set_real(kernels->precision, data, k, values[k]);
    }
    return data;
}

static block fine_phases(const tx_kernels *kernels, const reference *r)
{
    block x = block_make(kernels->precision, r->fine, r->c->block, NULL, NULL);
    block p = block_make(kernels->precision, phase_shape(r->c, r->c->in, NULL), r->c->block, NULL, NULL);
    fill(&x, r->x);
    kernels->split(r->c->stride, (int64_t[]){0, 0, 0}, &x.layout, x.data, &p.layout, p.data);
    tx_free(x.data);
    return p;
}

static tx_conv *make_conv(const tx_kernels *kernels, const reference *r, const tx_layout *x, const tx_layout *y, bool to_phases)
{
    tx_conv_shape shape = {.x = *x, .y = *y, .groups = r->c->groups, .flip = to_phases};
    memcpy(to_phases ? shape.y_phases : shape.x_phases, r->c->stride, sizeof shape.x_phases);
    for (int d = 0; d < r->c->axes; d++) {
        shape.kernel[d] = r->c->kernel[d];
        shape.dilation[d] = r->c->dilation[d];
        shape.shift[d] = to_phases ? -(r->c->kernel[d] - 1) * r->c->dilation[d] : 0;
    }
    tx_conv *conv = NULL;
    tx_error error = {0};
    if (kernels->conv_create(&shape, &error, &conv) != TX_OK) {
        printf("%s: %s\n", r->c->name, error.message);
        CU_FAIL_FATAL("no convolution");
    }
    return conv;
}

static void apply(const tx_kernels *kernels, const tx_conv *conv, const reference *r, const block *x, const void *bias, block *y)
{
    void *w = reals(kernels, r->w, r->weights), *packed = new_reals(kernels->precision, (int64_t)kernels->conv_packed_size(conv));
    kernels->conv_pack(conv, w, packed);
    kernels->conv_apply(conv, tx_whole, &(tx_conv_operands){.x = x->data, .packed = packed, .bias = bias, .y = y->data});
    tx_free(w), tx_free(packed);
}

/* Sums of a few hundred products below 1. */
static double tolerance(const tx_kernels *kernels)
{
    return 400 * epsilon(kernels->precision);
}

static bool check_strided(const tx_kernels *kernels, const reference *r)
{
    block p = fine_phases(kernels, r), y = block_make(kernels->precision, r->coarse, r->c->block, (int64_t[]){1, 1, 1}, NULL);
    tx_conv *conv = make_conv(kernels, r, &p.layout, &y.layout, false);
    void *bias = reals(kernels, r->bias, r->c->out);
    apply(kernels, conv, r, &p, bias, &y);
    bool ok = block_untouched_outside(&y);
    const int64_t points = tx_shape_points(&r->coarse) * r->c->block;
    for (int64_t k = 0; k < r->c->out * points && ok; k++) {
        ok = near(kernels, r->c->name, block_get(&y, k / r->c->block, k % r->c->block), r->y[k] + r->bias[k / points],
                  tolerance(kernels));
    }
    kernels->conv_destroy(conv);
    tx_free(bias), tx_free(p.data), tx_free(y.data);
    return ok;
}

/* Backward-data onto phases, then join. */
static bool check_adjoint(const tx_kernels *kernels, const reference *r)
{
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES];
    block p = block_make(kernels->precision, phase_shape(r->c, r->c->in, NULL), r->c->block, NULL, NULL);
    for (int d = 0; d < r->c->axes; d++) {
        low[d] = (r->c->kernel[d] - 1) * r->c->dilation[d] / r->c->stride[d];
        high[d] = p.layout.shape.n[d] - r->coarse.n[d];
    }
    block dy = block_make(kernels->precision, r->coarse, r->c->block, low, high);
    block dx = block_make(kernels->precision, r->fine, r->c->block, NULL, NULL);
    tx_halo *halo = NULL;
    fill(&dy, r->dy);
    CU_ASSERT_EQUAL_FATAL(tx_halo_create(&dy.layout, TX_PAD_ZEROS, NULL, &halo), TX_OK);
    kernels->halo(halo, tx_whole, dy.data);
    tx_conv *conv = make_conv(kernels, r, &dy.layout, &p.layout, true);
    apply(kernels, conv, r, &dy, NULL, &p);
    bool ok = block_untouched_outside(&p);
    kernels->join(r->c->stride, &p.layout, p.data, &dx.layout, dx.data);
    for (int64_t k = 0; k < block_cells(&dx.layout) * r->c->block && ok; k++) {
        ok = near(kernels, r->c->name, block_get(&dx, k / r->c->block, k % r->c->block), r->dx[k], tolerance(kernels));
    }
    tx_halo_destroy(halo);
    kernels->conv_destroy(conv);
    tx_free(p.data), tx_free(dy.data), tx_free(dx.data);
    return ok;
}

static bool check_weights(const tx_kernels *kernels, const reference *r)
{
    block p = fine_phases(kernels, r), dy = block_make(kernels->precision, r->coarse, r->c->block, NULL, NULL);
    fill(&dy, r->dy);
    tx_conv *conv = make_conv(kernels, r, &p.layout, &dy.layout, false);
    void *dw = reals(kernels, r->w, r->weights); /* gradients are added to what is there */
    kernels->conv_weights(conv, tx_whole, p.data, dy.data, dw, NULL);
    bool ok = true;
    const double size = (double)(tx_shape_points(&r->coarse) * r->c->block);
    for (int64_t k = 0; k < r->weights && ok; k++) {
        ok = near(kernels, r->c->name, get_real(kernels->precision, dw, k), r->w[k] + r->dw[k],
                  2 * epsilon(kernels->precision) * (size + 1));
    }
    kernels->conv_destroy(conv);
    tx_free(dw), tx_free(p.data), tx_free(dy.data);
    return ok;
}

static const reference *current;
static void convolutions_on(const tx_kernels *kernels)
{
    CU_ASSERT(check_strided(kernels, current));
    CU_ASSERT(check_adjoint(kernels, current));
    CU_ASSERT(check_weights(kernels, current));
}
static void convolutions(void)
{
    for (const phase_case *c = cases; c < cases + NUM_CASES; c++) {
        reference r = reference_make(c);
        current = &r;
        for_all_kernels(convolutions_on);
        reference_free(&r);
    }
}

/* Weights of a convolution onto phases (a transposed one): sum over cells q and samples of x[i, q + (r + t) / s] dy[o, s q + r]
 * at r + t divisible by s. In one dimension, by hand. */
static void transposed_weights_on(const tx_kernels *kernels)
{
    enum { N = 6, B = 3, K = 3, S = 2 };
    block x = block_make(kernels->precision, (tx_shape){1, 1, {N + 1}}, B, NULL, NULL);
    block dy = block_make(kernels->precision, (tx_shape){S, 1, {N}}, B, NULL, NULL);
    block_randomise(&x, 8);
    block_randomise(&dy, 9);
    const tx_conv_shape shape = {.x = x.layout, .y = dy.layout, .kernel = {K}, .dilation = {1}, .y_phases = {S}};
    tx_conv *conv = NULL;
    CU_ASSERT_EQUAL_FATAL(kernels->conv_create(&shape, NULL, &conv), TX_OK);
    double want[K] = {0};
    for (int q = 0; q < N; q++) {
        for (int r = 0; r < S; r++) {
            for (int t = 0; t < K; t++) {
                for (int k = 0; k < B && (r + t) % S == 0; k++) {
                    want[t] += block_get(&x, q + (r + t) / S, k) * block_get(&dy, r * N + q, k);
                }
            }
        }
    }
    void *dw = reals(kernels, (double[K]){0}, K);
    kernels->conv_weights(conv, tx_whole, x.data, dy.data, dw, NULL);
    for (int t = 0; t < K; t++) {
        CU_ASSERT(
            near(kernels, "transposed weights", get_real(kernels->precision, dw, t), want[t], 64 * epsilon(kernels->precision)));
    }
    kernels->conv_destroy(conv);
    tx_free(x.data), tx_free(dy.data), tx_free(dw);
}
static void transposed_weights(void)
{
    for_all_kernels(transposed_weights_on);
}

static void mistakes_on(const tx_kernels *kernels)
{
    const block x = block_make(kernels->precision, (tx_shape){4, 1, {8}}, 1, NULL, NULL);
    tx_conv *conv = NULL;
    tx_conv_shape shape = {.x = x.layout, .y = x.layout, .kernel = {1}, .dilation = {1}, .x_phases = {2}, .y_phases = {2}};
    CU_ASSERT_EQUAL(kernels->conv_create(&shape, NULL, &conv), TX_FAILURE); /* not both */
    shape = (tx_conv_shape){.x = x.layout, .y = x.layout, .kernel = {1}, .dilation = {1}, .x_phases = {3}};
    CU_ASSERT_EQUAL(kernels->conv_create(&shape, NULL, &conv), TX_FAILURE); /* 4 channels are no 3 phases */
    shape = (tx_conv_shape){.x = x.layout, .y = x.layout, .kernel = {3}, .dilation = {1}, .y_phases = {2}};
    CU_ASSERT_EQUAL(kernels->conv_create(&shape, NULL, &conv), TX_FAILURE); /* one cell beyond x */
    shape.y_phases[0] = 4;
    shape.kernel[0] = 1;
    for (long n = 0; n < 20; n++) {
        const size_t before = tx_memory_live();
        tx_memory_fail_after(n);
        CU_ASSERT_EQUAL(kernels->conv_create(&shape, NULL, &conv), TX_FAILURE);
        tx_memory_fail_after(-1);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT_PTR_NULL(conv);
    tx_free(x.data);
}
static void mistakes(void)
{
    for_all_kernels(mistakes_on);
}

int main(void)
{
    return suite_run("phases", (suite_test[]){{"split and join", copies},
                                              {"strided convolutions, adjoints, weights", convolutions},
                                              {"weights of a transposed convolution", transposed_weights},
                                              {"wrong shapes and failing allocations", mistakes},
                                              {0}});
}
