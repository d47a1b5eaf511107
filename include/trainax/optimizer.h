/* Optimizers over flat buffers, with Optax's names, arguments and arithmetic (in the run's precision). */
#pragma once

#include "trainax/component.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_optimizer tx_optimizer;

/* What one update reads and writes; nothing overlaps. All buffers hold num_parameters reals. */
typedef struct tx_update {
    int64_t count; /* updates before this one */
    double rate;   /* the learning rate of this step */
    const void *gradient, *parameters;
    void *const *slots; /* the state before */
    void *next_parameters;
    void *const *next_slots;
} tx_update;

typedef struct tx_optimizer_class {              /* an optimizer component's `implementation` */
    int (*num_slots)(const tx_section *section); /* state buffers, zero at first */
    const char *const *slot_names;               /* "mu", "nu": datasets below /optimizer */
    /* Reads the options once into optimizer->state (one tx_allocate, freed with the optimizer). */
    tx_status (*create)(tx_optimizer *optimizer, tx_error *error);
    /* Returns whether every new parameter is finite. */
    bool (*update)(const tx_optimizer *optimizer, const tx_update *update);
} tx_optimizer_class;

typedef struct tx_schedule_class { /* a schedule component's `implementation` */
    double (*value)(const tx_section *section, tx_precision precision, int64_t count);
} tx_schedule_class;

struct tx_optimizer {
    const tx_optimizer_class *class_;
    const tx_section *section;
    tx_precision precision;
    int64_t num_parameters;
    int num_slots;
    void **slots;               /* the state; a resumed run fills it in */
    void **next_slots;          /* where the next update puts it */
    int64_t count;              /* updates so far */
    double rate;                /* where there is no schedule */
    const tx_section *schedule; /* NULL: none */
    void *state;                /* the class's own constants */
};

/* TX_INVALID, with the place in the file, for what is not built yet. */
tx_status tx_optimizer_create(const tx_section *section, tx_precision precision, int64_t num_parameters, tx_error *error,
                              tx_optimizer **out);
void tx_optimizer_destroy(tx_optimizer *optimizer);
/* One step from the (summed) gradient; allocates nothing. next: num_parameters reals of the caller's, not `parameters`
 * itself. Returns false, with the optimizer as it was before, when a new parameter would not be finite: the old ones are
 * then still the last good state. */
bool tx_optimizer_step(tx_optimizer *optimizer, const void *gradient, const void *parameters, void *next);
double tx_optimizer_rate(const tx_optimizer *optimizer); /* the learning rate of the next step */
const char *tx_optimizer_slot_name(const tx_optimizer *optimizer, int slot);

#ifdef __cplusplus
}
#endif
