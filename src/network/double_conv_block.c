/* PDEquinox's ClassicDoubleConvBlock: twice a convolution, group norm and activation. */
#include <stdio.h>

#include "base/memory.h"
#include "network/block.h"
#include "network/options.h"

typedef struct double_conv {
    tx_layer conv[2];
    tx_norm norm[2];
    tx_activation activation;
} double_conv;

static tx_status declare(double_conv *block, const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error)
{
    for (int k = 0; k < 2; k++) {
        char name[TX_LEAF_NAME];
        snprintf(name, sizeof name, "%sconv_%d.", prefix, k + 1);
        TX_TRY(tx_layer_declare(&block->conv[k], network, name, error));
        snprintf(name, sizeof name, "%snorm_%d.", prefix, k + 1);
        TX_TRY(tx_norm_declare(&block->norm[k], plan, network, name, error));
    }
    return TX_OK;
}

static tx_status create(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    double_conv *block;
    TX_TRY(tx_allocate(sizeof *block, error, &block));
    *out = block;
    const tx_norm norm = tx_norm_of(plan, plan->out_channels);
    *block = (double_conv){.conv = {tx_physics_conv(plan, plan->input.channels, 1), tx_physics_conv(plan, plan->out_channels, 1)},
                           .norm = {norm, norm},
                           .activation = plan->activation};
    return declare(block, plan, network, prefix, error);
}

static tx_node apply(const void *object, const tx_network *network, tx_graph *graph, tx_node x)
{
    const double_conv *block = object;
    for (int k = 0; k < 2; k++) {
        x = tx_norm_apply(&block->norm[k], network, graph, tx_layer_apply(&block->conv[k], network, graph, x));
        x = tx_activate(graph, x, block->activation);
    }
    return x;
}

static void initialise(const void *object, const tx_network *network, tx_random random, tx_key key, void *values)
{
    const double_conv *block = object;
    for (size_t k = 0; k < 2; k++) {
        tx_layer_initialise(&block->conv[k], network, random, tx_key_split_at(random, key, 2, k), values);
        tx_norm_initialise(&block->norm[k], network, random, values);
    }
}

static const tx_block_class double_conv_class = {.create = create, .apply = apply, .initialise = initialise};

static const tx_option options[] = {
    TX_NORM_OPTIONS("true", "group norm after the convolutions"),
    TX_CONV_OPTIONS,
    {0},
};

const tx_component tx_block_classic_double_conv_block = {
    .kind = TX_KIND_BLOCK,
    .name = "classic_double_conv_block",
    .summary = "twice a convolution, norm and activation (PDEquinox's ClassicDoubleConvBlock)",
    .options = options,
    .implementation = &double_conv_class};
