/* Residual blocks of two convolutions: the classic one (activation after the sum) and the modern one (norm and activation
 * before each convolution). Where the number of channels changes, the skip is a pointwise convolution. */
#include <stdio.h>

#include "base/memory.h"
#include "network/block.h"
#include "network/options.h"

typedef struct res_block {
    tx_layer conv[2], bypass_conv;
    tx_norm norm[2], bypass_norm;
    bool bypass;
    tx_activation activation;
} res_block;

static res_block block_of(const tx_block_plan *plan, bool norm_first)
{
    const int64_t in = plan->input.channels, out = plan->out_channels;
    res_block block = {.conv = {tx_physics_conv(plan, in, 1), tx_physics_conv(plan, out, 1)},
                       .norm = {tx_norm_of(plan, norm_first ? in : out), tx_norm_of(plan, out)},
                       .bypass = in != out,
                       .activation = plan->activation};
    if (block.bypass) {
        block.bypass_conv = tx_pointwise_conv(plan, false);
        block.bypass_norm = block.norm[0];
    }
    return block;
}

static tx_status declare(res_block *block, const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error)
{
    char name[TX_LEAF_NAME];
    for (int k = 0; k < 2; k++) {
        snprintf(name, sizeof name, "%sconv_%d.", prefix, k + 1);
        TX_TRY(tx_layer_declare(&block->conv[k], network, name, error));
        snprintf(name, sizeof name, "%snorm_%d.", prefix, k + 1);
        TX_TRY(tx_norm_declare(&block->norm[k], plan, network, name, error));
    }
    if (!block->bypass) {
        return TX_OK;
    }
    snprintf(name, sizeof name, "%sbypass_conv.", prefix);
    TX_TRY(tx_layer_declare(&block->bypass_conv, network, name, error));
    snprintf(name, sizeof name, "%sbypass_norm.", prefix);
    return tx_norm_declare(&block->bypass_norm, plan, network, name, error);
}

static tx_status create(const tx_block_plan *plan, bool norm_first, tx_network *network, const char *prefix, tx_error *error,
                        void **out)
{
    res_block *block;
    TX_TRY(tx_allocate(sizeof *block, error, &block));
    *out = block;
    *block = block_of(plan, norm_first);
    return declare(block, plan, network, prefix, error);
}

static tx_status create_classic(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    return create(plan, false, network, prefix, error, out);
}

static tx_status create_modern(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    return create(plan, true, network, prefix, error, out);
}

/* The third of the block's keys is for the bypass, which draws from the first half of it. */
static void initialise(const void *object, const tx_network *network, tx_random random, tx_key key, void *values)
{
    const res_block *block = object;
    tx_key keys[3];
    tx_key_split(random, key, 3, keys);
    for (int k = 0; k < 2; k++) {
        tx_layer_initialise(&block->conv[k], network, random, keys[k], values);
        tx_norm_initialise(&block->norm[k], network, random, values);
    }
    if (block->bypass) {
        tx_layer_initialise(&block->bypass_conv, network, random, tx_key_split_at(random, keys[2], 2, 0), values);
        tx_norm_initialise(&block->bypass_norm, network, random, values);
    }
}

static tx_node apply_classic(const void *object, const tx_network *network, tx_graph *graph, tx_node x)
{
    const res_block *block = object;
    tx_node skip = x;
    if (block->bypass) {
        skip = tx_norm_apply(&block->bypass_norm, network, graph, tx_layer_apply(&block->bypass_conv, network, graph, x));
    }
    x = tx_norm_apply(&block->norm[0], network, graph, tx_layer_apply(&block->conv[0], network, graph, x));
    x = tx_layer_apply(&block->conv[1], network, graph, tx_activate(graph, x, block->activation));
    x = tx_add(graph, tx_norm_apply(&block->norm[1], network, graph, x), skip);
    return tx_activate(graph, x, block->activation);
}

static tx_node apply_modern(const void *object, const tx_network *network, tx_graph *graph, tx_node x)
{
    const res_block *block = object;
    tx_node skip = x;
    if (block->bypass) {
        skip = tx_layer_apply(&block->bypass_conv, network, graph, tx_norm_apply(&block->bypass_norm, network, graph, x));
    }
    for (int k = 0; k < 2; k++) {
        x = tx_activate(graph, tx_norm_apply(&block->norm[k], network, graph, x), block->activation);
        x = tx_layer_apply(&block->conv[k], network, graph, x);
    }
    return tx_add(graph, x, skip);
}

static const tx_block_class classic = {.create = create_classic, .apply = apply_classic, .initialise = initialise};
static const tx_block_class modern = {.create = create_modern, .apply = apply_modern, .initialise = initialise};

static const tx_option classic_options[] = {
    TX_NORM_OPTIONS("false", "group norm after the convolutions"),
    TX_CONV_OPTIONS,
    {0},
};

static const tx_option modern_options[] = {
    TX_NORM_OPTIONS("true", "group norm before the convolutions"),
    TX_CONV_OPTIONS,
    {0},
};

const tx_component tx_block_classic_res_block = {
    .kind = TX_KIND_BLOCK,
    .name = "classic_res_block",
    .summary = "two convolutions and a skip, activation after the sum (PDEquinox's ClassicResBlock)",
    .options = classic_options,
    .implementation = &classic};

const tx_component tx_block_modern_res_block = {
    .kind = TX_KIND_BLOCK,
    .name = "modern_res_block",
    .summary = "two convolutions and a skip, norm and activation before each convolution (PDEquinox's ModernResBlock)",
    .options = modern_options,
    .implementation = &modern};
