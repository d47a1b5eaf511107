/* What callbacks see of a member, and what they may ask of it. */
#include "base/clock.h"
#include "training/snapshot.h"
#include "training/trainer.h"

/* ---- What they may ask for; `owner` is the member ---- */

static tx_status add_program(void *owner, const tx_section *callback, bool gradient, tx_error *error, int *handle)
{
    tx_member *member = owner;
    TX_TRY(tx_programs_add(&member->programs, &member->trainer->problem, callback, gradient, error, handle));
    const int levels = tx_programs_levels(&member->programs);
    member->fetching.levels = levels > member->fetching.levels ? levels : member->fetching.levels;
    return TX_OK;
}

static tx_status add_metrics(void *owner, const tx_section *section, const char *option, int num_texts, const char *const *texts,
                             tx_error *error, int *count, tx_asked_metric **out)
{
    tx_member *member = owner;
    const tx_metrics_wanted wanted = {section, option, num_texts, texts};
    return tx_held_out_add_metrics(&member->held_out, &member->trainer->problem, &wanted, error, count, out);
}

static tx_status keep_best(void *owner, const tx_callback *callback, const tx_kept_metric *metric, tx_error *error)
{
    return tx_best_keep(&((tx_member *)owner)->best, callback, metric, error);
}

static tx_status add_checkpoints(void *owner, int64_t every, tx_error *error)
{
    return tx_callbacks_add_checkpoints(&((tx_member *)owner)->callbacks, every, error);
}

static tx_status add_snapshots(void *owner, const tx_section *callback, const tx_snapshot *snapshot, int64_t every, tx_error *error)
{
    return tx_snapshot_add(owner, callback, snapshot, every, error);
}

/* What is not trained has no gradient; the optimizer does not look at it anyway. */
static const void *of_trained(const tx_member *member, const void *gradient)
{
    if (gradient && !tx_trained_is_all(&member->trained)) {
        tx_trained_clear_others(&member->trained, (void *)gradient);
    }
    return gradient;
}

static tx_status evaluate(void *owner, int handle, tx_error *error, double *loss, const void **gradient)
{
    tx_member *member = owner;
    if (tx_programs_is_same(&member->programs, handle)) {
        *loss = member->loss;
        *gradient = of_trained(member, tx_reduction_gradient(member->reduction));
        return TX_OK;
    }
    const tx_share share = tx_member_share(member);
    TX_TRY(tx_programs_evaluate(&member->programs, handle, &member->trainer->workers, &share, error, loss, gradient));
    *gradient = of_trained(member, *gradient);
    return TX_OK;
}

/* Where the training's own data are evaluated, nothing may be on its way meanwhile. */
static tx_status measure_shared(tx_member *member, tx_error *error)
{
    tx_failure *failure = &member->trainer->failure;
    tx_failure_note(failure, tx_fetching_pause(&member->fetching, member->step, &failure->error));
    TX_TRY(tx_held_out_measure(&member->held_out, member->step, tx_member_measured(member), error));
    tx_failure_note(failure, tx_fetching_resume(&member->fetching, member->step, &failure->error));
    return TX_OK;
}

static tx_status measure(void *owner, tx_error *error, const tx_evaluation_result **out)
{
    tx_member *member = owner;
    const bool shared = member->held_out.shares_data && member->held_out.current != member->step;
    TX_TRY(shared ? measure_shared(member, error)
                  : tx_held_out_measure(&member->held_out, member->step, tx_member_measured(member), error));
    *out = &member->held_out.result;
    return TX_OK;
}

static void save(void *owner, const tx_snapshot *snapshot)
{
    tx_member *member = owner;
    tx_failure *failure = &member->trainer->failure;
    if (tx_parallel_rank(member->trainer->parallel) == 0 && failure->status == TX_OK) {
        tx_failure_note(failure, tx_snapshot_save(member, snapshot, &failure->error));
    }
}

static void offer(void *owner, const tx_callback *callback, double value)
{
    tx_member *member = owner;
    tx_best_offer(&member->best, callback, value, member->step, tx_member_measured(member),
                  tx_parameter_bytes(&member->trainer->problem));
}

static double learning_rate(const void *owner)
{
    return tx_optimizer_rate(((const tx_member *)owner)->optimizer);
}

static bool optimizer_number(const void *owner, const char *name, double *out)
{
    return tx_optimizer_number(((const tx_member *)owner)->optimizer, name, out);
}

static void end(void *owner)
{
    tx_member *member = owner;
    member->ended_at = member->step + 1;
}

static const tx_trainer_services services = {
    .add_program = add_program,
    .add_metrics = add_metrics,
    .keep_best = keep_best,
    .add_checkpoints = add_checkpoints,
    .add_snapshots = add_snapshots,
    .evaluate = evaluate,
    .measure = measure,
    .save = save,
    .offer = offer,
    .learning_rate = learning_rate,
    .optimizer_number = optimizer_number,
    .end = end,
};

tx_callback_setup tx_member_callback_setup(tx_member *member, bool terminal)
{
    const tx_trainer *trainer = member->trainer;
    return (tx_callback_setup){
        .services = &services,
        .trainer = member,
        .run = trainer->problem.root,
        .parallel = trainer->parallel,
        .precision = trainer->problem.random.precision,
        .log = trainer->log,
        .terminal = terminal,
    };
}

/* ---- What they see ---- */

static tx_observation observation(tx_member *member)
{
    const tx_trainer *trainer = member->trainer;
    const tx_minibatch *minibatch = &tx_fetching_of(&member->fetching, member->step)->minibatch;
    return (tx_observation){
        .step = member->step,
        .num_steps = trainer->problem.num_steps,
        .epoch = minibatch->epoch,
        .batch = minibatch->batch,
        .loss = member->loss,
        .precision = trainer->problem.random.precision,
        .network = trainer->problem.network,
        .parameters = member->parameters,
        .seconds = tx_clock() - trainer->start,
        .first_step = member->first_step,
        .services = &services,
        .trainer = member,
    };
}

tx_status tx_member_observe(tx_member *member, tx_error *error)
{
    const tx_observation seen = observation(member);
    return tx_callbacks_observe(&member->callbacks, &seen, error);
}

/* Where a run was ended early, windows of the next step are on their way; held-out data may share their store. */
tx_status tx_member_conclude(tx_member *member, tx_error *error)
{
    tx_failure *failure = &member->trainer->failure;
    tx_failure_note(failure, tx_fetching_settle(&member->fetching, member->step, &failure->error));
    const tx_observation seen = observation(member);
    return tx_callbacks_conclude(&member->callbacks, &seen, error);
}
