/* The gradient of every configuration and every loss against finite differences of the loss, in double. Cuts are left out: what
 * they cut, differences would see. */
#include "configuration/built.h"

/* |d| has kinks where an error is zero, but no error here comes as near to it as the differences reach. */
static const char *const losses[] = {
    "mse",
    "mae",
    "normalized_mse",
    "normalized_mae",
    "rmse",
    "{type: lp, p: 1.5}",
    "{type: lp, p: 3}",
    "{type: mse, batch_reduction: sum}",
    "{type: composite, batch_reduction: sum, losses: [{type: rmse, weight: 0.5}, {type: normalized_mse, weight: 2}]}"};
enum { NUM_LOSSES = sizeof losses / sizeof *losses };

static const char *const configurations[] = {
    "{type: supervised, num_rollout_steps: 3, time_level_weights: [1, 0, 2], time_level_loss: %s}",
    "{type: diverted_chain_branch_one, num_rollout_steps: 4, time_level_loss: %s}",
    "{type: diverted_chain, num_rollout_steps: 4, num_branch_steps: 2, branch_level_weights: [1, 3], time_level_loss: %s}",
    "{type: diverted_chain, num_rollout_steps: 5, num_branch_steps: 3, time_level_weights: [1, 0.5, 2, 7, 7], time_level_loss: %s}",
    "{type: mix_chain_post_physics, num_rollout_steps: 2, num_post_physics_steps: 2, time_level_loss: %s}",
    ("{type: composite, configurations: [{type: diverted_chain, num_rollout_steps: 3, num_branch_steps: 2, time_level_loss: %s}, "
     "{type: residuum, num_rollout_steps: 3, weight: 0.5}, {type: supervised, num_rollout_steps: 2, weight: 2}]}"),
    "{type: residuum, num_rollout_steps: 3, time_level_weights: {type: exponential, rate: 1.5}, time_level_loss: %s}",
};
enum { NUM_CONFIGURATIONS = sizeof configurations / sizeof *configurations };

/* Sample REST, where it is not -1, is left out: its loss is at a minimum that bends sharply. */
enum { REST = 1 };
static double mean_loss_without(const result *r, int left_out)
{
    return left_out < 0 ? mean_loss(r) : mean_loss(r) - r->loss[left_out] / SAMPLES;
}

/* Of fourth order: the error is about (10 h)^4 (norms bend sharply where they are small), and 1e-15 / h from rounding. */
static double difference(bound *program, data *data, int parameter, int left_out)
{
    static const double at[] = {-2, -1, 1, 2}, share[] = {1, -8, 8, -1};
    const double h = 2e-4, before = data->parameter[parameter];
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        result r = {0};
        data->parameter[parameter] = before + at[k] * h;
        program_run(program, data, &r);
        sum += share[k] * mean_loss_without(&r, left_out);
    }
    data->parameter[parameter] = before;
    return sum / (12 * h);
}

static void check_data(const char *text, data *data, int left_out)
{
    result r = {0};
    bound *program = program_of(text, true);
    program_run(program, data, &r);
    CU_ASSERT(left_out < 0 || r.loss[left_out] == 0);
    for (int k = 0; k < PARAMETERS; k++) {
        const double expected = difference(program, data, k, left_out);
        if (!(fabs(r.gradient[k] - expected) <= 1e-8 * (1 + fabs(expected)))) {
            printf("\n%s: gradient %d is %.12g, by differences %.12g\n", text, k, r.gradient[k], expected);
            CU_FAIL("a gradient differs from finite differences");
        }
    }
    bound_destroy(program);
}

static void check(const char *text)
{
    data data;
    data_make(false, &data);
    check_data(text, &data, -1);
}

static void gradients(void)
{
    for (int c = 0; c < NUM_CONFIGURATIONS; c++) {
        for (int l = 0; l < NUM_LOSSES; l++) {
            const bool needs_target = strstr(losses[l], "normalized");
            if (strstr(configurations[c], "{type: residuum") == configurations[c] && needs_target) {
                continue;
            }
            char text[1024];
            snprintf(text, sizeof text, configurations[c], losses[l]);
            check(text);
        }
    }
}

/* A trajectory at rest, which network, stepper and residuum leave there: prediction and target agree to the bit. Whatever the
 * norm, that sample has loss 0 and no part of the gradient. */
static void gradients_at_zero(void)
{
    static const char *const norms[] = {
        "mse",
        "mae",
        "rmse",
        "{type: lp, p: 0.8}",
        "{type: lp, p: 1}",
        "{type: lp, p: 1.5}",
        "{type: lp, p: 2}",
        "{type: lp, p: 3}",
        "{type: lp, p: 20}",
        "{type: rmse, batch_reduction: sum}",
        "{type: composite, losses: [{type: rmse}, {type: lp, p: 3, weight: 2}, {type: mse, weight: 0.5}]}"};
    static const int biases[] = {3 * HIDDEN, 3 * HIDDEN + 1, 3 * HIDDEN + 2, PARAMETERS - 1};
    data data;
    data_make(false, &data);
    memset(data.window[REST], 0, sizeof data.window[REST]);
    for (size_t k = 0; k < sizeof biases / sizeof *biases; k++) {
        data.parameter[biases[k]] = 0;
    }
    for (int c = 0; c < NUM_CONFIGURATIONS; c++) {
        for (size_t l = 0; l < sizeof norms / sizeof *norms; l++) {
            char text[1024];
            snprintf(text, sizeof text, configurations[c], norms[l]);
            check_data(text, &data, REST);
        }
    }
}

int main(void)
{
    static const suite_test tests[] = {{"every configuration with every loss", gradients},
                                       {"norms of differences that are zero", gradients_at_zero},
                                       {NULL, NULL}};
    return suite_run("configuration/gradients", tests);
}
