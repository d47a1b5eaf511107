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
    "{type: composite, configurations: [{type: diverted_chain, num_rollout_steps: 3, num_branch_steps: 2, time_level_loss: %s}, "
    "{type: residuum, num_rollout_steps: 3, weight: 0.5}, {type: supervised, num_rollout_steps: 2, weight: 2}]}",
    "{type: residuum, num_rollout_steps: 3, time_level_weights: {type: exponential, rate: 1.5}, time_level_loss: %s}",
};
enum { NUM_CONFIGURATIONS = sizeof configurations / sizeof *configurations };

/* Of fourth order: the error is about (10 h)^4 (norms bend sharply where they are small), and 1e-15 / h from rounding. */
static double difference(tx_program *program, data *data, int parameter)
{
    static const double at[] = {-2, -1, 1, 2}, share[] = {1, -8, 8, -1};
    const double h = 2e-4, before = data->parameter[parameter];
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        result r = {0};
        data->parameter[parameter] = before + at[k] * h;
        program_run(program, data, &r);
        sum += share[k] * mean_loss(&r);
    }
    data->parameter[parameter] = before;
    return sum / (12 * h);
}

static void check(const char *text)
{
    data data;
    result r = {0};
    data_make(false, &data);
    tx_program *program = program_of(text, true);
    program_run(program, &data, &r);
    for (int k = 0; k < PARAMETERS; k++) {
        const double expected = difference(program, &data, k);
        if (!(fabs(r.gradient[k] - expected) <= 1e-8 * (1 + fabs(expected)))) {
            printf("\n%s: gradient %d is %.12g, by differences %.12g\n", text, k, r.gradient[k], expected);
            CU_FAIL("a gradient differs from finite differences");
        }
    }
    tx_program_destroy(program);
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

int main(void)
{
    static const suite_test tests[] = {{"every configuration with every loss", gradients}, {NULL, NULL}};
    return suite_run("configuration/gradients", tests);
}
