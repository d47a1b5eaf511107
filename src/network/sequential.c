/* PDEquinox's Sequential: a block that lifts, blocks, a block that projects. */
#include "network/sequential.h"

#include <stdio.h>

#include "base/memory.h"
#include "network/options.h"

typedef struct sequential {
    int64_t num_blocks;
    tx_block blocks[]; /* the lifting, num_blocks, the projection */
} sequential;

/* Where the next block goes. */
typedef struct position {
    tx_network *network;
    tx_block *block;
    tx_block_plan plan;
    const tx_section *resampler; /* the last block that changed the number of points */
} position;

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

/* num_blocks times one block, or as many as a list has. */
static tx_status count_blocks(const tx_section *section, tx_error *error, int64_t *out)
{
    const tx_section *const *blocks;
    const int listed = tx_knows(section, "blocks") ? tx_get_sections(section, "blocks", &blocks) : 1;
    const int64_t num_blocks = tx_has(section, "num_blocks") ? tx_get_integer(section, "num_blocks") : listed;
    if (!listed) {
        return tx_section_error(section, "blocks", error, TX_INVALID, "must hold at least one block");
    }
    if (listed != 1 && listed != num_blocks) {
        return tx_section_error(section, "blocks", error, TX_INVALID, "one block or a list of %lld (num_blocks), not of %d",
                                (long long)num_blocks, listed);
    }
    *out = num_blocks;
    return TX_OK;
}

static tx_block_factory block_factory(const tx_section *section, const tx_component *fixed, int64_t index)
{
    const tx_section *const *blocks;
    if (fixed) {
        return (tx_block_factory){fixed, section};
    }
    const tx_section *block = tx_get_sections(section, "blocks", &blocks) == 1 ? blocks[0] : blocks[index];
    return (tx_block_factory){tx_section_component(block), block};
}

static tx_status append(position *at, tx_block_factory factory, int64_t out_channels, const char *prefix, tx_error *error)
{
    at->plan.factory = factory;
    at->plan.out_channels = out_channels;
    TX_TRY(tx_block_create(&at->plan, at->network, prefix, error, at->block++));
    const tx_shape output = tx_block_output(&at->plan);
    for (int d = 0; d < output.axes; d++) {
        at->resampler = output.n[d] != at->plan.input.n[d] ? factory.section : at->resampler;
    }
    at->plan.input = output;
    return TX_OK;
}

static tx_status append_all(position *at, const tx_component *fixed, int64_t num_blocks, tx_error *error)
{
    const tx_section *section = at->network->section;
    const tx_block_factory lifting = tx_block_slot(section, "lifting", &tx_block_linear_channel_adjust_block);
    const tx_block_factory projection = tx_block_slot(section, "projection", &tx_block_linear_channel_adjust_block);
    TX_TRY(append(at, lifting, hidden_channels(section, 0), "lifting.", error));
    for (int64_t k = 0; k < num_blocks; k++) {
        char prefix[TX_LEAF_NAME];
        snprintf(prefix, sizeof prefix, "blocks.%lld.", (long long)k);
        TX_TRY(append(at, block_factory(section, fixed, k), hidden_channels(section, k + 1), prefix, error));
    }
    return append(at, projection, at->network->out_channels, "projection.", error);
}

/* What goes down must come up again. */
static tx_status check_points(const position *at, tx_error *error)
{
    for (int d = 0; d < at->plan.input.axes; d++) {
        const int64_t before = at->network->input.n[d], after = at->plan.input.n[d];
        if (before != after) {
            return tx_section_error(at->resampler, NULL, error, TX_INVALID,
                                    "a map of states must keep their shape: %lld points along axis %d become %lld",
                                    (long long)before, d, (long long)after);
        }
    }
    return TX_OK;
}

tx_status tx_sequential_create(tx_network *network, const tx_component *block, tx_error *error)
{
    int64_t num_blocks = 0;
    TX_TRY(tx_network_check_state(network, error));
    TX_TRY(tx_network_check_spatial(network, error));
    TX_TRY(count_blocks(network->section, error, &num_blocks));
    TX_TRY(tx_network_check_count(network, "num_blocks", num_blocks, error));
    TX_TRY(check_hidden(network->section, num_blocks, error));
    sequential *s;
    TX_TRY(tx_allocate(sizeof *s + (size_t)(num_blocks + 2) * sizeof s->blocks[0], error, &s));
    network->state = s;
    s->num_blocks = num_blocks;
    position at = {.network = network, .block = s->blocks, .plan = tx_block_plan_of(network)};
    TX_TRY(append_all(&at, block, num_blocks, error));
    return check_points(&at, error);
}

void tx_sequential_destroy(tx_network *network)
{
    sequential *s = network->state;
    for (int64_t k = 0; s && k < s->num_blocks + 2; k++) {
        tx_block_destroy(&s->blocks[k]);
    }
    tx_free(s);
}

tx_node tx_sequential_apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    const sequential *s = network->state;
    for (int64_t k = 0; k < s->num_blocks + 2; k++) {
        x = tx_block_apply(&s->blocks[k], network, graph, x);
    }
    return x;
}

/* The key is split in two again and again: one half for a block, the other for all that follow. */
tx_status tx_sequential_initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)error;
    const sequential *s = network->state;
    for (int64_t k = 0; k <= s->num_blocks; k++) {
        tx_key keys[2];
        tx_key_split(random, key, 2, keys);
        tx_block_initialise(&s->blocks[k], network, random, keys[0], values);
        key = keys[1];
    }
    tx_block_initialise(&s->blocks[s->num_blocks + 1], network, random, key, values);
    return TX_OK;
}

/* -- the network that fixes nothing -- */

static tx_status create(tx_network *network, tx_error *error)
{
    return tx_sequential_create(network, NULL, error);
}

static const tx_network_class class = {
    .create = create, .apply = tx_sequential_apply, .initialise = tx_sequential_initialise, .destroy = tx_sequential_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_HIDDEN(NULL),
    {.name = "num_blocks",
     .type = TX_TYPE_INTEGER,
     .unless = "blocks",
     .unit = "",
     .text = "how often the one block stands there",
     .minimum = 1,
     .maximum = 1e9},
    {.name = "blocks",
     .alias = "block",
     .type = TX_TYPE_SECTIONS,
     .or_one = true,
     .kind = TX_KIND_BLOCK,
     .initial = "[classic_res_block]",
     .unit = "",
     .text = "what stands between lifting and projection: a list, or one `block` and num_blocks"},
    TX_OPTION_BLOCK("lifting", "linear_channel_adjust_block", "from a state to hidden_channels"),
    TX_OPTION_BLOCK("projection", "linear_channel_adjust_block", "from hidden_channels to a state"),
    TX_OPTION_WORD("activation", "relu", TX_ACTIVATION_WORDS, "in the blocks"),
    TX_OPTION_BOUNDARY,
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_sequential = {.kind = TX_KIND_NETWORK,
                                            .name = "sequential",
                                            .summary = "blocks in a row, of your choice (PDEquinox's Sequential)",
                                            .options = options,
                                            .implementation = &class};
