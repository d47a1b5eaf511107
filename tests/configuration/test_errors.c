/* Wrong options of configurations and losses: one line, with the place of the value in the file. */
#include <string.h>

#include "configuration/sections.h"

#define LOSS(TEXT) "{type: residuum, time_level_loss: " TEXT "}"

static const struct {
    const char *text, *message;
} wrongs[] = {
    {"{type: diverted_chain, num_rollout_steps: 2, num_branch_steps: 3}",
     "run.yaml:1:64: configuration.num_branch_steps: 3 is more than num_rollout_steps, 2"},
    {"{type: diverted_chain, num_branch_steps: 2}", "2 is more than num_rollout_steps, 1"},
    {"{type: diverted_chain, num_branch_steps: 0}", "num_branch_steps must be"},
    {"{type: diverted_chain, num_rollout_steps: 3, num_branch_steps: 2, branch_level_weights: [1]}",
     "run.yaml:1:89: configuration.branch_level_weights: 1 number given, but there are 2 time levels, one weight each"},
    {"{type: diverted_chain, num_rollout_steps: 3, num_branch_steps: 2, time_level_weights: [1, 2]}",
     "time_level_weights: 2 numbers given, but there are 3 time levels"},
    {"{type: diverted_chain_branch_one, num_rollout_steps: 3, time_level_weights: [1]}", "there are 3 time levels"},
    {"{type: diverted_chain_branch_one, num_branch_steps: 1}", "unknown key 'num_branch_steps'"},
    {"{type: mix_chain_post_physics, num_rollout_steps: 2, num_post_physics_steps: 2, time_level_weights: [1, 1]}",
     "time_level_weights: 2 numbers given, but there are 4 time levels"},
    {"{type: mix_chain_post_physics, num_post_physics_steps: -1}", "num_post_physics_steps must be"},
    {"{type: residuum, time_level_weights: [1, 2]}", "there is 1 time level"},
    {"{type: residuum, cut_div_chain: true}", "unknown key 'cut_div_chain'"},
    {"{type: residuum, cut_prev: maybe}", "cut_prev"},
    {LOSS("normalized_mse"),
     "run.yaml:1:35: configuration.time_level_loss: normalized_mse compares two states, but a residuum is one"},
    {LOSS("{type: normalized_mae, batch_reduction: sum}"), "normalized_mae compares two states"},
    {LOSS("{type: composite, losses: [mse, {type: composite, losses: [normalized_mse]}]}"), "composite compares two states"},
    {LOSS("{type: composite, losses: []}"), "run.yaml:1:61: configuration.time_level_loss.losses: the list is empty"},
    {LOSS("{type: composite, losses: [{type: composite, losses: [], weight: 2}]}"), "losses: the list is empty"},
    {LOSS("{type: composite}"), "losses is required"},
    {LOSS("{type: composite, losses: [{type: mse, wieght: 2}]}"), "did you mean 'weight'"},
    {LOSS("{type: lp, p: 0}"), "p must be"},
    {LOSS("{type: lp, p: -2}"), "p must be"},
    {LOSS("{type: mse, batch_reduction: max}"), "mean"},
    {LOSS("rmsd"), "did you mean 'rmse'"},
    {"{type: composite, configurations: []}", "run.yaml:1:35: configuration.configurations: the list is empty"},
    {"{type: composite}", "configurations is required"},
    {"{type: composite, configurations: [{type: composite, configurations: []}]}",
     "configurations.0.configurations: the list is empty"},
    {"{type: composite, configurations: [{type: supervised}, {type: diverted_chain, num_branch_steps: 4}]}",
     "configurations.1.num_branch_steps: 4 is more than num_rollout_steps, 1"},
    {"{type: composite, configurations: [{type: supervised, time_level_loss: {type: composite, losses: []}}]}",
     "losses: the list is empty"},
    {"{type: composite, configurations: [{type: supervised, weight: heavy}]}", "weight"},
    {"{type: composite, configurations: [supervised], weights: [1, 2]}", "weights: 2 given, but a composite of 1 needs as many"},
    {"{type: composite, configurations: [supervised], weights: []}", "weights: 0 given, but a composite of 1 needs as many"},
    {"{type: composite, configurations: [{type: supervised, weight: 2}], weights: [1]}",
     "configurations.0.weight: stands in `weights` beside the list too"},
    {"{type: composite, configurations: [supervisd]}", "did you mean 'supervised'"},
    {"{type: composite, num_rollout_steps: 2, configurations: [supervised]}", "unknown key 'num_rollout_steps'"},
    {"{type: diverted}", "unknown configuration 'diverted'"},
};

static void wrong_input(void)
{
    tx_registry *registry = configuration_registry();
    for (size_t k = 0; k < sizeof wrongs / sizeof *wrongs; k++) {
        tx_config *config = NULL;
        tx_error error = {0};
        tx_status status = tx_section_read(registry, TX_KIND_CONFIGURATION, "run.yaml", wrongs[k].text, &error, &config);
        status = status == TX_OK ? tx_configuration_check(tx_config_root(config), &error) : status;
        const bool right = status == TX_INVALID && strstr(error.message, wrongs[k].message) && strstr(error.message, "run.yaml:1:");
        if (!right) {
            printf("\n%s: %d \"%s\" instead of \"%s\"\n", wrongs[k].text, status, error.message, wrongs[k].message);
        }
        CU_ASSERT(right);
        tx_config_destroy(config);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"wrong input", wrong_input}, {NULL, NULL}};
    return suite_run("configuration/errors", tests);
}
