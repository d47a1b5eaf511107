/* The plans of a problem: a configuration's loss, its residuals, one step of the network. */
#include "base/memory.h"
#include "component/section.h"
#include "problem/losses.h"
#include "problem/problem.h"

static tx_node apply_network(const void *object, tx_graph *graph, const tx_past *past)
{
    return tx_network_apply(object, graph, past);
}

static tx_node apply_stepper(const void *object, tx_graph *graph, tx_node x)
{
    return tx_stepper_apply(object, graph, x);
}

static tx_node apply_residuum(const void *object, tx_graph *graph, tx_node next, tx_node previous)
{
    return tx_residuum_apply(object, graph, next, previous);
}

tx_status tx_numbers_check(const tx_section *section, const tx_plan *plan, const tx_data_shape *data, tx_error *error)
{
    tx_error local = {0};
    const tx_status status = tx_beside_check(data, tx_plan_numbers(plan), &local);
    return status ? tx_section_error(section, NULL, error, status, "%s", local.message) : TX_OK;
}

/* section: what the graph is of. */
static tx_status make_plan(const tx_section *section, const tx_graph *graph, const tx_plan_options *options, tx_error *error,
                           tx_plan **out)
{
    tx_error local = {0};
    tx_status status = tx_graph_status(graph, &local);
    status = status ? status : tx_plan_create(graph, options, &local, out);
    return status == TX_INVALID ? tx_section_blame(section, status, local.message, error)
           : status             ? tx_error_set(error, status, "%s", local.message)
                                : TX_OK;
}

/* One that trains: gradients are added up leaf by leaf. */
static tx_status make_with_leaves(const tx_problem *problem, const tx_section *section, const tx_graph *graph,
                                  const tx_plan_options *options, tx_error *error, tx_plan **out)
{
    tx_plan_options own = *options;
    int64_t *sizes;
    TX_TRY(tx_leaf_sizes(problem->network, error, &sizes));
    own.leaf_sizes = sizes;
    own.num_leaves = problem->network->num_leaves;
    const tx_status status = make_plan(section, graph, &own, error, out);
    tx_free(sizes);
    return status;
}

static tx_status make_checked(const tx_problem *problem, const tx_section *section, const tx_graph *graph,
                              const tx_plan_options *options, tx_error *error, tx_plan **out)
{
    tx_plan *plan;
    TX_TRY(make_with_leaves(problem, section, graph, options, error, &plan));
    const tx_status status = tx_numbers_check(section, plan, &problem->data, error);
    if (status != TX_OK) {
        tx_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return TX_OK;
}

tx_status tx_step_plan(const tx_network *network, const tx_backend *backend, int block, tx_error *error, tx_plan **out)
{
    tx_graph *graph;
    TX_TRY(tx_graph_create(error, &graph));
    tx_past past;
    tx_past_begin(&past, graph, network->input, tx_network_levels(network));
    const tx_node next = tx_network_apply(network, graph, &past);
    const tx_plan_options options = {.backend = backend,
                                     .precision = tx_backend_precision(backend),
                                     .block = block,
                                     .num_parameters = network->num_parameters,
                                     .loss = -1,
                                     .outputs = &next,
                                     .num_outputs = 1};
    const tx_status status = make_plan(network->section, graph, &options, error, out);
    tx_graph_destroy(graph);
    return status;
}

tx_status tx_step_block(const tx_network *network, const tx_backend *backend, int64_t samples, tx_error *error, int *out)
{
    tx_plan *plan;
    TX_TRY(tx_step_plan(network, backend, 1, error, &plan));
    *out = tx_block_size(network->input, samples, tx_plan_get_cost(plan).flops);
    tx_plan_destroy(plan);
    return TX_OK;
}

static tx_configuration_parts parts_of(const tx_problem *problem, const tx_section *configuration, const tx_physics *physics)
{
    return (tx_configuration_parts){
        .section = configuration,
        .loss = tx_configuration_time_level_loss(configuration),
        .network = {.apply = apply_network, .object = problem->network, .levels = tx_network_levels(problem->network)},
        .ref_stepper = {.apply = apply_stepper, .object = physics->ref_stepper},
        .residuum_fn = {.apply = apply_residuum, .object = physics->residuum_fn},
        .state = problem->data.state,
        .step = problem->stage,
    };
}

static tx_status begin_graph(const tx_problem *problem, tx_error *error, tx_graph **out)
{
    tx_fields fields = tx_problem_fields(&problem->data);
    fields.mask = problem->network->whole->mask;
    fields.masked = fields.mask >= 0;
    TX_TRY(tx_graph_create(error, out));
    tx_graph_set_fields(*out, &fields);
    return TX_OK;
}

tx_status tx_problem_plan(const tx_problem *problem, const tx_section *configuration, const tx_physics *physics, int block,
                          bool gradient, tx_error *error, tx_loss_plan *out)
{
    tx_graph *graph;
    tx_plan *plan;
    TX_TRY(tx_configuration_check(configuration, error));
    TX_TRY(tx_losses_check(configuration, &problem->data, error));
    TX_TRY(begin_graph(problem, error, &graph));
    const tx_configuration_parts parts = parts_of(problem, configuration, physics);
    const tx_plan_options options = {.backend = problem->backend,
                                     .precision = problem->random.precision,
                                     .block = block,
                                     .num_parameters = problem->network->num_parameters,
                                     .loss = tx_configuration_loss(&parts, graph),
                                     .gradient = gradient,
                                     .memory = gradient ? problem->memory : 0,
                                     .threads = problem->threads * problem->sharers,
                                     .arenas = problem->arenas};
    const tx_status status = make_checked(problem, configuration, graph, &options, error, &plan);
    tx_graph_destroy(graph);
    TX_TRY(status);
    *out = (tx_loss_plan){.plan = plan, .levels = tx_problem_levels_read(problem, configuration)};
    return TX_OK;
}

/* ---- Residuals ---- */

static tx_status number_rows(const tx_graph *graph, const tx_residuals *residuals, tx_error *error, tx_residual_plan *out)
{
    out->num_outputs = residuals->count;
    TX_TRY(tx_allocate_array((size_t)residuals->count + 1, sizeof *out->first, error, &out->first));
    for (int k = 0; k < residuals->count; k++) {
        const tx_shape shape = tx_node_shape(graph, residuals->nodes[k]);
        out->first[k + 1] = out->first[k] + shape.channels * tx_shape_points(&shape);
    }
    out->rows = out->first[residuals->count];
    return TX_OK;
}

static tx_status plan_residuals(const tx_problem *problem, const tx_graph *graph, const tx_residuals *residuals,
                                const tx_plan_options *wanted, tx_error *error, tx_residual_plan *out)
{
    tx_plan_options options = *wanted;
    options.precision = problem->random.precision;
    options.backend = problem->backend;
    options.num_parameters = problem->network->num_parameters;
    options.loss = -1;
    options.outputs = residuals->nodes;
    options.num_outputs = residuals->count;
    options.threads = problem->threads * problem->sharers;
    TX_TRY(number_rows(graph, residuals, error, out));
    return make_checked(problem, problem->configuration, graph, &options, error, &out->plan);
}

tx_status tx_residual_plan_create(const tx_problem *problem, const char *asker, const tx_plan_options *wanted, tx_error *error,
                                  tx_residual_plan *out)
{
    tx_residuals residuals = {.asker = asker};
    tx_residual_plan plan = {0};
    tx_graph *graph;
    TX_TRY(begin_graph(problem, error, &graph));
    const tx_configuration_parts parts = parts_of(problem, problem->configuration, &problem->physics);
    tx_configuration_residuals(&parts, graph, &residuals);
    const tx_error *failed = &residuals.error;
    const tx_status status = failed->status ? tx_error_set(error, failed->status, "%s", failed->message)
                                            : plan_residuals(problem, graph, &residuals, wanted, error, &plan);
    tx_free(residuals.nodes);
    tx_graph_destroy(graph);
    if (status != TX_OK) {
        tx_residual_plan_destroy(&plan);
        return status;
    }
    *out = plan;
    return TX_OK;
}

void tx_residual_plan_destroy(tx_residual_plan *plan)
{
    tx_plan_destroy(plan->plan);
    tx_free(plan->first);
    *plan = (tx_residual_plan){0};
}
