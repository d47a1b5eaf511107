/* The windows of a minibatch: cut into blocks, the blocks dealt out in contiguous runs to ranks and inside a rank to
 * threads. A block's content depends on the problem alone; with the exact reduction so does the sum over blocks. */
#include <omp.h>

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

static tx_block_input block_input(const tx_trainer *trainer, const tx_fetch *fetch, int64_t block)
{
    const int64_t b = trainer->problem.block, first = block * b, left = fetch->count - first;
    return (tx_block_input){
        .windows = trainer->windows + first, .count = (int)(left < b ? left : b), .batch_size = fetch->minibatch.count};
}

/* A block's part of the mean over the batch. */
static double sum_losses(const double *losses, const tx_block_input *input)
{
    double sum = 0;
    for (int k = 0; k < input->count; k++) {
        sum += losses[k];
    }
    return sum / (double)input->batch_size;
}

static void run_block(tx_trainer *trainer, const tx_fetch *fetch, int64_t block, int thread)
{
    const tx_worker *worker = &trainer->workers[thread];
    const tx_block_input input = block_input(trainer, fetch, block);
    if (!tx_program_run(trainer->problem.loss.program, worker->workspace, &input, worker->losses, worker->gradient, NULL)) {
        tx_reduction_add_counter(trainer->reduction, thread, TX_REQUEST_COUNT, 1);
    }
    tx_reduction_add_scalar(trainer->reduction, thread, 0, sum_losses(worker->losses, &input));
    tx_reduction_add_gradient(trainer->reduction, thread, worker->gradient);
}

void tx_trainer_run_blocks(tx_trainer *trainer)
{
    const tx_fetch *fetch = &trainer->fetches[trainer->step & 1];
    const int64_t blocks = count_blocks(trainer, fetch->count);
    if (trainer->problem.threads == 1 || blocks < 2) { /* entering a parallel region costs as much as a small step */
        for (int64_t block = 0; block < blocks; block++) {
            run_block(trainer, fetch, block, 0);
        }
        return;
    }
#pragma omp parallel for schedule(static) num_threads(trainer->problem.threads)
    for (int64_t block = 0; block < blocks; block++) {
        run_block(trainer, fetch, block, omp_get_thread_num());
    }
}

static double evaluate_block(const tx_evaluator *evaluator, const tx_block_input *input, bool *failed)
{
    *failed |= !tx_program_run(evaluator->loss.program, evaluator->workspace, input, evaluator->losses, NULL, NULL);
    return sum_losses(evaluator->losses, input);
}

static void refresh_evaluator(const tx_trainer *trainer, tx_evaluator *evaluator)
{
    if (evaluator->current != trainer->step) {
        tx_program_set_parameters(evaluator->loss.program, trainer->parameters);
        evaluator->current = trainer->step;
    }
}

tx_status tx_trainer_evaluate(void *owner, int handle, tx_error *error, double *loss)
{
    tx_trainer *trainer = owner;
    tx_evaluator *evaluator = &trainer->evaluators[handle];
    const tx_fetch *fetch = &trainer->fetches[trainer->step & 1];
    bool failed = false;
    tx_outcome outcome;
    refresh_evaluator(trainer, evaluator);
    tx_reduction_begin(trainer->evaluation);
    for (int64_t block = 0; block < count_blocks(trainer, fetch->count); block++) {
        const tx_block_input input = block_input(trainer, fetch, block);
        tx_reduction_add_scalar(trainer->evaluation, 0, 0, evaluate_block(evaluator, &input, &failed));
    }
    tx_reduction_add_counter(trainer->evaluation, 0, 0, failed);
    TX_TRY(tx_reduction_finish(trainer->evaluation, error, &outcome));
    *loss = tx_reduction_counter(trainer->evaluation, 0) ? __builtin_nan("") : tx_reduction_scalar(trainer->evaluation, 0);
    return TX_OK;
}
