/* What a call that can fail returns, and how it says why.
 *
 * A status is at the same time the exit code of the command. The function that first decides that something is wrong
 * writes the one line for the user into the caller's tx_error; everyone above hands the status up unchanged.
 * Results come through the last arguments and are set on TX_OK only. */
#pragma once

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tx_status {
    TX_OK = 0,
    TX_FAILURE = 1,  /* the machine: no memory, MPI, a bug */
    TX_INVALID = 2,  /* the user's command line or configuration */
    TX_BAD_DATA = 3, /* a file: unreadable, malformed, non-finite, disk full */
    TX_DIVERGED = 4, /* training became non-finite */
    TX_STOPPED = 75, /* stopped on request after a checkpoint (EX_TEMPFAIL) */
} tx_status;

enum { TX_MESSAGE_SIZE = 1024 };

/* Owned by the caller, zero-initialised ({0}). Every function that takes one accepts NULL. */
typedef struct tx_error {
    tx_status status;
    char message[TX_MESSAGE_SIZE]; /* one line of UTF-8, no prefix, no newline at its end */
} tx_error;

/* Records the first error (later ones do not overwrite it) and returns `status`, so that one writes
 * `return tx_error_set(error, TX_INVALID, "…", …);`. Here as below texts may hold anything: line breaks, other control
 * characters and bytes that are no UTF-8 are escaped. */
tx_status tx_error_set(tx_error *error, tx_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__ /* what it cannot see from here: the status that comes back is the one that went in */
#define tx_error_set(error, status, ...) (tx_error_set(error, status, __VA_ARGS__), (status))
#endif

/* Puts "prefix: " before a message that is already there; returns its status. */
tx_status tx_error_prefix(tx_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns from the calling function if `call` fails. */
#define TX_TRY(call)                                                                                                               \
    do {                                                                                                                           \
        const tx_status tx_try_status_ = (call);                                                                                   \
        if (tx_try_status_ != TX_OK) {                                                                                             \
            return tx_try_status_;                                                                                                 \
        }                                                                                                                          \
    } while (0)

/* Where progress, notes, results and warnings go: given by the caller, called on rank 0 only. A zeroed tx_log is silent. */
typedef enum tx_log_level { TX_LOG_PROGRESS, TX_LOG_NOTE, TX_LOG_RESULT, TX_LOG_WARNING } tx_log_level;
typedef struct tx_log {
    void (*write)(void *user, tx_log_level level, const char *line);
    void *user;
} tx_log;
void tx_log_write(const tx_log *log, tx_log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The arithmetic of a run. */
typedef enum tx_precision { TX_FLOAT32, TX_FLOAT64 } tx_precision;
static inline unsigned long tx_real_bytes(tx_precision precision)
{
    return precision == TX_FLOAT32 ? 4 : 8;
}

#ifdef __cplusplus
}
#endif
