/* The planner as its files share it: plan.c decides who owns which buffer, how it is laid out and when it lives; arena.c
 * where it lies; steps.c what runs. */
#pragma once

#include "tensor/program.h"

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
    tx_program *program;
    const tx_graph *graph;
    tx_value *values;
    int *readers;
    tx_arena arena;
    const char *part; /* of the node whose steps are made */
    tx_error *error;
};

static inline const tx_graph_node *tx_planner_node(const tx_planner *p, tx_node n) { return &p->graph->nodes[n]; }
static inline bool tx_op_is_given(tx_op op) { return op == TX_OP_SEED || op == TX_OP_BATCH_SIZE; } /* by the caller of a run */
static inline int64_t tx_round_to_line(int64_t bytes) { return (bytes + 63) / 64 * 64; }

/* The program's own copy of a layout: equal ones are one, compared by pointer from then on. */
tx_status tx_planner_intern(tx_planner *p, const tx_layout *layout, const tx_layout **out);

/* steps.c */
tx_operand tx_planner_operand(const tx_planner *p, tx_node n);
tx_status tx_planner_add_steps(tx_planner *p, tx_node n, const tx_node *outputs); /* all steps of node n, whose buffer is placed */
