/* Truncated Fourier transforms, products of modes and their gradients against their definitions, summed in long double. */
#include "kernel/block.h"

typedef struct spectral_case {
    tx_shape x; /* channels: of the input */
    int64_t out;
    int64_t count[TX_MAX_AXES];
    int samples;
} spectral_case;

/* Even points (a multiple of 4 or not), odd ones, all modes there are, overlapping blocks, one sample (pieces of one real),
 * many; one point. */
static const spectral_case cases[] = {
    {{3, 1, {16}}, 2, {4}, 5},
    {{2, 1, {10}}, 3, {6}, 1},
    {{5, 1, {9}}, 5, {5}, 3},
    {{18, 1, {160}}, 18, {12}, 5},
    {{1, 1, {1}}, 1, {1}, 2},
    {{2, 1, {2}}, 1, {2}, 16},
    {{3, 1, {31}}, 4, {7}, 1},
    {{11, 1, {24}}, 2, {3}, 1},
    {{2, 2, {8, 6}}, 3, {3, 2}, 1},
    {{3, 2, {7, 9}}, 2, {2, 5}, 3},
    {{1, 2, {6, 10}}, 1, {6, 6}, 2},
    {{2, 2, {5, 4}}, 2, {4, 3}, 1},
    {{3, 2, {20, 34}}, 3, {7, 11}, 1},
    {{2, 3, {4, 6, 8}}, 2, {2, 3, 4}, 1},
    {{2, 3, {5, 4, 7}}, 3, {3, 2, 2}, 2},
    {{1, 3, {3, 3, 2}}, 1, {2, 3, 2}, 3},
    {{2, 2, {1, 12}}, 2, {1, 4}, 2},
    {{3, 2, {80, 96}}, 1, {2, 1}, 4}, /* channel by channel */
    {{2, 1, {256}}, 2, {129}, 3},     /* FFTW: all modes there are, of even and odd points; some */
    {{1, 1, {301}}, 1, {151}, 1},
    {{3, 1, {512}}, 2, {120}, 5},
    {{2, 2, {3, 121}}, 1, {2, 61}, 3}, /* overlapping blocks */
    {{1, 2, {4, 90}}, 2, {2, 46}, 1},
    {{2, 3, {2, 3, 61}}, 1, {1, 2, 31}, 2},
    {{1, 3, {5, 2, 64}}, 2, {3, 1, 30}, 3},
};
enum { NUM_CASES = sizeof cases / sizeof *cases };

typedef struct transform {
    const spectral_case *c;
    int64_t groups, modes, points;
    tx_spectral_shape shape;
    block x, spectrum;
    tx_spectral *spectral;
    void *scratch;
} transform;

static transform make_transform(const tx_kernels *kernels, const spectral_case *c, bool weighted)
{
    transform t = {.c = c, .groups = 1 << (c->x.axes - 1), .modes = 1, .points = tx_shape_points(&c->x)};
    for (int d = 0; d < c->x.axes; d++) {
        t.modes *= c->count[d];
    }
    const tx_shape modes = {.channels = 2 * t.groups * c->x.channels, .axes = 1, .n = {t.modes}};
    t.x = block_make(kernels->precision, c->x, c->samples, (int64_t[]){1, 0, 2}, (int64_t[]){0, 1, 1});
    t.spectrum = block_make(kernels->precision, modes, c->samples, NULL, NULL);
    t.shape = (tx_spectral_shape){.x = t.x.layout, .modes = t.spectrum.layout, .weighted = weighted};
    memcpy(t.shape.count, c->count, sizeof c->count);
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(kernels->spectral_create(&t.shape, &error, &t.spectral), TX_OK);
    CU_ASSERT_EQUAL_FATAL(kernels->spectral_prepare(t.spectral, &error), TX_OK);
    t.scratch = new_reals(kernels->precision, (int64_t)kernels->spectral_scratch(t.spectral));
    return t;
}

static void free_transform(const tx_kernels *kernels, transform *t)
{
    kernels->spectral_destroy(t->spectral);
    tx_free(t->x.data), tx_free(t->spectrum.data), tx_free(t->scratch);
}

/* The index in the FFT's result along axis d. */
static int64_t fft_index(const spectral_case *c, int64_t group, int64_t mode, int d)
{
    for (int e = c->x.axes - 1; e > d; e--) {
        mode /= c->count[e];
    }
    const int64_t j = mode % c->count[d];
    return d < c->x.axes - 1 && (group >> d & 1) ? c->x.n[d] - c->count[d] + j : j;
}

static double angle(const spectral_case *c, int64_t group, int64_t mode, int64_t point)
{
    double turns = 0;
    for (int d = c->x.axes - 1; d >= 0; point /= c->x.n[d], d--) {
        turns += (double)(point % c->x.n[d] * fft_index(c, group, mode, d) % c->x.n[d]) / (double)c->x.n[d];
    }
    return 2 * M_PI * turns;
}

/* irfftn counts modes with a mirror image twice; of equal modes the later group's is used. */
static double counted(const spectral_case *c, int64_t groups, int64_t group, int64_t mode)
{
    for (int64_t g = group + 1; g < groups; g++) {
        bool same = true;
        for (int d = 0; d < c->x.axes - 1; d++) {
            const int64_t index = fft_index(c, group, mode, d), low = g >> d & 1 ? c->x.n[d] - c->count[d] : 0;
            same = same && index >= low && index < low + c->count[d];
        }
        if (same) {
            return 0;
        }
    }
    const int last = c->x.axes - 1;
    const int64_t k = fft_index(c, group, mode, last);
    return (k == 0 || 2 * k == c->x.n[last] ? 1.0 : 2.0) / (double)tx_shape_points(&c->x);
}

/* Modes lie as [sample][mode] in their rows. */
static int64_t mode_at(const transform *t, int64_t channel, int64_t mode, int64_t sample)
{
    return t->spectrum.layout.origin + channel * t->spectrum.layout.channel + sample * t->modes + mode;
}

static bool check_analysis(const tx_kernels *kernels, const transform *t, double tolerance)
{
    bool ok = true;
    for (int64_t g = 0; g < t->groups; g++) {
        for (int64_t m = 0; m < t->modes && ok; m++) {
            const double weight = t->shape.weighted ? counted(t->c, t->groups, g, m) : 1;
            for (int64_t channel = 0; channel < t->c->x.channels; channel++) {
                for (int k = 0; k < t->c->samples && ok; k++) {
                    long double re = 0, im = 0;
                    for (int64_t p = 0; p < t->points; p++) {
                        const double x = block_get(&t->x, channel * t->points + p, k), theta = angle(t->c, g, m, p);
                        re += (long double)(x * cos(theta));
                        im -= (long double)(x * sin(theta));
                    }
                    const int64_t to = 2 * (g * t->c->x.channels + channel);
                    ok = near(kernels, "real part", get_real(kernels->precision, t->spectrum.data, mode_at(t, to, m, k)),
                              weight * (double)re, weight * tolerance) &&
                         near(kernels, "imaginary part", get_real(kernels->precision, t->spectrum.data, mode_at(t, to + 1, m, k)),
                              weight * (double)im, weight * tolerance);
                }
            }
        }
    }
    return ok;
}

static double synthesised(const tx_kernels *kernels, const transform *t, int64_t channel, int64_t point, int sample)
{
    long double sum = 0;
    for (int64_t g = 0; g < t->groups; g++) {
        for (int64_t m = 0; m < t->modes; m++) {
            const int64_t from = 2 * (g * t->c->x.channels + channel);
            const double theta = angle(t->c, g, m, point), weight = t->shape.weighted ? counted(t->c, t->groups, g, m) : 1;
            const double re = get_real(kernels->precision, t->spectrum.data, mode_at(t, from, m, sample));
            const double im = get_real(kernels->precision, t->spectrum.data, mode_at(t, from + 1, m, sample));
            sum += (long double)(weight * (re * cos(theta) - im * sin(theta)));
        }
    }
    return (double)sum;
}

static bool check_synthesis(const tx_kernels *kernels, const transform *t, const block *y, double tolerance)
{
    bool ok = block_untouched_outside(y);
    for (int64_t cell = 0; cell < block_cells(&y->layout) && ok; cell += 1 + cell % 3) {
        for (int k = 0; k < t->c->samples && ok; k++) {
            const double want = synthesised(kernels, t, cell / t->points, cell % t->points, k);
            ok = near(kernels, "point", block_get(y, cell, k), want, tolerance);
        }
    }
    return ok;
}

/* Rounding: each value is a sum of `points` (or as many modes) products below 1 in a few stages. */
static void transforms_on(const tx_kernels *kernels)
{
    for (int k = 0; k < 2 * NUM_CASES; k++) {
        const spectral_case *c = &cases[k / 2];
        transform t = make_transform(kernels, c, k % 2);
        const double tolerance = 4 * epsilon(kernels->precision) * (double)(t.points + 8);
        block_randomise(&t.x, 1);
        kernels->spectral_analyse(t.spectral, tx_whole, t.x.data, t.spectrum.data, t.scratch);
        CU_ASSERT(check_analysis(kernels, &t, tolerance));
        CU_ASSERT(block_untouched_outside(&t.spectrum));
        block_randomise(&t.spectrum, 2);
        block y = block_make(kernels->precision, c->x, c->samples, (int64_t[]){1, 0, 2}, (int64_t[]){0, 1, 1});
        const double unit = (k % 2 ? 2.0 / (double)t.points : 1) * 4 * epsilon(kernels->precision);
        const double rounding = unit * (double)(2 * t.groups * t.modes + 8) + 2 * epsilon(kernels->precision);
        kernels->spectral_synthesise(t.spectral, tx_whole, t.spectrum.data, y.data, t.scratch);
        CU_ASSERT(check_synthesis(kernels, &t, &y, rounding));
        tx_free(y.data);
        free_transform(kernels, &t);
    }
}

static void transforms(void)
{
    for_all_kernels(transforms_on);
}

/* ---- products ---- */

typedef struct products {
    const spectral_case *c;
    int64_t groups, modes, in, out, weights;
    block x, y;
    void *w[2], *dw[2];
} products;

static products make_products(const tx_kernels *kernels, const spectral_case *c, uint32_t seed)
{
    products p = {.c = c, .groups = 1 << (c->x.axes - 1), .modes = 1, .in = c->x.channels, .out = c->out};
    for (int d = 0; d < c->x.axes; d++) {
        p.modes *= c->count[d];
    }
    p.weights = p.groups * p.in * p.out * p.modes;
    p.x = block_make(kernels->precision, (tx_shape){2 * p.groups * p.in, 1, {p.modes}}, c->samples, NULL, NULL);
    p.y = block_make(kernels->precision, (tx_shape){2 * p.groups * p.out, 1, {p.modes}}, c->samples, NULL, NULL);
    block_randomise(&p.x, seed);
    for (int part = 0; part < 2; part++) {
        p.w[part] = new_reals(kernels->precision, p.weights);
        p.dw[part] = new_reals(kernels->precision, p.weights);
        for (int64_t j = 0; j < p.weights; j++) {
            set_real(kernels->precision, p.w[part], j, next_value(&seed));
            set_real(kernels->precision, p.dw[part], j, 1);
        }
    }
    return p;
}

static void free_products(products *p)
{
    tx_free(p->x.data), tx_free(p->y.data);
    for (int part = 0; part < 2; part++) {
        tx_free(p->w[part]), tx_free(p->dw[part]);
    }
}

static double complex_part(const block *t, int64_t g, int64_t channels, int64_t c, int part, int64_t modes, int64_t m, int k)
{
    const int64_t channel = 2 * (g * channels + c) + part;
    return get_real(t->precision, t->data, t->layout.origin + channel * t->layout.channel + k * modes + m);
}

static int64_t weight_at(const products *p, int64_t g, int64_t o, int64_t i, int64_t m)
{
    return ((g * p->out + o) * p->in + i) * p->modes + m;
}

/* y from x, or (adjoint) x from y. */
static bool check_product(const tx_kernels *kernels, const products *p, bool adjoint)
{
    const block *from = adjoint ? &p->y : &p->x, *to = adjoint ? &p->x : &p->y;
    const int64_t in = adjoint ? p->out : p->in, out = adjoint ? p->in : p->out;
    bool ok = block_untouched_outside(to);
    for (int64_t g = 0; g < p->groups; g++) {
        for (int64_t o = 0; o < out; o++) {
            for (int64_t m = 0; m < p->modes; m++) {
                for (int k = 0; k < p->c->samples && ok; k++) {
                    double re = 0, im = 0;
                    for (int64_t i = 0; i < in; i++) {
                        const int64_t at = adjoint ? weight_at(p, g, i, o, m) : weight_at(p, g, o, i, m);
                        const double wr = get_real(kernels->precision, p->w[0], at);
                        const double wi = (adjoint ? -1 : 1) * get_real(kernels->precision, p->w[1], at);
                        const double xr = complex_part(from, g, in, i, 0, p->modes, m, k),
                                     xi = complex_part(from, g, in, i, 1, p->modes, m, k);
                        re += wr * xr - wi * xi;
                        im += wr * xi + wi * xr;
                    }
                    const double tolerance = 4 * epsilon(kernels->precision) * (double)in;
                    ok = near(kernels, "product, real", complex_part(to, g, out, o, 0, p->modes, m, k), re, tolerance) &&
                         near(kernels, "product, imaginary", complex_part(to, g, out, o, 1, p->modes, m, k), im, tolerance);
                }
            }
        }
    }
    return ok;
}

static bool check_gradient(const tx_kernels *kernels, const products *p, int part)
{
    bool ok = true;
    for (int64_t g = 0; g < p->groups; g++) {
        for (int64_t o = 0; o < p->out; o++) {
            for (int64_t i = 0; i < p->in; i++) {
                for (int64_t m = 0; m < p->modes && ok; m++) {
                    double sum = 1; /* what was there */
                    for (int k = 0; k < p->c->samples; k++) {
                        const double xr = complex_part(&p->x, g, p->in, i, 0, p->modes, m, k),
                                     xi = complex_part(&p->x, g, p->in, i, 1, p->modes, m, k);
                        const double dr = complex_part(&p->y, g, p->out, o, 0, p->modes, m, k),
                                     di = complex_part(&p->y, g, p->out, o, 1, p->modes, m, k);
                        sum += part ? di * xr - dr * xi : dr * xr + di * xi;
                    }
                    ok = near(kernels, "gradient", get_real(kernels->precision, p->dw[part], weight_at(p, g, o, i, m)), sum,
                              4 * epsilon(kernels->precision) * (p->c->samples + 1));
                }
            }
        }
    }
    return ok;
}

static void products_on(const tx_kernels *kernels)
{
    for (int n = 0; n < NUM_CASES; n++) {
        products p = make_products(kernels, &cases[n], (uint32_t)n);
        kernels->spectral_multiply(tx_whole, false, p.groups, &p.x.layout, p.x.data, p.w[0], p.w[1], &p.y.layout, p.y.data);
        CU_ASSERT(check_product(kernels, &p, false));
        block_randomise(&p.y, 7);
        for (int part = 0; part < 2; part++) {
            kernels->spectral_weights(tx_whole, part, p.groups, &p.x.layout, p.x.data, &p.y.layout, p.y.data, p.dw[part]);
            CU_ASSERT(check_gradient(kernels, &p, part));
        }
        kernels->spectral_multiply(tx_whole, true, p.groups, &p.y.layout, p.y.data, p.w[0], p.w[1], &p.x.layout, p.x.data);
        CU_ASSERT(check_product(kernels, &p, true));
        free_products(&p);
    }
}

static void mode_products(void)
{
    for_all_kernels(products_on);
}

static void out_of_memory(void)
{
    const tx_kernels *kernels = tx_kernels_get(0, TX_FLOAT32);
    transform t = make_transform(kernels, &cases[8], true);
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    for (long n = 1; status != TX_OK; n++) {
        tx_spectral *spectral = NULL;
        tx_error error = {0};
        tx_memory_fail_after(n);
        status = kernels->spectral_create(&t.shape, &error, &spectral);
        status = status ? status : kernels->spectral_prepare(spectral, &error);
        tx_memory_fail_after(-1);
        kernels->spectral_destroy(spectral);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    free_transform(kernels, &t);
}

int main(void)
{
    return suite_run("spectral", (suite_test[]){{"truncated Fourier transforms", transforms},
                                                {"products of modes", mode_products},
                                                {"out of memory", out_of_memory},
                                                {0}});
}
