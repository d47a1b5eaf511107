/* What is checked: a map of one vector of numbers, or of several at once, and its derivatives. A component is a few of them: as a
 * map of states, as one of its parameters, and each of the users' functions that it calls. */
#pragma once

#include "base/memory.h"
#include "kernel/function.h"
#include "problem/problem.h"

enum { TX_VERBS = TX_JVP + 1 }; /* that can be asked of a subject */

typedef struct tx_subject tx_subject;
typedef struct tx_subject_class {
    /* out = f(x), J(x)' d or J(x) d of so many samples, one behind the other. TX_FAILURE: a user's function says so. */
    tx_status (*run)(tx_subject *subject, tx_verb verb, int samples, const void *x, const void *d, void *out, tx_error *error);
    void (*destroy)(tx_subject *subject); /* what hangs on `state`, which is one tx_allocate */
} tx_subject_class;
struct tx_subject {
    const tx_subject_class *class_;
    tx_precision precision;
    bool adds;                /* the vjp, to what it finds */
    bool single;              /* something in it computes in single precision */
    int samples;              /* that a call takes at most */
    int64_t in, out;          /* numbers of a sample */
    const void *points;       /* (samples, in) where it is checked */
    const void *meanwhile;    /* as many: a function's forward goes there between its forward and a derivative; NULL: nowhere */
    tx_error lacks[TX_VERBS]; /* why it cannot be asked that */
    void *state;
};
void tx_subject_destroy(tx_subject *subject); /* takes NULL */
tx_status tx_failed(const tx_function_failure *failed, tx_error *error);

/* Numbers of a sample that go into a verb, and come out of it. */
static inline int64_t tx_verb_given(const tx_subject *subject, tx_verb verb) /* d */
{
    return verb == TX_VJP ? subject->out : verb == TX_JVP ? subject->in : 0;
}
static inline int64_t tx_verb_result(const tx_subject *subject, tx_verb verb)
{
    return verb == TX_VJP ? subject->in : subject->out;
}

/* ---- Components ---- */

/* Where they are checked: pairs of consecutive levels, and numbers of their trajectories, both in double. */
typedef struct tx_states {
    tx_shape shape;
    int count;
    int64_t level, num_numbers;
    double *pairs, *numbers; /* (count, 2, level): the later one first; (count, num_numbers) */
} tx_states;

typedef struct tx_role tx_role;
/* A component as a configuration has it. */
typedef struct tx_checked {
    const char *path; /* "trainer.ref_stepper" */
    const tx_section *section;
    const tx_states *states;
    tx_random random;
    int isa;
} tx_checked;
bool tx_is_checked(tx_kind kind); /* is there something to check of such components? */

/* Made once more in each process: the object and its graph. */
typedef struct tx_made {
    const tx_checked *checked;
    const tx_role *role;
    void *object;
    int64_t num_parameters;
    tx_graph *graph;
    tx_node x, y;
    int num_functions; /* of users, that it calls */
} tx_made;
/* TX_INVALID: it does not fit the states, or its result has a wrong shape. */
tx_status tx_made_create(const tx_checked *checked, tx_error *error, tx_made *out);
void tx_made_destroy(tx_made *made);
/* The n-th user's function, as the graph calls it. */
tx_node tx_made_call(const tx_made *made, int n);
const tx_function *tx_made_function(const tx_made *made, int n);

/* Subjects, which made must outlive. What a subject lacks is no error. */
tx_status tx_subject_of_states(const tx_made *made, int unused, tx_precision precision, tx_error *error, tx_subject **out);
tx_status tx_subject_of_parameters(const tx_made *made, int unused, tx_precision precision, tx_error *error, tx_subject **out);
/* In that precision, or the one that the function has. */
tx_status tx_subject_of_function(const tx_made *made, int n, tx_precision precision, tx_error *error, tx_subject **out);
