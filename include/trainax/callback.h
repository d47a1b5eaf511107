/* Callbacks: what is observed of a training step, before its update. One file a callback. */
#pragma once

#include "trainax/component.h"
#include "trainax/network.h"
#include "trainax/parallel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a callback sees: the network before the update of `step`, on that step's minibatch. */
typedef struct tx_observation {
    int64_t step, num_steps, epoch, batch;
    double loss; /* the trainer's, on this minibatch */
    tx_precision precision;
    const tx_network *network;
    const void *parameters; /* flat */
    double seconds;         /* since training began */
    int64_t first_step;     /* of this process (after a resume) */
    /* Evaluates another configuration's loss on this minibatch; collective. handle: from tx_callback_setup.add_program. */
    tx_status (*evaluate)(void *trainer, int handle, tx_error *error, double *loss);
    void *trainer;
} tx_observation;

/* Offered at creation: a callback that needs a configuration of its own asks for its program here. */
typedef struct tx_callback_setup {
    tx_status (*add_program)(void *trainer, const tx_section *callback, tx_error *error, int *handle);
    void *trainer;
    tx_parallel *parallel;
    tx_precision precision;
    const tx_log *log;
    bool terminal; /* progress lines may overwrite each other */
} tx_callback_setup;

typedef struct tx_callback tx_callback;
typedef struct tx_callback_class { /* a callback component's `implementation` */
    tx_status (*create)(tx_callback *callback, const tx_callback_setup *setup, tx_error *error); /* may be NULL */
    /* Called on every rank at the steps that `every` selects. *value is the CSV cell where the callback has a column. */
    tx_status (*observe)(tx_callback *callback, const tx_observation *observation, tx_error *error, double *value);
    void (*destroy)(tx_callback *callback); /* may be NULL: state is one tx_allocate, freed afterwards in any case */
    const char *column;                     /* its column's default name; "": `name` is required; NULL: no column (progress) */
} tx_callback_class;

struct tx_callback {
    const tx_callback_class *class_;
    const tx_section *section;
    const char *column; /* NULL: none */
    int64_t every;
    const tx_log *log;
    bool terminal;
    void *state;
};

/* TX_INVALID: no `name` where one is required, or what the class refuses. Collective where a program is added. */
tx_status tx_callback_create(const tx_section *section, const tx_callback_setup *setup, tx_error *error, tx_callback **out);
void tx_callback_destroy(tx_callback *callback);

#ifdef __cplusplus
}
#endif
