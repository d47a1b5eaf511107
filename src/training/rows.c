/* The residual rows of a rank's share of a minibatch, and products with their Jacobian J. A row of J is the gradient of a lane
 * whose cotangent is a unit vector: the lanes of a block hold neighbouring rows, of one sample or of several. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/expect.h"
#include "base/real.h"
#include "training/answers.h"

/* A question on its way: rows first … first + count - 1, block by block. */
typedef struct job {
    const tx_answers *answers;
    const tx_answer *answer;
    const tx_share *share;
    int64_t first, count;
    char *out;
} job;

typedef tx_status run_block(const job *job, int64_t block, int thread, tx_error *error);

static size_t real_bytes(const tx_answers *answers)
{
    return tx_real_bytes(answers->workers->problem->random.precision);
}

static void fill_nan(const tx_answers *answers, void *reals, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        tx_real_put(answers->workers->problem->random.precision, reals, k, NAN);
    }
}

/* By this rank's threads. The first failure counts, of whichever. */
static tx_status run_blocks(const job *job, int64_t blocks, run_block *run, tx_error *error)
{
    const int threads = job->answer->rooms.count;
    tx_status status = TX_OK;
#pragma omp parallel for num_threads(threads) if (threads > 1 && blocks > 1)
    for (int64_t block = 0; block < blocks; block++) {
        tx_error local = {0};
        const tx_status mine = run(job, block, omp_get_thread_num(), &local);
        if (mine != TX_OK) {
#pragma omp critical
            status = tx_error_set(error, mine, "%s", local.message);
        }
    }
    return status;
}

/* ---- Rows of J ---- */

static tx_status run_lanes(const job *job, int64_t block, int thread, tx_error *error)
{
    const tx_answers *answers = job->answers;
    const int64_t b = job->answer->block, left = job->count - block * b, count = left < b ? left : b, rows = answers->rows;
    const tx_trained *trained = answers->trained;
    const size_t real = real_bytes(answers), row = (size_t)trained->count * real, whole = (size_t)trained->whole * real;
    const bool all = tx_trained_is_all(trained);
    const void *windows[TX_LARGEST_BLOCK], *numbers[TX_LARGEST_BLOCK], *seeds[TX_LARGEST_BLOCK];
    for (int64_t k = 0; k < count; k++) {
        const int64_t at = job->first + block * b + k;
        windows[k] = job->share->windows[at / rows];
        numbers[k] = job->share->numbers ? job->share->numbers[at / rows] : NULL;
        seeds[k] = (const char *)answers->unit + (size_t)(rows - 1 - at % rows) * real;
    }
    char *out = job->out + (size_t)(block * b) * row, *lanes = (char *)answers->lanes + (size_t)(thread * b) * whole;
    char *to = count == b && all ? out : lanes;
    const tx_run_input input = {
        .windows = windows, .numbers = numbers, .seeds = seeds, .count = (int)count, .batch_size = job->share->batch_size};
    tx_run_output output = {.gradient = to};
    TX_TRY(tx_values_run(job->answer->values, job->answer->rooms.workspaces[thread], &input, &output, error));
    for (int64_t k = 0; to != out && k < count; k++) {
        tx_trained_gather(trained, to + (size_t)k * whole, out + (size_t)k * row);
    }
    if (output.failed.function) {
        fill_nan(answers, out, count * trained->count);
    }
    return TX_OK;
}

tx_status tx_answers_jacobian(tx_answers *answers, const tx_share *share, const void *parameters, int64_t first, int64_t count,
                              tx_error *error, void *out)
{
    const tx_answer *answer = &answers->answer[TX_QUESTION_JACOBIAN];
    const job job = {.answers = answers, .answer = answer, .share = share, .first = first, .count = count, .out = out};
    TX_EXPECT(first >= 0 && first + count <= share->count * answers->rows);
    tx_parameters_set(&answers->bound, parameters);
    return run_blocks(&job, (count + answer->block - 1) / answer->block, run_lanes, error);
}

/* ---- A number a row: residuals, their tangents ---- */

/* Where a sample's rows go: of one that is not wanted as a whole, aside. */
static char *place_of(const job *job, int64_t sample)
{
    const int64_t rows = job->answers->rows, at = sample * rows - job->first;
    const size_t real = real_bytes(job->answers);
    return at >= 0 && at + rows <= job->count ? job->out + (size_t)at * real
           : at < 0                           ? job->answers->edges
                                              : (char *)job->answers->edges + (size_t)rows * real;
}

/* The outputs of a block, of which the first half is unwanted where the others are asked for. */
static void *const *const *fill_table(const job *job, int64_t first, int64_t count, int thread)
{
    const tx_residual_plan *plan = &job->answer->planned;
    const int outputs = plan->num_outputs, block = job->answer->block;
    const int shift = job->answer == &job->answers->answer[TX_QUESTION_PRODUCT] ? outputs : 0;
    void **table = job->answers->tables + (int64_t)thread * outputs * (block + 2), **pointers = table + 2 * (int64_t)outputs;
    void *const **lists = (void *const **)table;
    for (int k = 0; k < outputs; k++, pointers += block) {
        lists[k] = NULL;
        lists[shift + k] = pointers;
        for (int64_t i = 0; i < count; i++) {
            pointers[i] = place_of(job, first + i) + (size_t)plan->first[k] * real_bytes(job->answers);
        }
    }
    return lists;
}

static tx_status run_samples(const job *job, int64_t block, int thread, tx_error *error)
{
    const int64_t rows = job->answers->rows, end = (job->first + job->count + rows - 1) / rows, b = job->answer->block;
    const int64_t first = job->first / rows + block * b, count = end - first < b ? end - first : b;
    const tx_run_input input = {.windows = job->share->windows + first,
                                .numbers = job->share->numbers ? job->share->numbers + first : NULL,
                                .count = (int)count,
                                .batch_size = job->share->batch_size};
    tx_run_output output = {.outputs = fill_table(job, first, count, thread)};
    TX_TRY(tx_values_run(job->answer->values, job->answer->rooms.workspaces[thread], &input, &output, error));
    for (int64_t i = 0; output.failed.function && i < count; i++) {
        fill_nan(job->answers, place_of(job, first + i), rows);
    }
    return TX_OK;
}

static tx_status run_all_samples(const job *job, tx_error *error)
{
    const int64_t rows = job->answers->rows, begin = job->first / rows, end = (job->first + job->count + rows - 1) / rows;
    return run_blocks(job, (end - begin + job->answer->block - 1) / job->answer->block, run_samples, error);
}

/* What is wanted of a sample whose rows lie aside. */
static void copy_edge(const job *job, int64_t sample)
{
    const int64_t rows = job->answers->rows, at = sample * rows - job->first;
    const int64_t begin = at > 0 ? at : 0, end = at + rows < job->count ? at + rows : job->count;
    const size_t real = real_bytes(job->answers);
    char *out = job->out + (size_t)begin * real;
    const char *from = place_of(job, sample) + (size_t)(begin - at) * real;
    if (from != out) {
        memcpy(out, from, (size_t)(end - begin) * real);
    }
}

static tx_status run_rows(tx_answers *answers, tx_question question, const tx_share *share, int64_t first, int64_t count,
                          tx_error *error, void *out)
{
    const job job = {
        .answers = answers, .answer = &answers->answer[question], .share = share, .first = first, .count = count, .out = out};
    TX_EXPECT(first >= 0 && first + count <= share->count * answers->rows);
    if (count == 0) {
        return TX_OK;
    }
    TX_TRY(run_all_samples(&job, error));
    copy_edge(&job, first / answers->rows);
    copy_edge(&job, (first + count - 1) / answers->rows);
    return TX_OK;
}

tx_status tx_answers_residuals(tx_answers *answers, const tx_share *share, const void *parameters, int64_t first, int64_t count,
                               tx_error *error, void *out)
{
    tx_parameters_set(&answers->bound, parameters);
    return run_rows(answers, TX_QUESTION_RESIDUALS, share, first, count, error, out);
}

tx_status tx_answers_product(tx_answers *answers, const tx_share *share, const void *parameters, const void *v, int64_t first,
                             int64_t count, tx_error *error, void *out)
{
    tx_parameters_set(&answers->bound, parameters);
    tx_parameters_set(&answers->tangent, v);
    return run_rows(answers, TX_QUESTION_PRODUCT, share, first, count, error, out);
}

/* ---- A sum over all rows ---- */

/* Its size has nothing to do with that of any sum before. */
tx_status tx_answers_adjoint_product(tx_answers *answers, const tx_share *share, const void *parameters, const void *w,
                                     tx_error *error, void *out)
{
    const tx_answer *answer = &answers->answer[TX_QUESTION_ADJOINT_PRODUCT];
    const tx_evaluator evaluator = {.loss = {.plan = answer->planned.plan},
                                    .values = answer->values,
                                    .rooms = &answer->rooms,
                                    .reduction = answers->gradients,
                                    .gradient = true,
                                    .sums_gradient = true};
    tx_share seeded = *share;
    seeded.seeds = answers->seeds;
    for (int64_t k = 0; k < share->count; k++) {
        answers->seeds[k] = (const char *)w + (size_t)(k * answers->rows) * real_bytes(answers);
    }
    tx_parameters_set(&answers->bound, parameters);
    tx_reduction_unset_scales(answers->gradients);
    TX_TRY(tx_workers_sum(answers->workers, &evaluator, &seeded, NULL, error));
    tx_trained_gather(answers->trained, tx_reduction_gradient(answers->gradients), out);
    if (tx_reduction_counter(answers->gradients, TX_REQUEST_COUNT)) {
        fill_nan(answers, out, answers->trained->count);
    }
    return TX_OK;
}
