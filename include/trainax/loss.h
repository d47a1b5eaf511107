/* Losses at one time level: graph builders that make one number a sample. */
#pragma once

#include "trainax/component.h"
#include "trainax/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Residuals of each sample: nodes of any shapes, whose elements in C order are rows, one behind the other. */
typedef struct tx_residuals {
    const char *asker; /* who needs them, for errors */
    int count;
    size_t capacity;
    tx_node *nodes; /* tx_free */
    tx_error error; /* the first: no sum of squares, a negative weight */
} tx_residuals;
/* sqrt(weight) times the elements of node; weight > 0. */
void tx_residuals_add(tx_residuals *residuals, tx_graph *graph, double weight, tx_node node);
void tx_residuals_check_weight(tx_residuals *residuals, const tx_section *section, double weight);

/* A time-level loss: one number a sample; target -1: the one-argument form (residuum). */
typedef struct tx_loss_class { /* a loss component's `implementation` */
    tx_node (*apply)(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target);
    /* Rows whose squares add up to weight (> 0) times the above; NULL: it is no sum of squares. */
    void (*residuals)(const tx_section *section, tx_graph *graph, double weight, tx_node prediction, tx_node target,
                      tx_residuals *out);
    bool (*needs_target)(const tx_section *section);                /* NULL: it has a one-argument form */
    tx_status (*check)(const tx_section *section, tx_error *error); /* TX_INVALID: nothing to sum, …; NULL: never */
    double (*exponent)(
        const tx_section *section); /* p, of a mean of |x - y|^p: weights are taken up in x and y; NULL: it has none */
} tx_loss_class;
tx_status tx_loss_check(const tx_section *section, tx_error *error);
tx_node tx_loss_of_sample(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target);
/* The same with the loss's batch_reduction in it: the mean over the batch of these numbers is the loss. */
tx_node tx_loss_apply(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target);
/* Both as residual rows: of a sample, and with what makes the sum over the batch of their squares the loss. */
void tx_loss_residuals_of_sample(const tx_section *section, tx_graph *graph, double weight, tx_node prediction, tx_node target,
                                 tx_residuals *out);
void tx_loss_residuals(const tx_section *section, tx_graph *graph, double weight, tx_node prediction, tx_node target,
                       tx_residuals *out);
bool tx_loss_needs_target(const tx_section *section);

#ifdef __cplusplus
}
#endif
