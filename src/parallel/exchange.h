/* The sum over peers, a rank on each machine, by messages: over what of the vector they share. */
#pragma once

#include <mpi.h>

#include "parallel/allreduce.h"

/* Of items: the elements, then the words of the tail. */
typedef struct tx_range {
    int64_t first, end;
} tx_range;

/* Part k of `parts` nearly equal ones, in cache lines of the answer. */
tx_range tx_range_part(tx_range whole, int parts, int k);

/* Where an item begins in the answer, in bytes. */
int64_t tx_answer_offset(const tx_summands *of, int64_t item);

/* How peers meet: a row of the table in exchange.c. */
typedef struct tx_way tx_way;

typedef struct tx_exchange {
    const tx_parallel *parallel;
    const tx_summands *of;
    int *peers;       /* ranks; owned */
    int count, place; /* of the peers; this rank's among them */
    tx_range share;   /* the same on all peers */
    int64_t *words;   /* of all items */
    void *answer;
    /* its own */
    const tx_way *way;
    char *incoming;
    struct tx_piece *pieces;
    MPI_Request *requests;
} tx_exchange;

/* Should one rank a machine carry all of a vector, as it is so short that only the number of messages counts? */
bool tx_exchange_is_short(const tx_summands *of);
/* Everything but `its own` has been filled in. Not collective. destroy: also of one that is empty or half made. */
tx_status tx_exchange_create(tx_exchange *exchange, tx_error *error);
void tx_exchange_destroy(tx_exchange *exchange);
/* The answer's share is there on all peers; the words' share is spoilt. Collective over the peers. */
tx_status tx_exchange_run(tx_exchange *exchange, tx_error *error);
