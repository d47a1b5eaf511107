/* How network, reference stepper and data are combined into one number per sample (Trainax's configurations). Pure graph
 * builders. */
#pragma once

#include "trainax/component.h"
#include "trainax/loss.h"
#include "trainax/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Any map of states: a stepper. */
typedef struct tx_map {
    tx_node (*apply)(const void *object, tx_graph *graph, tx_node x);
    const void *object;
} tx_map;

/* A map of the newest levels to the next one: a network. */
typedef struct tx_past_map {
    tx_node (*apply)(const void *object, tx_graph *graph, const tx_past *past);
    const void *object;
    int levels; /* that it is given; 0 means 1 */
} tx_past_map;

/* A condition between two consecutive states. */
typedef struct tx_residuum_map {
    tx_node (*apply)(const void *object, tx_graph *graph, tx_node next, tx_node previous);
    const void *object;
} tx_residuum_map;

typedef struct tx_configuration_parts {
    const tx_section *section; /* of the configuration */
    const tx_section *loss;    /* of the time-level loss */
    tx_past_map network;
    tx_map ref_stepper;          /* where the configuration needs one */
    tx_residuum_map residuum_fn; /* likewise */
    tx_shape state;
    int64_t step; /* of the training, whose stage of the rollouts' lengths is meant; or TX_LARGEST_STAGE */
} tx_configuration_parts;
enum { TX_LARGEST_STAGE = -1 }; /* all rollouts at their largest */

/* Is shown a term; target -1: there is none. */
typedef void (*tx_term_see)(void *user, double weight, tx_node prediction, tx_node target);

/* Where a configuration's terms go, one after the other: into a sum, as residual rows, or to somebody who only looks. */
typedef struct tx_terms {
    tx_node sum;             /* so far; -1: none */
    double weight, factor;   /* of this group of terms in the one around it, and in the whole */
    tx_residuals *residuals; /* NULL: they are added up, or */
    tx_term_see see;         /* shown; NULL: not that */
    void *user;              /* see's */
} tx_terms;
/* weight * loss(prediction, target) of each sample; target -1: the loss's one-argument form. A term that weighs nothing leaves a
 * sum as it is, unless there is none. */
void tx_terms_add(tx_terms *terms, const tx_configuration_parts *parts, tx_graph *graph, double weight, tx_node prediction,
                  tx_node target);
/* Terms that are summed by themselves first, and weigh so much together: to be ended by the other one. */
tx_terms tx_terms_begin(const tx_terms *around, const tx_configuration_parts *parts, double weight);
void tx_terms_end(tx_terms *around, tx_graph *graph, const tx_terms *group);

typedef struct tx_configuration_class {                             /* a configuration component's `implementation` */
    tx_status (*check)(const tx_section *section, tx_error *error); /* TX_INVALID: weights of a wrong length, … */
    int (*window_length)(const tx_section *section);                /* levels that windows are counted with: R + 1 … */
    int (*levels_read)(const tx_section *section);                  /* levels that it reads: 1 … window_length … */
                                                                    /* … of a network that is given one; each other is one more */
    unsigned (*needs)(const tx_section *section);                   /* TX_NEEDS_…; NULL: nothing */
    void (*build)(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms);
    int64_t (*rollout)(const tx_section *section, int64_t step, int64_t *until); /* NULL: it is the same at all steps */
} tx_configuration_class;
enum { TX_NEEDS_STEPPER = 1, TX_NEEDS_RESIDUUM = 2 };
tx_status tx_configuration_check(const tx_section *section, tx_error *error); /* its time-level loss as well */
int tx_configuration_window_length(const tx_section *section);
int tx_configuration_levels_read(const tx_section *section);
/* Steps of its rollouts, all together, in the stage of a training step. *until is lowered to the step from which on the next one
 * holds, if that comes before; NULL: not asked for. */
int64_t tx_configuration_rollout(const tx_section *section, int64_t step, int64_t *until);
bool tx_configuration_has_stages(const tx_section *section);
unsigned tx_configuration_needs(const tx_section *section);
const tx_section *tx_configuration_time_level_loss(const tx_section *section); /* NULL: it has none of its own */
/* Its terms, into whatever. */
void tx_configuration_build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms);
/* The value of the configuration for each sample (lane scalar), built into `graph` from its windows. */
tx_node tx_configuration_loss(const tx_configuration_parts *parts, tx_graph *graph);
/* The same as a sum of squares: the sum of these over all rows and samples of a minibatch is the mean of those. See out->error. */
void tx_configuration_residuals(const tx_configuration_parts *parts, tx_graph *graph, tx_residuals *out);
/* Shows its terms, one after the other, and builds no loss. */
void tx_configuration_see(const tx_configuration_parts *parts, tx_graph *graph, tx_term_see see, void *user);
/* Level weights of an option: the list, a rule, or all 1. weights: `count` numbers, the caller's. TX_INVALID: wrong length. */
tx_status tx_level_weights(const tx_section *section, const char *option, int count, double *weights, tx_error *error);
/* The same in two halves, for graph builders, which cannot fail: the check, and one weight of a checked list after the other;
 * before: of the level before. */
tx_status tx_level_weights_check(const tx_section *section, const char *option, int count, tx_error *error);
double tx_level_weight(const tx_section *section, const char *option, int level, int count, double before);

#ifdef __cplusplus
}
#endif
