/* Configurations of callbacks: plans on the minibatch that is there anyway. */
#include "training/programs.h"

#include "base/memory.h"

/* ---- Adding ---- */

static tx_status check_levels(const tx_problem *problem, const tx_section *configuration, tx_error *error)
{
    const int levels = tx_problem_levels_read(problem, configuration);
    if (levels > problem->windows.length) {
        return tx_section_error(configuration, NULL, error, TX_INVALID,
                                "reads %d time levels, but the trainer's windows have %d: give it fewer rollout steps", levels,
                                problem->windows.length);
    }
    return TX_OK;
}

static bool is_same(const tx_section *a, const tx_section *b)
{
    return a && b ? tx_section_same_run(a, b, NULL) == TX_OK : a == b;
}

/* Its steps are not those of the training. */
static tx_status check_stages(const tx_section *configuration, tx_error *error)
{
    return tx_configuration_has_stages(configuration)
               ? tx_section_error(configuration, NULL, error, TX_INVALID,
                                  "num_rollout_steps of a callback's configuration is a number, no mapping")
               : TX_OK;
}

/* Is it what the trainer minimises? Then it need not be computed again. */
static bool is_trainers(const tx_problem *problem, const tx_section *callback)
{
    return is_same(tx_get_section(callback, "configuration"), problem->configuration) &&
           is_same(tx_get_section(callback, "ref_stepper"), tx_get_section(problem->trainer, "ref_stepper")) &&
           is_same(tx_get_section(callback, "residuum_fn"), tx_get_section(problem->trainer, "residuum_fn"));
}

static tx_status plan(const tx_problem *problem, const tx_section *callback, bool gradient, tx_error *error,
                      tx_callback_program *out)
{
    const tx_section *configuration = tx_get_section(callback, "configuration");
    TX_TRY(tx_configuration_check(configuration, error));
    TX_TRY(check_stages(configuration, error));
    TX_TRY(check_levels(problem, configuration, error));
    out->evaluator.gradient = gradient;
    TX_TRY(tx_physics_create(configuration, callback, problem->data.state, error, &out->physics));
    return tx_problem_plan(problem, configuration, &out->physics, problem->block, gradient, error, &out->evaluator.loss);
}

tx_status tx_programs_add(tx_programs *programs, const tx_problem *problem, const tx_section *callback, bool gradient,
                          tx_error *error, int *handle)
{
    tx_callback_program program = {.same = is_trainers(problem, callback)};
    TX_TRY(tx_reserve((size_t)programs->count + 1, sizeof program, &programs->capacity, error, &programs->programs));
    const tx_status status = program.same ? TX_OK : plan(problem, callback, gradient, error, &program);
    if (status != TX_OK) {
        tx_physics_destroy(&program.physics);
        return status;
    }
    *handle = programs->count++;
    programs->programs[*handle] = program;
    return TX_OK;
}

/* ---- What they take ---- */

int tx_programs_levels(const tx_programs *programs)
{
    int most = 0;
    for (int k = 0; k < programs->count; k++) {
        const int levels = programs->programs[k].evaluator.loss.levels;
        most = levels > most ? levels : most;
    }
    return most;
}

int64_t tx_programs_numbers(const tx_programs *programs)
{
    int64_t most = 0;
    for (int k = 0; k < programs->count; k++) {
        const int64_t numbers = tx_plan_numbers(programs->programs[k].evaluator.loss.plan);
        most = numbers > most ? numbers : most;
    }
    return most;
}

bool tx_programs_need_gradients(const tx_programs *programs)
{
    bool any = false;
    for (int k = 0; k < programs->count; k++) {
        any |= programs->programs[k].evaluator.gradient;
    }
    return any;
}

/* All costs of the plans that are not the trainer's. */
static tx_plan_cost sum_costs(const tx_programs *programs)
{
    tx_plan_cost sum = {0};
    for (int k = 0; k < programs->count; k++) {
        const tx_plan *plan = programs->programs[k].evaluator.loss.plan;
        const tx_plan_cost cost = plan ? tx_plan_get_cost(plan) : (tx_plan_cost){0};
        sum.room_bytes += cost.room_bytes;
        sum.workspace_bytes += cost.workspace_bytes;
        sum.block_bytes += cost.block_bytes;
    }
    return sum;
}

size_t tx_programs_room_bytes(const tx_programs *programs)
{
    return sum_costs(programs).room_bytes;
}

size_t tx_programs_workspace_bytes(const tx_programs *programs)
{
    return sum_costs(programs).workspace_bytes;
}

size_t tx_programs_block_bytes(const tx_programs *programs)
{
    return sum_costs(programs).block_bytes;
}

static tx_status allocate(tx_callback_program *program, const tx_workers *workers, const tx_parameters *parameters,
                          tx_reduction *reduction, tx_error *error)
{
    const tx_evaluator *planned = &program->evaluator;
    TX_TRY(
        tx_evaluator_create(planned->loss, parameters, &program->rooms, reduction, planned->gradient, error, &program->evaluator));
    return tx_workers_rooms(workers, planned->loss.plan, error, &program->rooms);
}

tx_status tx_programs_allocate(tx_programs *programs, const tx_workers *workers, const tx_parameters *parameters,
                               tx_reduction *losses, tx_error *error)
{
    TX_TRY(tx_programs_need_gradients(programs) ? tx_workers_reduction(workers, true, error, &programs->gradients) : TX_OK);
    for (int k = 0; k < programs->count; k++) {
        tx_callback_program *program = &programs->programs[k];
        tx_reduction *reduction = program->evaluator.gradient ? programs->gradients : losses;
        TX_TRY(program->same ? TX_OK : allocate(program, workers, parameters, reduction, error));
    }
    return TX_OK;
}

void tx_programs_destroy(tx_programs *programs)
{
    for (int k = 0; k < programs->count; k++) {
        tx_callback_program *program = &programs->programs[k];
        tx_rooms_destroy(&program->rooms);
        tx_evaluator_destroy(&program->evaluator);
        tx_plan_destroy(program->evaluator.loss.plan);
        tx_physics_destroy(&program->physics);
    }
    tx_reduction_destroy(programs->gradients);
    tx_free(programs->programs);
}

/* ---- Evaluating ---- */

bool tx_programs_is_same(const tx_programs *programs, int handle)
{
    return programs->programs[handle].same;
}

/* The scales of a gradient are measured each time: what a run gives must not depend on where it was resumed. */
tx_status tx_programs_evaluate(const tx_programs *programs, int handle, tx_workers *workers, const tx_share *share, tx_error *error,
                               double *loss, const void **gradient)
{
    const tx_evaluator *evaluator = &programs->programs[handle].evaluator;
    tx_reduction_unset_scales(evaluator->reduction);
    TX_TRY(tx_workers_sum(workers, evaluator, share, NULL, error));
    *loss = tx_evaluator_loss(evaluator);
    *gradient = evaluator->gradient ? tx_reduction_gradient(evaluator->reduction) : NULL;
    return TX_OK;
}
