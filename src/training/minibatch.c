/* The windows of a minibatch: cut into blocks, the blocks dealt out in contiguous runs to ranks and inside a rank to
 * threads. A block's content depends on the problem alone; with the exact reduction so does the sum over blocks. */
#include <omp.h>

#include "base/memory.h"
#include "training/trainer.h"

static int64_t count_blocks(const tx_trainer *trainer, int64_t samples)
{
    return (samples + trainer->problem.block - 1) / trainer->problem.block;
}

/* This rank's samples of a minibatch: blocks [rank * B / P, (rank + 1) * B / P). */
static void deal(const tx_trainer *trainer, tx_fetch *fetch)
{
    const int64_t rank = tx_parallel_rank(trainer->parallel), size = tx_parallel_size(trainer->parallel);
    const int64_t samples = fetch->minibatch.count, blocks = count_blocks(trainer, samples), b = trainer->problem.block;
    const int64_t first = blocks * rank / size * b, end = blocks * (rank + 1) / size * b;
    fetch->first = first;
    fetch->count = (end < samples ? end : samples) - first;
}

int tx_trainer_blocks_at_once(const tx_trainer *trainer)
{
    const int64_t share = tx_problem_share(&trainer->problem, tx_parallel_size(trainer->parallel));
    return tx_plan_blocks_at_once(trainer->problem.loss.plan, count_blocks(trainer, share));
}

tx_status tx_trainer_fetch(tx_trainer *trainer, int64_t step, tx_error *error)
{
    const int slot = (int)(step & 1);
    tx_fetch *fetch = &trainer->fetches[slot];
    tx_mixer_minibatch(trainer->mixer, step, &fetch->minibatch);
    fetch->step = step;
    deal(trainer, fetch);
    if (fetch->count <= 0) {
        fetch->count = 0;
        return TX_OK;
    }
    const uint32_t *windows = fetch->minibatch.windows + fetch->first;
    for (int64_t k = 0; k < fetch->count; k++) {
        fetch->levels[k] = tx_windows_first_level(&trainer->problem.windows, windows[k]);
    }
    return tx_store_fetch(trainer->dataset->store, slot, (int)fetch->count, trainer->levels, fetch->levels, error);
}

tx_status tx_trainer_wait(tx_trainer *trainer, int64_t step, tx_error *error)
{
    const int slot = (int)(step & 1);
    trainer->windows = NULL;
    return trainer->fetches[slot].count ? tx_store_wait(trainer->dataset->store, slot, &trainer->windows, error) : TX_OK;
}

tx_status tx_trainer_pause_fetching(tx_trainer *trainer, tx_error *error)
{
    const int next = (int)(trainer->step + 1) & 1;
    const void *const *windows;
    return trainer->fetches[next].step == trainer->step + 1 && trainer->fetches[next].count
               ? tx_store_wait(trainer->dataset->store, next, &windows, error)
               : TX_OK;
}

static tx_status fetch_again(tx_trainer *trainer, int64_t step, tx_error *error)
{
    const tx_fetch *fetch = &trainer->fetches[step & 1];
    return fetch->step == step && fetch->count
               ? tx_store_fetch(trainer->dataset->store, (int)(step & 1), (int)fetch->count, trainer->levels, fetch->levels, error)
               : TX_OK;
}

tx_status tx_trainer_resume_fetching(tx_trainer *trainer, tx_error *error)
{
    TX_TRY(fetch_again(trainer, trainer->step, error));
    TX_TRY(tx_trainer_wait(trainer, trainer->step, error));
    return fetch_again(trainer, trainer->step + 1, error);
}

static tx_run_input block_input(const tx_trainer *trainer, const tx_fetch *fetch, int64_t block)
{
    const int64_t b = trainer->problem.block, first = block * b, left = fetch->count - first;
    return (tx_run_input){
        .windows = trainer->windows + first, .count = (int)(left < b ? left : b), .batch_size = fetch->minibatch.count};
}

/* A block's part of the mean over the batch. */
static double sum_losses(const double *losses, const tx_run_input *input)
{
    double sum = 0;
    for (int k = 0; k < input->count; k++) {
        sum += losses[k];
    }
    return sum / (double)input->batch_size;
}

/* What a thread's run of one block has left. */
static void add_block(const tx_evaluator *evaluator, const tx_run_input *input, const tx_run_output *output, int thread)
{
    tx_reduction_add_scalar(evaluator->reduction, thread, 0, sum_losses(output->losses, input));
    if (evaluator->gradient) {
        tx_reduction_add_gradient(evaluator->reduction, thread, output->gradient);
    }
}

/* Failures of users' functions and of the backend, for all ranks to see. */
static void add_failures(tx_worker *worker, const tx_evaluator *evaluator, const tx_run_output *output, tx_status status, int thread)
{
    if (output->failed) {
        tx_reduction_add_counter(evaluator->reduction, thread, TX_REQUEST_COUNT, 1);
    }
    if (status != TX_OK) {
        tx_reduction_add_counter(evaluator->reduction, thread, TX_REQUEST_ABORT, 1);
        worker->status = status;
    }
}

static tx_run_output output_of(const tx_worker *worker, const tx_evaluator *evaluator)
{
    return (tx_run_output){.losses = worker->losses, .gradient = evaluator->gradient ? worker->gradient : NULL};
}

static void run_block(const tx_trainer *trainer, const tx_evaluator *evaluator, const tx_fetch *fetch, int64_t block, int thread)
{
    tx_worker *worker = &trainer->workers[thread];
    const tx_run_input input = block_input(trainer, fetch, block);
    tx_run_output output = output_of(worker, evaluator);
    const tx_status status = tx_values_run(evaluator->values, evaluator->workspaces[thread], &input, &output, &worker->error);
    add_failures(worker, evaluator, &output, status, thread);
    add_block(evaluator, &input, &output, thread);
}

/* All blocks of this rank in one call; then they are added one by one, as ever. */
static void run_at_once(const tx_trainer *trainer, const tx_evaluator *evaluator, const tx_fetch *fetch, int64_t blocks)
{
    const tx_problem *problem = &trainer->problem;
    const size_t gradient = (size_t)problem->network->num_parameters * tx_real_bytes(problem->random.precision);
    tx_worker *worker = trainer->workers;
    tx_run_input all = block_input(trainer, fetch, 0);
    all.count = (int)fetch->count;
    tx_run_output output = output_of(worker, evaluator);
    const tx_status status = tx_values_run(evaluator->values, evaluator->workspaces[0], &all, &output, &worker->error);
    add_failures(worker, evaluator, &output, status, 0);
    for (int64_t block = 0; block < blocks; block++) {
        const tx_run_input input = block_input(trainer, fetch, block);
        const tx_run_output part = {.losses = worker->losses + block * problem->block,
                                    .gradient = output.gradient ? (char *)output.gradient + (size_t)block * gradient : NULL};
        add_block(evaluator, &input, &part, 0);
    }
}

typedef struct seat { /* of a thread among others */
    int index, count;
} seat;

/* Threads that begin with thread `first`, whose memory they use. */
static void share_block(const tx_trainer *trainer, const tx_evaluator *evaluator, const tx_fetch *fetch, int64_t block, int first,
                        seat me)
{
    tx_worker *worker = &trainer->workers[first], *mine = &trainer->workers[first + me.index];
    const tx_run_input input = block_input(trainer, fetch, block);
    tx_run_output output = output_of(worker, evaluator);
    const tx_status status = tx_values_run_together(evaluator->values, evaluator->workspaces[first], &input, &output, worker->team, me.index,
                                             me.count, &mine->error);
    add_failures(mine, evaluator, &output, status, first + me.index);
    if (me.index == 0) {
        add_block(evaluator, &input, &output, first);
    }
}

/* Is an instruction, on average, much longer than it takes to wait for other threads? */
static bool is_worth_sharing(const tx_evaluator *evaluator)
{
    const double enough = 2e6; /* operations */
    const tx_plan_cost cost = tx_plan_get_cost(evaluator->loss.plan);
    return cost.flops > enough * cost.num_instructions;
}

/* As many rounds as give every thread a block; the threads share the blocks of the last one. */
static void run_blocks_of_thread(const tx_trainer *trainer, const tx_evaluator *evaluator, const tx_fetch *fetch, int64_t blocks,
                                 bool share, seat me)
{
    const int64_t rest = share ? blocks % me.count : 0, whole = blocks - rest;
    for (int64_t block = whole * me.index / me.count; block < whole * (me.index + 1) / me.count; block++) {
        run_block(trainer, evaluator, fetch, block, me.index);
    }
    if (rest > 0) { /* team k has threads from k * count / rest on */
        const int64_t team = ((me.index + 1) * rest - 1) / me.count;
        const int first = (int)(team * me.count / rest), end = (int)((team + 1) * me.count / rest);
        share_block(trainer, evaluator, fetch, whole + team, first, (seat){me.index - first, end - first});
    }
}

static void run_blocks(tx_trainer *trainer, const tx_evaluator *evaluator)
{
    const tx_fetch *fetch = &trainer->fetches[trainer->step & 1];
    const int64_t blocks = count_blocks(trainer, fetch->count);
    if (tx_trainer_blocks_at_once(trainer) > 1) {
        if (blocks > 0) {
            run_at_once(trainer, evaluator, fetch, blocks);
        }
        return;
    }
    const bool share = trainer->problem.threads > 1 && is_worth_sharing(evaluator);
    if (trainer->problem.threads == 1 || (blocks < 2 && !share)) { /* entering a parallel region costs as much as a small step */
        run_blocks_of_thread(trainer, evaluator, fetch, blocks, false, (seat){0, 1});
        return;
    }
#pragma omp parallel num_threads(trainer->problem.threads)
    run_blocks_of_thread(trainer, evaluator, fetch, blocks, share, (seat){omp_get_thread_num(), omp_get_num_threads()});
}

void tx_trainer_run_blocks(tx_trainer *trainer, const tx_evaluator *evaluator)
{
    run_blocks(trainer, evaluator);
    for (int k = 0; k < trainer->problem.threads; k++) {
        tx_worker *worker = &trainer->workers[k];
        if (worker->status && !trainer->local) {
            trainer->local = worker->status;
            trainer->local_error = worker->error;
        }
    }
}

tx_status tx_trainer_profile(tx_trainer *trainer, int repetitions, tx_error *error, tx_operation_time **out, int *count)
{
    TX_TRY(tx_trainer_fetch(trainer, trainer->step, error));
    TX_TRY(tx_trainer_wait(trainer, trainer->step, error));
    const tx_fetch *fetch = &trainer->fetches[trainer->step & 1];
    const tx_evaluator *evaluator = &trainer->evaluator;
    *out = NULL;
    *count = 0;
    if (fetch->count == 0) {
        return TX_OK;
    }
    const tx_run_input input = block_input(trainer, fetch, 0);
    tx_run_output output = output_of(&trainer->workers[0], evaluator);
    TX_TRY(tx_values_profile(evaluator->values, evaluator->workspaces[0], &input, &output, repetitions, error, out, count));
    const int64_t blocks = tx_problem_blocks(&trainer->problem);
    for (int k = 0; k < *count; k++) {
        (*out)[k].calls *= blocks;
        (*out)[k].seconds *= (double)blocks;
        (*out)[k].flops *= (double)blocks;
    }
    return TX_OK;
}

tx_status tx_trainer_reduction(const tx_trainer *trainer, bool gradient, tx_error *error, tx_reduction **out)
{
    const tx_problem *problem = &trainer->problem;
    int64_t *sizes;
    TX_TRY(tx_leaf_sizes(problem->network, error, &sizes));
    const tx_status status = tx_reduction_create(trainer->parallel, problem->reduction, problem->random.precision,
                                                 gradient ? problem->network->num_leaves : 0, sizes, 1, TX_REQUEST_COUNT + 1,
                                                 tx_problem_blocks(problem), problem->threads, error, out);
    tx_free(sizes);
    return status;
}

tx_status tx_evaluator_create(const tx_trainer *trainer, tx_loss_plan loss, tx_reduction *reduction, bool gradient,
                              tx_error *error, tx_evaluator *out)
{
    tx_evaluator evaluator = {.loss = loss, .reduction = reduction, .gradient = gradient};
    const int at_once = tx_trainer_blocks_at_once(trainer);
    const size_t threads = at_once > 1 ? 1 : (size_t)trainer->problem.threads;
    tx_status status = tx_values_create(loss.plan, &trainer->shared, error, &evaluator.values);
    status = status ? status : tx_allocate_array((size_t)trainer->problem.threads, sizeof(tx_workspace *), error, &evaluator.workspaces);
    for (size_t k = 0; k < threads && status == TX_OK; k++) {
        status = tx_workspace_create(loss.plan, at_once, error, &evaluator.workspaces[k]);
    }
    if (status != TX_OK) {
        tx_evaluator_destroy(trainer, &evaluator);
        return status;
    }
    *out = evaluator;
    return TX_OK;
}

void tx_evaluator_destroy(const tx_trainer *trainer, tx_evaluator *evaluator)
{
    for (int k = 0; evaluator->workspaces && k < trainer->problem.threads; k++) {
        tx_workspace_destroy(evaluator->workspaces[k]);
    }
    tx_free(evaluator->workspaces);
    tx_values_destroy(evaluator->values);
}
