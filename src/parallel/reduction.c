/* The one sum of a step over all ranks: gradients, scalars, counters. */
#include "parallel/reduction.h"

#include <string.h>

#include "base/memory.h"

enum { MOST_RANKS = 65535 }; /* sixteen bits count the ranks that say something of a leaf */

/* ---- Making ---- */

static size_t rounded_up(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* The parts of an adder, each on a cache line of its own; its words are apart. */
typedef struct adder_parts {
    size_t tops, scalars, end;
} adder_parts;

static adder_parts parts_of(const tx_reduction *reduction)
{
    adder_parts at = {.tops = rounded_up(sizeof(tx_adder))};
    at.scalars = at.tops + rounded_up((size_t)reduction->num_leaves * sizeof(int64_t));
    at.end = at.scalars + rounded_up((size_t)reduction->num_scalars * sizeof(tx_super));
    return at;
}

static void bind_scalars(const tx_reduction *reduction, tx_adder *adder)
{
    for (int k = 0; k < reduction->num_scalars; k++) {
        adder->scalars[k].words = adder->words + reduction->at.scalars + (int64_t)k * TX_SUPER_WORDS;
    }
}

static tx_status make_adder(const tx_reduction *reduction, tx_error *error, tx_adder **out)
{
    const adder_parts at = parts_of(reduction);
    char *memory;
    TX_TRY(tx_allocate(at.end, error, &memory));
    tx_adder *adder = *out = (tx_adder *)memory;
    *adder = (tx_adder){.tops = (int64_t *)(memory + at.tops), .scalars = (tx_super *)(memory + at.scalars)};
    TX_TRY(tx_allocate_array((size_t)reduction->at.end, sizeof(int64_t), error, &adder->words));
    bind_scalars(reduction, adder);
    return TX_OK;
}

static void destroy_adder(tx_adder *adder)
{
    if (adder) {
        tx_free(adder->words);
        tx_free(adder);
    }
}

/* A sum of max_blocks elements below 2^bits must stay below 2^63, and so must their second limbs. */
static void choose_bits(tx_reduction *reduction)
{
    const int room = __builtin_clzll((uint64_t)reduction->max_blocks) - 1; /* max_blocks < 2^(63 - room) */
    reduction->bits = room < TX_FIXED_BITS ? room : TX_FIXED_BITS;
    reduction->low_bits = room < TX_FIXED_LOW_BITS ? room : TX_FIXED_LOW_BITS;
}

static tx_status check(const tx_reduction *reduction, tx_error *error)
{
    if (reduction->max_blocks < 1 || reduction->max_blocks > INT32_MAX) {
        return tx_error_set(error, TX_FAILURE, "a reduction of %lld blocks: from 1 to %d are possible",
                            (long long)reduction->max_blocks, INT32_MAX);
    }
    if (tx_parallel_size(reduction->parallel) > MOST_RANKS) {
        return tx_error_set(error, TX_FAILURE, "more than %d ranks", MOST_RANKS);
    }
    return TX_OK;
}

static tx_summands summands_of(const tx_reduction *reduction)
{
    return (tx_summands){.elements = tx_reduction_size(reduction),
                         .tail = reduction->at.end - reduction->at.notes,
                         .limbs = reduction->at.limbs,
                         .real = tx_real_bytes(reduction->precision),
                         .add = reduction->reducer->add_words,
                         .round = reduction->reducer->round,
                         .state = reduction};
}

static tx_status fill(tx_reduction *reduction, const int64_t *leaf_sizes, tx_error *error)
{
    const size_t leaves = (size_t)reduction->num_leaves;
    TX_TRY(tx_allocate_array(leaves + 1, sizeof(int64_t), error, &reduction->leaf_first));
    for (int k = 0; k < reduction->num_leaves; k++) {
        reduction->leaf_first[k + 1] = reduction->leaf_first[k] + leaf_sizes[k];
    }
    TX_TRY(tx_allocate_array(leaves, sizeof(int64_t), error, &reduction->scales));
    TX_TRY(tx_allocate_array(leaves, sizeof(int64_t), error, &reduction->measured));
    TX_TRY(tx_allocate_array((size_t)reduction->num_scalars, sizeof(double), error, &reduction->scalars));
    TX_TRY(tx_allocate_array((size_t)reduction->num_counters, sizeof(int64_t), error, &reduction->counters));
    TX_TRY(tx_allocate_array((size_t)reduction->threads, sizeof(tx_adder *), error, &reduction->adders));
    reduction->at = reduction->reducer->layout(reduction);
    const tx_summands summands = summands_of(reduction);
    TX_TRY(tx_allocate(tx_answer_bytes(&summands), error, &reduction->gradient));
    for (int k = 0; k < reduction->threads; k++) {
        TX_TRY(make_adder(reduction, error, &reduction->adders[k]));
    }
    return TX_OK;
}

tx_status tx_reduction_create(tx_parallel *parallel, const tx_reduction_setup *setup, tx_error *error, tx_reduction **out)
{
    tx_reduction *reduction;
    TX_TRY(tx_allocate(sizeof *reduction, error, &reduction));
    *reduction = (tx_reduction){.reducer = setup->mode == TX_REDUCE_EXACT ? &tx_reducer_exact : &tx_reducer_plain,
                                .fixed = tx_fixed_best(setup->precision),
                                .parallel = parallel,
                                .precision = setup->precision,
                                .num_leaves = setup->num_leaves,
                                .num_scalars = setup->num_scalars,
                                .num_counters = setup->num_counters,
                                .threads = setup->threads,
                                .max_blocks = setup->max_blocks};
    tx_status status = check(reduction, error);
    if (status == TX_OK) {
        choose_bits(reduction);
        status = fill(reduction, setup->leaf_sizes, error);
    }
    if (status != TX_OK) {
        tx_reduction_destroy(reduction);
        return status;
    }
    tx_reduction_unset_scales(reduction);
    tx_reduction_begin(reduction);
    *out = reduction;
    return TX_OK;
}

void tx_reduction_destroy(tx_reduction *reduction)
{
    if (!reduction) {
        return;
    }
    if (reduction->allreduce) { /* whose these are */
        reduction->adders[0]->words = NULL;
        reduction->gradient = NULL;
    }
    tx_allreduce_destroy(reduction->allreduce);
    for (int k = 0; reduction->adders && k < reduction->threads; k++) {
        destroy_adder(reduction->adders[k]);
    }
    tx_free(reduction->adders);
    tx_free(reduction->leaf_first);
    tx_free(reduction->scales);
    tx_free(reduction->measured);
    tx_free(reduction->gradient);
    tx_free(reduction->scalars);
    tx_free(reduction->counters);
    tx_free(reduction);
}

/* ---- Scales ---- */

void tx_reduction_scales(const tx_reduction *reduction, int64_t *out)
{
    memcpy(out, reduction->scales, (size_t)reduction->num_leaves * sizeof *out);
}

void tx_reduction_set_scales(tx_reduction *reduction, const int64_t *scales)
{
    for (int k = 0; k < reduction->num_leaves; k++) {
        reduction->scales[k] = scales[k] == TX_SCALE_UNSET ? TX_SCALE_UNSET : tx_scale_clamped(scales[k]);
    }
}

void tx_reduction_copy_scales(const tx_reduction *from, tx_reduction *to)
{
    tx_reduction_scales(from, to->scales);
}

bool tx_reduction_scaled(const tx_reduction *reduction)
{
    bool any = false;
    for (int k = 0; k < reduction->num_leaves; k++) {
        any |= reduction->scales[k] != TX_SCALE_UNSET;
    }
    return any;
}

void tx_reduction_unset_scales(tx_reduction *reduction)
{
    for (int k = 0; k < reduction->num_leaves; k++) {
        reduction->scales[k] = TX_SCALE_UNSET;
    }
}

/* ---- A step ---- */

void tx_reduction_begin(tx_reduction *reduction)
{
    for (int k = 0; k < reduction->threads; k++) {
        reduction->adders[k]->blocks = 0;
        reduction->reducer->begin(reduction, reduction->adders[k]);
    }
}

void tx_reduction_add_gradient(tx_reduction *reduction, int thread, const void *gradient)
{
    tx_adder *adder = reduction->adders[thread];
    reduction->reducer->add_gradient(reduction, adder, gradient);
    adder->blocks++;
}

bool tx_reduction_take_sum(tx_reduction *reduction, int thread, int64_t blocks, tx_gradient_sum *out)
{
    tx_adder *adder = reduction->adders[thread];
    if (reduction->reducer != &tx_reducer_exact) {
        return false;
    }
    adder->blocks = blocks;
    *out =
        (tx_gradient_sum){.scales = reduction->scales, .low_bits = reduction->low_bits, .words = adder->words, .tops = adder->tops};
    return true;
}

void tx_reduction_add_scalar(tx_reduction *reduction, int thread, int index, double value)
{
    reduction->reducer->add_scalar(reduction, reduction->adders[thread], index, value);
}

void tx_reduction_add_counter(tx_reduction *reduction, int thread, int index, int64_t value)
{
    reduction->reducer->add_counter(reduction, reduction->adders[thread], index, value);
}

/* Not when it is created: that is not collective. */
static tx_status connect(tx_reduction *reduction, tx_error *error)
{
    const tx_summands summands = summands_of(reduction);
    tx_adder *first = reduction->adders[0];
    TX_TRY(tx_allreduce_create(reduction->parallel, &summands, &first->words, &reduction->gradient, error, &reduction->allreduce));
    bind_scalars(reduction, first);
    return TX_OK;
}

tx_status tx_reduction_sum(tx_reduction *reduction, tx_error *error)
{
    if (tx_parallel_size(reduction->parallel) == 1) {
        const int64_t *words = reduction->adders[0]->words;
        reduction->reducer->round(reduction, words, 0, tx_reduction_size(reduction), reduction->gradient);
        return TX_OK;
    }
    TX_TRY(reduction->allreduce ? TX_OK : connect(reduction, error));
    return tx_allreduce_run(reduction->allreduce, error);
}

tx_status tx_reduction_finish(tx_reduction *reduction, tx_error *error, tx_outcome *out)
{
    return reduction->reducer->finish(reduction, error, out);
}

const void *tx_reduction_gradient(const tx_reduction *reduction)
{
    return reduction->gradient;
}
double tx_reduction_scalar(const tx_reduction *reduction, int index)
{
    return reduction->scalars[index];
}
int64_t tx_reduction_counter(const tx_reduction *reduction, int index)
{
    return reduction->counters[index];
}
bool tx_reduction_finite(const tx_reduction *reduction)
{
    return reduction->finite;
}
