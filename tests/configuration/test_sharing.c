/* What parts of a configuration have in common is computed once: convolutions are counted in the program's list of steps. A
 * network is two of them, a stepper one. */
#include "configuration/built.h"

enum { NETWORK = 2, STEPPER = 1 };

static int count_steps(const char *text, bool gradient, const char *name)
{
    const size_t length = strlen(name);
    bound *program = program_of(text, gradient);
    char *steps = NULL;
    int count = 0;
    CU_ASSERT_EQUAL_FATAL(tx_plan_describe(program->plan, NULL, &steps), TX_OK);
    for (const char *line = steps; *line; line = strchr(line, '\n') + 1) {
        count += strncmp(line, name, length) == 0 && line[length] == ' ';
    }
    tx_free(steps);
    bound_destroy(program);
    return count;
}

static void expect(const char *text, bool gradient, const char *name, int expected)
{
    const int found = count_steps(text, gradient, name);
    if (found != expected) {
        printf("\n%s: %d times %s instead of %d%s\n", text, found, name, expected, gradient ? " with gradient" : "");
    }
    CU_ASSERT_EQUAL(found, expected);
}

/* R - B + 1 branches of B steps. A branch's network steps are those of the main chain from there on, cuts included: R in all,
 * where Trainax computes (R - B + 1) (B + 1). The stepper's are its own. A step's adjoint has as many convolutions as the step,
 * but for those that would reach the initial state, on which nothing depends. */
static void diverted_chain(int rollout, int branch, const char *cut, bool stepper_is_cut)
{
    char text[256];
    snprintf(text, sizeof text, "{type: diverted_chain, num_rollout_steps: %d, num_branch_steps: %d%s}", rollout, branch, cut);
    const int branches = rollout - branch + 1, forward = rollout * NETWORK + branches * branch * STEPPER;
    expect(text, false, "conv", forward);
    expect(text, false, "load", 1);
    expect(text, true, "conv_weights", rollout * NETWORK);
    if (!*cut || stepper_is_cut) {
        expect(text, true, "conv", forward + rollout * NETWORK - 1 + (stepper_is_cut ? 0 : (branches - 1) * branch * STEPPER));
    }
}

static void diverted_chains(void)
{
    for (int rollout = 1; rollout <= 5; rollout++) {
        for (int branch = 1; branch <= rollout; branch++) {
            diverted_chain(rollout, branch, "", false);
            diverted_chain(rollout, branch, ", cut_div_chain: true", true);
            diverted_chain(rollout, branch, ", cut_bptt: true", false);
            diverted_chain(rollout, branch, ", cut_bptt: true, cut_bptt_every: 2", false);
        }
    }
}

/* Cut after every step: the adjoints stay within a step (of its two convolutions, only the second one's is needed), and none of
 * the stepper. */
static void cut_chains(void)
{
    const char *const text = "{type: diverted_chain, num_rollout_steps: 4, num_branch_steps: 2, cut_bptt: true}";
    expect(text, true, "conv", 4 * NETWORK + 6 * STEPPER + 4);
    expect("{type: supervised, num_rollout_steps: 4, cut_bptt: true}", true, "conv", 4 * NETWORK + 4);
}

static void others(void)
{
    expect("{type: diverted_chain_branch_one, num_rollout_steps: 4}", false, "conv", 4 * (NETWORK + STEPPER));
    expect("{type: diverted_chain_branch_one, num_rollout_steps: 4}", true, "conv",
           4 * (NETWORK + STEPPER) + 4 * NETWORK - 1 + 3 * STEPPER);
    expect("{type: mix_chain_post_physics, num_rollout_steps: 2, num_post_physics_steps: 2}", true, "conv",
           2 * (NETWORK + STEPPER) + 2 * NETWORK - 1 + 2 * STEPPER);
    expect("{type: residuum, num_rollout_steps: 3}", true, "conv", 3 * (NETWORK + STEPPER) + 3 * NETWORK - 1 + 2 * STEPPER);
    expect("{type: residuum, num_rollout_steps: 3, cut_prev: true}", true, "conv", 3 * (NETWORK + STEPPER) + 3 * NETWORK - 1);
    expect("{type: residuum, num_rollout_steps: 3}", true, "load", 1);
}

/* Weights of zero cost nothing: the last steps are not computed. */
static void weights_of_zero(void)
{
    expect("{type: supervised, num_rollout_steps: 4, time_level_weights: [1, 0, 1, 0]}", false, "conv", 3 * NETWORK);
    expect("{type: supervised, num_rollout_steps: 4, time_level_weights: [1, 0, 1, 0]}", false, "load", 3);
}

/* The parts of a composite share the network's rollout, as far as it is the same, and the stepper on it. */
static void composites(void)
{
    expect(
        "{type: composite, configurations: [{type: supervised, num_rollout_steps: 2}, {type: supervised, num_rollout_steps: 4}]}",
        true, "conv", 4 * NETWORK + 4 * NETWORK - 1);
    expect("{type: composite, configurations: [{type: supervised, num_rollout_steps: 3}, {type: residuum, num_rollout_steps: 3}, "
           "{type: diverted_chain, num_rollout_steps: 3}]}",
           true, "conv", 3 * (NETWORK + STEPPER) + 3 * NETWORK - 1 + 2 * STEPPER);
    expect("{type: composite, configurations: [{type: supervised, num_rollout_steps: 3}, {type: supervised, num_rollout_steps: 3, "
           "cut_bptt: true}]}",
           false, "conv", 3 * NETWORK);
}

int main(void)
{
    static const suite_test tests[] = {{"diverted chains", diverted_chains}, {"cut chains", cut_chains},
                                       {"other configurations", others},     {"weights of zero", weights_of_zero},
                                       {"composites", composites},           {NULL, NULL}};
    return suite_run("configuration/sharing", tests);
}
