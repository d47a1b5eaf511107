/* Reverse mode as graph to graph: walks the nodes backwards and appends, for each, the cotangents of its inputs.
 *
 * Only nodes that depend on a parameter through no stop_gradient are visited. Cotangents of a value with several readers
 * are added in the order in which the backward walk meets them (latest reader first), so that none has to be kept for
 * long. Parameters collect theirs in the flat gradient, by effects. */
#include <string.h>

#include "base/memory.h"
#include "tensor/graph.h"

typedef struct walk {
    tx_graph *graph;
    char *active;       /* depends on a parameter */
    tx_node *cotangent; /* of each node so far, or TX_NONE */
} walk;

static tx_graph_node make(const walk *w, tx_op op, tx_node like, tx_node a, tx_node b)
{
    tx_graph_node node;
    memset(&node, 0, sizeof node);
    node.op = op;
    node.shape = tx_node_shape(w->graph, like);
    node.input[0] = a;
    node.input[1] = b;
    node.input[2] = node.input[3] = node.input[4] = TX_NONE;
    return node;
}

/* Adds `value` to the cotangent of `node`. */
static void give(walk *w, tx_node node, tx_node value)
{
    if (node >= 0 && value >= 0 && w->active[node]) {
        w->cotangent[node] = w->cotangent[node] < 0 ? value : tx_add(w->graph, w->cotangent[node], value);
    }
}

static bool wants(const walk *w, tx_node node) { return node >= 0 && w->active[node]; }

/* alpha * (lane scalar s) * x, in the shape of x. */
static tx_node lane_scaled(walk *w, double alpha, tx_node s, tx_node x)
{
    tx_graph_node node = make(w, TX_OP_LANE_SCALE, x, x, s);
    node.attributes.alpha = alpha;
    return tx_graph_append(w->graph, &node);
}

static tx_node dot(walk *w, double alpha, tx_node x, tx_node z)
{
    tx_graph_node node = make(w, TX_OP_DOT, x, x, z);
    node.shape = (tx_shape){.channels = 1};
    node.attributes.alpha = alpha;
    return tx_graph_append(w->graph, &node);
}

static void derive_nothing(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)w, (void)node, (void)y, (void)dy;
}

static void derive_pad(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    tx_graph_node fold = make(w, TX_OP_FOLD, node->input[0], dy, TX_NONE);
    fold.attributes = node->attributes;
    give(w, node->input[0], tx_graph_append(w->graph, &fold));
}

/* Adds into the gradient of `parameter`, unless there is none or it is constant. */
static void append_effect(walk *w, tx_graph_node *effect, tx_node parameter)
{
    if (wants(w, parameter)) {
        effect->attributes.offset = tx_graph_at(w->graph, parameter)->attributes.offset;
        effect->attributes.size = tx_graph_at(w->graph, parameter)->attributes.size;
        tx_graph_append(w->graph, effect);
    }
}

/* d weights, d bias, then d x: the convolution's adjoint, over dy padded with zeros as far as the kernel reaches. */
static void derive_conv(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    const tx_node x = node->input[0], weight = node->input[1], bias = node->input[2];
    tx_graph_node effect = make(w, TX_OP_CONV_WEIGHTS, dy, x, dy);
    effect.attributes = node->attributes;
    append_effect(w, &effect, weight);
    effect = make(w, TX_OP_BIAS_GRADIENT, dy, dy, TX_NONE);
    append_effect(w, &effect, bias);
    if (wants(w, x)) {
        give(w, x, tx_convolution_adjoint(w->graph, node, dy));
    }
}

static void derive_activate(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    const tx_node saved = tx_activation_rows[node->attributes.mode].from_output ? y : node->input[0];
    tx_graph_node gradient = make(w, TX_OP_ACTIVATE_GRADIENT, y, dy, saved);
    gradient.attributes.mode = node->attributes.mode;
    give(w, node->input[0], tx_graph_append(w->graph, &gradient));
}

static void derive_add(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    give(w, node->input[0], tx_scale(w->graph, dy, node->attributes.alpha));
    give(w, node->input[1], tx_scale(w->graph, dy, node->attributes.beta));
}

static void derive_scale(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    give(w, node->input[0], tx_scale(w->graph, dy, node->attributes.alpha));
}

static void derive_multiply(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    for (int k = 0; k < 2; k++) {
        if (wants(w, node->input[k])) {
            give(w, node->input[k], tx_multiply(w->graph, dy, node->input[1 - k]));
        }
    }
}

static void derive_power(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    tx_graph_node gradient = make(w, TX_OP_POWER_GRADIENT, y, dy, node->input[0]);
    gradient.attributes.alpha = node->attributes.alpha;
    give(w, node->input[0], tx_graph_append(w->graph, &gradient));
}

static void derive_lane_scale(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    if (wants(w, node->input[0])) {
        give(w, node->input[0], lane_scaled(w, node->attributes.alpha, node->input[1], dy));
    }
    if (wants(w, node->input[1])) {
        give(w, node->input[1], dot(w, node->attributes.alpha, dy, node->input[0]));
    }
}

static void derive_broadcast(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    give(w, node->input[0], tx_scale(w->graph, tx_sum(w->graph, dy), node->attributes.alpha));
}

static void derive_sum(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    tx_graph_node broadcast = make(w, TX_OP_BROADCAST, node->input[0], dy, TX_NONE);
    broadcast.attributes.alpha = node->attributes.alpha;
    give(w, node->input[0], tx_graph_append(w->graph, &broadcast));
}

static void derive_dot(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    const bool square = node->input[0] == node->input[1];
    for (int k = 0; k < (square ? 1 : 2); k++) {
        if (wants(w, node->input[k])) {
            give(w, node->input[k], lane_scaled(w, (square ? 2 : 1) * node->attributes.alpha, dy, node->input[1 - k]));
        }
    }
}

static void derive_square_error(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    for (int k = 0; k < 2; k++) {
        if (wants(w, node->input[k])) {
            tx_graph_node gradient = make(w, TX_OP_SQUARE_ERROR_GRADIENT, node->input[k], node->input[k], node->input[1 - k]);
            gradient.input[2] = dy;
            gradient.attributes.alpha = 2 * node->attributes.alpha;
            give(w, node->input[k], tx_graph_append(w->graph, &gradient));
        }
    }
}

static void derive_flatten(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    give(w, node->input[0], tx_unflatten(w->graph, dy, tx_node_shape(w->graph, node->input[0])));
}

static void derive_unflatten(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    give(w, node->input[0], tx_flatten(w->graph, dy));
}

static void derive_call(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    tx_graph_node vjp = make(w, TX_OP_CALL_VJP, node->input[0], node->input[0], dy);
    vjp.attributes.function = node->attributes.function;
    give(w, node->input[0], tx_graph_append(w->graph, &vjp));
}

static void derive_concatenate(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    int64_t first = 0;
    for (int k = 0; k < 2; k++) {
        const int64_t count = tx_node_shape(w->graph, node->input[k]).channels;
        if (wants(w, node->input[k])) {
            give(w, node->input[k], tx_channels(w->graph, dy, first, count));
        }
        first += count;
    }
}

static void derive_group_norm(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    give(w, node->input[0], tx_group_norm_derive(w->graph, node, dy, wants(w, node->input[0])));
}

static void derive_spectral(walk *w, const tx_graph_node *node, tx_node y, tx_node dy)
{
    (void)y;
    for (int part = 0; part < 2 && node->op == TX_OP_SPECTRAL_MULTIPLY; part++) {
        tx_graph_node effect = tx_spectral_weights(node, dy, part);
        append_effect(w, &effect, node->input[1 + part]);
    }
    if (wants(w, node->input[0])) {
        give(w, node->input[0], tx_spectral_derive(w->graph, node, dy));
    }
}

/* The operations that a builder can append; the others stand only in derived parts. */
static void (*const derive[TX_OP_COUNT])(walk *, const tx_graph_node *, tx_node, tx_node) = {
    [TX_OP_WINDOW] = derive_nothing,
    [TX_OP_PARAMETER] = derive_nothing,
    [TX_OP_CONSTANT] = derive_nothing,
    [TX_OP_BATCH_SIZE] = derive_nothing,
    [TX_OP_STOP] = derive_nothing,
    [TX_OP_PAD] = derive_pad,
    [TX_OP_CONV] = derive_conv,
    [TX_OP_ACTIVATE] = derive_activate,
    [TX_OP_ADD] = derive_add,
    [TX_OP_SCALE] = derive_scale,
    [TX_OP_MULTIPLY] = derive_multiply,
    [TX_OP_POWER] = derive_power,
    [TX_OP_LANE_SCALE] = derive_lane_scale,
    [TX_OP_BROADCAST] = derive_broadcast,
    [TX_OP_SUM] = derive_sum,
    [TX_OP_DOT] = derive_dot,
    [TX_OP_SQUARE_ERROR] = derive_square_error,
    [TX_OP_FLATTEN] = derive_flatten,
    [TX_OP_UNFLATTEN] = derive_unflatten,
    [TX_OP_CALL] = derive_call,
    [TX_OP_CONCATENATE] = derive_concatenate,
    [TX_OP_SPECTRAL_ANALYSE] = derive_spectral,
    [TX_OP_SPECTRAL_SYNTHESISE] = derive_spectral,
    [TX_OP_SPECTRAL_MULTIPLY] = derive_spectral,
    [TX_OP_GROUP_STATISTICS] = derive_nothing, /* the norm's adjoint accounts for them */
    [TX_OP_GROUP_NORM] = derive_group_norm,
};

/* active[n]: does node n depend on a parameter, other than through stop_gradient? */
static void mark_active(const tx_graph *graph, char *active)
{
    for (int n = 0; n < graph->count; n++) {
        const tx_graph_node *node = &graph->nodes[n];
        active[n] = node->op == TX_OP_PARAMETER;
        for (int k = 0; k < TX_MAX_INPUTS && node->op != TX_OP_STOP; k++) {
            active[n] |= (char)(node->input[k] >= 0 && active[node->input[k]]);
        }
    }
}

tx_status tx_graph_differentiate(tx_graph *graph, tx_node loss, tx_error *error)
{
    const int count = graph->count; /* of the forward part */
    walk w = {.graph = graph};
    TX_TRY(tx_allocate_array((size_t)count, 1, error, &w.active));
    const tx_status status = tx_allocate_array((size_t)count, sizeof *w.cotangent, error, &w.cotangent);
    if (status) {
        tx_free(w.active);
        return status;
    }
    mark_active(graph, w.active);
    for (int n = 0; n < count; n++) {
        w.cotangent[n] = TX_NONE;
    }
    tx_graph_node seed = make(&w, TX_OP_SEED, loss, TX_NONE, TX_NONE);
    give(&w, loss, tx_graph_append(graph, &seed));
    for (int n = loss; n >= 0; n--) {
        if (w.cotangent[n] >= 0 && w.active[n]) {
            const tx_graph_node node = graph->nodes[n]; /* a copy: appending moves the array */
            graph->context = node.context;
            derive[node.op](&w, &node, n, w.cotangent[n]);
        }
    }
    tx_free(w.active);
    tx_free(w.cotangent);
    return tx_graph_status(graph, error);
}
