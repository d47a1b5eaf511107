/* A share of a minibatch: cut into blocks, the blocks dealt out in contiguous runs to threads; where there are too few, threads
 * share them, of one rank or of a crew. A block's content depends on the problem alone; with the exact reduction so does the sum
 * over blocks. */
#include "training/minibatch.h"

#include <math.h>
#include <omp.h>

#include "base/clock.h"
#include "base/finite.h"
#include "base/memory.h"
#include "parallel/groups.h"
#include "parallel/machine.h"
#include "tensor/team.h"

/* ---- Creation ---- */

static int blocks_at_once(const tx_workers *workers)
{
    return tx_problem_blocks_at_once(workers->problem, tx_parallel_size(workers->parallel));
}

/* What a crew shares: where it meets, the gradient of its block, then an arena. */
static size_t shared_gradient(void)
{
    return sizeof(tx_meeting);
}
static size_t shared_arena(const tx_problem *problem)
{
    return (shared_gradient() + tx_parameter_bytes(problem) + 127) / 64 * 64;
}

/* Who keeps less than everything may have planned otherwise than the others, and OpenMP may give fewer threads than asked for. */
static bool can_join(const tx_problem *problem)
{
    const bool all_threads = omp_get_thread_limit() >= problem->threads && !omp_get_dynamic();
    return !tx_problem_keeps_less(problem) && (problem->threads == 1 || all_threads);
}

tx_status tx_workers_join(const tx_problem *problem, tx_parallel *parallel, tx_error *error, tx_crew *out)
{
    const tx_plan_cost cost = tx_plan_get_cost(problem->loss.plan);
    const int64_t arena = (int64_t)cost.arena_bytes;
    int64_t all[] = {!can_join(problem), arena, -arena, cost.num_instructions, -cost.num_instructions};
    if (problem->sharers == 1) {
        return TX_OK;
    }
    TX_TRY(tx_parallel_max(parallel, all, sizeof all / sizeof *all, error));
    const bool one_plan = all[1] == -all[2] && all[3] == -all[4];
    return all[0] || !one_plan ? TX_OK
                               : tx_crew_create(parallel, tx_problem_blocks(problem), problem->sharers,
                                                shared_arena(problem) + cost.arena_bytes, error, out);
}

static bool is_crowded(const tx_workers *workers)
{
    return tx_parallel_is_crowded(workers->parallel, workers->problem->threads);
}

static tx_status assemble(void *object, tx_error *error)
{
    return tx_crew_assemble(object, error);
}

/* The threads of all of its ranks are one team. */
static void join(const tx_workers *workers, tx_worker *worker)
{
    tx_crew *crew = workers->crew;
    const int threads = workers->problem->threads;
    tx_team *team = worker->team;
    team->meeting = (tx_meeting *)(void *)crew->memory;
    team->before = crew->index * threads;
    team->others = (crew->count - 1) * threads;
    team->assemble = assemble;
    team->object = crew;
    worker->gradient = crew->memory + shared_gradient();
}

int tx_problem_gradients_at_once(const tx_problem *problem, int num_ranks)
{
    const bool summed = tx_plan_sums(problem->loss.plan) && problem->reduction == TX_REDUCE_EXACT;
    return summed ? 1 : tx_problem_blocks_at_once(problem, num_ranks);
}

static tx_status create_worker(const tx_workers *workers, tx_worker *worker, tx_error *error)
{
    const tx_problem *problem = workers->problem;
    const size_t at_once = (size_t)blocks_at_once(workers),
                 gradients = (size_t)tx_problem_gradients_at_once(problem, tx_parallel_size(workers->parallel));
    TX_TRY(tx_team_create(is_crowded(workers), error, &worker->team));
    if (worker == workers->worker && workers->crew->memory) {
        join(workers, worker);
    } else {
        TX_TRY(tx_allocate_array(gradients, tx_parameter_bytes(problem), error, &worker->gradient));
    }
    return tx_allocate_array(at_once * (size_t)problem->block, sizeof(double), error, &worker->losses);
}

tx_status tx_workers_create(tx_workers *workers, const tx_problem *problem, tx_parallel *parallel, tx_crew *crew,
                            tx_failure *failure, tx_error *error)
{
    workers->problem = problem;
    workers->parallel = parallel;
    workers->crew = crew;
    workers->failure = failure;
    TX_TRY(tx_allocate_array((size_t)problem->threads, sizeof(tx_worker), error, &workers->worker));
    for (int k = 0; k < problem->threads; k++) {
        TX_TRY(create_worker(workers, &workers->worker[k], error));
    }
    return TX_OK;
}

void tx_workers_destroy(tx_workers *workers)
{
    for (int k = 0; workers->worker && k < workers->problem->threads; k++) {
        tx_free(k == 0 && workers->crew->memory ? NULL : workers->worker[k].gradient);
        tx_free(workers->worker[k].losses);
        tx_team_destroy(workers->worker[k].team);
    }
    tx_free(workers->worker);
}

tx_status tx_workers_reduction(const tx_workers *workers, bool gradient, tx_error *error, tx_reduction **out)
{
    const tx_problem *problem = workers->problem;
    int64_t *sizes;
    TX_TRY(tx_leaf_sizes(problem->network, error, &sizes));
    const tx_reduction_setup setup = {.mode = problem->reduction,
                                      .precision = problem->random.precision,
                                      .num_leaves = gradient ? problem->network->num_leaves : 0,
                                      .leaf_sizes = sizes,
                                      .num_scalars = 1,
                                      .num_counters = TX_REQUEST_COUNT + 1,
                                      .max_blocks = tx_problem_blocks(problem),
                                      .threads = problem->threads};
    const tx_status status = tx_reduction_create(workers->parallel, &setup, error, out);
    tx_free(sizes);
    return status;
}

static tx_status create_rooms(const tx_plan *plan, int threads, int blocks, char *arena, tx_error *error, tx_rooms *out)
{
    tx_rooms rooms = {.count = threads, .together = arena != NULL};
    tx_status status = tx_allocate_array((size_t)rooms.count, sizeof(tx_workspace *), error, &rooms.workspaces);
    for (int k = 0; k < rooms.count && status == TX_OK; k++) {
        status = arena ? tx_workspace_create_in(plan, arena, error, &rooms.workspaces[k])
                       : tx_workspace_create(plan, blocks, error, &rooms.workspaces[k]);
    }
    if (status != TX_OK) {
        tx_rooms_destroy(&rooms);
        return status;
    }
    *out = rooms;
    return TX_OK;
}

tx_status tx_rooms_create(const tx_plan *plan, int threads, int blocks, tx_error *error, tx_rooms *out)
{
    return create_rooms(plan, threads, blocks, NULL, error, out);
}

/* Other plans than that of the loss are shared if they fit into its arena. */
tx_status tx_workers_rooms(const tx_workers *workers, const tx_plan *plan, tx_error *error, tx_rooms *out)
{
    const tx_problem *problem = workers->problem;
    const int ranks = tx_parallel_size(workers->parallel), runners = tx_problem_runners(problem, ranks);
    const size_t most = tx_plan_get_cost(problem->loss.plan).arena_bytes;
    const bool shared = tx_plan_most_threads(plan) > 1 && tx_plan_get_cost(plan).arena_bytes <= most;
    if (workers->crew->memory && shared) {
        return create_rooms(plan, 1, 1, workers->crew->memory + shared_arena(problem), error, out);
    }
    const bool busy = tx_parallel_is_busy(workers->parallel, tx_problem_blocks(problem));
    return create_rooms(plan, busy ? runners : 0, blocks_at_once(workers), NULL, error, out);
}

void tx_rooms_destroy(tx_rooms *rooms)
{
    for (int k = 0; rooms->workspaces && k < rooms->count; k++) {
        tx_workspace_destroy(rooms->workspaces[k]);
    }
    tx_free(rooms->workspaces);
}

tx_status tx_evaluator_create(tx_loss_plan loss, const tx_parameters *parameters, const tx_rooms *rooms, tx_reduction *reduction,
                              bool gradient, tx_error *error, tx_evaluator *out)
{
    tx_evaluator evaluator = {
        .loss = loss, .rooms = rooms, .reduction = reduction, .gradient = gradient, .sums_gradient = gradient};
    TX_TRY(tx_values_create(loss.plan, parameters, error, &evaluator.values));
    *out = evaluator;
    return TX_OK;
}

void tx_evaluator_destroy(tx_evaluator *evaluator)
{
    tx_values_destroy(evaluator->values);
}

/* ---- Blocks ---- */

static tx_run_input block_input(const tx_workers *workers, const tx_share *share, int64_t block)
{
    const int64_t b = workers->problem->block, first = block * b;
    const int64_t left = (share->together ? share->together : share->count) - first;
    return (tx_run_input){.windows = share->count ? share->windows + first : NULL,
                          .numbers = share->numbers ? share->numbers + first : NULL,
                          .seeds = share->seeds ? share->seeds + first : NULL,
                          .count = (int)(left < b ? left : b),
                          .batch_size = share->batch_size};
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

/* What a thread's run of one block has left; where cotangents are given there is no loss. */
static void add_block(const tx_evaluator *evaluator, const tx_run_input *input, const tx_run_output *output, int thread)
{
    if (!input->seeds) {
        tx_reduction_add_scalar(evaluator->reduction, thread, 0, sum_losses(output->losses, input));
    }
    if (evaluator->sums_gradient && output->gradient) {
        tx_reduction_add_gradient(evaluator->reduction, thread, output->gradient);
    }
}

/* Failures of users' functions and of the backend, for all ranks to see. */
static void add_failures(tx_worker *worker, const tx_evaluator *evaluator, const tx_run_output *output, tx_status status,
                         int thread)
{
    if (output->failed.function) {
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

static void run_block(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int64_t block, int thread)
{
    tx_worker *worker = &workers->worker[thread];
    tx_workspace *workspace = evaluator->rooms->workspaces[thread];
    const tx_run_input input = block_input(workers, share, block);
    tx_run_output output = output_of(worker, evaluator);
    const tx_status status = tx_values_run(evaluator->values, workspace, &input, &output, &worker->error);
    add_failures(worker, evaluator, &output, status, thread);
    add_block(evaluator, &input, &output, thread);
}

/* What all blocks have left, one by one, as ever; but for gradients that the backend has added up. */
static void add_blocks(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int64_t blocks,
                       const tx_run_output *output)
{
    const size_t gradient = tx_parameter_bytes(workers->problem);
    for (int64_t block = 0; block < blocks; block++) {
        const tx_run_input input = block_input(workers, share, block);
        const tx_run_output part = {.losses = workers->worker->losses + block * workers->problem->block,
                                    .gradient = output->gradient ? (char *)output->gradient + (size_t)block * gradient : NULL};
        add_block(evaluator, &input, &part, 0);
    }
}

/* All blocks of this rank in one call. */
static void run_at_once(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int64_t blocks)
{
    tx_worker *worker = workers->worker;
    tx_gradient_sum sum;
    tx_run_input all = block_input(workers, share, 0);
    all.count = (int)share->count;
    tx_run_output output = output_of(worker, evaluator);
    if (evaluator->sums_gradient && tx_plan_sums(evaluator->loss.plan) &&
        tx_reduction_take_sum(evaluator->reduction, 0, blocks, &sum)) {
        output.sum = &sum;
        output.gradient = NULL;
    }
    const tx_status status = tx_values_run(evaluator->values, evaluator->rooms->workspaces[0], &all, &output, &worker->error);
    add_failures(worker, evaluator, &output, status, 0);
    if (output.sum && status != TX_OK) {
        tx_reduction_take_sum(evaluator->reduction, 0, 0, &sum); /* of nothing */
    }
    add_blocks(workers, evaluator, share, blocks, &output);
}

typedef struct seat { /* of a thread among others */
    int index, count;
} seat;

/* Threads that begin with thread `first`, whose memory they use. */
static void share_block(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int64_t block, int first,
                        seat me)
{
    tx_worker *worker = &workers->worker[first], *mine = &workers->worker[first + me.index];
    const tx_run_input input = block_input(workers, share, block);
    tx_run_output output = output_of(worker, evaluator);
    const tx_status status = tx_values_run_together(evaluator->values, evaluator->rooms->workspaces[first], &input, &output,
                                                    worker->team, me.index, me.count, &mine->error);
    add_failures(mine, evaluator, &output, status, first + me.index);
    if (me.index == 0 && share->count > 0) {
        add_block(evaluator, &input, &output, first);
    }
}

/* As many rounds as give every thread a block; the threads share the blocks of the last one. */
static void run_blocks_of_thread(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int64_t blocks,
                                 bool shares, seat me)
{
    const int64_t rest = shares ? blocks % me.count : 0, whole = blocks - rest;
    for (int64_t block = whole * me.index / me.count; block < whole * (me.index + 1) / me.count; block++) {
        run_block(workers, evaluator, share, block, me.index);
        if (me.index == 0) {
            tx_parallel_serve(workers->parallel);
        }
    }
    if (rest > 0) { /* team k has threads from k * count / rest on */
        const int64_t team = ((me.index + 1) * rest - 1) / me.count;
        const int first = (int)(team * me.count / rest), end = (int)((team + 1) * me.count / rest);
        share_block(workers, evaluator, share, whole + team, first, (seat){me.index - first, end - first});
    }
}

/* The one block of this rank's crew, even if this rank has failed before: the others of the crew wait for it. */
static void run_together(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share)
{
    const int threads = workers->problem->threads;
    if (share->together) {
#pragma omp parallel num_threads(threads) if (threads > 1)
        share_block(workers, evaluator, share, 0, 0, (seat){omp_get_thread_num(), omp_get_num_threads()});
    }
}

static void run_blocks(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share)
{
    const int64_t b = workers->problem->block, blocks = (share->count + b - 1) / b;
    const int threads = workers->problem->threads;
    if (blocks_at_once(workers) > 1) {
        if (blocks > 0) {
            run_at_once(workers, evaluator, share, blocks);
        }
        return;
    }
    if (evaluator->rooms->together) {
        run_together(workers, evaluator, share);
        return;
    }
    const bool shares = threads > 1 && tx_plan_most_threads(evaluator->loss.plan) > 1;
    if (threads == 1 || (blocks < 2 && !shares)) { /* entering a parallel region costs as much as a small step */
        run_blocks_of_thread(workers, evaluator, share, blocks, false, (seat){0, 1});
        return;
    }
#pragma omp parallel num_threads(threads)
    run_blocks_of_thread(workers, evaluator, share, blocks, shares, (seat){omp_get_thread_num(), omp_get_num_threads()});
}

/* The first failure of a thread's backend is this rank's. */
static void note_failures(const tx_workers *workers)
{
    for (int k = 0; k < workers->problem->threads; k++) {
        const tx_worker *worker = &workers->worker[k];
        if (worker->status && !workers->failure->status) {
            *workers->failure = (tx_failure){worker->status, worker->error};
        }
    }
}

/* ---- Sums ---- */

static tx_status finish(tx_workers *workers, tx_reduction *reduction, tx_error *error, tx_outcome *out)
{
    const bool several = tx_parallel_size(workers->parallel) > 1;
    const double begin = several ? tx_clock() : 0;
    TX_TRY(tx_reduction_finish(reduction, error, out));
    workers->reducing += several ? tx_clock() - begin : 0;
    return TX_OK;
}

static tx_status check_abort(const tx_workers *workers, const tx_reduction *reduction, tx_error *error)
{
    const tx_failure *failure = workers->failure;
    if (!tx_reduction_counter(reduction, TX_REQUEST_ABORT)) {
        return TX_OK;
    }
    tx_error_set(error, failure->status, "%s", failure->error.message);
    return tx_parallel_agree(workers->parallel, failure->status, error);
}

tx_status tx_workers_sum(tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, const int64_t *requests,
                         tx_error *error)
{
    tx_outcome outcome = TX_REPEAT;
    while (outcome == TX_REPEAT) {
        tx_reduction_begin(evaluator->reduction);
        for (int k = 0; requests && k < TX_REQUEST_COUNT; k++) {
            if (requests[k]) {
                tx_reduction_add_counter(evaluator->reduction, 0, k, requests[k]);
            }
        }
        run_blocks(workers, evaluator, share);
        note_failures(workers);
        TX_TRY(finish(workers, evaluator->reduction, error, &outcome));
    }
    return check_abort(workers, evaluator->reduction, error);
}

double tx_evaluator_loss(const tx_evaluator *evaluator)
{
    const bool failed = tx_reduction_counter(evaluator->reduction, TX_REQUEST_COUNT);
    return failed ? (double)NAN : tx_reduction_scalar(evaluator->reduction, 0);
}

/* ---- One block alone ---- */

double tx_workers_badness(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int64_t sample,
                          tx_function_failure *failed)
{
    const tx_worker *worker = workers->worker;
    const tx_run_input input = {.windows = share->windows + sample,
                                .numbers = share->numbers ? share->numbers + sample : NULL,
                                .count = 1,
                                .batch_size = share->batch_size};
    tx_run_output output = {.losses = worker->losses, .gradient = worker->gradient};
    tx_error ignored = {0};
    const tx_status status = tx_values_run(evaluator->values, evaluator->rooms->workspaces[0], &input, &output, &ignored);
    const bool finite =
        !status && !output.failed.function && isfinite(worker->losses[0]) &&
        tx_all_finite(workers->problem->random.precision, worker->gradient, workers->problem->network->num_parameters);
    *failed = output.failed;
    return finite ? fabs(worker->losses[0]) : INFINITY;
}

tx_status tx_workers_profile(const tx_workers *workers, const tx_evaluator *evaluator, const tx_share *share, int repetitions,
                             tx_error *error, tx_operation_time **out, int *count)
{
    *out = NULL;
    *count = 0;
    if (share->count == 0) {
        return TX_OK;
    }
    const bool all = blocks_at_once(workers) > 1; /* in one call; else a block stands for all of the job */
    tx_run_input input = block_input(workers, share, 0);
    input.count = all ? (int)share->count : input.count;
    tx_run_output output = output_of(workers->worker, evaluator);
    TX_TRY(tx_values_profile(evaluator->values, evaluator->rooms->workspaces[0], &input, &output, repetitions, error, out, count));
    const int64_t blocks = all ? 1 : tx_problem_blocks(workers->problem);
    for (int k = 0; k < *count; k++) {
        (*out)[k].calls *= blocks;
        (*out)[k].seconds *= (double)blocks;
        (*out)[k].flops *= (double)blocks;
    }
    return TX_OK;
}
