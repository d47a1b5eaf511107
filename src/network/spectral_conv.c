/* One spectral convolution as a network (PDEquinox's SpectralConv): linear, and exact where the truth is so and periodic. */
#include "base/memory.h"
#include "network/layer.h"
#include "network/options.h"
#include "network/spectral_layer.h"

static tx_status create(tx_network *network, tx_error *error)
{
    TX_TRY(tx_network_check_state(network, error));
    TX_TRY(tx_network_check_spatial(network, error));
    tx_spectral_layer *layer;
    TX_TRY(tx_allocate(sizeof *layer, error, &layer));
    network->state = layer;
    TX_TRY(tx_spectral_layer_read(layer, network->section, &network->input, error));
    layer->out_channels = network->out_channels;
    return tx_spectral_layer_declare(layer, network, "", error);
}

static tx_node apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    return tx_spectral_layer_apply(network->state, network, graph, x);
}

static tx_status initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)error;
    tx_spectral_layer_initialise(network->state, network, random, key, values);
    return TX_OK;
}

static const tx_network_class spectral_conv = {.create = create, .apply = apply, .initialise = initialise};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_MODES(NULL),
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_spectral_conv = {.kind = TX_KIND_NETWORK,
                                               .name = "spectral_conv",
                                               .summary = "one spectral convolution (PDEquinox's SpectralConv)",
                                               .options = options,
                                               .implementation = &spectral_conv};
