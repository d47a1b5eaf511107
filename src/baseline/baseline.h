/* What baselines are to this room: kinds, each fitted in its way, that become networks. */
#pragma once

#include "baseline/modes.h"
#include "trainax/component.h"
#include "trainax/network.h"

typedef struct tx_baseline {
    const tx_section *section;
    const char *name;
    double value;                              /* the option that it was fitted with; NaN: it has none */
    double train_loss, gmean, spectral_radius; /* the latter NaN: not asked for */
    double *errors;                            /* mean_nRMSE of each step */
    tx_config *config;                         /* of its network */
    tx_network *network;
    void *parameters; /* in the run's precision */
} tx_baseline;

/* What they are fitted to, and with. */
typedef struct tx_fit {
    tx_parallel *parallel;
    const tx_registry *registry;
    tx_precision precision;
    tx_shape state;
    tx_dataset *dataset;
    tx_pairs *pairs;
} tx_fit;

/* A kind that weighs modes. */
enum { TX_MOST_CANDIDATES = 64 };
typedef struct tx_modal {
    const char *option; /* a number, or `auto` */
    bool is_count;      /* the number is */
    bool projected;     /* onto the modes that have a weight */
    /* What auto tries, of at most `most` modes: how many. */
    int (*candidates)(int64_t most, double out[TX_MOST_CANDIDATES]);
    /* TX_FAILURE: there is no such emulator. */
    tx_status (*weigh)(const tx_modes *modes, double value, double *weights, tx_error *error);
} tx_modal;

typedef struct tx_baseline_class {
    const tx_modal *modal;
    /* What the table of options cannot say, for states of this shape; may be NULL. TX_INVALID, with the place in the file. */
    tx_status (*check)(const tx_section *section, const tx_shape *state, tx_error *error);
    /* Of those that weigh no modes: value, network, parameters, spectral radius. Collective. */
    tx_status (*fit)(tx_baseline *baseline, const tx_fit *fit, tx_error *error);
    /* Likewise: numbers that its network has. */
    int64_t (*count)(const tx_shape *state);
} tx_baseline_class;

const tx_baseline_class *tx_baseline_class_of(const tx_baseline *baseline);

/* emulator.c: the network of a baseline, with parameters all zero, by the YAML of its section, from which `type` and what it says
 * of states of this shape are left: "mlp", "depth: 0". Not collective. */
tx_status tx_baseline_make(tx_baseline *baseline, const tx_fit *fit, tx_error *error, const char *type, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void tx_baseline_put(tx_baseline *baseline, const tx_fit *fit, int64_t index, double value);

/* y = A x + b, with A (size, size), row by row, NULL: zero; b NULL: none. On states without axes. */
tx_status tx_baseline_linear(tx_baseline *baseline, const tx_fit *fit, const double *matrix, const double *bias, tx_error *error);

/* modal.c. Takes the best candidate, by rollouts of the trajectories from `first` on, none of which the modes are of; and makes
 * the emulator. Collective. */
tx_status tx_modal_choose(tx_baseline *baseline, const tx_fit *fit, const tx_modes *modes, int64_t first, tx_error *error);
tx_status tx_modal_fit(tx_baseline *baseline, const tx_fit *fit, const tx_modes *modes, tx_error *error);
int64_t tx_modal_count(const tx_baseline *baseline, const tx_shape *state, int64_t modes); /* numbers of its network, at most */
size_t tx_modal_bytes(const tx_shape *state, int64_t modes);                               /* that making one takes */

/* score.c: emulators of the same modes, each with weights of its own. */
typedef struct tx_contest {
    const tx_fit *fit;
    const tx_modes *modes;
    bool projected;
    int64_t first; /* of the trajectories that are rolled out, up to the last */
    int count;
    const double *weights; /* [count][modes] */
} tx_contest;
/* gmean_mean_nRMSE of each over at most 100 steps; not finite: it has none. Collective; the same on all ranks. */
tx_status tx_contest_run(const tx_contest *contest, tx_error *error, double *scores);
size_t tx_contest_bytes(const tx_data_shape *shape, int64_t modes, int64_t held_out, int num_ranks);
