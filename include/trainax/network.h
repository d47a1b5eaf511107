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
    /* Declares the leaves in Equinox's order with tx_network_add_leaf and sets network->state. */
    tx_status (*create)(tx_network *network, tx_error *error);
    /* Appends one application to a graph; parameters through tx_network_leaf. */
    tx_node (*apply)(const tx_network *network, tx_graph *graph, tx_node x);
    /* Initial values of all leaves, as the original draws them from `key`; values: the flat parameters. */
    tx_status (*initialise)(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error);
    void (*destroy)(tx_network *network); /* may be NULL: state is one tx_allocate */
} tx_network_class;

struct tx_network {
    const tx_network_class *class_;
    const tx_section *section;
    tx_shape input; /* of the states it is applied to */
    int num_leaves;
    size_t capacity;
    tx_leaf *leaves;
    int64_t num_parameters;
    void *state;
};

/* The network of a section for states of a shape. TX_INVALID, with the place in the file, when it does not fit: channels
 * (network.in_channels against the data), axes, or when its output has not the shape of its input (a state map). */
tx_status tx_network_create(const tx_section *section, tx_shape input, tx_error *error, tx_network **out);
void tx_network_destroy(tx_network *network);
tx_node tx_network_apply(const tx_network *network, tx_graph *graph, tx_node x);
/* By the section's own `key` unless it names stored parameters (the caller's business). */
tx_status tx_network_initialise(const tx_network *network, tx_random random, void *values, tx_error *error);

/* The section that an APEBench descriptor ("Conv;34;10;relu") stands for, as YAML without a key; what it does not say (axes,
 * channels, points) is taken from the data. TX_INVALID with what is wrong. A tx_descriptor_rule. */
tx_status tx_network_describe(const char *descriptor, size_t size, char *section, tx_error *error);
tx_short_form tx_network_form(int index); /* a tx_short_form_rule */

/* For the classes. */
tx_status tx_network_add_leaf(tx_network *network, const char *name, int rank, const int64_t *shape, tx_error *error, int *index);
tx_node tx_network_leaf(const tx_network *network, tx_graph *graph, int index);

#ifdef __cplusplus
}
#endif
