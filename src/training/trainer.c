/* The trainer: everything of a run but its files. */
#include "training/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/threads.h"
#include "training/network_file.h"

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
static tx_status share_parameters(tx_trainer *trainer, bool resumes, tx_error *error)
{
    tx_status status = tx_parallel_rank(trainer->parallel) == 0 && !resumes ? first_parameters(trainer, error) : TX_OK;
    TX_TRY(tx_parallel_agree(trainer->parallel, status, error));
    return tx_parallel_broadcast(trainer->parallel, trainer->parameters, tx_trainer_parameter_bytes(trainer), error);
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
    const size_t at_once = (size_t)tx_trainer_blocks_at_once(trainer);
    TX_TRY(tx_team_create(error, &worker->team));
    TX_TRY(tx_allocate_array(at_once * (size_t)problem->network->num_parameters, tx_real_bytes(problem->random.precision), error,
                             &worker->gradient));
    return tx_allocate_array(at_once * (size_t)problem->block, sizeof(double), error, &worker->losses);
}

static tx_status create_workers(tx_trainer *trainer, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)trainer->problem.threads, sizeof(tx_worker), error, &trainer->workers));
    for (int k = 0; k < trainer->problem.threads; k++) {
        TX_TRY(create_worker(trainer, &trainer->workers[k], error));
    }
    return TX_OK;
}

static tx_status create_evaluator(tx_trainer *trainer, tx_error *error)
{
    TX_TRY(tx_trainer_reduction(trainer, true, error, &trainer->reduction));
    return tx_evaluator_create(trainer, trainer->problem.loss, trainer->reduction, true, error, &trainer->evaluator);
}

static tx_status prepare_fetching(tx_trainer *trainer, int num_ranks, tx_error *error)
{
    const int64_t most = tx_problem_share(&trainer->problem, num_ranks);
    for (int slot = 0; slot < 2; slot++) {
        trainer->fetches[slot].step = -1;
        TX_TRY(tx_allocate_array((size_t)most, sizeof(int64_t), error, &trainer->fetches[slot].levels));
    }
    return TX_OK;
}

typedef struct surroundings {
    const tx_data_source *data;
    int isa, num_ranks;
} surroundings;

/* What one rank does alone before there is room for numbers. */
static tx_status plan(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, surroundings around,
                      tx_error *error)
{
    tx_problem *problem = &trainer->problem;
    const size_t before = tx_memory_live();
    TX_TRY(tx_problem_create(config, &around.data->shape, around.isa, error, problem));
    trainer->levels = problem->loss.levels;
    trainer->data_bytes = tx_dataset_bytes(around.data, problem->placement, around.num_ranks);
    trainer->loading = around.data->working;
    trainer->ended_at = -1;
    TX_TRY(tx_trainer_check_held_out(trainer, error));
    TX_TRY(tx_optimizer_plan(tx_get_section(problem->trainer, "optimizer"), problem->random.precision, problem->network->num_leaves,
                             problem->network->leaves, error, &trainer->optimizer));
    TX_TRY(tx_trainer_create_callbacks(trainer, setup, error));
    TX_TRY(tx_trainer_plan_held_out(trainer, around.num_ranks, error));
    trainer->planned = tx_memory_live() - before;
    return tx_trainer_fit(trainer, around.num_ranks, error);
}

static tx_status create_mixer(tx_trainer *trainer, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    const tx_key key = tx_key_from_spec(problem->random, tx_get_key(problem->trainer, "key"));
    return tx_mixer_create(problem->random, key, problem->windows.count, problem->batch_size, error, &trainer->mixer);
}

/* What one rank does alone once there is. */
static tx_status allocate(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error)
{
    const int num_ranks = tx_parallel_size(trainer->parallel);
    TX_TRY(create_mixer(trainer, error));
    TX_TRY(tx_optimizer_allocate(trainer->optimizer, error));
    TX_TRY(allocate_parameters(trainer, error));
    TX_TRY(tx_trainer_allocate_best(trainer, error));
    TX_TRY(create_workers(trainer, error));
    TX_TRY(create_evaluator(trainer, error));
    TX_TRY(tx_trainer_allocate_programs(trainer, error));
    TX_TRY(prepare_fetching(trainer, num_ranks, error));
    TX_TRY(tx_store_reserve(trainer->dataset->store, (int)tx_problem_share(&trainer->problem, num_ranks), trainer->levels, error));
    return tx_trainer_create_progress(trainer, config, setup, error);
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

/* optax.chain alone does not go downhill. */
static void warn_of_ascent(const tx_trainer *trainer)
{
    if (!tx_optimizer_descends(trainer->optimizer) && tx_parallel_rank(trainer->parallel) == 0) {
        tx_log_write(trainer->log, TX_LOG_WARNING,
                     "trainer.optimizer: nothing in the chain turns the gradient round, as scale_by_learning_rate does");
    }
}

static void warn_of_training_data(const tx_trainer *trainer)
{
    const tx_callback *keeper = trainer->best.keeper;
    if (keeper && !tx_trainer_holds_out(trainer) && tx_parallel_rank(trainer->parallel) == 0) {
        tx_log_write(trainer->log, TX_LOG_WARNING,
                     "%s watches the data that are trained on: evaluation.data can name others, held out of the training",
                     tx_section_name(keeper->section));
    }
}

/* Plans the whole for the data of this source, and loads them if there is room for all. */
static tx_status plan_and_load(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_data_source *source,
                               tx_error *error)
{
    tx_parallel *parallel = trainer->parallel;
    surroundings around = {.data = source, .num_ranks = tx_parallel_size(parallel)};
    TX_TRY(tx_agree_isa(parallel, error, &around.isa));
    TX_TRY(tx_parallel_agree(parallel, plan(trainer, config, setup, around, error), error));
    TX_TRY(tx_parallel_agree(parallel, tx_threads_start(trainer->problem.threads, error), error));
    const tx_budget budget = tx_trainer_budget(trainer, around.num_ranks);
    TX_TRY(tx_budget_check(parallel, &budget, trainer->problem.root, trainer->log, tx_trainer_advise, trainer, error));
    return tx_dataset_load(parallel, source, trainer->problem.placement, error, &trainer->dataset);
}

static tx_status load_data(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error)
{
    const tx_section *root = tx_config_root(config);
    tx_data_source *source;
    TX_TRY(tx_data_source_open(trainer->parallel, tx_get_section(root, "data"), tx_problem_random(root), error, &source));
    const tx_status status = plan_and_load(trainer, config, setup, source, error);
    tx_data_source_destroy(source);
    return status;
}

static tx_status set_up(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error)
{
    TX_TRY(load_data(trainer, config, setup, error));
    TX_TRY(tx_parallel_agree(trainer->parallel, allocate(trainer, config, setup, error), error));
    TX_TRY(tx_trainer_load_held_out(trainer, error));
    TX_TRY(share_parameters(trainer, setup->resumes, error));
    tx_trainer_refresh(trainer);
    tell_batch_size(trainer);
    warn_of_ascent(trainer);
    warn_of_training_data(trainer);
    trainer->start = tx_clock();
    return TX_OK;
}

tx_status tx_trainer_create_with(const tx_config *config, tx_parallel *parallel, const tx_trainer_setup *setup, tx_error *error,
                                 tx_trainer **out)
{
    tx_trainer *trainer = NULL;
    tx_status status = tx_parallel_agree(parallel, tx_allocate(sizeof *trainer, error, &trainer), error);
    if (status != TX_OK) {
        tx_free(trainer); /* of a rank that had the memory */
        return status;
    }
    trainer->parallel = parallel;
    trainer->log = setup->log;
    trainer->directory = setup->directory;
    trainer->inputs = setup->inputs;
    trainer->overwrite = setup->overwrite;
    trainer->earlier = setup->earlier;
    status = set_up(trainer, config, setup, error);
    if (status != TX_OK) {
        tx_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return TX_OK;
}

tx_status tx_trainer_plan(const tx_config *config, const tx_data_source *data, int num_ranks, tx_error *error, tx_trainer **out)
{
    const tx_trainer_setup setup = {0};
    const surroundings around = {.data = data, .isa = tx_isa_count() - 1, .num_ranks = num_ranks};
    tx_trainer *trainer;
    TX_TRY(tx_allocate(sizeof *trainer, error, &trainer));
    const tx_status status = plan(trainer, config, &setup, around, error);
    if (status != TX_OK) {
        tx_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return TX_OK;
}

tx_status tx_trainer_create(const tx_config *config, tx_parallel *parallel, const tx_log *log, tx_error *error, tx_trainer **out)
{
    const tx_trainer_setup setup = {.log = log, .overwrite = true};
    return tx_trainer_create_with(config, parallel, &setup, error, out);
}

static void destroy_workers(tx_trainer *trainer)
{
    for (int k = 0; trainer->workers && k < trainer->problem.threads; k++) {
        tx_free(trainer->workers[k].gradient);
        tx_free(trainer->workers[k].losses);
        tx_team_destroy(trainer->workers[k].team);
    }
    tx_free(trainer->workers);
}

void tx_trainer_destroy(tx_trainer *trainer)
{
    if (!trainer) {
        return;
    }
    tx_trainer_destroy_callbacks(trainer);
    tx_trainer_destroy_programs(trainer);
    tx_trainer_destroy_held_out(trainer);
    tx_evaluator_destroy(trainer, &trainer->evaluator);
    destroy_workers(trainer);
    tx_free(trainer->fetches[0].levels);
    tx_free(trainer->fetches[1].levels);
    tx_reduction_destroy(trainer->reduction);
    tx_optimizer_destroy(trainer->optimizer);
    tx_mixer_destroy(trainer->mixer);
    tx_dataset_destroy(trainer->dataset);
    tx_free(trainer->parameters);
    tx_free(trainer->next_parameters);
    tx_free(trainer->best.parameters);
    tx_problem_destroy(&trainer->problem);
    tx_free(trainer);
}

int64_t tx_trainer_steps_done(const tx_trainer *trainer)
{
    return trainer->step;
}
const void *tx_trainer_gradient(const tx_trainer *trainer)
{
    return tx_reduction_gradient(trainer->reduction);
}

double tx_trainer_loss(const tx_trainer *trainer)
{
    return trainer->loss;
}
const tx_network *tx_trainer_network(const tx_trainer *trainer)
{
    return trainer->problem.network;
}
size_t tx_trainer_parameter_bytes(const tx_trainer *trainer)
{
    return (size_t)trainer->problem.network->num_parameters * tx_real_bytes(trainer->problem.random.precision);
}
const void *tx_trainer_parameters(const tx_trainer *trainer)
{
    return trainer->parameters;
}
void tx_trainer_set_parameters(tx_trainer *trainer, const void *parameters)
{
    memcpy(trainer->parameters, parameters, tx_trainer_parameter_bytes(trainer));
    tx_trainer_refresh(trainer);
}
