/* Configurations that are another one's special case give the same node, or the same numbers; and what could have been
 * overlooked makes a difference.
 * guard: alone */
#include "configuration/built.h"

#define BRANCH_ONE "{type: diverted_chain_branch_one, num_rollout_steps: 4"
#define CHAIN "{type: diverted_chain, num_rollout_steps: 4"
#define SUPERVISED "{type: supervised, num_rollout_steps: 4"
#define MIX "{type: mix_chain_post_physics, num_rollout_steps: 4"
#define RESIDUUM "{type: residuum, num_rollout_steps: 4"
#define CUT(N) ", cut_bptt: true, cut_bptt_every: " #N
#define COMPOSITE(CONFIGURATION) "{type: composite, configurations: [" CONFIGURATION "]}"

typedef struct pair {
    const char *a, *b;
} pair;

/* Built into one graph, they are the same node: computed once, bit for bit the same. */
static void same_nodes(void)
{
    static const pair pairs[] = {
        {BRANCH_ONE "}", CHAIN "}"},
        {BRANCH_ONE "}", CHAIN ", num_branch_steps: 1}"},
        {BRANCH_ONE ", time_level_weights: [1, 0.5, 0, 2]}",
         CHAIN ", time_level_weights: [1, 0.5, 0, 2], branch_level_weights: [1]}"},
        {BRANCH_ONE CUT(1) "}", CHAIN CUT(1) "}"},
        {BRANCH_ONE CUT(2) ", time_level_loss: normalized_mae}", CHAIN CUT(2) ", time_level_loss: normalized_mae}"},
        {BRANCH_ONE CUT(3) ", time_level_weights: last_only}", CHAIN CUT(3) ", time_level_weights: [0, 0, 0, 1]}"},
        {SUPERVISED "}", MIX ", num_post_physics_steps: 0}"},
        {SUPERVISED CUT(2) ", time_level_loss: rmse}", MIX CUT(2) ", num_post_physics_steps: 0, time_level_loss: rmse}"},
        {SUPERVISED ", time_level_weights: [1, 0.5, 0.25, 0.125]}",
         SUPERVISED ", time_level_weights: {type: exponential, rate: 0.5}}"},
        {SUPERVISED CUT(4) "}", SUPERVISED CUT(100) ", time_level_weights: [1, 1, 1, 1]}"},
        {SUPERVISED ", time_level_loss: rmse}", SUPERVISED ", time_level_loss: lp}"},
        {SUPERVISED ", time_level_loss: mae}", SUPERVISED ", time_level_loss: {type: composite, losses: [mae]}}"},
        {SUPERVISED ", time_level_loss: {type: mse, batch_reduction: sum}}",
         SUPERVISED ", time_level_loss: {type: composite, batch_reduction: sum, losses: [mse]}}"},
        {SUPERVISED CUT(2) "}", COMPOSITE(SUPERVISED CUT(2) "}")},
        {BRANCH_ONE ", cut_div_chain: true}", COMPOSITE(BRANCH_ONE ", cut_div_chain: true, weight: 1.0}")},
        {CHAIN ", num_branch_steps: 3}", COMPOSITE(CHAIN ", num_branch_steps: 3}")},
        {MIX "}", COMPOSITE(MIX "}")},
        {RESIDUUM ", cut_prev: true}", COMPOSITE(COMPOSITE(RESIDUUM ", cut_prev: true}"))},
        {RESIDUUM "}", COMPOSITE(RESIDUUM "}, " SUPERVISED ", weight: 0}")},
        {COMPOSITE(RESIDUUM ", weight: 0.5}, " SUPERVISED ", weight: 2}"),
         "{type: composite, weights: [0.5, 2], configurations: [" RESIDUUM "}, " SUPERVISED "}]}"},
    };
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        tx_graph *graph = NULL;
        CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
        const bool same = build(graph, pairs[k].a) == build(graph, pairs[k].b);
        if (!same) {
            printf("\n%s\n%s: not the same node\n", pairs[k].a, pairs[k].b);
        }
        CU_ASSERT(same);
        tx_graph_destroy(graph);
    }
}

/* The largest difference of two numbers, relative to the largest of their kind. */
static double distance(const result *a, const result *b)
{
    double loss = 0, gradient = 0, loss_scale = 0, gradient_scale = 0;
    for (int k = 0; k < SAMPLES; k++) {
        loss = fmax(loss, fabs(a->loss[k] - b->loss[k]));
        loss_scale = fmax(loss_scale, fabs(a->loss[k]));
    }
    for (int k = 0; k < PARAMETERS; k++) {
        gradient = fmax(gradient, fabs(a->gradient[k] - b->gradient[k]));
        gradient_scale = fmax(gradient_scale, fabs(a->gradient[k]));
    }
    CU_ASSERT(loss_scale > 1e-3 && gradient_scale > 1e-3);
    return fmax(loss / loss_scale, gradient / gradient_scale);
}

/* On trajectories of the stepper. Equal up to the order of some tens of roundings. */
static void same_numbers(void)
{
    static const pair pairs[] = {
        {CHAIN ", num_branch_steps: 4}", SUPERVISED "}"},
        {CHAIN ", num_branch_steps: 4, cut_div_chain: true}", SUPERVISED "}"},
        {CHAIN ", num_branch_steps: 4, branch_level_weights: [1, 0.5, 0, 2]}", SUPERVISED ", time_level_weights: [1, 0.5, 0, 2]}"},
        {CHAIN ", num_branch_steps: 4, time_level_weights: [3, 9, 9, 9]}", SUPERVISED ", time_level_weights: [3, 3, 3, 3]}"},
        {CHAIN ", num_branch_steps: 4, branch_level_weights: last_only}", SUPERVISED ", time_level_weights: last_only}"},
        {CHAIN ", num_branch_steps: 4" CUT(1) "}", SUPERVISED CUT(1) "}"},
        {CHAIN ", num_branch_steps: 4" CUT(2) "}", SUPERVISED CUT(2) "}"},
        {CHAIN ", num_branch_steps: 4" CUT(3) ", time_level_loss: normalized_mse}",
         SUPERVISED CUT(3) ", time_level_loss: normalized_mse}"},
        {CHAIN ", num_branch_steps: 4, time_level_loss: {type: lp, p: 3}}", SUPERVISED ", time_level_loss: {type: lp, p: 3}}"},
        {CHAIN ", cut_div_chain: true}", BRANCH_ONE ", cut_div_chain: true}"},
        {CHAIN ", cut_div_chain: true" CUT(2) "}", BRANCH_ONE ", cut_div_chain: true" CUT(2) "}"},
        {BRANCH_ONE ", cut_div_chain: true" CUT(1) "}", BRANCH_ONE CUT(1) "}"}, /* the reference has no gradient anyway */
        {RESIDUUM "}", BRANCH_ONE "}"},
        {RESIDUUM ", cut_prev: true}", BRANCH_ONE ", cut_div_chain: true}"},
        {RESIDUUM CUT(2) ", time_level_loss: mae}", BRANCH_ONE CUT(2) ", time_level_loss: mae}"},
        {SUPERVISED ", time_level_loss: {type: lp, p: 1}}", SUPERVISED ", time_level_loss: mae}"},
        {SUPERVISED ", time_level_loss: {type: lp, p: 2.0000000000000004}}", SUPERVISED ", time_level_loss: rmse}"},
        {COMPOSITE(SUPERVISED ", weight: 3}"), SUPERVISED ", time_level_loss: {type: mse, batch_reduction: sum}}"},
        {COMPOSITE(MIX ", weight: 0.25}, " MIX ", weight: 0.75}"), MIX "}"},
        {COMPOSITE(MIX ", weight: 2.5}, " COMPOSITE(MIX ", weight: -3}") ", " MIX ", weight: 1.5}"), MIX "}"},
        {COMPOSITE(
             "{type: supervised, num_rollout_steps: 1}, {type: supervised, num_rollout_steps: 2, time_level_weights: last_only}"),
         "{type: supervised, num_rollout_steps: 2}"},
        {SUPERVISED ", time_level_loss: {type: composite, losses: [{type: mse, weight: 0.25}, {type: mae, weight: 2}]}}",
         COMPOSITE(SUPERVISED ", weight: 0.25}, " SUPERVISED ", time_level_loss: mae, weight: 2}")},
    };
    data data;
    data_make(true, &data);
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        const result a = run(pairs[k].a, &data), b = run(pairs[k].b, &data);
        if (!(distance(&a, &b) <= 1e-14)) {
            printf("\n%s\n%s: differ by %g\n", pairs[k].a, pairs[k].b, distance(&a, &b));
            CU_FAIL("two configurations that are the same differ");
        }
    }
}

/* Each option matters: what is cut changes the gradient alone. */
static void cuts_matter(void)
{
    static const char *const cut[] = {SUPERVISED CUT(1) "}",
                                      SUPERVISED CUT(2) "}",
                                      SUPERVISED CUT(3) "}",
                                      SUPERVISED "}",
                                      NULL,
                                      BRANCH_ONE CUT(1) "}",
                                      BRANCH_ONE CUT(3) "}",
                                      BRANCH_ONE ", cut_div_chain: true}",
                                      BRANCH_ONE ", cut_div_chain: true" CUT(2) "}",
                                      BRANCH_ONE "}",
                                      NULL,
                                      CHAIN ", num_branch_steps: 2" CUT(1) "}",
                                      CHAIN ", num_branch_steps: 2" CUT(2) "}",
                                      CHAIN ", num_branch_steps: 2, cut_div_chain: true}",
                                      CHAIN ", num_branch_steps: 2}",
                                      NULL,
                                      MIX CUT(1) "}",
                                      MIX CUT(4) "}",
                                      MIX "}",
                                      NULL,
                                      RESIDUUM ", cut_prev: true}",
                                      RESIDUUM ", cut_next: true}",
                                      RESIDUUM CUT(1) "}",
                                      RESIDUUM CUT(2) ", cut_prev: true}",
                                      RESIDUUM "}",
                                      NULL};
    enum { COUNT = sizeof cut / sizeof *cut };
    data data;
    data_make(false, &data);
    for (int first = 0, last; first < COUNT; first = last + 1) {
        result r[COUNT];
        for (last = first; cut[last]; last++) {
            r[last] = run(cut[last], &data);
            CU_ASSERT(!memcmp(r[last].loss, r[first].loss, sizeof r[last].loss));
            for (int other = first; other < last; other++) {
                if (!(distance(&r[last], &r[other]) > 1e-4)) {
                    printf("\n%s\n%s: differ by %g\n", cut[last], cut[other], distance(&r[last], &r[other]));
                    CU_FAIL("a cut makes no difference");
                }
            }
        }
    }
}

/* Cut on both sides, a residuum has no gradient. */
static void nothing_left(void)
{
    data data;
    data_make(false, &data);
    const result r = run(RESIDUUM ", cut_prev: true, cut_next: true}", &data);
    CU_ASSERT(mean_loss(&r) > 1e-3);
    for (int k = 0; k < PARAMETERS; k++) {
        CU_ASSERT_EQUAL(r.gradient[k], 0);
    }
}

typedef struct window_case {
    const char *text;
    int length, read;
    unsigned needs;
} window_case;

static void windows(void)
{
    static const window_case cases[] = {
        {SUPERVISED "}", 5, 5, 0},
        {BRANCH_ONE "}", 5, 1, TX_NEEDS_STEPPER},
        {CHAIN ", num_branch_steps: 3}", 5, 1, TX_NEEDS_STEPPER},
        {MIX "}", 6, 6, TX_NEEDS_STEPPER},
        {MIX ", num_post_physics_steps: 3}", 8, 8, TX_NEEDS_STEPPER},
        {RESIDUUM "}", 5, 1, TX_NEEDS_RESIDUUM},
        {COMPOSITE(RESIDUUM "}, {type: diverted_chain, num_rollout_steps: 9}"), 10, 1, TX_NEEDS_RESIDUUM | TX_NEEDS_STEPPER},
        {COMPOSITE("{type: residuum, num_rollout_steps: 9}, " COMPOSITE(SUPERVISED "}")), 10, 5, TX_NEEDS_RESIDUUM},
    };
    tx_registry *registry = configuration_registry();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_config *config = NULL;
        CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_CONFIGURATION, "run.yaml", cases[k].text, NULL, &config), TX_OK);
        CU_ASSERT_EQUAL(tx_configuration_window_length(tx_config_root(config)), cases[k].length);
        CU_ASSERT_EQUAL(tx_configuration_levels_read(tx_config_root(config)), cases[k].read);
        CU_ASSERT_EQUAL(tx_configuration_needs(tx_config_root(config)), cases[k].needs);
        tx_config_destroy(config);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"the same nodes", same_nodes}, {"the same numbers", same_numbers},
                                       {"cuts matter", cuts_matter},   {"nothing left", nothing_left},
                                       {"windows", windows},           {NULL, NULL}};
    return suite_run("configuration/relations", tests);
}
