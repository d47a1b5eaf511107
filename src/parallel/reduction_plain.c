/* The reduction that just adds, in double, in whatever order: bits may differ from one number of ranks to another. */
#include <math.h>
#include <string.h>

#include "parallel/job.h"
#include "parallel/reduction.h"

static tx_sums layout(const tx_reduction *reduction)
{
    tx_sums at = {.notes = tx_reduction_size(reduction)};
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

static bool publish_gradient(tx_reduction *reduction, const double *sum)
{
    const int64_t size = tx_reduction_size(reduction);
    bool finite = true;
    for (int64_t k = 0; k < size; k++) {
        finite &= isfinite(sum[k]);
    }
    if (reduction->precision == TX_FLOAT64) {
        memcpy(reduction->gradient, sum, (size_t)size * sizeof *sum);
        return finite;
    }
    float *x = reduction->gradient;
    for (int64_t k = 0; k < size; k++) {
        x[k] = (float)sum[k];
    }
    return finite;
}

static tx_status finish(tx_reduction *reduction, tx_error *error, tx_outcome *out)
{
    double *sum = reals(reduction->adders[0]);
    for (int t = 1; t < reduction->threads; t++) {
        add_doubles(reduction->at.end, reals(reduction->adders[t]), sum);
    }
    if (reduction->parallel->size > 1) {
        TX_TRY(tx_parallel_allreduce(reduction->parallel, reduction->parallel->all, sum, (size_t)reduction->at.end, MPI_DOUBLE,
                                     MPI_SUM, error));
    }
    reduction->finite = publish_gradient(reduction, sum);
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
                                     .finish = finish};
