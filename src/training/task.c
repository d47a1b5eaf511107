/* The minibatch of a step as its optimizer sees it: the member's own plan with other parameters, summed as the step's is. */
#include "base/real.h"
#include "training/trainer.h"

static tx_status evaluate(tx_member *member, const tx_evaluator *evaluator, const void *parameters, tx_error *error, double *out)
{
    const tx_share share = tx_member_share(member);
    tx_parameters_set(&member->bound, parameters);
    const tx_status status = tx_workers_sum(&member->trainer->workers, evaluator, &share, NULL, error);
    tx_parameters_set(&member->bound, member->parameters);
    TX_TRY(status);
    const double loss = tx_evaluator_loss(evaluator);
    *out = tx_real_round(member->task.precision, loss); /* as that of a step */
    return TX_OK;
}

static tx_status value(void *object, const void *parameters, tx_error *error, double *out)
{
    tx_member *member = object;
    tx_evaluator evaluator = member->evaluator;
    evaluator.reduction = member->losses;
    evaluator.sums_gradient = false;
    return evaluate(member, &evaluator, parameters, error, out);
}

static tx_status gradient(void *object, const void *parameters, tx_error *error, double *loss, const void **out)
{
    tx_member *member = object;
    TX_TRY(evaluate(member, &member->evaluator, parameters, error, loss));
    *out = tx_reduction_gradient(member->reduction);
    return TX_OK;
}

static const tx_task_class class_ = {.value = value, .gradient = gradient};

tx_task tx_member_task(tx_member *member)
{
    const tx_trainer *trainer = member->trainer;
    const tx_network *network = trainer->problem.network;
    return (tx_task){
        .class_ = &class_,
        .object = member,
        .parallel = trainer->parallel,
        .precision = trainer->problem.random.precision,
        .num_parameters = network->num_parameters,
        .num_leaves = network->num_leaves,
        .leaves = network->leaves,
    };
}
