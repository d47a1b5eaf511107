/* What a plan is: instructions over spaces, and what they need. Made by the planner (planner.h), read by runs. Private to this
 * room. */
#pragma once

#include "tensor/graph.h"
#include "trainax/plan.h"

enum { TX_PACK_BUCKETS = 1024 }; /* by the weights' offset: a deep network has as many packs as layers */

/* An object of the backend, found again by the shape that it was made for. */
typedef struct tx_made {
    tx_object_kind kind;
    void *shape;
    size_t bytes;
    tx_object *object;
} tx_made;

/* Weights into a kernel's own order. */
typedef struct tx_pack {
    tx_instruction instruction;
    int next; /* of its bucket, plus 1; 0: none */
} tx_pack;

struct tx_plan {
    tx_plan_options options;
    const tx_backend *backend;
    tx_instruction *instructions;
    size_t num_instructions, instruction_capacity;
    tx_layout **layouts; /* interned */
    size_t num_layouts, layout_capacity;
    const tx_function **functions; /* users' */
    size_t num_functions, function_capacity;
    tx_made *objects;
    size_t num_objects, object_capacity, num_loaded;
    const tx_object *sum; /* one of them; NULL: the host adds up gradients */
    tx_pack *packs;
    size_t num_packs, pack_capacity;
    int pack_buckets[TX_PACK_BUCKETS]; /* the latest of each, plus 1; 0: none */
    size_t packed_bytes, arena_bytes;
    size_t given_bytes[TX_SOURCE_COUNT]; /* that are read of a sample */
    size_t *result_offsets;              /* [num_outputs + 1] of a sample's outputs side by side, in bytes */
    int num_outputs;                     /* tangents included */
    tx_operand loss;                     /* the lane scalar after a run */
    char *constants;                     /* in the plan's precision */
    size_t constant_bytes;
    tx_late *late; /* of them, those that are taken anew */
    size_t num_late;
    double flops; /* of one block */
    tx_trade everything, states;
    bool fits;
};

static inline size_t tx_plan_shared_bytes(const tx_plan *plan)
{
    return plan->packed_bytes + plan->num_instructions * sizeof *plan->instructions;
}

/* Bytes of a lane scalar, with the vector beyond it that kernels may read. */
static inline size_t tx_lane_bytes(const tx_plan_options *options)
{
    return ((size_t)options->block * tx_real_bytes(options->precision) + 127) / 64 * 64;
}

/* Of a vector of parameters. */
static inline size_t tx_flat_bytes(const tx_plan_options *options)
{
    return (size_t)options->num_parameters * tx_real_bytes(options->precision);
}

/* Of a block's gradient. */
static inline size_t tx_gradient_bytes(const tx_plan_options *options)
{
    return (options->apart ? (size_t)options->block : 1) * tx_flat_bytes(options);
}

static inline bool tx_plan_has_gradient(const tx_plan *plan)
{
    return plan->options.gradient || plan->options.seeded;
}

void tx_plan_take_constants(tx_plan *plan);

/* workspace.c */
size_t tx_plan_workspace_bytes(const tx_plan *plan, int blocks);
size_t tx_plan_device_bytes(const tx_plan *plan, int blocks); /* of these */
