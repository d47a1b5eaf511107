/* The supervised configuration on a map that is simple enough to be done by hand: f(u) = w u, with one number w and states
 * of `POINTS` numbers. Losses and gradients are compared with the recursion written out here, cuts included. */
#include <math.h>
#include <string.h>

#include "tensor/bound.h"
#include "configuration/sections.h"

enum { POINTS = 3, MAX_STEPS = 8, SAMPLES = 2 };

/* One parameter: a convolution of one channel with a kernel of one cell. */
static tx_node apply_network(const void *object, tx_graph *graph, const tx_past *past)
{
    (void)object;
    const tx_convolution times = {.out_channels = 1, .kernel = {1}, .dilation = {1}, .groups = 1};
    return tx_convolve(graph, tx_past_newest(past), &times, tx_parameter(graph, 0, 1), TX_NONE);
}

static const tx_shape state = {.channels = 1, .axes = 1, .n = {POINTS}};

typedef struct result {
    double loss[SAMPLES], gradient;
} result;

static tx_status run_graph(tx_graph *graph, tx_node loss, const double *data, int levels, double w, result *out)
{
    bound *program = NULL;
    tx_workspace *workspace;
    const double *const windows[SAMPLES] = {data, data + levels * POINTS};
    const tx_plan_options options = {
        .precision = TX_FLOAT64, .isa = -1, .block = SAMPLES, .num_parameters = 1, .loss = loss, .gradient = true};
    TX_TRY(bound_create(graph, &options, NULL, &program));
    TX_TRY(tx_workspace_create(program->plan, 1, NULL, &workspace));
    bound_set(program, &w);
    const tx_run_input input = {.windows = (const void *const *)windows, .count = SAMPLES, .batch_size = 1};
    CU_ASSERT(bound_run(program, workspace, &input, out->loss, &out->gradient, NULL));
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    return TX_OK;
}

static result run(const char *text, const double *data, double w)
{
    result out = {0};
    tx_registry *registry = configuration_registry();
    tx_config *config = NULL;
    tx_graph *graph = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_CONFIGURATION, "run.yaml", text, &error, &config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_section *section = tx_config_root(config);
    const tx_configuration_parts parts = {.section = section,
                                          .loss = tx_get_section(section, "time_level_loss"),
                                          .network = {.apply = apply_network},
                                          .state = state};
    CU_ASSERT_EQUAL(tx_configuration_check(section, &error), TX_OK);
    CU_ASSERT_EQUAL(tx_configuration_levels_read(section), tx_configuration_window_length(section));
    const tx_node loss = tx_configuration_loss(&parts, graph);
    CU_ASSERT_EQUAL(tx_graph_status(graph, &error), TX_OK);
    CU_ASSERT_EQUAL(run_graph(graph, loss, data, tx_configuration_window_length(section), w, &out), TX_OK);
    tx_graph_destroy(graph);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    return out;
}

/* p and dp/dw side by side; a cut forgets dp/dw. every 0: no cuts. */
static result by_hand(const double *data, int steps, const double *weights, int every, double w)
{
    result out = {0};
    for (int s = 0; s < SAMPLES; s++) {
        const double *window = data + s * (steps + 1) * POINTS;
        double p[POINTS], dp[POINTS] = {0};
        memcpy(p, window, sizeof p);
        for (int t = 0; t < steps; t++) {
            for (int c = 0; c < POINTS; c++) {
                dp[c] = p[c] + w * dp[c];
                p[c] *= w;
                const double d = p[c] - window[(t + 1) * POINTS + c];
                out.loss[s] += weights[t] * d * d / POINTS;
                out.gradient += weights[t] * 2 * d * dp[c] / POINTS;
            }
            if (every && (t + 1) % every == 0) {
                memset(dp, 0, sizeof dp);
            }
        }
    }
    return out;
}

static const double ones[MAX_STEPS] = {1, 1, 1, 1, 1, 1, 1, 1};

static void compare(const char *text, int steps, const double *weights, int every)
{
    double data[SAMPLES * (MAX_STEPS + 1) * POINTS];
    for (int k = 0; k < SAMPLES * (steps + 1) * POINTS; k++) {
        data[k] = sin(1 + 0.7 * k);
    }
    const result found = run(text, data, 0.8), expected = by_hand(data, steps, weights, every, 0.8);
    for (int s = 0; s < SAMPLES; s++) {
        CU_ASSERT_DOUBLE_EQUAL(found.loss[s], expected.loss[s], 1e-14); /* some tens of roundings of numbers below 10 */
    }
    CU_ASSERT_DOUBLE_EQUAL(found.gradient, expected.gradient, 1e-13);
}

static void rollouts(void)
{
    compare("{type: supervised}", 1, ones, 0);
    compare("{type: supervised, num_rollout_steps: 5}", 5, ones, 0);
}

static void cuts(void)
{
    compare("{type: supervised, num_rollout_steps: 5, cut_bptt: true}", 5, ones, 1);
    compare("{type: supervised, num_rollout_steps: 5, cut_bptt: true, cut_bptt_every: 2}", 5, ones, 2);
    compare("{type: supervised, num_rollout_steps: 5, cut_bptt: true, cut_bptt_every: 3}", 5, ones, 3);
    compare("{type: supervised, num_rollout_steps: 5, cut_bptt: true, cut_bptt_every: 5}", 5, ones, 0);
    compare("{type: supervised, num_rollout_steps: 5, cut_bptt: false, cut_bptt_every: 2}", 5, ones, 0);
}

static void weights(void)
{
    compare("{type: supervised, num_rollout_steps: 4, time_level_weights: [0.5, 0, 2, 1]}", 4, (const double[]){0.5, 0, 2, 1}, 0);
    compare("{type: supervised, num_rollout_steps: 3, time_level_weights: last_only}", 3, (const double[]){0, 0, 1}, 0);
    compare("{type: supervised, num_rollout_steps: 3, time_level_weights: [1, 0, 0]}", 3, (const double[]){1, 0, 0}, 0);
    compare("{type: supervised, num_rollout_steps: 2, time_level_weights: [0, 0]}", 2, (const double[]){0, 0}, 0);
    compare("{type: supervised, num_rollout_steps: 3, cut_bptt: true, time_level_weights: {type: exponential, rate: 0.5}}", 3,
            (const double[]){1, 0.5, 0.25}, 1);
}

static void wrong_options(void)
{
    static const char *const texts[] = {"{type: supervised, num_rollout_steps: 0}", "{type: supervised, cut_bptt_every: 0}",
                                        "{type: supervised, cut_bptt: 1}",          "{type: supervised, num_rollout_steps: 2.5}",
                                        "{type: supervised, time_level_loss: mes}", "{type: supervised, cut_prev: true}"};
    tx_registry *registry = configuration_registry();
    for (int k = 0; k < 6; k++) {
        tx_config *config = NULL;
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_section_read(registry, TX_KIND_CONFIGURATION, "run.yaml", texts[k], &error, &config), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "run.yaml:1:"));
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {
        {"rollouts", rollouts}, {"cuts", cuts}, {"weights", weights}, {"wrong options", wrong_options}, {NULL, NULL}};
    return suite_run("configuration/supervised", tests);
}
