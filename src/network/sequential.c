/* PDEquinox's Sequential: a pointwise convolution that lifts, blocks, a pointwise convolution that projects. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "network/block.h"

typedef struct sequential {
    const tx_block_class *class_;
    tx_layer lifting, projection;
    int64_t num_blocks;
    void *blocks[];
} sequential;

static const struct {
    const char *name;
    tx_padding_mode mode;
} boundaries[] = {{"periodic", TX_PAD_CIRCULAR}, {"dirichlet", TX_PAD_ZEROS}, {"neumann", TX_PAD_REFLECT}};

tx_padding_mode tx_boundary_mode(const tx_section *section)
{
    int k = 0;
    while (strcmp(boundaries[k].name, tx_get_word(section, "boundary_mode")) != 0) {
        k++;
    }
    return boundaries[k].mode;
}

tx_layer tx_physics_conv(const tx_block_plan *plan, int64_t dilation)
{
    tx_layer layer = {.axes = plan->axes,
                      .in_channels = plan->in_channels,
                      .out_channels = plan->out_channels,
                      .groups = 1,
                      .mode = plan->mode,
                      .use_bias = plan->use_bias,
                      .zero_bias_init = plan->zero_bias_init};
    for (int d = 0; d < layer.axes; d++) {
        layer.kernel[d] = plan->kernel_size;
        layer.dilation[d] = dilation;
        layer.low[d] = (plan->kernel_size - 1) / 2 * dilation;
        layer.high[d] = (plan->kernel_size - 1) * dilation - layer.low[d];
    }
    return layer;
}

tx_layer tx_pointwise_conv(const tx_block_plan *plan, bool use_bias)
{
    tx_block_plan pointwise = *plan;
    pointwise.kernel_size = 1;
    pointwise.use_bias = use_bias;
    return tx_physics_conv(&pointwise, 1);
}

/* One number for all, or a list with one more than there are blocks. */
static tx_status check_hidden(const tx_section *section, int64_t num_blocks, tx_error *error)
{
    const int64_t *hidden;
    const int count = tx_get_integers(section, "hidden_channels", &hidden);
    if (count != 1 && count != num_blocks + 1) {
        return tx_section_error(section, "hidden_channels", error, TX_INVALID,
                                "a number or a list of %lld (one more than there are blocks), not of %d", (long long)num_blocks + 1,
                                count);
    }
    return TX_OK;
}

static int64_t hidden_channels(const tx_section *section, int64_t index)
{
    const int64_t *hidden;
    return tx_get_integers(section, "hidden_channels", &hidden) == 1 ? hidden[0] : hidden[index];
}

static tx_status declare_end(tx_layer *layer, tx_block_plan plan, int64_t in, int64_t out, tx_network *network, const char *prefix,
                             tx_error *error)
{
    plan.in_channels = in;
    plan.out_channels = out;
    *layer = tx_pointwise_conv(&plan, true);
    layer->zero_bias_init = false;
    return tx_layer_declare(layer, network, prefix, error);
}

static tx_status declare(sequential *s, tx_block_plan plan, int64_t channels, tx_network *network, tx_error *error)
{
    const tx_section *section = network->section;
    TX_TRY(declare_end(&s->lifting, plan, channels, hidden_channels(section, 0), network, "lifting.", error));
    for (int64_t k = 0; k < s->num_blocks; k++) {
        char prefix[TX_LEAF_NAME];
        snprintf(prefix, sizeof prefix, "blocks.%lld.", (long long)k);
        plan.in_channels = hidden_channels(section, k);
        plan.out_channels = hidden_channels(section, k + 1);
        TX_TRY(s->class_->create(&plan, network, prefix, error, &s->blocks[k]));
    }
    return declare_end(&s->projection, plan, hidden_channels(section, s->num_blocks), channels, network, "projection.", error);
}

tx_status tx_sequential_create(tx_network *network, const tx_block_class *block, const tx_block_plan *plan, tx_error *error)
{
    const tx_section *section = network->section;
    const int64_t num_blocks = tx_get_integer(section, "num_blocks");
    tx_block_plan whole = *plan;
    TX_TRY(tx_network_check_state(network, error));
    TX_TRY(tx_network_check_spatial(network, error));
    TX_TRY(check_hidden(section, num_blocks, error));
    whole.axes = network->input.axes;
    whole.activation = (tx_activation)tx_activation_find(tx_get_word(section, "activation"));
    whole.mode = tx_boundary_mode(section);
    sequential *s;
    TX_TRY(tx_allocate(sizeof *s + (size_t)num_blocks * sizeof s->blocks[0], error, &s));
    network->state = s;
    s->class_ = block;
    s->num_blocks = num_blocks;
    return declare(s, whole, network->input.channels, network, error);
}

void tx_sequential_destroy(tx_network *network)
{
    sequential *s = network->state;
    for (int64_t k = 0; s && k < s->num_blocks; k++) {
        tx_free(s->blocks[k]);
    }
    tx_free(s);
}

tx_node tx_sequential_apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    const sequential *s = network->state;
    x = tx_layer_apply(&s->lifting, network, graph, x);
    for (int64_t k = 0; k < s->num_blocks; k++) {
        x = s->class_->apply(s->blocks[k], network, graph, x);
    }
    return tx_layer_apply(&s->projection, network, graph, x);
}

/* The key is split in two again and again: one half for a part, the other for all that follow. */
static tx_key next_key(tx_random random, tx_key *rest)
{
    tx_key keys[2];
    tx_key_split(random, *rest, 2, keys);
    *rest = keys[1];
    return keys[0];
}

tx_status tx_sequential_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)error;
    const sequential *s = network->state;
    tx_layer_initialise(&s->lifting, network, random, next_key(random, &key), values);
    for (int64_t k = 0; k < s->num_blocks; k++) {
        s->class_->initialise(s->blocks[k], network, random, next_key(random, &key), values);
    }
    tx_layer_initialise(&s->projection, network, random, key, values);
    return TX_OK;
}
