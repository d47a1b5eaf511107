/* Optimizers over flat buffers, with Optax's names, arguments and arithmetic (in the run's precision).
 *
 * An optimizer is given a task, and is a row of stages, as optax.chain would make it. What the first one gets is the gradient, and
 * each makes of the updates before it
 *
 *     scale * (rule(updates) + decay * parameters)
 *
 * which the last one adds to the parameters. A component appends the stages it is made of: a transform mostly one; a whole
 * optimizer those of Optax's function, after those of the options that optimizers share (clip, clip_by_global_norm,
 * add_decayed_weights); `chain` those of its transforms. A stage without a rule is taken over by the one before where that has
 * no scale yet: a chain of scale_by_adam, add_decayed_weights and scale_by_learning_rate is adamw, and as fast.
 * All that an optimizer remembers lies in arrays with names and shapes: the count of its updates, and what its stages keep. */
#pragma once

#include "trainax/component.h"
#include "trainax/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_optimizer tx_optimizer;

typedef struct tx_stage tx_stage;

/* An array that is kept from one update to the next. Checkpoints and other ranks get these and nothing else of an optimizer. */
typedef enum tx_number { TX_NUMBER_REAL /* of the run's precision */, TX_NUMBER_DOUBLE, TX_NUMBER_INTEGER /* int64 */ } tx_number;
enum { TX_STATE_ARRAY_NAME = 32 + TX_LEAF_NAME };
typedef struct tx_state_array {
    char name[TX_STATE_ARRAY_NAME]; /* dataset below /optimizer: "mu", in a chain "2.mu" */
    tx_number number;
    int rank; /* 0: a single number */
    int64_t shape[TX_LEAF_RANK];
    double initial;
    void *values; /* a resumed run fills them in */
    void *next;   /* where the next update puts them; the same number of bytes */
} tx_state_array;

/* What a stage reads and writes; nothing overlaps. Gradient and parameters are num_parameters reals. keep is 1 in the last stage,
 * else 0: next = keep * parameter + scale * (rule + decay * parameter) */
typedef struct tx_update {
    const tx_task *task;
    int64_t count; /* updates before this one */
    double keep, scale, decay;
    const void *gradient, *parameters; /* gradient: what the stage before made of it */
    void *next_parameters;
    bool *ends;                   /* set: this step is the run's last, as after early_stopping */
    const tx_state_array *arrays; /* the stage's, in the order in which they were asked for: values are read, next is written */
} tx_update;

/* TX_DIVERGED: a number in next_parameters is not finite; else what the task says. Allocates nothing. The same on all ranks. */
typedef tx_status tx_stage_update(const tx_stage *stage, const tx_update *update, tx_error *error);

typedef struct tx_optimizer_class { /* the `implementation` of an optimizer or a transform begins with it */
    tx_status (*create)(tx_optimizer *optimizer, const tx_section *section, tx_error *error); /* appends the stages */
} tx_optimizer_class;

typedef struct tx_schedule_class { /* a schedule component's `implementation` */
    double (*value)(const tx_section *section, int64_t count);
    tx_status (*check)(const tx_section *section, tx_error *error); /* what the table of options cannot say; may be NULL */
} tx_schedule_class;

typedef struct tx_rate { /* a number, or a schedule of the count of updates */
    double number;
    const tx_section *schedule; /* NULL: the number */
} tx_rate;

struct tx_stage {
    const tx_optimizer *optimizer;
    tx_stage_update *update;
    tx_rate scale, decay;
    bool descends; /* the scale is taken with a minus */
    int number;    /* of the transform in a chain that it belongs to; -1: there is no chain */
    int num_arrays;
    size_t capacity;
    tx_state_array *arrays;
    void *state; /* its own beside the arrays; freed with tx_free */
    /* Of stages that take more than arrays and state: these functions, or NULL. */
    size_t (*bytes)(const tx_stage *stage, int num_ranks); /* that it will take on one of so many ranks; known once planned */
    /* Once, before the first update; the same status on all ranks. Collective. */
    tx_status (*allocate)(tx_stage *stage, const tx_task *task, tx_error *error);
    /* Of each step, before callbacks see it: what they are told, and its update builds on. All stages get the task as it is; arrays
     * are only read, and may meet the same step again. Fails as an update does. */
    tx_status (*prepare)(tx_stage *stage, const tx_task *task, tx_error *error);
    /* A number of the step that is prepared, the same on all ranks: NaN where it has none (yet: arrays without values, too). False:
     * no number of that name, ever. */
    bool (*tell)(const tx_stage *stage, const char *name, double *out);
    /* What the learning rate is multiplied by in the next update, as far as its loss does not change it. */
    double (*factor)(const tx_stage *stage);
    /* What there is to be known of it on so many ranks, once planned: lines of "name: value", each with its end; tx_free. */
    tx_status (*describe)(const tx_stage *stage, int num_ranks, tx_error *error, char **out);
    /* Of what was created and allocated, which may be half of it. Collective where something was allocated. */
    void (*destroy)(tx_stage *stage);
};

enum { TX_MINI_STEP, TX_ACCUMULATED, TX_NUM_GATHERED };

struct tx_optimizer {
    const tx_task *task; /* while it is planned: what may be asked */
    tx_precision precision;
    int64_t num_parameters;
    int num_leaves;
    tx_leaf *leaves;                          /* one behind the other */
    tx_state_array count;                     /* of updates so far */
    int64_t every;                            /* minibatches that an update is made of */
    tx_state_array gathered[TX_NUM_GATHERED]; /* where there are several: their mean so far, and how many it is of */
    bool has_rate;
    tx_rate rate; /* the learning rate: the last one in a chain */
    int num_stages, num_sections;
    size_t capacity;
    tx_stage **stages;
    void *scratch; /* between stages; NULL where there is one */
    bool updated;  /* by the last step: it was the last minibatch of an update */
    bool ended;    /* with the last step */
};

/* For tasks of this class and these leaves (copied). TX_INVALID, with the place in the file, for options that do not go together,
 * or where the optimizer has to ask what the task does not know. Collective. */
tx_status tx_optimizer_create(const tx_section *section, const tx_task *task, tx_error *error, tx_optimizer **out);
/* The same in two steps: what it is, and how much memory its numbers take, on each rank alone; then that memory. */
tx_status tx_optimizer_plan(const tx_section *section, const tx_task *task, tx_error *error, tx_optimizer **out);
size_t tx_optimizer_bytes(const tx_optimizer *optimizer, int num_ranks);                        /* of one of so many */
tx_status tx_optimizer_allocate(tx_optimizer *optimizer, const tx_task *task, tx_error *error); /* collective */
void tx_optimizer_destroy(tx_optimizer *optimizer); /* collective once it is allocated */
/* What the first of its stages that has something to say says of itself; NULL: none has. */
tx_status tx_optimizer_describe(const tx_optimizer *optimizer, int num_ranks, tx_error *error, char **out);
/* What is to be known of a step before its update; TX_DIVERGED as there. Collective as the step is. */
tx_status tx_optimizer_prepare(tx_optimizer *optimizer, const tx_task *task, tx_error *error);
/* What the first of its stages that knows such a number tells of the step that is prepared. False: none does. */
bool tx_optimizer_number(const tx_optimizer *optimizer, const char *name, double *out);
/* The prepared step, from the task's parameters; allocates nothing. next: num_parameters reals of the caller's. TX_DIVERGED, with
 * the reason and the optimizer as it was before, when a new parameter would not be finite: the old ones are then still the last
 * good state; so too after what else the task says. Where an update is made of several minibatches, the others are only added up.
 * Collective where the optimizer asks what is collective; else it works with what the task came with. */
tx_status tx_optimizer_step(tx_optimizer *optimizer, const tx_task *task, void *next, tx_error *error);
/* The learning rate of the next step, in the run's precision; NaN where no transform of a chain has one. */
double tx_optimizer_rate(const tx_optimizer *optimizer);
bool tx_optimizer_descends(const tx_optimizer *optimizer);    /* some stage turns the gradient round, or may */
int64_t tx_optimizer_count(const tx_optimizer *optimizer);    /* updates so far */
bool tx_optimizer_has_updated(const tx_optimizer *optimizer); /* its last step came to new parameters: to what `next` holds */
bool tx_optimizer_has_ended(const tx_optimizer *optimizer);   /* its last step is to be the run's last */
/* The whole state, valid until the next step; in the order in which files hold it, which depends on the section and the leaves
 * alone. */
int tx_optimizer_num_arrays(const tx_optimizer *optimizer);
tx_state_array *tx_optimizer_array(const tx_optimizer *optimizer, int index);
size_t tx_state_array_bytes(const tx_state_array *array, tx_precision precision);

/* -- for create: the stages of a component -- */

/* Appends a stage with `bytes` zeroed bytes of state, whose scale is 1 and whose decay 0. It belongs to the optimizer. */
tx_status tx_stage_add(tx_optimizer *optimizer, tx_stage_update *update, size_t bytes, tx_error *error, tx_stage **out);
/* The stage's next array: num_parameters reals of the run's precision, … */
tx_status tx_stage_keep(tx_stage *stage, const char *name, double initial, tx_error *error);
/* … or what `array` says, for whose name a transform's number in its chain is put. */
tx_status tx_stage_keep_array(tx_stage *stage, const tx_state_array *array, tx_error *error);
/* Where the section has a learning rate: the last stage so far is scaled by it, downhill. */
void tx_optimizer_descend(tx_optimizer *optimizer, const tx_section *section);
/* What a stage will ask of tasks, beside the gradient that they come with, TX_ASKS_…: TX_INVALID, at the section, where one of
 * these is lacking; else what the task's preparing says. */
tx_status tx_optimizer_ask(const tx_optimizer *optimizer, const tx_section *section, unsigned what, tx_error *error);
/* What an update returns: TX_OK or TX_DIVERGED. */
tx_status tx_stage_status(bool finite, tx_error *error);

/* -- options and rates -- */

/* What every optimizer takes beside its own options; for tx_registry_share. */
extern const tx_option tx_optimizer_options[];

tx_rate tx_rate_read(const tx_section *section, const char *name); /* 0 where there is no such option or it is null */
double tx_rate_at(tx_rate rate, int64_t count);
tx_status tx_rate_check(tx_rate rate, tx_error *error); /* the schedule's own check */

#ifdef __cplusplus
}
#endif
