/* Physics: maps of states without parameters (reference steppers), and conditions between two states (residua). Objects: made once
 * for states of one shape, with all tables that they need, then applied as often as wanted. To apply one is to build into a graph;
 * what is built is differentiable with respect to the states. One file a scheme. */
#pragma once

#include "trainax/component.h"
#include "trainax/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the classes of steppers and residua see of an object. */
typedef struct tx_scheme {
    const tx_section *section;
    tx_shape shape; /* of the states */
    void *tables;   /* the class's own: one tx_allocate, or NULL */
} tx_scheme;
/* Makes scheme->tables. TX_INVALID, with the place in the file and before anything large is made (callers try several shapes), when
 * states of this shape are not its own. */
typedef tx_status tx_scheme_create(tx_scheme *scheme, tx_error *error);
/* Frees what hangs on scheme->tables (NULL after a failed create), but not tables itself. */
typedef void tx_scheme_destroy(tx_scheme *scheme);

typedef struct tx_stepper_class { /* a stepper component's `implementation` */
    tx_scheme_create *create;
    tx_node (*apply)(const tx_scheme *scheme, tx_graph *graph, tx_node x);
    tx_scheme_destroy *destroy; /* NULL: nothing hangs on its tables */
} tx_stepper_class;
/* The stepper of a section for states of a shape. TX_INVALID when these are not its own. It may be applied by several threads at a
 * time, and must outlive the programs of all graphs that it was applied in. */
typedef struct tx_stepper tx_stepper;
tx_status tx_stepper_create(const tx_section *section, tx_shape shape, tx_error *error, tx_stepper **out);
tx_node tx_stepper_apply(const tx_stepper *stepper, tx_graph *graph, tx_node x);
void tx_stepper_destroy(tx_stepper *stepper);

typedef struct tx_residuum_class { /* a residuum component's `implementation` */
    tx_scheme_create *create;
    tx_node (*apply)(const tx_scheme *scheme, tx_graph *graph, tx_node next, tx_node previous);
    tx_scheme_destroy *destroy;
} tx_residuum_class;
/* As of steppers. */
typedef struct tx_residuum tx_residuum;
tx_status tx_residuum_create(const tx_section *section, tx_shape shape, tx_error *error, tx_residuum **out);
tx_node tx_residuum_apply(const tx_residuum *residuum, tx_graph *graph, tx_node next, tx_node previous);
void tx_residuum_destroy(tx_residuum *residuum);

#ifdef __cplusplus
}
#endif
