/* Rollouts of held-out trajectories by several weightings of the same modes at once: a rank has trajectories of its own, and of
 * each a state for every weighting. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "baseline/baseline.h"
#include "evaluation/levels.h"
#include "parallel/communicator.h"
#include "trainax/metric.h"

enum { MOST_STEPS = 100 }; /* that a score is of */

typedef struct rollouts {
    const tx_contest *contest;
    tx_levels levels;
    int64_t steps, all;    /* trajectories of all ranks */
    int64_t rows;          /* own states: those of all trajectories, for each weighting */
    double *states, *next; /* [rows][size] */
    double *coefficients;  /* [rows][modes] */
    double *reference;     /* a level */
    double *measured;      /* [count][steps][all], zero where another rank measures */
    double *scratch;       /* [all], twice */
    tx_metrics *metrics;
    tx_metric_scratch *metric_scratch;
} rollouts;

size_t tx_contest_bytes(const tx_data_shape *shape, int64_t modes, int64_t held_out, int num_ranks)
{
    const size_t own = (size_t)((held_out + num_ranks - 1) / num_ranks), n = (size_t)tx_data_level_size(shape);
    return sizeof(double) *
           (TX_MOST_CANDIDATES * (own * (2 * n + (size_t)modes) + MOST_STEPS * (size_t)held_out + (size_t)modes) + 4 * n);
}

static bool any_has(const rollouts *r, int64_t level)
{
    bool any = false;
    for (int64_t k = 0; k < r->all; k++) {
        any |= tx_levels_has(r->levels.shape, r->contest->first + k, level);
    }
    return any;
}

static tx_status allocate(rollouts *r, tx_error *error)
{
    static const char *const names[] = {"mean_nRMSE"};
    const tx_contest *contest = r->contest;
    const size_t n = (size_t)contest->modes->size, modes = (size_t)contest->modes->count, rows = (size_t)r->rows;
    TX_TRY(tx_allocate_array(rows * n, sizeof(double), error, &r->states));
    TX_TRY(tx_allocate_array(rows * n, sizeof(double), error, &r->next));
    TX_TRY(tx_allocate_array(rows * modes, sizeof(double), error, &r->coefficients));
    TX_TRY(tx_allocate_array(n, sizeof(double), error, &r->reference));
    TX_TRY(tx_allocate_array((size_t)(contest->count * r->steps * r->all), sizeof(double), error, &r->measured));
    TX_TRY(tx_allocate_array(2 * (size_t)r->all, sizeof(double), error, &r->scratch));
    TX_TRY(tx_metrics_create(1, names, contest->fit->state, TX_FLOAT64, error, &r->metrics));
    TX_TRY(tx_metric_scratch_create(r->metrics, error, &r->metric_scratch));
    return tx_levels_allocate(&r->levels, error);
}

static tx_status set_up(rollouts *r, tx_error *error)
{
    const tx_contest *contest = r->contest;
    tx_dataset *dataset = contest->fit->dataset;
    const int64_t rank = tx_parallel_rank(contest->fit->parallel), ranks = tx_parallel_size(contest->fit->parallel);
    r->all = dataset->shape.num_trajectories - contest->first;
    const int64_t first = r->all * rank / ranks, count = r->all * (rank + 1) / ranks - first;
    r->levels = (tx_levels){.store = dataset->store,
                            .beside = &dataset->beside,
                            .first = contest->first + first,
                            .count = count,
                            .shape = &dataset->shape,
                            .level_bytes = (size_t)contest->modes->size * tx_real_bytes(dataset->precision)};
    r->rows = contest->count * count;
    tx_levels_choose(&r->levels, 1, count ? (int)count : 1);
    while (r->steps < MOST_STEPS && any_has(r, r->steps + 1)) {
        r->steps++;
    }
    r->levels.needed = r->steps + 1;
    return r->steps ? allocate(r, error)
                    : tx_error_set(error, TX_INVALID, "the trajectories that are held out have their initial level alone");
}

static void tear_down(rollouts *r)
{
    tx_levels_free(&r->levels);
    tx_free(r->states);
    tx_free(r->next);
    tx_free(r->coefficients);
    tx_free(r->reference);
    tx_free(r->measured);
    tx_free(r->scratch);
    tx_metric_scratch_destroy(r->metric_scratch);
    tx_metrics_destroy(r->metrics);
}

/* ---- A step ---- */

static void add(const rollouts *r, double *states, double sign, const double *mean)
{
    const int64_t n = r->contest->modes->size;
    for (int64_t k = 0; k < r->rows * n; k++) {
        states[k] += sign * mean[k % n];
    }
}

/* Coefficients times weights, or times whether there is one. */
static void weigh(const rollouts *r, bool cut)
{
    const tx_contest *contest = r->contest;
    const int64_t modes = contest->modes->count, own = r->levels.count;
    for (int64_t row = 0; row < r->rows; row++) {
        const double *weights = contest->weights + row / own * modes;
        for (int64_t i = 0; i < modes; i++) {
            r->coefficients[row * modes + i] *= cut ? weights[i] != 0 : weights[i];
        }
    }
}

static void advance(rollouts *r)
{
    const tx_modes *modes = r->contest->modes;
    if (modes->mean) {
        add(r, r->states, -1, modes->mean);
    }
    tx_modes_analyse(modes, r->rows, r->states, r->coefficients);
    weigh(r, false);
    tx_modes_synthesise(modes, modes->outward, r->rows, r->coefficients, r->next);
    if (r->contest->projected) {
        tx_modes_analyse(modes, r->rows, r->next, r->coefficients);
        weigh(r, true);
        tx_modes_synthesise(modes, modes->inward, r->rows, r->coefficients, r->next);
    }
    if (modes->mean) {
        add(r, r->next, 1, modes->mean + modes->size);
    }
    double *const done = r->states;
    r->states = r->next;
    r->next = done;
}

static void widen(const rollouts *r, const void *level)
{
    for (int64_t k = 0; k < r->contest->modes->size; k++) {
        r->reference[k] = tx_real_get(r->contest->fit->dataset->precision, level, k);
    }
}

static void measure(rollouts *r, int64_t step, int64_t sample)
{
    const int64_t n = r->contest->modes->size, own = r->levels.count;
    const int64_t place = r->levels.first - r->contest->first + sample;
    for (int v = 0; v < r->contest->count; v++) {
        double *out = r->measured + (v * r->steps + step - 1) * r->all + place;
        tx_metrics_measure(r->metrics, r->metric_scratch, r->states + (v * own + sample) * n, r->reference, out);
    }
}

static void begin(rollouts *r, int64_t sample)
{
    const int64_t n = r->contest->modes->size, own = r->levels.count;
    for (int v = 0; v < r->contest->count; v++) {
        memcpy(r->states + (v * own + sample) * n, r->reference, (size_t)n * sizeof(double));
    }
}

/* What a rank does alone. */
static tx_status roll_out(rollouts *r, tx_error *error)
{
    TX_TRY(tx_levels_begin(&r->levels, error));
    for (int64_t step = 0; step <= r->steps && r->levels.count; step++) {
        const void *const *levels;
        TX_TRY(tx_levels_get(&r->levels, 0, step, error, &levels));
        if (step) {
            advance(r);
        }
        for (int64_t sample = 0; sample < r->levels.count; sample++) {
            widen(r, levels[sample]);
            if (step) {
                measure(r, step, sample);
            } else {
                begin(r, sample);
            }
        }
    }
    return TX_OK;
}

/* ---- Scores ---- */

static double score(const rollouts *r, int v)
{
    double sum = 0, *present = r->scratch + r->all;
    for (int64_t step = 1; step <= r->steps; step++) {
        const double *measured = r->measured + (v * r->steps + step - 1) * r->all;
        int64_t count = 0;
        double mean;
        for (int64_t k = 0; k < r->all; k++) {
            if (tx_levels_has(r->levels.shape, r->contest->first + k, step)) {
                present[count++] = measured[k];
            }
        }
        tx_metrics_summarise(r->metrics, count, present, r->scratch, &mean);
        sum += log(mean);
    }
    return exp(sum / (double)r->steps);
}

static tx_status run(rollouts *r, tx_error *error, double *scores)
{
    const tx_contest *contest = r->contest;
    tx_parallel *parallel = contest->fit->parallel;
    TX_TRY(tx_parallel_agree(parallel, set_up(r, error), error));
    TX_TRY(tx_parallel_agree(parallel, roll_out(r, error), error));
    TX_TRY(tx_parallel_add(parallel, r->measured, (size_t)(contest->count * r->steps * r->all), error));
    for (int v = 0; v < contest->count; v++) {
        scores[v] = score(r, v);
    }
    return TX_OK;
}

tx_status tx_contest_run(const tx_contest *contest, tx_error *error, double *scores)
{
    rollouts r = {.contest = contest};
    const tx_status status = run(&r, error, scores);
    tear_down(&r);
    return status;
}
