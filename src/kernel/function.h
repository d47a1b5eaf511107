/* Users' functions as backends and the library call them: in the precision that they have, sample by sample, one thread at a time,
 * as their descriptor says. */
#pragma once

#include "trainax/kernel.h"

typedef enum tx_verb { TX_FORWARD, TX_VJP, TX_JVP } tx_verb;

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

/* Around every call of a user's code, `name` for messages. Waits until no other thread is in what is exclusive. */
void tx_user_enter(const char *name, bool exclusive);
void tx_user_leave(bool exclusive);
/* The name of what this thread is in; NULL: nothing of a user's. */
const char *tx_user_now(void);

/* A thread's state, which may be NULL. */
tx_status tx_function_create(const tx_function *function, int64_t max_samples, tx_error *error, void **state);
void tx_function_destroy(const tx_function *function, void *state); /* takes NULL */
