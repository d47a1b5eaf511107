/* The reduction: the same bytes however blocks are dealt, and the right numbers. ranks: 1 2 3 4 */
#include "ranks.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

enum { LEAVES = 6, SIZE = 1 + 7 + 64 + 1000 + 0 + 3, SCALARS = 3, COUNTERS = 2, BLOCKS = 11, THREADS = 3 };
static const int64_t leaf_sizes[LEAVES] = {1, 7, 64, 1000, 0, 3};

/* ---- Blocks of noise, and how they are dealt ---- */

typedef struct block {
    float floats[SIZE];
    double doubles[SIZE];
    double scalars[SCALARS];
} block;

static block block_of(int step, int index, double size)
{
    block block;
    const uint64_t seed = (uint64_t)(1000 * step + index + 1);
    for (int k = 0; k < SIZE; k++) {
        block.doubles[k] = size * uniform(seed, (uint64_t)k) * ldexp(1, -(int)(noise(seed + 77, (uint64_t)k) % 30));
        block.floats[k] = (float)block.doubles[k];
    }
    for (int k = 0; k < SCALARS; k++) {
        block.scalars[k] = ldexp(uniform(seed + 500, (uint64_t)k), (int)(noise(seed + 600, (uint64_t)k) % 900) - 450);
    }
    return block;
}

static const void *gradient_of(const block *block, tx_precision precision)
{
    return precision == TX_FLOAT32 ? (const void *)block->floats : block->doubles;
}

/* Which rank and thread get a block, and in which order. */
typedef struct dealing {
    const char *name;
    bool reversed;
    int (*rank)(int index);
    int (*thread)(int index);
} dealing;

static int in_turn(int index)
{
    return index % job.size;
}
static int in_runs(int index)
{
    return index * job.size / BLOCKS;
}
static int all_to_last(int index)
{
    (void)index;
    return job.size - 1;
}
static int shuffled(int index)
{
    return (int)(noise(9, (uint64_t)index) % (uint64_t)job.size);
}
static int first_thread(int index)
{
    (void)index;
    return 0;
}
static int last_thread(int index)
{
    (void)index;
    return THREADS - 1;
}
static int any_thread(int index)
{
    return (int)(noise(10, (uint64_t)index) % THREADS);
}

static const dealing dealings[] = {
    {"in turn", false, in_turn, first_thread}, {"in turn, backwards", true, in_turn, any_thread},
    {"in runs", false, in_runs, any_thread},   {"all to the last", true, all_to_last, last_thread},
    {"shuffled", false, shuffled, any_thread},
};
enum { DEALINGS = sizeof dealings / sizeof *dealings };

typedef struct result {
    tx_outcome outcome;
    int64_t scales[LEAVES];
    unsigned char gradient[SIZE * sizeof(double)];
    double scalars[SCALARS];
    int64_t counters[COUNTERS];
    bool finite;
} result;

static result finished(tx_reduction *reduction, tx_precision precision)
{
    result result;
    memset(&result, 0, sizeof result);
    CU_ASSERT_EQUAL_FATAL(tx_reduction_finish(reduction, NULL, &result.outcome), TX_OK);
    tx_reduction_scales(reduction, result.scales);
    if (result.outcome == TX_REPEAT) {
        return result;
    }
    memcpy(result.gradient, tx_reduction_gradient(reduction), SIZE * tx_real_bytes(precision));
    for (int k = 0; k < SCALARS; k++) {
        result.scalars[k] = tx_reduction_scalar(reduction, k);
    }
    for (int k = 0; k < COUNTERS; k++) {
        result.counters[k] = tx_reduction_counter(reduction, k);
    }
    result.finite = tx_reduction_finite(reduction);
    return result;
}

static void add(tx_reduction *reduction, int thread, int index, const block *block, tx_precision precision)
{
    tx_reduction_add_gradient(reduction, thread, gradient_of(block, precision));
    for (int k = 0; k < SCALARS; k++) {
        tx_reduction_add_scalar(reduction, thread, k, block->scalars[k]);
    }
    tx_reduction_add_counter(reduction, thread, 0, 1);
    tx_reduction_add_counter(reduction, thread, 1, (int64_t)index << 40);
}

static result dealt(tx_reduction *reduction, const dealing *dealing, const block *blocks, tx_precision precision)
{
    tx_reduction_begin(reduction);
    for (int k = 0; k < BLOCKS; k++) {
        const int index = dealing->reversed ? BLOCKS - 1 - k : k;
        if (dealing->rank(index) == job.rank) {
            add(reduction, dealing->thread(index), index, &blocks[index], precision);
        }
    }
    return finished(reduction, precision);
}

static result serial(tx_reduction *reduction, const block *blocks, tx_precision precision)
{
    tx_reduction_begin(reduction);
    for (int k = 0; k < BLOCKS; k++) {
        add(reduction, 0, k, &blocks[k], precision);
    }
    return finished(reduction, precision);
}

static tx_reduction *make(tx_parallel *parallel, tx_reduction_mode mode, tx_precision precision, int64_t max_blocks)
{
    tx_reduction *reduction = NULL;
    CU_ASSERT_EQUAL_FATAL(
        tx_reduction_create(parallel,
                            &(tx_reduction_setup){mode, precision, LEAVES, leaf_sizes, SCALARS, COUNTERS, max_blocks, THREADS},
                            NULL, &reduction),
        TX_OK);
    return reduction;
}

/* ---- Order ---- */

static void fill_blocks(block *blocks, int step, double size)
{
    for (int k = 0; k < BLOCKS; k++) {
        blocks[k] = block_of(step, k, size);
    }
}

/* Many steps, through growth, decay and jumps, so that scales are measured, broken, and moved both ways. */
static void order(tx_precision precision)
{
    static block blocks[BLOCKS];
    const double sizes[] = {1, 1, 30, 900, 1e9, 1e9, 1e-3, 1e-5, 1e-7, 1e-7, 1e-7, 1e-7, 1e-7, 1e-7, 1e-7, 1e-7, 1e20};
    tx_reduction *reference = make(job.alone, TX_REDUCE_EXACT, precision, BLOCKS), *reductions[DEALINGS];
    for (int d = 0; d < DEALINGS; d++) {
        reductions[d] = make(job.all, TX_REDUCE_EXACT, precision, BLOCKS);
    }
    int repeats = 0;
    for (int step = 0; step < (int)(sizeof sizes / sizeof *sizes); step++) {
        fill_blocks(blocks, step, sizes[step]);
        result expected = serial(reference, blocks, precision);
        for (int tries = 0; tries < 2; tries++) {
            for (int d = 0; d < DEALINGS; d++) {
                const result result = dealt(reductions[d], &dealings[d], blocks, precision);
                CU_ASSERT(memcmp(&result, &expected, sizeof result) == 0);
            }
            if (expected.outcome == TX_REDUCED) {
                break;
            }
            repeats++;
            expected = serial(reference, blocks, precision);
            CU_ASSERT_EQUAL(expected.outcome, TX_REDUCED); /* once is enough */
        }
    }
    CU_ASSERT(repeats >= 3); /* the first step and the two leaps at least: else this tests nothing */
    for (int d = 0; d < DEALINGS; d++) {
        tx_reduction_destroy(reductions[d]);
    }
    tx_reduction_destroy(reference);
}

static void order_float(void)
{
    order(TX_FLOAT32);
}
static void order_double(void)
{
    order(TX_FLOAT64);
}

/* ---- Values ---- */

static result settled(tx_reduction *reduction, const block *blocks, tx_precision precision)
{
    result result = dealt(reduction, &dealings[2], blocks, precision);
    if (result.outcome == TX_REPEAT) {
        result = dealt(reduction, &dealings[2], blocks, precision);
    }
    CU_ASSERT_EQUAL(result.outcome, TX_REDUCED);
    return result;
}

/* The error of an element: half a unit of the last limb for each block, half a unit in the last place for the result. The
 * unit lies 51 - 9 (+ 50) bits or more below the leaf's largest element just after the scale was measured. */
static void values(tx_precision precision)
{
    static block blocks[BLOCKS];
    fill_blocks(blocks, 50, 1);
    tx_reduction *reduction = make(job.all, TX_REDUCE_EXACT, precision, BLOCKS);
    const result result = settled(reduction, blocks, precision);
    const double unit = precision == TX_FLOAT32 ? 0x1p-41 : 0x1p-91;
    bool right = true;
    for (int k = 0; k < SIZE; k++) {
        __float128 exact = 0;
        for (int b = 0; b < BLOCKS; b++) {
            exact += precision == TX_FLOAT32 ? (__float128)blocks[b].floats[k] : (__float128)blocks[b].doubles[k];
        }
        const double got = precision == TX_FLOAT32 ? (double)((const float *)(const void *)result.gradient)[k]
                                                   : ((const double *)(const void *)result.gradient)[k];
        const double place = fabs((double)exact) * (precision == TX_FLOAT32 ? 0x1p-24 : 0x1p-53);
        right &= fabs((double)(got - exact)) <= place * (1 + 1e-6) + BLOCKS * unit;
    }
    CU_ASSERT(right);
    CU_ASSERT_EQUAL(result.counters[0], BLOCKS);
    CU_ASSERT_EQUAL(result.counters[1], (int64_t)BLOCKS * (BLOCKS - 1) / 2 << 40);
    CU_ASSERT(result.finite);
    tx_reduction_destroy(reduction);
}

static void values_float(void)
{
    values(TX_FLOAT32);
}
static void values_double(void)
{
    values(TX_FLOAT64);
}

static void plain_values(tx_precision precision)
{
    static block blocks[BLOCKS];
    fill_blocks(blocks, 51, 1);
    tx_reduction *exact = make(job.all, TX_REDUCE_EXACT, precision, BLOCKS);
    tx_reduction *plain = make(job.all, TX_REDUCE_PLAIN, precision, BLOCKS);
    const result a = settled(exact, blocks, precision), b = dealt(plain, &dealings[1], blocks, precision);
    CU_ASSERT_EQUAL(b.outcome, TX_REDUCED);
    double worst = 0;
    for (int k = 0; k < SIZE; k++) {
        const double x = precision == TX_FLOAT32 ? (double)((const float *)(const void *)a.gradient)[k]
                                                 : ((const double *)(const void *)a.gradient)[k];
        const double y = precision == TX_FLOAT32 ? (double)((const float *)(const void *)b.gradient)[k]
                                                 : ((const double *)(const void *)b.gradient)[k];
        worst = fmax(worst, fabs(x - y));
    }
    CU_ASSERT(worst <= (precision == TX_FLOAT32 ? 0x1p-20 : 0x1p-49)); /* sums are below 11; a few roundings */
    for (int k = 0; k < SCALARS; k++) { /* rounding errors of a naive sum scale with the terms, not with the sum */
        double most = 0;
        for (int block = 0; block < BLOCKS; block++) {
            most += fabs(blocks[block].scalars[k]);
        }
        CU_ASSERT(fabs(a.scalars[k] - b.scalars[k]) <= BLOCKS * most * 0x1p-53);
    }
    CU_ASSERT_EQUAL(b.counters[0], BLOCKS);
    CU_ASSERT_EQUAL(b.counters[1], a.counters[1]);
    CU_ASSERT(b.finite);
    CU_ASSERT_FALSE(tx_reduction_scaled(plain));
    tx_reduction_destroy(exact);
    tx_reduction_destroy(plain);
}

static void plain_float(void)
{
    plain_values(TX_FLOAT32);
}
static void plain_double(void)
{
    plain_values(TX_FLOAT64);
}

/* ---- Scales as state ---- */

/* The state of a checkpoint: a reduction that is given the scales of another goes on to the same bytes. */
static void scales_resume(void)
{
    static block blocks[BLOCKS];
    tx_reduction *first = make(job.all, TX_REDUCE_EXACT, TX_FLOAT32, BLOCKS), *second = NULL;
    fill_blocks(blocks, 60, 1e-5);
    settled(first, blocks, TX_FLOAT32);
    int64_t scales[LEAVES];
    tx_reduction_scales(first, scales);
    CU_ASSERT_EQUAL(scales[4], TX_SCALE_UNSET); /* the leaf without elements */
    second = make(job.all, TX_REDUCE_EXACT, TX_FLOAT32, BLOCKS);
    tx_reduction_set_scales(second, scales);
    fill_blocks(blocks, 61, 1.1e-5);
    const result a = dealt(first, &dealings[0], blocks, TX_FLOAT32), b = dealt(second, &dealings[3], blocks, TX_FLOAT32);
    CU_ASSERT_EQUAL(b.outcome, TX_REDUCED);
    CU_ASSERT(memcmp(&a, &b, sizeof a) == 0);
    tx_reduction_destroy(first);
    tx_reduction_destroy(second);
}

/* ---- What is not finite ---- */

static void not_finite(tx_reduction_mode mode, tx_precision precision, bool measured)
{
    static block blocks[BLOCKS];
    const double bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (int kind = 0; kind < 4; kind++) {
        tx_reduction *reduction = make(job.all, mode, precision, BLOCKS);
        fill_blocks(blocks, 70, 1);
        if (measured) {
            settled(reduction, blocks, precision);
        }
        int64_t before[LEAVES], after[LEAVES];
        tx_reduction_scales(reduction, before);
        blocks[4].doubles[500] = bad[kind];
        blocks[4].floats[500] = (float)bad[kind];
        blocks[7].doubles[2] = 1e30; /* what would else be repeated is not */
        blocks[7].floats[2] = 1e30f;
        blocks[2].scalars[1] = bad[kind];
        const result result = dealt(reduction, &dealings[4], blocks, precision);
        CU_ASSERT_EQUAL(result.outcome, TX_REDUCED);
        CU_ASSERT_FALSE(result.finite);
        CU_ASSERT(kind < 2 ? isnan(result.scalars[1]) : result.scalars[1] == bad[kind]);
        CU_ASSERT(isfinite(result.scalars[0]));
        CU_ASSERT_EQUAL(result.counters[0], BLOCKS);
        const double got = precision == TX_FLOAT32 ? (double)((const float *)(const void *)result.gradient)[500]
                                                   : ((const double *)(const void *)result.gradient)[500];
        CU_ASSERT_FALSE(isfinite(got));
        tx_reduction_scales(reduction, after);
        CU_ASSERT(memcmp(before, after, sizeof before) == 0);
        fill_blocks(blocks, 71, 1);
        CU_ASSERT(settled(reduction, blocks, precision).finite); /* nothing of it stays */
        tx_reduction_destroy(reduction);
    }
}

static void not_finite_shows(void)
{
    for (int measured = 0; measured < 2; measured++) {
        not_finite(TX_REDUCE_EXACT, TX_FLOAT32, measured);
        not_finite(TX_REDUCE_EXACT, TX_FLOAT64, measured);
    }
    not_finite(TX_REDUCE_PLAIN, TX_FLOAT32, false);
    not_finite(TX_REDUCE_PLAIN, TX_FLOAT64, false);
}

/* ---- Threads, nothing at all, no memory ---- */

static void threads_add_at_the_same_time(void)
{
    static block blocks[BLOCKS];
    fill_blocks(blocks, 80, 1);
    tx_reduction *reduction = make(job.all, TX_REDUCE_EXACT, TX_FLOAT64, BLOCKS);
    tx_reduction *reference = make(job.alone, TX_REDUCE_EXACT, TX_FLOAT64, BLOCKS);
    for (int step = 0; step < 2; step++) {
        const result expected = serial(reference, blocks, TX_FLOAT64);
        tx_reduction_begin(reduction);
#pragma omp parallel for num_threads(THREADS) schedule(static, 1)
        for (int t = 0; t < THREADS; t++) {
            for (int k = t; k < BLOCKS; k += THREADS) {
                if (k % job.size == job.rank) {
                    add(reduction, t, k, &blocks[k], TX_FLOAT64);
                }
            }
        }
        const result got = finished(reduction, TX_FLOAT64);
        CU_ASSERT(memcmp(&got, &expected, sizeof got) == 0);
    }
    tx_reduction_destroy(reduction);
    tx_reduction_destroy(reference);
}

static void a_step_without_blocks(void)
{
    tx_reduction *reduction = make(job.all, TX_REDUCE_EXACT, TX_FLOAT32, BLOCKS);
    static block blocks[BLOCKS];
    fill_blocks(blocks, 90, 1);
    settled(reduction, blocks, TX_FLOAT32);
    tx_reduction_begin(reduction);
    const result result = finished(reduction, TX_FLOAT32);
    CU_ASSERT_EQUAL(result.outcome, TX_REDUCED);
    bool zero = true;
    for (size_t k = 0; k < sizeof result.gradient; k++) {
        zero &= result.gradient[k] == 0;
    }
    CU_ASSERT(zero && result.scalars[0] == 0 && result.counters[0] == 0);
    tx_reduction_destroy(reduction);
    CU_ASSERT_EQUAL(
        tx_reduction_create(job.all, &(tx_reduction_setup){TX_REDUCE_EXACT, TX_FLOAT64, 0, NULL, 1, 0, 1, 1}, NULL, &reduction),
        TX_OK);
    tx_reduction_begin(reduction); /* no parameters: an evaluation's sums */
    tx_reduction_add_scalar(reduction, 0, 0, 0.25);
    tx_outcome outcome;
    CU_ASSERT_EQUAL(tx_reduction_finish(reduction, NULL, &outcome), TX_OK);
    CU_ASSERT_EQUAL(outcome, TX_REDUCED);
    CU_ASSERT_EQUAL(tx_reduction_scalar(reduction, 0), 0.25 * job.size);
    tx_reduction_destroy(reduction);
}

static void no_memory(void)
{
    const size_t before = tx_memory_live();
    bool done = false;
    for (int n = 0; !done && n < 100; n++) {
        tx_reduction *reduction = NULL;
        tx_memory_fail_after(n);
        done = tx_reduction_create(
                   job.all, &(tx_reduction_setup){TX_REDUCE_EXACT, TX_FLOAT64, LEAVES, leaf_sizes, SCALARS, COUNTERS, 1, THREADS},
                   NULL, &reduction) == TX_OK;
        tx_memory_fail_after(-1);
        CU_ASSERT_EQUAL(done, reduction != NULL);
        tx_reduction_destroy(reduction);
    }
    CU_ASSERT(done);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

int main(void)
{
    const suite_test tests[] = {{"any order, float", order_float},
                                {"any order, double", order_double},
                                {"values, float", values_float},
                                {"values, double", values_double},
                                {"plain, float", plain_float},
                                {"plain, double", plain_double},
                                {"scales resume", scales_resume},
                                {"what is not finite shows", not_finite_shows},
                                {"threads add at the same time", threads_add_at_the_same_time},
                                {"a step without blocks", a_step_without_blocks},
                                {"no memory", no_memory},
                                {0}};
    return job_run("reduction", tests);
}
