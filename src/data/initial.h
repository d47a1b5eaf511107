/* Random initial states: what an initial condition component is, and exponax.build_ic_set's way of giving keys to samples. */
#pragma once

#include "trainax/component.h"
#include "trainax/random.h"
#include "trainax/shape.h"

typedef struct tx_initial tx_initial;
typedef struct tx_initial_class { /* an initial condition component's `implementation` */
    /* Checks the options, and says what `prepare` takes (initial->bytes); TX_INVALID when they do not fit initial->state. */
    tx_status (*create)(tx_initial *initial, tx_error *error);
    tx_status (*prepare)(tx_initial *initial, tx_error *error); /* makes initial->work, what a draw needs; may be NULL */
    /* One channel in the run's precision: as many numbers as the state has points. */
    void (*draw)(const tx_initial *initial, tx_key key, void *out);
    /* Frees what hangs on work, but not work itself; may be NULL. */
    void (*destroy)(void *work);
} tx_initial_class;
struct tx_initial {
    const tx_initial_class *class_;
    const tx_section *section;
    tx_random random;
    tx_shape state;
    size_t bytes;
    void *work;         /* the class's own: one tx_allocate */
    tx_key first, next; /* of the chain of keys: where it begins, and what comes before … */
    int64_t sample;     /* … this sample */
};

tx_status tx_initial_create(const tx_section *section, tx_random random, tx_key key, tx_shape state, tx_error *error,
                            tx_initial **out);
tx_status tx_initial_prepare(tx_initial *initial, tx_error *error); /* before the first draw */
void tx_initial_destroy(tx_initial *initial);
/* The state of one sample, in any order of samples (rising is cheap): of the chain k, s = split(k) the sample's s, of which
 * channel c takes split(s, channels)[c]. */
void tx_initial_draw(tx_initial *initial, int64_t sample, void *out);
