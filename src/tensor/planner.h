/* The planner as its files share it: placement.c decides who owns which buffer, how it is laid out and when it lives; arena.c
 * where it lies; instructions.c what runs; supplies.c what instructions need; budget.c how much is kept. Private to this room. */
#pragma once

#include "tensor/instruction.h"
#include "tensor/plan.h"
#include "tensor/recompute.h"

typedef struct tx_gap {
    int64_t offset, size;
} tx_gap;

typedef struct tx_arena {
    tx_gap *gaps; /* free parts below `top`, by offset */
    size_t num_gaps, gap_capacity;
    int64_t top; /* bytes needed so far */
} tx_arena;
int64_t tx_arena_take(tx_arena *arena, int64_t size); /* an offset; size: a multiple of 64 */
tx_status tx_arena_give(tx_arena *arena, int64_t offset, int64_t size, tx_error *error);

typedef struct tx_value {
    tx_node owner; /* the node whose buffer this is; TX_NONE: no buffer */
    const tx_layout *layout;
    bool copied; /* pad or fold that has to copy its input first */
    /* of owners: */
    tx_shape base; /* the buffer's interior */
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES];
    int mode;       /* how its halo is filled; -1: not at all */
    int last;       /* node after which nobody reads it */
    int64_t offset; /* in the arena; -1: not placed yet */
} tx_value;

struct tx_planner {
    tx_plan *plan;
    const tx_graph *graph;
    tx_value *values;
    int *readers;
    tx_arena arena;
    const char *part; /* of the node whose instructions are made */
    tx_error *error;
};

static inline int64_t tx_round_to_line(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}
static inline size_t tx_planner_real(const tx_planner *p)
{
    return tx_real_bytes(p->plan->options.precision);
}

/* placement.c: plans a fused graph, or (NULL: none) what became of it by repeating nodes: instructions and arena. outputs[0] is the
 * loss (or TX_NONE). May be called again with other repetitions: the last call counts. */
tx_status tx_plan_place(tx_plan *plan, const tx_graph *graph, const tx_node *outputs, const tx_repeated *repeated, tx_error *error);

/* budget.c: plans a fused graph within options.memory: of all ways to keep and to repeat, the least work that fits. */
tx_status tx_plan_fit(tx_plan *plan, const tx_graph *graph, const tx_node *outputs, tx_error *error);

/* instructions.c: all of node n, whose buffer is placed. */
tx_status tx_planner_add_instructions(tx_planner *p, tx_node n, const tx_node *outputs);

/* supplies.c */
/* What the backend needs to add up the gradients, if it can and is to. */
tx_status tx_plan_add_sum(tx_plan *plan, tx_error *error);
tx_operand tx_planner_operand(const tx_planner *p, tx_node n);
tx_status tx_planner_append(tx_planner *p, const char *kernel, tx_instruction *instruction);
