/* A network for a simulation: plans of a step and of its adjoint. */
#include "inference/inference.h"

#include <string.h>

#include "base/memory.h"
#include "inference/field.h"
#include "tensor/exported.h"

static tx_status check_numbers(const tx_plan *plan, tx_error *error)
{
    const int64_t numbers = tx_plan_numbers(plan);
    return numbers
               ? tx_error_set(error, TX_INVALID, "the network reads %lld numbers beside its states, which a simulation cannot give",
                              (long long)numbers)
               : TX_OK;
}

/* derivatives: NULL: none. */
static tx_status make_program(const tx_exported *network, const tx_graph *graph, int block, const tx_inference_options *derivatives,
                              const tx_parameters *parameters, tx_error *error, tx_program *out)
{
    const tx_plan_options options = {.precision = network->precision,
                                     .isa = -1,
                                     .block = block,
                                     .num_parameters = network->num_parameters,
                                     .loss = TX_NONE,
                                     .outputs = &network->output,
                                     .num_outputs = 1,
                                     .pulled = derivatives,
                                     .seeded = derivatives && derivatives->gradient};
    TX_TRY(tx_plan_create(graph, &options, error, &out->plan));
    TX_TRY(check_numbers(out->plan, error));
    TX_TRY(tx_values_create(out->plan, parameters, error, &out->values));
    return tx_workspace_create(out->plan, 1, error, &out->workspace);
}

static void destroy_program(tx_program *program)
{
    tx_workspace_destroy(program->workspace);
    tx_values_destroy(program->values);
    tx_plan_destroy(program->plan);
}

static tx_status make_programs(tx_inference *inference, const tx_exported *network, const tx_graph *graph,
                               const tx_inference_options *options, tx_error *error)
{
    const int64_t states = options->states > 1 ? options->states : 1;
    const tx_parameters *parameters = &inference->parameters;
    TX_TRY(make_program(network, graph, 1, NULL, parameters, error, &inference->one));
    inference->block = tx_block_size(inference->state, states, tx_plan_get_cost(inference->one.plan).flops);
    if (inference->block > 1) {
        TX_TRY(make_program(network, graph, inference->block, NULL, parameters, error, &inference->many));
    }
    return options->vjp ? make_program(network, graph, inference->block, options, parameters, error, &inference->adjoint) : TX_OK;
}

static tx_status make_room(tx_inference *inference, bool gradient, tx_error *error)
{
    tx_staging *const all[] = {&inference->x, &inference->seeds, &inference->y};
    for (int k = 0; k < 3; k++) {
        TX_TRY(tx_allocate_array((size_t)inference->block, inference->bytes, error, &all[k]->room));
    }
    return gradient ? tx_allocate(2 * inference->parameter_bytes + 1, error, &inference->gradient) : TX_OK;
}

static tx_status keep_normalization(tx_inference *inference, const tx_exported *network, bool physical, tx_error *error)
{
    const size_t numbers = 2 * (size_t)network->state.channels;
    if (!network->normalization) {
        return physical ? tx_error_set(error, TX_INVALID, "physical states were asked for: the network's data had no `normalize`")
                        : TX_OK;
    }
    inference->physical = physical;
    TX_TRY(tx_allocate_array(numbers, sizeof(double), error, &inference->normalization));
    memcpy(inference->normalization, network->normalization, numbers * sizeof(double));
    return TX_OK;
}

static tx_status make(tx_inference *inference, const tx_exported *network, const tx_inference_options *options, tx_error *error)
{
    const size_t real = tx_real_bytes(network->precision), parameters = (size_t)network->num_parameters;
    tx_graph *graph;
    TX_TRY(tx_graph_import(network, error, &graph));
    inference->state = network->state;
    inference->precision = network->precision;
    inference->bytes = (size_t)(network->state.channels * tx_shape_points(&network->state)) * real;
    inference->parameter_bytes = parameters * real;
    tx_status status = tx_allocate_array(parameters, real, error, &inference->reals);
    if (status == TX_OK && parameters) {
        memcpy(inference->reals, network->parameters, inference->parameter_bytes);
    }
    tx_parameters_set(&inference->parameters, inference->reals);
    status = status ? status : make_programs(inference, network, graph, options, error);
    tx_graph_destroy(graph);
    TX_TRY(status);
    TX_TRY(keep_normalization(inference, network, options->physical, error));
    return make_room(inference, options->vjp && options->gradient, error);
}

tx_status tx_inference_create(const tx_exported *network, const tx_inference_options *options, tx_error *error, tx_inference **out)
{
    static const tx_inference_options plain = {0};
    tx_inference *inference;
    if (!network || !out) {
        return tx_error_set(error, TX_INVALID, "no network was given, or no place for what is made of it");
    }
    if (options && options->states < 0) {
        return tx_error_set(error, TX_INVALID, "%lld states cannot step together", (long long)options->states);
    }
    TX_TRY(tx_allocate(sizeof *inference, error, &inference));
    const tx_status status = make(inference, network, options ? options : &plain, error);
    if (status != TX_OK) {
        tx_inference_destroy(inference);
        return status;
    }
    *out = inference;
    return TX_OK;
}

void tx_inference_destroy(tx_inference *inference)
{
    if (inference) {
        destroy_program(&inference->one);
        destroy_program(&inference->many);
        destroy_program(&inference->adjoint);
        tx_free(inference->reals);
        tx_free(inference->x.room);
        tx_free(inference->seeds.room);
        tx_free(inference->y.room);
        tx_free(inference->gradient);
        tx_free(inference->normalization);
        tx_free(inference);
    }
}

const double *tx_inference_normalization(const tx_inference *inference)
{
    return inference->normalization;
}

tx_shape tx_inference_state(const tx_inference *inference)
{
    return inference->state;
}

tx_precision tx_inference_precision(const tx_inference *inference)
{
    return inference->precision;
}

int64_t tx_inference_num_parameters(const tx_inference *inference)
{
    return (int64_t)(inference->parameter_bytes / tx_real_bytes(inference->precision));
}

tx_field tx_inference_field(const tx_inference *inference, const void *data, tx_precision precision)
{
    return tx_field_plain(&inference->state, data, precision);
}
