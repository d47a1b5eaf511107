/* PDEquinox's dilated residual block: norm, convolution, activation, once for each dilation rate; then the skip is added. */
#include <stdio.h>

#include "base/memory.h"
#include "network/block.h"
#include "network/options.h"

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

static void describe(dilated_block *block, const tx_block_plan *plan, const int64_t *rates, int count)
{
    int64_t channels = plan->input.channels;
    block->activation = plan->activation;
    block->bypass = channels != plan->out_channels;
    block->count = count;
    for (int k = 0; k < count; k++) {
        block->stages[k].norm = tx_norm_of(plan, channels);
        block->stages[k].conv = tx_physics_conv(plan, channels, rates[k]);
        channels = plan->out_channels;
    }
    if (block->bypass) {
        block->bypass_norm = block->stages[0].norm;
        block->bypass_conv = tx_pointwise_conv(plan, block->stages[0].conv.use_bias);
    }
}

/* Equinox's order: all norms, all convolutions, the bypass. */
static tx_status declare(dilated_block *block, const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error)
{
    char name[TX_LEAF_NAME];
    for (int k = 0; k < block->count; k++) {
        snprintf(name, sizeof name, "%snorm_layers.%d.", prefix, k);
        TX_TRY(tx_norm_declare(&block->stages[k].norm, plan, network, name, error));
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
    return tx_norm_declare(&block->bypass_norm, plan, network, name, error);
}

static tx_status create(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    const int64_t *rates;
    const int count = tx_get_integers(plan->factory.section, "dilation_rates", &rates);
    if (!count) {
        return tx_section_error(plan->factory.section, "dilation_rates", error, TX_INVALID, "must hold at least one number");
    }
    dilated_block *block;
    TX_TRY(tx_allocate(sizeof *block + (size_t)count * sizeof block->stages[0], error, &block));
    *out = block;
    describe(block, plan, rates, count);
    return declare(block, plan, network, prefix, error);
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

static const tx_block_class dilated = {.create = create, .apply = apply, .initialise = initialise};

static const tx_option options[] = {
    TX_OPTION_DILATION_RATES,
    TX_NORM_OPTIONS("true", "group norm before each convolution"),
    TX_CONV_OPTIONS,
    {0},
};

const tx_component tx_block_dilated_res_block = {
    .kind = TX_KIND_BLOCK,
    .name = "dilated_res_block",
    .summary = "convolutions of several dilation rates and a skip (PDEquinox's DilatedResBlock)",
    .options = options,
    .implementation = &dilated};
