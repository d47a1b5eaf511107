/* Configurations built and run on a small network, a stepper and a residuum, none of them linear: loss of each sample and
 * gradient of the batch's. */
#pragma once

#include <math.h>
#include <string.h>

#include "tensor/bound.h"
#include "base/memory.h"
#include "configuration/sections.h"

enum { POINTS = 5, SAMPLES = 3, LEVELS = 8, HIDDEN = 3, PARAMETERS = 3 * HIDDEN + HIDDEN + 3 * HIDDEN + 1 };

static const tx_shape state = {.channels = 1, .axes = 1, .n = {POINTS}};

static inline tx_node circular(tx_graph *graph, tx_node x, int64_t channels, tx_node weight, tx_node bias)
{
    const tx_convolution conv = {.out_channels = channels, .kernel = {3}, .dilation = {1}, .groups = 1};
    const int64_t one = 1;
    return tx_convolve(graph, tx_pad(graph, x, TX_PAD_CIRCULAR, &one, &one), &conv, weight, bias);
}

/* 0.5 x + a convolution, tanh, a convolution: two convolutions. */
static inline tx_node network_apply(const void *object, tx_graph *graph, tx_node x)
{
    (void)object;
    enum { BIAS = 3 * HIDDEN, SECOND = BIAS + HIDDEN, LAST = SECOND + 3 * HIDDEN };
    const tx_node bias = tx_parameter(graph, BIAS, HIDDEN), first = tx_parameter(graph, 0, 3 * HIDDEN);
    const tx_node hidden = tx_activate(graph, circular(graph, x, HIDDEN, first, bias), TX_TANH);
    const tx_node last = tx_parameter(graph, LAST, 1);
    return tx_add(graph, tx_scale(graph, x, 0.5), circular(graph, hidden, 1, tx_parameter(graph, SECOND, 3 * HIDDEN), last));
}

/* One convolution, and a square: y_i = 0.3 x_(i-1) + 0.6 x_i + 0.1 x_i^2. */
static inline tx_node stepper_apply(const void *object, tx_graph *graph, tx_node x)
{
    (void)object;
    static const double weights[] = {0.3, 0.6, 0};
    const tx_node linear = circular(graph, x, 1, tx_constant(graph, weights, 3), TX_NONE);
    return tx_add(graph, linear, tx_scale(graph, tx_multiply(graph, x, x), 0.1));
}

static inline tx_node network_of_past(const void *object, tx_graph *graph, const tx_past *past)
{
    return network_apply(object, graph, tx_past_newest(past));
}

static inline void stepper_by_hand(const double *x, double *y)
{
    for (int i = 0; i < POINTS; i++) {
        y[i] = 0.3 * x[(i + POINTS - 1) % POINTS] + 0.6 * x[i] + 0.1 * x[i] * x[i];
    }
}

static inline tx_node residuum_apply(const void *object, tx_graph *graph, tx_node next, tx_node previous)
{
    return tx_subtract(graph, next, stepper_apply(object, graph, previous));
}

/* Builds the configuration written in `text` into the graph. */
static inline tx_node build(tx_graph *graph, const char *text)
{
    tx_registry *registry = configuration_registry();
    tx_config *config = NULL;
    tx_error error = {0};
    tx_node loss = TX_NONE;
    if (tx_section_read(registry, TX_KIND_CONFIGURATION, "run.yaml", text, &error, &config) == TX_OK &&
        tx_configuration_check(tx_config_root(config), &error) == TX_OK) {
        const tx_section *section = tx_config_root(config);
        const tx_configuration_parts parts = {.section = section,
                                              .loss = tx_configuration_time_level_loss(section),
                                              .network = {.apply = network_of_past},
                                              .ref_stepper = {.apply = stepper_apply},
                                              .residuum_fn = {.apply = residuum_apply},
                                              .state = state};
        CU_ASSERT(tx_configuration_levels_read(section) <= tx_configuration_window_length(section));
        loss = tx_configuration_loss(&parts, graph);
    }
    if (loss < 0) {
        printf("\n%s: %s\n", text, error.message);
        CU_FAIL("a configuration cannot be built");
    }
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    return loss;
}

typedef struct result {
    double loss[SAMPLES], gradient[PARAMETERS];
} result;

typedef struct data {
    double window[SAMPLES][LEVELS][POINTS], parameter[PARAMETERS];
} data;

/* Windows of unrelated states, or (`stepped`) trajectories of the stepper. */
static inline void data_make(bool stepped, data *out)
{
    for (int k = 0; k < SAMPLES * LEVELS * POINTS; k++) {
        out->window[k / LEVELS / POINTS][k / POINTS % LEVELS][k % POINTS] = sin(1 + 0.7 * k) + 0.3 * cos(2.1 * k);
    }
    for (int k = 0; k < PARAMETERS; k++) {
        out->parameter[k] = 0.6 * sin(3 + 1.3 * k);
    }
    for (int k = 0; stepped && k < SAMPLES * (LEVELS - 1); k++) {
        double(*const level)[POINTS] = &out->window[k / (LEVELS - 1)][k % (LEVELS - 1)];
        stepper_by_hand(level[0], level[1]);
    }
}

static inline bound *program_of(const char *text, bool gradient)
{
    tx_graph *graph = NULL;
    bound *program = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_plan_options options = {.precision = TX_FLOAT64,
                                     .isa = -1,
                                     .block = SAMPLES,
                                     .num_parameters = PARAMETERS,
                                     .loss = build(graph, text),
                                     .gradient = gradient};
    CU_ASSERT_EQUAL(tx_graph_status(graph, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    tx_graph_destroy(graph);
    return program;
}

static inline void program_run(bound *program, const data *data, result *out)
{
    tx_workspace *workspace = NULL;
    const void *windows[SAMPLES];
    for (int k = 0; k < SAMPLES; k++) {
        windows[k] = data->window[k];
    }
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    bound_set(program, data->parameter);
    const tx_run_input input = {.windows = windows, .count = SAMPLES, .batch_size = SAMPLES};
    CU_ASSERT(bound_run(program, workspace, &input, out->loss, out->gradient, NULL));
    tx_workspace_destroy(workspace);
}

static inline result run(const char *text, const data *data)
{
    result out = {0};
    bound *program = program_of(text, true);
    program_run(program, data, &out);
    bound_destroy(program);
    return out;
}

static inline double mean_loss(const result *r)
{
    double sum = 0;
    for (int k = 0; k < SAMPLES; k++) {
        sum += r->loss[k] / SAMPLES;
    }
    return sum;
}
