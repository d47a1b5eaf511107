/* The reduction that just adds, in double, in whatever order: bits may differ from one number of ranks to another. */
#include <string.h>

#include "base/finite.h"
#include "parallel/reduction.h"

static tx_sums layout(const tx_reduction *reduction)
{
    tx_sums at = {.limbs = 1, .notes = tx_reduction_size(reduction)};
    at.counters = at.notes;
    at.scalars = at.counters + reduction->num_counters;
    at.end = at.scalars + reduction->num_scalars;
    return at;
}

static double *reals(const tx_adder *adder)
{
    return (double *)adder->words;
}

static void begin(const tx_reduction *reduction, tx_adder *adder)
{
    memset(adder->words, 0, (size_t)reduction->at.end * sizeof *adder->words);
}

static void add_floats(int64_t n, const float *from, double *to)
{
    for (int64_t k = 0; k < n; k++) {
        to[k] += (double)from[k];
    }
}

static void add_doubles(int64_t n, const double *from, double *to)
{
    for (int64_t k = 0; k < n; k++) {
        to[k] += from[k];
    }
}

static void add_gradient(const tx_reduction *reduction, tx_adder *adder, const void *gradient)
{
    if (reduction->precision == TX_FLOAT32) {
        add_floats(tx_reduction_size(reduction), gradient, reals(adder));
    } else {
        add_doubles(tx_reduction_size(reduction), gradient, reals(adder));
    }
}

static void add_scalar(const tx_reduction *reduction, tx_adder *adder, int index, double value)
{
    reals(adder)[reduction->at.scalars + index] += value;
}

static void add_counter(const tx_reduction *reduction, tx_adder *adder, int index, int64_t value)
{
    reals(adder)[reduction->at.counters + index] += (double)value;
}

static void add_words(int64_t n, const int64_t *from, int64_t *to)
{
    add_doubles(n, (const double *)from, (double *)to);
}

static void round_range(const void *state, const int64_t *words, int64_t first, int64_t end, void *gradient)
{
    const tx_reduction *reduction = state;
    const double *sum = (const double *)words;
    float *x = gradient;
    if (reduction->precision == TX_FLOAT64) {
        memcpy((double *)gradient + first, sum + first, (size_t)(end - first) * sizeof *sum);
        return;
    }
    for (int64_t k = first; k < end; k++) {
        x[k] = (float)sum[k];
    }
}

static tx_status finish(tx_reduction *reduction, tx_error *error, tx_outcome *out)
{
    double *sum = reals(reduction->adders[0]);
    for (int t = 1; t < reduction->threads; t++) {
        add_doubles(reduction->at.end, reals(reduction->adders[t]), sum);
    }
    TX_TRY(tx_reduction_sum(reduction, error));
    sum = reals(reduction->adders[0]); /* it may have moved */
    reduction->finite = tx_all_finite(reduction->precision, reduction->gradient, tx_reduction_size(reduction));
    memcpy(reduction->scalars, sum + reduction->at.scalars, (size_t)reduction->num_scalars * sizeof *sum);
    for (int k = 0; k < reduction->num_counters; k++) {
        reduction->counters[k] = (int64_t)sum[reduction->at.counters + k];
    }
    *out = TX_REDUCED;
    return TX_OK;
}

const tx_reducer tx_reducer_plain = {.layout = layout,
                                     .begin = begin,
                                     .add_gradient = add_gradient,
                                     .add_scalar = add_scalar,
                                     .add_counter = add_counter,
                                     .finish = finish,
                                     .add_words = add_words,
                                     .round = round_range};
