/* Arrays between pages that nobody may touch, and what a process dies of. */
#pragma once

#include <signal.h>
#include <stddef.h>

#include "trainax/status.h"

typedef enum tx_edge { TX_AT_END, TX_AT_BEGINNING } tx_edge; /* which edge of an array lies on that of its pages */

typedef struct tx_guarded {
    const char *name; /* a constant: "dx" */
    char *data;
    size_t bytes;
    char *pages; /* a forbidden one, its own, a forbidden one */
    size_t page_bytes;
} tx_guarded;

/* Why a process has ended, in memory that it shared with those who want to know. */
enum { TX_MOST_GUARDED = 8, TX_FAULT_TEXT = 160 };
typedef struct tx_fault {
    tx_guarded arrays[TX_MOST_GUARDED]; /* those that there are; no name: free */
    int signal;
    const char *address;
} tx_fault;
void tx_fault_catch(tx_fault *fault); /* from now on, of this process */
/* waited: waitpid's status of a process that has not done all that it was to do. */
void tx_fault_describe(const tx_fault *fault, int waited, char text[TX_FAULT_TEXT]);

/* Whether a child process comes back from `work`: else TX_FAILURE, with what it dies of. */
tx_status tx_fault_try(void (*work)(void *argument), void *argument, tx_error *error);

/* Zeroed, and aligned as a double is where `bytes` is a multiple of that. */
tx_status tx_guarded_create(const char *name, size_t bytes, tx_edge edge, tx_error *error, tx_guarded *out);
void tx_guarded_destroy(tx_guarded *array);    /* takes a zeroed one */
void tx_guarded_lock(const tx_guarded *array); /* it can only be read from now on */
