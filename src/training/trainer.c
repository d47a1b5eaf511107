/* The trainer: everything of a run but its files. The data are there first, or are loaded once all else is planned. */
#include "training/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/threads.h"
#include "plugin/plugin.h"
#include "problem/constants.h"
#include "problem/losses.h"
#include "problem/network_file.h"
#include "training/snapshot.h"

/* ---- A member ---- */

/* Rank 0's values for all: they may come from a file, or from another machine's arithmetic. */
static tx_status share_parameters(tx_member *member, bool resumes, tx_error *error)
{
    const tx_problem *problem = &member->trainer->problem;
    tx_parallel *parallel = member->trainer->parallel;
    const bool mine = tx_parallel_rank(parallel) == 0 && !resumes;
    TX_TRY(tx_parallel_agree(parallel,
                             mine ? tx_network_begin(problem->network, problem->random, member->parameters, error) : TX_OK, error));
    TX_TRY(tx_constants_share(parallel, problem->network, error));
    return tx_parallel_broadcast(parallel, member->parameters, tx_parameter_bytes(problem), error);
}

/* What one rank does alone before there is room for numbers. */
static tx_status plan_member(tx_member *member, tx_trainer *trainer, const tx_trainer_setup *setup, int num_ranks, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    const int rank = trainer->parallel ? tx_parallel_rank(trainer->parallel) : 0;
    member->trainer = trainer;
    member->folder = setup->folder;
    member->ended_at = -1;
    member->fetching.levels = problem->loss.levels;
    TX_TRY(tx_changes_plan(&member->fetching.changes, problem, error));
    TX_TRY(tx_trained_create(problem, error, &member->trained));
    member->answers.trained = &member->trained;
    TX_TRY(tx_average_plan(problem, error, &member->average));
    member->task = tx_member_task(member);
    const tx_callback_setup callbacks = tx_member_callback_setup(member, setup->terminal);
    TX_TRY(tx_optimizer_plan(tx_get_section(problem->trainer, "optimizer"), &member->task, error, &member->optimizer));
    TX_TRY(tx_callbacks_create(&member->callbacks, &callbacks, error));
    return tx_held_out_plan(&member->held_out, problem, &trainer->shared->held_out.shape, rank, num_ranks, error);
}

static tx_status allocate_evaluator(tx_member *member, tx_error *error)
{
    const tx_trainer *trainer = member->trainer;
    TX_TRY(tx_workers_reduction(&trainer->workers, true, error, &member->reduction));
    TX_TRY(tx_workers_reduction(&trainer->workers, false, error, &member->losses));
    member->curriculum = tx_curriculum_begin(&trainer->problem);
    return tx_evaluator_create(trainer->problem.loss, &member->bound, &trainer->rooms, member->reduction, true, error,
                               &member->evaluator);
}

/* What one rank does alone once there is. */
static tx_status allocate_member(tx_member *member, tx_error *error)
{
    const tx_trainer *trainer = member->trainer;
    const size_t bytes = tx_parameter_bytes(&trainer->problem);
    TX_TRY(tx_allocate(bytes, error, &member->parameters));
    TX_TRY(tx_allocate(bytes, error, &member->next_parameters));
    TX_TRY(tx_trained_allocate(&member->trained, member->answers.asked != 0, error));
    TX_TRY(tx_average_allocate(&member->average, error));
    TX_TRY(tx_best_allocate(&member->best, bytes, error));
    TX_TRY(allocate_evaluator(member, error));
    TX_TRY(tx_answers_allocate(&member->answers, &member->trainer->workers, member->losses, error));
    TX_TRY(tx_programs_allocate(&member->programs, &trainer->workers, &member->bound, member->losses, error));
    return tx_fetching_create(&member->fetching, &trainer->problem, &trainer->crew, trainer->parallel,
                              trainer->shared->data.dataset, error);
}

/* Collective. */
static void destroy_member(tx_member *member)
{
    tx_callbacks_destroy(&member->callbacks);
    tx_snapshots_free(&member->snapshots);
    tx_programs_destroy(&member->programs);
    tx_answers_destroy(&member->answers);
    tx_held_out_destroy(&member->held_out);
    tx_evaluator_destroy(&member->evaluator);
    tx_fetching_destroy(&member->fetching);
    tx_reduction_destroy(member->reduction);
    tx_reduction_destroy(member->losses);
    tx_optimizer_destroy(member->optimizer);
    tx_trained_destroy(&member->trained);
    tx_average_destroy(&member->average);
    tx_free(member->parameters);
    tx_free(member->next_parameters);
    tx_free(member->best.parameters);
}

/* ---- The trainer ---- */

/* As plan_member; what is shared is known, if not there. */
static tx_status plan(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, int num_ranks, tx_error *error)
{
    tx_problem *problem = &trainer->problem;
    const size_t before = tx_memory_live();
    TX_TRY(tx_problem_create(config, &trainer->shared->data.shape, trainer->shared->backend, num_ranks, error, problem));
    TX_TRY(tx_held_out_check(problem, error));
    TX_TRY(plan_member(&trainer->member, trainer, setup, num_ranks, error));
    trainer->planned = tx_memory_live() - before;
    return tx_trainer_fit(trainer, num_ranks, error);
}

/* As allocate_member. */
static tx_status allocate(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error)
{
    tx_member *member = &trainer->member;
    const tx_callback_setup callbacks = tx_member_callback_setup(member, setup->terminal);
    TX_TRY(tx_workers_create(&trainer->workers, &trainer->problem, trainer->parallel, &trainer->crew, &trainer->failure, error));
    TX_TRY(allocate_member(member, error));
    TX_TRY(tx_workers_rooms(&trainer->workers, trainer->problem.loss.plan, error, &trainer->rooms));
    return setup->with_progress ? tx_callbacks_add_progress(&member->callbacks, config, &callbacks, error) : TX_OK;
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

static void tell_short_trajectories(const tx_trainer *trainer)
{
    const tx_windows *windows = &trainer->problem.windows;
    if (windows->too_short && tx_parallel_rank(trainer->parallel) == 0) {
        tx_log_write(trainer->log, TX_LOG_NOTE,
                     "%" PRId64 " of %" PRId64 " trajectories are too short for a window of %d time levels", windows->too_short,
                     windows->num_trajectories, windows->length);
    }
}

/* optax.chain alone does not go downhill. */
static void warn_of_ascent(const tx_trainer *trainer)
{
    if (!tx_optimizer_descends(trainer->member.optimizer) && tx_parallel_rank(trainer->parallel) == 0) {
        tx_log_write(trainer->log, TX_LOG_WARNING,
                     "trainer.optimizer: nothing in the chain turns the gradient round, as scale_by_learning_rate does");
    }
}

static void warn_of_training_data(const tx_trainer *trainer)
{
    const tx_callback *keeper = trainer->member.best.keeper;
    if (keeper && !tx_held_out_differs(&trainer->problem) && tx_parallel_rank(trainer->parallel) == 0) {
        tx_log_write(trainer->log, TX_LOG_WARNING,
                     "%s watches the data that are trained on: evaluation.data can name others, held out of the training",
                     tx_section_name(keeper->section));
    }
}

static tx_status plan_and_start(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error)
{
    tx_parallel *parallel = trainer->parallel;
    const int num_ranks = tx_parallel_size(parallel);
    tx_status status = plan(trainer, config, setup, num_ranks, error);
    status = status ? status : tx_trainer_check_device(trainer, num_ranks, error);
    TX_TRY(tx_parallel_agree(parallel, status, error));
    return tx_parallel_agree(parallel, tx_threads_start(trainer->problem.threads, error), error);
}

/* Plans the whole for the data of this source, and loads them if there is room for all. */
static tx_status plan_and_load(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_data_source *source,
                               tx_error *error)
{
    tx_parallel *parallel = trainer->parallel;
    const int num_ranks = tx_parallel_size(parallel);
    const tx_placement placement = tx_problem_placement(tx_config_root(config));
    trainer->own.data = tx_shared_data_of(source, placement, num_ranks);
    TX_TRY(plan_and_start(trainer, config, setup, error));
    const tx_budget budget = tx_trainer_own_budget(trainer);
    TX_TRY(tx_budget_check(parallel, &budget, trainer->problem.root, trainer->log, tx_trainer_advise, trainer, error));
    TX_TRY(tx_dataset_load(parallel, source, placement, error, &trainer->own.data.dataset));
    return tx_dataset_need(parallel, trainer->own.data.dataset, source, tx_trainer_numbers(trainer), error);
}

static tx_status load_data(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error)
{
    const tx_section *root = tx_config_root(config);
    tx_parallel *parallel = trainer->parallel;
    tx_data_source *source;
    trainer->shared = &trainer->own;
    trainer->own.parallel = parallel;
    TX_TRY(tx_agree_backend(parallel, root, error, &trainer->own.backend));
    trainer->own.opened = true;
    const tx_data_setup opened = tx_problem_data_setup(root, tx_backend_isa(trainer->own.backend));
    TX_TRY(tx_data_source_open(parallel, tx_get_section(root, "data"), opened, error, &source));
    const tx_status status = plan_and_load(trainer, config, setup, source, error);
    tx_data_source_destroy(source);
    return status;
}

static tx_status load_held_out(tx_trainer *trainer, tx_error *error)
{
    tx_held_out *held_out = &trainer->member.held_out;
    const tx_shared *shared = trainer->shared;
    return tx_held_out_load(held_out, trainer->parallel, held_out->shares_data ? shared->data.dataset : shared->held_out.dataset,
                            trainer->problem.normalization, error);
}

static tx_status set_up(tx_trainer *trainer, const tx_config *config, const tx_trainer_setup *setup, tx_error *error)
{
    trainer->shared = setup->shared;
    TX_TRY(tx_plugin_join(trainer->parallel, tx_config_root(config), !setup->shared, error));
    TX_TRY(setup->shared ? plan_and_start(trainer, config, setup, error) : load_data(trainer, config, setup, error));
    trainer->problem.data = trainer->shared->data.dataset->shape; /* whose lengths stay */
    trainer->problem.normalization = &trainer->shared->data.dataset->normalization;
    TX_TRY(tx_losses_check_data(trainer->problem.root, trainer->shared->data.dataset, error));
    TX_TRY(tx_constants_measure(trainer->parallel, trainer->problem.network, trainer->shared->data.dataset, error));
    TX_TRY(tx_changes_measure(&trainer->member.fetching.changes, trainer->parallel, trainer->shared->data.dataset, error));
    TX_TRY(tx_optimizer_allocate(trainer->member.optimizer, &trainer->member.task, error));
    TX_TRY(tx_workers_join(&trainer->problem, trainer->parallel, error, &trainer->crew));
    TX_TRY(tx_parallel_agree(trainer->parallel, allocate(trainer, config, setup, error), error));
    TX_TRY(load_held_out(trainer, error));
    TX_TRY(share_parameters(&trainer->member, setup->resumes, error));
    tx_member_refresh(&trainer->member);
    tell_batch_size(trainer);
    tell_short_trajectories(trainer);
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
    status = set_up(trainer, config, setup, error);
    if (status != TX_OK) {
        tx_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return TX_OK;
}

tx_status tx_trainer_plan(const tx_config *config, const tx_shared *shared, int num_ranks, tx_error *error, tx_trainer **out)
{
    const tx_trainer_setup setup = {0};
    tx_trainer *trainer;
    TX_TRY(tx_allocate(sizeof *trainer, error, &trainer));
    trainer->own = *shared;
    trainer->own.opened = false;
    trainer->shared = &trainer->own;
    const tx_status status = plan(trainer, config, &setup, num_ranks, error);
    if (status != TX_OK) {
        tx_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return TX_OK;
}

tx_status tx_trainer_create(const tx_config *config, tx_parallel *parallel, const tx_log *log, tx_error *error, tx_trainer **out)
{
    const tx_trainer_setup setup = {.log = log, .folder = {.overwrite = true}};
    return tx_trainer_create_with(config, parallel, &setup, error, out);
}

void tx_trainer_destroy(tx_trainer *trainer)
{
    if (!trainer) {
        return;
    }
    destroy_member(&trainer->member);
    tx_rooms_destroy(&trainer->rooms);
    tx_curriculum_destroy(&trainer->member.curriculum); /* with the plan that these rooms are of */
    tx_workers_destroy(&trainer->workers);
    tx_crew_destroy(&trainer->crew);
    tx_problem_destroy(&trainer->problem);
    tx_shared_destroy(&trainer->own);
    tx_free(trainer);
}

/* ---- Its member, as programs see it ---- */

tx_status tx_trainer_step(tx_trainer *trainer, tx_error *error)
{
    static const int64_t nothing[TX_REQUEST_COUNT];
    return tx_member_step(&trainer->member, nothing, error);
}

/* The same on all ranks. */
static tx_status check_given(const tx_trainer *trainer, int64_t samples, int64_t blocks, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    if (trainer->member.answers.rows) {
        return tx_error_set(error, TX_INVALID,
                            "the optimizer asks for residuals of samples, which a step on given ones cannot tell");
    }
    if (tx_problem_blocks(problem) < tx_parallel_size(trainer->parallel)) {
        return tx_error_set(error, TX_INVALID, "a step on given samples needs a minibatch of as many blocks as ranks, at least");
    }
    if (samples < 1 || blocks > tx_problem_blocks(problem)) {
        return tx_error_set(error, TX_INVALID,
                            "a step on %" PRId64 " samples: it takes 1 to %" PRId64 " of all ranks together, in as many blocks",
                            samples, problem->batch_size);
    }
    return TX_OK;
}

tx_status tx_trainer_step_on(tx_trainer *trainer, const void *const *windows, int64_t count, tx_error *error)
{
    tx_member *member = &trainer->member;
    const int64_t block = trainer->problem.block;
    int64_t sums[] = {count, (count + block - 1) / block};
    TX_TRY(tx_parallel_sum(trainer->parallel, sums, 2, error));
    TX_TRY(check_given(trainer, sums[0], sums[1], error));
    const tx_share share = {.windows = windows, .count = count, .batch_size = sums[0]};
    member->given = &share;
    const tx_status status = tx_trainer_step(trainer, error);
    member->given = NULL;
    return status;
}

tx_status tx_trainer_conclude(tx_trainer *trainer, tx_error *error)
{
    return tx_member_conclude(&trainer->member, error);
}

bool tx_trainer_is_done(const tx_trainer *trainer)
{
    return tx_member_is_done(&trainer->member);
}

int64_t tx_trainer_steps_done(const tx_trainer *trainer)
{
    return trainer->member.step;
}

double tx_trainer_loss(const tx_trainer *trainer)
{
    return trainer->member.loss;
}

const void *tx_trainer_gradient(const tx_trainer *trainer)
{
    return tx_reduction_gradient(trainer->member.reduction);
}

const tx_network *tx_trainer_network(const tx_trainer *trainer)
{
    return trainer->problem.network;
}

const void *tx_trainer_parameters(const tx_trainer *trainer)
{
    return trainer->member.parameters;
}

void tx_trainer_set_parameters(tx_trainer *trainer, const void *parameters)
{
    memcpy(trainer->member.parameters, parameters, tx_parameter_bytes(&trainer->problem));
    tx_member_refresh(&trainer->member);
}

bool tx_trainer_best(const tx_trainer *trainer, tx_best_network *out)
{
    return tx_best_find(&trainer->member.best, out);
}

int tx_trainer_num_columns(const tx_trainer *trainer)
{
    return trainer->member.callbacks.num_columns;
}

const char *tx_trainer_column(const tx_trainer *trainer, int column)
{
    return trainer->member.callbacks.columns[column];
}

bool tx_trainer_number(const tx_trainer *trainer, const char *name, double *out)
{
    return tx_optimizer_number(trainer->member.optimizer, name, out);
}

bool tx_trainer_observed(const tx_trainer *trainer, int column, double *out)
{
    const tx_callbacks *callbacks = &trainer->member.callbacks;
    const tx_cells cells = {.values = callbacks->values, .present = (int64_t *)&callbacks->present, .first = 1};
    *out = callbacks->values[column + 1];
    return tx_cell_has(cells, column);
}

tx_times tx_trainer_times(const tx_trainer *trainer)
{
    return (tx_times){.sums = trainer->workers.reducing, .windows = trainer->member.fetching.waiting};
}

double tx_trainer_flops(const tx_trainer *trainer)
{
    const double block = tx_plan_get_cost(trainer->problem.loss.plan).flops;
    return block * (double)tx_problem_blocks(&trainer->problem);
}

tx_status tx_trainer_profile(tx_trainer *trainer, int repetitions, tx_error *error, tx_operation_time **out, int *count)
{
    tx_member *member = &trainer->member;
    TX_TRY(tx_fetching_turn(&member->fetching, member->step, error));
    const tx_share share = tx_member_share(member);
    return tx_workers_profile(&trainer->workers, &member->evaluator, &share, repetitions, error, out, count);
}
