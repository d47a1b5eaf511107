/* Reverse mode as graph to graph: walks the nodes backwards and appends, for each, the cotangents of its inputs.
 *
 * Only nodes that depend on what is asked for, parameters or the window or both, through no stop_gradient are visited.
 * Cotangents of a value with several readers are added in the order in which the backward walk meets them (latest reader first), so
 * that none has to be kept for long. Parameters collect theirs in the flat gradient, by effects. */
#include "base/memory.h"
#include "tensor/operation.h"

typedef struct walk {
    tx_graph *graph;
    bool of_parameters, of_window; /* whose cotangents are asked for */
    char *active;                  /* depends on what that is */
    tx_node *cotangent;            /* of each node so far, or TX_NONE */
    int count;                     /* of the forward part */
} walk;

/* Adds `value` to the cotangent of `node`. */
static void give(walk *w, tx_node node, tx_node value)
{
    if (node >= 0 && value >= 0 && w->active[node]) {
        w->cotangent[node] = w->cotangent[node] < 0 ? value : tx_add(w->graph, w->cotangent[node], value);
    }
}

static bool is_window(const tx_graph_node *node)
{
    return node->op == &tx_op_load && node->attributes.source == TX_SOURCE_WINDOW;
}

/* Does a node depend on what is asked for, other than through stop_gradient? */
static bool is_active(const walk *w, const tx_graph_node *node)
{
    bool active = (w->of_window && is_window(node)) || (w->of_parameters && node->op == &tx_op_parameter);
    for (int k = 0; k < TX_MAX_INPUTS && !tx_has_trait(node, TX_OP_CUT); k++) {
        active |= node->input[k] >= 0 && w->active[node->input[k]];
    }
    return active;
}

static tx_status begin(walk *w, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)w->count, 1, error, &w->active));
    TX_TRY(tx_allocate_array((size_t)w->count, sizeof *w->cotangent, error, &w->cotangent));
    for (int n = 0; n < w->count; n++) {
        w->active[n] = is_active(w, &w->graph->nodes[n]);
        w->cotangent[n] = TX_NONE;
    }
    return TX_OK;
}

static void visit(walk *w, tx_node n)
{
    const tx_graph_node node = w->graph->nodes[n]; /* a copy: appending moves the array */
    bool wanted[TX_MAX_INPUTS];
    tx_node cotangent[TX_MAX_INPUTS];
    if (w->cotangent[n] < 0 || !w->active[n] || !node.op->vjp) {
        return;
    }
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        wanted[k] = node.input[k] >= 0 && w->active[node.input[k]];
        cotangent[k] = TX_NONE;
    }
    w->graph->context = node.context;
    node.op->vjp(w->graph, &node, n, w->cotangent[n], wanted, cotangent);
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        give(w, node.input[k], cotangent[k]);
    }
}

static tx_status finish(walk *w, tx_status status, tx_error *error)
{
    for (tx_node n = w->count - 1; status == TX_OK && n >= 0; n--) {
        visit(w, n);
    }
    tx_free(w->active);
    return status ? status : tx_graph_status(w->graph, error);
}

/* Seeds the outputs' cotangents, one behind the other, and walks. */
static tx_status pull_back(walk *w, const tx_node *outputs, int num_outputs, tx_error *error)
{
    const tx_status status = begin(w, error);
    int64_t offset = 0;
    for (int k = 0; status == TX_OK && k < num_outputs; k++) {
        const tx_shape shape = tx_node_shape(w->graph, outputs[k]);
        give(w, outputs[k], tx_graph_seed(w->graph, offset, shape));
        offset += shape.channels * tx_shape_points(&shape);
    }
    return finish(w, status, error);
}

tx_status tx_graph_differentiate(tx_graph *graph, tx_node loss, tx_error *error)
{
    walk w = {.graph = graph, .count = graph->count, .of_parameters = true};
    tx_status status = begin(&w, error);
    if (status == TX_OK) {
        tx_graph_node seed = tx_graph_node_of(&tx_op_seed, TX_NONE, TX_NONE);
        give(&w, loss, tx_graph_make(graph, &seed, 0));
    }
    status = finish(&w, status, error);
    tx_free(w.cotangent);
    return status;
}

tx_status tx_graph_pull_back(tx_graph *graph, const tx_node *outputs, int num_outputs, tx_error *error)
{
    walk w = {.graph = graph, .count = graph->count, .of_parameters = true};
    const tx_status status = pull_back(&w, outputs, num_outputs, error);
    tx_free(w.cotangent);
    return status;
}

tx_status tx_graph_pull_to_window(tx_graph *graph, bool of_parameters, tx_node *output, tx_error *error)
{
    walk w = {.graph = graph, .count = graph->count, .of_parameters = of_parameters, .of_window = true};
    const tx_shape shape = tx_node_shape(graph, *output);
    tx_status status = pull_back(&w, output, 1, error);
    if (status == TX_OK) {
        tx_node n = 0;
        while (n < w.count && !is_window(&graph->nodes[n])) {
            n++;
        }
        *output = n < w.count && w.cotangent[n] >= 0 ? w.cotangent[n] : tx_graph_zero(graph, shape);
        status = tx_graph_status(graph, error);
    }
    tx_free(w.cotangent);
    return status;
}
