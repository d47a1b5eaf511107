/* Rewrites a graph so that neighbouring nodes which one kernel computes at once become one node.
 *
 * The graph is rebuilt in order: every live node, its inputs already rewritten, is offered to the rule of its operation,
 * which appends something better or nothing. A rule may absorb an input only where nobody else reads it. */
#include <string.h>

#include "base/memory.h"
#include "tensor/graph.h"

typedef struct fuser {
    const tx_graph *old;
    tx_graph *graph; /* the new one */
    tx_node *map;    /* old node -> new node */
    int *readers;    /* of old nodes, outputs included */
} fuser;

void tx_graph_mark_live(const tx_graph *graph, const tx_node *outputs, int num_outputs, char *live)
{
    for (int k = 0; k < num_outputs; k++) {
        if (outputs[k] >= 0) {
            live[outputs[k]] = 1;
        }
    }
    for (int n = graph->count - 1; n >= 0; n--) {
        live[n] |= tx_op_is_effect(graph->nodes[n].op);
        for (int k = 0; live[n] && k < TX_MAX_INPUTS; k++) {
            if (graph->nodes[n].input[k] >= 0) {
                live[graph->nodes[n].input[k]] = 1;
            }
        }
    }
}

/* Is old node `n` read once only, and is its rewritten form a `op`? Then *out is that form. */
static bool sole(const fuser *f, tx_node n, tx_op op, tx_graph_node *out)
{
    if (n < 0 || f->readers[n] != 1 || f->graph->nodes[f->map[n]].op != op) {
        return false;
    }
    *out = f->graph->nodes[f->map[n]];
    return true;
}

static tx_node rule_conv(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)old;
    return tx_is_strided(&node->attributes.convolution) ? tx_convolution_to_phases(f->graph, node) : TX_NONE;
}
static tx_node rule_conv_weights(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)old;
    return tx_is_strided(&node->attributes.convolution) ? tx_convolution_weights_to_phases(f->graph, node) : TX_NONE;
}

static tx_node rule_stop(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)f, (void)old;
    return node->input[0];
}

/* A factor goes into the node below it. */
static tx_node rule_scale(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    static const tx_op scalable[] = {TX_OP_SQUARE_ERROR, TX_OP_DOT, TX_OP_SUM, TX_OP_LANE_SCALE, TX_OP_BROADCAST, TX_OP_SCALE};
    tx_graph_node below;
    for (size_t k = 0; k < sizeof scalable / sizeof *scalable; k++) {
        if (sole(f, old->input[0], scalable[k], &below)) {
            below.attributes.alpha *= node->attributes.alpha;
            return tx_graph_append(f->graph, &below);
        }
    }
    return TX_NONE;
}

/* A scaled lane scalar: its factor goes into alpha of the node that reads it as input `which`. */
static tx_node scale_of_lane(fuser *f, const tx_graph_node *node, int which)
{
    const tx_graph_node *lane = tx_graph_at(f->graph, node->input[which]);
    if (lane->op != TX_OP_SCALE) {
        return TX_NONE;
    }
    tx_graph_node merged = *node;
    merged.attributes.alpha *= lane->attributes.alpha;
    merged.input[which] = lane->input[0];
    return tx_graph_append(f->graph, &merged);
}
static tx_node rule_lane_scale(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)old;
    return scale_of_lane(f, node, 1);
}
static tx_node rule_square_error_gradient(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    (void)old;
    return scale_of_lane(f, node, 2);
}

/* A summand laid out as the result goes into a convolution that nobody else reads. */
static tx_node add_to_conv(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    for (int k = 0; k < 2; k++) {
        tx_graph_node conv;
        const tx_op other = tx_graph_at(f->graph, node->input[1 - k])->op;
        if (sole(f, old->input[k], TX_OP_CONV, &conv) && !conv.attributes.activation && conv.input[3] < 0 && conv.input[4] < 0 &&
            !tx_is_strided(&conv.attributes.convolution) && other != TX_OP_CHANNELS && other != TX_OP_PAD) {
            conv.input[4] = node->input[1 - k];
            return tx_graph_append(f->graph, &conv);
        }
    }
    return TX_NONE;
}

static tx_node rule_add(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    if (node->attributes.alpha != 1 || node->attributes.beta != 1) {
        return TX_NONE;
    }
    for (int k = 0; k < 2; k++) {
        tx_graph_node gradient, norm;
        const bool whole = tx_graph_at(f->graph, node->input[1 - k])->op != TX_OP_CHANNELS; /* laid out as the result */
        const bool sole_norm = sole(f, old->input[k], TX_OP_GROUP_NORM, &norm) || sole(f, old->input[k], TX_OP_GROUP_NORM_GRADIENT, &norm);
        if (sole_norm && norm.input[4] < 0 && norm.attributes.mode == TX_IDENTITY) {
            norm.input[4] = node->input[1 - k];
            return tx_graph_append(f->graph, &norm);
        }
        if (sole(f, old->input[k], TX_OP_SQUARE_ERROR_GRADIENT, &gradient) && gradient.input[3] < 0 && whole) {
            gradient.input[3] = node->input[1 - k];
            return tx_graph_append(f->graph, &gradient);
        }
    }
    return add_to_conv(f, node, old);
}

static tx_node rule_activate(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    tx_graph_node conv, norm;
    if (sole(f, old->input[0], TX_OP_GROUP_NORM, &norm) && norm.attributes.mode == TX_IDENTITY) {
        norm.attributes.mode = node->attributes.mode;
        return tx_graph_append(f->graph, &norm);
    }
    if (!sole(f, old->input[0], TX_OP_CONV, &conv) || conv.attributes.activation || conv.attributes.flip) {
        return TX_NONE;
    }
    conv.attributes.activation = node->attributes.mode;
    return tx_graph_append(f->graph, &conv);
}

static tx_node rule_activate_gradient(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    tx_graph_node conv, norm;
    if (node->attributes.mode == TX_RELU && sole(f, old->input[0], TX_OP_GROUP_NORM_GRADIENT, &norm) &&
        norm.attributes.mode == TX_IDENTITY && norm.input[1] == node->input[1]) { /* what is normalised is what was activated */
        norm.attributes.mode = TX_RELU;
        return tx_graph_append(f->graph, &norm);
    }
    if (node->attributes.mode != TX_RELU || !sole(f, old->input[0], TX_OP_CONV, &conv) || !conv.attributes.flip || conv.input[3] >= 0) {
        return TX_NONE;
    }
    conv.input[3] = node->input[1];
    return tx_graph_append(f->graph, &conv);
}

/* fold(mode) of a transposed convolution over zero-padded dy. For zeros, only the interior is wanted: dy needs less
 * padding. For circular padding that kept the size, the fold is a circular padding of dy. */
static tx_node rule_fold(fuser *f, const tx_graph_node *node, const tx_graph_node *old)
{
    const bool circular = node->attributes.mode == TX_PAD_CIRCULAR;
    tx_graph_node conv;
    if ((node->attributes.mode != TX_PAD_ZEROS && !circular) || !sole(f, old->input[0], TX_OP_CONV, &conv) || !conv.attributes.flip ||
        conv.input[3] >= 0 || conv.input[4] >= 0 || tx_is_strided(&conv.attributes.convolution)) {
        return TX_NONE;
    }
    const tx_graph_node *pad = tx_graph_at(f->graph, conv.input[0]);
    const bool padded = pad->op == TX_OP_PAD; /* else every kernel extent is 1 */
    const tx_attributes *a = &node->attributes;
    int64_t low[TX_MAX_AXES] = {0}, high[TX_MAX_AXES] = {0};
    for (int d = 0; d < node->shape.axes; d++) {
        const int64_t reach = padded ? pad->attributes.low[d] : 0;
        low[d] = reach - a->low[d];
        high[d] = reach - a->high[d];
        if (low[d] < 0 || high[d] < 0 || (circular && a->low[d] + a->high[d] != reach)) {
            return TX_NONE;
        }
    }
    conv.input[0] = tx_pad(f->graph, padded ? pad->input[0] : conv.input[0], (tx_padding_mode)node->attributes.mode, low, high);
    conv.shape = node->shape;
    return tx_graph_append(f->graph, &conv);
}

static tx_node (*const rules[TX_OP_COUNT])(fuser *, const tx_graph_node *, const tx_graph_node *) = {
    [TX_OP_CONV] = rule_conv,
    [TX_OP_CONV_WEIGHTS] = rule_conv_weights,
    [TX_OP_STOP] = rule_stop,
    [TX_OP_SCALE] = rule_scale,
    [TX_OP_LANE_SCALE] = rule_lane_scale,
    [TX_OP_SQUARE_ERROR_GRADIENT] = rule_square_error_gradient,
    [TX_OP_ADD] = rule_add,
    [TX_OP_ACTIVATE] = rule_activate,
    [TX_OP_ACTIVATE_GRADIENT] = rule_activate_gradient,
    [TX_OP_FOLD] = rule_fold,
};

static void rewrite(fuser *f, tx_node n)
{
    const tx_graph_node *old = &f->old->nodes[n];
    tx_graph_node node = *old;
    f->graph->context = old->context;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        node.input[k] = old->input[k] < 0 ? TX_NONE : f->map[old->input[k]];
    }
    tx_node better = TX_NONE;
    if (rules[node.op]) {
        better = rules[node.op](f, &node, old);
    }
    f->map[n] = better >= 0 ? better : tx_graph_append(f->graph, &node);
}

static void count_readers(fuser *f, const char *live, const tx_node *outputs, int num_outputs)
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
    fuser f = {.old = graph};
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
