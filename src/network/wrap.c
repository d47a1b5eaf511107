/* Networks around networks: the one inside, whose leaves are the outer one's, and constants. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "network/beside.h"
#include "network/options.h"
#include "trainax/network.h"

/* ---- The one inside ---- */

static bool is_wrapper(const tx_section *section)
{
    const tx_network_class *class_ = tx_section_component(section)->implementation;
    return !class_->apply;
}

/* Each kind once; parameters are the outermost's. */
static tx_status check_inner(const tx_network *outer, const tx_section *inner, tx_error *error)
{
    for (const tx_network *around = outer; around; around = around->outer) {
        if (is_wrapper(inner) && tx_section_component(around->section) == tx_section_component(inner)) {
            return tx_section_error(inner, NULL, error, TX_INVALID, "%s stands twice: here and around it", tx_section_name(inner));
        }
    }
    return tx_has(inner, "parameters")
               ? tx_section_error(inner, "parameters", error, TX_INVALID, "stands in the outermost network: network.parameters")
               : TX_OK;
}

static tx_status take_leaves(tx_network *network, tx_error *error)
{
    const tx_network *inner = network->inner;
    char name[TX_LEAF_NAME + 16];
    for (int k = 0, index; k < inner->num_leaves; k++) {
        snprintf(name, sizeof name, "network.%s", inner->leaves[k].name);
        TX_TRY(tx_network_add_leaf(network, name, inner->leaves[k].rank, inner->leaves[k].shape, error, &index));
    }
    return TX_OK;
}

tx_status tx_network_wrap(tx_network *network, tx_error *error)
{
    const tx_section *section = tx_get_section(network->section, "network");
    TX_TRY(check_inner(network, section, error));
    TX_TRY(tx_allocate(sizeof *network->inner, error, &network->inner));
    *network->inner = (tx_network){.class_ = tx_section_component(section)->implementation,
                                   .section = section,
                                   .input = network->input,
                                   .out_channels = network->out_channels,
                                   .outer = network,
                                   .whole = network->whole};
    if (network->inner->class_->apply) {
        network->inner->input.channels *= network->whole->levels;
        network->inner->input.channels += tx_network_num_conditions(network->whole);
    }
    TX_TRY(network->inner->class_->create(network->inner, error));
    return take_leaves(network, error);
}

/* All that the innermost network is given. */
static tx_node given(const tx_network *network, tx_graph *graph, const tx_past *past)
{
    const tx_node levels = tx_network_join(graph, past->level, past->count), more = tx_network_conditions(network, graph);
    return more < 0 ? levels : tx_concatenate(graph, levels, more);
}

tx_node tx_network_map(const tx_network *network, tx_graph *graph, const tx_past *past)
{
    const tx_network_class *class_ = network->class_;
    return class_->map      ? class_->map(network, graph, past)
           : network->inner ? tx_network_map(network->inner, graph, past)
                            : class_->apply(network, graph, given(network, graph, past));
}

/* ---- Constants ---- */

/* "network.network." for one with two around it. */
static tx_status name_of(const tx_network *network, const char *name, tx_error *error, char out[TX_LEAF_NAME])
{
    size_t length = 0;
    for (const tx_network *outer = network->outer; outer && length < TX_LEAF_NAME; outer = outer->outer) {
        length += (size_t)snprintf(out + length, TX_LEAF_NAME - length, "network.");
    }
    length += length < TX_LEAF_NAME ? (size_t)snprintf(out + length, TX_LEAF_NAME - length, "%s", name) : 0;
    return length < TX_LEAF_NAME
               ? TX_OK
               : tx_section_error(network->section, NULL, error, TX_INVALID, "stands in too many networks around each other");
}

tx_status tx_network_add_constant(tx_network *network, const char *name, const tx_network_constant *wanted, const double *given,
                                  int count, tx_error *error, int *index)
{
    tx_network_whole *whole = network->whole;
    tx_network_constant constant = *wanted;
    constant.count = constant.count ? constant.count : whole->state.channels;
    TX_TRY(name_of(network, name, error, constant.name));
    TX_TRY(tx_reserve((size_t)whole->num_constants + 1, sizeof constant, &whole->constant_capacity, error, &whole->constants));
    TX_TRY(tx_allocate_array((size_t)constant.count, sizeof *constant.values, error, &constant.values));
    for (int64_t k = 0; k < constant.count; k++) {
        constant.values[k] = !given ? 1 : given[count == 1 ? 0 : k];
    }
    whole->constants[whole->num_constants] = constant;
    *index = whole->num_constants++;
    return TX_OK;
}

const double *tx_network_constant_of(const tx_network *network, int index)
{
    return network->whole->constants[index].values;
}

tx_status tx_network_check_channels(const tx_network *network, const char *option, int count, tx_error *error)
{
    const int64_t channels = network->whole->state.channels;
    return count == channels
               ? TX_OK
               : tx_section_error(network->section, option, error, TX_INVALID, "%d number%s, but a state has %lld channel%s", count,
                                  count == 1 ? "" : "s", (long long)channels, channels == 1 ? "" : "s");
}
