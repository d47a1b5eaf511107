/* The benchmark: cases that are timed as a share of the FMA peak measured in the same run, and checked while at it. */
#pragma once

#include "kernel/kernel.h"
#include "trainax/trainax.h"

typedef struct tx_measurement {
    double seconds; /* of one execution: the best of many samples, on a machine that others use too */
    double median;
    double flops; /* of one execution */
    double peak;  /* flop/s of the FMA loop: the best sample of this run */
    size_t bytes; /* allocated while it ran */
    double error; /* of the result, relative; see the case */
    double tolerance;
    const char *isa;
    tx_precision precision;
} tx_measurement;

typedef struct tx_bench_case tx_bench_case;
struct tx_bench_case {
    const char *name;
    tx_status (*run)(const tx_bench_case *self, tx_error *error, tx_measurement *out);
    tx_precision precision;
    /* whole training steps */
    const char *config;           /* YAML */
    const char *const *overrides; /* ends with NULL */
    int steps;                    /* in one sample of the timing */
    double published;             /* distance from the upwind stencil after 1,000 steps; 0: not the quickstart */
    /* one convolution */
    tx_shape shape;
    int block;
    int part; /* 0 forward, 1 with respect to the input, 2 to the weights */
};
extern const tx_bench_case tx_bench_cases[]; /* ends with a case without name */

tx_status tx_bench_steps(const tx_bench_case *self, tx_error *error, tx_measurement *out);
tx_status tx_bench_convolution(const tx_bench_case *self, tx_error *error, tx_measurement *out);

/* Times `work(state)`: samples of about two milliseconds, each next to a sample of the FMA loop. Fills in seconds, median,
 * peak, isa and precision. */
void tx_bench_measure(const tx_kernels *kernels, void (*work)(void *state), void *state, tx_measurement *out);
