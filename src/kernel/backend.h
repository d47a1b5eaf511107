/* A backend: where the numbers of a plan lie and what computes them. The CPU's is in cpu.c; a device's looks the same from above.
 *
 * A plan is a flat list of instructions, each a call of one kernel. Operands are offsets into spaces, so that one list serves all
 * threads, networks and ranks; a frame says where the spaces lie in one run. Whoever plans asks a backend for the kernels it
 * wants by name: one that is lacking is an error then, not a crash later. Everything may fail.
 *
 * Blocks of a minibatch run one by one (each thread its own) where the backend works in place, else all in one call of each kernel:
 * block k's part of a space then lies k times `next` bytes behind that of the first. */
#pragma once

#include "kernel/kernel.h"
#include "trainax/sum.h"

enum { TX_MAX_INPUTS = 5, TX_MAX_OPERANDS = 6 /* the last: scratch, for the length of one instruction */ };

typedef enum tx_space {
    TX_SPACE_NONE,
    TX_SPACE_ARENA,      /* activations */
    TX_SPACE_PACKED,     /* weights in the kernels' own orders */
    TX_SPACE_PARAMETERS, /* flat */
    TX_SPACE_TANGENTS,   /* of the parameters, flat */
    TX_SPACE_CONSTANTS,
    TX_SPACE_GRADIENT, /* flat; where a plan keeps the lanes apart, one behind the other */
    TX_SPACE_LANES,    /* what a run gives each sample: the seed, then the batch size */
    TX_SPACE_COUNT,
} tx_space;

typedef struct tx_operand {
    tx_space space;
    int64_t offset; /* bytes */
} tx_operand;

/* What a run is given of each sample, contiguous reals that `load` brings into a block. */
typedef enum tx_source { TX_SOURCE_WINDOW, TX_SOURCE_TANGENT, TX_SOURCE_NUMBERS, TX_SOURCE_SEED, TX_SOURCE_COUNT } tx_source;

typedef struct tx_frame tx_frame;
typedef struct tx_instruction tx_instruction;

/* Memory of a backend. */
typedef struct tx_buffer {
    const tx_backend *backend;
    size_t bytes;
    char *data; /* where the host finds it; of use to the host only where the backend works in place */
} tx_buffer;

/* Computes all blocks of the frame. Anything but TX_OK ends the run; the message is in frame->error. */
typedef tx_status tx_kernel_run(const tx_instruction *instruction, tx_frame *frame);
typedef struct tx_kernel {
    const char *name;
    tx_kernel_run *run;
} tx_kernel;

/* What a backend makes for one shape, once, when planned: tables, blocking. Read-only once loaded, shared by threads. */
typedef enum tx_object_kind {
    TX_OBJECT_CONVOLUTION, /* of a tx_conv_shape */
    TX_OBJECT_HALO,        /* of a tx_halo_shape */
    TX_OBJECT_SPECTRAL,    /* of a tx_spectral_shape */
    TX_OBJECT_RFFTN,       /* of a tx_spectral_shape */
    TX_OBJECT_SUM,         /* of a tx_sum_shape */
} tx_object_kind;
typedef struct tx_halo_shape {
    const tx_layout *layout; /* outlives the object */
    tx_padding_mode mode;
} tx_halo_shape;
/* Of gradients as integers (tx_gradient_sum), a scale a leaf of the parameters. */
typedef struct tx_sum_shape {
    const int64_t *leaf_sizes; /* outlive its creation alone */
    int num_leaves;
} tx_sum_shape;
typedef struct tx_object {
    tx_object_kind kind;
    size_t packed_bytes;  /* of weights in its own order */
    size_t scratch_bytes; /* that a part of one instruction needs for itself */
    size_t table_bytes;   /* which `load` takes */
    size_t sum_bytes;     /* of a sum, on the backend, while a run lasts */
    void *made;           /* the backend's own */
} tx_object;

/* One call of a kernel. Which fields a kernel reads is its own affair: they follow the operation that it is named after. */
struct tx_instruction {
    tx_kernel_run *run; /* the kernel's, at hand */
    const tx_kernel *kernel;
    tx_operand operand[TX_MAX_OPERANDS]; /* inputs in the operation's order */
    tx_operand out;
    const tx_layout *layout[TX_MAX_INPUTS]; /* of the inputs */
    const tx_layout *out_layout;
    const tx_object *object;
    const tx_function *function;
    double alpha, beta;
    int64_t offset;                                /* load: of what is read of a sample, in reals */
    int output;                                    /* store: which of the run's */
    tx_source source;                              /* load */
    tx_activation activation;                      /* activate, norms */
    bool flip;                                     /* products of modes: with conjugates; their weights: the imaginary ones */
    int groups;                                    /* of a norm */
    int lane;                                      /* that is taken or put */
    int state;                                     /* of the function: which of the frame's */
    int64_t stride[TX_MAX_AXES], low[TX_MAX_AXES]; /* of phases */
    const char *part;                              /* of the program, for reports */
    double flops;                                  /* of a block */
    int sharing;                                   /* a tx_sharing (tensor/operation.h) */
};

typedef struct tx_place {
    tx_buffer *buffer;
    size_t offset, next; /* of the first block; bytes from a block to the next */
} tx_place;

/* Where a run lies on a backend that does not work in place: the same for all of its blocks. */
typedef struct tx_staged {
    int block, blocks, total; /* samples a block; how many blocks; real samples of all */
    tx_place place[TX_SPACE_COUNT];
    tx_place given[TX_SOURCE_COUNT], results; /* sample by sample; results: output by output of each sample */
    size_t given_bytes[TX_SOURCE_COUNT];      /* of a sample */
    tx_place sum;                             /* of the gradients */
    const size_t *result_offsets;             /* of output k in a sample's results, and their length behind the last */
    int num_results;
} tx_staged;

/* One run of a plan, as its instructions see it: in place, of one block; else of all. */
struct tx_frame {
    const tx_backend *backend;
    char *base[TX_SPACE_COUNT];                  /* in place: where the spaces lie for the block that runs */
    const void *const *samples[TX_SOURCE_COUNT]; /* in place: [count] what is given of each sample of that block */
    int count;                                   /* real samples of it */
    tx_function_failure failed;                  /* the first of its functions that has */
    void *const *states;                         /* of users' functions: this workspace's */
    void *const *const *outputs;                 /* in place: where sample i's output k goes; NULL, or [k] NULL: unwanted */
    int first;                                   /* in place: the block's first sample in `outputs` */
    void **scratch_samples;                      /* a block's pointers, for kernels that need some */
    tx_part part;                                /* of a block, for one of several threads */
    const tx_staged *staged;                     /* NULL in place */
    void *pass;                                  /* the backend's own, while it runs instructions */
    tx_error *error;
};

typedef struct tx_recording tx_recording;

typedef struct tx_backend_class {
    const char *name;
    /* The host and the kernels reach the same memory: nothing is staged, and blocks run one by one. Else all blocks of a run go
     * into one call of each kernel. */
    bool in_place;

    /* As tx_backend_devices; NULL: there are none. */
    tx_status (*list)(tx_error *error, tx_device **out, int *count);
    /* As tx_backend_open, of this class; isa: a level. */
    tx_status (*open)(const tx_backend_options *options, tx_error *error, const tx_backend **out);
    void (*close)(const tx_backend *backend);
    tx_status (*room)(const tx_backend *backend, tx_error *error, size_t *out); /* bytes that it can still allocate */
    tx_status (*allocate)(const tx_backend *backend, size_t bytes, tx_error *error, tx_buffer **out); /* zeroed, 64-byte aligned */
    void (*free)(tx_buffer *buffer);                                                                  /* takes NULL */
    tx_status (*upload)(tx_buffer *buffer, size_t offset, const void *from, size_t bytes, tx_error *error);
    tx_status (*download)(tx_buffer *buffer, size_t offset, void *to, size_t bytes, tx_error *error);
    /* Not in place: `rows` times so many bytes, each `pitch` behind the one before; they arrive side by side. */
    tx_status (*download_rows)(tx_buffer *buffer, size_t offset, size_t pitch, void *to, size_t bytes, size_t rows,
                               tx_error *error);
    tx_status (*clear)(tx_buffer *buffer, size_t offset, size_t bytes, tx_error *error); /* to zeros */
    tx_status (*synchronise)(const tx_backend *backend, tx_error *error);                /* until all that was asked for is done */

    const tx_kernel *(*find)(const tx_backend *backend, const char *name); /* NULL: it has none of that name */
    /* Runs a plan's instructions. What it has prepared for the next time, and notices itself where it is out of date, is kept in
     * *recording: NULL at first, of one workspace, freed by `forget`. NULL: each instruction's own `run` is called. */
    tx_status (*run)(const tx_instruction *instructions, size_t count, tx_frame *frame, tx_recording **recording);
    void (*forget)(tx_recording *recording); /* takes NULL */
    /* Runs one instruction; how long it has kept the device. NULL: the host's clock tells, when it is waited for. */
    tx_status (*time)(const tx_instruction *instruction, tx_frame *frame, double *seconds);
    tx_status (*create)(const tx_backend *backend, tx_object_kind kind, const void *shape, tx_error *error, tx_object **out);
    tx_status (*load)(const tx_backend *backend, tx_object *object, tx_error *error); /* its tables, before the first call */
    void (*destroy)(const tx_backend *backend, tx_object *object);                    /* takes NULL */

    /* Adds up what the blocks of a frame have left in TX_SPACE_GRADIENT, and delivers the sum; object: of a tx_sum_shape. NULL:
     * there is no such object, the host adds. */
    tx_status (*add_gradients)(tx_frame *frame, const tx_object *object, const tx_gradient_sum *out);
} tx_backend_class;

struct tx_backend {
    const tx_backend_class *class_;
    tx_precision precision;
    int isa; /* level of tx_isa_name */
    void *context;
    const char *computer; /* NULL: the CPU at that level */
    bool apart;           /* its memory is none of the host's */
};

/* The CPU in this precision, at this level of tx_isa_name; NULL: this machine cannot run it. For good, for everybody. */
const tx_backend *tx_backend_cpu(int isa, tx_precision precision);

/* What plans run on that are given no backend; tests put another one there before the first plan is made. */
extern const tx_backend_class *tx_backend_default;

/* The result of `call`: the tapes of a block, then what the function has made of each sample, contiguous reals. That room is
 * counted in reals, of either precision; a tape takes so many: */
static inline int64_t tx_tape_reals(const tx_function *function)
{
    return (int64_t)((function->tape_bytes + 7) / 8 * 2);
}

/* The first failure stays. */
static inline void tx_note_failed(tx_function_failure *failed, const tx_function_failure *another)
{
    if (another->function && !failed->function) {
        *failed = *another;
    }
}

static inline void *tx_frame_at(const tx_frame *frame, tx_operand operand)
{
    return frame->base[operand.space] + operand.offset;
}
static inline size_t tx_whole_lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}
