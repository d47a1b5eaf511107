/* What graphs ask of kernels: how tensors are padded and activated, users' functions; and the instruction sets that kernels are
 * compiled for. */
#pragma once

#include <stdbool.h>
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

/* Ranks that make every call of a function together: this one is number `rank` of `size`. */
typedef struct tx_ranks {
    int rank, size;
    int communicator; /* over them, as Fortran has it: MPI_Comm_f2c(communicator). One alone has none, nor need MPI run then */
} tx_ranks;

/* What one call of a user's function is about. */
typedef struct tx_function_call {
    void *user;          /* the function's */
    void *state;         /* what its `create` has made; NULL where it has none */
    int64_t num_samples; /* real ones: padding is never given to a function */
    void *tape;          /* num_samples times tape_bytes: forward writes it, vjp and jvp read it; NULL where tape_bytes is 0 */
    tx_error *error;     /* for a message beside a return that is not zero: tx_error_set, or a text into its message */
    int root;            /* where several ranks make the call: the one whose results count; others' may be anything */
} tx_function_call;

/* A user's C function as an operation, on whole samples: x and y are (num_samples, *shape) contiguous. vjp sets dx to the cotangent
 * of x, jvp dy to the tangent of y; either may be missing: a graph that asks for it is not built. A non-zero return marks the step
 * as failed (treated as non-finite), and is told with the function's name. All may be called from several threads at the same time,
 * on different samples and each with a state of its own. The same x must give the same y: where memory is short, forward is called
 * again. In double, in single precision, or both: a program calls those of its own precision, and where there is only the other
 * one's, numbers are converted. */
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
    int (*forward_single)(const tx_function_call *call, const float *x, float *y);
    int (*vjp_single)(const tx_function_call *call, const float *x, const float *dy, float *dx);
    int (*jvp_single)(const tx_function_call *call, const float *x, const float *dx, float *dy);
    size_t state_bytes; /* that a state takes, for what a run says and checks before it takes memory */
    bool vjp_adds;      /* vjp adds to what dx holds: zeros, or what others have contributed to this cotangent */
    bool one_by_one;    /* it is called for each sample: num_samples is 1 */
    bool exclusive;     /* one thread of the process at a time is in it, or in another one that says so (create, destroy as well) */
    bool parallel;      /* plugins: several ranks can make its calls together, if the user asks for it */
    const tx_ranks *ranks; /* plugins: which ones, before tx_plugin_map's create; of a program's own function NULL */
} tx_function;

/* The first of a run's functions that failed (NULL: none), what it returned, and its message, which may be empty. */
typedef struct tx_function_failure {
    const tx_function *function;
    int code;
    char message[196];
} tx_function_failure;
/* "'NAME' failed with code 3: MESSAGE" */
void tx_function_failure_write(const tx_function_failure *failure, char *text, size_t size);

/* The instruction sets of this build that this machine can run, best last; none above the one that the environment variable
 * TRAINAX_ISA names. */
int tx_isa_count(void);
const char *tx_isa_name(int level);
int tx_isa_find(const char *name); /* -1: not in this build or not on this machine */
/* TX_INVALID: TRAINAX_ISA names none of them. */
tx_status tx_isa_check(tx_error *error);

/* What computes plans, and where their numbers lie: "cpu" (NULL: what plans run on that are given none), "opencl". TX_INVALID:
 * there is none of that name, no such device, or TRAINAX_ISA names none; TX_FAILURE: this machine, or its device, cannot run it. */
typedef struct tx_backend tx_backend;
typedef struct tx_backend_options {
    int isa; /* level of tx_isa_name, of what runs on the host; -1: the best */
    tx_precision precision;
    const char *device; /* "auto" (NULL), a number of tx_backend_devices, or part of a name */
    int rank;           /* auto: the devices are dealt out over the ranks of a machine, of which this is number `rank` */
} tx_backend_options;
tx_status tx_backend_open(const char *name, const tx_backend_options *options, tx_error *error, const tx_backend **out);
void tx_backend_close(const tx_backend *backend); /* takes NULL; after its plans */
int tx_backend_isa(const tx_backend *backend);
/* What the bits of its results depend on: the instruction set, or a device with its driver. */
const char *tx_backend_computer(const tx_backend *backend);
tx_precision tx_backend_precision(const tx_backend *backend);
/* Is its memory none of the host's? */
bool tx_backend_is_apart(const tx_backend *backend);
/* Bytes that it can still take. */
tx_status tx_backend_room(const tx_backend *backend, tx_error *error, size_t *out);

typedef struct tx_device {
    int number;
    char platform[96], name[96], driver[64];
    size_t memory; /* bytes */
    bool doubles;  /* computes in double, too */
} tx_device;
/* What a backend can run on: one tx_allocate of *count; none for one without devices. */
tx_status tx_backend_devices(const char *name, tx_error *error, tx_device **out, int *count);

#ifdef __cplusplus
}
#endif
