/* Physics: maps of states without parameters (reference steppers), and conditions between two states (residua). Pure graph
 * builders, differentiable with respect to the states. One file a scheme. */
#pragma once

#include "trainax/component.h"
#include "trainax/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_stepper_class { /* a stepper component's `implementation` */
    /* TX_INVALID, with the place in the file, when states of this shape are not its own. */
    tx_status (*check)(const tx_section *section, tx_shape state, tx_error *error);
    tx_node (*apply)(const tx_section *section, tx_graph *graph, tx_node x);
} tx_stepper_class;
tx_status tx_stepper_check(const tx_section *section, tx_shape state, tx_error *error);
tx_node tx_stepper_apply(const tx_section *section, tx_graph *graph, tx_node x);

typedef struct tx_residuum_class { /* a residuum component's `implementation` */
    tx_status (*check)(const tx_section *section, tx_shape state, tx_error *error);
    tx_node (*apply)(const tx_section *section, tx_graph *graph, tx_node next, tx_node previous);
} tx_residuum_class;
tx_status tx_residuum_check(const tx_section *section, tx_shape state, tx_error *error);
tx_node tx_residuum_apply(const tx_section *section, tx_graph *graph, tx_node next, tx_node previous);

#ifdef __cplusplus
}
#endif
