/* The reduction whose bits depend on the blocks alone: fixed point for gradients, a scale a leaf; a full-range accumulator
 * for scalars.
 *
 * A scale changes by facts about single blocks only, so on any number of ranks in the same way: each rank says of each leaf
 * where the largest element of its blocks lies below the bound, and only "did any rank say so" is looked at. */
#include <string.h>

#include "parallel/reduction.h"

/* Where the largest element of a leaf lies; a field of 16 bits each in the leaf's word counts the ranks that say so. */
typedef enum place {
    BREAKS, /* beyond the bound, or there is no scale yet: the sums are of no use */
    HIGH,   /* within 2^6 of it */
    FITS,   /* within 2^12 */
    TINY,   /* below, not zero */
    ZERO,
} place;

enum {
    STEP = 6,          /* bits; a scale moves so far at once, HIGH and FITS are so wide */
    MEASURED_ROOM = 9, /* a measured scale puts the largest element so many bits below the bound: the middle of FITS */
};
static const int64_t INFINITE = (int64_t)0x7ff << 52; /* tops from here on are not finite */

/* Notes: a word a leaf, then the number of blocks, then of ranks that met elements that are not finite. */
static tx_sums layout(const tx_reduction *reduction)
{
    tx_sums at = {.limbs = reduction->fixed->limbs, .notes = tx_reduction_size(reduction) * reduction->fixed->limbs};
    at.counters = at.notes + reduction->num_leaves + 2;
    at.scalars = at.counters + reduction->num_counters;
    at.end = at.scalars + (int64_t)reduction->num_scalars * TX_SUPER_WORDS;
    return at;
}

/* ---- Adding ---- */

/* The gradient's words stay as they are: the first block overwrites them. */
static void begin(const tx_reduction *reduction, tx_adder *adder)
{
    for (int k = 0; k < reduction->num_counters; k++) {
        adder->words[reduction->at.counters + k] = 0;
    }
    for (int k = 0; k < reduction->num_scalars; k++) {
        tx_super_clear(&adder->scalars[k]);
    }
}

static tx_fixed_format format_of(const tx_reduction *reduction, int leaf)
{
    return (tx_fixed_format){.scale = (int)reduction->scales[leaf], .low_bits = reduction->low_bits};
}

static void add_gradient(const tx_reduction *reduction, tx_adder *adder, const void *gradient)
{
    const tx_fixed *fixed = reduction->fixed;
    const size_t real = tx_real_bytes(reduction->precision);
    const int64_t size = tx_reduction_size(reduction), keep = adder->blocks ? -1 : 0;
    for (int leaf = 0; leaf < reduction->num_leaves; leaf++) {
        const int64_t first = reduction->leaf_first[leaf], count = reduction->leaf_first[leaf + 1] - first;
        const char *x = (const char *)gradient + (size_t)first * real;
        int64_t *high = adder->words + first;
        const int64_t top = reduction->scales[leaf] == TX_SCALE_UNSET
                                ? fixed->top(count, x)
                                : fixed->add(count, x, format_of(reduction, leaf), keep, high, high + size);
        const int64_t before = adder->tops[leaf] & keep;
        adder->tops[leaf] = top > before ? top : before;
    }
}

static void add_scalar(const tx_reduction *reduction, tx_adder *adder, int index, double value)
{
    (void)reduction;
    tx_super_add(&adder->scalars[index], value);
}

static void add_counter(const tx_reduction *reduction, tx_adder *adder, int index, int64_t value)
{
    adder->words[reduction->at.counters + index] += value;
}

/* ---- Summing over threads ---- */

/* Unsigned: sums of blocks that break the bound may wrap. */
static void add_words(int64_t n, const int64_t *from, int64_t *to)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        to[k] = (int64_t)((uint64_t)to[k] + (uint64_t)from[k]);
    }
}

static void merge_gradient(const tx_reduction *reduction, tx_adder *sum, const tx_adder *from)
{
    const int64_t words = reduction->at.notes;
    if (!from->blocks) {
        return;
    }
    if (!sum->blocks) {
        memcpy(sum->words, from->words, (size_t)words * sizeof *sum->words);
        memcpy(sum->tops, from->tops, (size_t)reduction->num_leaves * sizeof *sum->tops);
    } else {
        add_words(words, from->words, sum->words);
        for (int k = 0; k < reduction->num_leaves; k++) {
            sum->tops[k] = from->tops[k] > sum->tops[k] ? from->tops[k] : sum->tops[k];
        }
    }
    sum->blocks += from->blocks;
}

static tx_adder *merge(const tx_reduction *reduction)
{
    tx_adder *sum = reduction->adders[0];
    for (int t = 1; t < reduction->threads; t++) {
        tx_adder *from = reduction->adders[t];
        merge_gradient(reduction, sum, from);
        add_words(reduction->num_counters, from->words + reduction->at.counters, sum->words + reduction->at.counters);
        for (int k = 0; k < reduction->num_scalars; k++) {
            tx_super_merge(&sum->scalars[k], &from->scalars[k]);
        }
    }
    if (!sum->blocks) {
        memset(sum->words, 0, (size_t)reduction->at.notes * sizeof *sum->words);
        memset(sum->tops, 0, (size_t)reduction->num_leaves * sizeof *sum->tops);
    }
    return sum;
}

/* ---- Scales ---- */

static int binary_exponent(int64_t top) /* of a double's bits: floor(log2(x)), x > 0 */
{
    const int exponent = (int)(top >> 52);
    return exponent ? exponent - 1023 : 63 - __builtin_clzll((uint64_t)top) - 1074;
}

static place place_of(const tx_reduction *reduction, int64_t top, int64_t scale)
{
    if (!top) {
        return ZERO;
    }
    if (scale == TX_SCALE_UNSET) {
        return BREAKS;
    }
    const int64_t below = reduction->bits - 1 - (binary_exponent(top) + scale);
    return below < 0 ? BREAKS : below < STEP ? HIGH : below < 2L * STEP ? FITS : TINY;
}

static bool any_rank_says(int64_t word, place place)
{
    return (uint64_t)word >> 16 * place & 0xffff;
}

static void move_scales(tx_reduction *reduction, const int64_t *notes)
{
    for (int k = 0; k < reduction->num_leaves; k++) {
        if (any_rank_says(notes[k], HIGH)) {
            reduction->scales[k] = tx_scale_clamped(reduction->scales[k] - STEP);
        } else if (any_rank_says(notes[k], TINY) && !any_rank_says(notes[k], FITS)) {
            reduction->scales[k] = tx_scale_clamped(reduction->scales[k] + STEP);
        }
    }
}

/* For the leaves that broke their bound the largest element of all blocks is agreed upon: one repetition is enough. */
static tx_status measure_scales(tx_reduction *reduction, const int64_t *notes, const int64_t *tops, tx_error *error)
{
    const size_t leaves = (size_t)reduction->num_leaves;
    memcpy(reduction->measured, tops, leaves * sizeof *tops);
    TX_TRY(tx_parallel_max(reduction->parallel, reduction->measured, leaves, error));
    for (int k = 0; k < reduction->num_leaves; k++) {
        if (any_rank_says(notes[k], BREAKS)) {
            reduction->scales[k] = tx_scale_clamped(reduction->bits - MEASURED_ROOM - binary_exponent(reduction->measured[k]));
        }
    }
    return TX_OK;
}

/* ---- Rounding ---- */

/* A leaf without a scale is zero: else the step is repeated. */
static void round_leaf(const tx_reduction *reduction, int leaf, const int64_t *words, int64_t first, int64_t count, void *gradient)
{
    const size_t real = tx_real_bytes(reduction->precision);
    const int64_t *high = words + first;
    char *x = (char *)gradient + (size_t)first * real;
    if (reduction->scales[leaf] == TX_SCALE_UNSET) {
        memset(x, 0, (size_t)count * real);
    } else {
        reduction->fixed->get(count, high, high + tx_reduction_size(reduction), format_of(reduction, leaf), x);
    }
}

static void round_range(const void *state, const int64_t *words, int64_t first, int64_t end, void *gradient)
{
    const tx_reduction *reduction = state;
    const int64_t *at = reduction->leaf_first;
    for (int leaf = 0; leaf < reduction->num_leaves; leaf++) {
        const int64_t from = at[leaf] > first ? at[leaf] : first, to = at[leaf + 1] < end ? at[leaf + 1] : end;
        if (from < to) {
            round_leaf(reduction, leaf, words, from, to - from, gradient);
        }
    }
}

/* ---- Finishing ---- */

static void write_notes(const tx_reduction *reduction, const tx_adder *sum)
{
    int64_t *notes = sum->words + reduction->at.notes;
    int64_t not_finite = 0;
    for (int k = 0; k < reduction->num_leaves; k++) {
        const place place = place_of(reduction, sum->tops[k], reduction->scales[k]);
        notes[k] = place == ZERO ? 0 : (int64_t)((uint64_t)1 << 16 * place);
        not_finite |= sum->tops[k] >= INFINITE;
    }
    notes[reduction->num_leaves] = sum->blocks;
    notes[reduction->num_leaves + 1] = not_finite;
}

static tx_status sum_over_ranks(tx_reduction *reduction, const tx_adder *sum, tx_error *error)
{
    if (tx_parallel_size(reduction->parallel) == 1) {
        return tx_reduction_sum(reduction, error); /* without carries */
    }
    for (int k = 0; k < reduction->num_scalars; k++) {
        tx_super_carry(&sum->scalars[k]);
    }
    TX_TRY(tx_reduction_sum(reduction, error));
    for (int k = 0; k < reduction->num_scalars; k++) {
        tx_super_touched(&sum->scalars[k]);
    }
    return TX_OK;
}

static void publish(tx_reduction *reduction, tx_adder *sum)
{
    if (!reduction->finite) {
        memset(reduction->gradient, 0xff, (size_t)tx_reduction_size(reduction) * tx_real_bytes(reduction->precision)); /* NaN */
    }
    for (int k = 0; k < reduction->num_scalars; k++) {
        reduction->scalars[k] = tx_super_value(&sum->scalars[k]);
    }
    for (int k = 0; k < reduction->num_counters; k++) {
        reduction->counters[k] = sum->words[reduction->at.counters + k];
    }
}

static bool must_repeat(const tx_reduction *reduction, const int64_t *notes)
{
    bool breaks = false;
    for (int k = 0; k < reduction->num_leaves; k++) {
        breaks |= any_rank_says(notes[k], BREAKS);
    }
    return breaks;
}

static tx_status finish(tx_reduction *reduction, tx_error *error, tx_outcome *out)
{
    tx_adder *sum = merge(reduction);
    write_notes(reduction, sum);
    TX_TRY(sum_over_ranks(reduction, sum, error));
    const int64_t *notes = sum->words + reduction->at.notes; /* they may have moved */
    const int64_t blocks = notes[reduction->num_leaves];
    if (blocks > reduction->max_blocks) {
        return tx_error_set(error, TX_FAILURE, "a step of %lld blocks, where %lld at most were announced", (long long)blocks,
                            (long long)reduction->max_blocks);
    }
    reduction->finite = !notes[reduction->num_leaves + 1];
    if (reduction->finite && must_repeat(reduction, notes)) {
        TX_TRY(measure_scales(reduction, notes, sum->tops, error));
        *out = TX_REPEAT;
        return TX_OK;
    }
    publish(reduction, sum);
    if (reduction->finite) {
        move_scales(reduction, notes);
    }
    *out = TX_REDUCED;
    return TX_OK;
}

const tx_reducer tx_reducer_exact = {.layout = layout,
                                     .begin = begin,
                                     .add_gradient = add_gradient,
                                     .add_scalar = add_scalar,
                                     .add_counter = add_counter,
                                     .finish = finish,
                                     .add_words = add_words,
                                     .round = round_range};
