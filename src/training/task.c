/* The minibatch of a step: this rank's part of it, and the task that its optimizer sees. */
#include "base/real.h"
#include "training/trainer.h"

tx_share tx_member_share(const tx_member *member)
{
    tx_share share = member->given ? *member->given : tx_fetching_share(&member->fetching, member->step);
    share.count = member->trainer->failure.status ? 0 : share.count;
    return share;
}

/* The optimizer's vectors are of what is trained. */
static const void *whole(const tx_member *member, const void *parameters)
{
    return tx_trained_at(&member->trained, parameters, member->parameters);
}

static tx_status prepare(void *object, const char *asker, unsigned what, tx_error *error)
{
    tx_member *member = object;
    const tx_problem *problem = &member->trainer->problem;
    TX_TRY(tx_answers_plan(&member->answers, problem, asker, what, error));
    member->task.sample_rows = member->answers.rows;
    member->task.most_rows = member->answers.rows * problem->batch_size;
    return TX_OK;
}

/* Losses are rounded as that of a step is. */
static tx_status value(void *object, const void *parameters, tx_error *error, double *out)
{
    tx_member *member = object;
    const tx_share share = tx_member_share(member);
    double loss;
    TX_TRY(tx_answers_value(&member->answers, &share, whole(member, parameters), error, &loss));
    *out = tx_real_round(member->task.precision, loss);
    return TX_OK;
}

/* The step's own plan; its scales are state, and a good guess. */
static tx_status gradient(void *object, const void *parameters, tx_error *error, double *loss, const void **out)
{
    tx_member *member = object;
    const tx_share share = tx_member_share(member);
    tx_evaluator evaluator = member->evaluator;
    evaluator.reduction = member->answers.gradients;
    tx_reduction_copy_scales(member->reduction, evaluator.reduction);
    tx_parameters_set(&member->bound, whole(member, parameters));
    const tx_status status = tx_workers_sum(&member->trainer->workers, &evaluator, &share, NULL, error);
    tx_parameters_set(&member->bound, member->parameters);
    TX_TRY(status);
    *loss = tx_real_round(member->task.precision, tx_evaluator_loss(&evaluator));
    *out = tx_trained_of(&member->trained, tx_reduction_gradient(evaluator.reduction), TX_ROOM_ANSWER);
    return TX_OK;
}

/* Something may have failed here since the step began: then there is no share. */
static tx_status check_share(const tx_member *member, tx_error *error)
{
    const tx_failure *failure = &member->trainer->failure;
    return failure->status ? tx_error_set(error, failure->status, "%s", failure->error.message) : TX_OK;
}

static tx_status rows(void *object, const void *parameters, int64_t first, int64_t count, tx_error *error, void *residuals,
                      void *jacobian)
{
    tx_member *member = object;
    const tx_share share = tx_member_share(member);
    TX_TRY(check_share(member, error));
    first -= member->task.first_row;
    parameters = whole(member, parameters);
    TX_TRY(residuals ? tx_answers_residuals(&member->answers, &share, parameters, first, count, error, residuals) : TX_OK);
    return jacobian ? tx_answers_jacobian(&member->answers, &share, parameters, first, count, error, jacobian) : TX_OK;
}

static tx_status product(void *object, const void *parameters, const void *v, int64_t first, int64_t count, tx_error *error,
                         void *out)
{
    tx_member *member = object;
    const tx_share share = tx_member_share(member);
    TX_TRY(check_share(member, error));
    return tx_answers_product(&member->answers, &share, whole(member, parameters), tx_trained_along(&member->trained, v),
                              first - member->task.first_row, count, error, out);
}

static tx_status adjoint_product(void *object, const void *parameters, const void *w, tx_error *error, void *out)
{
    tx_member *member = object;
    const tx_share share = tx_member_share(member);
    return tx_answers_adjoint_product(&member->answers, &share, whole(member, parameters), w, error, out);
}

static const tx_task_class class_ = {
    .prepare = prepare, .value = value, .gradient = gradient, .rows = rows, .product = product, .adjoint_product = adjoint_product};

tx_task tx_member_task(tx_member *member)
{
    const tx_trainer *trainer = member->trainer;
    const tx_problem *problem = &trainer->problem;
    return (tx_task){
        .class_ = &class_,
        .object = member,
        .parallel = trainer->parallel,
        .log = trainer->log,
        .precision = problem->random.precision,
        .num_parameters = member->trained.count,
        .num_leaves = member->trained.num_leaves,
        .leaves = member->trained.leaves,
        .accumulate = tx_get_integer(problem->trainer, "accumulate_grad_batches"),
        .full_batch = problem->batch_size == problem->windows.count && problem->windows.stride[0] == problem->windows.stride[1] &&
                      !tx_changes_any(&member->fetching.changes) && !tx_configuration_has_stages(problem->configuration),
    };
}

void tx_member_pose(tx_member *member)
{
    const tx_fetch *fetch = tx_fetching_of(&member->fetching, member->step);
    const int64_t rows = member->answers.rows;
    tx_task *task = &member->task;
    task->num_rows = fetch->minibatch.count * rows;
    task->first_row = fetch->first * rows;
    task->num_own_rows = fetch->count * rows;
    task->own_samples = task->full_batch ? fetch->levels : NULL;
    task->parameters = tx_trained_of(&member->trained, member->parameters, TX_ROOM_PARAMETERS);
    task->value = member->loss;
    task->gradient = tx_trained_of(&member->trained, tx_reduction_gradient(member->reduction), TX_ROOM_GRADIENT);
}
