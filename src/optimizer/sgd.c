/* Stochastic gradient descent, plain, with heavy-ball momentum or Nesterov's, in the order of optax.sgd: the trace is
 * t <- g + momentum * t, without dampening. This file is compiled twice, by including itself with `real` defined. */
#ifndef real

#include <float.h>
#include <math.h>

#include "base/memory.h"
#include "options.h"

typedef struct sgd_options {
    double momentum;
    bool nesterov;
} sgd_options;

#define real float
#define NAME(name) name##_float
#define ABS fabsf
#define LARGEST FLT_MAX
#include __FILE__
#undef real
#undef NAME
#undef ABS
#undef LARGEST
#define real double
#define NAME(name) name##_double
#define ABS fabs
#define LARGEST DBL_MAX
#include __FILE__

static bool update_sgd(const tx_optimizer *optimizer, const tx_update *update)
{
    const int64_t n = optimizer->num_parameters;
    if (optimizer->num_slots == 0) {
        return optimizer->precision == TX_FLOAT32 ? plain_float(update, n) : plain_double(update, n);
    }
    const sgd_options *o = optimizer->state;
    return optimizer->precision == TX_FLOAT32 ? momentum_float(update, o->momentum, o->nesterov, n)
                                              : momentum_double(update, o->momentum, o->nesterov, n);
}

static tx_status create_sgd(tx_optimizer *optimizer, tx_error *error)
{
    sgd_options *o;
    TX_TRY(tx_allocate(sizeof *o, error, &o));
    o->nesterov = tx_get_boolean(optimizer->section, "nesterov");
    o->momentum = tx_has(optimizer->section, "momentum") ? tx_get_real(optimizer->section, "momentum") : 0;
    optimizer->state = o;
    return TX_OK;
}

static int num_slots(const tx_section *section)
{
    return tx_has(section, "momentum");
}

static const tx_option options[] = {
    TX_OPTION_LEARNING_RATE,
    {.name = "momentum", .type = TX_TYPE_REAL, .initial = "null", .unit = "", .text = "decay of the trace; null: none is kept"},
    {.name = "nesterov", .type = TX_TYPE_BOOLEAN, .initial = "false", .unit = "", .text = "Nesterov momentum"},
    {0},
};
static const tx_optimizer_class class_ = {
    .num_slots = num_slots,
    .slot_names = (const char *const[]){"trace"},
    .create = create_sgd,
    .update = update_sgd,
};
const tx_component tx_optimizer_sgd = {
    .kind = TX_KIND_OPTIMIZER,
    .name = "sgd",
    .summary = "stochastic gradient descent with optional momentum, as optax.sgd",
    .options = options,
    .implementation = &class_,
};

#else /* once per precision */

static bool NAME(plain)(const tx_update *update, int64_t n)
{
    const real *restrict g = update->gradient, *restrict p = update->parameters;
    real *restrict p_next = update->next_parameters;
    const real minus_rate = (real)-update->rate;
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (int64_t i = 0; i < n; i++) {
        const real next = p[i] + minus_rate * g[i];
        p_next[i] = next;
        bad |= !(ABS(next) <= LARGEST);
    }
    return !bad;
}

static bool NAME(momentum)(const tx_update *update, double decay, bool nesterov, int64_t n)
{
    const real *restrict g = update->gradient, *restrict p = update->parameters, *restrict trace = update->slots[0];
    real *restrict p_next = update->next_parameters, *restrict trace_next = update->next_slots[0];
    const real minus_rate = (real)-update->rate, momentum = (real)decay;
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (int64_t i = 0; i < n; i++) {
        const real t = g[i] + momentum * trace[i];
        const real step = nesterov ? g[i] + momentum * t : t;
        const real next = p[i] + minus_rate * step;
        trace_next[i] = t;
        p_next[i] = next;
        bad |= !(ABS(next) <= LARGEST);
    }
    return !bad;
}

#endif
