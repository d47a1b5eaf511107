/* One convolution, as equinox.nn.Conv: kernel, stride, dilation, groups, padding and its modes. A state map keeps its shape, so
 * the padding has to make up for what the kernel takes. */
#include <string.h>

#include "base/memory.h"
#include "network/layer.h"
#include "network/options.h"

static const struct {
    const char *name;
    tx_padding_mode mode;
} modes[] = {{"zeros", TX_PAD_ZEROS}, {"circular", TX_PAD_CIRCULAR}, {"reflect", TX_PAD_REFLECT}, {"replicate", TX_PAD_REPLICATE}};

static tx_padding_mode padding_mode(const tx_section *section)
{
    int k = 0;
    while (strcmp(modes[k].name, tx_get_word(section, "padding_mode")) != 0) {
        k++;
    }
    return modes[k].mode;
}

/* One number for all axes, or a list with one for each. */
static tx_status per_axis(const tx_section *section, const char *option, int axes, int64_t *out, tx_error *error)
{
    const int64_t *list;
    const int count = tx_get_integers(section, option, &list);
    if (count != 1 && count != axes) {
        return tx_section_error(section, option, error, TX_INVALID,
                                "a number or a list of %d (one for each spatial axis), not of %d", axes, count);
    }
    for (int d = 0; d < axes; d++) {
        out[d] = list[count == 1 ? 0 : d];
    }
    return TX_OK;
}

/* What the kernel takes away along an axis. */
static int64_t reach(const tx_layer *layer, int axis)
{
    return (layer->kernel[axis] - 1) * layer->dilation[axis];
}

static int64_t stride_of(const tx_layer *layer, int axis)
{
    return layer->stride[axis] > 1 ? layer->stride[axis] : 1;
}

/* As jax.lax: the result has n / stride points, rounded up. */
static void set_padding_word(tx_layer *layer, const tx_network *network, const char *word)
{
    const bool same = strcmp(word, "same") == 0, same_lower = strcmp(word, "same_lower") == 0;
    for (int d = 0; d < layer->axes; d++) {
        const int64_t n = network->input.n[d], s = stride_of(layer, d), points = (n + s - 1) / s;
        int64_t total = same || same_lower ? (points - 1) * s + reach(layer, d) + 1 - n : 0;
        total = total > 0 ? total : 0;
        layer->low[d] = same_lower ? total - total / 2 : total / 2;
        layer->high[d] = total - layer->low[d];
    }
}

/* A number, one number an axis, or a pair (before, after) an axis. */
static tx_status set_padding_numbers(tx_layer *layer, const tx_section *section, tx_error *error)
{
    const int64_t *list;
    const int count = tx_get_integers(section, "padding", &list);
    if (!tx_tuple_size(section, "padding")) {
        TX_TRY(per_axis(section, "padding", layer->axes, layer->low, error));
        memcpy(layer->high, layer->low, sizeof layer->high);
        return TX_OK;
    }
    if (count != 2 * layer->axes) {
        return tx_section_error(section, "padding", error, TX_INVALID, "a list of %d pairs (one for each spatial axis), not of %d",
                                layer->axes, count / 2);
    }
    for (int d = 0; d < layer->axes; d++) {
        layer->low[d] = *list++;
        layer->high[d] = *list++;
    }
    return TX_OK;
}

static tx_status set_padding(tx_layer *layer, const tx_network *network, tx_error *error)
{
    const char *word = tx_get_word(network->section, "padding");
    if (!word) {
        return set_padding_numbers(layer, network->section, error);
    }
    set_padding_word(layer, network, word);
    return TX_OK;
}

static tx_status check_groups(const tx_layer *layer, const tx_section *section, tx_error *error)
{
    const bool in = layer->in_channels % layer->groups != 0, out = layer->out_channels % layer->groups != 0;
    if (!in && !out) {
        return TX_OK;
    }
    return tx_section_error(section, "groups", error, TX_INVALID, "%s (%lld) must be divisible by groups (%lld)",
                            in ? "in_channels" : "out_channels", (long long)(in ? layer->in_channels : layer->out_channels),
                            (long long)layer->groups);
}

static tx_status check_points(const tx_layer *layer, const tx_network *network, tx_error *error)
{
    for (int d = 0; d < layer->axes; d++) {
        const int64_t n = network->input.n[d], room = n + layer->low[d] + layer->high[d] - reach(layer, d);
        const int64_t result = room < 1 ? 0 : (room - 1) / stride_of(layer, d) + 1;
        if (result != n) {
            return tx_section_error(network->section, "padding", error, TX_INVALID,
                                    "a map of states must keep their shape: %lld points along axis %d become %lld%s", (long long)n,
                                    d, (long long)result, layer->stride[d] > 1 ? "" : " (padding: same keeps them)");
        }
    }
    return TX_OK;
}

static tx_status read_layer(const tx_network *network, tx_error *error, tx_layer *out)
{
    const tx_section *section = network->section;
    tx_layer layer = {.axes = network->input.axes,
                      .in_channels = network->input.channels,
                      .out_channels = network->out_channels,
                      .groups = tx_get_integer(section, "groups"),
                      .mode = padding_mode(section),
                      .use_bias = tx_get_boolean(section, "use_bias")};
    TX_TRY(per_axis(section, "kernel_size", layer.axes, layer.kernel, error));
    TX_TRY(per_axis(section, "dilation", layer.axes, layer.dilation, error));
    TX_TRY(per_axis(section, "stride", layer.axes, layer.stride, error));
    TX_TRY(set_padding(&layer, network, error));
    TX_TRY(check_groups(&layer, section, error));
    *out = layer;
    return TX_OK;
}

static tx_status create(tx_network *network, tx_error *error)
{
    tx_layer layer;
    TX_TRY(tx_network_check_state(network, error));
    TX_TRY(tx_network_check_spatial(network, error));
    TX_TRY(read_layer(network, error, &layer));
    TX_TRY(check_points(&layer, network, error));
    tx_layer *kept;
    TX_TRY(tx_allocate(sizeof *kept, error, &kept));
    network->state = kept;
    *kept = layer;
    return tx_layer_declare(kept, network, "", error);
}

static const tx_network_class conv = {.create = create, .apply = tx_lone_layer_apply, .initialise = tx_lone_layer_initialise};

#define PER_AXIS(NAME, INITIAL, UNIT, MINIMUM, TEXT)                                                                               \
    {                                                                                                                              \
        .name = (NAME), .type = TX_TYPE_INTEGERS, .initial = (INITIAL), .unit = (UNIT), .text = (TEXT), .minimum = (MINIMUM),      \
        .maximum = 1e6                                                                                                             \
    }

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    PER_AXIS("kernel_size", NULL, "cells", 1, "width of the kernel, one number or one an axis"),
    PER_AXIS("stride", "1", "cells", 1, "step of the kernel, one number or one an axis"),
    {.name = "padding",
     .type = TX_TYPE_INTEGERS,
     .initial = "0",
     .unit = "cells",
     .text = "cells added at both ends: a number, one or a pair [before, after] an axis, or a word (odd cell: same adds it after)",
     .words = "same same_lower valid",
     .minimum = 0,
     .maximum = 1e6,
     .tuple = 2},
    PER_AXIS("dilation", "1", "cells", 1, "distance of the kernel's taps, one number or one an axis"),
    TX_OPTION_COUNT("groups", "1", "", 1, "independent groups of channels"),
    TX_OPTION_SWITCH("use_bias", "true", "add a bias"),
    TX_OPTION_WORD("padding_mode", "zeros", "zeros circular reflect replicate", "what the added cells hold"),
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_conv = {.kind = TX_KIND_NETWORK,
                                      .name = "conv",
                                      .summary = "one convolution (equinox.nn.Conv)",
                                      .options = options,
                                      .implementation = &conv};
