/* What follows from a configuration and the shape of the data: network, windows, plans, block. */
#include "problem/problem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "parallel/machine.h"
#include "problem/losses.h"
#include "trainax/physics.h"
#include "trainax/problem.h"

static tx_status fill_physics(const tx_section *configuration, const tx_section *section, tx_shape state, tx_error *error,
                              tx_physics *out)
{
    static const struct {
        unsigned need;
        const char *option;
    } parts[] = {{TX_NEEDS_STEPPER, "ref_stepper"}, {TX_NEEDS_RESIDUUM, "residuum_fn"}};
    const unsigned needs = tx_configuration_needs(configuration);
    const tx_section *const found[] = {tx_get_section(section, parts[0].option), tx_get_section(section, parts[1].option)};
    for (int k = 0; k < 2; k++) {
        if ((needs & parts[k].need) && !found[k]) {
            return tx_section_error(configuration, NULL, error, TX_INVALID, "%s needs a `%s`", tx_section_name(configuration),
                                    parts[k].option);
        }
    }
    TX_TRY(found[0] ? tx_stepper_create(found[0], state, error, &out->ref_stepper) : TX_OK);
    return found[1] ? tx_residuum_create(found[1], state, error, &out->residuum_fn) : TX_OK;
}

tx_status tx_physics_create(const tx_section *configuration, const tx_section *section, tx_shape state, tx_error *error,
                            tx_physics *out)
{
    tx_physics physics = {0};
    const tx_status status = fill_physics(configuration, section, state, error, &physics);
    if (status != TX_OK) {
        tx_physics_destroy(&physics);
        return status;
    }
    *out = physics;
    return TX_OK;
}

void tx_physics_destroy(tx_physics *physics)
{
    tx_stepper_destroy(physics->ref_stepper);
    tx_residuum_destroy(physics->residuum_fn);
    *physics = (tx_physics){0};
}

bool tx_problem_doubt_axes(const tx_shape *state, char text[TX_DOUBT])
{
    const int64_t last = state->axes ? state->n[state->axes - 1] : state->channels;
    snprintf(text, TX_DOUBT,
             "channels last? The last axis of the data has %" PRId64 " element%s, that of the channels %" PRId64
             "; expected are (samples, levels, channels, points…)",
             last, last == 1 ? "" : "s", state->channels);
    return last < state->channels;
}

tx_random tx_problem_random(const tx_section *root)
{
    const tx_section *random = tx_get_section(root, "random");
    return (tx_random){
        .stream = strcmp(tx_get_word(random, "stream"), "jax_legacy") == 0 ? TX_STREAM_LEGACY : TX_STREAM_PARTITIONABLE,
        .precision = strcmp(tx_get_word(root, "precision"), "float64") == 0 ? TX_FLOAT64 : TX_FLOAT32,
    };
}

tx_placement tx_problem_placement(const tx_section *root)
{
    const char *const word = tx_get_word(tx_get_section(root, "parallel"), "placement");
    return strcmp(word, "replicated") == 0 ? TX_REPLICATED : TX_SHARDED;
}

int tx_problem_threads(const tx_section *root)
{
    return (int)tx_get_integer(tx_get_section(root, "parallel"), "threads");
}

tx_data_setup tx_problem_data_setup(const tx_section *root, int isa)
{
    return (tx_data_setup){.random = tx_problem_random(root), .isa = isa, .threads = tx_problem_threads(root)};
}

tx_random tx_config_random(const tx_config *config)
{
    return tx_problem_random(tx_config_root(config));
}

tx_status tx_agree_isa(tx_parallel *parallel, tx_error *error, int *out)
{
    int64_t lowest = -(tx_isa_count() - 1);
    TX_TRY(tx_parallel_max(parallel, &lowest, 1, error));
    *out = (int)-lowest;
    return TX_OK;
}

tx_status tx_root_backend(const tx_section *root, int isa, int rank, tx_error *error, const tx_backend **out)
{
    const tx_section *parallel = tx_get_section(root, "parallel");
    const char *name = tx_get_word(parallel, "backend");
    const bool host = strcmp(name, "cpu") == 0;
    const tx_backend_options options = {
        .isa = isa, .precision = tx_problem_random(root).precision, .device = tx_get_string(parallel, "device"), .rank = rank};
    tx_error local = {0};
    const tx_status status = tx_backend_open(host ? NULL : name, &options, &local, out);
    return status == TX_INVALID ? tx_section_error(parallel, "backend", error, status, "%s", local.message)
           : status             ? tx_error_set(error, status, "%s", local.message)
                                : TX_OK;
}

tx_status tx_agree_backend(tx_parallel *parallel, const tx_section *root, tx_error *error, const tx_backend **out)
{
    const tx_backend *backend = NULL;
    int isa;
    TX_TRY(tx_agree_isa(parallel, error, &isa));
    const tx_status mine = tx_root_backend(root, isa, tx_parallel_machine_rank(parallel), error, &backend);
    const tx_status status = tx_parallel_agree(parallel, mine, error);
    if (status != TX_OK) {
        tx_backend_close(mine ? NULL : backend);
        return status;
    }
    *out = backend;
    return TX_OK;
}

static tx_status choose_block(tx_problem *problem, tx_error *error)
{
    const tx_section *parallel = tx_get_section(problem->root, "parallel");
    if (!tx_get_word(parallel, "block")) {
        const int64_t wanted = tx_get_integer(parallel, "block");
        problem->block = (int)(wanted < problem->batch_size ? wanted : problem->batch_size);
        return TX_OK;
    }
    return tx_step_block(problem->network, problem->backend, problem->batch_size, error, &problem->block);
}

static void read_options(tx_problem *problem)
{
    const tx_section *trainer = problem->trainer, *parallel = tx_get_section(problem->root, "parallel");
    problem->stage = TX_LARGEST_STAGE;
    problem->num_steps = tx_get_integer(trainer, "num_training_steps");
    problem->record_every = tx_get_integer(trainer, "record_loss_every");
    problem->asked_batch_size = tx_get_integer(trainer, "batch_size");
    problem->threads = tx_problem_threads(problem->root);
    problem->placement = tx_problem_placement(problem->root);
    problem->reduction = strcmp(tx_get_word(parallel, "reduction"), "plain") == 0 ? TX_REDUCE_PLAIN : TX_REDUCE_EXACT;
}

int tx_problem_window_length(const tx_problem *problem)
{
    return tx_configuration_window_length(problem->configuration) + tx_network_levels(problem->network) - 1;
}

int tx_problem_levels_read(const tx_problem *problem, const tx_section *configuration)
{
    return tx_configuration_levels_read(configuration) + tx_network_levels(problem->network) - 1;
}

static tx_status cut_windows(tx_problem *problem, tx_error *error)
{
    tx_error local = {0};
    const int length = tx_problem_window_length(problem);
    const bool stack = tx_get_boolean(problem->trainer, "do_sub_stacking");
    if (tx_windows_make(&problem->data, length, stack, &local, &problem->windows) != TX_OK) {
        return tx_section_error(problem->trainer, "type", error, local.status, "%s", local.message);
    }
    const int64_t count = problem->windows.count;
    problem->batch_size = problem->asked_batch_size < count ? problem->asked_batch_size : count;
    return TX_OK;
}

/* Of the threads that can gain by running a block together. */
static int64_t most_sharers(const tx_problem *problem)
{
    const int64_t most = tx_plan_most_threads(problem->loss.plan) / problem->threads;
    return most > 1 ? most : 1;
}

static tx_status plan_loss(tx_problem *problem, tx_error *error)
{
    return tx_problem_plan(problem, problem->configuration, &problem->physics, problem->block, true, error, &problem->loss);
}

/* Where there are fewer blocks than ranks, ranks share them if it pays; their parts of an instruction need room, each. */
static tx_status plan_shared(tx_problem *problem, int num_ranks, tx_error *error)
{
    const int64_t blocks = tx_problem_blocks(problem), ranks = (num_ranks + blocks - 1) / blocks, most = most_sharers(problem);
    problem->sharers = (int)(ranks < most ? ranks : most);
    if (problem->sharers == 1) {
        return TX_OK;
    }
    tx_plan_destroy(problem->loss.plan);
    problem->loss.plan = NULL;
    return plan_loss(problem, error);
}

static tx_status build(tx_problem *problem, int num_ranks, tx_error *error)
{
    read_options(problem);
    TX_TRY(tx_configuration_check(problem->configuration, error));
    const tx_network_beside beside = tx_problem_beside(&problem->data, false);
    TX_TRY(
        tx_network_create_beside(tx_get_section(problem->root, "network"), problem->data.state, &beside, error, &problem->network));
    TX_TRY(cut_windows(problem, error));
    TX_TRY(choose_block(problem, error));
    TX_TRY(tx_physics_create(problem->configuration, problem->trainer, problem->data.state, error, &problem->physics));
    TX_TRY(plan_loss(problem, error));
    problem->threads = tx_plan_blocks_at_once(problem->loss.plan, 2) > 1 ? 1 : problem->threads;
    return plan_shared(problem, num_ranks, error);
}

tx_status tx_problem_create(const tx_config *config, const tx_data_shape *data, const tx_backend *backend, int num_ranks,
                            tx_error *error, tx_problem *out)
{
    const tx_section *root = tx_config_root(config), *trainer = tx_get_section(root, "trainer");
    tx_problem problem = {
        .root = root,
        .trainer = trainer,
        .configuration = tx_get_section(trainer, "type"),
        .random = tx_problem_random(root),
        .data = *data,
        .backend = backend,
        .sharers = 1,
    };
    const tx_status status = build(&problem, num_ranks, error);
    if (status != TX_OK) {
        tx_problem_destroy(&problem);
        return status;
    }
    *out = problem;
    return TX_OK;
}

void tx_problem_destroy(tx_problem *problem)
{
    tx_plan_destroy(problem->loss.plan);
    tx_physics_destroy(&problem->physics);
    tx_network_destroy(problem->network);
    tx_windows_free(&problem->windows);
    *problem = (tx_problem){0};
}

tx_status tx_leaf_sizes(const tx_network *network, tx_error *error, int64_t **out)
{
    int64_t *sizes;
    TX_TRY(tx_allocate_array((size_t)network->num_leaves, sizeof *sizes, error, &sizes));
    for (int k = 0; k < network->num_leaves; k++) {
        sizes[k] = network->leaves[k].size;
    }
    *out = sizes;
    return TX_OK;
}

size_t tx_parameter_bytes(const tx_problem *problem)
{
    return (size_t)problem->network->num_parameters * tx_real_bytes(problem->random.precision);
}

int64_t tx_problem_blocks(const tx_problem *problem)
{
    return (problem->batch_size + problem->block - 1) / problem->block;
}

int64_t tx_problem_share(const tx_problem *problem, int num_ranks)
{
    const int64_t blocks = tx_problem_blocks(problem);
    const int64_t mine = (blocks + num_ranks - 1) / num_ranks * problem->block;
    return mine < problem->batch_size ? mine : problem->batch_size;
}

int tx_problem_blocks_at_once(const tx_problem *problem, int num_ranks)
{
    const int64_t share = tx_problem_share(problem, num_ranks);
    return tx_plan_blocks_at_once(problem->loss.plan, (share + problem->block - 1) / problem->block);
}

int tx_problem_runners(const tx_problem *problem, int num_ranks)
{
    return tx_problem_blocks(problem) < num_ranks ? 1 : problem->threads;
}

int64_t tx_problem_most_ranks(const tx_problem *problem)
{
    return tx_problem_blocks(problem) * most_sharers(problem);
}

bool tx_problem_keeps_less(const tx_problem *problem)
{
    const tx_plan_cost cost = tx_plan_get_cost(problem->loss.plan);
    return cost.flops > cost.everything.flops;
}
