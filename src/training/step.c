/* One step: the windows that were asked for a step ago, the blocks, one allreduce, callbacks, the optimizer. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "training/trainer.h"

void tx_trainer_note_failure(tx_trainer *trainer, tx_status status)
{
    trainer->local = trainer->local ? trainer->local : status;
}

/* This step's windows are there, the next one's on their way. */
static tx_status turn_windows(tx_trainer *trainer, tx_error *error)
{
    const int64_t step = trainer->step;
    if (trainer->fetches[step & 1].step != step) {
        TX_TRY(tx_trainer_fetch(trainer, step, error));
    }
    TX_TRY(tx_trainer_wait(trainer, step, error));
    return step + 1 < trainer->problem.num_steps ? tx_trainer_fetch(trainer, step + 1, error) : TX_OK;
}

static void add_requests(tx_trainer *trainer)
{
    for (int k = 0; k < TX_REQUEST_COUNT; k++) {
        if (trainer->requests[k]) {
            tx_reduction_add_counter(trainer->reduction, 0, k, trainer->requests[k]);
        }
    }
}

static tx_status reduce(tx_trainer *trainer, tx_error *error)
{
    tx_outcome outcome = TX_REPEAT;
    while (outcome == TX_REPEAT) {
        tx_reduction_begin(trainer->reduction);
        add_requests(trainer);
        if (trainer->local == TX_OK) {
            tx_trainer_run_blocks(trainer, &trainer->evaluator);
        }
        const bool several = tx_parallel_size(trainer->parallel) > 1;
        const double begin = several ? tx_clock() : 0;
        TX_TRY(tx_reduction_finish(trainer->reduction, error, &outcome));
        trainer->reducing += several ? tx_clock() - begin : 0;
    }
    for (int k = 0; k < TX_REQUEST_COUNT; k++) {
        trainer->requests[k] = tx_reduction_counter(trainer->reduction, k);
    }
    return TX_OK;
}

tx_status tx_trainer_check_abort(const tx_trainer *trainer, const tx_reduction *reduction, tx_error *error)
{
    if (!tx_reduction_counter(reduction, TX_REQUEST_ABORT)) {
        return TX_OK;
    }
    tx_error_set(error, trainer->local, "%s", trainer->local_error.message);
    return tx_parallel_agree(trainer->parallel, trainer->local, error);
}

tx_status tx_trainer_compute(tx_trainer *trainer, tx_error *error)
{
    if (trainer->local == TX_OK) {
        tx_trainer_note_failure(trainer, turn_windows(trainer, &trainer->local_error));
    }
    trainer->requests[TX_REQUEST_ABORT] = trainer->local != TX_OK; /* of an earlier step, too */
    TX_TRY(reduce(trainer, error));
    TX_TRY(tx_trainer_check_abort(trainer, trainer->reduction, error));
    const double loss = tx_reduction_scalar(trainer->reduction, 0);
    trainer->loss = trainer->problem.random.precision == TX_FLOAT32 ? (double)(float)loss : loss;
    return TX_OK;
}

tx_status tx_trainer_check(tx_trainer *trainer, tx_error *error)
{
    const char *what = NULL;
    if (tx_reduction_counter(trainer->reduction, TX_REQUEST_COUNT)) {
        what = "a user's function failed";
    } else if (!isfinite(trainer->loss)) {
        what = "the loss is not finite";
    } else if (!tx_reduction_finite(trainer->reduction)) {
        what = "the gradient is not finite";
    }
    return what ? tx_trainer_blame(trainer, what, error) : TX_OK;
}

void tx_trainer_refresh(tx_trainer *trainer)
{
    tx_parameters_set(&trainer->shared, trainer->parameters);
    trainer->held_out.current = -1;
}

tx_status tx_trainer_update(tx_trainer *trainer, tx_error *error)
{
    const void *gradient = tx_reduction_gradient(trainer->reduction);
    if (!tx_optimizer_step(trainer->optimizer, gradient, trainer->parameters, trainer->next_parameters)) {
        return tx_trainer_blame(trainer, "its update would make a parameter non-finite", error);
    }
    void *const old = trainer->parameters;
    trainer->parameters = trainer->next_parameters;
    trainer->next_parameters = old;
    trainer->step++;
    tx_parameters_set(&trainer->shared, trainer->parameters);
    return TX_OK;
}

bool tx_trainer_is_done(const tx_trainer *trainer)
{
    return trainer->step >= trainer->problem.num_steps || trainer->step == trainer->ended_at;
}

static tx_status whole_step(tx_trainer *trainer, tx_error *error)
{
    memset(trainer->requests, 0, sizeof trainer->requests);
    trainer->present = 0;
    TX_TRY(tx_trainer_compute(trainer, error));
    TX_TRY(tx_trainer_check(trainer, error));
    TX_TRY(tx_trainer_observe(trainer, error, &trainer->present, trainer->values));
    return tx_trainer_update(trainer, error);
}

/* A step that has failed is not to be taken up in the middle: what came of it stays. */
tx_status tx_trainer_step(tx_trainer *trainer, tx_error *error)
{
    tx_error local = {0};
    const tx_status status = whole_step(trainer, &local);
    if (status != TX_OK && status != TX_DIVERGED && trainer->local == TX_OK) {
        trainer->local = status;
        trainer->local_error = local;
    }
    return status ? tx_error_set(error, status, "%s", local.message) : TX_OK;
}

double tx_trainer_flops(const tx_trainer *trainer)
{
    const double block = tx_plan_get_cost(trainer->problem.loss.plan).flops;
    return block * (double)tx_problem_blocks(&trainer->problem);
}
