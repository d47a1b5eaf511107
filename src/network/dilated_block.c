/* PDEquinox's dilated residual block: norm, convolution, activation, once for each dilation rate; then the skip is added. */
#include <stdio.h>

#include "base/memory.h"
#include "network/block.h"

typedef struct stage {
    tx_norm norm;
    tx_layer conv;
} stage;

typedef struct dilated_block {
    tx_activation activation;
    bool bypass;
    tx_norm bypass_norm;
    tx_layer bypass_conv;
    int count;
    stage stages[]; /* one a dilation rate */
} dilated_block;

static void describe(dilated_block *block, const tx_block_plan *plan)
{
    tx_block_plan inner = *plan;
    block->activation = plan->activation;
    block->bypass = plan->in_channels != plan->out_channels;
    block->count = plan->num_dilation_rates;
    for (int k = 0; k < block->count; k++) {
        block->stages[k].norm = (tx_norm){.use = plan->use_norm, .channels = inner.in_channels, .groups = plan->num_groups};
        block->stages[k].conv = tx_physics_conv(&inner, plan->dilation_rates[k]);
        inner.in_channels = plan->out_channels;
    }
    if (block->bypass) {
        block->bypass_norm = block->stages[0].norm;
        block->bypass_conv = tx_pointwise_conv(plan, plan->use_bias);
    }
}

/* Equinox's order: all norms, all convolutions, the bypass. */
static tx_status declare(dilated_block *block, tx_network *network, const char *prefix, tx_error *error)
{
    char name[TX_LEAF_NAME];
    for (int k = 0; k < block->count; k++) {
        snprintf(name, sizeof name, "%snorm_layers.%d.", prefix, k);
        TX_TRY(tx_norm_declare(&block->stages[k].norm, network, name, error));
    }
    for (int k = 0; k < block->count; k++) {
        snprintf(name, sizeof name, "%sconv_layers.%d.", prefix, k);
        TX_TRY(tx_layer_declare(&block->stages[k].conv, network, name, error));
    }
    if (!block->bypass) {
        return TX_OK;
    }
    snprintf(name, sizeof name, "%sbypass_conv.", prefix);
    TX_TRY(tx_layer_declare(&block->bypass_conv, network, name, error));
    snprintf(name, sizeof name, "%sbypass_norm.", prefix);
    return tx_norm_declare(&block->bypass_norm, network, name, error);
}

static tx_status create(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    dilated_block *block;
    TX_TRY(tx_allocate(sizeof *block + (size_t)plan->num_dilation_rates * sizeof block->stages[0], error, &block));
    *out = block;
    describe(block, plan);
    return declare(block, network, prefix, error);
}

static tx_node apply(const void *object, const tx_network *network, tx_graph *graph, tx_node x)
{
    const dilated_block *block = object;
    tx_node skip = x;
    if (block->bypass) {
        skip = tx_layer_apply(&block->bypass_conv, network, graph, tx_norm_apply(&block->bypass_norm, network, graph, x));
    }
    for (const stage *s = block->stages; s < block->stages + block->count; s++) {
        x = tx_layer_apply(&s->conv, network, graph, tx_norm_apply(&s->norm, network, graph, x));
        x = tx_activate(graph, x, block->activation);
    }
    return tx_add(graph, x, skip);
}

/* The first key is for the bypass, then one a convolution. */
static void initialise(const void *object, const tx_network *network, tx_random random, tx_key key, void *values)
{
    const dilated_block *block = object;
    const size_t count = (size_t)block->count + 1;
    for (int k = 0; k < block->count; k++) {
        tx_norm_initialise(&block->stages[k].norm, network, random, values);
        tx_layer_initialise(&block->stages[k].conv, network, random, tx_key_split_at(random, key, count, (size_t)k + 1), values);
    }
    if (block->bypass) {
        const tx_key first = tx_key_split_at(random, key, count, 0);
        tx_norm_initialise(&block->bypass_norm, network, random, values);
        tx_layer_initialise(&block->bypass_conv, network, random, tx_key_split_at(random, first, 2, 0), values);
    }
}

const tx_block_class tx_block_dilated_res = {.create = create, .apply = apply, .initialise = initialise};
