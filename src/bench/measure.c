/* How a case is timed. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/bench.h"

enum { MOST_SAMPLES = 31, LEAST_SAMPLES = 3 };
static const double sample_seconds = 2e-3, case_seconds = 2; /* at least; about at most */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double peak_sample(const tx_kernels *kernels)
{
    const double start = tx_clock(), flops = kernels->peak(20000);
    return flops / (tx_clock() - start);
}

static double time_of(void (*work)(void *state), void *state, int64_t repetitions)
{
    const double start = tx_clock();
    for (int64_t k = 0; k < repetitions; k++) {
        work(state);
    }
    return (tx_clock() - start) / (double)repetitions;
}

typedef struct schedule {
    int64_t samples, repetitions;
} schedule;

static schedule make_schedule(double once)
{
    const int64_t repetitions = once < sample_seconds ? (int64_t)(sample_seconds / (once > 1e-9 ? once : 1e-9)) + 1 : 1;
    const double most = case_seconds / (once * (double)repetitions);
    return (schedule){.samples = most > MOST_SAMPLES    ? MOST_SAMPLES
                                 : most < LEAST_SAMPLES ? LEAST_SAMPLES
                                                        : (int64_t)most,
                      .repetitions = repetitions};
}

static double middle(double *samples, int64_t count)
{
    qsort(samples, (size_t)count, sizeof *samples, by_value);
    return samples[count / 2];
}

tx_status tx_bench_measure(const tx_kernels *kernels, tx_parallel *parallel, void (*work)(void *state), void *state,
                           tx_error *error, tx_measurement *out)
{
    return tx_bench_measure_beside(kernels, parallel, work, NULL, state, error, out);
}

tx_status tx_bench_measure_beside(const tx_kernels *kernels, tx_parallel *parallel, void (*work)(void *state),
                                  void (*other)(void *state), void *state, tx_error *error, tx_measurement *out)
{
    double samples[MOST_SAMPLES], ratios[MOST_SAMPLES];
    const double first = time_of(work, state, 1), second = time_of(work, state, 1);
    schedule plan = make_schedule(first < second ? first : second);
    if (parallel) {
        TX_TRY(tx_parallel_broadcast(parallel, &plan, sizeof plan, error));
    }
    out->peak = 0;
    for (int64_t k = 0; k < plan.samples; k++) {
        const double peak = peak_sample(kernels);
        out->peak = peak > out->peak ? peak : out->peak;
        samples[k] = time_of(work, state, plan.repetitions);
        ratios[k] = other ? samples[k] / time_of(other, state, plan.repetitions) : 0;
    }
    out->median = middle(samples, plan.samples);
    out->seconds = samples[0];
    out->relative = middle(ratios, plan.samples);
    out->isa = kernels->isa;
    out->precision = kernels->precision;
    return TX_OK;
}

tx_precision tx_bench_precision(const tx_bench_case *self, const tx_bench_job *job)
{
    tx_precision precision = self->precision;
    for (int k = 0; k < job->num_overrides; k++) {
        precision = strcmp(job->overrides[k], "precision=float64") == 0   ? TX_FLOAT64
                    : strcmp(job->overrides[k], "precision=float32") == 0 ? TX_FLOAT32
                                                                          : precision;
    }
    return precision;
}
