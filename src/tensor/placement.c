/* Of a fused graph: who owns which buffer, how it is laid out, and when it lives.
 *
 * Most nodes own one buffer. A pad is a view: it becomes the halo of what it pads, filled by an instruction after the producer; a
 * value padded in a second mode gets a padded copy. A fold works in place: the adjoint convolution writes the extended
 * rows into the buffer of the fold, whose halo cells are then added to their sources. Elementwise results take the place
 * of an operand that dies. */
#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/planner.h"

static bool has_buffer(const tx_graph_node *node)
{
    return !(node->op->traits & (TX_OP_FLAT | TX_OP_GIVEN | TX_OP_EFFECT));
}

/* ---- 1: owners, halo widths and modes ---- */

static void widen(tx_value *v, const int64_t *low, const int64_t *high)
{
    for (int d = 0; d < TX_MAX_AXES; d++) {
        v->low[d] = low[d] > v->low[d] ? low[d] : v->low[d];
        v->high[d] = high[d] > v->high[d] ? high[d] : v->high[d];
    }
}

static void place_pad(tx_planner *p, tx_node n)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    tx_value *v = &p->values[n], *x = &p->values[node->input[0]];
    if (x->owner == node->input[0] && !x->copied && (x->mode < 0 || x->mode == (int)node->attributes.padding)) {
        x->mode = (int)node->attributes.padding;
        widen(x, node->attributes.low, node->attributes.high);
        v->owner = x->owner;
    } else {
        v->copied = true;
        v->base = tx_planner_node(p, node->input[0])->shape;
        v->mode = (int)node->attributes.padding;
        widen(v, node->attributes.low, node->attributes.high);
    }
}

static void place_fold(tx_planner *p, tx_node n)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    tx_value *v = &p->values[n], *x = &p->values[node->input[0]];
    widen(v, node->attributes.low, node->attributes.high);
    const tx_graph_node *below = tx_planner_node(p, node->input[0]);
    if (x->owner == node->input[0] && p->readers[node->input[0]] == 1 && tx_has_trait(below, TX_OP_WIDE) && below->input[3] < 0 &&
        below->input[4] < 0) {
        x->owner = n;
    } else {
        v->copied = true;
    }
}

/* A copied fold is no view for its readers: only pads are. */
static void place_values(tx_planner *p)
{
    for (int n = 0; n < p->graph->count; n++) {
        const tx_graph_node *node = tx_planner_node(p, n);
        p->values[n] =
            (tx_value){.owner = has_buffer(node) ? n : TX_NONE, .base = node->shape, .mode = -1, .last = -1, .offset = -1};
        if (node->op == &tx_op_pad) {
            place_pad(p, n);
        } else if (node->op == &tx_op_fold) {
            place_fold(p, n);
        } else if (node->op == &tx_op_channels) {
            p->values[n].owner = p->values[node->input[0]].owner;
        }
    }
}

/* Kernels want some operands laid out exactly as their result: the masks and the summands of these. */
static bool level_widths(tx_planner *p)
{
    bool changed = false;
    for (int n = 0; n < p->graph->count; n++) {
        const tx_graph_node *node = tx_planner_node(p, n);
        for (int k = 0; node->op->alike >> k; k++) {
            if (!(node->op->alike >> k & 1) || node->input[k] < 0) {
                continue;
            }
            tx_value *y = &p->values[p->values[n].owner], *m = &p->values[p->values[node->input[k]].owner];
            const tx_value before[2] = {*y, *m};
            widen(y, m->low, m->high);
            widen(m, y->low, y->high);
            changed |= memcmp(before[0].low, y->low, 2 * sizeof y->low) || memcmp(before[1].low, m->low, 2 * sizeof m->low);
        }
    }
    return changed;
}

/* ---- 2: layouts ---- */

/* A block of a value, with its halo, and all of the arena: what machines may hold, and sums of it do not overflow. */
static const double most_bytes = 0x1p50;

static tx_status check_bytes(const tx_planner *p, double bytes)
{
    return bytes <= most_bytes
               ? TX_OK
               : tx_error_set(p->error, TX_INVALID, "activations of %.3g bytes for a block of %d samples: no machine holds that",
                              bytes, p->plan->options.block);
}

static tx_status check_value(const tx_planner *p, const tx_value *value)
{
    double bytes = (double)value->base.channels * p->plan->options.block * (double)tx_planner_real(p);
    for (int d = 0; d < value->base.axes; d++) {
        bytes *= (double)value->low[d] + (double)value->base.n[d] + (double)value->high[d];
    }
    return check_bytes(p, bytes);
}

static tx_status make_layouts(tx_planner *p)
{
    for (int n = 0; n < p->graph->count; n++) {
        const tx_graph_node *node = tx_planner_node(p, n);
        if (p->values[n].owner < 0 && !tx_has_trait(node, TX_OP_GIVEN)) {
            continue;
        }
        const tx_value *owner = &p->values[tx_has_trait(node, TX_OP_GIVEN) ? n : p->values[n].owner];
        TX_TRY(check_value(p, owner));
        const tx_layout whole = tx_layout_make(tx_planner_real(p), owner->base, p->plan->options.block, owner->low, owner->high);
        tx_layout layout = whole;
        if (node->op == &tx_op_channels) {
            layout = tx_layout_channels(p->values[node->input[0]].layout, node->attributes.channel, node->shape.channels);
        } else if (node->op == &tx_op_pad) {
            layout = tx_layout_view(&whole, node->attributes.low, node->attributes.high);
        } else if (owner != &p->values[n]) { /* the input of a fold */
            const tx_attributes *fold = &tx_planner_node(p, p->values[n].owner)->attributes;
            layout = tx_layout_view(&whole, fold->low, fold->high);
        }
        TX_TRY(tx_planner_intern(p, &layout, &p->values[n].layout));
    }
    return TX_OK;
}

/* ---- 3: lifetimes and places ---- */

static void find_last_readers(tx_planner *p, const tx_node *outputs)
{
    for (int n = 0; n < p->graph->count; n++) {
        for (int k = 0; k < TX_MAX_INPUTS; k++) {
            const tx_node input = tx_planner_node(p, n)->input[k];
            if (input >= 0 && p->values[input].owner >= 0) {
                p->values[p->values[input].owner].last = n;
            }
        }
        if (p->values[n].owner >= 0 && p->values[p->values[n].owner].last < n) {
            p->values[p->values[n].owner].last = n;
        }
    }
    if (outputs[0] >= 0 && p->values[outputs[0]].owner >= 0) {
        p->values[p->values[outputs[0]].owner].last = INT_MAX; /* the loss is read after the run; stores are instructions */
    }
}

static int64_t buffer_bytes(const tx_planner *p, tx_node n)
{
    return tx_round_to_line(p->values[n].layout->size * (int64_t)tx_planner_real(p));
}

/* The place of a new buffer: that of an operand that dies here, or a free one. */
static void place_buffer(tx_planner *p, tx_node n)
{
    tx_value *owner = &p->values[p->values[n].owner];
    if (owner->offset >= 0) {
        return; /* a fold whose convolution has placed it, or a view */
    }
    const tx_graph_node *node = tx_planner_node(p, n);
    for (int k = 0; k < TX_MAX_INPUTS && p->values[n].owner == n; k++) {
        const tx_node input = node->input[k];
        if (!(node->op->overwrites >> k & 1) || input < 0 || p->values[input].owner != input) {
            continue;
        }
        tx_value *dying = &p->values[input];
        if (dying->last == n && dying->layout == p->values[n].layout && dying->offset >= 0) {
            owner->offset = dying->offset;
            dying->last = INT_MAX; /* nobody frees it: it goes on as n */
            return;
        }
    }
    owner->offset = tx_arena_take(&p->arena, buffer_bytes(p, n));
}

static tx_status free_buffers(tx_planner *p, tx_node n)
{
    tx_node owners[TX_MAX_INPUTS + 1];
    int count = 0;
    for (int k = -1; k < TX_MAX_INPUTS; k++) {
        const tx_node read = k < 0 ? n : tx_planner_node(p, n)->input[k];
        const tx_node owner = read >= 0 ? p->values[read].owner : TX_NONE;
        bool seen = owner < 0 || p->values[owner].last != n;
        for (int j = 0; j < count; j++) {
            seen |= owners[j] == owner;
        }
        if (!seen) {
            owners[count++] = owner;
            TX_TRY(tx_arena_give(&p->arena, p->values[owner].offset, buffer_bytes(p, owner), p->error));
        }
    }
    return TX_OK;
}

/* Buffers and instructions of all nodes, in the order in which they run. */
static tx_status plan_nodes(tx_planner *p, const tx_node *outputs)
{
    for (int n = 0; n < p->graph->count; n++) {
        if (p->values[n].owner >= 0) {
            place_buffer(p, n);
            TX_TRY(check_bytes(p, (double)p->arena.top));
        }
        TX_TRY(tx_planner_add_instructions(p, n, outputs));
        TX_TRY(free_buffers(p, n));
    }
    return TX_OK;
}

static void count_readers(tx_planner *p, const tx_node *outputs)
{
    for (int n = 0; n < p->graph->count; n++) {
        for (int k = 0; k < TX_MAX_INPUTS; k++) {
            if (tx_planner_node(p, n)->input[k] >= 0) {
                p->readers[tx_planner_node(p, n)->input[k]]++;
            }
        }
    }
    for (int k = 0; k <= p->plan->num_outputs; k++) {
        if (outputs[k] >= 0) {
            p->readers[outputs[k]]++;
        }
    }
}

/* The owner of node n of a repeated graph; `fused` is that of its origin. copies: the latest of each node of the fused graph. */
static tx_node follow_owner(const tx_planner *p, const tx_value *followed, const int *origin, const tx_node *copies, tx_node n,
                            tx_node fused)
{
    if (fused < 0 || fused == origin[n]) {
        return fused < 0 ? TX_NONE : n;
    }
    return fused < origin[n] ? followed[tx_planner_node(p, n)->input[0]].owner /* a view */
                             : copies[fused] /* the input of a fold */;
}

/* A repeated node is laid out as its origin: who reads it now must not change a bit. */
static tx_status follow_values(tx_planner *p, const tx_repeated *repeated)
{
    const size_t fused_count = (size_t)p->graph->count;
    tx_value *followed;
    tx_node *copies;
    TX_TRY(tx_allocate_array((size_t)repeated->graph->count, sizeof *followed, p->error, &followed));
    const tx_status status = tx_allocate_array(fused_count, sizeof *copies, p->error, &copies);
    if (status) {
        tx_free(followed);
        return status;
    }
    p->graph = repeated->graph;
    for (int n = 0; n < p->graph->count; n++) {
        copies[repeated->origin[n]] = n;
    }
    for (int n = 0; n < p->graph->count; n++) {
        followed[n] = p->values[repeated->origin[n]];
        followed[n].owner = follow_owner(p, followed, repeated->origin, copies, n, followed[n].owner);
    }
    tx_free(copies);
    tx_free(p->values);
    p->values = followed;
    return TX_OK;
}

static void restart(tx_plan *plan)
{
    plan->num_instructions = 0;
    plan->flops = 0;
}

/* Room for the instructions of most graphs at once: growing by doubling would touch twice the memory. */
static tx_status reserve_instructions(tx_planner *p)
{
    const size_t count = (size_t)p->graph->count;
    return tx_reserve(count + count / 8, sizeof(tx_instruction), &p->plan->instruction_capacity, p->error, &p->plan->instructions);
}

tx_status tx_plan_place(tx_plan *plan, const tx_graph *graph, const tx_node *outputs, const tx_repeated *repeated, tx_error *error)
{
    tx_planner p = {.plan = plan, .graph = graph, .error = error};
    tx_status status;
    if ((status = tx_allocate_array((size_t)graph->count, sizeof *p.values, error, &p.values)) ||
        (status = tx_allocate_array((size_t)graph->count, sizeof *p.readers, error, &p.readers))) {
        goto done;
    }
    count_readers(&p, outputs);
    place_values(&p);
    while (level_widths(&p)) {
    }
    if (repeated) {
        outputs = repeated->outputs;
        status = follow_values(&p, repeated);
    }
    if (status || (status = make_layouts(&p))) {
        goto done;
    }
    restart(plan);
    if ((status = reserve_instructions(&p))) {
        goto done;
    }
    find_last_readers(&p, outputs);
    if ((status = plan_nodes(&p, outputs))) {
        goto done;
    }
    plan->arena_bytes = (size_t)p.arena.top;
    plan->loss = tx_planner_operand(&p, outputs[0]);
done:
    tx_free(p.arena.gaps);
    tx_free(p.readers);
    tx_free(p.values);
    return status;
}
