/* Plans of tensor programs, and their runs.
 *
 * A plan is what a graph has become: differentiated, fused, laid out, a flat list of kernel calls for one backend. It never changes
 * once it is made, and is shared by threads and by networks. Values bind one vector of parameters to a plan: they keep the weights
 * in the kernels' own orders, fresh by themselves. A workspace is what one thread (or one device) needs to run blocks. */
#pragma once

#include "trainax/sum.h"
#include "trainax/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_plan tx_plan;

typedef struct tx_plan_options {
    const tx_backend *backend; /* of this precision, outlives the plan; NULL: the plan opens one, at this level of tx_isa_name */
    tx_precision precision;
    int isa;
    int block; /* samples a block */
    int64_t num_parameters;
    tx_node loss;           /* lane scalar that a run delivers; TX_NONE: none */
    bool gradient;          /* … and its gradient with respect to all parameters */
    const tx_node *outputs; /* nodes that a run delivers */
    int num_outputs;
    bool seeded; /* instead of the loss's gradient: that of all outputs, weighted by cotangents that a run is given */
    bool pulled; /* instead of the one output: the cotangent of the window's level, for a cotangent of it that a run is given; with
                  * `seeded` the parameters' gradient, too */
    bool apart;  /* the gradient of each lane by itself: rows of a Jacobian, where lanes hold one sample with several cotangents */
    bool tangents;             /* behind the outputs, as many more: their tangents for a tangent of the parameters … */
    bool moved;                /* … and of the windows; the numbers of trajectories stay */
    size_t memory;             /* bytes for the arenas and what is shared; 0: as many as it takes */
    int threads;               /* 0 means 1 */
    int arenas;                /* that `memory` is for; 0: one a thread. More where blocks run at once */
    const int64_t *leaf_sizes; /* of the parameters: what a backend needs that is to add up gradients (tx_plan_sums); */
    int num_leaves;            /* 0: it is not */
} tx_plan_options;

/* build -> vjp, jvp -> fuse -> repeat -> plan. The graph is not changed and may be destroyed. TX_INVALID: the backend lacks a
 * kernel, an operation has no derivative, a value that no machine holds.
 *
 * With options.memory, as much as fits is kept of what steps (tx_next_step) compute: everything; else the values that steps
 * hand on, and the inside of as many of the last steps as fit, the rest being computed again; else the values between some
 * steps only, by the schedule that repeats least. Where not even that fits, the plan that takes the least memory is
 * made: see `fits` of its cost. All of these compute the same bits. */
tx_status tx_plan_create(const tx_graph *graph, const tx_plan_options *options, tx_error *error, tx_plan **out);
void tx_plan_destroy(tx_plan *plan); /* takes NULL; after its values and workspaces */

/* What keeping less costs. */
typedef struct tx_trade {
    size_t arena_bytes; /* a thread */
    double flops;       /* of one block */
} tx_trade;

typedef struct tx_plan_cost {
    size_t arena_bytes;     /* a thread */
    size_t shared_bytes;    /* packed weights, instructions */
    size_t workspace_bytes; /* a thread: its arena, and what else it needs */
    size_t block_bytes;     /* more of it for each block more that is run at once */
    size_t room_bytes;      /* for all: the first values' packed weights and tables, and copies where nothing runs in place */
    size_t device_bytes;    /* of workspace_bytes, and */
    size_t more_device;     /* of block_bytes, what lies on a device; the room for all lies there, too. 0: all is the host's */
    double flops;           /* of one block */
    int num_instructions;
    tx_trade everything; /* if everything were kept */
    tx_trade states;     /* if the values that steps hand on were; zero where memory is unlimited or everything fits */
    bool fits;           /* in options.memory */
} tx_plan_cost;
tx_plan_cost tx_plan_get_cost(const tx_plan *plan);
/* What a run that trains, of so many blocks at once, moves to a device and from it, changed parameters included; and of users'
 * functions, which run on the host: how many calls, and what they move both ways. 0: nothing is staged. */
typedef struct tx_traffic {
    size_t to, from; /* bytes */
    int calls;
    size_t called;
} tx_traffic;
tx_traffic tx_plan_traffic(const tx_plan *plan, int blocks);
/* Of each sample's trajectory, that a run reads: the first so many. NULL: 0. */
int64_t tx_plan_numbers(const tx_plan *plan);
/* One line per instruction, for tests and the curious; tx_free. */
tx_status tx_plan_describe(const tx_plan *plan, tx_error *error, char **out);

/* A vector of parameters (num_parameters reals) of which there may be values of several plans. Whoever changes what it holds, or
 * where it lies, says so by tx_parameters_set; nobody runs meanwhile. */
typedef struct tx_parameters {
    const void *reals;
    uint64_t version;
} tx_parameters;
static inline void tx_parameters_set(tx_parameters *parameters, const void *reals)
{
    parameters->reals = reals;
    parameters->version++;
}

/* One vector of parameters bound to a plan. `parameters` is referred to. The first values of a plan make the room for its tables:
 * until then a plan takes no memory for numbers, however much its parameters and activations would. Not for several threads at
 * once. */
typedef struct tx_values tx_values;
tx_status tx_values_create(tx_plan *plan, const tx_parameters *parameters, tx_error *error, tx_values **out);
void tx_values_destroy(tx_values *values); /* takes NULL */
/* The direction of the tangents that a run delivers: a vector like the parameters. */
void tx_values_set_tangent(tx_values *values, const tx_parameters *tangent);

/* What running takes: `blocks` blocks at once (1 on a CPU; a device wants all that it is given), and a state of each user's
 * function. Fails as those fail, too. */
typedef struct tx_workspace tx_workspace;
tx_status tx_workspace_create(const tx_plan *plan, int blocks, tx_error *error, tx_workspace **out);
void tx_workspace_destroy(tx_workspace *workspace); /* takes NULL */
/* Blocks that the plan's backend wants in one run, of so many: 1, or all of them. */
int tx_plan_blocks_at_once(const tx_plan *plan, int64_t blocks);
/* Does its backend add up the gradients of blocks that run at once? */
bool tx_plan_sums(const tx_plan *plan);
/* How many threads may run one block together and still gain by it: 1 where instructions are short, or blocks run at once, or
 * ranks make calls of users' functions together. */
int tx_plan_most_threads(const tx_plan *plan);

/* Samples 0 … count - 1 fill blocks one by one, the last maybe in part; count: 1 … blocks * block. */
typedef struct tx_run_input {
    const void *const *windows;  /* [count] pointers to the first level of each sample's window, levels contiguous */
    const void *const *tangents; /* [count] of options.moved: where these move to, laid out as the windows */
    const void *const *numbers;  /* [count] of each sample's trajectory, as tx_numbers counts them; NULL: tx_plan_numbers is 0 */
    const void *const *seeds; /* [count] of options.seeded, .pulled: the cotangents of all outputs, one behind the other, C order */
    int count;
    int64_t batch_size; /* samples of the whole minibatch: a sample's loss weighs 1 / batch_size in the gradient */
} tx_run_input;

typedef struct tx_run_output {
    double *losses; /* [count] each sample's loss; NULL: unwanted */
    /* num_parameters reals, OVERWRITTEN, for each block, one behind the other; apart: for each lane of each block. NULL only if the
     * plan has none. */
    void *gradient;
    const tx_gradient_sum *sum;  /* that of all blocks, instead of the gradient, if tx_plan_sums; else NULL */
    void *const *const *outputs; /* [k][i]: where sample i's output k goes, contiguous; NULL or [k] NULL: unwanted */
    tx_function_failure failed;  /* set where there is none yet */
} tx_run_output;

/* Runs blocks of samples. Several threads may run the same values, each in a workspace of its own. Anything but TX_OK: the backend
 * has failed, and the output holds anything. */
tx_status tx_values_run(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                        tx_error *error);

/* Threads that wait for each other: soon asleep. crowded: more of them run than there are cores. */
typedef struct tx_team tx_team;
tx_status tx_team_create(bool crowded, tx_error *error, tx_team **out);
void tx_team_destroy(tx_team *team);
/* Where there are fewer blocks than threads: `count` threads run one block together, each with its own index 0 … count - 1
 * and the same other arguments, but for the output: only that of index 0 is set. All of them return when the block is done. The
 * same bits as tx_values_run. Pays where an instruction takes longer than a few tens of microseconds.
 * count: at most options.threads. Only on a backend that runs blocks one by one. */
tx_status tx_values_run_together(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                                 tx_team *team, int index, int count, tx_error *error);

/* Where the time goes: all calls of one operation for one part of the program. */
typedef struct tx_operation_time {
    const char *part, *name; /* part: "" where none was entered */
    int64_t calls;
    double seconds, flops; /* of all of them together */
} tx_operation_time;
/* Runs a block `repetitions` times as tx_values_run does, and takes the best time of each call. *out: one tx_allocate of
 * *count rows, in the order of their first appearance. */
tx_status tx_values_profile(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                            int repetitions, tx_error *error, tx_operation_time **out, int *count);

/* The samples that are computed together, at most TX_LARGEST_BLOCK and no more than there are in a batch: depends on the problem
 * alone (design: b). flops: of one sample and rollout step. */
enum { TX_LARGEST_BLOCK = 32 };
int tx_block_size(tx_shape state, int64_t batch_size, double flops);

#ifdef __cplusplus
}
#endif
