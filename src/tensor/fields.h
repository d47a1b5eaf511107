/* The constant fields among the numbers of a trajectory (tx_numbers): whoever builds a graph of data says first where they lie. */
#pragma once

#include "trainax/tensor.h"

typedef struct tx_fields {
    int64_t first, count;     /* the number with which they begin; how many there are */
    const char *const *names; /* that outlive the graph; NULL: not known */
    bool masked;              /* points count where the numbers from `mask` on are not 0 */
    int64_t mask;
} tx_fields;

/* The field of that name, or number from 0 on; -1: there is none. */
int64_t tx_fields_find(const tx_fields *fields, const char *which);

void tx_graph_set_fields(tx_graph *graph, const tx_fields *fields);
/* 1 where points count, else 0, in the same shape; TX_NONE: all do. */
tx_node tx_mask_of(tx_graph *graph, tx_shape state);
/* That field of each sample's trajectory, in the shape (1, *points of `state`). */
tx_node tx_field_of(tx_graph *graph, const char *which, tx_shape state);
