/* A network rolled out over held-out trajectories: samples in groups, of each group step after step, their quantities; then for
 * each step one sum over the ranks that brings the numbers of all samples together, and the statistics. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/real.h"
#include "evaluation/rolling.h"
#include "evaluation/spread.h"
#include "parallel/groups.h"

/* A step of a group: to the level behind those given, for step 1. */
typedef struct job {
    int64_t level, step, group;
    int count;
} job;

/* Of a network, at a sample of the group. */
static char *state(const tx_evaluation *evaluation, int network, int sample)
{
    return evaluation->states +
           (size_t)((network * evaluation->levels.group + sample) * evaluation->given) * evaluation->levels.level_bytes;
}

static char *next_state(const tx_evaluation *evaluation, const evaluation_worker *worker, int network, int k)
{
    return worker->next + (size_t)(network * evaluation->block + k) * evaluation->levels.level_bytes;
}

/* The field outside of which nothing is measured, of a trajectory's numbers; NULL: all counts, as the one point of states without
 * axes does. */
static const void *inside(const tx_evaluation *evaluation, const void *numbers)
{
    const int64_t mask = evaluation->network->whole->mask;
    const bool masked = mask >= 0 && evaluation->shape.state.axes;
    return masked ? (const char *)numbers + (size_t)mask * tx_real_bytes(evaluation->random.precision) : NULL;
}

/* Of sample k of those that a worker advances: several networks' mean is measured, and behind that how they spread. */
static void measure_sample(tx_evaluation *evaluation, evaluation_worker *worker, int k, const void *field, const void *reference,
                           double *out)
{
    const void *prediction = next_state(evaluation, worker, 0, k);
    if (evaluation->several) {
        for (int network = 0; network < evaluation->networks; network++) {
            worker->predictions[network] = next_state(evaluation, worker, network, k);
        }
        const tx_predictions all = {.precision = evaluation->random.precision,
                                    .count = evaluation->networks,
                                    .states = worker->predictions,
                                    .reference = reference,
                                    .inside = field,
                                    .points = tx_shape_points(&evaluation->shape.state),
                                    .size = tx_data_level_size(&evaluation->shape)};
        const tx_spread spread = tx_spread_of(&all, worker->sorted, worker->mean);
        out[evaluation->width - 2] = spread.variance;
        out[evaluation->width - 1] = spread.crps;
        prediction = worker->mean;
    }
    tx_metrics_measure_inside(evaluation->metrics, worker->scratch, field, prediction, reference, out);
}

/* A sample whose user function has failed has no numbers. */
static void measure(tx_evaluation *evaluation, evaluation_worker *worker, bool good, const job *job, int sample, int k,
                    const void *reference)
{
    const tx_levels *levels = &evaluation->levels;
    const int width = evaluation->width;
    double *out = evaluation->measured + ((job->step - 1) * levels->count + job->group * levels->group + sample) * width;
    if (good) {
        const void *numbers = tx_levels_numbers(levels, job->group, sample);
        measure_sample(evaluation, worker, k, inside(evaluation, numbers), reference, out);
        return;
    }
    for (int i = 0; i < width; i++) {
        out[i] = NAN;
    }
}

/* One level more of a network's sample; the oldest is dropped. */
static void push(const tx_evaluation *evaluation, int network, int sample, const void *next)
{
    const size_t bytes = evaluation->levels.level_bytes, kept = (size_t)(evaluation->given - 1) * bytes;
    char *levels = state(evaluation, network, sample);
    memmove(levels, levels + bytes, kept);
    memcpy(levels + kept, next, bytes);
}

/* Samples of a group make a step, by one of the networks. */
static bool step(tx_evaluation *evaluation, evaluation_worker *worker, const job *job, int network, const int *samples, int count)
{
    const void *now[TX_LARGEST_BLOCK], *numbers[TX_LARGEST_BLOCK];
    void *next[TX_LARGEST_BLOCK], *const *const outputs[1] = {next};
    const tx_run_input input = {.windows = now, .numbers = numbers, .count = count, .batch_size = 1};
    for (int k = 0; k < count; k++) {
        numbers[k] = tx_levels_numbers(&evaluation->levels, job->group, samples[k]);
        now[k] = state(evaluation, network, samples[k]);
        next[k] = next_state(evaluation, worker, network, k);
    }
    tx_run_output output = {.outputs = outputs};
    const tx_status status = tx_values_run(evaluation->bound[network], worker->workspace, &input, &output, &worker->error);
    worker->status = worker->status ? worker->status : status;
    for (int k = 0; k < count; k++) {
        push(evaluation, network, samples[k], next[k]);
    }
    return !status && !output.failed.function;
}

/* By all of them. */
static void advance(tx_evaluation *evaluation, evaluation_worker *worker, const job *job, const int *samples, int count,
                    const void *const *references)
{
    bool good = true;
    for (int network = 0; network < evaluation->networks; network++) {
        good &= step(evaluation, worker, job, network, samples, count);
    }
    for (int k = 0; k < count; k++) {
        measure(evaluation, worker, good, job, samples[k], k, references[samples[k]]);
    }
}

/* Lists samples that go on. Returns how many do. */
static int find_present(tx_evaluation *evaluation, const job *job)
{
    const tx_levels *levels = &evaluation->levels;
    int count = 0;
    for (int k = 0; k < job->count; k++) {
        if (tx_levels_has(&evaluation->shape, levels->first + job->group * levels->group + k, job->level)) {
            evaluation->present[count++] = k;
        }
    }
    return count;
}

/* So many samples that all threads have some. */
static int samples_together(const tx_evaluation *evaluation, int count)
{
    const int share = (count + evaluation->threads - 1) / evaluation->threads;
    return share < evaluation->block ? share : evaluation->block;
}

static tx_status compute(tx_evaluation *evaluation, const job *job, const void *const *references, tx_error *error)
{
    if (job->step < 1) {
        for (int k = 0; k < evaluation->networks * job->count; k++) {
            push(evaluation, k / job->count, k % job->count, references[k % job->count]);
        }
        return TX_OK;
    }
    const int present = find_present(evaluation, job), b = samples_together(evaluation, present);
    const int blocks = present ? (present + b - 1) / b : 0;
#pragma omp parallel for schedule(static, 1) num_threads(evaluation->threads) if (blocks > 1)
    for (int block = 0; block < blocks; block++) {
        const int first = block * b, left = present - first;
        advance(evaluation, &evaluation->workers[omp_get_thread_num()], job, &evaluation->present[first], left < b ? left : b,
                references);
    }
    tx_status status = TX_OK;
    for (int k = 0; k < evaluation->threads && status == TX_OK; k++) {
        const evaluation_worker *worker = &evaluation->workers[k];
        status = worker->status ? tx_error_set(error, worker->status, "%s", worker->error.message) : TX_OK;
    }
    return status;
}

static tx_status roll_out(tx_evaluation *evaluation, int64_t group, tx_error *error)
{
    job job = {.group = group, .count = tx_levels_group_size(&evaluation->levels, group)};
    for (; job.level < evaluation->given + evaluation->num_steps; job.level++) {
        const void *const *references;
        job.step = job.level - evaluation->given + 1;
        TX_TRY(tx_levels_get(&evaluation->levels, group, job.level, error, &references));
        TX_TRY(compute(evaluation, &job, references, error));
        tx_parallel_serve(evaluation->parallel);
    }
    return TX_OK;
}

/* What a rank does alone. */
static tx_status roll_out_all(tx_evaluation *evaluation, tx_error *error)
{
    TX_TRY(tx_levels_begin(&evaluation->levels, error));
    for (int64_t group = 0; group < tx_levels_groups(&evaluation->levels); group++) {
        TX_TRY(roll_out(evaluation, group, error));
    }
    return TX_OK;
}

/* The numbers of all samples on all ranks: each is not zero on one rank alone, so that a sum of integers hands them around. */
static tx_status share(tx_evaluation *evaluation, int64_t step, tx_error *error)
{
    const int64_t quantities = evaluation->width, mine = evaluation->levels.count * quantities;
    const size_t count = (size_t)(evaluation->num_samples * quantities);
    memset(evaluation->quantities, 0, count * sizeof *evaluation->quantities);
    memcpy(evaluation->quantities + evaluation->levels.first * quantities, evaluation->measured + (step - 1) * mine,
           (size_t)mine * sizeof *evaluation->measured);
    return tx_parallel_sum(evaluation->parallel, evaluation->quantities, count, error);
}

static double rounded(const tx_evaluation *evaluation, double value)
{
    return tx_real_round(evaluation->random.precision, value);
}

/* Moves the numbers of the samples that have this level to the front. Returns how many there are. */
static int64_t keep_present(tx_evaluation *evaluation, int64_t step)
{
    const size_t each = (size_t)evaluation->width;
    int64_t count = 0;
    for (int64_t k = 0; k < evaluation->num_samples; k++) {
        if (tx_levels_has(&evaluation->shape, k, step + evaluation->given - 1)) {
            memmove(evaluation->quantities + (size_t)count++ * each, evaluation->quantities + (size_t)k * each,
                    each * sizeof(int64_t));
        }
    }
    return count;
}

/* The two numbers behind the metrics' of all samples, which are then together again. */
static void take_spread(tx_evaluation *evaluation, int64_t count, double *out)
{
    double *numbers = (double *)(void *)evaluation->quantities, variance = 0, crps = 0;
    const size_t quantities = (size_t)evaluation->width - 2;
    for (int64_t k = 0; k < count; k++) {
        const double *row = numbers + k * evaluation->width;
        variance += row[quantities];
        crps += row[quantities + 1];
        memmove(numbers + (size_t)k * quantities, row, quantities * sizeof *row);
    }
    out[0] = rounded(evaluation, sqrt(variance / (double)count));
    out[1] = rounded(evaluation, crps / (double)count);
}

static void record(tx_evaluation *evaluation, int64_t step)
{
    const int64_t count = evaluation->shape.lengths ? keep_present(evaluation, step) : evaluation->num_samples;
    double *values = evaluation->values + (step - 1) * evaluation->num_columns;
    if (evaluation->several) {
        take_spread(evaluation, count, values + evaluation->num_metrics);
    }
    tx_metrics_summarise(evaluation->metrics, count, (const double *)(const void *)evaluation->quantities, evaluation->sorted,
                         evaluation->row);
    for (int k = 0; k < evaluation->num_metrics; k++) {
        values[k] = rounded(evaluation, evaluation->row[k]);
    }
    evaluation->errors[step - 1] = rounded(evaluation, evaluation->row[evaluation->nrmse]);
}

tx_status tx_evaluation_run(tx_evaluation *evaluation, const void *parameters, tx_error *error, tx_evaluation_result *out)
{
    return tx_evaluation_run_all(evaluation, &parameters, error, out);
}

tx_status tx_evaluation_run_all(tx_evaluation *evaluation, const void *const *parameters, tx_error *error,
                                tx_evaluation_result *out)
{
    for (int network = 0; network < evaluation->networks; network++) {
        tx_parameters_set(&evaluation->parameters[network], parameters[network]);
    }
    TX_TRY(tx_parallel_agree(evaluation->parallel, roll_out_all(evaluation, error), error));
    for (int64_t step = 1; step <= evaluation->num_steps; step++) {
        TX_TRY(share(evaluation, step, error));
        record(evaluation, step);
    }
    *out = (tx_evaluation_result){.num_steps = evaluation->num_steps,
                                  .num_metrics = evaluation->num_columns,
                                  .names = evaluation->names,
                                  .values = evaluation->values,
                                  .gmean = tx_metric_average("mean_nRMSE", evaluation->num_steps, evaluation->errors, 1)};
    return TX_OK;
}
