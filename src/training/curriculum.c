/* The stages of a run whose rollouts grow. */
#include "training/curriculum.h"

tx_curriculum tx_curriculum_begin(const tx_problem *problem)
{
    return (tx_curriculum){.until = tx_configuration_has_stages(problem->configuration) ? 0 : INT64_MAX};
}

void tx_curriculum_destroy(tx_curriculum *curriculum)
{
    tx_plan_destroy(curriculum->plan);
    curriculum->plan = NULL;
}

/* Where memory is short for the largest rollouts, it is as short for others. */
static size_t memory_of(const tx_problem *problem)
{
    const tx_plan_cost cost = tx_plan_get_cost(problem->loss.plan);
    const int arenas = problem->arenas ? problem->arenas : problem->threads;
    return tx_problem_keeps_less(problem) ? (size_t)arenas * cost.arena_bytes + cost.shared_bytes : 0;
}

tx_status tx_curriculum_plan(tx_curriculum *curriculum, const tx_problem *problem, int64_t step, tx_error *error, tx_loss_plan *out)
{
    tx_problem stage = *problem;
    int64_t until = INT64_MAX;
    const int64_t rollout = tx_configuration_rollout(problem->configuration, step, &until);
    tx_curriculum_destroy(curriculum);
    stage.stage = step;
    stage.memory = memory_of(problem);
    if (rollout != tx_configuration_rollout(problem->configuration, TX_LARGEST_STAGE, NULL)) {
        TX_TRY(tx_problem_plan(&stage, problem->configuration, &problem->physics, problem->block, true, error, out));
        curriculum->plan = out->plan;
    } else {
        *out = problem->loss;
    }
    curriculum->until = until;
    return TX_OK;
}
