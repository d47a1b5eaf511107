/* Physics: maps of states without parameters (reference steppers), and conditions between two states (residua). Objects: made once
 * for states of one shape, with all tables that they need, then applied as often as wanted. To apply one is to build into a graph;
 * what is built is differentiable with respect to the states. One file a scheme, or a family of them. */
#pragma once

#include "trainax/component.h"
#include "trainax/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the classes of steppers and residua see of an object. */
typedef struct tx_scheme {
    const tx_section *section;
    tx_shape shape;           /* of the states */
    double dt, domain_extent; /* of a step, of an axis; 0: unknown. Before create: the section's real numbers of these names */
    int64_t force_levels; /* more than 1: of step t, graphs read the t-th of these (force_levels, state) as tx_numbers from 0 on */
    const double *force;  /* the class's, or NULL */
    void *tables;         /* the class's own: one tx_allocate, or NULL */
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
    /* `count` steps as one, where that is something else than one after the other; else NULL. */
    tx_node (*repeat)(const tx_scheme *scheme, tx_graph *graph, tx_node x, int64_t count);
} tx_stepper_class;
/* The stepper of a section for states of a shape. TX_INVALID when these are not its own. It may be applied by several threads at a
 * time, and must outlive the programs of all graphs that it was applied in. */
typedef struct tx_stepper tx_stepper;
tx_status tx_stepper_create(const tx_section *section, tx_shape shape, tx_error *error, tx_stepper **out);
/* The same for who gives every step its level of a force. */
tx_status tx_stepper_create_forced(const tx_section *section, tx_shape shape, tx_error *error, tx_stepper **out);
tx_node tx_stepper_apply(const tx_stepper *stepper, tx_graph *graph, tx_node x);
tx_node tx_stepper_repeat(const tx_stepper *stepper, tx_graph *graph, tx_node x, int64_t count);
const tx_scheme *tx_stepper_scheme(const tx_stepper *stepper);
/* What a section itself, or that of the stepper in it, says of the states: spatial axes, points an axis; 0: nothing. */
void tx_stepper_space(const tx_section *section, int64_t *axes, int64_t *points);
void tx_stepper_destroy(tx_stepper *stepper);

typedef struct tx_residuum_class { /* a residuum component's `implementation` */
    tx_scheme_create *create;
    tx_node (*apply)(const tx_scheme *scheme, tx_graph *graph, tx_node next, tx_node previous);
    tx_scheme_destroy *destroy;
} tx_residuum_class;
/* As of steppers; of a stepper P: next - P(previous). */
typedef struct tx_residuum tx_residuum;
tx_status tx_residuum_create(const tx_section *section, tx_shape shape, tx_error *error, tx_residuum **out);
tx_node tx_residuum_apply(const tx_residuum *residuum, tx_graph *graph, tx_node next, tx_node previous);
void tx_residuum_destroy(tx_residuum *residuum);

#ifdef __cplusplus
}
#endif
