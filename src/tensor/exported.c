/* A graph as a list of plain numbers, and back. */
#include "tensor/exported.h"

#include <string.h>

#include "base/memory.h"
#include "base/shape.h"
#include "tensor/operation.h"

/* The attributes that are whole numbers. Another order, or another list, is another version. */
/* clang-format off */
#define THREE(X, name) X(name[0]) X(name[1]) X(name[2])
#define ATTRIBUTES(X)                                                                                                              \
    X(offset) X(size) THREE(X, low) THREE(X, high) X(padding) X(source) X(weighted) X(channel) X(convolution.out_channels)         \
    THREE(X, convolution.kernel) THREE(X, convolution.dilation) THREE(X, convolution.stride) X(convolution.groups) X(flip)         \
    X(transposed) X(activation)
/* clang-format on */
#define ONE(attribute) +1
_Static_assert(ATTRIBUTES(ONE) == TX_EXPORTED_NUMBERS && (int)TX_EXPORTED_INPUTS == (int)TX_MAX_INPUTS,
               "an exported node has room for all");

/* ---- operations by name ---- */

static const tx_operation *const *const kins[] = {tx_ops_given,   tx_ops_pointwise, tx_ops_lane,        tx_ops_shape,
                                                  tx_ops_fourier, tx_ops_spectral,  tx_ops_convolution, tx_ops_norm};

static const tx_operation *find(const char *name)
{
    for (size_t kin = 0; kin < sizeof kins / sizeof *kins; kin++) {
        for (const tx_operation *const *op = kins[kin]; *op; op++) {
            if (!strcmp((*op)->name, name)) {
                return *op;
            }
        }
    }
    return NULL;
}

/* ---- to numbers ---- */

static tx_status export_node(const tx_graph_node *node, tx_error *error, tx_exported_node *out)
{
    const tx_attributes *a = &node->attributes;
    const tx_exported_node plain = {.operation = node->op->name, .shape = node->shape, .alpha = a->alpha, .beta = a->beta};
    if (find(node->op->name) != node->op) {
        return tx_error_set(error, TX_INVALID, "the network has an operation '%s', which cannot be exported", node->op->name);
    }
    *out = plain;
    memcpy(out->input, node->input, sizeof out->input);
    int64_t *number = out->number;
#define PUT(attribute) *number++ = a->attribute;
    ATTRIBUTES(PUT)
    return TX_OK;
}

tx_status tx_graph_export(const tx_graph *graph, tx_error *error, tx_exported *out)
{
    tx_exported_node *nodes;
    double *constants;
    TX_TRY(tx_graph_status(graph, error));
    TX_TRY(tx_allocate_array((size_t)graph->count, sizeof *nodes, error, &nodes));
    tx_status status = TX_OK;
    for (int n = 0; n < graph->count && status == TX_OK; n++) {
        status = export_node(tx_graph_at(graph, n), error, &nodes[n]);
    }
    status = status ? status : tx_allocate_array(graph->num_constants, sizeof *constants, error, &constants);
    if (status != TX_OK) {
        tx_free(nodes);
        return status;
    }
    if (graph->num_constants) {
        memcpy(constants, graph->constants, graph->num_constants * sizeof *constants);
    }
    out->num_nodes = graph->count;
    out->nodes = nodes;
    out->num_constants = graph->num_constants;
    out->constants = constants;
    return TX_OK;
}

/* ---- back ---- */

static tx_status import_node(const tx_exported_node *from, int count, tx_error *error, tx_graph_node *out)
{
    const tx_operation *op = find(from->operation);
    bool whole = op && from->shape.axes >= 0 && from->shape.axes <= TX_MAX_AXES;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        whole = whole && from->input[k] >= TX_NONE && from->input[k] < count;
    }
    if (!whole) {
        return tx_error_set(error, TX_INVALID, "node %d of an exported network is damaged", count);
    }
    *out = tx_graph_node_of(op, TX_NONE, TX_NONE);
    memcpy(out->input, from->input, sizeof out->input);
    tx_attributes *a = &out->attributes;
    const int64_t *number = from->number;
    out->shape = from->shape;
    a->alpha = from->alpha;
    a->beta = from->beta;
#define GET(attribute) a->attribute = (__typeof__(a->attribute))*number++;
    ATTRIBUTES(GET)
    return TX_OK;
}

static tx_status import_nodes(const tx_exported *exported, tx_graph *graph, tx_error *error)
{
    const tx_graph constants = {.constants = (double *)exported->constants, .num_constants = exported->num_constants};
    TX_TRY(tx_graph_copy_constants(&constants, graph, error));
    tx_enter_part(graph, "network");
    for (int n = 0; n < exported->num_nodes; n++) {
        tx_graph_node node;
        TX_TRY(import_node(&exported->nodes[n], n, error, &node));
        tx_graph_append(graph, &node); /* all of them differ: n is its number */
    }
    return tx_graph_status(graph, error);
}

static tx_status check(const tx_exported *exported, tx_error *error)
{
    if (exported->version != TX_EXPORTED_VERSION) {
        return tx_error_set(
            error, TX_INVALID,
            "the network was exported in version %d of that form, this library reads version %d: export it again, by "
            "the `trainax` of this library",
            exported->version, TX_EXPORTED_VERSION);
    }
    const bool whole = exported->nodes && exported->output >= 0 && exported->output < exported->num_nodes &&
                       tx_shape_is_good(&exported->state) && exported->num_parameters >= 0 &&
                       exported->num_parameters <= TX_MOST_NUMBERS && (exported->parameters || !exported->num_parameters) &&
                       (exported->constants || !exported->num_constants) &&
                       (exported->precision == TX_FLOAT32 || exported->precision == TX_FLOAT64);
    return whole ? TX_OK : tx_error_set(error, TX_INVALID, "an exported network is damaged: not all of it is there");
}

tx_status tx_graph_import(const tx_exported *exported, tx_error *error, tx_graph **out)
{
    tx_graph *graph;
    TX_TRY(check(exported, error));
    TX_TRY(tx_graph_create(error, &graph));
    const tx_status status = import_nodes(exported, graph, error);
    if (status != TX_OK) {
        tx_graph_destroy(graph);
        return status;
    }
    *out = graph;
    return TX_OK;
}
