/* Optimizers over flat buffers, with Optax's names, arguments and arithmetic (in the run's precision). */
#pragma once

#include "trainax/component.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_optimizer tx_optimizer;
typedef struct tx_optimizer_class { /* an optimizer component's `implementation` */
    int (*num_slots)(const tx_section *section); /* state buffers of num_parameters reals each, zero at first */
    const char *const *slot_names;               /* "mu", "nu": datasets below /optimizer */
    /* One update of `parameters` in place. count: updates before this one; rate: the learning rate of this step. */
    void (*update)(tx_optimizer *optimizer, int64_t count, double rate, const void *gradient, void *parameters);
} tx_optimizer_class;

struct tx_optimizer {
    const tx_optimizer_class *class_;
    const tx_section *section;
    tx_precision precision;
    int64_t num_parameters;
    int num_slots;
    void **slots;
    void *scratch;  /* num_parameters reals, for clipped gradients */
    int64_t count;  /* updates so far */
    void *state;    /* the class's own constants */
};

tx_status tx_optimizer_create(const tx_section *section, tx_precision precision, int64_t num_parameters, tx_error *error,
                              tx_optimizer **out);
void tx_optimizer_destroy(tx_optimizer *optimizer);
/* One step from the (summed) gradient; allocates nothing and cannot fail. */
void tx_optimizer_step(tx_optimizer *optimizer, const void *gradient, void *parameters);
double tx_optimizer_rate(const tx_optimizer *optimizer); /* the learning rate of the next step */

#ifdef __cplusplus
}
#endif
