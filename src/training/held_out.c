/* The held-out data of callbacks: all their metrics in one evaluation, which runs at most once a step. */
#include "training/held_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "problem/constants.h"
#include "trainax/metric.h"
#include "training/shared.h"

/* ---- What is asked for ---- */

static tx_status find_name(tx_held_out *held_out, const char *name, tx_error *error, int *out)
{
    for (int k = 0; k < held_out->num_names; k++) {
        if (strcmp(held_out->names[k], name) == 0) {
            *out = k;
            return TX_OK;
        }
    }
    TX_TRY(tx_reserve((size_t)held_out->num_names + 1, sizeof(char *), &held_out->capacity, error, &held_out->names));
    TX_TRY(tx_duplicate(name, error, &held_out->names[held_out->num_names]));
    *out = held_out->num_names++;
    return TX_OK;
}

static tx_status find_all(tx_held_out *held_out, const tx_metrics *metrics, tx_error *error, tx_asked_metric *asked)
{
    const int count = tx_metrics_count(metrics);
    for (int k = 0; k < count; k++) {
        TX_TRY(find_name(held_out, tx_metrics_name(metrics, k), error, &asked[k].index));
        asked[k].name = held_out->names[asked[k].index];
    }
    return TX_OK;
}

static tx_status list(tx_held_out *held_out, const tx_metrics *metrics, tx_error *error, tx_asked_metric **out)
{
    tx_asked_metric *asked;
    TX_TRY(tx_allocate_array((size_t)tx_metrics_count(metrics), sizeof *asked, error, &asked));
    const tx_status status = find_all(held_out, metrics, error, asked);
    if (status != TX_OK) {
        tx_free(asked);
        return status;
    }
    *out = asked;
    return TX_OK;
}

/* The held-out states are not known yet: of these all metrics are possible, so that only wrong names are refused here. */
static tx_shape any_state(tx_shape state)
{
    for (int d = 0; d < state.axes; d++) {
        state.n[d] = state.n[state.axes - 1];
    }
    return state;
}

tx_status tx_held_out_add_metrics(tx_held_out *held_out, const tx_problem *problem, const tx_metrics_wanted *wanted,
                                  tx_error *error, int *count, tx_asked_metric **out)
{
    tx_metrics *metrics;
    tx_error local = {0};
    tx_status status = tx_metrics_create(wanted->num_texts, wanted->texts, any_state(problem->data.state),
                                         problem->random.precision, &local, &metrics);
    if (status != TX_OK) {
        return status == TX_INVALID ? tx_section_error(wanted->section, wanted->option, error, status, "%s", local.message)
                                    : tx_error_set(error, status, "%s", local.message);
    }
    status = list(held_out, metrics, error, out);
    if (status == TX_OK) {
        *count = tx_metrics_count(metrics);
    }
    tx_metrics_destroy(metrics);
    return status;
}

/* ---- Planning and loading ---- */

static tx_status join_names(const tx_held_out *held_out, tx_error *error, char **out)
{
    size_t size = 1;
    for (int k = 0; k < held_out->num_names; k++) {
        size += strlen(held_out->names[k]) + 1;
    }
    TX_TRY(tx_allocate(size, error, out));
    for (int k = 0, at = 0; k < held_out->num_names; k++) {
        at += sprintf(*out + at, "%s%s", k ? "," : "", held_out->names[k]);
    }
    return TX_OK;
}

static bool has_own_data(const tx_problem *problem)
{
    const tx_section *section = tx_get_section(problem->root, "evaluation");
    return section && tx_has(section, "data");
}

bool tx_held_out_differs(const tx_problem *problem)
{
    const tx_section *root = problem->root, *evaluation = tx_get_section(root, "evaluation");
    bool same = false;
    if (has_own_data(problem)) {
        (void)!tx_shared_same(tx_get_section(root, "data"), tx_get_section(evaluation, "data"), NULL, &same);
    }
    return has_own_data(problem) && !same;
}

static tx_status check_network(const tx_held_out *held_out, const tx_problem *problem, tx_error *error)
{
    const int64_t there = tx_evaluation_network(held_out->evaluation)->num_parameters, here = problem->network->num_parameters;
    return there == here ? TX_OK
                         : tx_section_error(tx_get_section(problem->root, "evaluation"), "data", error, TX_INVALID,
                                            "on its states the network has %" PRId64 " parameters, on the training data %" PRId64,
                                            there, here);
}

/* *opened: whose it is, if it is not the problem's. */
static tx_status read_shape(const tx_problem *problem, tx_error *error, tx_data_shape *out, tx_data_source **opened)
{
    const tx_section *section = tx_get_section(problem->root, "evaluation");
    const tx_data_setup setup = tx_problem_data_setup(problem->root, tx_backend_isa(problem->backend));
    tx_data_source *source;
    if (!has_own_data(problem)) {
        *out = problem->data;
        return TX_OK;
    }
    TX_TRY(tx_data_source_create(tx_get_section(section, "data"), setup, error, &source));
    *out = source->shape;
    *opened = source;
    return TX_OK;
}

tx_status tx_held_out_check(const tx_problem *problem, tx_error *error)
{
    const tx_evaluation_setup setup = {.run = problem->root, .network = problem->network->section};
    tx_data_shape shape;
    if (!tx_get_section(setup.run, "evaluation")) {
        return TX_OK;
    }
    tx_data_source *source = NULL;
    TX_TRY(read_shape(problem, error, &shape, &source));
    const tx_status status = tx_evaluation_check(&setup, &shape, error);
    tx_data_source_destroy(source);
    return status;
}

/* shape: as of tx_evaluation_plan. */
static tx_status plan_evaluation(tx_held_out *held_out, const tx_problem *problem, const tx_data_shape *shape, const char *metrics,
                                 int rank, int num_ranks, tx_error *error)
{
    const tx_evaluation_setup setup = {.run = problem->root, .network = problem->network->section, .metrics = metrics};
    TX_TRY(tx_evaluation_plan(&setup, shape, rank, num_ranks, problem->backend, error, &held_out->evaluation));
    return check_network(held_out, problem, error);
}

tx_status tx_held_out_plan(tx_held_out *held_out, const tx_problem *problem, const tx_data_shape *shape, int rank, int num_ranks,
                           tx_error *error)
{
    char *metrics;
    if (held_out->num_names == 0) {
        return TX_OK;
    }
    held_out->shares_data = !has_own_data(problem);
    held_out->current = -1;
    held_out->network = problem->network;
    shape = held_out->shares_data ? &problem->data : shape->num_trajectories ? shape : NULL;
    TX_TRY(join_names(held_out, error, &metrics));
    const tx_status status = plan_evaluation(held_out, problem, shape, metrics, rank, num_ranks, error);
    tx_free(metrics);
    return status;
}

size_t tx_held_out_bytes(const tx_held_out *held_out)
{
    tx_budget budget = {0};
    if (held_out->evaluation) {
        tx_evaluation_add_budget(held_out->evaluation, &budget);
    }
    return tx_budget_total(&budget);
}

int64_t tx_held_out_numbers(const tx_held_out *held_out)
{
    return held_out->evaluation ? tx_evaluation_numbers(held_out->evaluation) : 0;
}

tx_status tx_held_out_load(tx_held_out *held_out, tx_parallel *parallel, tx_dataset *dataset, const tx_normalization *normalization,
                           tx_error *error)
{
    return held_out->evaluation ? tx_evaluation_load(held_out->evaluation, parallel, dataset, normalization, error) : TX_OK;
}

/* ---- End ---- */

void tx_held_out_destroy(tx_held_out *held_out)
{
    tx_evaluation_destroy(held_out->evaluation);
    for (int k = 0; k < held_out->num_names; k++) {
        tx_free(held_out->names[k]);
    }
    tx_free(held_out->names);
}

/* ---- A step ---- */

tx_status tx_held_out_measure(tx_held_out *held_out, int64_t step, const void *parameters, tx_error *error)
{
    if (held_out->current != step) {
        tx_constants_copy(held_out->network, tx_evaluation_network(held_out->evaluation));
        TX_TRY(tx_evaluation_run(held_out->evaluation, parameters, error, &held_out->result));
        held_out->current = step;
    }
    return TX_OK;
}
