/* Optimizers over flat buffers, with Optax's names, arguments and arithmetic (in the run's precision).
 *
 * A step is a chain, as optax.chain would make it:
 *
 *     gradient -> clip or clip_by_global_norm -> add_decayed_weights -> the optimizer's own rule: a direction
 *              -> decoupled weight decay -> trust ratio per leaf -> times -rate -> momentum -> added to the parameters
 *
 * The first two are options that all optimizers share. The rule is the class's; what comes after is there where the class
 * asks for it. All that an optimizer remembers lies in its slots and its count. */
#pragma once

#include "trainax/component.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_optimizer tx_optimizer;

/* What a rule reads and writes; nothing overlaps. All buffers hold num_parameters reals. With keep 1 and scale -rate the
 * result is the step itself; with keep 0 and scale 1 it is the direction, for what follows in the chain. */
typedef struct tx_update {
    int64_t count;             /* updates before this one */
    double keep, scale, decay; /* next = keep * parameter + scale * (direction + decay * parameter) */
    const void *gradient, *parameters;
    void *const *slots; /* the state before */
    void *next_parameters;
    void *const *next_slots;
} tx_update;

typedef struct tx_optimizer_class { /* an optimizer component's `implementation` begins with it */
    /* Reads the options once into optimizer->state (one tx_allocate, freed with the optimizer), declares the slots with
     * tx_optimizer_add_slot and asks for what follows its rule. The learning rate and the shared options are read already. */
    tx_status (*create)(tx_optimizer *optimizer, tx_error *error);
    /* Returns whether every number in next_parameters is finite. Allocates nothing. */
    bool (*update)(const tx_optimizer *optimizer, const tx_update *update);
} tx_optimizer_class;

typedef struct tx_schedule_class { /* a schedule component's `implementation` */
    double (*value)(const tx_section *section, int64_t count);
    tx_status (*check)(const tx_section *section, tx_error *error); /* what the table of options cannot say; may be NULL */
} tx_schedule_class;

typedef struct tx_rate { /* a number, or a schedule of the count of updates */
    double number;
    const tx_section *schedule; /* NULL: the number */
} tx_rate;

enum { TX_OPTIMIZER_SLOTS = 4 };
typedef struct tx_slot {
    const char *name; /* dataset below /optimizer */
    double initial;
} tx_slot;

struct tx_optimizer {
    const tx_optimizer_class *class_;
    const tx_section *section;
    tx_precision precision;
    int64_t num_parameters;
    int num_leaves;
    int64_t *leaf_sizes; /* one leaf behind the other */
    int64_t count;       /* updates so far */
    tx_rate rate;

    int num_slots;
    tx_slot slot[TX_OPTIMIZER_SLOTS];
    void *slots[TX_OPTIMIZER_SLOTS];      /* the state, num_parameters reals each; a resumed run fills it in */
    void *next_slots[TX_OPTIMIZER_SLOTS]; /* where the next update puts it */

    double clip, clip_by_global_norm; /* 0: none */
    tx_rate added_weights;
    void *prepared; /* the gradient after these; NULL where there are none */

    tx_rate decay; /* of the weights, after the rule, before the rate */
    bool trust;    /* scales each leaf's direction by coefficient * |parameters| / (|direction| + eps) */
    double trust_coefficient, trust_eps;
    bool trace; /* momentum after the rate; its trace is the last slot */
    double momentum;
    bool nesterov;

    void *state; /* the class's own constants */
};

/* leaf_sizes: of the arrays that the parameters consist of, for norms of one leaf. TX_INVALID, with the place in the file,
 * for options that do not go together. */
tx_status tx_optimizer_create(const tx_section *section, tx_precision precision, int num_leaves, const int64_t *leaf_sizes,
                              tx_error *error, tx_optimizer **out);
void tx_optimizer_destroy(tx_optimizer *optimizer);
/* One step from the (summed) gradient; allocates nothing. next: num_parameters reals of the caller's, not `parameters`
 * itself. Returns false, with the optimizer as it was before, when a new parameter would not be finite: the old ones are
 * then still the last good state. */
bool tx_optimizer_step(tx_optimizer *optimizer, const void *gradient, const void *parameters, void *next);
double tx_optimizer_rate(const tx_optimizer *optimizer); /* the learning rate of the next step, in the run's precision */
const char *tx_optimizer_slot_name(const tx_optimizer *optimizer, int slot);

/* What every optimizer takes beside its own options; for tx_registry_share. */
extern const tx_option tx_optimizer_options[];

/* For the classes. Slots: at most TX_OPTIMIZER_SLOTS. */
void tx_optimizer_add_slot(tx_optimizer *optimizer, const char *name, double initial);
tx_rate tx_rate_read(const tx_section *section, const char *name); /* 0 where the value is null */
double tx_rate_at(tx_rate rate, int64_t count);
tx_status tx_rate_check(tx_rate rate, tx_error *error); /* the schedule's own check */

#ifdef __cplusplus
}
#endif
