/* PDEquinox's Hierarchical: down through coarser and coarser grids and up again. */
#include "network/hierarchical.h"

#include <stdio.h>

#include "base/memory.h"
#include "network/options.h"

/* A level's blocks, in the order of PDEquinox's fields. */
typedef enum part { DOWN, LEFT, UP, RIGHT, PARTS } part;
static const struct {
    const char *option, *field;
    bool arc;
} parts[PARTS] = {[DOWN] = {"down_sampling", "down_sampling_blocks", false},
                  [LEFT] = {"left_arc", "left_arc_blocks", true},
                  [UP] = {"up_sampling", "up_sampling_blocks", false},
                  [RIGHT] = {"right_arc", "right_arc_blocks", true}};

typedef struct hierarchical {
    int64_t num_levels, num_blocks, factor;
    tx_block lifting, projection;
    tx_block *blocks;  /* of all levels and parts, num_blocks each, of which DOWN and UP use the first */
    tx_shape states[]; /* of the finest grid and the levels, num_levels + 1 */
} hierarchical;

static int64_t count(const hierarchical *h, part p)
{
    return parts[p].arc ? h->num_blocks : 1;
}

static int64_t num_blocks_in_all(const hierarchical *h)
{
    return PARTS * h->num_levels * h->num_blocks;
}

static tx_block *block_at(const hierarchical *h, part p, int64_t level, int64_t k)
{
    return &h->blocks[(p * h->num_levels + level) * h->num_blocks + k];
}

/* -- the states of the levels -- */

/* What the section multiplies hidden_channels by: NULL where it says nothing. */
static tx_status read_multipliers(const hierarchical *h, const tx_section *section, const int64_t **out, tx_error *error)
{
    *out = NULL;
    if (!tx_knows(section, "channel_multipliers") || !tx_has(section, "channel_multipliers")) {
        return TX_OK;
    }
    const int number = tx_get_integers(section, "channel_multipliers", out);
    if (number != h->num_levels) {
        return tx_section_error(section, "channel_multipliers", error, TX_INVALID, "a list of %lld (one a level), not of %d",
                                (long long)h->num_levels, number);
    }
    return TX_OK;
}

static tx_status set_channels(hierarchical *h, const tx_section *section, tx_error *error)
{
    const int64_t *multipliers, hidden = tx_get_integer(section, "hidden_channels");
    int64_t power = 1;
    TX_TRY(read_multipliers(h, section, &multipliers, error));
    h->states[0].channels = hidden;
    for (int64_t l = 1; l <= h->num_levels; l++) {
        if (__builtin_mul_overflow(power, multipliers ? 1 : h->factor, &power) ||
            __builtin_mul_overflow(hidden, multipliers ? multipliers[l - 1] : power, &h->states[l].channels)) {
            return tx_section_error(section, "hidden_channels", error, TX_INVALID, "more channels than can be counted");
        }
        if (h->states[l].channels < h->factor) {
            return tx_section_error(
                section, "hidden_channels", error, TX_INVALID,
                "level %lld has %lld channels, fewer than reduction_factor (%lld), by which they are divided on the way up",
                (long long)l, (long long)h->states[l].channels, (long long)h->factor);
        }
    }
    return TX_OK;
}

static tx_status set_points(hierarchical *h, const tx_section *section, tx_error *error)
{
    for (int64_t l = 0; l < h->num_levels; l++) {
        h->states[l + 1].axes = h->states[0].axes;
        for (int d = 0; d < h->states[0].axes; d++) {
            if (h->states[l].n[d] % h->factor) {
                return tx_section_error(
                    section, "num_levels", error, TX_INVALID,
                    "each level divides the points by %lld: axis %d of the data has %lld, which %lld^%lld does not divide",
                    (long long)h->factor, d, (long long)h->states[0].n[d], (long long)h->factor, (long long)h->num_levels);
            }
            h->states[l + 1].n[d] = h->states[l].n[d] / h->factor;
        }
    }
    return TX_OK;
}

/* -- creation -- */

/* A block of a slot must fit the levels' points. */
static tx_status create_block(const tx_block_plan *plan, const hierarchical *h, const tx_shape *output, tx_network *network,
                              const char *prefix, tx_error *error, tx_block *out)
{
    const tx_shape given = tx_block_output(plan);
    for (int d = 0; d < output->axes; d++) {
        if (given.n[d] != output->n[d]) {
            return tx_section_error(plan->factory.section, NULL, error, TX_INVALID,
                                    "%lld points along axis %d become %lld here, but must become %lld (reduction_factor is %lld)",
                                    (long long)plan->input.n[d], d, (long long)given.n[d], (long long)output->n[d],
                                    (long long)h->factor);
        }
    }
    return tx_block_create(plan, network, prefix, error, out);
}

/* The blocks of a part on the way between states[l] and states[l + 1]; the first one of an arc changes the channels. */
static tx_status create_part(hierarchical *h, tx_block_plan plan, part p, int64_t l, tx_network *network, tx_error *error)
{
    const tx_shape *above = &h->states[l], *below = &h->states[l + 1];
    const int64_t rising = below->channels / h->factor;
    const tx_shape *const from[PARTS] = {above, below, below, above}, *const to[PARTS] = {below, below, above, above};
    const int64_t in[PARTS] = {above->channels, above->channels, below->channels, rising + above->channels};
    const int64_t out[PARTS] = {above->channels, below->channels, rising, above->channels};
    plan.input = *from[p];
    plan.input.channels = in[p];
    plan.out_channels = out[p];
    for (int64_t k = 0; k < count(h, p); k++) {
        char prefix[TX_LEAF_NAME];
        const int used = snprintf(prefix, sizeof prefix, "%s.%lld.", parts[p].field, (long long)l);
        if (parts[p].arc) {
            snprintf(prefix + used, sizeof prefix - (size_t)used, "%lld.", (long long)k);
        }
        TX_TRY(create_block(&plan, h, to[p], network, prefix, error, block_at(h, p, l, k)));
        plan.input.channels = plan.out_channels;
    }
    return TX_OK;
}

static tx_status create_levels(hierarchical *h, tx_block_plan plan, const tx_component *fixed, tx_network *network, tx_error *error)
{
    const tx_component *const resampling[PARTS] = {
        [DOWN] = &tx_block_linear_conv_down_block, [UP] = &tx_block_linear_conv_up_block};
    for (part p = 0; p < PARTS; p++) {
        plan.factory = tx_block_slot(network->section, parts[p].option, parts[p].arc ? fixed : resampling[p]);
        for (int64_t l = 0; l < h->num_levels; l++) {
            TX_TRY(create_part(h, plan, p, l, network, error));
        }
    }
    return TX_OK;
}

static tx_status create_all(hierarchical *h, const tx_component *fixed, tx_network *network, tx_error *error)
{
    const tx_section *section = network->section;
    tx_block_plan plan = tx_block_plan_of(network);
    plan.factory = tx_block_slot(section, "lifting", fixed);
    plan.out_channels = h->states[0].channels;
    TX_TRY(create_block(&plan, h, &network->input, network, "lifting.", error, &h->lifting));
    TX_TRY(create_levels(h, plan, fixed, network, error));
    plan.factory = tx_block_slot(section, "projection", &tx_block_linear_channel_adjust_block);
    plan.input = h->states[0];
    plan.out_channels = network->out_channels;
    return create_block(&plan, h, &network->input, network, "projection.", error, &h->projection);
}

static int64_t integer_or(const tx_section *section, const char *option, int64_t otherwise)
{
    return tx_knows(section, option) ? tx_get_integer(section, option) : otherwise;
}

tx_status tx_hierarchical_create(tx_network *network, const tx_component *block, tx_error *error)
{
    const tx_section *section = network->section;
    const int64_t num_levels = tx_get_integer(section, "num_levels");
    TX_TRY(tx_network_check_state(network, error));
    TX_TRY(tx_network_check_spatial(network, error));
    hierarchical *h;
    TX_TRY(tx_allocate(sizeof *h + (size_t)(num_levels + 1) * sizeof h->states[0], error, &h));
    network->state = h;
    h->num_levels = num_levels;
    h->num_blocks = integer_or(section, "num_blocks", 1);
    h->factor = integer_or(section, "reduction_factor", 2);
    TX_TRY(tx_network_check_count(network, "num_blocks", h->num_blocks, error));
    h->states[0] = network->input;
    TX_TRY(set_points(h, section, error));
    TX_TRY(set_channels(h, section, error));
    TX_TRY(tx_allocate_array((size_t)num_blocks_in_all(h), sizeof *h->blocks, error, &h->blocks));
    return create_all(h, block, network, error);
}

void tx_hierarchical_destroy(tx_network *network)
{
    hierarchical *h = network->state;
    for (int64_t k = 0; h && h->blocks && k < num_blocks_in_all(h); k++) {
        tx_block_destroy(&h->blocks[k]);
    }
    if (h) {
        tx_block_destroy(&h->lifting);
        tx_block_destroy(&h->projection);
        tx_free(h->blocks);
    }
    tx_free(h);
}

/* -- application -- */

static tx_node apply_part(const hierarchical *h, part p, int64_t l, const tx_network *network, tx_graph *graph, tx_node x)
{
    for (int64_t k = 0; k < count(h, p); k++) {
        x = tx_block_apply(block_at(h, p, l, k), network, graph, x);
    }
    return x;
}

/* Level l and all below it: a grid's state in, a state of as many channels and points out. */
static tx_node apply_levels(const hierarchical *h, int64_t l, const tx_network *network, tx_graph *graph, tx_node skip)
{
    if (l == h->num_levels) {
        return skip;
    }
    tx_node x = apply_part(h, LEFT, l, network, graph, apply_part(h, DOWN, l, network, graph, skip));
    x = apply_part(h, UP, l, network, graph, apply_levels(h, l + 1, network, graph, x));
    return apply_part(h, RIGHT, l, network, graph, tx_concatenate(graph, skip, x));
}

tx_node tx_hierarchical_apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    const hierarchical *h = network->state;
    x = apply_levels(h, 0, network, graph, tx_block_apply(&h->lifting, network, graph, x));
    return tx_block_apply(&h->projection, network, graph, x);
}

/* All blocks of a level's arc draw from the same key. */
tx_status tx_hierarchical_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)error;
    const hierarchical *h = network->state;
    tx_key keys[1 + PARTS]; /* what goes on, then the parts */
    tx_key_split(random, key, 3, keys);
    tx_block_initialise(&h->lifting, network, random, keys[1], values);
    tx_block_initialise(&h->projection, network, random, keys[2], values);
    for (int64_t l = 0; l < h->num_levels; l++) {
        const tx_key rest = keys[0];
        tx_key_split(random, rest, 1 + PARTS, keys);
        for (part p = 0; p < PARTS; p++) {
            for (int64_t k = 0; k < count(h, p); k++) {
                tx_block_initialise(block_at(h, p, l, k), network, random, keys[1 + p], values);
            }
        }
    }
    return TX_OK;
}

/* -- the network that fixes nothing -- */

static tx_status create(tx_network *network, tx_error *error)
{
    return tx_hierarchical_create(network, NULL, error);
}

static const tx_network_class class = {
    .create = create, .apply = tx_hierarchical_apply, .initialise = tx_hierarchical_initialise, .destroy = tx_hierarchical_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_COUNT("hidden_channels", NULL, "", 1, "channels of the finest level"),
    TX_OPTION_LEVELS(NULL, "1/reduction_factor of"),
    TX_OPTION_COUNT("num_blocks", NULL, "", 1, "blocks of each level's left arc, and of its right arc"),
    TX_OPTION_COUNT("reduction_factor", "2", "", 1,
                    "points of a level through those of the next, as the blocks that go down and up make it"),
    TX_OPTION_MULTIPLIERS("powers of reduction_factor"),
    TX_OPTION_BLOCK("lifting", "classic_double_conv_block", "from a state to hidden_channels"),
    TX_OPTION_BLOCK("down_sampling", "linear_conv_down_block", "to the next coarser level, same channels"),
    TX_OPTION_BLOCK("left_arc", "classic_double_conv_block", "on each coarser level, on the way down"),
    TX_OPTION_BLOCK("up_sampling", "linear_conv_up_block", "to the next finer level, channels divided by reduction_factor"),
    TX_OPTION_BLOCK("right_arc", "classic_double_conv_block", "on each finer level, on the way up, after the skip"),
    TX_OPTION_BLOCK("projection", "linear_channel_adjust_block", "from hidden_channels to a state"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "in the blocks"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_hierarchical = {.kind = TX_KIND_NETWORK,
                                              .name = "hierarchical",
                                              .summary = "U-net of blocks of your choice (PDEquinox's Hierarchical)",
                                              .options = options,
                                              .implementation = &class};
