/* PDEquinox's Hierarchical: down through coarser and coarser grids and up again. */
#include "network/hierarchical.h"

#include <stdio.h>

#include "base/memory.h"

enum { FACTOR = 2, MOST_LEVELS = 30 }; /* a state has fewer than 2^30 points along an axis */

typedef struct level {
    int64_t fan_in, fan_out; /* channels above and on it */
    tx_layer down, up;
} level;

typedef struct hierarchical {
    const tx_block_class *class_;
    int64_t num_levels, num_blocks;
    tx_layer projection;
    void **blocks; /* the lifting block, the left arcs of all levels, the right arcs */
    level levels[];
} hierarchical;

typedef enum arc { LEFT, RIGHT } arc;
static void **block_at(const hierarchical *h, arc arc, int64_t l, int64_t k)
{
    return &h->blocks[1 + (arc * h->num_levels + l) * h->num_blocks + k];
}

static int64_t num_blocks_in_all(const hierarchical *h)
{
    return 1 + 2 * h->num_levels * h->num_blocks;
}

static tx_status check_points(const tx_network *network, int64_t num_levels, tx_error *error)
{
    const int64_t factor = (int64_t)1 << (num_levels < MOST_LEVELS ? num_levels : MOST_LEVELS);
    for (int d = 0; d < network->input.axes; d++) {
        if (network->input.n[d] % factor) {
            return tx_section_error(network->section, "num_levels", error, TX_INVALID,
                                    "each level halves the points: axis %d of the data has %lld, which 2^%lld does not divide", d,
                                    (long long)network->input.n[d], (long long)num_levels);
        }
    }
    return TX_OK;
}

/* Channels of the levels. */
static tx_status set_channels(hierarchical *h, const tx_network *network, const int64_t *multipliers, tx_error *error)
{
    const int64_t hidden = tx_get_integer(network->section, "hidden_channels");
    int64_t channels = hidden;
    for (int64_t l = 0; l < h->num_levels; l++) {
        h->levels[l].fan_in = channels;
        if (__builtin_mul_overflow(hidden, multipliers ? multipliers[l] : (int64_t)1 << (l + 1), &channels)) {
            return tx_section_error(network->section, "hidden_channels", error, TX_INVALID, "more channels than can be counted");
        }
        h->levels[l].fan_out = channels;
    }
    return TX_OK;
}

/* Down with a stride that keeps every second cell, up again with one more cell at the end, so that n comes back. */
static void set_resampling(level *l, tx_block_plan plan)
{
    plan.kernel_size = 3;
    plan.use_bias = true;
    plan.zero_bias_init = false;
    plan.in_channels = plan.out_channels = l->fan_in;
    l->down = tx_physics_conv(&plan, 1);
    plan.in_channels = l->fan_out;
    plan.out_channels = l->fan_out / FACTOR;
    l->up = tx_physics_conv(&plan, 1);
    l->up.transposed = true;
    l->up.output_padding = FACTOR - 1;
    for (int d = 0; d < plan.axes; d++) {
        l->down.stride[d] = l->up.stride[d] = FACTOR;
    }
}

/* The blocks of an arc: the first one changes the number of channels. */
static tx_status declare_arc(hierarchical *h, tx_block_plan plan, arc arc, tx_network *network, tx_error *error)
{
    for (int64_t l = 0; l < h->num_levels; l++) {
        const level *here = &h->levels[l];
        plan.in_channels = arc == LEFT ? here->fan_in : here->fan_out / FACTOR + here->fan_in;
        plan.out_channels = arc == LEFT ? here->fan_out : here->fan_in;
        for (int64_t k = 0; k < h->num_blocks; k++) {
            char prefix[TX_LEAF_NAME];
            snprintf(prefix, sizeof prefix, "%s_arc_blocks.%lld.%lld.", arc == LEFT ? "left" : "right", (long long)l, (long long)k);
            TX_TRY(h->class_->create(&plan, network, prefix, error, block_at(h, arc, l, k)));
            plan.in_channels = plan.out_channels;
        }
    }
    return TX_OK;
}

static tx_status declare_resampling(hierarchical *h, const char *name, bool up, tx_network *network, tx_error *error)
{
    for (int64_t l = 0; l < h->num_levels; l++) {
        char prefix[TX_LEAF_NAME];
        snprintf(prefix, sizeof prefix, "%s.%lld.", name, (long long)l);
        TX_TRY(tx_layer_declare(up ? &h->levels[l].up : &h->levels[l].down, network, prefix, error));
    }
    return TX_OK;
}

/* In the order of PDEquinox's fields. */
static tx_status declare(hierarchical *h, tx_block_plan plan, tx_network *network, tx_error *error)
{
    const int64_t hidden = tx_get_integer(network->section, "hidden_channels");
    for (int64_t l = 0; l < h->num_levels; l++) {
        set_resampling(&h->levels[l], plan);
    }
    plan.in_channels = network->input.channels;
    plan.out_channels = hidden;
    TX_TRY(h->class_->create(&plan, network, "lifting.", error, &h->blocks[0]));
    TX_TRY(declare_resampling(h, "down_sampling_blocks", false, network, error));
    TX_TRY(declare_arc(h, plan, LEFT, network, error));
    TX_TRY(declare_resampling(h, "up_sampling_blocks", true, network, error));
    TX_TRY(declare_arc(h, plan, RIGHT, network, error));
    plan.in_channels = hidden;
    plan.out_channels = network->input.channels;
    plan.zero_bias_init = false;
    h->projection = tx_pointwise_conv(&plan, true);
    return tx_layer_declare(&h->projection, network, "projection.", error);
}

tx_status tx_hierarchical_create(tx_network *network, const tx_hierarchical_plan *plan, tx_error *error)
{
    const tx_section *section = network->section;
    const int64_t num_levels = tx_get_integer(section, "num_levels");
    TX_TRY(tx_network_check_state(network, error));
    TX_TRY(tx_network_check_spatial(network, error));
    TX_TRY(check_points(network, num_levels, error));
    hierarchical *h;
    TX_TRY(tx_allocate(sizeof *h + (size_t)num_levels * sizeof h->levels[0], error, &h));
    network->state = h;
    h->class_ = plan->block;
    h->num_levels = num_levels;
    h->num_blocks = plan->num_blocks;
    TX_TRY(tx_allocate_array((size_t)num_blocks_in_all(h), sizeof *h->blocks, error, &h->blocks));
    TX_TRY(set_channels(h, network, plan->channel_multipliers, error));
    tx_block_plan whole = plan->plan;
    whole.axes = network->input.axes;
    whole.activation = (tx_activation)tx_activation_find(tx_get_word(section, "activation"));
    whole.mode = tx_boundary_mode(section);
    return declare(h, whole, network, error);
}

void tx_hierarchical_destroy(tx_network *network)
{
    hierarchical *h = network->state;
    for (int64_t k = 0; h && h->blocks && k < num_blocks_in_all(h); k++) {
        tx_free(h->blocks[k]);
    }
    if (h) {
        tx_free(h->blocks);
    }
    tx_free(h);
}

static tx_node apply_arc(const hierarchical *h, arc arc, int64_t l, const tx_network *network, tx_graph *graph, tx_node x)
{
    for (int64_t k = 0; k < h->num_blocks; k++) {
        x = h->class_->apply(*block_at(h, arc, l, k), network, graph, x);
    }
    return x;
}

/* Level l and all below it: a grid's state in, a state of as many channels and points out. */
static tx_node apply_levels(const hierarchical *h, int64_t l, const tx_network *network, tx_graph *graph, tx_node skip)
{
    if (l == h->num_levels) {
        return skip;
    }
    tx_node x = tx_layer_apply(&h->levels[l].down, network, graph, skip);
    x = apply_levels(h, l + 1, network, graph, apply_arc(h, LEFT, l, network, graph, x));
    x = tx_layer_apply(&h->levels[l].up, network, graph, x);
    return apply_arc(h, RIGHT, l, network, graph, tx_concatenate(graph, skip, x));
}

tx_node tx_hierarchical_apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    const hierarchical *h = network->state;
    x = apply_levels(h, 0, network, graph, h->class_->apply(h->blocks[0], network, graph, x));
    return tx_layer_apply(&h->projection, network, graph, x);
}

/* All blocks of a level's arc draw from the same key. */
static void initialise_level(const hierarchical *h, int64_t l, const tx_network *network, tx_random random, const tx_key *keys,
                             void *values)
{
    tx_layer_initialise(&h->levels[l].down, network, random, keys[0], values);
    tx_layer_initialise(&h->levels[l].up, network, random, keys[2], values);
    for (int64_t k = 0; k < h->num_blocks; k++) {
        h->class_->initialise(*block_at(h, LEFT, l, k), network, random, keys[1], values);
        h->class_->initialise(*block_at(h, RIGHT, l, k), network, random, keys[3], values);
    }
}

tx_status tx_hierarchical_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)error;
    const hierarchical *h = network->state;
    tx_key keys[5]; /* what goes on, then the parts */
    tx_key_split(random, key, 3, keys);
    h->class_->initialise(h->blocks[0], network, random, keys[1], values);
    tx_layer_initialise(&h->projection, network, random, keys[2], values);
    for (int64_t l = 0; l < h->num_levels; l++) {
        const tx_key rest = keys[0];
        tx_key_split(random, rest, 5, keys);
        initialise_level(h, l, network, random, keys + 1, values);
    }
    return TX_OK;
}
