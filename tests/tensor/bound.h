/* A plan with one vector of parameters bound to it. */
#pragma once

#include <stdlib.h>

#include "trainax/plan.h"

typedef struct bound {
    tx_plan *plan;
    tx_parameters parameters;
    tx_values *values;
} bound;

static inline void bound_destroy(bound *b)
{
    if (b) {
        tx_values_destroy(b->values);
        tx_plan_destroy(b->plan);
        free(b);
    }
}

static inline tx_status bound_create(const tx_graph *graph, const tx_plan_options *options, tx_error *error, bound **out)
{
    bound *b = calloc(1, sizeof *b);
    tx_status status = tx_plan_create(graph, options, error, &b->plan);
    status = status ? status : tx_values_create(b->plan, &b->parameters, error, &b->values);
    if (status != TX_OK) {
        bound_destroy(b);
        return status;
    }
    *out = b;
    return TX_OK;
}

static inline void bound_set(bound *b, const void *parameters)
{
    tx_parameters_set(&b->parameters, parameters);
}

/* Whether it ran, and no user's function failed. */
static inline bool bound_run(bound *b, tx_workspace *workspace, const tx_run_input *input, double *losses, void *gradient,
                             void *const *const *outputs)
{
    tx_run_output output = {.losses = losses, .gradient = gradient, .outputs = outputs};
    tx_error error = {0};
    return tx_values_run(b->values, workspace, input, &output, &error) == TX_OK && !output.failed.function;
}
