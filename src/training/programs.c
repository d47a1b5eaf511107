/* Configurations of callbacks: programs on the minibatch that is there anyway. */
#include "base/memory.h"
#include "training/trainer.h"

/* ---- Adding ---- */

static tx_status check_levels(const tx_trainer *trainer, const tx_section *configuration, tx_error *error)
{
    const int levels = tx_configuration_levels_read(configuration);
    if (levels > trainer->problem.windows.length) {
        return tx_section_error(configuration, NULL, error, TX_INVALID,
                                "reads %d time levels, but the trainer's windows have %d: give it fewer rollout steps", levels,
                                trainer->problem.windows.length);
    }
    return TX_OK;
}

static bool is_same(const tx_section *a, const tx_section *b)
{
    return a && b ? tx_section_same_run(a, b, NULL) == TX_OK : a == b;
}

/* Is it what the trainer minimises? Then it need not be computed again. */
static bool is_trainers(const tx_trainer *trainer, const tx_section *callback)
{
    const tx_problem *problem = &trainer->problem;
    return is_same(tx_get_section(callback, "configuration"), problem->configuration) &&
           is_same(tx_get_section(callback, "ref_stepper"), tx_get_section(problem->trainer, "ref_stepper")) &&
           is_same(tx_get_section(callback, "residuum_fn"), tx_get_section(problem->trainer, "residuum_fn"));
}

static tx_status plan(const tx_trainer *trainer, const tx_section *callback, bool gradient, tx_error *error, tx_evaluator *out)
{
    const tx_section *configuration = tx_get_section(callback, "configuration");
    TX_TRY(tx_configuration_check(configuration, error));
    TX_TRY(check_levels(trainer, configuration, error));
    out->gradient = gradient;
    return tx_problem_plan(&trainer->problem, configuration, callback, trainer->problem.block, gradient, error, &out->loss);
}

tx_status tx_trainer_add_program(void *owner, const tx_section *callback, bool gradient, tx_error *error, int *handle)
{
    tx_trainer *trainer = owner;
    tx_callback_program program = {.same = is_trainers(trainer, callback)};
    TX_TRY(tx_reserve((size_t)trainer->num_programs + 1, sizeof program, &trainer->program_capacity, error, &trainer->programs));
    if (!program.same) {
        TX_TRY(plan(trainer, callback, gradient, error, &program.evaluator));
    }
    const int levels = program.evaluator.loss.levels;
    trainer->levels = levels > trainer->levels ? levels : trainer->levels;
    *handle = trainer->num_programs++;
    trainer->programs[*handle] = program;
    return TX_OK;
}

bool tx_trainer_needs_gradients(const tx_trainer *trainer)
{
    bool any = false;
    for (int k = 0; k < trainer->num_programs; k++) {
        any |= trainer->programs[k].evaluator.gradient;
    }
    return any;
}

static tx_status allocate(const tx_trainer *trainer, tx_evaluator *evaluator, tx_error *error)
{
    tx_reduction *reduction = evaluator->gradient ? trainer->gradients : trainer->losses;
    return tx_evaluator_create(trainer, evaluator->loss, reduction, evaluator->gradient, error, evaluator);
}

tx_status tx_trainer_allocate_programs(tx_trainer *trainer, tx_error *error)
{
    TX_TRY(trainer->num_programs ? tx_trainer_reduction(trainer, false, error, &trainer->losses) : TX_OK);
    TX_TRY(tx_trainer_needs_gradients(trainer) ? tx_trainer_reduction(trainer, true, error, &trainer->gradients) : TX_OK);
    for (int k = 0; k < trainer->num_programs; k++) {
        TX_TRY(trainer->programs[k].same ? TX_OK : allocate(trainer, &trainer->programs[k].evaluator, error));
    }
    return TX_OK;
}

void tx_trainer_destroy_programs(tx_trainer *trainer)
{
    for (int k = 0; k < trainer->num_programs; k++) {
        tx_evaluator *evaluator = &trainer->programs[k].evaluator;
        tx_evaluator_destroy(trainer, evaluator);
        tx_plan_destroy(evaluator->loss.plan);
    }
    tx_reduction_destroy(trainer->losses);
    tx_reduction_destroy(trainer->gradients);
    tx_free(trainer->programs);
}

/* ---- Evaluating ---- */

/* The scales of a gradient are measured each time: what a run gives must not depend on where it was resumed. */
static tx_status reduce(tx_trainer *trainer, const tx_evaluator *evaluator, tx_error *error)
{
    tx_outcome outcome = TX_REPEAT;
    tx_reduction_unset_scales(evaluator->reduction);
    while (outcome == TX_REPEAT) {
        tx_reduction_begin(evaluator->reduction);
        if (trainer->local == TX_OK) {
            tx_trainer_run_blocks(trainer, evaluator);
        }
        TX_TRY(tx_reduction_finish(evaluator->reduction, error, &outcome));
    }
    return TX_OK;
}

tx_status tx_trainer_evaluate(void *owner, int handle, tx_error *error, double *loss, const void **gradient)
{
    tx_trainer *trainer = owner;
    const tx_callback_program *program = &trainer->programs[handle];
    const tx_evaluator *evaluator = &program->evaluator;
    if (program->same) {
        *loss = trainer->loss;
        *gradient = tx_reduction_gradient(trainer->reduction);
        return TX_OK;
    }
    TX_TRY(reduce(trainer, evaluator, error));
    TX_TRY(tx_trainer_check_abort(trainer, evaluator->reduction, error));
    const bool failed = tx_reduction_counter(evaluator->reduction, TX_REQUEST_COUNT);
    *loss = failed ? __builtin_nan("") : tx_reduction_scalar(evaluator->reduction, 0);
    *gradient = evaluator->gradient ? tx_reduction_gradient(evaluator->reduction) : NULL;
    return TX_OK;
}
