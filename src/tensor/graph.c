/* Nodes, their merging, and the sticky error. */
#include "tensor/operation.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/format.h"
#include "base/memory.h"

tx_status tx_graph_create(tx_error *error, tx_graph **out)
{
    enum { SLOTS = 256 };
    tx_graph *graph;
    TX_TRY(tx_allocate(sizeof *graph, error, &graph));
    graph->slots = SLOTS;
    const tx_status status = tx_allocate_array(SLOTS, sizeof *graph->table, error, &graph->table);
    if (status) {
        tx_free(graph);
        return status;
    }
    *out = graph;
    return TX_OK;
}

void tx_graph_destroy(tx_graph *graph)
{
    if (graph) {
        tx_free(graph->nodes);
        tx_free(graph->table);
        tx_free(graph->constants);
        tx_free(graph->late);
        tx_free(graph);
    }
}

tx_status tx_graph_copy_constants(const tx_graph *graph, tx_graph *target, tx_error *error)
{
    TX_TRY(tx_reserve(graph->num_constants, sizeof *graph->constants, &target->constant_capacity, error, &target->constants));
    if (graph->num_constants) {
        memcpy(target->constants, graph->constants, graph->num_constants * sizeof *graph->constants);
    }
    target->num_constants = graph->num_constants;
    TX_TRY(tx_reserve(graph->num_late, sizeof *graph->late, &target->late_capacity, error, &target->late));
    if (graph->num_late) {
        memcpy(target->late, graph->late, graph->num_late * sizeof *graph->late);
    }
    target->num_late = graph->num_late;
    return TX_OK;
}

static tx_status grow_table(tx_graph *graph);

tx_status tx_graph_reserve(tx_graph *graph, size_t count, tx_error *error)
{
    while (graph->slots <= 2 * count && graph->error.status == TX_OK) {
        grow_table(graph);
    }
    TX_TRY(tx_graph_status(graph, error));
    return tx_reserve(count, sizeof *graph->nodes, &graph->capacity, error, &graph->nodes);
}

tx_status tx_graph_copy(const tx_graph *graph, tx_error *error, tx_graph **out)
{
    tx_graph *copy;
    TX_TRY(tx_graph_create(error, &copy));
    tx_graph_reserve(copy, 3 * (size_t)graph->count, &copy->error); /* with room for an adjoint part */
    tx_graph_copy_constants(graph, copy, &copy->error);
    for (int n = 0; n < graph->count && !copy->error.status; n++) {
        copy->context = graph->nodes[n].context;
        tx_graph_append(copy, &graph->nodes[n]); /* all nodes differ, so numbers stay */
    }
    const tx_status status = tx_graph_status(copy, error);
    if (status) {
        tx_graph_destroy(copy);
        return status;
    }
    *out = copy;
    return TX_OK;
}

tx_status tx_graph_status(const tx_graph *graph, tx_error *error)
{
    return graph->error.status ? tx_error_set(error, graph->error.status, "%s", graph->error.message) : TX_OK;
}

tx_node tx_graph_fail(tx_graph *graph, const char *format, ...)
{
    char message[TX_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    tx_format_list(message, sizeof message, format, arguments);
    va_end(arguments);
    tx_error_set(&graph->error, TX_INVALID, "%s", message);
    return TX_NONE;
}

tx_node tx_graph_stick(tx_graph *graph, const tx_error *error)
{
    tx_error_set(&graph->error, error->status, "%s", error->message);
    return TX_NONE;
}

tx_shape tx_node_shape(const tx_graph *graph, tx_node node)
{
    return node >= 0 && node < graph->count ? graph->nodes[node].shape : (tx_shape){0};
}

/* FNV-1a over whole words of operation, inputs and attributes. */
static size_t hash_node(const tx_graph_node *node)
{
    uint64_t words[offsetof(tx_graph_node, shape) / sizeof(uint64_t)], hash = 14695981039346656037u;
    memcpy(words, node, sizeof words);
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        hash = (hash ^ words[k]) * 1099511628211u;
        hash ^= hash >> 29;
    }
    return hash;
}

static bool equal_nodes(const tx_graph_node *a, const tx_graph_node *b)
{
    return a->op == b->op && !memcmp(a->input, b->input, sizeof a->input) &&
           /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c): bits are meant, as in the hash */
           !memcmp(&a->attributes, &b->attributes, sizeof a->attributes) && tx_shape_equal(&a->shape, &b->shape);
}

/* The slot of an equal node, or the free one where it would go. */
static int *find_slot(const tx_graph *graph, const tx_graph_node *node)
{
    size_t slot = hash_node(node) & (graph->slots - 1);
    while (graph->table[slot] && !equal_nodes(&graph->nodes[graph->table[slot] - 1], node)) {
        slot = (slot + 1) & (graph->slots - 1);
    }
    return &graph->table[slot];
}

static tx_status grow_table(tx_graph *graph)
{
    int *larger;
    TX_TRY(tx_allocate_array(2 * graph->slots, sizeof *larger, &graph->error, &larger));
    tx_free(graph->table);
    graph->table = larger;
    graph->slots *= 2;
    for (int n = 0; n < graph->count; n++) {
        if (!tx_has_trait(&graph->nodes[n], TX_OP_EFFECT)) {
            *find_slot(graph, &graph->nodes[n]) = n + 1;
        }
    }
    return TX_OK;
}

/* Far more than any training takes, and few enough to find out within seconds. */
enum { MAX_NODES = 1 << 20 };

/* What follows from a shape that passes can be computed without overflow. */
static bool is_countable(tx_graph *graph, const tx_shape *shape)
{
    double numbers = (double)shape->channels;
    for (int d = 0; d < shape->axes; d++) {
        numbers *= (double)shape->n[d];
    }
    if (numbers > (double)TX_MOST_NUMBERS) {
        tx_graph_fail(graph, "a value of %.3g numbers for each sample: no machine holds that", numbers);
    }
    return graph->error.status == TX_OK;
}

tx_node tx_graph_append(tx_graph *graph, const tx_graph_node *node)
{
    if (graph->count == MAX_NODES) {
        return tx_graph_fail(graph, "does not fit: layers times rollout steps come to more than %d operations", MAX_NODES);
    }
    if (graph->error.status || !is_countable(graph, &node->shape) ||
        tx_reserve((size_t)graph->count + 1, sizeof *graph->nodes, &graph->capacity, &graph->error, &graph->nodes) ||
        (2 * (size_t)graph->count >= graph->slots && grow_table(graph))) {
        return TX_NONE;
    }
    if (!tx_has_trait(node, TX_OP_EFFECT)) {
        int *slot = find_slot(graph, node);
        if (*slot) {
            return *slot - 1;
        }
        *slot = graph->count + 1;
    }
    graph->nodes[graph->count] = *node;
    graph->nodes[graph->count].context = graph->context;
    return graph->count++;
}

tx_node tx_graph_repeat(tx_graph *graph, const tx_graph_node *node)
{
    if (graph->error.status ||
        tx_reserve((size_t)graph->count + 1, sizeof *graph->nodes, &graph->capacity, &graph->error, &graph->nodes)) {
        return TX_NONE;
    }
    graph->nodes[graph->count] = *node;
    return graph->count++;
}

tx_graph_node tx_graph_node_of(const tx_operation *op, tx_node a, tx_node b)
{
    tx_graph_node node;
    memset(&node, 0, sizeof node); /* padding bytes too: nodes are compared bytewise */
    node.op = op;
    node.input[0] = a;
    node.input[1] = b;
    for (int k = 2; k < TX_MAX_INPUTS; k++) {
        node.input[k] = TX_NONE;
    }
    return node;
}

tx_node tx_graph_make(tx_graph *graph, tx_graph_node *node, int needed)
{
    for (int k = 0; k < needed; k++) {
        if (node->input[k] < 0) {
            return tx_graph_fail(graph, "an operand of the tensor graph is missing");
        }
    }
    const bool fits = !graph->error.status && (!node->op->shape || node->op->shape(graph, node));
    return fits ? tx_graph_append(graph, node) : TX_NONE;
}

void tx_graph_add_effect(tx_graph *graph, tx_graph_node *effect, tx_node parameter)
{
    effect->attributes.offset = tx_graph_at(graph, parameter)->attributes.offset;
    effect->attributes.size = tx_graph_at(graph, parameter)->attributes.size;
    tx_graph_append(graph, effect);
}

bool tx_graph_has_numbers(const tx_graph *graph, tx_node node, int64_t size)
{
    return node >= 0 && tx_has_trait(tx_graph_at(graph, node), TX_OP_FLAT) && tx_graph_at(graph, node)->attributes.size == size;
}

bool tx_shape_as_first(tx_graph *graph, tx_graph_node *node)
{
    node->shape = tx_node_shape(graph, node->input[0]);
    return true;
}

bool tx_shape_lane(tx_graph *graph, tx_graph_node *node)
{
    (void)graph;
    node->shape = tx_lane_shape;
    return true;
}

bool tx_shape_as_both(tx_graph *graph, tx_graph_node *node)
{
    const tx_shape a = tx_node_shape(graph, node->input[0]), b = tx_node_shape(graph, node->input[1]);
    if (!tx_shape_equal(&a, &b)) {
        tx_graph_fail(graph, "two tensors of different shapes (%ld and %ld channels, %d and %d axes) are combined",
                      (long)a.channels, (long)b.channels, a.axes, b.axes);
    }
    node->shape = a;
    return !graph->error.status;
}

bool tx_shape_lane_of_both(tx_graph *graph, tx_graph_node *node)
{
    return tx_shape_as_both(graph, node) && tx_shape_lane(graph, node);
}

void tx_next_step(tx_graph *graph)
{
    graph->context.step++;
}

const char *tx_enter_part(tx_graph *graph, const char *part)
{
    const char *before = graph->context.part;
    graph->context.part = part;
    return before;
}

/* Moves the live nodes down. */
static void compact(tx_graph *graph, const char *live, tx_node *place, int *origin)
{
    int count = 0;
    for (int n = 0; n < graph->count; n++) {
        if (live[n]) {
            tx_graph_node node = graph->nodes[n];
            for (int k = 0; k < TX_MAX_INPUTS; k++) {
                node.input[k] = node.input[k] < 0 ? TX_NONE : place[node.input[k]];
            }
            if (origin) {
                origin[count] = origin[n];
            }
            place[n] = count;
            graph->nodes[count++] = node;
        }
    }
    graph->count = count;
}

void tx_graph_mark_live(const tx_graph *graph, const tx_node *outputs, int num_outputs, char *live)
{
    for (int k = 0; k < num_outputs; k++) {
        if (outputs[k] >= 0) {
            live[outputs[k]] = 1;
        }
    }
    for (int n = graph->count - 1; n >= 0; n--) {
        live[n] |= tx_has_trait(&graph->nodes[n], TX_OP_EFFECT);
        for (int k = 0; live[n] && k < TX_MAX_INPUTS; k++) {
            if (graph->nodes[n].input[k] >= 0) {
                live[graph->nodes[n].input[k]] = 1;
            }
        }
    }
}

tx_status tx_graph_drop_dead(tx_graph *graph, tx_node *outputs, int num_outputs, int *origin, tx_error *error)
{
    const size_t count = (size_t)graph->count;
    char *live;
    tx_node *place;
    TX_TRY(tx_allocate_array(count, 1, error, &live));
    const tx_status status = tx_allocate_array(count, sizeof *place, error, &place);
    if (status) {
        tx_free(live);
        return status;
    }
    tx_graph_mark_live(graph, outputs, num_outputs, live);
    compact(graph, live, place, origin);
    for (int k = 0; k < num_outputs; k++) {
        outputs[k] = outputs[k] < 0 ? TX_NONE : place[outputs[k]];
    }
    tx_free(place);
    tx_free(live);
    return TX_OK;
}
