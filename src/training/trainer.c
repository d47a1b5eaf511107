/* The trainer: everything of a run but its files. */
#include "training/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "training/network_file.h"

/* The lowest instruction set of all ranks: the bits must not depend on where a block is computed. */
static tx_status agree_isa(tx_parallel *parallel, tx_error *error, int *isa)
{
    int64_t lowest = -(tx_isa_count() - 1);
    TX_TRY(tx_parallel_max(parallel, &lowest, 1, error));
    *isa = (int)-lowest;
    return TX_OK;
}

static tx_status load_data(tx_trainer *trainer, const tx_section *root, tx_error *error)
{
    const tx_section *parallel = tx_get_section(root, "parallel");
    const bool replicated = strcmp(tx_get_word(parallel, "placement"), "replicated") == 0;
    return tx_dataset_create(trainer->parallel, tx_get_section(root, "data"), tx_problem_random(root),
                             replicated ? TX_REPLICATED : TX_SHARDED, error, &trainer->dataset);
}

static tx_status read_parameters(tx_trainer *trainer, tx_error *error)
{
    const tx_network *network = trainer->problem.network;
    tx_file *file;
    TX_TRY(tx_network_file_open(tx_get_string(network->section, "parameters"), error, &file));
    tx_error local = {0};
    tx_status status = tx_network_file_parameters(file, network, trainer->problem.random.precision, trainer->parameters, &local);
    tx_file_close(file);
    if (status == TX_INVALID) {
        status = tx_section_error(network->section, "parameters", error, status, "%s", local.message);
    } else if (status != TX_OK) {
        status = tx_error_set(error, status, "%s", local.message);
    }
    return status;
}

static tx_status first_parameters(tx_trainer *trainer, tx_error *error)
{
    const tx_network *network = trainer->problem.network;
    return tx_has(network->section, "parameters")
               ? read_parameters(trainer, error)
               : tx_network_initialise(network, trainer->problem.random, trainer->parameters, error);
}

/* Rank 0's values for all: they may come from a file, or from another machine's arithmetic. */
static tx_status share_parameters(tx_trainer *trainer, tx_error *error)
{
    tx_status status = tx_parallel_rank(trainer->parallel) == 0 ? first_parameters(trainer, error) : TX_OK;
    TX_TRY(tx_parallel_agree(trainer->parallel, status, error));
    const size_t bytes = (size_t)trainer->problem.network->num_parameters * tx_real_bytes(trainer->problem.random.precision);
    return tx_parallel_broadcast(trainer->parallel, trainer->parameters, bytes, error);
}

static tx_status allocate_parameters(tx_trainer *trainer, tx_error *error)
{
    const size_t count = (size_t)trainer->problem.network->num_parameters;
    const size_t real = tx_real_bytes(trainer->problem.random.precision);
    TX_TRY(tx_allocate_array(count, real, error, &trainer->parameters));
    return tx_allocate_array(count, real, error, &trainer->next_parameters);
}

static tx_status create_worker(tx_trainer *trainer, tx_worker *worker, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    TX_TRY(tx_workspace_create(problem->loss.program, error, &worker->workspace));
    TX_TRY(tx_allocate_array((size_t)problem->network->num_parameters, tx_real_bytes(problem->random.precision), error,
                             &worker->gradient));
    return tx_allocate_array((size_t)problem->block, sizeof(double), error, &worker->losses);
}

static tx_status create_workers(tx_trainer *trainer, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)trainer->problem.threads, sizeof(tx_worker), error, &trainer->workers));
    for (int k = 0; k < trainer->problem.threads; k++) {
        TX_TRY(create_worker(trainer, &trainer->workers[k], error));
    }
    return TX_OK;
}

static tx_status leaf_sizes(const tx_network *network, tx_error *error, int64_t **out)
{
    int64_t *sizes;
    TX_TRY(tx_allocate_array((size_t)network->num_leaves, sizeof *sizes, error, &sizes));
    for (int k = 0; k < network->num_leaves; k++) {
        sizes[k] = network->leaves[k].size;
    }
    *out = sizes;
    return TX_OK;
}

static tx_status create_optimizer(tx_trainer *trainer, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    int64_t *sizes;
    TX_TRY(leaf_sizes(problem->network, error, &sizes));
    const tx_status status = tx_optimizer_create(tx_get_section(problem->trainer, "optimizer"), problem->random.precision,
                                                 problem->network->num_leaves, sizes, error, &trainer->optimizer);
    tx_free(sizes);
    return status;
}

static tx_status create_reduction(tx_trainer *trainer, tx_error *error)
{
    const tx_network *network = trainer->problem.network;
    int64_t *sizes;
    if (!trainer->parallel) {
        return TX_OK;
    }
    TX_TRY(leaf_sizes(network, error, &sizes));
    const tx_status status = tx_reduction_create(
        trainer->parallel, trainer->problem.reduction, trainer->problem.random.precision, network->num_leaves, sizes, 1,
        TX_REQUEST_COUNT + 1, tx_problem_blocks(&trainer->problem), trainer->problem.threads, error, &trainer->reduction);
    tx_free(sizes);
    return status;
}

static tx_status fill_evaluator(tx_trainer *trainer, tx_evaluator *evaluator, tx_error *error)
{
    evaluator->current = -1;
    TX_TRY(tx_workspace_create(evaluator->loss.program, error, &evaluator->workspace));
    return tx_allocate_array((size_t)trainer->problem.block, sizeof(double), error, &evaluator->losses);
}

static tx_status check_levels(const tx_trainer *trainer, const tx_section *configuration, tx_error *error)
{
    const int levels = tx_configuration_levels_read(configuration);
    if (levels > trainer->problem.windows.length) {
        return tx_section_error(configuration, NULL, error, TX_INVALID,
                                "reads %d time levels, but the trainer's windows have %d: give it fewer rollout steps", levels,
                                trainer->problem.windows.length);
    }
    return TX_OK;
}

static tx_status ensure_evaluation(tx_trainer *trainer, tx_error *error)
{
    return trainer->evaluation || !trainer->parallel
               ? TX_OK
               : tx_reduction_create(trainer->parallel, trainer->problem.reduction, trainer->problem.random.precision, 0, NULL, 1,
                                     1, tx_problem_blocks(&trainer->problem), 1, error, &trainer->evaluation);
}

static tx_status add_program(void *owner, const tx_section *callback, tx_error *error, int *handle)
{
    tx_trainer *trainer = owner;
    const tx_section *configuration = tx_get_section(callback, "configuration");
    TX_TRY(tx_configuration_check(configuration, error));
    TX_TRY(check_levels(trainer, configuration, error));
    TX_TRY(ensure_evaluation(trainer, error));
    TX_TRY(tx_reserve((size_t)trainer->num_evaluators + 1, sizeof(tx_evaluator), &trainer->evaluator_capacity, error,
                      &trainer->evaluators));
    tx_evaluator *evaluator = &trainer->evaluators[trainer->num_evaluators];
    const size_t before = tx_memory_live();
    TX_TRY(tx_problem_program(&trainer->problem, configuration, callback, trainer->problem.block, false, error, &evaluator->loss));
    *handle = trainer->num_evaluators++;
    if (evaluator->loss.levels > trainer->levels) {
        trainer->levels = evaluator->loss.levels;
    }
    TX_TRY(fill_evaluator(trainer, evaluator, error));
    trainer->evaluator_bytes += tx_memory_live() - before;
    return TX_OK;
}

static tx_status check_column(const tx_trainer *trainer, const tx_callback *callback, tx_error *error)
{
    static const char *const own[] = {"step", "epoch", "batch", "loss"};
    bool taken = false;
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        taken |= strcmp(callback->column, own[k]) == 0;
    }
    for (int k = 0; k < trainer->num_columns; k++) {
        taken |= strcmp(callback->column, trainer->columns[k]) == 0;
    }
    return taken ? tx_section_error(callback->section, tx_has(callback->section, "name") ? "name" : NULL, error, TX_INVALID,
                                    "history.csv has a column %s already: give this one another `name`", callback->column)
                 : TX_OK;
}

static tx_status add_callback(tx_trainer *trainer, const tx_section *section, const tx_callback_setup *setup, tx_error *error)
{
    tx_callback *callback;
    TX_TRY(tx_callback_create(section, setup, error, &callback));
    trainer->callbacks[trainer->num_callbacks++] = callback;
    if (callback->column) {
        TX_TRY(check_column(trainer, callback, error));
        trainer->columns[trainer->num_columns++] = callback->column;
    }
    return TX_OK;
}

static bool is_progress(const tx_section *section)
{
    return strcmp(tx_section_name(section), "progress") == 0;
}

/* The progress line is always on; an entry in `callbacks` changes it instead of doubling it. */
static tx_status add_progress(tx_trainer *trainer, const tx_callback_setup *setup, const tx_registry *registry, tx_error *error)
{
    for (int k = 0; k < trainer->num_callbacks; k++) {
        if (is_progress(trainer->callbacks[k]->section)) {
            return TX_OK;
        }
    }
    if (!tx_registry_find(registry, TX_KIND_CALLBACK, "progress")) {
        return TX_OK;
    }
    TX_TRY(tx_section_read(registry, TX_KIND_CALLBACK, "progress", "{type: progress}", error, &trainer->progress_config));
    return tx_callback_create(tx_config_root(trainer->progress_config), setup, error, &trainer->progress);
}

static tx_status create_callbacks(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *options, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(trainer->problem.root, "callbacks", &sections);
    const tx_callback_setup setup = {
        .add_program = add_program,
        .trainer = trainer,
        .parallel = trainer->parallel,
        .precision = trainer->problem.random.precision,
        .log = trainer->log,
        .terminal = options->terminal,
    };
    TX_TRY(tx_allocate_array((size_t)count, sizeof(tx_callback *), error, &trainer->callbacks));
    TX_TRY(tx_allocate_array((size_t)count, sizeof(char *), error, &trainer->columns));
    for (int k = 0; k < count; k++) {
        TX_TRY(add_callback(trainer, sections[k], &setup, error));
    }
    return options->with_progress ? add_progress(trainer, &setup, tx_config_registry(config), error) : TX_OK;
}

static tx_status prepare_fetching(tx_trainer *trainer, int num_ranks, tx_error *error)
{
    const int64_t most = tx_problem_share(&trainer->problem, num_ranks);
    for (int slot = 0; slot < 2; slot++) {
        trainer->fetches[slot].step = -1;
        TX_TRY(tx_allocate_array((size_t)most, sizeof(int64_t), error, &trainer->fetches[slot].levels));
    }
    return trainer->dataset ? tx_store_reserve(trainer->dataset->store, (int)most, trainer->levels, error) : TX_OK;
}

typedef struct surroundings {
    const tx_data_shape *data;
    int isa, num_ranks;
} surroundings;

/* All that one rank does alone. */
static tx_status build(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, surroundings around,
                       tx_error *error)
{
    tx_problem *problem = &trainer->problem;
    const size_t before = tx_memory_live();
    TX_TRY(tx_problem_create(config, around.data, around.isa, error, problem));
    trainer->levels = problem->loss.levels;
    const tx_key key = tx_key_from_spec(problem->random, tx_get_key(problem->trainer, "key"));
    TX_TRY(tx_mixer_create(problem->random, key, problem->windows.count, problem->batch_size, error, &trainer->mixer));
    TX_TRY(create_optimizer(trainer, error));
    TX_TRY(allocate_parameters(trainer, error));
    const size_t built = tx_memory_live() - before;
    TX_TRY(create_callbacks(trainer, config, setup, error));
    TX_TRY(tx_problem_fit(problem, built + trainer->evaluator_bytes, around.num_ranks, error));
    TX_TRY(create_workers(trainer, error));
    TX_TRY(create_reduction(trainer, error));
    return prepare_fetching(trainer, around.num_ranks, error);
}

static void tell_batch_size(const tx_trainer *trainer)
{
    const tx_problem *problem = &trainer->problem;
    if (problem->asked_batch_size > problem->batch_size && tx_parallel_rank(trainer->parallel) == 0) {
        tx_log_write(trainer->log, TX_LOG_NOTE,
                     "batch size %" PRId64 " is larger than the total number of samples %" PRId64
                     ": performing full batch training",
                     problem->asked_batch_size, problem->windows.count);
    }
}

static tx_status set_up(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error)
{
    surroundings around = {.num_ranks = tx_parallel_size(trainer->parallel)};
    TX_TRY(agree_isa(trainer->parallel, error, &around.isa));
    TX_TRY(load_data(trainer, tx_config_root(config), error));
    around.data = &trainer->dataset->shape;
    TX_TRY(tx_parallel_agree(trainer->parallel, build(trainer, config, setup, around, error), error));
    TX_TRY(share_parameters(trainer, error));
    tx_trainer_refresh(trainer);
    tell_batch_size(trainer);
    trainer->start = tx_clock();
    return TX_OK;
}

tx_status tx_trainer_create_with(const tx_config *config, tx_parallel *parallel, const tx_trainer_setup *setup, tx_error *error,
                                 tx_trainer **out)
{
    tx_trainer *trainer = NULL;
    TX_TRY(tx_parallel_agree(parallel, tx_allocate(sizeof *trainer, error, &trainer), error));
    trainer->parallel = parallel;
    trainer->log = setup->log;
    const tx_status status = set_up(trainer, config, setup, error);
    if (status != TX_OK) {
        tx_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return TX_OK;
}

tx_status tx_trainer_create_alone(const tx_config *config, const tx_data_shape *data, int num_ranks, tx_error *error,
                                  tx_trainer **out)
{
    const tx_trainer_setup setup = {0};
    const surroundings around = {.data = data, .isa = tx_isa_count() - 1, .num_ranks = num_ranks};
    tx_trainer *trainer;
    TX_TRY(tx_allocate(sizeof *trainer, error, &trainer));
    const tx_status status = build(trainer, config, &setup, around, error);
    if (status != TX_OK) {
        tx_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return TX_OK;
}

tx_status tx_trainer_create(const tx_config *config, tx_parallel *parallel, const tx_log *log, tx_error *error, tx_trainer **out)
{
    const tx_trainer_setup setup = {.log = log};
    return tx_trainer_create_with(config, parallel, &setup, error, out);
}

static void destroy_workers(tx_trainer *trainer)
{
    for (int k = 0; trainer->workers && k < trainer->problem.threads; k++) {
        tx_workspace_destroy(trainer->workers[k].workspace);
        tx_free(trainer->workers[k].gradient);
        tx_free(trainer->workers[k].losses);
    }
    tx_free(trainer->workers);
}

static void destroy_callbacks(tx_trainer *trainer)
{
    for (int k = 0; k < trainer->num_callbacks; k++) {
        tx_callback_destroy(trainer->callbacks[k]);
    }
    for (int k = 0; k < trainer->num_evaluators; k++) {
        tx_evaluator *evaluator = &trainer->evaluators[k];
        tx_workspace_destroy(evaluator->workspace);
        tx_program_destroy(evaluator->loss.program);
        tx_free(evaluator->losses);
    }
    tx_callback_destroy(trainer->progress);
    tx_config_destroy(trainer->progress_config);
    tx_free(trainer->evaluators);
    tx_free(trainer->callbacks);
    tx_free(trainer->columns);
}

void tx_trainer_destroy(tx_trainer *trainer)
{
    if (!trainer) {
        return;
    }
    destroy_callbacks(trainer);
    destroy_workers(trainer);
    tx_free(trainer->fetches[0].levels);
    tx_free(trainer->fetches[1].levels);
    tx_reduction_destroy(trainer->reduction);
    tx_reduction_destroy(trainer->evaluation);
    tx_optimizer_destroy(trainer->optimizer);
    tx_mixer_destroy(trainer->mixer);
    tx_dataset_destroy(trainer->dataset);
    tx_free(trainer->parameters);
    tx_free(trainer->next_parameters);
    tx_problem_destroy(&trainer->problem);
    tx_free(trainer);
}

int64_t tx_trainer_steps_done(const tx_trainer *trainer)
{
    return trainer->step;
}
double tx_trainer_loss(const tx_trainer *trainer)
{
    return trainer->loss;
}
const tx_network *tx_trainer_network(const tx_trainer *trainer)
{
    return trainer->problem.network;
}
void *tx_trainer_parameters(tx_trainer *trainer)
{
    return trainer->parameters;
}
