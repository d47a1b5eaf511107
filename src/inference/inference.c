/* A network applied to states of a simulation: plans of a step and of its adjoint, and where states come from and go to. */
#include "trainax/inference.h"

#include <string.h>

#include "base/memory.h"
#include "inference/field.h"
#include "tensor/exported.h"
#include "trainax/plan.h"

/* A plan, and what running it takes. */
typedef struct program {
    tx_plan *plan;
    tx_values *values;
    tx_workspace *workspace;
} program;

/* What a run reads and writes of a block: pointers to its samples, and room for those that lie otherwise than kernels want. */
typedef struct staging {
    void *sample[TX_LARGEST_BLOCK];
    char *room;
} staging;

struct tx_inference {
    tx_shape state;
    tx_precision precision;
    size_t bytes; /* of a state */
    int block;    /* states that `many` and `adjoint` compute together */
    void *reals;  /* a copy of the parameters */
    size_t parameter_bytes;
    tx_parameters parameters;
    program one, many, adjoint; /* many: empty where one does, adjoint where none is wanted */
    staging x, seeds, y;
};

/* ---- making ---- */

static tx_status check_numbers(const tx_plan *plan, tx_error *error)
{
    const int64_t numbers = tx_plan_numbers(plan);
    return numbers
               ? tx_error_set(error, TX_INVALID, "the network reads %lld numbers beside its states, which a simulation cannot give",
                              (long long)numbers)
               : TX_OK;
}

static tx_status make_program(const tx_exported *network, const tx_graph *graph, int block, bool pulled,
                              const tx_parameters *parameters, tx_error *error, program *out)
{
    const tx_plan_options options = {.precision = network->precision,
                                     .isa = -1,
                                     .block = block,
                                     .num_parameters = network->num_parameters,
                                     .loss = TX_NONE,
                                     .outputs = &network->output,
                                     .num_outputs = 1,
                                     .pulled = pulled};
    TX_TRY(tx_plan_create(graph, &options, error, &out->plan));
    TX_TRY(check_numbers(out->plan, error));
    TX_TRY(tx_values_create(out->plan, parameters, error, &out->values));
    return tx_workspace_create(out->plan, 1, error, &out->workspace);
}

static void destroy_program(program *program)
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
    TX_TRY(make_program(network, graph, 1, false, parameters, error, &inference->one));
    inference->block = tx_block_size(inference->state, states, tx_plan_get_cost(inference->one.plan).flops);
    if (inference->block > 1) {
        TX_TRY(make_program(network, graph, inference->block, false, parameters, error, &inference->many));
    }
    return options->vjp ? make_program(network, graph, inference->block, true, parameters, error, &inference->adjoint) : TX_OK;
}

static tx_status make(tx_inference *inference, const tx_exported *network, const tx_inference_options *options, tx_error *error)
{
    const size_t real = tx_real_bytes(network->precision), parameters = (size_t)network->num_parameters;
    tx_graph *graph;
    inference->state = network->state;
    inference->precision = network->precision;
    inference->bytes = (size_t)(network->state.channels * tx_shape_points(&network->state)) * real;
    TX_TRY(tx_allocate_array(parameters, real, error, &inference->reals));
    inference->parameter_bytes = parameters * real;
    tx_inference_set_parameters(inference, network->parameters);
    TX_TRY(tx_graph_import(network, error, &graph));
    const tx_status status = make_programs(inference, network, graph, options, error);
    tx_graph_destroy(graph);
    TX_TRY(status);
    staging *const all[] = {&inference->x, &inference->seeds, &inference->y};
    for (int k = 0; k < 3; k++) {
        TX_TRY(tx_allocate_array((size_t)inference->block, inference->bytes, error, &all[k]->room));
    }
    return TX_OK;
}

tx_status tx_inference_create(const tx_exported *network, const tx_inference_options *options, tx_error *error, tx_inference **out)
{
    static const tx_inference_options plain = {0};
    tx_inference *inference;
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
        tx_free(inference);
    }
}

void tx_inference_set_parameters(tx_inference *inference, const void *parameters)
{
    if (inference->parameter_bytes) {
        memcpy(inference->reals, parameters, inference->parameter_bytes);
    }
    tx_parameters_set(&inference->parameters, inference->reals);
}

tx_shape tx_inference_state(const tx_inference *inference)
{
    return inference->state;
}

tx_precision tx_inference_precision(const tx_inference *inference)
{
    return inference->precision;
}

/* ---- where states lie ---- */

tx_field tx_inference_field(const tx_inference *inference, const void *data, tx_precision precision)
{
    return tx_field_plain(&inference->state, data, precision);
}

/* The samples `first` to first + count - 1, in place or in their room, where `read` fills it. */
static void stage(const tx_inference *inference, staging *staging, const tx_field *field, bool read, int64_t first, int count)
{
    const bool plain = tx_field_is_plain(field, &inference->state, inference->precision);
    const int64_t stride = field->stride[0] * (int64_t)tx_real_bytes(field->precision);
    for (int k = 0; k < count; k++) {
        staging->sample[k] = plain ? (char *)field->data + (first + k) * stride : staging->room + (size_t)k * inference->bytes;
        if (!plain && read) {
            tx_field_read(field, &inference->state, first + k, inference->precision, staging->sample[k]);
        }
    }
}

static void give_back(const tx_inference *inference, const staging *staging, const tx_field *field, int64_t first, int count)
{
    const bool plain = tx_field_is_plain(field, &inference->state, inference->precision);
    for (int k = 0; k < count && !plain; k++) {
        tx_field_write(field, &inference->state, first + k, inference->precision, staging->sample[k]);
    }
}

/* ---- stepping ---- */

static tx_status run(const program *program, const void *const *x, const void *const *seeds, void *const *y, int count,
                     tx_error *error)
{
    void *const *const outputs[1] = {y};
    const tx_run_input input = {.windows = x, .seeds = seeds, .count = count, .batch_size = 1};
    tx_run_output output = {.outputs = outputs};
    return tx_values_run(program->values, program->workspace, &input, &output, error);
}

tx_status tx_inference_step(tx_inference *inference, const void *x, void *y, tx_error *error)
{
    return run(&inference->one, &x, NULL, &y, 1, error);
}

/* Block after block; dy: NULL: none. */
static tx_status run_many(tx_inference *inference, const program *program, int64_t count, const tx_field *x, const tx_field *dy,
                          const tx_field *y, tx_error *error)
{
    staging *const from = &inference->x, *const seeds = &inference->seeds, *const to = &inference->y;
    for (int64_t first = 0; first < count; first += inference->block) {
        const int part = count - first < inference->block ? (int)(count - first) : inference->block;
        stage(inference, from, x, true, first, part);
        stage(inference, to, y, false, first, part);
        if (dy) {
            stage(inference, seeds, dy, true, first, part);
        }
        TX_TRY(run(program, (const void *const *)from->sample, (const void *const *)seeds->sample, to->sample, part, error));
        give_back(inference, to, y, first, part);
    }
    return TX_OK;
}

tx_status tx_inference_step_many(tx_inference *inference, int64_t count, const tx_field *x, const tx_field *y, tx_error *error)
{
    return run_many(inference, inference->many.plan ? &inference->many : &inference->one, count, x, NULL, y, error);
}

tx_status tx_inference_vjp(tx_inference *inference, int64_t count, const tx_field *x, const tx_field *dy, const tx_field *dx,
                           tx_error *error)
{
    return inference->adjoint.plan ? run_many(inference, &inference->adjoint, count, x, dy, dx, error)
                                   : tx_error_set(error, TX_INVALID, "this inference was made without `vjp` among its options");
}
