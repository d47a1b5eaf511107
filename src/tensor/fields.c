/* Constant fields by name or number. */
#include "tensor/fields.h"

#include <string.h>

#include "base/number.h"
#include "tensor/graph.h"

int64_t tx_fields_find(const tx_fields *fields, const char *which)
{
    int64_t number;
    for (int64_t k = 0; fields->names && k < fields->count; k++) {
        if (strcmp(fields->names[k], which) == 0) {
            return k;
        }
    }
    return tx_parse_integer(which, &number) && number >= 0 && number < fields->count ? number : -1;
}

void tx_graph_set_fields(tx_graph *graph, const tx_fields *fields)
{
    graph->fields = *fields;
}

tx_node tx_field_of(tx_graph *graph, const char *which, tx_shape state)
{
    const int64_t k = tx_fields_find(&graph->fields, which);
    tx_shape points = state;
    points.channels = 1;
    return k < 0 ? tx_graph_fail(graph, "there is no constant field '%s'", which)
                 : tx_numbers(graph, graph->fields.first + k * tx_shape_points(&state), points);
}

tx_node tx_mask_of(tx_graph *graph, tx_shape state)
{
    state.channels = 1;
    return graph->fields.masked ? tx_nonzero(graph, tx_numbers(graph, graph->fields.mask, state)) : TX_NONE;
}
