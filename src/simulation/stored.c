/* A network file as the list of operations that a step of it is, with its parameters; opened for inference. */
#include "simulation/stored.h"

#include <string.h>

#include "base/memory.h"
#include "base/shape.h"
#include "problem/network_file.h"
#include "tensor/exported.h"
#include "trainax/inference.h"

tx_status tx_network_list(const tx_network *network, tx_error *error, tx_exported *out)
{
    tx_graph *graph;
    tx_past past;
    if (tx_network_levels(network) > 1) {
        return tx_error_set(error, TX_INVALID, "the network is given %d levels (num_steps), a simulation gives it its state alone",
                            tx_network_levels(network));
    }
    TX_TRY(tx_graph_create(error, &graph));
    out->version = TX_EXPORTED_VERSION;
    out->state = network->input;
    out->num_parameters = network->num_parameters;
    tx_past_begin(&past, graph, network->input, tx_network_levels(network));
    out->output = tx_network_apply(network, graph, &past);
    const tx_status status = tx_graph_export(graph, error, out);
    tx_graph_destroy(graph);
    return status;
}

static tx_status read_parameters(const tx_file *file, const tx_network *network, tx_error *error, tx_exported *out)
{
    void *parameters;
    TX_TRY(tx_allocate_array((size_t)network->num_parameters, tx_real_bytes(out->precision), error, &parameters));
    out->parameters = parameters;
    return tx_network_file_parameters(file, network, out->precision, parameters, error);
}

static tx_status copy_leaves(const tx_network *network, tx_error *error, tx_leaves *out)
{
    out->count = network->num_leaves;
    TX_TRY(tx_allocate_array((size_t)out->count, sizeof *out->leaf, error, &out->leaf));
    memcpy(out->leaf, network->leaves, (size_t)out->count * sizeof *out->leaf);
    return TX_OK;
}

static tx_status read_normalization(const tx_file *file, tx_error *error, tx_exported *out)
{
    double *numbers;
    TX_TRY(tx_network_file_normalization(file, out->state.channels, error, &numbers));
    out->normalization = numbers;
    return TX_OK;
}

static tx_status read_network(const tx_registry *registry, const tx_file *file, tx_error *error, tx_exported *out,
                              tx_leaves *leaves)
{
    tx_config *section;
    tx_network *network = NULL;
    TX_TRY(tx_network_file_section(file, registry, error, &section));
    tx_status status = tx_network_create(tx_config_root(section), out->state, error, &network);
    status = status ? status : read_parameters(file, network, error, out);
    status = status ? status : tx_network_list(network, error, out);
    status = status ? status : read_normalization(file, error, out);
    status = status || !leaves ? status : copy_leaves(network, error, leaves);
    tx_network_destroy(network);
    tx_config_destroy(section);
    return status;
}

tx_status tx_stored_network_read(const tx_registry *registry, const char *path, tx_shape state, tx_error *error, tx_exported *out,
                                 tx_leaves *leaves)
{
    tx_exported network = {.state = state};
    tx_file *file;
    if (!path) {
        return tx_error_set(error, TX_INVALID, "no network file was given");
    }
    TX_TRY(state.channels ? tx_shape_check(&state, error) : TX_OK);
    TX_TRY(tx_network_file_open(path, error, &file));
    tx_status status = tx_network_file_precision(file, error, &network.precision);
    status = status || state.channels ? status : tx_network_file_state(file, error, &network.state);
    status = status ? status : read_network(registry, file, error, &network, leaves);
    tx_file_close(file);
    if (status != TX_OK) {
        tx_stored_network_free(&network);
        return status;
    }
    *out = network;
    return TX_OK;
}

void tx_stored_network_free(tx_exported *network)
{
    tx_free((void *)network->nodes);
    tx_free((void *)network->constants);
    tx_free((void *)network->parameters);
    tx_free((void *)network->normalization);
    *network = (tx_exported){0};
}

tx_status tx_inference_open(const tx_registry *registry, const char *path, tx_shape state, const tx_inference_options *options,
                            tx_error *error, tx_inference **out)
{
    tx_exported network;
    if (!registry || !out) {
        return tx_error_set(error, TX_INVALID, "no registry was given, or no place for the network");
    }
    TX_TRY(tx_stored_network_read(registry, path, state, error, &network, NULL));
    const tx_status status = tx_inference_create(&network, options, error, out);
    tx_stored_network_free(&network);
    return status;
}
