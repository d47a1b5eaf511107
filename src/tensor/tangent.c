/* Forward mode as graph to graph: the tangent of every node that depends on what is moved, from those of its inputs. */
#include "base/memory.h"
#include "tensor/operation.h"

typedef struct push {
    tx_graph *graph;
    bool windows; /* do they have tangents, too? */
    tx_node *tangent;
} push;

static bool is_moved(const push *p, const tx_graph_node *node)
{
    const bool window = node->op == &tx_op_load && node->attributes.source == TX_SOURCE_WINDOW;
    return node->op == &tx_op_parameter || (p->windows && window);
}

static void visit(push *p, tx_node n)
{
    const tx_graph_node node = p->graph->nodes[n]; /* a copy: appending moves the array */
    tx_node tangent[TX_MAX_INPUTS];
    bool any = is_moved(p, &node);
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        tangent[k] = node.input[k] < 0 ? TX_NONE : p->tangent[node.input[k]];
        any |= tangent[k] >= 0;
    }
    if (!any || tx_has_trait(&node, TX_OP_CUT)) {
        return;
    }
    p->graph->context = node.context;
    if (node.op->jvp) {
        p->tangent[n] = node.op->jvp(p->graph, &node, n, tangent);
    } else {
        tx_graph_fail(p->graph, "%s has no tangents", node.op->name);
    }
}

tx_status tx_graph_push_forward(tx_graph *graph, bool windows, const tx_node *outputs, int num_outputs, tx_error *error,
                                tx_node *tangents)
{
    push p = {.graph = graph, .windows = windows};
    const int count = graph->count;
    TX_TRY(tx_allocate_array((size_t)count, sizeof *p.tangent, error, &p.tangent));
    for (tx_node n = 0; n < count; n++) {
        p.tangent[n] = TX_NONE;
    }
    for (tx_node n = 0; n < count && !graph->error.status; n++) {
        visit(&p, n);
    }
    for (int k = 0; k < num_outputs; k++) {
        const tx_node tangent = p.tangent[outputs[k]];
        tangents[k] = tangent >= 0 ? tangent : tx_graph_zero(graph, tx_node_shape(graph, outputs[k]));
    }
    tx_free(p.tangent);
    return tx_graph_status(graph, error);
}
