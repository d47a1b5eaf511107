/* One step: the windows that were asked for a step ago, the blocks, one allreduce, what the optimizer tells, callbacks, the
 * history, the optimizer's update. */
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "history/history.h"
#include "training/trainer.h"

static tx_status reduce(tx_member *member, tx_error *error)
{
    const tx_share share = tx_member_share(member);
    TX_TRY(tx_workers_sum(&member->trainer->workers, &member->evaluator, &share, member->requests, error));
    for (int k = 0; k < TX_REQUEST_COUNT; k++) {
        member->requests[k] = tx_reduction_counter(member->reduction, k);
    }
    return TX_OK;
}

/* What an optimizer asks is planned for the stage, too. */
static tx_status plan_answers(tx_member *member, tx_error *error)
{
    tx_trainer *trainer = member->trainer;
    tx_problem stage = trainer->problem;
    const unsigned asked = member->answers.asked;
    if (!asked) {
        return TX_OK;
    }
    stage.stage = member->step;
    tx_answers_destroy(&member->answers);
    member->answers = (tx_answers){.trained = &member->trained};
    TX_TRY(tx_answers_plan(&member->answers, &stage, "", asked, error));
    member->task.sample_rows = member->answers.rows;
    return tx_answers_allocate(&member->answers, &trainer->workers, member->losses, error);
}

/* Where another stage of the rollouts' lengths begins. */
static tx_status begin_stage(tx_member *member, tx_error *error)
{
    tx_trainer *trainer = member->trainer;
    tx_loss_plan loss;
    tx_evaluator_destroy(&member->evaluator);
    member->evaluator = (tx_evaluator){0};
    tx_rooms_destroy(&trainer->rooms);
    trainer->rooms = (tx_rooms){0};
    TX_TRY(plan_answers(member, error));
    TX_TRY(tx_curriculum_plan(&member->curriculum, &trainer->problem, member->step, error, &loss));
    TX_TRY(tx_workers_rooms(&trainer->workers, loss.plan, error, &trainer->rooms));
    return tx_evaluator_create(loss, &member->bound, &trainer->rooms, member->reduction, true, error, &member->evaluator);
}

tx_status tx_member_compute(tx_member *member, tx_error *error)
{
    tx_trainer *trainer = member->trainer;
    tx_failure *failure = &trainer->failure;
    if (member->step >= member->curriculum.until) {
        TX_TRY(tx_parallel_agree(trainer->parallel, begin_stage(member, error), error));
    }
    if (failure->status == TX_OK && !member->given) {
        tx_failure_note(failure, tx_fetching_turn(&member->fetching, member->step, &failure->error));
    }
    member->requests[TX_REQUEST_ABORT] = failure->status != TX_OK; /* of an earlier step, too */
    member->computing = true;
    TX_TRY(reduce(member, error));
    member->computing = false;
    const double loss = tx_reduction_scalar(member->reduction, 0);
    member->loss = tx_real_round(trainer->problem.random.precision, loss);
    return TX_OK;
}

tx_status tx_member_check(tx_member *member, tx_error *error)
{
    const char *what = NULL;
    if (tx_reduction_counter(member->reduction, TX_REQUEST_COUNT)) {
        what = "a user's function failed";
    } else if (!isfinite(member->loss)) {
        what = "the loss is not finite";
    } else if (!tx_reduction_finite(member->reduction)) {
        what = "the gradient is not finite";
    }
    return what ? tx_member_blame(member, what, error) : TX_OK;
}

void tx_member_refresh(tx_member *member)
{
    if (!tx_trained_is_all(&member->trained)) {
        memcpy(member->next_parameters, member->parameters, tx_parameter_bytes(&member->trainer->problem));
    }
    tx_parameters_set(&member->bound, member->parameters);
    member->held_out.current = -1;
}

/* A row where there is something to say. */
static void record(tx_member *member)
{
    tx_failure *failure = &member->trainer->failure;
    tx_callbacks *callbacks = &member->callbacks;
    const int64_t present = callbacks->present | (member->step % member->trainer->problem.record_every == 0);
    if (member->history && present && failure->status == TX_OK) {
        callbacks->values[0] = member->loss;
        failure->status = tx_history_add(member->history, member->step, present, callbacks->values, &failure->error);
    }
}

/* What the optimizer came to; there is a message where it failed. */
static tx_status outcome(tx_member *member, tx_status status, const tx_error *local, tx_error *error)
{
    if (status == TX_DIVERGED) {
        return tx_member_blame(member, local->message, error);
    }
    member->stuck = status == TX_FAILURE;
    return status ? tx_error_set(error, status, "%s", local->message) : TX_OK;
}

tx_status tx_member_prepare(tx_member *member, tx_error *error)
{
    tx_error local;
    local.status = TX_OK;
    tx_member_pose(member);
    return outcome(member, tx_optimizer_prepare(member->optimizer, &member->task, &local), &local, error);
}

/* Those that an update has come to. */
static void take_parameters(tx_member *member)
{
    void *const old = member->parameters;
    tx_trained_bring(&member->trained, member->next_parameters);
    member->parameters = member->next_parameters;
    member->next_parameters = old;
    member->ended_at = tx_optimizer_has_ended(member->optimizer) ? member->step : member->ended_at;
    tx_parameters_set(&member->bound, member->parameters);
    if (member->average.count) {
        tx_average_add(&member->average, member->parameters, tx_optimizer_count(member->optimizer));
    }
}

tx_status tx_member_update(tx_member *member, tx_error *error)
{
    tx_error local;
    local.status = TX_OK;
    void *const next = tx_trained_place(&member->trained, member->next_parameters);
    const tx_status status = tx_optimizer_step(member->optimizer, &member->task, next, &local);
    TX_TRY(outcome(member, status, &local, error));
    member->step++;
    if (tx_optimizer_has_updated(member->optimizer)) {
        take_parameters(member);
    }
    return TX_OK;
}

bool tx_member_is_done(const tx_member *member)
{
    return member->step >= member->trainer->problem.num_steps || member->step == member->ended_at;
}

/* The row of a step that diverged stands in the history, too. */
static tx_status take_step(tx_member *member, tx_error *error)
{
    member->callbacks.present = 0;
    TX_TRY(tx_member_compute(member, error));
    tx_status status = tx_member_check(member, error);
    status = status ? status : tx_member_prepare(member, error);
    TX_TRY(status ? TX_OK : tx_member_observe(member, error));
    record(member);
    return status ? status : tx_member_update(member, error);
}

/* A step that has failed is not to be taken up in the middle: what came of it stays. */
tx_status tx_member_step(tx_member *member, const int64_t *requests, tx_error *error)
{
    tx_failure *failure = &member->trainer->failure;
    tx_error local;
    local.status = TX_OK;
    memcpy(member->requests, requests, sizeof member->requests);
    const tx_status status = take_step(member, &local);
    if (status != TX_OK && status != TX_DIVERGED && failure->status == TX_OK) {
        *failure = (tx_failure){status, local};
    }
    return status ? tx_error_set(error, status, "%s", local.message) : TX_OK;
}
