/* Exact sums over trajectories, and what statistics follow from them. */
#include "data/statistics.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "parallel/superaccumulator.h"

/* What a rank reads at a time. */
enum { BUFFER_BYTES = 8 << 20 };

/* Of a channel: sums of x, x^2, d, d^2. */
enum { SUM, SQUARES, DELTA_SUM, DELTA_SQUARES, SUMS };

typedef struct channel {
    tx_super sums[SUMS];
    int64_t counts[3]; /* numbers, differences, not finite */
    double least, most;
} channel;

typedef struct pass {
    tx_data_source *source;    /* the numbers' … */
    const tx_dataset *dataset; /* … or those that are there */
    const tx_data_shape *shape;
    tx_precision precision;
    int64_t mask;                     /* of the numbers beside a trajectory, those of points that count are not 0; -1: all do */
    int64_t channels, points, stride; /* stride 0: no differences */
    size_t bytes;                     /* of a level */
    bool strict;
    channel *all;
    int64_t *words; /* of all sums */
    char *buffer;
    int64_t batch; /* levels that are read at a time, but for those ahead */
} pass;

/* A sum in twice the precision (Knuth's and Dekker's error-free transformations). */
typedef struct twofold {
    double high, low;
} twofold;

static void add(twofold *sum, double x)
{
    const double total = sum->high + x, part = total - sum->high;
    sum->low += (sum->high - (total - part)) + (x - part);
    sum->high = total;
}

static void add_square(twofold *sum, double x)
{
    const double square = x * x;
    sum->low += fma(x, x, -square);
    add(sum, square);
}

/* ---- What a rank adds ---- */

static void add_up(channel *c, int which, const twofold *sum)
{
    tx_super_add(&c->sums[which], sum->high);
    tx_super_add(&c->sums[which], sum->low);
}

/* Does a point count? row: the numbers beside the trajectory. */
static bool counts(const pass *p, const char *row, int64_t point)
{
    return p->mask < 0 || tx_real_get(p->precision, row, p->mask + point) != 0;
}

static void add_numbers(const pass *p, channel *c, const char *level, int64_t at, const char *row)
{
    const tx_precision precision = p->precision;
    twofold sum = {0, 0}, squares = {0, 0};
    for (int64_t k = 0; k < p->points; k++) {
        const double x = tx_real_get(precision, level, at + k);
        if (!counts(p, row, k)) {
            continue;
        }
        if (!isfinite(x)) {
            c->counts[2]++;
            continue;
        }
        add(&sum, x);
        add_square(&squares, x);
        c->counts[0]++;
        c->least = x < c->least ? x : c->least;
        c->most = x > c->most ? x : c->most;
    }
    add_up(c, SUM, &sum);
    add_up(c, SQUARES, &squares);
}

static void add_differences(const pass *p, channel *c, const char *level, const char *later, int64_t at, const char *row)
{
    const tx_precision precision = p->precision;
    twofold sum = {0, 0}, squares = {0, 0};
    for (int64_t k = 0; k < p->points; k++) {
        const double d = tx_real_get(precision, later, at + k) - tx_real_get(precision, level, at + k);
        if (isfinite(d) && counts(p, row, k)) {
            add(&sum, d);
            add_square(&squares, d);
            c->counts[1]++;
        }
    }
    add_up(c, DELTA_SUM, &sum);
    add_up(c, DELTA_SQUARES, &squares);
}

/* Flattened level `at`, and `ahead` levels behind it in the buffer. */
static void add_level(const pass *p, int64_t at, int64_t ahead, const char *level)
{
    const tx_data_shape *shape = p->shape;
    const int64_t time = at % shape->num_levels, length = tx_data_length(shape, at / shape->num_levels);
    const char *row = p->mask < 0 ? NULL : tx_beside_of(&p->dataset->beside, at / shape->num_levels);
    const bool pair = p->stride && time + p->stride < length && ahead >= p->stride;
    for (int64_t k = 0; k < p->channels && time < length; k++) {
        add_numbers(p, &p->all[k], level, k * p->points, row);
        if (pair) {
            add_differences(p, &p->all[k], level, level + (size_t)p->stride * p->bytes, k * p->points, row);
        }
    }
}

/* Then the numbers stand for nothing, as do the data, which will not be read either. */
static bool stops(const pass *p)
{
    return p->source && p->source->job && tx_parallel_asked_to_stop(p->source->job);
}

/* Of levels that are there, a few at a time: the store keeps room for its largest request. */
enum { FETCHED = 16 };

static tx_status fetch(const pass *p, int64_t first, int64_t count, tx_error *error)
{
    tx_store *const store = p->dataset->store;
    int64_t levels[FETCHED];
    for (int64_t at = 0, here; at < count; at += here) {
        const void *const *windows;
        here = count - at < FETCHED ? count - at : FETCHED;
        for (int64_t k = 0; k < here; k++) {
            levels[k] = first + at + k;
        }
        TX_TRY(tx_store_fetch(store, 0, (int)here, 1, levels, error));
        TX_TRY(tx_store_wait(store, 0, &windows, error));
        for (int64_t k = 0; k < here; k++) {
            memcpy(p->buffer + (size_t)(at + k) * p->bytes, windows[k], p->bytes);
        }
    }
    return TX_OK;
}

static tx_status read(const pass *p, int64_t first, int64_t count, tx_error *error)
{
    return p->dataset  ? fetch(p, first, count, error)
           : p->strict ? tx_data_source_read(p->source, first, count, p->buffer, error)
                       : tx_data_source_read_any(p->source, first, count, p->buffer, error);
}

static tx_status read_share(const pass *p, int64_t first, int64_t end, tx_error *error)
{
    const int64_t levels = p->shape->num_levels;
    for (int64_t at = first, here; at < end && !stops(p); at += here) {
        const int64_t next = (at / p->batch + 1) * p->batch, stop = next < end ? next : end;
        const int64_t rest = (levels - stop % levels) % levels, count = stop - at + (p->stride < rest ? p->stride : rest);
        here = stop - at;
        TX_TRY(read(p, at, count, error));
        for (int64_t k = 0; k < here; k++) {
            add_level(p, at + k, count - 1 - k, p->buffer + (size_t)k * p->bytes);
        }
    }
    return TX_OK;
}

/* ---- What all have added ---- */

/* Doubles as integers of the same order. */
static int64_t ordered(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static double from_ordered(int64_t bits)
{
    double x;
    bits = bits < 0 ? bits ^ INT64_MAX : bits;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static tx_status share(tx_parallel *parallel, const pass *p, tx_error *error)
{
    for (int64_t k = 0; k < p->channels; k++) {
        channel *c = &p->all[k];
        int64_t bounds[2] = {-ordered(c->least), ordered(c->most)};
        for (int s = 0; s < SUMS; s++) {
            tx_super_carry(&c->sums[s]);
        }
        TX_TRY(tx_parallel_sum(parallel, c->counts, 3, error));
        TX_TRY(tx_parallel_max(parallel, bounds, 2, error));
        c->least = from_ordered(-bounds[0]);
        c->most = from_ordered(bounds[1]);
    }
    TX_TRY(tx_parallel_sum(parallel, p->words, (size_t)p->channels * SUMS * TX_SUPER_WORDS, error));
    for (int64_t k = 0; k < p->channels * SUMS; k++) {
        tx_super_touched(&p->all[k / SUMS].sums[k % SUMS]);
    }
    return TX_OK;
}

/* Once: the sum loses what is taken out. */
static twofold value(tx_super *sum)
{
    twofold out = {tx_super_value(sum), 0};
    tx_super_add(sum, -out.high);
    out.low = tx_super_value(sum);
    return out;
}

/* (s / n, t / n - (s / n)^2), of sums of numbers and of their squares. Wide: they may nearly cancel. */
static void moments(const twofold *sum, const twofold *squares, int64_t n, double *mean, double *std, double *rms)
{
    typedef _Float128 wide;
    const wide s = (wide)sum->high + sum->low, t = (wide)squares->high + squares->low, count = (wide)n;
    const wide variance = (t - s * s / count) / count;
    *mean = n ? (double)(s / count) : (double)NAN;
    *std = n ? sqrt(variance > 0 ? (double)variance : 0) : (double)NAN;
    *rms = n ? sqrt((double)(t / count)) : (double)NAN;
}

static void summarise(channel *c, tx_channel_statistics *out)
{
    twofold sums[SUMS];
    double mean_delta;
    for (int s = 0; s < SUMS; s++) {
        sums[s] = value(&c->sums[s]);
    }
    *out = (tx_channel_statistics){.least = c->counts[0] ? c->least : (double)NAN,
                                   .most = c->counts[0] ? c->most : (double)NAN,
                                   .count = c->counts[0],
                                   .not_finite = c->counts[2]};
    moments(&sums[SUM], &sums[SQUARES], c->counts[0], &out->mean, &out->std, &out->rms);
    moments(&sums[DELTA_SUM], &sums[DELTA_SQUARES], c->counts[1], &mean_delta, &out->std_delta, &out->rms_delta);
}

/* ---- The pass ---- */

static tx_status begin(pass *p, tx_error *error)
{
    const tx_data_shape *shape = p->shape;
    p->channels = shape->state.channels;
    p->points = tx_shape_points(&shape->state);
    p->bytes = (size_t)tx_data_level_size(shape) * tx_real_bytes(p->precision);
    p->batch = p->source ? tx_data_source_batch(p->source, BUFFER_BYTES) : 1 + BUFFER_BYTES / (int64_t)p->bytes;
    p->batch = p->batch > p->stride ? p->batch : p->stride + 1;
    TX_TRY(tx_allocate_array((size_t)(p->batch + p->stride), p->bytes, error, &p->buffer));
    TX_TRY(tx_allocate_array((size_t)p->channels, sizeof *p->all, error, &p->all));
    TX_TRY(tx_allocate_array((size_t)p->channels, SUMS * TX_SUPER_WORDS * sizeof *p->words, error, &p->words));
    for (int64_t k = 0; k < p->channels * SUMS; k++) {
        channel *c = &p->all[k / SUMS];
        c->least = (double)INFINITY;
        c->most = -(double)INFINITY;
        c->sums[k % SUMS].words = p->words + k * TX_SUPER_WORDS;
        tx_super_clear(&c->sums[k % SUMS]);
    }
    return TX_OK;
}

static tx_status run(tx_parallel *parallel, pass *p, tx_error *error)
{
    const int64_t levels = p->shape->num_trajectories * p->shape->num_levels;
    const int64_t rank = parallel ? tx_parallel_rank(parallel) : 0, size = parallel ? tx_parallel_size(parallel) : 1;
    tx_status status = begin(p, error);
    status = status ? status : read_share(p, levels * rank / size, levels * (rank + 1) / size, error);
    if (!parallel) {
        return status;
    }
    TX_TRY(tx_parallel_agree(parallel, status, error));
    return share(parallel, p, error);
}

static tx_status run_and_tell(tx_parallel *parallel, pass *p, tx_error *error, tx_channel_statistics *out)
{
    const tx_status status = run(parallel, p, error);
    for (int64_t k = 0; status == TX_OK && k < p->channels; k++) {
        summarise(&p->all[k], &out[k]);
    }
    tx_free(p->buffer);
    tx_free(p->all);
    tx_free(p->words);
    return status;
}

tx_status tx_data_statistics(tx_parallel *parallel, tx_data_source *source, bool strict, bool deltas, tx_error *error,
                             tx_channel_statistics *out)
{
    pass p = {.source = source,
              .shape = &source->shape,
              .precision = source->setup.random.precision,
              .mask = -1,
              .strict = strict,
              .stride = deltas ? tx_data_stride(&source->shape) : 0};
    return run_and_tell(parallel, &p, error, out);
}

tx_status tx_dataset_statistics(tx_parallel *parallel, const tx_dataset *dataset, int64_t mask, tx_error *error,
                                tx_channel_statistics *out)
{
    pass p = {.dataset = dataset,
              .shape = &dataset->shape,
              .precision = dataset->precision,
              .mask = mask,
              .stride = tx_data_stride(&dataset->shape)};
    TX_TRY(tx_parallel_agree(parallel, tx_store_reserve(dataset->store, FETCHED, 1, error), error));
    return run_and_tell(parallel, &p, error, out);
}

void tx_statistics_round(tx_precision precision, double least, int64_t count, double *numbers)
{
    for (int64_t k = 0; k < count; k++) {
        numbers[k] = tx_real_round(precision, numbers[k] < least ? least : numbers[k]);
    }
}
