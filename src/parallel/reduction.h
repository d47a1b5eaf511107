/* What the two ways of reducing share. A step's sums are one vector of 64-bit words, kept once a thread and summed over
 * threads, then over ranks: the gradient's, some that describe it, the counters', the scalars'. */
#pragma once

#include "parallel/allreduce.h"
#include "parallel/fixed.h"
#include "parallel/superaccumulator.h"
#include "trainax/parallel.h"

/* One thread's sums: two allocations, as the first one's words may have to move. */
typedef struct tx_adder {
    int64_t blocks; /* gradients added since begin; with none, the gradient's words are not valid */
    int64_t *words; /* exact: int64_t; plain: double */
    int64_t *tops;  /* exact: the largest |element| of each leaf */
    tx_super *scalars;
} tx_adder;

/* Where things lie in the vector. */
typedef struct tx_sums {
    int limbs; /* words an element of the gradient, which is at 0 */
    int64_t notes, counters, scalars, end;
} tx_sums;

typedef struct tx_reducer {
    tx_sums (*layout)(const tx_reduction *reduction);
    void (*begin)(const tx_reduction *reduction, tx_adder *adder);
    void (*add_gradient)(const tx_reduction *reduction, tx_adder *adder, const void *gradient);
    void (*add_scalar)(const tx_reduction *reduction, tx_adder *adder, int index, double value);
    void (*add_counter)(const tx_reduction *reduction, tx_adder *adder, int index, int64_t value);
    tx_status (*finish)(tx_reduction *reduction, tx_error *error, tx_outcome *out);
    /* over ranks (allreduce.h); state: the reduction */
    void (*add_words)(int64_t n, const int64_t *from, int64_t *to);
    void (*round)(const void *state, const int64_t *words, int64_t first, int64_t end, void *out);
} tx_reducer;

extern const tx_reducer tx_reducer_exact, tx_reducer_plain;

struct tx_reduction {
    const tx_reducer *reducer;
    const tx_fixed *fixed;
    tx_parallel *parallel;
    tx_precision precision;
    int num_leaves, num_scalars, num_counters, threads;
    int64_t max_blocks;
    int64_t *leaf_first; /* num_leaves + 1 */
    int bits, low_bits;  /* an element's bound and what its second limb holds (fixed.h) */
    int64_t *scales;
    int64_t *measured; /* scratch, one a leaf */
    tx_sums at;
    tx_adder **adders;       /* one a thread; the sum over all ends up in the first */
    tx_allreduce *allreduce; /* from the first sum over several ranks on; has the first adder's words and the gradient */
    void *gradient;          /* and, over several ranks, the sums that follow it */
    double *scalars;
    int64_t *counters;
    bool finite;
};

static inline int64_t tx_reduction_size(const tx_reduction *reduction)
{
    return reduction->leaf_first[reduction->num_leaves];
}

/* Sums the first adder's words over all ranks: the gradient, rounded, is in `gradient`, everything else where it was. Collective.
 */
tx_status tx_reduction_sum(tx_reduction *reduction, tx_error *error);

static inline int64_t tx_scale_clamped(int64_t scale)
{
    return scale > TX_SCALE_LIMIT ? TX_SCALE_LIMIT : scale < -TX_SCALE_LIMIT ? -TX_SCALE_LIMIT : scale;
}
