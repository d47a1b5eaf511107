/* Clipping, added weights, trust ratios and late momentum, in the order of operations of Optax. This file is compiled twice,
 * by including itself with `real` defined. */
#ifndef real

#include "stage.h"

#include <float.h>
#include <math.h>

/* One loop for all: h = min(max(g, -limit), limit) / divisor * factor + weight * p; what is not asked for is infinite, 1 or 0
 * and changes no bit. */
typedef struct preparation {
    double limit, divisor, factor, weight;
} preparation;

/* Of one leaf, or of all parameters together. */
typedef struct leaf {
    int64_t begin, count;
    double ratio, minus_rate;
} leaf;

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

double tx_stage_norm(tx_precision precision, const void *values, int64_t begin, int64_t count)
{
    return precision == TX_FLOAT32 ? (double)sqrtf((float)squares_float((const float *)values + begin, count))
                                   : sqrt(squares_double((const double *)values + begin, count));
}

const void *tx_stage_before(const tx_optimizer *optimizer, const void *gradient, const void *parameters)
{
    const int64_t n = optimizer->num_parameters;
    const double most = optimizer->clip_by_global_norm;
    preparation how = {.limit = optimizer->clip > 0 ? optimizer->clip : (double)INFINITY, .divisor = 1, .factor = 1};
    if (!optimizer->prepared) {
        return gradient;
    }
    if (most > 0) {
        const double norm = tx_stage_norm(optimizer->precision, gradient, 0, n);
        how.divisor = norm < most ? 1 : norm;
        how.factor = norm < most ? 1 : most;
    }
    how.weight = tx_rate_at(optimizer->added_weights, optimizer->count);
    if (optimizer->precision == TX_FLOAT32) {
        prepare_float(&how, gradient, parameters, optimizer->prepared, n);
    } else {
        prepare_double(&how, gradient, parameters, optimizer->prepared, n);
    }
    return optimizer->prepared;
}

static double trust_ratio(const tx_optimizer *optimizer, const tx_update *update, int64_t begin, int64_t count)
{
    const double parameters = tx_stage_norm(optimizer->precision, update->parameters, begin, count);
    const double direction = tx_stage_norm(optimizer->precision, update->next_parameters, begin, count);
    return parameters == 0 || direction == 0 ? 1 : optimizer->trust_coefficient * parameters / (direction + optimizer->trust_eps);
}

static bool finish(const tx_optimizer *optimizer, const tx_update *update, const leaf *part)
{
    return optimizer->precision == TX_FLOAT32 ? finish_float(optimizer, update, part) : finish_double(optimizer, update, part);
}

bool tx_stage_after(const tx_optimizer *optimizer, const tx_update *update, double rate)
{
    leaf part = {.count = optimizer->num_parameters, .ratio = 1, .minus_rate = -rate};
    bool finite = true;
    if (!optimizer->trust) {
        return finish(optimizer, update, &part);
    }
    for (int k = 0; k < optimizer->num_leaves; k++, part.begin += part.count) {
        part.count = optimizer->leaf_sizes[k];
        part.ratio = trust_ratio(optimizer, update, part.begin, part.count);
        finite &= finish(optimizer, update, &part);
    }
    return finite;
}

#else /* once per precision */

static double NAME(squares)(const real *values, int64_t count)
{
    double sum[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (int k = 0; k < 8; k++) {
            sum[k] += (double)values[i + k] * (double)values[i + k];
        }
    }
    for (; i < count; i++) {
        sum[i % 8] += (double)values[i] * (double)values[i];
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static void NAME(prepare)(const preparation *how, const real *restrict gradient, const real *restrict parameters,
                          real *restrict prepared, int64_t n)
{
    const real limit = (real)how->limit, divisor = (real)how->divisor, factor = (real)how->factor, weight = (real)how->weight;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        const real above = gradient[i] < -limit ? -limit : gradient[i], clipped = above > limit ? limit : above;
        prepared[i] = clipped / divisor * factor + weight * parameters[i];
    }
}

static bool NAME(finish)(const tx_optimizer *optimizer, const tx_update *update, const leaf *part)
{
    const real ratio = (real)part->ratio, minus_rate = (real)part->minus_rate, momentum = (real)optimizer->momentum;
    const int last = optimizer->num_slots - 1;
    const real *restrict p = (const real *)update->parameters + part->begin;
    const real *restrict old = optimizer->trace ? (const real *)update->slots[last] + part->begin : NULL;
    real *restrict trace = optimizer->trace ? (real *)update->next_slots[last] + part->begin : NULL;
    real *restrict next = (real *)update->next_parameters + part->begin;
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (int64_t i = 0; i < part->count; i++) {
        real step = minus_rate * (next[i] * ratio);
        if (trace) {
            const real t = step + momentum * old[i];
            trace[i] = t;
            step = optimizer->nesterov ? step + momentum * t : t;
        }
        next[i] = p[i] + step;
        bad |= !(ABS(next[i]) <= LARGEST);
    }
    return !bad;
}

#endif
