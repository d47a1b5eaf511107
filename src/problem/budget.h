/* What a command will take of memory on one rank, and whether it may: asked before it is taken. */
#pragma once

#include "trainax/component.h"
#include "trainax/parallel.h"

typedef enum tx_use {
    TX_USE_ACTIVATIONS,
    TX_USE_PARAMETERS, /* and all that is as long: gradients, optimizer, sums */
    TX_USE_DATA,
    TX_USE_HELD_OUT, /* all for callbacks' metrics */
    TX_USE_METRICS,  /* the numbers of all samples at all steps */
    TX_USE_REST,
    TX_USE_COUNT,
} tx_use;

typedef struct tx_budget {
    size_t bytes[TX_USE_COUNT];
    size_t taken; /* of these already */
} tx_budget;

size_t tx_budget_total(const tx_budget *budget);
/* "3.2 GiB" */
void tx_budget_write(double bytes, char text[32]);

/* What may be done about it: written behind the message, where `allowed` bytes are what this rank may take beside those that it
 * has; "" where nothing helps. */
typedef void tx_advice(const void *object, double allowed, char *text, size_t size);

/* May the ranks of this machine take what they say? Compared with the free memory of the machine and what control groups and the
 * process's own limits leave. TX_INVALID with the numbers where they may not, or, where `run` (may be NULL) names an amount for
 * parallel.memory, a warning: that is the user's word. advice may be NULL. Collective; all get the same status. */
tx_status tx_budget_check(tx_parallel *parallel, const tx_budget *budget, const tx_section *run, const tx_log *log,
                          tx_advice *advice, const void *object, tx_error *error);
/* The same for as many ranks on this machine, of which there are none yet: what would be said, "" where it fits. */
tx_status tx_budget_compare(const tx_budget *budget, int ranks, tx_error *error, char text[TX_MESSAGE_SIZE / 2]);
