/* Losses at one time level: graph builders that make one number a sample. */
#pragma once

#include "trainax/component.h"
#include "trainax/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A time-level loss: one number a sample; target -1: the one-argument form (residuum). */
typedef struct tx_loss_class { /* a loss component's `implementation` */
    tx_node (*apply)(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target);
    bool (*needs_target)(const tx_section *section);                /* NULL: it has a one-argument form */
    tx_status (*check)(const tx_section *section, tx_error *error); /* TX_INVALID: nothing to sum, …; NULL: never */
} tx_loss_class;
tx_status tx_loss_check(const tx_section *section, tx_error *error);
tx_node tx_loss_of_sample(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target);
/* The same with the loss's batch_reduction in it: the mean over the batch of these numbers is the loss. */
tx_node tx_loss_apply(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target);
bool tx_loss_needs_target(const tx_section *section);

#ifdef __cplusplus
}
#endif
