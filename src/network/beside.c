/* What stands beside trajectories as channels and as a mask. */
#include "network/beside.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tensor/fields.h"

/* ---- By name ---- */

/* "a, b" or "0, 1": what there is. */
static tx_status list(const tx_fields *all, tx_text *text, tx_error *error)
{
    for (int64_t k = 0; k < all->count; k++) {
        const char *before = k ? ", " : "";
        TX_TRY(all->names ? tx_text_add(text, error, "%s%s", before, all->names[k])
                          : tx_text_add(text, error, "%s%lld", before, (long long)k));
    }
    return TX_OK;
}

static tx_status not_there(const tx_network *network, const char *option, const char *which, bool field, const tx_fields *all,
                           tx_error *error)
{
    const char *what = field ? "constant_fields" : "parameters";
    tx_text known = {0};
    if (!all->count) {
        return tx_section_error(network->section, option, error, TX_INVALID, "'%s' of the `%s`: %s", which, what,
                                network->whole->beside ? "the data have none" : "there are no trajectories that could have any");
    }
    tx_status status = list(all, &known, error);
    status = status ? status
                    : tx_section_error(network->section, option, error, TX_INVALID, "no '%s' in the `%s` of the data: there %s %s",
                                       which, what, all->count == 1 ? "is" : "are", known.data);
    tx_free(known.data);
    return status;
}

tx_status tx_network_find_beside(const tx_network *network, const char *option, const char *which, bool field, tx_error *error,
                                 int64_t *out)
{
    static const tx_network_beside nothing;
    const tx_network_beside *beside = network->whole->beside ? network->whole->beside : &nothing;
    const tx_fields all = {.count = field ? beside->fields : beside->parameters,
                           .names = field ? beside->field_names : beside->parameter_names};
    *out = tx_fields_find(&all, which);
    return *out >= 0 ? TX_OK : not_there(network, option, which, field, &all, error);
}

/* ---- In a graph ---- */

tx_node tx_network_join(tx_graph *graph, const tx_node *nodes, int count)
{
    const int half = count / 2;
    return count == 1
               ? nodes[0]
               : tx_concatenate(graph, tx_network_join(graph, nodes, half), tx_network_join(graph, nodes + half, count - half));
}

/* A number everywhere. */
static tx_node spread(tx_graph *graph, tx_node lane, tx_shape one)
{
    return one.axes ? tx_broadcast(graph, lane, one) : lane;
}

static tx_node normalised(const tx_network_whole *whole, tx_graph *graph, tx_node x)
{
    const tx_shape shape = tx_node_shape(graph, x);
    const double *mean = whole->constants[whole->shift].values, *std = whole->constants[whole->inverse].values;
    return tx_multiply(graph, tx_subtract(graph, x, tx_channel_numbers(graph, shape, mean, false)),
                       tx_channel_numbers(graph, shape, std, true));
}

/* Of single channels of that shape, from `first` on. */
static tx_node join_conditions(const tx_network_whole *whole, tx_graph *graph, tx_shape one, int first, int count)
{
    static const tx_shape lane = {.channels = 1};
    if (count == 1) {
        const int64_t offset = whole->conditions[first];
        return first < whole->num_scalars ? spread(graph, tx_numbers(graph, offset, lane), one) : tx_numbers(graph, offset, one);
    }
    const tx_node a = join_conditions(whole, graph, one, first, count / 2);
    return tx_concatenate(graph, a, join_conditions(whole, graph, one, first + count / 2, count - count / 2));
}

tx_node tx_network_conditions(const tx_network *network, tx_graph *graph)
{
    const tx_network_whole *whole = network->whole;
    const tx_shape lane = {.channels = 1};
    tx_shape one = whole->state;
    one.channels = 1;
    tx_node x = TX_NONE;
    if (whole->num_conditions) {
        x = join_conditions(whole, graph, one, 0, whole->num_conditions);
        x = whole->shift < 0 ? x : normalised(whole, graph, x);
    }
    if (!whole->stride && whole->stride_number < 0) {
        return x;
    }
    const double fixed = (double)whole->stride;
    const tx_node stride = whole->stride ? tx_fixed(graph, lane, &fixed) : tx_numbers(graph, whole->stride_number, lane);
    const tx_node channel = spread(graph, stride, one);
    return x < 0 ? channel : tx_concatenate(graph, x, channel);
}

/* The mask in each channel. */
static tx_node repeated(tx_graph *graph, tx_node one, int64_t count)
{
    if (count == 1) {
        return one;
    }
    const tx_node half = repeated(graph, one, count / 2);
    return tx_concatenate(graph, half, count % 2 ? repeated(graph, one, count - count / 2) : half);
}

tx_node tx_network_inside_mask(const tx_network *network, tx_graph *graph, tx_node newest, tx_node next)
{
    const tx_network_whole *whole = network->whole;
    tx_shape one = whole->state;
    one.channels = 1;
    if (whole->mask < 0) {
        return next;
    }
    static const double all = 1;
    const tx_node inside = tx_nonzero(graph, tx_numbers(graph, whole->mask, one));
    const tx_node outside = tx_subtract(graph, spread(graph, tx_fixed(graph, (tx_shape){.channels = 1}, &all), one), inside);
    const tx_node kept = tx_multiply(graph, repeated(graph, outside, whole->state.channels), newest);
    return tx_add(graph, tx_multiply(graph, repeated(graph, inside, whole->state.channels), next), kept);
}
