/* The interface of networks: creation with its checks, dispatch, and the list of leaves. */
#include "trainax/network.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "network/beside.h"
#include "network/layer.h"

tx_status tx_network_create(const tx_section *section, tx_shape input, tx_error *error, tx_network **out)
{
    return tx_network_create_beside(section, input, NULL, error, out);
}

tx_status tx_network_create_beside(const tx_section *section, tx_shape input, const tx_network_beside *beside, tx_error *error,
                                   tx_network **out)
{
    tx_network *network;
    TX_TRY(tx_allocate(sizeof *network, error, &network));
    network->class_ = tx_section_component(section)->implementation;
    network->section = section;
    network->input = input;
    network->out_channels = input.channels;
    tx_status status = tx_allocate(sizeof *network->whole, error, &network->whole);
    if (status == TX_OK) {
        const tx_network_whole whole = {
            .state = input, .levels = 1, .unit = -1, .beside = beside, .shift = -1, .inverse = -1, .stride_number = -1, .mask = -1};
        *network->whole = whole;
        status = network->class_->create(network, error);
        network->whole->beside = NULL;
    }
    if (status != TX_OK) {
        tx_network_destroy(network);
        return status;
    }
    *out = network;
    return TX_OK;
}

static void free_whole(tx_network_whole *whole)
{
    for (int k = 0; whole && k < whole->num_constants; k++) {
        tx_free(whole->constants[k].values);
    }
    tx_free(whole ? whole->constants : NULL);
    tx_free(whole ? whole->conditions : NULL);
    tx_free(whole);
}

void tx_network_destroy(tx_network *network)
{
    if (!network) {
        return;
    }
    if (network->class_->destroy) {
        network->class_->destroy(network);
    } else {
        tx_free(network->state);
    }
    tx_network_destroy(network->inner);
    free_whole(network->outer ? NULL : network->whole);
    tx_free(network->leaves);
    tx_free(network);
}

tx_node tx_network_apply(const tx_network *network, tx_graph *graph, const tx_past *past)
{
    const char *before = tx_enter_part(graph, "network");
    const tx_node y = tx_network_inside_mask(network, graph, tx_past_newest(past), tx_network_map(network, graph, past));
    tx_enter_part(graph, before);
    return y;
}

tx_status tx_network_initialise(const tx_network *network, tx_random random, void *values, tx_error *error)
{
    if (network->inner) {
        return tx_network_initialise(network->inner, random, values, error);
    }
    if (!tx_has(network->section, "key")) {
        return tx_section_error(network->section, "key", error, TX_INVALID,
                                "missing: there is nothing else to draw initial parameters from");
    }
    const tx_key key = tx_key_from_spec(random, tx_get_key(network->section, "key"));
    return network->class_->initialise(network, random, key, values, error);
}

static double leaf_size(int rank, const int64_t *shape)
{
    double size = 1;
    for (int d = 0; d < rank; d++) {
        size *= (double)shape[d];
    }
    return size;
}

tx_status tx_network_check_count(const tx_network *network, const char *option, int64_t count, tx_error *error)
{
    enum { MOST = 100000 };
    return count <= MOST
               ? TX_OK
               : tx_section_error(network->section, option, error, TX_INVALID,
                                  "does not fit: a network has at most %d layers or blocks, not %lld", MOST, (long long)count);
}

tx_status tx_network_add_leaf(tx_network *network, const char *name, int rank, const int64_t *shape, tx_error *error, int *index)
{
    const double size = leaf_size(rank, shape), total = size + (double)network->num_parameters;
    if (total > (double)TX_MOST_NUMBERS) {
        return tx_section_error(network->section, NULL, error, TX_INVALID,
                                "%.3g parameters, of which %s has %.3g: no machine holds that", total, name, size);
    }
    if (strlen(name) >= TX_LEAF_NAME) {
        return tx_section_error(network->section, NULL, error, TX_INVALID,
                                "the name of a parameter has less than %d characters: %s", TX_LEAF_NAME, name);
    }
    tx_leaf leaf = {.rank = rank, .size = (int64_t)size, .offset = network->num_parameters}; /* exact: below 2^53 */
    TX_TRY(tx_reserve((size_t)network->num_leaves + 1, sizeof leaf, &network->capacity, error, &network->leaves));
    snprintf(leaf.name, sizeof leaf.name, "%s", name);
    memcpy(leaf.shape, shape, (size_t)rank * sizeof *shape);
    network->leaves[network->num_leaves] = leaf;
    network->num_parameters += leaf.size;
    *index = network->num_leaves++;
    return TX_OK;
}

tx_node tx_network_leaf(const tx_network *network, tx_graph *graph, int index)
{
    const tx_leaf *leaf = &network->leaves[index];
    return tx_parameter(graph, leaf->offset, leaf->size);
}

enum { DOUBT = 160 };

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

tx_status tx_network_check_axes(const tx_network *network, const char *option, int64_t axes, tx_error *error)
{
    if (axes == network->input.axes) {
        return TX_OK;
    }
    const char *const what = network->input.axes == 1 ? "axis" : "axes";
    return tx_section_error(network->section, option, error, TX_INVALID,
                            "the network is for %lld, but the states of the data have %d spatial %s", (long long)axes,
                            network->input.axes, what);
}

/* What the axes of a file mean, only its author knows. */
static const char *doubt_axes(const tx_shape *data, int64_t channels, char text[DOUBT])
{
    const int64_t last = data->axes ? data->n[data->axes - 1] : data->channels;
    snprintf(text, DOUBT, last == channels ? ", and as many" : ", and only %lld", (long long)last);
    strcat(text, " along the last axis: channels last? Files hold (trajectories, levels, channels, points…)");
    return last == channels || last < data->channels ? text : "";
}

tx_status tx_network_check_input(const tx_network *network, const char *option, int64_t channels, tx_error *error)
{
    const int64_t data = network->input.channels, state = network->whole->state.channels;
    char doubt[DOUBT];
    if (channels == data) {
        return TX_OK;
    }
    if (data != state) {
        return tx_section_error(
            network->section, option, error, TX_INVALID,
            "the network takes %lld channel%s, but is given %lld: those of %d level%s of %lld, and %d conditions",
            (long long)channels, plural(channels), (long long)data, network->whole->levels, plural(network->whole->levels),
            (long long)state, tx_network_num_conditions(network->whole));
    }
    return tx_section_error(network->section, option, error, TX_INVALID,
                            "the network takes %lld channel%s, but the states of the data have %lld%s", (long long)channels,
                            plural(channels), (long long)data, doubt_axes(&network->input, channels, doubt));
}

tx_status tx_network_check_output(const tx_network *network, const char *option, int64_t channels, tx_error *error)
{
    const int64_t data = network->out_channels;
    if (channels == data) {
        return TX_OK;
    }
    return tx_section_error(network->section, option, error, TX_INVALID,
                            "a map of states must keep their shape: it gives %lld channel%s, but the states have %lld",
                            (long long)channels, plural(channels), (long long)data);
}

tx_status tx_network_check_state(const tx_network *network, tx_error *error)
{
    static const struct {
        const char *option;
        tx_status (*check)(const tx_network *network, const char *option, int64_t number, tx_error *error);
    } checks[] = {{"num_spatial_dims", tx_network_check_axes},
                  {"in_channels", tx_network_check_input},
                  {"out_channels", tx_network_check_output}};
    for (int k = 0; k < 3; k++) {
        if (tx_has(network->section, checks[k].option)) {
            TX_TRY(checks[k].check(network, checks[k].option, tx_get_integer(network->section, checks[k].option), error));
        }
    }
    return TX_OK;
}

tx_status tx_network_check_spatial(const tx_network *network, tx_error *error)
{
    if (network->input.axes) {
        return TX_OK;
    }
    return tx_section_error(network->section, NULL, error, TX_INVALID,
                            "%s is for states with spatial axes; those of the data have none", tx_section_name(network->section));
}
