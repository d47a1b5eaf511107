/* The sum of a step over all ranks, with an answer in the run's precision: what travels there are words, what comes back are
 * reals, rounded once by whoever has the sum.
 *
 * Ranks of one machine add in memory that they share. Rank k of a machine adds the k-th share of the vector, then meets the k-th
 * ranks of the other machines: over short vectors by recursive doubling, over long ones by scattering sums and gathering answers
 * along a ring of halving distances (J. L. Träff, arXiv:2410.14234: any number of ranks, least rounds, least bytes). */
#pragma once

#include "trainax/parallel.h"

typedef struct tx_allreduce tx_allreduce;

/* A vector of words (64 bits): `limbs` for each element, all first ones before all second ones, then `tail` more. The answer: an
 * element's `real` bytes each, then, from the next whole word on, the tail. */
typedef struct tx_summands {
    int64_t elements, tail;
    int limbs;
    size_t real;
    /* to[k] += from[k]; must commute. The same bits on all ranks in whatever order the sums are made */
    void (*add)(int64_t n, const int64_t *from, int64_t *to);
    /* Makes elements [first, end) of the answer, `out` the first of all, of the sums in `words`. */
    void (*round)(const void *state, const int64_t *words, int64_t first, int64_t end, void *out);
    const void *state;
} tx_summands;

size_t tx_summands_bytes(const tx_summands *summands); /* of the vector */
size_t tx_answer_bytes(const tx_summands *summands);

/* Takes over *words and *answer, both from tx_allocate, and moves them to where neighbours reach them, if there are any.
 * Collective, same status on all ranks; on failure they stay as they were. */
tx_status tx_allreduce_create(tx_parallel *parallel, const tx_summands *summands, int64_t **words, void **answer, tx_error *error,
                              tx_allreduce **out);
void tx_allreduce_destroy(tx_allreduce *allreduce); /* words and answer, too; takes NULL */

/* Sums `words` over all ranks: the answer is there on all, until any rank runs again; the words are spoilt, but for the tail, which
 * is the sum's. Collective. */
tx_status tx_allreduce_run(tx_allreduce *allreduce, tx_error *error);
