/* The value of the trainer's configuration over all windows, a block at a time. */
#include "base/memory.h"
#include "base/real.h"
#include "problem/budget.h"
#include "problem/losses.h"
#include "problem/problem.h"
#include "trainax/evaluation.h"

typedef struct full_loss {
    tx_parallel *parallel;
    tx_dataset *dataset;
    tx_problem problem; /* its network is the caller's */
    tx_loss_plan loss;
    tx_parameters shared;
    tx_values *values;
    tx_workspace *workspace;
    tx_reduction *reduction;
    const void *parameters;
    double *losses;  /* [block] */
    int64_t *levels; /* [block], first level of each window; behind them their strides */
} full_loss;

static tx_status cut_windows(tx_problem *problem, tx_error *error)
{
    tx_error local = {0};
    const int length = tx_problem_window_length(problem);
    const bool stack = tx_get_boolean(problem->trainer, "do_sub_stacking");
    const tx_status status = tx_windows_make(&problem->data, length, stack, &local, &problem->windows);
    return status ? tx_section_error(problem->trainer, "type", error, status, "%s", local.message) : TX_OK;
}

/* What a rank does alone. */
static tx_status build(full_loss *job, tx_error *error)
{
    tx_problem *problem = &job->problem;
    TX_TRY(tx_configuration_check(problem->configuration, error));
    TX_TRY(cut_windows(problem, error));
    TX_TRY(tx_step_block(problem->network, problem->backend, problem->windows.count, error, &problem->block));
    TX_TRY(tx_physics_create(problem->configuration, problem->trainer, problem->data.state, error, &problem->physics));
    TX_TRY(tx_problem_plan(problem, problem->configuration, &problem->physics, problem->block, false, error, &job->loss));
    TX_TRY(tx_values_create(job->loss.plan, &job->shared, error, &job->values));
    TX_TRY(tx_workspace_create(job->loss.plan, 1, error, &job->workspace));
    TX_TRY(tx_allocate_array((size_t)problem->block, sizeof(double), error, &job->losses));
    TX_TRY(tx_allocate_array(2 * (size_t)problem->block, sizeof(int64_t), error, &job->levels));
    const tx_reduction_setup setup = {.mode = TX_REDUCE_EXACT,
                                      .precision = problem->random.precision,
                                      .num_scalars = 1,
                                      .num_counters = 1,
                                      .max_blocks = (problem->windows.count - 1) / problem->block + 1,
                                      .threads = 1};
    TX_TRY(tx_reduction_create(job->parallel, &setup, error, &job->reduction));
    tx_store_allow_strides(job->dataset->store);
    return tx_store_reserve(job->dataset->store, problem->block, job->loss.levels, error);
}

static int window_count(const full_loss *job, int64_t block)
{
    const int64_t left = job->problem.windows.count - block * job->problem.block;
    return (int)(left < job->problem.block ? left : job->problem.block);
}

static tx_status fetch(full_loss *job, int64_t block, tx_error *error)
{
    const int count = window_count(job, block);
    int64_t *strides = job->levels + job->problem.block;
    for (int k = 0; k < count; k++) {
        job->levels[k] = tx_windows_first_level(&job->problem.windows, block * job->problem.block + k);
        strides[k] = job->problem.windows.stride[0];
    }
    return tx_store_fetch_strided(job->dataset->store, tx_store_slot(block), count, job->loss.levels, job->levels, strides, error);
}

/* Windows that are there. */
static tx_status add_block(full_loss *job, int64_t block, const void *const *windows, tx_error *error)
{
    const tx_windows *all = &job->problem.windows;
    const void *numbers[TX_LARGEST_BLOCK];
    const tx_run_input input = {
        .windows = windows, .numbers = numbers, .count = window_count(job, block), .batch_size = all->count};
    for (int k = 0; k < input.count; k++) {
        const int64_t level = tx_windows_first_level(all, block * job->problem.block + k);
        numbers[k] = tx_beside_of(&job->dataset->beside, level / all->num_levels);
    }
    tx_run_output output = {.losses = job->losses};
    TX_TRY(tx_values_run(job->values, job->workspace, &input, &output, error));
    if (output.failed.function) {
        tx_reduction_add_counter(job->reduction, 0, 0, 1);
    }
    double sum = 0;
    for (int k = 0; k < input.count; k++) {
        sum += job->losses[k];
    }
    tx_reduction_add_scalar(job->reduction, 0, 0, sum / (double)input.batch_size);
    return TX_OK;
}

static tx_status add_blocks(full_loss *job, int64_t first, int64_t end, tx_error *error)
{
    if (first < end) {
        TX_TRY(fetch(job, first, error));
    }
    for (int64_t block = first; block < end; block++) {
        const void *const *windows;
        TX_TRY(tx_store_wait(job->dataset->store, tx_store_slot(block), &windows, error));
        if (block + 1 < end) {
            TX_TRY(fetch(job, block + 1, error));
        }
        TX_TRY(add_block(job, block, windows, error));
    }
    return TX_OK;
}

static double value(const full_loss *job)
{
    const double loss = tx_reduction_counter(job->reduction, 0) ? __builtin_nan("") : tx_reduction_scalar(job->reduction, 0);
    return tx_real_round(job->problem.random.precision, loss);
}

static tx_status run(full_loss *job, tx_error *error, double *out)
{
    const int64_t rank = tx_parallel_rank(job->parallel), size = tx_parallel_size(job->parallel);
    const int64_t blocks = (job->problem.windows.count - 1) / job->problem.block + 1;
    tx_outcome outcome;
    tx_parameters_set(&job->shared, job->parameters);
    tx_reduction_begin(job->reduction);
    const tx_status status = add_blocks(job, blocks * rank / size, blocks * (rank + 1) / size, error);
    TX_TRY(tx_parallel_agree(job->parallel, status, error));
    TX_TRY(tx_reduction_finish(job->reduction, error, &outcome)); /* without a gradient nothing is repeated */
    *out = value(job);
    return TX_OK;
}

static tx_status need_numbers(full_loss *job, tx_error *error)
{
    const int64_t asked = tx_plan_numbers(job->loss.plan);
    const tx_budget budget = {.bytes = {[TX_USE_DATA] = tx_dataset_need_bytes(job->dataset, asked)}};
    if (asked == 0) {
        return TX_OK;
    }
    TX_TRY(tx_budget_check(job->parallel, &budget, job->problem.root, NULL, NULL, NULL, error));
    TX_TRY(tx_dataset_need(job->parallel, job->dataset, NULL, asked, error));
    return tx_losses_check_data(job->problem.trainer, job->dataset, error);
}

static tx_status build_and_run(full_loss *job, tx_error *error, double *out)
{
    TX_TRY(tx_agree_backend(job->parallel, job->problem.root, error, &job->problem.backend));
    TX_TRY(tx_parallel_agree(job->parallel, build(job, error), error));
    TX_TRY(need_numbers(job, error));
    return run(job, error, out);
}

tx_status tx_full_loss(tx_parallel *parallel, const tx_section *root, tx_dataset *dataset, const tx_network *network,
                       const void *parameters, tx_error *error, double *out)
{
    const tx_section *trainer = tx_get_section(root, "trainer");
    if (!trainer) {
        return tx_section_error(root, NULL, error, TX_INVALID, "the full loss is that of the `trainer` section, which is missing");
    }
    full_loss job = {
        .parallel = parallel,
        .dataset = dataset,
        .parameters = parameters,
        .problem = {.root = root,
                    .trainer = trainer,
                    .configuration = tx_get_section(trainer, "type"),
                    .random = tx_problem_random(root),
                    .data = dataset->shape,
                    .stage = INT64_MAX,               /* the last one */
                    .network = (tx_network *)network, /* read only */
                    .threads = 1},
    };
    const tx_status status = build_and_run(&job, error, out);
    tx_reduction_destroy(job.reduction);
    tx_values_destroy(job.values);
    tx_workspace_destroy(job.workspace);
    tx_plan_destroy(job.loss.plan);
    tx_backend_close(job.problem.backend);
    tx_physics_destroy(&job.problem.physics);
    tx_windows_free(&job.problem.windows);
    tx_free(job.losses);
    tx_free(job.levels);
    return status;
}
