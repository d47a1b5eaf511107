/* Keeping less and computing again, on the networks and configurations that users write: with any memory, down to the least that
 * there is, the same bytes of loss and gradient. (tests/tensor has the schedule, on small nets of its own.) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/bound.h"
#include "suite.h"
#include "trainax/trainax.h"
#include "problem/problem.h"

enum { BLOCK = 3, COUNT = 2, BATCH = 4, MOST_LEVELS = 9, MOST_STATE = 256, SHARES = 5 };

static tx_registry *registry;

/* ---- what is combined ---- */

enum { NETS = 10, CONFIGURATIONS = 8 };

/* All of these networks under all of these configurations. */
typedef struct group {
    tx_shape state;
    const char *networks[NETS], *configurations[CONFIGURATIONS];
} group;

#define NET(NAME, D, C, REST) "{type: " NAME ", num_spatial_dims: " D ", in_channels: " C ", out_channels: " C ", " REST ", key: 0}"
#define DESCRIPTOR(TEXT) "\"" TEXT "\"\nnetwork_key: 0"
#define UPWIND "ref_stepper: {type: fou_advection_1d, cfl: -0.75}"
#define IMPLICIT "residuum_fn: {type: btcs_upwind_advection_1d, cfl: -0.75}"
#define LORENZ "ref_stepper: lorenz_rk4"
#define SUPERVISED "type: supervised, num_rollout_steps: 8"

/* Down- and up-sampling and skips; modes; dilation and group norm; bypasses; dense layers. */
static const group groups[] = {
    {.state = {1, 1, {16}},
     .networks = {DESCRIPTOR("UNet;4;2;relu"), DESCRIPTOR("MoUNet;4;1;gelu"), DESCRIPTOR("FNO;4;3;2;gelu"),
                  DESCRIPTOR("Dil;1;4;2;tanh"), DESCRIPTOR("Res;4;2;relu"), DESCRIPTOR("MoRes;4;2;swish"),
                  DESCRIPTOR("MLP;8;2;tanh"), DESCRIPTOR("Conv;4;3;relu"),
                  NET("classic_u_net", "1", "1", "hidden_channels: 3, num_levels: 1, activation: gelu, boundary_mode: neumann")},
     .configurations =
         {SUPERVISED ", cut_bptt: true, cut_bptt_every: 3, time_level_loss: normalized_mse",
          "type: diverted_chain_branch_one, num_rollout_steps: 6, " UPWIND,
          "type: diverted_chain, num_rollout_steps: 6, num_branch_steps: 3, " UPWIND,
          "type: diverted_chain, num_rollout_steps: 6, num_branch_steps: 2, cut_div_chain: true, " UPWIND,
          "type: mix_chain_post_physics, num_rollout_steps: 5, num_post_physics_steps: 3, " UPWIND,
          "type: residuum, num_rollout_steps: 6, " IMPLICIT, "type: residuum, num_rollout_steps: 6, cut_prev: true, " IMPLICIT,
          "type: composite, " UPWIND ", " IMPLICIT ", configurations: [{type: supervised, num_rollout_steps: 5, weight: 0.5},"
          " {type: residuum, num_rollout_steps: 3}, {type: diverted_chain, num_rollout_steps: 4, num_branch_steps: 2}]"}},
    {.state = {2, 2, {8, 8}},
     .networks = {NET("classic_u_net", "2", "2", "hidden_channels: 2, num_levels: 2, activation: relu, boundary_mode: dirichlet"),
                  NET("modern_u_net", "2", "2", "hidden_channels: 4, num_levels: 1, activation: silu, boundary_mode: periodic"),
                  NET("classic_fno", "2", "2", "hidden_channels: 3, num_modes: 2, num_blocks: 2, activation: gelu"),
                  NET("dilated_res_net", "2", "2",
                      "hidden_channels: 4, num_blocks: 1, dilation_rates: [1, 2, 1], boundary_mode: dirichlet")},
     .configurations = {SUPERVISED}},
    {.state = {1, 3, {4, 4, 4}},
     .networks = {NET("classic_u_net", "3", "1", "hidden_channels: 2, num_levels: 1, boundary_mode: periodic"),
                  NET("classic_fno", "3", "1", "hidden_channels: 2, num_modes: 1, num_blocks: 1")},
     .configurations = {SUPERVISED}},
    {.state = {3, 0, {0}},
     .networks = {"{type: mlp, in_size: 3, out_size: 3, width_size: 64, depth: 2, activation: tanh, key: 0}"},
     .configurations = {SUPERVISED, "type: diverted_chain_branch_one, num_rollout_steps: 6, " LORENZ,
                        "type: diverted_chain, num_rollout_steps: 6, num_branch_steps: 3, " LORENZ,
                        "type: mix_chain_post_physics, num_rollout_steps: 5, num_post_physics_steps: 3, " LORENZ}},
};
enum { NUM_GROUPS = sizeof groups / sizeof *groups };

/* ---- one block of a problem within some memory ---- */

typedef struct result {
    double loss[BLOCK];
    char *gradient;
    size_t gradient_bytes;
} result;

/* Any numbers between -1 and 1. */
static void fill(tx_precision precision, char *reals, size_t count)
{
    uint64_t seed = 88172645463325252u;
    for (size_t k = 0; k < count; k++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const double value = (double)(seed >> 11) / (double)(1ull << 52) - 1;
        precision == TX_FLOAT32 ? (void)(((float *)(void *)reals)[k] = (float)value) : (void)(((double *)(void *)reals)[k] = value);
    }
}

static tx_plan_cost run(const tx_problem *problem, const char *parameters, size_t memory, result *out)
{
    static char window[BLOCK][8 * MOST_LEVELS * MOST_STATE];
    tx_problem limited = *problem;
    tx_loss_plan loss;
    tx_parameters shared = {0};
    tx_values *values = NULL;
    tx_workspace *workspace = NULL;
    tx_error error = {0};
    const void *windows[BLOCK];
    limited.memory = memory;
    CU_ASSERT_EQUAL_FATAL(tx_problem_plan(&limited, problem->configuration, &problem->physics, BLOCK, true, &error, &loss), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(loss.plan, 1, &error, &workspace), TX_OK);
    CU_ASSERT_FATAL(loss.levels <= MOST_LEVELS && tx_data_level_size(&problem->data) <= MOST_STATE);
    for (int k = 0; k < BLOCK; k++) {
        fill(problem->random.precision, window[k], MOST_LEVELS * MOST_STATE);
        windows[k] = window[k] + (size_t)k * tx_real_bytes(problem->random.precision);
    }
    const tx_run_input input = {.windows = windows, .count = COUNT, .batch_size = BATCH};
    memset(out->loss, 0, sizeof out->loss);
    CU_ASSERT_EQUAL_FATAL(tx_values_create(loss.plan, &shared, &error, &values), TX_OK);
    tx_parameters_set(&shared, parameters);
    tx_run_output output = {.losses = out->loss, .gradient = out->gradient};
    for (int repeat = 0; repeat < 2; repeat++) { /* the second finds a used arena */
        CU_ASSERT_EQUAL(tx_values_run(values, workspace, &input, &output, &error), TX_OK);
    }
    const tx_plan_cost cost = tx_plan_get_cost(loss.plan);
    tx_workspace_destroy(workspace);
    tx_values_destroy(values);
    tx_plan_destroy(loss.plan);
    return cost;
}

static size_t total(const tx_plan_cost *cost)
{
    return cost->arena_bytes + cost->shared_bytes;
}

static bool same(const result *a, const result *b)
{
    return memcmp(a->loss, b->loss, sizeof a->loss) == 0 && memcmp(a->gradient, b->gradient, a->gradient_bytes) == 0;
}

/* From everything down to nothing, then the least that fits and one byte less. Counts the programs that repeat something. */
static int compare(const tx_problem *problem, const char *parameters, result *expected, result *found, const char *name)
{
    const tx_plan_cost everything = run(problem, parameters, 0, expected);
    size_t least = 0;
    int repeated = 0;
    for (int share = SHARES; share >= 0; share--) {
        const size_t memory = (total(&everything) - 1) * (size_t)share / SHARES + 1;
        const tx_plan_cost cost = run(problem, parameters, memory, found);
        if (!same(expected, found)) {
            printf("\n%s: other bytes within %zu of %zu bytes\n", name, memory, total(&everything));
            CU_FAIL("bytes differ");
        }
        CU_ASSERT_EQUAL(cost.fits, total(&cost) <= memory);
        repeated += cost.flops > everything.flops;
        least = total(&cost);
    }
    CU_ASSERT(run(problem, parameters, least, found).fits);
    CU_ASSERT(same(expected, found));
    CU_ASSERT(!run(problem, parameters, least - 1, found).fits);
    return repeated;
}

static tx_problem make_problem(const char *network, const tx_shape *state, const char *configuration, const char *precision,
                               tx_config **config)
{
    static const char *const required[] = {"network", "trainer", NULL};
    const tx_data_shape data = {.num_trajectories = 2, .num_levels = MOST_LEVELS + 1, .state = *state};
    char text[2048];
    tx_error error = {0};
    tx_problem problem = {0};
    snprintf(text, sizeof text,
             "precision: %s\nnetwork: %s\ntrainer: {%s, optimizer: {type: sgd, learning_rate: 1}, num_training_steps: 1, "
             "batch_size: 4, key: 0}\n",
             precision, network, configuration);
    const tx_config_source source = {.name = "test.yaml", .text = text, .required = required};
    const tx_backend *backend = NULL; /* which needs no closing */
    if (tx_config_create(registry, &source, &error, config) != TX_OK ||
        tx_root_backend(tx_config_root(*config), tx_isa_count() - 1, 0, &error, &backend) != TX_OK ||
        tx_problem_create(*config, &data, backend, 1, &error, &problem) != TX_OK) {
        printf("\n%s%s\n", text, error.message);
        CU_FAIL_FATAL("no problem");
    }
    return problem;
}

static int check(const tx_shape *state, const char *network, const char *configuration, const char *precision)
{
    tx_config *config = NULL;
    char name[2048];
    snprintf(name, sizeof name, "%s, %s, %s", network, configuration, precision);
    const size_t before = tx_memory_live();
    tx_problem problem = make_problem(network, state, configuration, precision, &config);
    const size_t bytes = (size_t)problem.network->num_parameters * tx_real_bytes(problem.random.precision);
    result expected = {.gradient = malloc(bytes), .gradient_bytes = bytes},
           found = {.gradient = malloc(bytes), .gradient_bytes = bytes};
    char *parameters = calloc(1, bytes);
    CU_ASSERT_EQUAL_FATAL(tx_network_initialise(problem.network, problem.random, parameters, NULL), TX_OK);
    const int repeated = compare(&problem, parameters, &expected, &found, name);
    CU_ASSERT(expected.loss[0] > 0);
    free(parameters);
    free(expected.gradient);
    free(found.gradient);
    tx_problem_destroy(&problem);
    tx_config_destroy(config);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    return repeated;
}

static void same_bytes(void)
{
    for (const group *g = groups; g < groups + NUM_GROUPS; g++) {
        for (int n = 0; n < NETS && g->networks[n]; n++) {
            for (int c = 0; c < CONFIGURATIONS && g->configurations[c]; c++) {
                for (int wide = 0; wide < 2; wide++) {
                    CU_ASSERT(check(&g->state, g->networks[n], g->configurations[c], wide ? "float64" : "float32") > 0);
                }
            }
        }
    }
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training/recompute", (suite_test[]){{"the same bytes with any memory", same_bytes}, {0}});
    tx_registry_destroy(registry);
    return code;
}
