/* What graphs ask of kernels: how tensors are padded and activated, users' functions; and the instruction sets that kernels are
 * compiled for. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/shape.h"
#include "trainax/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tx_padding_mode { TX_PAD_ZEROS, TX_PAD_CIRCULAR, TX_PAD_REFLECT, TX_PAD_REPLICATE } tx_padding_mode;

typedef enum tx_activation {
    TX_IDENTITY,
    TX_RELU,
    TX_TANH,
    TX_SIGMOID,
    TX_GELU, /* the tanh form */
    TX_SILU,
    TX_LEAKY_RELU,
    TX_ELU,
    TX_SOFTPLUS,
    TX_ACTIVATION_COUNT,
} tx_activation;
int tx_activation_find(const char *name); /* by jax.nn name in any case, swish = silu; -1: unknown */

/* What one call of a user's function is about. */
typedef struct tx_function_call {
    void *user;          /* the function's */
    void *state;         /* what its `create` has made; NULL where it has none */
    int64_t num_samples; /* real ones: padding is never given to a function */
    void *tape;          /* num_samples times tape_bytes: forward writes it, vjp and jvp read it; NULL where tape_bytes is 0 */
} tx_function_call;

/* A user's C function as an operation, on whole samples: x and y are (num_samples, *shape) contiguous, in double. vjp sets dx to
 * the cotangent of x, jvp dy to the tangent of y; either may be NULL: a graph that asks for it is not built. A non-zero return
 * marks the step as failed (treated as non-finite), and is told with the function's name. All may be called from several threads at
 * the same time, on different samples and each with a state of its own. The same x must give the same y: where memory is short,
 * forward is called again. */
typedef struct tx_function {
    const char *name;
    int (*forward)(const tx_function_call *call, const double *x, double *y);
    int (*vjp)(const tx_function_call *call, const double *x, const double *dy, double *dx);
    int (*jvp)(const tx_function_call *call, const double *x, const double *dx, double *dy);
    void *user; /* shared by all threads: constants */
    /* A thread's own: scratch, tables, the context of a solver, for calls of at most max_samples. Made and freed with its
     * workspace; NULL: there is none. */
    tx_status (*create)(void *user, int64_t max_samples, tx_error *error, void **state);
    void (*destroy)(void *state);
    /* What forward leaves of a sample for its derivatives, as it is and aligned as a double is. Kept, or where memory is short
     * made again, as activations are (in double programs in twice the room). */
    size_t tape_bytes;
} tx_function;

/* The first of a run's functions that failed (NULL: none), and what it returned. */
typedef struct tx_function_failure {
    const tx_function *function;
    int code;
} tx_function_failure;

/* The instruction sets of this build that this machine can run, best last; none above the one that the environment variable
 * TRAINAX_ISA names. */
int tx_isa_count(void);
const char *tx_isa_name(int level);
int tx_isa_find(const char *name); /* -1: not in this build or not on this machine */

/* What computes plans, and where their numbers lie: "cpu" (NULL: what plans run on that are given none), at this level of
 * tx_isa_name (-1: the best). TX_INVALID: there is none of that name; TX_FAILURE: this machine, or its device, cannot run it. */
typedef struct tx_backend tx_backend;
tx_status tx_backend_open(const char *name, int isa, tx_precision precision, tx_error *error, const tx_backend **out);
void tx_backend_close(const tx_backend *backend); /* takes NULL; after its plans */
/* Bytes that it can still take. */
tx_status tx_backend_room(const tx_backend *backend, tx_error *error, size_t *out);

#ifdef __cplusplus
}
#endif
