/* Users' functions as backends and the library call them: in the precision that they have, sample by sample, one thread at a time,
 * as their descriptor says. */
#pragma once

#include "trainax/kernel.h"

typedef enum tx_verb { TX_FORWARD, TX_VJP, TX_JVP } tx_verb;
extern const char *const tx_verb_name[];

bool tx_function_can(const tx_function *function, tx_verb verb);
/* In which precision a program's calls arrive: its own, or the other one. Of a verb that the function can. */
tx_precision tx_function_precision(const tx_function *function, tx_verb verb, tx_precision program);

/* Samples one behind the other: x; of derivatives what lies in a tangent space; the result. */
typedef struct tx_function_samples {
    const void *x, *d;
    void *result;
    size_t numbers[3]; /* of a sample of each */
} tx_function_samples;
/* Of the precision above. The first failure stays in *failed. */
void tx_function_run(const tx_function *function, tx_verb verb, tx_precision precision, const tx_function_call *call,
                     const tx_function_samples *samples, tx_function_failure *failed);

/* A call of a user's code, for messages. */
typedef struct tx_user {
    const char *name, *library, *verb; /* "burgers", the file or NULL, "vjp"; name NULL: nothing of a user's */
} tx_user;
/* Around every one. Waits until no other thread is in what is exclusive. */
void tx_user_enter(const tx_user *user, bool exclusive);
void tx_user_leave(bool exclusive);
/* What this thread is in; for signal handlers, too. */
tx_user tx_user_now(void);

/* One call of the above, of no more samples than the function takes at once. */
int tx_function_call_here(const tx_function *function, tx_verb verb, tx_precision precision, const tx_function_call *call,
                          const tx_function_samples *samples);

/* What stands behind the `ranks` of a shared object's function. */
typedef struct tx_function_owner {
    tx_ranks ranks; /* first */
    const char *library;
    /* Of several ranks: as tx_function_call_here, on all of them. Their threads' states are its own. */
    int (*call)(const struct tx_function_owner *self, const tx_function *function, tx_verb verb, tx_precision precision,
                const tx_function_call *call, const tx_function_samples *samples);
} tx_function_owner;
static inline const tx_function_owner *tx_function_owner_of(const tx_function *function) /* NULL: a program's own */
{
    return (const tx_function_owner *)(const void *)function->ranks;
}
static inline bool tx_function_is_joint(const tx_function *function)
{
    return function->ranks && function->ranks->size > 1;
}
tx_user tx_function_user(const tx_function *function, const char *verb);

/* A thread's state, which may be NULL. */
tx_status tx_function_create(const tx_function *function, int64_t max_samples, tx_error *error, void **state);
void tx_function_destroy(const tx_function *function, void *state); /* takes NULL */
