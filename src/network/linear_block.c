/* Blocks that are one convolution: pointwise, with a kernel, to a coarser grid, to a finer one. */
#include "base/memory.h"
#include "network/block.h"
#include "network/options.h"

static tx_status keep(tx_layer layer, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    tx_layer *kept;
    TX_TRY(tx_allocate(sizeof *kept, error, &kept));
    *out = kept;
    *kept = layer;
    return tx_layer_declare(kept, network, prefix, error);
}

static tx_status create_pointwise(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    return keep(tx_pointwise_conv(plan, tx_block_switch(&plan->factory, "use_bias")), network, prefix, error, out);
}

static tx_status create_conv(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    return keep(tx_physics_conv(plan, plan->input.channels, 1), network, prefix, error, out);
}

static tx_layer strided_conv(const tx_block_plan *plan)
{
    tx_layer layer = tx_physics_conv(plan, plan->input.channels, 1);
    for (int d = 0; d < layer.axes; d++) {
        layer.stride[d] = tx_block_integer(&plan->factory, "factor");
    }
    return layer;
}

static tx_status create_down(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    return keep(strided_conv(plan), network, prefix, error, out);
}

static tx_status create_up(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, void **out)
{
    tx_layer layer = strided_conv(plan);
    layer.transposed = true;
    layer.output_padding = tx_block_integer(&plan->factory, "output_padding");
    if (layer.output_padding >= layer.stride[0]) {
        return tx_section_error(plan->factory.section, "output_padding", error, TX_INVALID,
                                "must be less than the factor, which is %lld, not %lld", (long long)layer.stride[0],
                                (long long)layer.output_padding);
    }
    return keep(layer, network, prefix, error, out);
}

static int64_t points_down(const tx_block_factory *factory, int64_t n)
{
    return (n - 1) / tx_block_integer(factory, "factor") + 1;
}

static int64_t points_up(const tx_block_factory *factory, int64_t n)
{
    return (n - 1) * tx_block_integer(factory, "factor") + 1 + tx_block_integer(factory, "output_padding");
}

static tx_node apply(const void *state, const tx_network *network, tx_graph *graph, tx_node x)
{
    return tx_layer_apply(state, network, graph, x);
}

static void initialise(const void *state, const tx_network *network, tx_random random, tx_key key, void *values)
{
    tx_layer_initialise(state, network, random, key, values);
}

static const tx_block_class pointwise = {.create = create_pointwise, .apply = apply, .initialise = initialise};
static const tx_block_class conv = {.create = create_conv, .apply = apply, .initialise = initialise};
static const tx_block_class down = {.create = create_down, .apply = apply, .initialise = initialise, .points = points_down};
static const tx_block_class up = {.create = create_up, .apply = apply, .initialise = initialise, .points = points_up};

static const tx_option pointwise_options[] = {TX_BIAS_OPTIONS, {0}};

static const tx_option conv_options[] = {TX_CONV_OPTIONS, {0}};

#define FACTOR(TEXT)                                                                                                               \
    {                                                                                                                              \
        .name = "factor", .type = TX_TYPE_INTEGER, .initial = "2", .unit = "", .text = (TEXT), .minimum = 1, .maximum = 1000       \
    }

static const tx_option down_options[] = {
    FACTOR("points before through points after, rounded up, along every axis"),
    TX_CONV_OPTIONS,
    {0},
};

static const tx_option up_options[] = {
    FACTOR("n points become factor (n - 1) + 1 + output_padding, along every axis"),
    TX_OPTION_COUNT("output_padding", "1", "cells", 0, "points more at the end of every axis, fewer than factor"),
    TX_CONV_OPTIONS,
    {0},
};

const tx_component tx_block_linear_channel_adjust_block = {.kind = TX_KIND_BLOCK,
                                                           .name = "linear_channel_adjust_block",
                                                           .summary =
                                                               "pointwise convolution (PDEquinox's LinearChannelAdjustBlock)",
                                                           .options = pointwise_options,
                                                           .implementation = &pointwise};

const tx_component tx_block_linear_conv_block = {.kind = TX_KIND_BLOCK,
                                                 .name = "linear_conv_block",
                                                 .summary = "convolution (PDEquinox's LinearConvBlock)",
                                                 .options = conv_options,
                                                 .implementation = &conv};

const tx_component tx_block_linear_conv_down_block = {.kind = TX_KIND_BLOCK,
                                                      .name = "linear_conv_down_block",
                                                      .summary =
                                                          "strided convolution to a coarser grid (PDEquinox's LinearConvDownBlock)",
                                                      .options = down_options,
                                                      .implementation = &down};

const tx_component tx_block_linear_conv_up_block = {.kind = TX_KIND_BLOCK,
                                                    .name = "linear_conv_up_block",
                                                    .summary =
                                                        "transposed convolution to a finer grid (PDEquinox's LinearConvUpBlock)",
                                                    .options = up_options,
                                                    .implementation = &up};
