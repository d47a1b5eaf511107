/* One block through a program made for it, in any precision and instruction set: everything given and told in double. */
#pragma once

#include <stdlib.h>

#include "tensor/bound.h"
#include "suite.h"
#include "trainax/tensor.h"

static uint64_t run_seed = 88172645463325252u;
static inline double uniform(void) /* in (-1, 1) */
{
    run_seed ^= run_seed << 13;
    run_seed ^= run_seed >> 7;
    run_seed ^= run_seed << 17;
    return (double)(run_seed >> 11) / (double)(1ull << 52) - 1;
}

enum { MOST_SAMPLES = 16 };

typedef struct block_run {
    const tx_graph *graph;
    tx_node loss, last;
    int block, count;                      /* lanes, and how many of them are real samples */
    int64_t num_parameters, window, state; /* numbers in each */
    const double *parameters, *windows[MOST_SAMPLES];
    double *loss_of, *gradient, *last_of[MOST_SAMPLES]; /* results */
} block_run;

static inline void *reals(tx_precision precision, const double *x, int64_t n)
{
    void *y = calloc((size_t)n, sizeof(double));
    for (int64_t k = 0; k < n; k++) {
        if (precision == TX_FLOAT32) {
            ((float *)y)[k] = (float)x[k];
        } else {
            ((double *)y)[k] = x[k];
        }
    }
    return y;
}

/* Back to double; frees x. */
static inline void doubles(tx_precision precision, void *x, int64_t n, double *y)
{
    for (int64_t k = 0; k < n; k++) {
        y[k] = precision == TX_FLOAT32 ? (double)((const float *)x)[k] : ((const double *)x)[k];
    }
    free(x);
}

static inline void run_program(const block_run *r, int isa, tx_precision precision)
{
    const tx_plan_options options = {.precision = precision,
                                     .isa = isa,
                                     .block = r->block,
                                     .num_parameters = r->num_parameters,
                                     .loss = r->loss,
                                     .gradient = true,
                                     .outputs = &r->last,
                                     .num_outputs = 1};
    tx_error error = {0};
    bound *program = NULL;
    tx_workspace *workspace = NULL;
    if (bound_create(r->graph, &options, &error, &program) != TX_OK) {
        printf("%s\n", error.message);
        CU_FAIL_FATAL("the program is not made");
    }
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, &error, &workspace), TX_OK);
    void *parameters = reals(precision, r->parameters, r->num_parameters),
         *gradient = calloc((size_t)r->num_parameters, sizeof(double));
    void *windows[MOST_SAMPLES], *last[MOST_SAMPLES];
    for (int k = 0; k < r->count; k++) {
        windows[k] = reals(precision, r->windows[k], r->window);
        last[k] = calloc((size_t)r->state, sizeof(double));
    }
    bound_set(program, parameters);
    const tx_run_input input = {.windows = (const void *const *)windows, .count = r->count, .batch_size = 2};
    void *const *outputs[] = {last};
    for (int repeat = 0; repeat < 2; repeat++) { /* the second run finds a used arena */
        CU_ASSERT(bound_run(program, workspace, &input, r->loss_of, gradient, outputs));
    }
    doubles(precision, gradient, r->num_parameters, r->gradient);
    for (int k = 0; k < r->count; k++) {
        doubles(precision, last[k], r->state, r->last_of[k]);
        free(windows[k]);
    }
    free(parameters);
    tx_workspace_destroy(workspace);
    bound_destroy(program);
}
