/* Rewrites a graph so that neighbouring nodes which one kernel computes at once become one node.
 *
 * The graph is rebuilt in order: every live node, its inputs already rewritten, is offered to the `fuse` of its operation,
 * which appends something better or nothing. A rule may absorb an input only where nobody else reads it. */
#include <string.h>

#include "base/memory.h"
#include "tensor/operation.h"

struct tx_fuser {
    const tx_graph *old;
    tx_graph *graph; /* the new one */
    tx_node *map;    /* old node -> new node */
    int *readers;    /* of old nodes, outputs included */
};

bool tx_fuser_sole(const tx_fuser *f, tx_node n, const tx_operation *op, tx_graph_node *out)
{
    if (n < 0 || f->readers[n] != 1 || (op && f->graph->nodes[f->map[n]].op != op)) {
        return false;
    }
    *out = f->graph->nodes[f->map[n]];
    return true;
}

tx_graph *tx_fuser_graph(const tx_fuser *f)
{
    return f->graph;
}

static void rewrite(tx_fuser *f, tx_node n)
{
    const tx_graph_node *old = &f->old->nodes[n];
    tx_graph_node node = *old;
    f->graph->context = old->context;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        node.input[k] = old->input[k] < 0 ? TX_NONE : f->map[old->input[k]];
    }
    tx_node better = TX_NONE;
    if (node.op->fuse) {
        better = node.op->fuse(f, &node, old);
    }
    f->map[n] = better >= 0 ? better : tx_graph_append(f->graph, &node);
}

static void count_readers(tx_fuser *f, const char *live, const tx_node *outputs, int num_outputs)
{
    for (int n = 0; n < f->old->count; n++) {
        for (int k = 0; live[n] && k < TX_MAX_INPUTS; k++) {
            if (f->old->nodes[n].input[k] >= 0) {
                f->readers[f->old->nodes[n].input[k]]++;
            }
        }
    }
    for (int k = 0; k < num_outputs; k++) {
        if (outputs[k] >= 0) {
            f->readers[outputs[k]]++;
        }
    }
}

/* Every live node once more. */
static tx_status rebuild(const tx_graph *graph, tx_node *outputs, int num_outputs, tx_error *error, tx_graph **out)
{
    const size_t count = (size_t)graph->count;
    tx_fuser f = {.old = graph};
    char *live = NULL;
    tx_status status;
    if ((status = tx_allocate_array(count, 1, error, &live)) || (status = tx_allocate_array(count, sizeof *f.map, error, &f.map)) ||
        (status = tx_allocate_array(count, sizeof *f.readers, error, &f.readers)) || (status = tx_graph_create(error, &f.graph)) ||
        (status = tx_graph_reserve(f.graph, count, error)) || (status = tx_graph_copy_constants(graph, f.graph, error))) {
        goto done;
    }
    tx_graph_mark_live(graph, outputs, num_outputs, live);
    count_readers(&f, live, outputs, num_outputs);
    for (int n = 0; n < graph->count && !f.graph->error.status; n++) {
        if (live[n]) {
            rewrite(&f, n);
        }
    }
    if ((status = tx_graph_status(f.graph, error)) == TX_OK) {
        for (int k = 0; k < num_outputs; k++) {
            outputs[k] = outputs[k] < 0 ? TX_NONE : f.map[outputs[k]];
        }
        *out = f.graph;
        f.graph = NULL;
    }
done:
    tx_graph_destroy(f.graph);
    tx_free(f.readers);
    tx_free(f.map);
    tx_free(live);
    return status;
}

tx_status tx_graph_fuse(const tx_graph *graph, tx_node *outputs, int num_outputs, tx_error *error, tx_graph **out)
{
    tx_graph *fused;
    TX_TRY(rebuild(graph, outputs, num_outputs, error, &fused));
    const tx_status status = tx_graph_drop_dead(fused, outputs, num_outputs, NULL, error); /* what was absorbed */
    if (status) {
        tx_graph_destroy(fused);
        return status;
    }
    *out = fused;
    return TX_OK;
}
