/* Group norm and its adjoint against plain loops in double. */
#include "kernel/block.h"

static const tx_shape shapes[] = {{4, 1, {30}},       {6, 0, {0}},   {2, 1, {1}},   {6, 2, {4, 9}},
                                  {2, 3, {2, 3, 17}}, {8, 1, {700}}, {32, 1, {160}}};
enum { NUM_SHAPES = sizeof shapes / sizeof *shapes };
static const int samples[] = {1, 2, 3, 5, 8, 16, 20, 33, 63, 127, 1031};
enum { NUM_SAMPLES = sizeof samples / sizeof *samples, MOST_CHANNELS = 32 };
static const int64_t narrow[] = {1, 1, 1}, broad[] = {2, 0, 3}, none[] = {0, 0, 0};
#define EPS 1e-5

typedef struct norm_case {
    const tx_kernels *kernels;
    int groups, b;
    int64_t cells, points, each; /* numbers of a sample, of a channel, of a group */
    block x, dy, add, s, m, p, y;
    double w[MOST_CHANNELS], bias[MOST_CHANNELS];
    void *weights, *biases;
} norm_case;

static block make(const norm_case *c, const tx_shape *shape, const int64_t *low, const int64_t *high, uint32_t seed)
{
    block t = block_make(c->kernels->precision, *shape, c->b, low, high);
    if (seed) {
        block_randomise(&t, seed);
    }
    return t;
}

static norm_case norm_make(const tx_kernels *kernels, const tx_shape *shape, int groups, int b, double shift)
{
    norm_case c = {.kernels = kernels, .groups = groups, .b = b};
    const tx_shape of_groups = {.channels = 2 * groups}, pull = {.channels = 4 * groups},
                   of_channels = {.channels = 2 * shape->channels};
    c.x = make(&c, shape, narrow, broad, 1);
    c.dy = make(&c, shape, broad, none, 2);
    c.add = make(&c, shape, none, narrow, 3);
    c.y = make(&c, shape, narrow, narrow, 0);
    c.s = make(&c, &of_groups, none, none, 0);
    c.p = make(&c, &pull, none, none, 0);
    c.m = make(&c, &of_channels, none, none, 0);
    c.points = tx_shape_points(shape);
    c.cells = c.points * shape->channels;
    c.each = c.cells / groups;
    c.weights = new_reals(kernels->precision, shape->channels);
    c.biases = new_reals(kernels->precision, shape->channels);
    uint32_t seed = 7;
    for (int64_t k = 0; k < shape->channels; k++) {
        set_real(kernels->precision, c.weights, k, c.w[k] = 1 + next_value(&seed));
        set_real(kernels->precision, c.biases, k, c.bias[k] = next_value(&seed));
    }
    for (int64_t k = 0; k < c.cells * b; k++) { /* samples of different size, away from zero */
        block_set(&c.x, k / b, k % b, shift + (1 + (double)(k % b)) * block_get(&c.x, k / b, k % b));
    }
    return c;
}

static void norm_free(norm_case *c)
{
    block *const all[] = {&c->x, &c->dy, &c->add, &c->s, &c->m, &c->p, &c->y};
    for (int k = 0; k < 7; k++) {
        tx_free(all[k]->data);
    }
    tx_free(c->weights);
    tx_free(c->biases);
}

typedef struct moments {
    double mean, inverse;
} moments;

static moments reference(const norm_case *c, int64_t g, int64_t k)
{
    long double mean = 0, square = 0;
    for (int64_t cell = g * c->each; cell < (g + 1) * c->each; cell++) {
        mean += (long double)block_get(&c->x, cell, k) / (long double)c->each;
    }
    for (int64_t cell = g * c->each; cell < (g + 1) * c->each; cell++) {
        const long double d = (long double)block_get(&c->x, cell, k) - mean;
        square += d * d / (long double)c->each;
    }
    return (moments){(double)mean, 1 / sqrt((double)square + EPS)};
}

static double activation(tx_activation e, double x)
{
    return e == TX_RELU ? (x > 0 ? x : 0) : e == TX_TANH ? tanh(x) : x;
}

/* In units of the last place of 1: a few hundred additions that round, of numbers of that size. */
static double tolerance(const norm_case *c)
{
    return 64 * epsilon(c->kernels->precision);
}

static bool check_forward(norm_case *c, tx_activation e, bool add)
{
    c->kernels->group_norm(c->groups, e, tensor_of(&c->x), tensor_of(&c->s), c->weights, c->biases,
                           add ? tensor_of(&c->add) : (tx_tensor){0}, tensor_of(&c->y));
    bool ok = block_untouched_outside(&c->y);
    for (int k = 0; k < c->b && ok; k++) {
        for (int64_t cell = 0; cell < c->cells && ok; cell++) {
            const moments want = reference(c, cell / c->each, k);
            for (; cell < c->cells && ok; cell++) {
                const int64_t channel = cell / c->points;
                const double y = (block_get(&c->x, cell, k) - want.mean) * want.inverse * c->w[channel] + c->bias[channel];
                const double all = activation(e, y + (add ? block_get(&c->add, cell, k) : 0));
                ok = near(c->kernels, "norm", block_get(&c->y, cell, k), all,
                          tolerance(c) * (1 + fabs(y) + fabs(want.mean * want.inverse)));
                if ((cell + 1) % c->each == 0) {
                    break;
                }
            }
        }
    }
    return ok;
}

static bool check_statistics(norm_case *c)
{
    c->kernels->group_statistics(c->groups, EPS, tensor_of(&c->x), tensor_of(&c->s));
    bool ok = block_untouched_outside(&c->s);
    for (int64_t k = 0; k < c->groups * c->b && ok; k++) {
        const int64_t g = k / c->b, lane = k % c->b;
        const moments want = reference(c, g, lane);
        ok = near(c->kernels, "mean", block_get(&c->s, g, lane), want.mean,
                  tolerance(c) * (1 + fabs(want.mean) + 1 / want.inverse)) &&
             near(c->kernels, "1 / deviation", block_get(&c->s, c->groups + g, lane), want.inverse,
                  tolerance(c) * want.inverse * (1 + fabs(want.mean * want.inverse)));
    }
    return ok;
}

/* dy -> dx by the definition, for one sample and group; also the moments of its channels. */
static bool check_sample(const norm_case *c, int64_t g, int k, bool add, bool masked)
{
    const moments m = reference(c, g, k);
    const int64_t first = g * c->each, end = first + c->each, channels = c->cells / c->points;
    long double sum = 0, product = 0;
    double of_channel[2] = {0};
    bool ok = true;
    for (int64_t cell = first; cell < end; cell++) {
        const double d = block_get(&c->dy, cell, k), x = (block_get(&c->x, cell, k) - m.mean) * m.inverse,
                     w = c->w[cell / c->points];
        sum += (long double)(w * d) / (long double)c->each;
        product += (long double)(w * d * x) / (long double)c->each;
        of_channel[0] += d;
        of_channel[1] += d * x;
        if ((cell + 1) % c->points == 0) {
            const double t = tolerance(c) * (double)c->points;
            ok = ok && near(c->kernels, "sum of dy", block_get(&c->m, cell / c->points, k), of_channel[0], t) &&
                 near(c->kernels, "sum of dy x", block_get(&c->m, channels + cell / c->points, k), of_channel[1], 4 * t);
            of_channel[0] = of_channel[1] = 0;
        }
    }
    for (int64_t cell = first; cell < end && ok; cell++) {
        const double raw = block_get(&c->x, cell, k), x = (raw - m.mean) * m.inverse;
        double want = m.inverse * (c->w[cell / c->points] * block_get(&c->dy, cell, k) - (double)sum - x * (double)product);
        want += add ? block_get(&c->add, cell, k) : 0;
        want = masked && raw <= 0 ? 0 : want;
        ok = near(c->kernels, "dx", block_get(&c->y, cell, k), want, 4 * tolerance(c) * (1 + m.inverse));
    }
    return ok;
}

static bool check_adjoint(norm_case *c, bool add, bool masked)
{
    const double share = 1 / (double)c->each;
    c->kernels->group_moments(c->groups, tensor_of(&c->dy), tensor_of(&c->x), tensor_of(&c->s), tensor_of(&c->m));
    c->kernels->group_pull(c->groups, share, tensor_of(&c->m), tensor_of(&c->s), c->weights, tensor_of(&c->p));
    c->kernels->group_norm_gradient(c->groups, masked, tensor_of(&c->dy), tensor_of(&c->x), tensor_of(&c->p), c->weights,
                                    add ? tensor_of(&c->add) : (tx_tensor){0}, tensor_of(&c->y));
    bool ok = block_untouched_outside(&c->m) && block_untouched_outside(&c->p) && block_untouched_outside(&c->y);
    for (int64_t g = 0; g < c->groups; g++) {
        for (int k = 0; k < c->b && ok; k++) {
            ok = check_sample(c, g, k, add, masked);
        }
    }
    return ok;
}

static void norms_on(const tx_kernels *kernels)
{
    static const tx_activation activations[] = {TX_IDENTITY, TX_RELU, TX_TANH};
    for (int k = 0; k < NUM_SHAPES * NUM_SAMPLES; k++) {
        const tx_shape *shape = &shapes[k / NUM_SAMPLES];
        const int b = samples[k % NUM_SAMPLES];
        if (shape->channels * tx_shape_points(shape) * b > 200000) {
            continue;
        }
        for (int groups = 1; groups <= 2; groups++) {
            norm_case c = norm_make(kernels, shape, groups, b, 0.25);
            CU_ASSERT(check_statistics(&c));
            for (int variant = 0; variant < 3; variant++) {
                CU_ASSERT(check_forward(&c, activations[variant], variant != 1 || k % 2));
                CU_ASSERT(check_adjoint(&c, variant == 1, variant == 2 || k % 2));
            }
            norm_free(&c);
        }
    }
}
static void norms(void)
{
    for_all_kernels(norms_on);
}

/* A mean of 1,000 deviations costs no more than the rounding of x itself. */
static void far_from_zero_on(const tx_kernels *kernels)
{
    norm_case c = norm_make(kernels, &shapes[0], 1, 5, 1024);
    CU_ASSERT(check_statistics(&c));
    norm_free(&c);
}
static void far_from_zero(void)
{
    for_all_kernels(far_from_zero_on);
}

int main(void)
{
    return suite_run("norm", (suite_test[]){{"values and adjoint", norms}, {"far from zero", far_from_zero}, {0}});
}
