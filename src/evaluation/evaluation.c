/* Evaluations: planned, loaded, taken apart. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "evaluation/rolling.h"
#include "problem/constants.h"
#include "problem/losses.h"

enum { SPREAD_NUMBERS = 2 };

/* ---- Create ---- */

static const tx_section *evaluation_section(const tx_evaluation_setup *setup)
{
    return tx_get_section(setup->run, "evaluation"); /* may be NULL */
}

/* Of what is evaluated on; NULL: there is none. */
static const tx_section *data_section(const tx_evaluation_setup *setup)
{
    const tx_section *section = evaluation_section(setup), *data = section ? tx_get_section(section, "data") : NULL;
    return data ? data : tx_get_section(setup->run, "data");
}

static tx_status open_data(tx_evaluation *evaluation, const tx_evaluation_setup *setup, int isa, tx_error *error)
{
    const tx_section *data = data_section(setup);
    if (!data) {
        return tx_section_error(setup->run, NULL, error, TX_INVALID,
                                "there is nothing to evaluate on: a section evaluation.data or data is needed");
    }
    TX_TRY(tx_data_source_create(data, tx_problem_data_setup(setup->run, isa), error, &evaluation->source));
    evaluation->once = evaluation->once && tx_levels_can_be_read(evaluation->source);
    const size_t all = tx_dataset_bytes(evaluation->source, TX_SHARDED, evaluation->num_ranks);
    evaluation->data_bytes = (evaluation->once ? 0 : all) + evaluation->source->working;
    evaluation->shape = evaluation->source->shape;
    return TX_OK;
}

static tx_status choose_steps(tx_evaluation *evaluation, const tx_evaluation_setup *setup, tx_error *error)
{
    const tx_section *section = evaluation_section(setup);
    const int64_t there = (evaluation->shape.num_levels - 1) / tx_data_stride(&evaluation->shape) + 1;
    const int64_t most = there - evaluation->given;
    const int64_t wanted = section && tx_has(section, "num_steps") ? tx_get_integer(section, "num_steps") : most;
    if (most < 1) {
        const tx_section *data = data_section(setup);
        if (evaluation->given > 1) {
            return tx_section_error(data ? data : setup->run, NULL, error, TX_INVALID,
                                    "num_steps: the network is given %d levels, but the trajectories to evaluate on have %" PRId64
                                    ": there is nothing to compare with",
                                    evaluation->given, there);
        }
        return tx_section_error(data ? data : setup->run, NULL, error, TX_INVALID,
                                "the trajectories to evaluate on have their initial level alone: there is nothing to compare with");
    }
    if (wanted > most) {
        return tx_section_error(section, "num_steps", error, TX_INVALID,
                                "%" PRId64 " steps, but the trajectories have %" PRId64 " levels behind the initial one%s", wanted,
                                most, evaluation->given > 1 ? "s" : "");
    }
    evaluation->num_steps = wanted;
    return TX_OK;
}

/* The names asked for, and behind them the one that the geometric mean needs. */
static tx_status create_metrics(tx_evaluation *evaluation, int count, const char *const *texts, tx_error *error)
{
    static const char default_name[] = "mean_nRMSE";
    const tx_shape state = evaluation->shape.state;
    const char **all;
    TX_TRY(tx_metrics_create(count, texts, state, evaluation->random.precision, error, &evaluation->metrics));
    evaluation->num_metrics = tx_metrics_count(evaluation->metrics);
    evaluation->nrmse = tx_metrics_find(evaluation->metrics, default_name);
    if (evaluation->nrmse >= 0) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)count + 1, sizeof *all, error, &all));
    memcpy(all, texts, (size_t)count * sizeof *all);
    all[count] = default_name;
    tx_metrics_destroy(evaluation->metrics);
    evaluation->metrics = NULL;
    evaluation->nrmse = evaluation->num_metrics;
    const tx_status status = tx_metrics_create(count + 1, all, state, evaluation->random.precision, error, &evaluation->metrics);
    tx_free(all);
    return status;
}

static tx_status choose_metrics(tx_evaluation *evaluation, const tx_evaluation_setup *setup, tx_error *error)
{
    static const char *const otherwise[] = {"mean_nRMSE"};
    const tx_section *section = evaluation_section(setup);
    const char *const *texts = otherwise;
    if (setup->metrics) {
        return create_metrics(evaluation, 1, &setup->metrics, error);
    }
    const int count = section ? tx_get_strings(section, "metrics", &texts) : 1;
    tx_error local = {0};
    const tx_status status = create_metrics(evaluation, count, texts, &local);
    return status == TX_INVALID && section ? tx_section_error(section, "metrics", error, status, "%s", local.message)
           : status                        ? tx_error_set(error, status, "%s", local.message)
                                           : TX_OK;
}

static tx_status copy_names(tx_evaluation *evaluation, tx_error *error)
{
    static const char *const behind[SPREAD_NUMBERS] = {"spread", "crps"};
    const int more = evaluation->several ? SPREAD_NUMBERS : 0;
    evaluation->num_columns = evaluation->num_metrics + more;
    evaluation->width = tx_metrics_quantities(evaluation->metrics) + more;
    TX_TRY(tx_allocate_array((size_t)evaluation->num_columns, sizeof(char *), error, &evaluation->names));
    for (int k = 0; k < evaluation->num_columns; k++) {
        const int last = k - evaluation->num_metrics;
        evaluation->names[k] = last < 0 ? tx_metrics_name(evaluation->metrics, k) : behind[last];
    }
    return TX_OK;
}

static tx_status create_workers(tx_evaluation *evaluation, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)evaluation->threads, sizeof(evaluation_worker), error, &evaluation->workers));
    const size_t networks = (size_t)evaluation->networks;
    TX_TRY(tx_allocate_array(networks, sizeof *evaluation->parameters, error, &evaluation->parameters));
    TX_TRY(tx_allocate_array(networks, sizeof(tx_values *), error, &evaluation->bound));
    for (size_t k = 0; k < networks; k++) {
        TX_TRY(tx_values_create(evaluation->plan, &evaluation->parameters[k], error, &evaluation->bound[k]));
    }
    for (int k = 0; k < evaluation->threads; k++) {
        evaluation_worker *worker = &evaluation->workers[k];
        TX_TRY(tx_workspace_create(evaluation->plan, 1, error, &worker->workspace));
        TX_TRY(tx_metric_scratch_create(evaluation->metrics, error, &worker->scratch));
        TX_TRY(tx_allocate_array(networks * (size_t)evaluation->block, evaluation->levels.level_bytes, error, &worker->next));
        TX_TRY(tx_allocate(evaluation->several ? evaluation->levels.level_bytes : 1, error, &worker->mean));
        TX_TRY(tx_allocate_array(networks, sizeof(double), error, &worker->sorted));
        TX_TRY(tx_allocate_array(networks, sizeof(void *), error, &worker->predictions));
    }
    return TX_OK;
}

static tx_status allocate_numbers(tx_evaluation *evaluation, tx_error *error)
{
    const size_t samples = (size_t)evaluation->num_samples, steps = (size_t)evaluation->num_steps;
    const size_t quantities = (size_t)evaluation->width;
    const size_t mine = (size_t)evaluation->levels.count, group = (size_t)evaluation->levels.group;
    const size_t given = group * (size_t)(evaluation->networks * evaluation->given);
    TX_TRY(tx_allocate_array(given, evaluation->levels.level_bytes, error, &evaluation->states));
    TX_TRY(tx_allocate_array(group, sizeof(int), error, &evaluation->present));
    TX_TRY(tx_allocate_array(steps * mine * quantities, sizeof(double), error, &evaluation->measured));
    TX_TRY(tx_allocate_array(samples * quantities, sizeof(int64_t), error, &evaluation->quantities));
    TX_TRY(tx_allocate_array(samples, sizeof(double), error, &evaluation->sorted));
    TX_TRY(tx_allocate_array((size_t)tx_metrics_count(evaluation->metrics), sizeof(double), error, &evaluation->row));
    TX_TRY(tx_allocate_array(steps * (size_t)evaluation->num_columns, sizeof(double), error, &evaluation->values));
    return tx_allocate_array(steps, sizeof(double), error, &evaluation->errors);
}

/* Does all that was asked for suit data of this shape? */
static tx_status choose(tx_evaluation *evaluation, const tx_evaluation_setup *setup, tx_error *error)
{
    const tx_network_beside beside = tx_problem_beside(&evaluation->shape, true);
    TX_TRY(tx_network_create_beside(setup->network, evaluation->shape.state, &beside, error, &evaluation->network));
    evaluation->given = tx_network_levels(evaluation->network);
    TX_TRY(choose_steps(evaluation, setup, error));
    return choose_metrics(evaluation, setup, error);
}

tx_status tx_evaluation_check(const tx_evaluation_setup *setup, const tx_data_shape *shape, tx_error *error)
{
    tx_evaluation *evaluation;
    TX_TRY(tx_allocate(sizeof *evaluation, error, &evaluation));
    evaluation->random = tx_problem_random(setup->run);
    evaluation->shape = *shape;
    const tx_status status = choose(evaluation, setup, error);
    tx_evaluation_destroy(evaluation);
    return status;
}

static tx_status plan(tx_evaluation *evaluation, const tx_evaluation_setup *setup, const tx_backend *backend, tx_error *error)
{
    const int64_t rank = evaluation->rank, size = evaluation->num_ranks;
    const tx_precision precision = evaluation->random.precision;
    TX_TRY(evaluation->shape.num_levels ? TX_OK : open_data(evaluation, setup, tx_backend_isa(backend), error));
    const tx_data_shape *shape = &evaluation->shape;
    evaluation->num_samples = shape->num_trajectories;
    const int64_t first = evaluation->num_samples * rank / size, end = evaluation->num_samples * (rank + 1) / size;
    evaluation->threads = tx_problem_threads(setup->run);
    TX_TRY(choose(evaluation, setup, error));
    TX_TRY(copy_names(evaluation, error));
    TX_TRY(tx_step_block(evaluation->network, backend, evaluation->num_samples, error, &evaluation->block));
    evaluation->levels = (tx_levels){.source = evaluation->once ? evaluation->source : NULL,
                                     .first = first,
                                     .count = end - first,
                                     .shape = shape,
                                     .needed = evaluation->num_steps + evaluation->given,
                                     .level_bytes = (size_t)tx_data_level_size(shape) * tx_real_bytes(precision)};
    tx_levels_choose(&evaluation->levels, evaluation->threads, evaluation->threads * evaluation->block);
    TX_TRY(tx_step_plan(evaluation->network, backend, evaluation->block, error, &evaluation->plan));
    return tx_numbers_check(setup->network, evaluation->plan, shape, error);
}

tx_status tx_evaluation_plan(const tx_evaluation_setup *setup, const tx_data_shape *shape, int rank, int num_ranks,
                             const tx_backend *backend, tx_error *error, tx_evaluation **out)
{
    tx_evaluation *evaluation;
    TX_TRY(tx_allocate(sizeof *evaluation, error, &evaluation));
    evaluation->random = tx_problem_random(setup->run);
    evaluation->shape = shape ? *shape : (tx_data_shape){0};
    evaluation->once = setup->once && !shape;
    evaluation->several = setup->networks > 0;
    evaluation->networks = evaluation->several ? setup->networks : 1;
    evaluation->rank = rank;
    evaluation->num_ranks = num_ranks;
    const tx_status status = plan(evaluation, setup, backend, error);
    if (status != TX_OK) {
        tx_evaluation_destroy(evaluation);
        return status;
    }
    *out = evaluation;
    return TX_OK;
}

int64_t tx_evaluation_numbers(const tx_evaluation *evaluation)
{
    return tx_plan_numbers(evaluation->plan);
}

void tx_evaluation_add_budget(const tx_evaluation *evaluation, tx_budget *budget)
{
    const tx_plan_cost cost = tx_plan_get_cost(evaluation->plan);
    const size_t level = evaluation->levels.level_bytes, threads = (size_t)evaluation->threads,
                 samples = (size_t)evaluation->num_samples;
    const size_t networks = (size_t)evaluation->networks, steps = (size_t)evaluation->num_steps,
                 quantities = (size_t)evaluation->width;
    const size_t numbers =
        (samples + steps * (size_t)evaluation->levels.count) * quantities + samples + steps * ((size_t)evaluation->num_columns + 1);
    budget->bytes[TX_USE_ACTIVATIONS] +=
        threads * (cost.workspace_bytes + (size_t)evaluation->block * (networks * level + 2 * sizeof(void *)) +
                   tx_metric_scratch_bytes(evaluation->metrics));
    budget->bytes[TX_USE_PARAMETERS] += networks * cost.room_bytes;
    budget->bytes[TX_USE_DATA] += (size_t)evaluation->levels.group * (networks * (size_t)evaluation->given * level + sizeof(int)) +
                                  tx_levels_bytes(&evaluation->levels) + evaluation->data_bytes;
    if (evaluation->source) {
        budget->bytes[TX_USE_DATA] +=
            tx_beside_bytes(&evaluation->shape, evaluation->random.precision, tx_evaluation_numbers(evaluation));
    }
    budget->bytes[TX_USE_METRICS] += numbers * sizeof(double);
}

/* What a rank does alone. */
static tx_status allocate(tx_evaluation *evaluation, tx_error *error)
{
    TX_TRY(evaluation->once ? tx_beside_read(evaluation->source, tx_evaluation_numbers(evaluation), error, &evaluation->beside)
                            : TX_OK);
    TX_TRY(tx_mask_check(evaluation->network, evaluation->levels.beside, evaluation->random.precision,
                         evaluation->shape.num_trajectories, error));
    TX_TRY(create_workers(evaluation, error));
    TX_TRY(allocate_numbers(evaluation, error));
    return tx_levels_allocate(&evaluation->levels, error);
}

tx_status tx_evaluation_load(tx_evaluation *evaluation, tx_parallel *parallel, tx_dataset *dataset,
                             const tx_normalization *normalization, tx_error *error)
{
    evaluation->parallel = parallel;
    evaluation->dataset = dataset;
    if (!dataset) {
        const tx_status mine = normalization ? tx_data_source_inherit(evaluation->source, normalization, error) : TX_OK;
        TX_TRY(tx_parallel_agree(parallel, mine, error));
        TX_TRY(tx_data_source_settle(parallel, evaluation->source, error));
    }
    if (!dataset && !evaluation->once) {
        TX_TRY(tx_dataset_load(parallel, evaluation->source, TX_SHARDED, error, &evaluation->own));
        TX_TRY(tx_dataset_need(parallel, evaluation->own, evaluation->source, tx_evaluation_numbers(evaluation), error));
        evaluation->dataset = evaluation->own;
        tx_data_source_destroy(evaluation->source);
        evaluation->source = NULL;
    }
    evaluation->levels.store = evaluation->dataset ? evaluation->dataset->store : NULL;
    evaluation->levels.beside = evaluation->dataset ? &evaluation->dataset->beside : &evaluation->beside;
    evaluation->shape = evaluation->dataset ? evaluation->dataset->shape : evaluation->shape; /* whose lengths stay */
    return tx_parallel_agree(parallel, allocate(evaluation, error), error);
}

static tx_status check_and_load(tx_evaluation *evaluation, tx_parallel *parallel, const tx_evaluation_setup *setup, tx_error *error)
{
    const int64_t asked = tx_evaluation_numbers(evaluation);
    tx_budget budget = {0};
    tx_evaluation_add_budget(evaluation, &budget);
    TX_TRY(tx_parallel_agree(parallel, tx_threads_start(evaluation->threads, error), error));
    if (setup->dataset) {
        budget.bytes[TX_USE_DATA] += tx_dataset_need_bytes(setup->dataset, asked);
    }
    TX_TRY(tx_budget_check(parallel, &budget, setup->run, NULL, NULL, NULL, error));
    TX_TRY(setup->dataset ? tx_dataset_need(parallel, setup->dataset, NULL, asked, error) : TX_OK);
    return tx_evaluation_load(evaluation, parallel, setup->dataset, setup->normalization, error);
}

tx_status tx_evaluation_create(tx_parallel *parallel, const tx_evaluation_setup *setup, tx_error *error, tx_evaluation **out)
{
    const int rank = tx_parallel_rank(parallel), num_ranks = tx_parallel_size(parallel);
    tx_evaluation *evaluation = NULL;
    const tx_backend *backend;
    TX_TRY(tx_agree_backend(parallel, setup->run, error, &backend));
    tx_status status =
        tx_evaluation_plan(setup, setup->dataset ? &setup->dataset->shape : NULL, rank, num_ranks, backend, error, &evaluation);
    if (evaluation) {
        evaluation->backend = backend;
    }
    status = tx_parallel_agree(parallel, status, error);
    status = status ? status : check_and_load(evaluation, parallel, setup, error);
    if (status != TX_OK) {
        tx_backend_close(evaluation ? NULL : backend);
        tx_evaluation_destroy(evaluation);
        return status;
    }
    *out = evaluation;
    return TX_OK;
}

void tx_evaluation_destroy(tx_evaluation *evaluation)
{
    if (!evaluation) {
        return;
    }
    for (int k = 0; evaluation->workers && k < evaluation->threads; k++) {
        tx_workspace_destroy(evaluation->workers[k].workspace);
        tx_metric_scratch_destroy(evaluation->workers[k].scratch);
        tx_free(evaluation->workers[k].next);
        tx_free(evaluation->workers[k].mean);
        tx_free(evaluation->workers[k].sorted);
        tx_free(evaluation->workers[k].predictions);
    }
    tx_data_source_destroy(evaluation->source);
    tx_free(evaluation->workers);
    tx_free(evaluation->names);
    tx_levels_free(&evaluation->levels);
    tx_free(evaluation->states);
    tx_free(evaluation->present);
    tx_free(evaluation->measured);
    tx_free(evaluation->quantities);
    tx_free(evaluation->sorted);
    tx_free(evaluation->row);
    tx_free(evaluation->values);
    tx_free(evaluation->errors);
    tx_metrics_destroy(evaluation->metrics);
    for (int k = 0; evaluation->bound && k < evaluation->networks; k++) {
        tx_values_destroy(evaluation->bound[k]);
    }
    tx_free(evaluation->bound);
    tx_free(evaluation->parameters);
    tx_plan_destroy(evaluation->plan);
    tx_network_destroy(evaluation->network);
    tx_dataset_destroy(evaluation->own);
    tx_beside_free(&evaluation->beside);
    tx_backend_close(evaluation->backend);
    tx_free(evaluation);
}

const tx_network *tx_evaluation_network(const tx_evaluation *evaluation)
{
    return evaluation->network;
}
const tx_dataset *tx_evaluation_dataset(const tx_evaluation *evaluation)
{
    return evaluation->dataset;
}
