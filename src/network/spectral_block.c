/* PDEquinox's ClassicSpectralBlock: a spectral convolution plus a pointwise one, then the activation. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "network/block.h"
#include "network/options.h"
#include "network/spectral_layer.h"

typedef struct spectral_block {
    tx_spectral_layer layer;
    tx_layer by_pass_conv;
    tx_activation activation;
} spectral_block;

static tx_status declare(spectral_block *block, tx_network *network, const char *prefix, tx_error *error)
{
    char name[TX_LEAF_NAME];
    snprintf(name, sizeof name, "%sspectral_conv.", prefix);
    TX_TRY(tx_spectral_layer_declare(&block->layer, network, name, error));
    snprintf(name, sizeof name, "%sby_pass_conv.", prefix);
    return tx_layer_declare(&block->by_pass_conv, network, name, error);
}

/* The original's spectral convolution works with as many channels after as before. */
static tx_status check_channels(const tx_block_plan *plan, const tx_network *network, const char *prefix, tx_error *error)
{
    if (plan->input.channels == plan->out_channels) {
        return TX_OK;
    }
    return tx_section_error(network->section, "hidden_channels", error, TX_INVALID,
                            "a spectral convolution keeps the number of channels, but they change from %lld to %lld in %.*s",
                            (long long)plan->input.channels, (long long)plan->out_channels, (int)strlen(prefix) - 1, prefix);
}

static tx_status create(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    spectral_block *block;
    TX_TRY(check_channels(plan, network, prefix, error));
    TX_TRY(tx_allocate(sizeof *block, error, &block));
    *out = block;
    TX_TRY(tx_spectral_layer_read(&block->layer, plan->factory.section, &plan->input, error));
    block->by_pass_conv = tx_pointwise_conv(plan, tx_block_switch(&plan->factory, "use_bias"));
    block->activation = plan->activation;
    return declare(block, network, prefix, error);
}

static tx_node apply(const void *object, const tx_network *network, tx_graph *graph, tx_node x)
{
    const spectral_block *block = object;
    const tx_node spectral = tx_spectral_layer_apply(&block->layer, network, graph, x);
    return tx_activate(graph, tx_add(graph, spectral, tx_layer_apply(&block->by_pass_conv, network, graph, x)), block->activation);
}

static void initialise(const void *object, const tx_network *network, tx_random random, tx_key key, void *values)
{
    const spectral_block *block = object;
    tx_key keys[2];
    tx_key_split(random, key, 2, keys);
    tx_spectral_layer_initialise(&block->layer, network, random, keys[0], values);
    tx_layer_initialise(&block->by_pass_conv, network, random, keys[1], values);
}

static const tx_block_class spectral = {.create = create, .apply = apply, .initialise = initialise};

static const tx_option options[] = {
    TX_OPTION_MODES("8"),
    TX_BIAS_OPTIONS,
    {0},
};

const tx_component tx_block_classic_spectral_block = {
    .kind = TX_KIND_BLOCK,
    .name = "classic_spectral_block",
    .summary = "spectral plus pointwise convolution, activation; keeps the channels (PDEquinox's ClassicSpectralBlock)",
    .options = options,
    .implementation = &spectral};
