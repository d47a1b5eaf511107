/* Networks: maps of a state to the next one, with parameters. One file an architecture, none knows another. */
#pragma once

#include "trainax/component.h"
#include "trainax/leaf.h"
#include "trainax/random.h"
#include "trainax/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_network tx_network;
typedef struct tx_network_class { /* a network component's `implementation` */
    /* Declares the leaves in Equinox's order with tx_network_add_leaf and sets network->state; a wrapper, which has a network
     * inside, ends with tx_network_wrap instead, and has no leaves of its own. */
    tx_status (*create)(tx_network *network, tx_error *error);
    /* Appends one application to a graph; parameters through tx_network_leaf. x: network->input; the result has
     * network->out_channels. */
    tx_node (*apply)(const tx_network *network, tx_graph *graph, tx_node x);
    /* Instead, of a wrapper: the next level from those before, by way of tx_network_map of network->inner. NULL: just that. */
    tx_node (*map)(const tx_network *network, tx_graph *graph, const tx_past *past);
    /* Initial values of all leaves, as the original draws them from `key`; values: the flat parameters. Not of a wrapper. */
    tx_status (*initialise)(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error);
    void (*destroy)(tx_network *network); /* may be NULL: state is one tx_allocate */
} tx_network_class;

/* What stands beside the trajectories that a network is for. */
typedef struct tx_network_beside {
    int64_t parameters, fields;                              /* how many */
    const char *const *parameter_names, *const *field_names; /* NULL: not known */
    int64_t stride[2];                                       /* of windows: the least, the largest that is drawn; 0 means 1 */
} tx_network_beside;

/* What a number is of the data, channel by channel; given: it is the user's. */
typedef enum tx_statistic { TX_GIVEN, TX_MEAN, TX_STD, TX_RMS, TX_STD_DELTA, TX_RMS_DELTA } tx_statistic;

/* Numbers of a network that are not trained: they follow from the data, or come with its file. */
typedef struct tx_network_constant {
    char name[TX_LEAF_NAME]; /* "scale", "network.std" */
    tx_statistic statistic;
    double least;       /* that count as it, where they are less */
    int unit;           /* another constant, in which they are measured; -1: none */
    bool of_conditions; /* one for each of these, not for each channel */
    int64_t count;
    double *values; /* which stay where they are */
} tx_network_constant;

/* What holds for a network and those inside it together. */
typedef struct tx_network_whole {
    tx_shape state;                 /* of one level */
    int levels;                     /* that it is given */
    tx_network_constant *constants; /* the outermost network's first */
    int num_constants;
    size_t constant_capacity;
    bool measured;                   /* those that follow from data are there */
    int unit;                        /* the constant by which states are divided before the innermost network has them; -1: none */
    const tx_network_beside *beside; /* while it is made; NULL: nothing is known of it */
    /* Numbers of the trajectory (tx_numbers) that the innermost network is given: each the same at all points, or a field. */
    int64_t *conditions;
    int num_conditions, num_scalars; /* the scalars first */
    int shift, inverse;              /* constants: (x - mean)/std; -1: as they are */
    int64_t stride, stride_number;   /* the window's, behind them: fixed, or the number of the trajectory that it is; 0, -1: not */
    int64_t stride_given;            /* the stride of a rollout, if the network is given it; else 0 */
    int64_t mask;                    /* numbers that are 0 where the state does not change, from there on; -1: it does */
} tx_network_whole;

static inline int tx_network_num_conditions(const tx_network_whole *whole)
{
    return whole->num_conditions + (whole->stride || whole->stride_number >= 0);
}

struct tx_network {
    const tx_network_class *class_;
    const tx_section *section;
    tx_shape input;       /* of a wrapper: a state; of the innermost: all channels that it is given */
    int64_t out_channels; /* of the result, on as many points */
    int num_leaves;
    size_t capacity;
    tx_leaf *leaves;
    int64_t num_parameters;
    void *state;
    tx_network *inner, *outer; /* the one inside, which belongs to it, and the one around; NULL: none */
    tx_network_whole *whole;   /* of the outermost, which owns it */
};

/* The network of a section for states of a shape. TX_INVALID, with the place in the file, when it does not fit: channels
 * (network.in_channels against the data), axes, or when its output has not the shape of its input (a state map). */
tx_status tx_network_create(const tx_section *section, tx_shape input, tx_error *error, tx_network **out);
/* The same for states beside which something stands (NULL: nothing). */
tx_status tx_network_create_beside(const tx_section *section, tx_shape input, const tx_network_beside *beside, tx_error *error,
                                   tx_network **out);
void tx_network_destroy(tx_network *network);
static inline int tx_network_levels(const tx_network *network) /* that it is given */
{
    return network->whole->levels;
}
/* The next level, of the newest ones. */
tx_node tx_network_apply(const tx_network *network, tx_graph *graph, const tx_past *past);
/* By the section's own `key` unless it names stored parameters (the caller's business). */
tx_status tx_network_initialise(const tx_network *network, tx_random random, void *values, tx_error *error);

/* The section that an APEBench descriptor ("Conv;34;10;relu") stands for, as YAML without a key; what it does not say (axes,
 * channels, points) is taken from the data. TX_INVALID with what is wrong. A tx_descriptor_rule. */
tx_status tx_network_describe(const char *descriptor, size_t size, char *section, tx_error *error);
tx_short_form tx_network_form(int index); /* a tx_short_form_rule */

/* For the classes. A wrapper's end: the network of its option `network`, whose leaves become its own as network.LEAF. */
tx_status tx_network_wrap(tx_network *network, tx_error *error);
tx_node tx_network_map(const tx_network *network, tx_graph *graph, const tx_past *past);
/* Numbers for each channel, of this network, so called: the given ones (any count: one for all), or those of the data, which are 1
 * at first. wanted: statistic, least, unit; values are then *index's of network->whole. */
tx_status tx_network_add_constant(tx_network *network, const char *name, const tx_network_constant *wanted, const double *given,
                                  int count, tx_error *error, int *index);
const double *tx_network_constant_of(const tx_network *network, int index);
/* One of `count` things beside trajectories, of that name or number (NULL: not named). TX_INVALID with what there is; what:
 * "constant field". */
tx_status tx_network_find_beside(const tx_network *network, const char *option, const char *which, bool field, tx_error *error,
                                 int64_t *out);
/* TX_INVALID: an option has not as many numbers as a state has channels. */
tx_status tx_network_check_channels(const tx_network *network, const char *option, int count, tx_error *error);
tx_status tx_network_add_leaf(tx_network *network, const char *name, int rank, const int64_t *shape, tx_error *error, int *index);
tx_node tx_network_leaf(const tx_network *network, tx_graph *graph, int index);

#ifdef __cplusplus
}
#endif
