/* What follows from the configuration and the shape of the data alone, the same on every rank: network, windows, plans,
 * block size. Needs neither the data nor other ranks, so that `inspect` can build one. */
#pragma once

#include "trainax/configuration.h"
#include "trainax/data.h"
#include "trainax/network.h"
#include "trainax/parallel.h"
#include "trainax/physics.h"
#include "trainax/plan.h"

/* What a configuration needs beside the network; NULL: not given. */
typedef struct tx_physics {
    tx_stepper *ref_stepper;
    tx_residuum *residuum_fn;
} tx_physics;

/* A configuration's loss planned over the windows of a minibatch. */
typedef struct tx_loss_plan {
    tx_plan *plan;
    int levels; /* that it reads of a window */
} tx_loss_plan;

typedef struct tx_problem {
    const tx_section *root, *trainer, *configuration;
    tx_random random;
    tx_data_shape data;
    const tx_normalization *normalization; /* of the data, once they are there; NULL: not yet */
    tx_network *network;
    tx_windows windows;
    int64_t batch_size, asked_batch_size; /* at most the number of windows; as the user gave it */
    int64_t num_steps, record_every;
    const tx_backend *backend; /* that plans are for; whose precision is the run's */
    int block;
    int threads; /* of a rank that run blocks; 1 where the backend runs them at once */
    int sharers; /* ranks that run one block together, at most: 1 where there are blocks for all, or their instructions are short */
    tx_placement placement;
    tx_reduction_mode reduction;
    tx_physics physics; /* of the trainer's configuration */
    int64_t stage;      /* a training step for whose length of rollouts plans are made; or TX_LARGEST_STAGE */
    tx_loss_plan loss;
    size_t memory; /* for arenas and instructions of plans with a gradient; 0: as much as it takes */
    int arenas;    /* that this is for; 0: one a thread */
} tx_problem;

/* What the axes of a file mean, only its author knows: "channels last? …" where states look like that. */
enum { TX_DOUBT = 256 };
bool tx_problem_doubt_axes(const tx_shape *state, char text[TX_DOUBT]);

tx_random tx_problem_random(const tx_section *root); /* the run's precision and random streams */
tx_placement tx_problem_placement(const tx_section *root);
int tx_problem_threads(const tx_section *root); /* of a rank */
tx_data_setup tx_problem_data_setup(const tx_section *root, int isa);
/* For so many ranks; the backend outlives it. TX_INVALID, with the place in the file, for all that does not fit together. */
tx_status tx_problem_create(const tx_config *config, const tx_data_shape *data, const tx_backend *backend, int num_ranks,
                            tx_error *error, tx_problem *out);
void tx_problem_destroy(tx_problem *problem); /* takes a zeroed one */

/* What a configuration needs, for states of this shape; section: where its ref_stepper and residuum_fn stand. */
tx_status tx_physics_create(const tx_section *configuration, const tx_section *section, tx_shape state, tx_error *error,
                            tx_physics *out);
void tx_physics_destroy(tx_physics *physics); /* takes a zeroed one */

/* Levels of a window, and those that a configuration reads of it: more where the network is given several. */
int tx_problem_window_length(const tx_problem *problem);
int tx_problem_levels_read(const tx_problem *problem, const tx_section *configuration);

/* The plan of a configuration, which physics (its own) must outlive. gradient false: the loss alone. */
tx_status tx_problem_plan(const tx_problem *problem, const tx_section *configuration, const tx_physics *physics, int block,
                          bool gradient, tx_error *error, tx_loss_plan *out);

/* The residuals of the trainer's configuration planned: a row a number, those of a sample one behind the other. */
typedef struct tx_residual_plan {
    tx_plan *plan;
    int num_outputs; /* nodes that rows are elements of, in C order */
    int64_t *first;  /* [num_outputs + 1] the first row of each */
    int64_t rows;    /* of a sample */
} tx_residual_plan;
/* wanted: block, derivatives (seeded, apart, tangents), memory, arenas. TX_INVALID, with the place in the file: the loss is no sum
 * of squares, or `asker` cannot have what it wants. */
tx_status tx_residual_plan_create(const tx_problem *problem, const char *asker, const tx_plan_options *wanted, tx_error *error,
                                  tx_residual_plan *out);
void tx_residual_plan_destroy(tx_residual_plan *plan); /* takes a zeroed one */

/* One network application, planned: the state in, the next state out. */
tx_status tx_step_plan(const tx_network *network, const tx_backend *backend, int block, tx_error *error, tx_plan **out);
/* TX_INVALID, with the place in the file: a plan reads more numbers of a trajectory than the data have. The plans of a problem are
 * checked. */
tx_status tx_numbers_check(const tx_section *section, const tx_plan *plan, const tx_data_shape *data, tx_error *error);

/* How many of so many samples make such steps together. */
tx_status tx_step_block(const tx_network *network, const tx_backend *backend, int64_t samples, tx_error *error, int *out);
/* The lowest instruction set of all ranks: the bits must not depend on where a sample is computed. Collective. */
tx_status tx_agree_isa(tx_parallel *parallel, tx_error *error, int *out);
/* What `parallel` of this section asks for, on the host for that instruction set. tx_backend_close. Collective. */
tx_status tx_agree_backend(tx_parallel *parallel, const tx_section *root, tx_error *error, const tx_backend **out);
/* The same for this process alone, which is number `rank` of those on its machine. */
tx_status tx_root_backend(const tx_section *root, int isa, int rank, tx_error *error, const tx_backend **out);

tx_status tx_leaf_sizes(const tx_network *network, tx_error *error, int64_t **out); /* one allocation */

size_t tx_parameter_bytes(const tx_problem *problem); /* of all parameters */
int64_t tx_problem_blocks(const tx_problem *problem); /* of a whole minibatch */
/* Samples that one rank computes of one minibatch at most, when blocks are dealt to num_ranks. */
int64_t tx_problem_share(const tx_problem *problem, int num_ranks);
/* Blocks of a minibatch that one of them runs in one call: 1, or all of its own. */
int tx_problem_blocks_at_once(const tx_problem *problem, int num_ranks);
/* Of threads that have a block of their own, at most: of that many arenas. */
int tx_problem_runners(const tx_problem *problem, int num_ranks);
/* Is something computed again for lack of memory? */
bool tx_problem_keeps_less(const tx_problem *problem);
/* Ranks that make a step faster, at most. */
int64_t tx_problem_most_ranks(const tx_problem *problem);
