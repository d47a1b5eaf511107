/* The benchmark: cases that are timed as a share of the FMA peak measured in the same run, and checked while at it. */
#pragma once

#include "bench/operations.h"
#include "kernel/kernel.h"
#include "trainax/trainax.h"

typedef struct tx_measurement {
    double seconds; /* of one execution: the best of many samples, on a machine that others use too */
    double median;
    double start;    /* seconds until a trainer is ready for its first step; 0: not measured */
    double relative; /* to what does the same elsewhere: the median over pairs of samples; 0: not measured */
    double waiting;  /* for windows, as a share of a step, of the rank that waits longest; 0: not measured */
    double flops;    /* of one execution */
    double peak;     /* flop/s of the FMA loop on one core: the best sample of this run */
    int cores;       /* that compute: ranks times threads */
    size_t bytes;    /* allocated while it ran, on one rank */
    double error;    /* of the result, relative; see the case */
    double tolerance;
    const char *isa;
    tx_precision precision;
    tx_operation_time *operations; /* where the time of whole steps goes; owned */
    int num_operations;
    double rate, other_rate; /* bytes a second that are read, and that another program reads; 0: nothing is */
    const char *other;       /* which one */
} tx_measurement;

/* What all cases share. */
typedef struct tx_bench_job {
    tx_registry *registry;
    tx_parallel *parallel;
    const char *const *overrides; /* KEY=VALUE from the command line, for whole steps; precision for operations too */
    int num_overrides;
} tx_bench_job;

typedef struct tx_bench_case tx_bench_case;
struct tx_bench_case {
    const char *name; /* parts between '/', each of which selects it */
    tx_status (*run)(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out);
    /* whole training steps */
    const char *config;           /* YAML */
    const char *const *overrides; /* ends with NULL */
    int steps;                    /* of a whole run with its files; 0: steps of a trainer without files */
    double published; /* distance from the upwind stencil after 1,000 steps; 0: not the quickstart. Second order: a loss */
    int batch; /* trajectories of noise that are made as the data; 0: the configuration has data. Rollout: states. Sum: elements */
    /* single operations, and the states of that noise */
    tx_shape shape;
    tx_precision precision;
    int block;
    int part; /* of a convolution: 0 forward, 1 with respect to the input, 2 to the weights; of a rollout: 1 as a simulation steps
               */
    const tx_operation_case *operation; /* another one */
};
enum { TX_MOST_CASES = 128 };
int tx_bench_list(tx_bench_case *cases); /* cases: room for TX_MOST_CASES; how many there are */

tx_status tx_bench_steps(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out);
/* steps: of Adam, beside which it is timed on one rank until the loss is `published`; 0: to its end, which is that. Collective. */
tx_status tx_bench_second_order(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out);
tx_status tx_bench_rollout(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out);
tx_status tx_bench_convolution(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out);
tx_status tx_bench_sum(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out);
/* block: trajectories of a chunk, 0: one behind the other; part: how they are stored, by gzip unless it says else. Collective. */
enum { TX_READING_FOREIGN = 1 /* the bytes of a number in the other order */, TX_READING_LZF };
tx_status tx_bench_reading(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out);
tx_status tx_bench_operation(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out);

/* Of a single operation: the case's, or what --set precision=… says. */
tx_precision tx_bench_precision(const tx_bench_case *self, const tx_bench_job *job);

/* Times `work(state)`: samples of about two milliseconds at least, each next to a sample of the FMA loop. Fills in seconds,
 * median, peak, isa and precision. With parallel (else NULL) collective: work may be, and runs as often on every rank. */
tx_status tx_bench_measure(const tx_kernels *kernels, tx_parallel *parallel, void (*work)(void *state), void *state,
                           tx_error *error, tx_measurement *out);
/* Likewise, each sample followed by one of other(state), for `relative`; NULL: none. */
tx_status tx_bench_measure_beside(const tx_kernels *kernels, tx_parallel *parallel, void (*work)(void *state),
                                  void (*other)(void *state), void *state, tx_error *error, tx_measurement *out);
