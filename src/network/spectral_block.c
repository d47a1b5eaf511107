/* PDEquinox's ClassicSpectralBlock: a spectral convolution plus a pointwise one, then the activation. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "network/block.h"
#include "network/options.h"

typedef struct spectral_block {
    int64_t channels, modes[TX_MAX_AXES];
    int weights_real, weights_imag; /* the leaves */
    tx_layer by_pass_conv;
    tx_activation activation;
} spectral_block;

static tx_status declare_weights(const spectral_block *block, tx_network *network, int axes, const char *prefix, const char *part,
                                 tx_error *error, int *leaf)
{
    char name[TX_LEAF_NAME];
    int64_t shape[TX_LEAF_RANK] = {(int64_t)1 << (axes - 1), block->channels, block->channels};
    memcpy(shape + 3, block->modes, (size_t)axes * sizeof *shape);
    snprintf(name, sizeof name, "%sspectral_conv.%s", prefix, part);
    return tx_network_add_leaf(network, name, 3 + axes, shape, error, leaf);
}

static tx_status declare(spectral_block *block, tx_network *network, int axes, const char *prefix, tx_error *error)
{
    char name[TX_LEAF_NAME];
    TX_TRY(declare_weights(block, network, axes, prefix, "weights_real", error, &block->weights_real));
    TX_TRY(declare_weights(block, network, axes, prefix, "weights_imag", error, &block->weights_imag));
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

/* One number for all axes, or one for each: no more than there are. */
static tx_status read_modes(const tx_block_plan *plan, int64_t *modes, tx_error *error)
{
    const tx_section *section = plan->factory.section;
    const int64_t *list;
    const int count = tx_get_integers(section, "num_modes", &list), axes = plan->input.axes;
    if (count != 1 && count != axes) {
        return tx_section_error(section, "num_modes", error, TX_INVALID,
                                "a number or a list of %d (one for each spatial axis), not of %d", axes, count);
    }
    for (int d = 0; d < axes; d++) {
        const int64_t points = plan->input.n[d], most = d == axes - 1 ? points / 2 + 1 : points;
        modes[d] = list[count == 1 ? 0 : d];
        if (modes[d] > most) {
            return tx_section_error(section, "num_modes", error, TX_INVALID,
                                    "%lld points along axis %d have at most %lld modes, not %lld", (long long)points, d,
                                    (long long)most, (long long)modes[d]);
        }
    }
    return TX_OK;
}

static tx_status create(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    spectral_block *block;
    TX_TRY(check_channels(plan, network, prefix, error));
    TX_TRY(tx_allocate(sizeof *block, error, &block));
    *out = block;
    TX_TRY(read_modes(plan, block->modes, error));
    block->channels = plan->out_channels;
    block->by_pass_conv = tx_pointwise_conv(plan, tx_block_switch(&plan->factory, "use_bias"));
    block->activation = plan->activation;
    return declare(block, network, plan->input.axes, prefix, error);
}

static tx_node apply(const void *object, const tx_network *network, tx_graph *graph, tx_node x)
{
    const spectral_block *block = object;
    const tx_node real = tx_network_leaf(network, graph, block->weights_real);
    const tx_node imag = tx_network_leaf(network, graph, block->weights_imag);
    const tx_node spectral = tx_spectral_convolve(graph, x, real, imag, block->modes, block->channels);
    return tx_activate(graph, tx_add(graph, spectral, tx_layer_apply(&block->by_pass_conv, network, graph, x)), block->activation);
}

/* Normal draws, scaled as the original does: in the run's precision. */
static void draw(const tx_network *network, int index, tx_random random, tx_key key, double scale, void *values)
{
    const tx_leaf *leaf = &network->leaves[index];
    void *at = (char *)values + (size_t)leaf->offset * tx_real_bytes(random.precision);
    tx_random_normal(random, key, (size_t)leaf->size, at);
    for (int64_t k = 0; k < leaf->size; k++) {
        if (random.precision == TX_FLOAT32) {
            ((float *)at)[k] *= (float)scale;
        } else {
            ((double *)at)[k] *= scale;
        }
    }
}

static void initialise(const void *object, const tx_network *network, tx_random random, tx_key key, void *values)
{
    const spectral_block *block = object;
    const double scale = 1 / (double)(block->channels * block->channels);
    tx_key of_block[2], of_part[2];
    tx_key_split(random, key, 2, of_block);
    tx_key_split(random, of_block[0], 2, of_part);
    draw(network, block->weights_real, random, of_part[0], scale, values);
    draw(network, block->weights_imag, random, of_part[1], scale, values);
    tx_layer_initialise(&block->by_pass_conv, network, random, of_block[1], values);
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
