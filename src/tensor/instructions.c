/* From a placed node to its instructions: the operation's own, what fills its halo, and what stores it. */
#include <string.h>

#include "tensor/planner.h"

static double node_flops(const tx_planner *p, tx_node n)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    const tx_shape *input = node->input[0] >= 0 ? &tx_planner_node(p, node->input[0])->shape : &node->shape;
    return node->op->flops ? node->op->flops(node, input) : (double)node->shape.channels * (double)tx_shape_points(&node->shape);
}

/* What follows from the node alone. */
static tx_instruction begin(const tx_planner *p, tx_node n)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    tx_instruction instruction = {.sharing = node->op->sharing,
                                  .alpha = node->attributes.alpha,
                                  .beta = node->attributes.beta,
                                  .activation = (tx_activation)node->attributes.activation,
                                  .source = (tx_source)node->attributes.source,
                                  .flip = node->attributes.flip != 0,
                                  .groups = node->attributes.convolution.groups,
                                  .out = tx_planner_operand(p, n),
                                  .out_layout = p->values[n].layout};
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        instruction.operand[k] = tx_planner_operand(p, node->input[k]);
        instruction.layout[k] = node->input[k] >= 0 ? p->values[node->input[k]].layout : NULL;
    }
    return instruction;
}

/* The operation's own instruction. */
static tx_status add_operation(tx_planner *p, tx_node n, tx_instruction *instruction, double share)
{
    const tx_operation *op = tx_planner_node(p, n)->op;
    TX_TRY(op->prepare ? op->prepare(p, n, instruction) : TX_OK);
    instruction->flops = share * node_flops(p, n);
    p->plan->flops += instruction->flops;
    return tx_planner_append(p, op->name, instruction);
}

/* ---- effects, each lane's by itself: on tensors of that one lane ---- */

typedef struct taken {
    const tx_layout *layout;
    int64_t offset, size;
} taken;

/* Room for one lane of input k. */
static tx_status make_room(tx_planner *p, const tx_layout *whole, taken *out)
{
    const tx_layout layout = tx_layout_make(tx_planner_real(p), whole->shape, 1, NULL, NULL);
    out->size = tx_round_to_line(layout.size * (int64_t)tx_planner_real(p));
    out->offset = tx_arena_take(&p->arena, out->size);
    return tx_planner_intern(p, &layout, &out->layout);
}

static tx_status add_lane(tx_planner *p, tx_node n, const taken *room, int lane)
{
    const tx_operation *op = tx_planner_node(p, n)->op;
    tx_instruction effect = begin(p, n);
    for (int k = 0; k < TX_MAX_INPUTS && effect.layout[k]; k++) {
        tx_instruction take = {.operand = {effect.operand[k]}, .layout = {effect.layout[k]}, .lane = lane};
        take.out = effect.operand[k] = (tx_operand){TX_SPACE_ARENA, room[k].offset};
        take.out_layout = effect.layout[k] = room[k].layout;
        TX_TRY(tx_planner_append(p, op->take_lane ? op->take_lane : "take_lane", &take));
    }
    effect.out.offset += lane * p->plan->options.num_parameters * (int64_t)tx_planner_real(p);
    return add_operation(p, n, &effect, 1);
}

static tx_status add_lanes(tx_planner *p, tx_node n)
{
    const tx_graph_node *node = tx_planner_node(p, n);
    taken room[TX_MAX_INPUTS] = {{0}};
    int count = 0;
    for (; count < TX_MAX_INPUTS && node->input[count] >= 0; count++) {
        TX_TRY(make_room(p, p->values[node->input[count]].layout, &room[count]));
    }
    for (int lane = 0; lane < p->plan->options.block; lane++) {
        TX_TRY(add_lane(p, n, room, lane));
    }
    while (count-- > 0) {
        TX_TRY(tx_arena_give(&p->arena, room[count].offset, room[count].size, p->error));
    }
    return TX_OK;
}

/* ---- halos ---- */

static tx_status fill_halo(tx_planner *p, tx_node n, const tx_layout *layout, tx_padding_mode mode)
{
    tx_instruction halo = {.sharing = TX_SHARE_PARTS, .out = tx_planner_operand(p, n), .out_layout = layout};
    tx_halo_shape shape;
    memset(&shape, 0, sizeof shape); /* compared bytewise */
    shape.layout = layout;
    shape.mode = mode;
    TX_TRY(tx_planner_object(p, TX_OBJECT_HALO, &shape, sizeof shape, &halo.object));
    return tx_planner_append(p, "halo", &halo);
}

/* A padded copy: its interior, then its halo. */
static tx_status add_padded_copy(tx_planner *p, tx_node n)
{
    const tx_value *v = &p->values[n];
    const tx_layout whole = tx_layout_make(tx_planner_real(p), v->base, p->plan->options.block, v->low, v->high);
    const tx_layout *layout;
    TX_TRY(tx_planner_intern(p, &whole, &layout));
    TX_TRY(tx_planner_copy_first(p, n, layout));
    return fill_halo(p, n, layout, (tx_padding_mode)v->mode);
}

/* ---- all of a node ---- */

static tx_status add_node(tx_planner *p, tx_node n)
{
    const tx_value *v = &p->values[n];
    if (p->plan->options.apart && tx_has_trait(tx_planner_node(p, n), TX_OP_EFFECT)) {
        return add_lanes(p, n);
    }
    tx_instruction instruction = begin(p, n);
    TX_TRY(add_operation(p, n, &instruction, p->plan->options.block));
    return v->owner == n && v->mode >= 0 ? fill_halo(p, n, v->layout, (tx_padding_mode)v->mode) : TX_OK;
}

static tx_status add_stores(tx_planner *p, tx_node n, const tx_node *outputs)
{
    for (int k = 0; k < p->plan->num_outputs; k++) {
        if (outputs[k + 1] == n) {
            tx_instruction store = {.operand = {tx_planner_operand(p, n)}, .layout = {p->values[n].layout}, .output = k};
            TX_TRY(tx_planner_append(p, "store", &store));
        }
    }
    return TX_OK;
}

tx_status tx_planner_add_instructions(tx_planner *p, tx_node n, const tx_node *outputs)
{
    const char *part = tx_planner_node(p, n)->context.part;
    p->part = part ? part : "";
    if (!tx_has_trait(tx_planner_node(p, n), TX_OP_SILENT)) {
        TX_TRY(add_node(p, n));
    } else if (p->values[n].copied) {
        TX_TRY(add_padded_copy(p, n));
    }
    return add_stores(p, n, outputs);
}
