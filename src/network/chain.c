/* Layers one after the other: what MLP and ConvNet have in common. */
#include "network/layer.h"

#include <stdio.h>

#include "base/memory.h"

static tx_layer layer_of(const tx_chain_plan *plan, int64_t index)
{
    const bool first = index == 0, last = index == plan->depth;
    tx_layer layer = plan->hidden;
    layer.in_channels = first ? plan->in_channels : plan->hidden_channels;
    layer.out_channels = last ? plan->out_channels : plan->hidden_channels;
    layer.use_bias = last ? plan->use_final_bias : plan->use_bias;
    return layer;
}

static tx_status declare_layers(tx_chain *chain, const tx_chain_plan *plan, tx_network *network, tx_error *error)
{
    for (int64_t i = 0; i <= chain->depth; i++) {
        char prefix[TX_LEAF_NAME];
        snprintf(prefix, sizeof prefix, "%slayers.%lld.", plan->prefix, (long long)i);
        chain->layers[i] = layer_of(plan, i);
        TX_TRY(tx_layer_declare(&chain->layers[i], network, prefix, error));
    }
    return TX_OK;
}

static tx_activation activation_of(const tx_network *network, const char *option)
{
    return (tx_activation)tx_activation_find(tx_get_word(network->section, option));
}

tx_status tx_chain_create(const tx_chain_plan *plan, tx_network *network, tx_error *error, tx_chain **out)
{
    tx_chain *chain;
    TX_TRY(tx_network_check_count(network, "depth", plan->depth, error));
    TX_TRY(tx_allocate(sizeof *chain + (size_t)(plan->depth + 1) * sizeof chain->layers[0], error, &chain));
    chain->depth = plan->depth;
    chain->activation = activation_of(network, "activation");
    chain->final_activation = activation_of(network, "final_activation");
    const tx_status status = declare_layers(chain, plan, network, error);
    if (status != TX_OK) {
        tx_free(chain);
        return status;
    }
    *out = chain;
    return TX_OK;
}

static tx_node activate(tx_graph *graph, tx_node x, tx_activation activation)
{
    return activation == TX_IDENTITY ? x : tx_activate(graph, x, activation);
}

tx_node tx_chain_apply(const tx_chain *chain, const tx_network *network, tx_graph *graph, tx_node x)
{
    for (int64_t i = 0; i <= chain->depth; i++) {
        x = tx_layer_apply(&chain->layers[i], network, graph, x);
        x = activate(graph, x, i == chain->depth ? chain->final_activation : chain->activation);
    }
    return x;
}

void tx_chain_initialise(const tx_chain *chain, const tx_network *network, tx_random random, tx_key key, void *values)
{
    const size_t count = (size_t)chain->depth + 1;
    for (size_t i = 0; i < count; i++) {
        tx_layer_initialise(&chain->layers[i], network, random, tx_key_split_at(random, key, count, i), values);
    }
}
