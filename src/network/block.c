/* The interface of blocks: their options, dispatch, and the convolutions that most are made of. */
#include "network/block.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"

#define MOST_POINTS ((int64_t)1 << 32) /* along an axis: times any factor it is still counted */

static const struct {
    const char *name;
    tx_padding_mode mode;
} boundaries[] = {{"periodic", TX_PAD_CIRCULAR}, {"dirichlet", TX_PAD_ZEROS}, {"neumann", TX_PAD_REFLECT}};

static tx_padding_mode boundary_mode(const tx_section *section)
{
    int k = 0;
    while (strcmp(boundaries[k].name, tx_get_word(section, "boundary_mode")) != 0) {
        k++;
    }
    return boundaries[k].mode;
}

tx_block_plan tx_block_plan_of(const tx_network *network)
{
    return (tx_block_plan){.input = network->input,
                           .activation = (tx_activation)tx_activation_find(tx_get_word(network->section, "activation")),
                           .mode = boundary_mode(network->section)};
}

tx_block_factory tx_block_slot(const tx_section *section, const char *option, const tx_component *fixed)
{
    if (!tx_knows(section, option)) {
        return (tx_block_factory){fixed, section};
    }
    const tx_section *block = tx_get_section(section, option);
    return (tx_block_factory){tx_section_component(block), block};
}

static const char *default_of(const tx_component *component, const char *name)
{
    const tx_option *option = component->options;
    while (strcmp(option->name, name) != 0) {
        option++;
    }
    return option->initial;
}

int64_t tx_block_integer(const tx_block_factory *factory, const char *option)
{
    int64_t number = 0;
    if (tx_knows(factory->section, option)) {
        return tx_get_integer(factory->section, option);
    }
    tx_parse_integer(default_of(factory->component, option), &number);
    return number;
}

bool tx_block_switch(const tx_block_factory *factory, const char *option)
{
    return tx_knows(factory->section, option) ? tx_get_boolean(factory->section, option)
                                              : strcmp(default_of(factory->component, option), "true") == 0;
}

static const tx_block_class *class_of(const tx_block_plan *plan)
{
    return plan->factory.component->implementation;
}

tx_shape tx_block_output(const tx_block_plan *plan)
{
    const tx_block_class *class = class_of(plan);
    tx_shape shape = plan->input;
    shape.channels = plan->out_channels;
    for (int d = 0; class->points && d < shape.axes; d++) {
        shape.n[d] = class->points(&plan->factory, shape.n[d]);
    }
    return shape;
}

tx_status tx_block_create(const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error, tx_block *out)
{
    const tx_shape shape = tx_block_output(plan);
    for (int d = 0; d < shape.axes; d++) {
        if (shape.n[d] > MOST_POINTS) {
            return tx_section_error(plan->factory.section, NULL, error, TX_INVALID, "more points than can be counted");
        }
    }
    out->class_ = class_of(plan);
    return out->class_->create(plan, network, prefix, error, &out->state);
}

void tx_block_destroy(tx_block *block)
{
    tx_free(block->state);
}

tx_node tx_block_apply(const tx_block *block, const tx_network *network, tx_graph *graph, tx_node x)
{
    return block->class_->apply(block->state, network, graph, x);
}

void tx_block_initialise(const tx_block *block, const tx_network *network, tx_random random, tx_key key, void *values)
{
    block->class_->initialise(block->state, network, random, key, values);
}

static tx_layer same_conv(const tx_block_plan *plan, int64_t in_channels, int64_t kernel_size, int64_t dilation, bool use_bias)
{
    tx_layer layer = {.axes = plan->input.axes,
                      .in_channels = in_channels,
                      .out_channels = plan->out_channels,
                      .groups = 1,
                      .mode = plan->mode,
                      .use_bias = use_bias,
                      .zero_bias_init = tx_block_switch(&plan->factory, "zero_bias_init")};
    for (int d = 0; d < layer.axes; d++) {
        layer.kernel[d] = kernel_size;
        layer.dilation[d] = dilation;
        layer.low[d] = (kernel_size - 1) / 2 * dilation;
        layer.high[d] = (kernel_size - 1) * dilation - layer.low[d];
    }
    return layer;
}

tx_layer tx_physics_conv(const tx_block_plan *plan, int64_t in_channels, int64_t dilation)
{
    return same_conv(plan, in_channels, tx_block_integer(&plan->factory, "kernel_size"), dilation,
                     tx_block_switch(&plan->factory, "use_bias"));
}

tx_layer tx_pointwise_conv(const tx_block_plan *plan, bool use_bias)
{
    return same_conv(plan, plan->input.channels, 1, 1, use_bias);
}
