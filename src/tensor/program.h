/* A planned program: buffers at fixed offsets of an arena and a flat list of steps. Private to this room. */
#pragma once

#include "tensor/graph.h"
#include "tensor/recompute.h"

/* Where an operand lies: offsets instead of pointers, so one plan serves all threads. */
typedef enum tx_space { TX_SPACE_NONE, TX_SPACE_ARENA, TX_SPACE_PACKED, TX_SPACE_PARAMETERS, TX_SPACE_CONSTANTS, TX_SPACE_GRADIENT, TX_SPACE_LANES, TX_SPACE_COUNT } tx_space;
typedef struct tx_operand {
    tx_space space;
    int64_t offset; /* bytes */
} tx_operand;

enum { TX_MAX_OPERANDS = 6 }; /* the last: scratch of calls */

typedef struct tx_frame tx_frame;
typedef struct tx_step tx_step;
/* How several threads share a step: not at all; each takes some of the channels, or the part that the frame says. */
typedef enum tx_sharing { TX_SHARE_NOTHING, TX_SHARE_CHANNELS, TX_SHARE_PARTS } tx_sharing;

struct tx_step {
    void (*run)(const tx_step *step, tx_frame *frame);
    tx_sharing sharing;
    const char *name, *part;
    double flops; /* of a block */
    tx_operand operand[TX_MAX_OPERANDS]; /* inputs in the node's order; the result is `out` */
    tx_operand out;
    const tx_layout *layout[TX_MAX_INPUTS]; /* of the inputs */
    const tx_layout *out_layout;
    const tx_conv *conv;
    const tx_halo *halo;
    const tx_spectral *spectral;
    const tx_function *function;
    double alpha, beta;
    int64_t offset; /* load, store: of the level, in reals; store: index of the output */
    int mode;       /* activation */
    int groups;     /* of a norm */
    int64_t stride[TX_MAX_AXES], low[TX_MAX_AXES]; /* of phases */
};

/* What a running block sees. */
struct tx_frame {
    const tx_kernels *kernels;
    char *base[TX_SPACE_COUNT];
    const tx_block_input *input;
    void *const *const *outputs;
    void **samples; /* block pointers for calls */
    tx_part part;
    bool failed;
};

typedef struct tx_pack { /* weights in a kernel's own order, made once an update */
    const tx_conv *conv;
    tx_operand weight; /* in the parameters or the constants */
    int64_t offset; /* in the packed space, in bytes */
    size_t next;    /* of the same bucket, plus 1; 0: none */
} tx_pack;
enum { TX_PACK_BUCKETS = 1024 }; /* by the weights' offset: a deep network has as many packs as layers */

typedef struct tx_conv_entry {
    tx_conv_shape shape;
    tx_conv *conv;
} tx_conv_entry;

typedef struct tx_halo_entry {
    const tx_layout *layout; /* interned */
    tx_padding_mode mode;
    tx_halo *halo;
} tx_halo_entry;

typedef struct tx_spectral_entry {
    tx_spectral_shape shape;
    tx_spectral *spectral;
} tx_spectral_entry;

struct tx_program {
    tx_program_options options;
    const tx_kernels *kernels;
    tx_step *steps;
    size_t num_steps, step_capacity;
    tx_layout **layouts; /* interned */
    size_t num_layouts, layout_capacity;
    tx_conv_entry *convs;
    size_t num_convs, conv_capacity;
    tx_halo_entry *halos;
    size_t num_halos, halo_capacity;
    tx_spectral_entry *spectrals;
    size_t num_spectrals, spectral_capacity, num_prepared;
    tx_pack *packs;
    size_t num_packs, pack_capacity;
    size_t pack_buckets[TX_PACK_BUCKETS]; /* the latest of each, plus 1; 0: none */
    char *packed;
    size_t packed_bytes;
    size_t arena_bytes;
    tx_operand loss; /* the lane scalar after a run */
    char *constants; /* in the program's precision */
    const void *parameters;
    double flops; /* of one block */
    tx_trade everything, states;
    bool fits;
};

struct tx_workspace {
    char *arena;
    size_t arena_bytes;
    char *lanes; /* what a run gives each sample: the seed, then the batch size; tx_lane_bytes each */
    void **samples;
    int count;          /* that `lanes` holds values for */
    int64_t batch_size;
};

/* Plans a fused graph, or (NULL: none) what became of it by repeating nodes: the run list and the arena. outputs[0] is the
 * loss (or TX_NONE). May be called again with other repetitions: the last call counts. Then, once, tx_program_finish. */
tx_status tx_program_plan(tx_program *program, const tx_graph *graph, const tx_node *outputs, const tx_repeated *repeated, tx_error *error);
tx_status tx_program_finish(tx_program *program, const tx_graph *graph, tx_error *error);
/* Plans a fused graph within options.memory: of all ways to keep and to repeat, the least work that fits. */
tx_status tx_program_fit(tx_program *program, const tx_graph *graph, const tx_node *outputs, tx_error *error);

/* What the steps of a run see. */
tx_frame tx_program_frame(const tx_program *program, tx_workspace *workspace, const tx_block_input *input, void *gradient,
                          void *const *const *outputs);
/* The same after all that comes before the first step: the lanes are set, the gradient is zero. */
tx_frame tx_program_begin(const tx_program *program, tx_workspace *workspace, const tx_block_input *input, void *gradient,
                          void *const *const *outputs);

/* What a run has left: each sample's loss. */
void tx_program_read_loss(const tx_program *program, const tx_frame *frame, double *loss);

static inline size_t tx_program_shared_bytes(const tx_program *program)
{
    return program->packed_bytes + program->num_steps * sizeof *program->steps;
}

static inline size_t tx_whole_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* Bytes of a lane scalar, with the vector beyond it that kernels may read. */
static inline size_t tx_lane_bytes(const tx_program_options *options)
{
    return ((size_t)options->block * tx_real_bytes(options->precision) + 127) / 64 * 64;
}

/* Packs the weights that lie in `space`, which is at `base`. */
void tx_program_pack(tx_program *program, tx_space space, const void *base);

/* The operations: one row each. */
typedef struct tx_planner tx_planner;
typedef struct tx_operation {
    const char *name;
    void (*run)(const tx_step *step, tx_frame *frame); /* NULL: computes nothing (inputs, views) */
    unsigned overwrites;                               /* bit k: the result may take the place of input k */
    double (*flops)(const tx_graph_node *node, const tx_shape *input); /* of one sample; NULL: one a number */
    /* What its step needs beside operands, layouts and factors; NULL: nothing (steps.c). */
    tx_status (*prepare)(tx_planner *planner, tx_node node, tx_step *step);
    tx_sharing sharing;
} tx_operation;
extern const tx_operation tx_operations[TX_OP_COUNT];

tx_status tx_prepare_load(tx_planner *planner, tx_node node, tx_step *step);
tx_status tx_prepare_conv(tx_planner *planner, tx_node node, tx_step *step);
tx_status tx_prepare_phases(tx_planner *planner, tx_node node, tx_step *step);
tx_status tx_prepare_fold(tx_planner *planner, tx_node node, tx_step *step);
tx_status tx_prepare_bias_gradient(tx_planner *planner, tx_node node, tx_step *step);
tx_status tx_prepare_spectral(tx_planner *planner, tx_node node, tx_step *step);
tx_status tx_prepare_spectral_multiply(tx_planner *planner, tx_node node, tx_step *step);
tx_status tx_prepare_call(tx_planner *planner, tx_node node, tx_step *step);

/* Steps that no node stands for. */
void tx_run_halo(const tx_step *step, tx_frame *frame);
void tx_run_copy(const tx_step *step, tx_frame *frame);
void tx_run_store(const tx_step *step, tx_frame *frame);
size_t tx_call_scratch(const tx_graph_node *node, const tx_shape *input, tx_precision precision, int block); /* bytes */
