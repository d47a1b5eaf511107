/* Kingma & Ba 2015 (arXiv:1412.6980); with `nesterov` Dozat's variant of 2016. Arithmetic in the order of optax.adam, in the run's
 * precision; this file is compiled twice, by including itself with `real` defined. */
#ifndef real

#include <float.h>
#include <math.h>

#include "base/memory.h"
#include "options.h"
#include "power.h"

/* Optax forms 1 - decay from the Python number, but decay^count and 1 - decay^count in the run's precision. */
typedef struct adam_options {
    double b1, b2, eps, eps_root;
    bool nesterov;
} adam_options;

typedef struct adam_constants {
    double b1, b2, one_minus_b1, one_minus_b2, eps, eps_root, minus_rate;
    double correction1, correction2, correction1_next;
} adam_constants;

static double bias_correction(tx_precision precision, double decay, int64_t count)
{
    if (precision == TX_FLOAT32) {
        return (double)(1.0f - (float)tx_power((long double)(float)decay, count));
    }
    return 1.0 - (double)tx_power((long double)decay, count);
}

static adam_constants prepare(const tx_optimizer *optimizer, const tx_update *update)
{
    const adam_options *o = optimizer->state;
    return (adam_constants){
        .b1 = o->b1,
        .b2 = o->b2,
        .one_minus_b1 = 1 - o->b1,
        .one_minus_b2 = 1 - o->b2,
        .eps = o->eps,
        .eps_root = o->eps_root,
        .minus_rate = -update->rate,
        .correction1 = bias_correction(optimizer->precision, o->b1, update->count + 1),
        .correction2 = bias_correction(optimizer->precision, o->b2, update->count + 1),
        .correction1_next = o->nesterov ? bias_correction(optimizer->precision, o->b1, update->count + 2) : 1,
    };
}

#define real float
#define NAME(name) name##_float
#define SQRT sqrtf
#define ABS fabsf
#define LARGEST FLT_MAX
#include __FILE__
#undef real
#undef NAME
#undef SQRT
#undef ABS
#undef LARGEST
#define real double
#define NAME(name) name##_double
#define SQRT sqrt
#define ABS fabs
#define LARGEST DBL_MAX
#include __FILE__

static bool update_adam(const tx_optimizer *optimizer, const tx_update *update)
{
    const adam_constants constants = prepare(optimizer, update);
    const bool nesterov = ((const adam_options *)optimizer->state)->nesterov;
    if (optimizer->precision == TX_FLOAT32) {
        return nesterov ? nadam_float(&constants, update, optimizer->num_parameters)
                        : adam_float(&constants, update, optimizer->num_parameters);
    }
    return nesterov ? nadam_double(&constants, update, optimizer->num_parameters)
                    : adam_double(&constants, update, optimizer->num_parameters);
}

static tx_status create_adam(tx_optimizer *optimizer, tx_error *error)
{
    const tx_section *section = optimizer->section;
    adam_options *o;
    TX_TRY(tx_allocate(sizeof *o, error, &o));
    *o = (adam_options){
        .b1 = tx_get_real(section, "b1"),
        .b2 = tx_get_real(section, "b2"),
        .eps = tx_get_real(section, "eps"),
        .eps_root = tx_get_real(section, "eps_root"),
        .nesterov = tx_get_boolean(section, "nesterov"),
    };
    optimizer->state = o;
    return TX_OK;
}

static int num_slots(const tx_section *section)
{
    (void)section;
    return 2;
}

static const tx_option options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_DECAY("b1", "0.9", "decay of the running mean of the gradient"),
    TX_OPTION_DECAY("b2", "0.999", "decay of the running mean of its square"),
    {.name = "eps", .type = TX_TYPE_REAL, .initial = "1e-8", .unit = "", .text = "added to the denominator, outside the root"},
    {.name = "eps_root", .type = TX_TYPE_REAL, .initial = "0.0", .unit = "", .text = "added to the denominator, under the root"},
    {.name = "nesterov", .type = TX_TYPE_BOOLEAN, .initial = "false", .unit = "", .text = "Nesterov momentum (nadam)"},
    {0},
};
static const tx_optimizer_class class_ = {
    .num_slots = num_slots,
    .slot_names = (const char *const[]){"mu", "nu"},
    .create = create_adam,
    .update = update_adam,
};
const tx_component tx_optimizer_adam = {
    .kind = TX_KIND_OPTIMIZER,
    .name = "adam",
    .summary = "adaptive moments, as optax.adam",
    .options = options,
    .implementation = &class_,
};

#else /* once per precision */

typedef struct NAME(constants) {
    real b1, b2, one_minus_b1, one_minus_b2, eps, eps_root, minus_rate, correction1, correction2, correction1_next;
} NAME(constants);

static NAME(constants) NAME(convert)(const adam_constants *c)
{
    return (NAME(constants)){
        (real)c->b1,       (real)c->b2,         (real)c->one_minus_b1, (real)c->one_minus_b2, (real)c->eps,
        (real)c->eps_root, (real)c->minus_rate, (real)c->correction1,  (real)c->correction2,  (real)c->correction1_next};
}

static bool NAME(adam)(const adam_constants *constants, const tx_update *update, int64_t n)
{
    const NAME(constants) c = NAME(convert)(constants);
    const real *restrict g = update->gradient, *restrict p = update->parameters;
    const real *restrict mu = update->slots[0], *restrict nu = update->slots[1];
    real *restrict p_next = update->next_parameters;
    real *restrict mu_next = update->next_slots[0], *restrict nu_next = update->next_slots[1];
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (int64_t i = 0; i < n; i++) {
        const real m = c.one_minus_b1 * g[i] + c.b1 * mu[i];
        const real v = c.one_minus_b2 * (g[i] * g[i]) + c.b2 * nu[i];
        const real step = (m / c.correction1) / (SQRT(v / c.correction2 + c.eps_root) + c.eps);
        const real next = p[i] + c.minus_rate * step;
        mu_next[i] = m;
        nu_next[i] = v;
        p_next[i] = next;
        bad |= !(ABS(next) <= LARGEST);
    }
    return !bad;
}

static bool NAME(nadam)(const adam_constants *constants, const tx_update *update, int64_t n)
{
    const NAME(constants) c = NAME(convert)(constants);
    const real *restrict g = update->gradient, *restrict p = update->parameters;
    const real *restrict mu = update->slots[0], *restrict nu = update->slots[1];
    real *restrict p_next = update->next_parameters;
    real *restrict mu_next = update->next_slots[0], *restrict nu_next = update->next_slots[1];
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (int64_t i = 0; i < n; i++) {
        const real m = c.one_minus_b1 * g[i] + c.b1 * mu[i];
        const real v = c.one_minus_b2 * (g[i] * g[i]) + c.b2 * nu[i];
        const real mean = c.b1 * (m / c.correction1_next) + c.one_minus_b1 * (g[i] / c.correction1);
        const real step = mean / (SQRT(v / c.correction2 + c.eps_root) + c.eps);
        const real next = p[i] + c.minus_rate * step;
        mu_next[i] = m;
        nu_next[i] = v;
        p_next[i] = next;
        bad |= !(ABS(next) <= LARGEST);
    }
    return !bad;
}

#endif
