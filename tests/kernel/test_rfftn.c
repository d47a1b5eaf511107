/* Real Fourier transforms of all axes, their transposes and products with tables against numpy's definitions, summed in long
 * double. */
#include <stdlib.h>

#include "kernel/block.h"

typedef struct rfftn_case {
    tx_shape x;
    int samples;
} rfftn_case;

/* Even, odd, prime, one and two points; one sample (contiguous lines) and several, more than a vector has lanes; lengths of our own
 * transforms and FFTW's, long enough for the larger steps of these. */
static const rfftn_case cases[] = {
    {{2, 1, {16}}, 3},      {{1, 1, {15}}, 1},      {{3, 1, {1}}, 2},      {{1, 1, {2}}, 5},       {{1, 1, {101}}, 4},
    {{1, 1, {600}}, 2},     {{2, 2, {4, 6}}, 1},    {{2, 2, {5, 4}}, 2},   {{1, 2, {6, 7}}, 3},    {{1, 2, {1, 8}}, 1},
    {{1, 2, {7, 1}}, 2},    {{3, 2, {2, 2}}, 2},    {{1, 2, {24, 30}}, 1}, {{1, 3, {4, 3, 6}}, 2}, {{2, 3, {5, 2, 3}}, 1},
    {{1, 3, {3, 4, 5}}, 3}, {{1, 3, {8, 8, 8}}, 1}, {{1, 1, {160}}, 17},   {{1, 1, {45}}, 33},     {{1, 2, {20, 40}}, 1},
    {{1, 2, {14, 6}}, 3},   {{1, 2, {9, 16}}, 20},  {{1, 1, {256}}, 1},    {{1, 1, {375}}, 1},
};
enum { NUM_CASES = sizeof cases / sizeof *cases };

typedef struct transform {
    const rfftn_case *c;
    int64_t points, modes, half;
    tx_spectral_shape shape;
    block x, spectrum;
    tx_rfft *rfftn;
    void *scratch;
} transform;

static transform make_transform(const tx_kernels *kernels, const rfftn_case *c, bool weighted)
{
    transform t = {.c = c, .points = tx_shape_points(&c->x), .half = c->x.n[c->x.axes - 1] / 2 + 1};
    t.modes = t.points / c->x.n[c->x.axes - 1] * t.half;
    const tx_shape modes = {.channels = c->x.channels, .axes = 1, .n = {2 * t.modes}};
    t.x = block_make(kernels->precision, c->x, c->samples, (int64_t[]){1, 0, 2}, (int64_t[]){0, 1, 1});
    t.spectrum = block_make(kernels->precision, modes, c->samples, NULL, NULL);
    t.shape = (tx_spectral_shape){.x = t.x.layout, .modes = t.spectrum.layout, .weighted = weighted};
    CU_ASSERT_EQUAL_FATAL(kernels->rfftn_create(&t.shape, NULL, &t.rfftn), TX_OK);
    t.scratch = new_reals(kernels->precision, (int64_t)kernels->rfftn_scratch(t.rfftn));
    return t;
}

static void free_transform(const tx_kernels *kernels, transform *t)
{
    kernels->rfftn_destroy(t->rfftn);
    tx_free(t->x.data), tx_free(t->spectrum.data), tx_free(t->scratch);
}

static double angle(const rfftn_case *c, int64_t mode, int64_t point)
{
    double turns = 0;
    for (int d = c->x.axes - 1; d >= 0; d--) {
        const int64_t n = c->x.n[d], count = d == c->x.axes - 1 ? n / 2 + 1 : n;
        turns += (double)(point % n * (mode % count) % n) / (double)n;
        point /= n;
        mode /= count;
    }
    return 2 * M_PI * turns;
}

static bool is_edge(const transform *t, int64_t mode)
{
    const int64_t k = mode % t->half;
    return k == 0 || 2 * k == t->c->x.n[t->c->x.axes - 1];
}

/* What a mode counts in irfftn. */
static double counted(const transform *t, int64_t mode)
{
    return (is_edge(t, mode) ? 1.0 : 2.0) / (double)t->points;
}

static int64_t mode_at(const transform *t, int64_t channel, int64_t mode, int64_t sample)
{
    return t->spectrum.layout.origin + channel * t->spectrum.layout.channel + 2 * (sample * t->modes + mode);
}

static bool check_forward(const tx_kernels *kernels, const transform *t, double tolerance)
{
    bool ok = true;
    for (int64_t m = 0; m < t->modes; m++) {
        const double weight = t->shape.weighted ? counted(t, m) : 1;
        for (int64_t c = 0; c < t->c->x.channels; c++) {
            for (int k = 0; k < t->c->samples && ok; k++) {
                long double re = 0, im = 0;
                for (int64_t p = 0; p < t->points; p++) {
                    const double x = block_get(&t->x, c * t->points + p, k), theta = angle(t->c, m, p);
                    re += (long double)(x * cos(theta));
                    im -= (long double)(x * sin(theta));
                }
                const int64_t at = mode_at(t, c, m, k);
                ok = near(kernels, "real part", get_real(kernels->precision, t->spectrum.data, at), weight * (double)re,
                          weight * tolerance) &&
                     near(kernels, "imaginary part", get_real(kernels->precision, t->spectrum.data, at + 1), weight * (double)im,
                          weight * tolerance);
            }
        }
    }
    return ok;
}

/* Modes that are not those of a real field: the sum of the real parts is what a transpose and irfftn give. */
static bool check_backward(const tx_kernels *kernels, const transform *t, const double *modes, double tolerance)
{
    bool ok = true;
    for (int64_t p = 0; p < t->points; p++) {
        for (int64_t c = 0; c < t->c->x.channels; c++) {
            for (int k = 0; k < t->c->samples && ok; k++) {
                long double sum = 0;
                for (int64_t m = 0; m < t->modes; m++) {
                    const double theta = angle(t->c, m, p), *z = modes + 2 * ((c * t->c->samples + k) * t->modes + m);
                    sum += (long double)((t->shape.weighted ? counted(t, m) : 1) * (z[0] * cos(theta) - z[1] * sin(theta)));
                }
                ok = near(kernels, "value", block_get(&t->x, c * t->points + p, k), (double)sum,
                          t->shape.weighted ? tolerance / (double)t->points : tolerance);
            }
        }
    }
    return ok;
}

/* Random modes, also those that a real field has not. */
static void fill_modes(const transform *t, uint32_t *seed, double *modes)
{
    for (int64_t c = 0; c < t->c->x.channels; c++) {
        for (int k = 0; k < t->c->samples; k++) {
            for (int64_t j = 0; j < 2 * t->modes; j++) {
                const double value = next_value(seed);
                modes[2 * (c * t->c->samples + k) * t->modes + j] = value;
                set_real(t->spectrum.precision, t->spectrum.data, mode_at(t, c, 0, k) + j, value);
            }
        }
    }
}

/* Parts of a run write the same bits. */
static void run(const tx_kernels *kernels, const transform *t, int parts, bool forward)
{
    for (int k = parts - 1; k >= 0; k--) {
        if (forward) {
            kernels->rfftn_forward(t->rfftn, (tx_part){k, parts}, t->x.data, t->spectrum.data, t->scratch);
        } else {
            kernels->rfftn_backward(t->rfftn, (tx_part){k, parts}, t->spectrum.data, t->x.data, t->scratch);
        }
    }
}

static void check_case(const tx_kernels *kernels, const rfftn_case *c, bool weighted, uint32_t seed)
{
    transform t = make_transform(kernels, c, weighted);
    double *modes = malloc((size_t)(2 * c->x.channels * c->samples * t.modes) * sizeof *modes);
    const double tolerance = 8 * epsilon(kernels->precision) * sqrt((double)t.points) * log2(2 + (double)t.points);
    for (int parts = 1; parts <= 3; parts += 2) {
        block_randomise(&t.x, seed);
        run(kernels, &t, parts, true);
        CU_ASSERT(check_forward(kernels, &t, tolerance));
        fill_modes(&t, &seed, modes);
        run(kernels, &t, parts, false);
        CU_ASSERT(check_backward(kernels, &t, modes, tolerance));
        CU_ASSERT(block_untouched_outside(&t.x));
    }
    free(modes);
    free_transform(kernels, &t);
}

static void transforms(const tx_kernels *kernels)
{
    for (int k = 0; k < 2 * NUM_CASES; k++) {
        check_case(kernels, &cases[k / 2], k % 2, (uint32_t)k);
    }
}
static void all_transforms(void)
{
    for_all_kernels(transforms);
}

/* ---- A sample's bits do not depend on the others of its block ---- */

static void compare_alone(const tx_kernels *kernels, const transform *all, const transform *one, int sample)
{
    const size_t real = tx_real_bytes(kernels->precision);
    for (int64_t c = 0; c < all->c->x.channels; c++) {
        for (int64_t p = 0; p < all->points; p++) {
            block_set(&one->x, c * all->points + p, 0, block_get(&all->x, c * all->points + p, sample));
        }
    }
    run(kernels, one, 1, true);
    for (int64_t c = 0; c < all->c->x.channels; c++) {
        CU_ASSERT(!memcmp((char *)one->spectrum.data + (size_t)mode_at(one, c, 0, 0) * real,
                          (char *)all->spectrum.data + (size_t)mode_at(all, c, 0, sample) * real, (size_t)(2 * all->modes) * real));
    }
}

static void alone(const tx_kernels *kernels)
{
    static const rfftn_case shared[] = {{{2, 1, {30}}, 19}, {{1, 1, {15}}, 5}, {{1, 2, {6, 10}}, 3}};
    for (size_t k = 0; k < sizeof shared / sizeof *shared; k++) {
        const rfftn_case single = {shared[k].x, 1};
        transform all = make_transform(kernels, &shared[k], false), one = make_transform(kernels, &single, false);
        block_randomise(&all.x, (uint32_t)k);
        run(kernels, &all, 1, true);
        for (int s = 0; s < shared[k].samples; s++) {
            compare_alone(kernels, &all, &one, s);
        }
        free_transform(kernels, &all);
        free_transform(kernels, &one);
    }
}
static void all_alone(void)
{
    for_all_kernels(alone);
}

/* Out of place, then in place. */
static void check_product(const tx_kernels *kernels, int64_t modes, int samples, int64_t tables, bool conjugate)
{
    const tx_shape shape = {.channels = 3, .axes = 1, .n = {2 * modes}};
    const tx_precision precision = kernels->precision;
    block x = block_make(precision, shape, samples, NULL, NULL), y = block_make(precision, shape, samples, NULL, NULL);
    void *table = NULL;
    uint32_t seed = 5;
    CU_ASSERT_EQUAL_FATAL(tx_allocate_array((size_t)(2 * tables * modes + 1), tx_real_bytes(precision), NULL, &table), TX_OK);
    char *t = (char *)table + tx_real_bytes(precision); /* at any alignment */
    for (int64_t k = 0; k < 2 * tables * modes; k++) {
        set_real(precision, t, k, next_value(&seed));
    }
    block_randomise(&x, 3);
    for (int part = 0; part < 2; part++) {
        kernels->multiply_modes((tx_part){part, 2}, conjugate, tables, &x.layout, x.data, t, &y.layout, y.data);
    }
    CU_ASSERT(block_untouched_outside(&y));
    for (int64_t k = 0; k < 3 * samples * modes; k++) {
        const int64_t c = k / (samples * modes), at = x.layout.origin + c * x.layout.channel + 2 * (k % (samples * modes));
        const int64_t w = 2 * ((tables > 1 ? c : 0) * modes + k % modes);
        const double sign = conjugate ? -1 : 1;
        const double re = get_real(precision, x.data, at), im = get_real(precision, x.data, at + 1);
        const double wr = get_real(precision, t, w), wi = sign * get_real(precision, t, w + 1); /* small multiples of 1 / 64 */
        CU_ASSERT_EQUAL(get_real(precision, y.data, at), re * wr - im * wi);
        CU_ASSERT_EQUAL(get_real(precision, y.data, at + 1), re * wi + im * wr);
    }
    kernels->multiply_modes(tx_whole, conjugate, tables, &x.layout, x.data, t, &x.layout, x.data);
    for (int64_t k = 0; k < 3 * 2 * modes * samples; k++) {
        const int64_t at = x.layout.origin + k / (2 * modes * samples) * x.layout.channel + k % (2 * modes * samples);
        CU_ASSERT_EQUAL(get_real(precision, x.data, at), get_real(precision, y.data, at));
    }
    tx_free(x.data), tx_free(y.data), tx_free(table);
}

static void products(const tx_kernels *kernels)
{
    for (int64_t modes = 1; modes < 20; modes++) {
        for (int k = 0; k < 4; k++) {
            check_product(kernels, modes, 1 + (int)modes % 4, k / 2 ? 3 : 1, k % 2);
        }
    }
}
static void all_products(void)
{
    for_all_kernels(products);
}

static void without_memory(const tx_kernels *kernels)
{
    const rfftn_case c = {{1, 2, {4, 6}}, 2};
    transform t = make_transform(kernels, &c, false);
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    for (long n = 0; n < 10 && status != TX_OK; n++) {
        tx_rfft *rfftn = NULL;
        tx_memory_fail_after(n);
        status = kernels->rfftn_create(&t.shape, NULL, &rfftn);
        tx_memory_fail_after(-1);
        kernels->rfftn_destroy(rfftn);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    free_transform(kernels, &t);
}
static void all_without_memory(void)
{
    for_all_kernels(without_memory);
}

int main(void)
{
    return suite_run("kernel/rfftn", (suite_test[]){{"transforms and their transposes", all_transforms},
                                                    {"a sample alone", all_alone},
                                                    {"products with tables", all_products},
                                                    {"no memory", all_without_memory},
                                                    {0}});
}
