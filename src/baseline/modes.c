/* Modes of pairs: of the sum over pairs, or, where these are fewer than the numbers of a state, of the sum over numbers. */
#include "baseline/modes.h"

#include <math.h>
#include <string.h>

#include "algebra/dense.h"
#include "algebra/slices.h"
#include "algebra/symmetric.h"
#include "base/memory.h"
#include "parallel/communicator.h"

typedef struct job {
    tx_pairs *pairs;
    tx_modes *modes;
    tx_symmetric *matrix;
    tx_slices slices;
    double *work;    /* [chunk][modes]; of few pairs their eigenvectors, [modes][modes] */
    double *x, *y;   /* of few pairs: slices of all */
    double *product; /* likewise: [modes][own columns] */
} job;

static bool are_few(int64_t size, int64_t pairs)
{
    return pairs < size;
}

static tx_symmetric_setup setup_of(int64_t size, int64_t pairs)
{
    return (tx_symmetric_setup){.size = are_few(size, pairs) ? pairs : size, .eigen = true};
}

size_t tx_modes_bytes(int64_t size, int64_t pairs, int num_ranks)
{
    const tx_symmetric_setup setup = setup_of(size, pairs);
    const size_t n = (size_t)size, modes = (size_t)setup.size, chunk = (size_t)tx_pairs_chunk(size);
    const size_t columns = (size_t)tx_slices_most_columns(size, num_ranks);
    const bool few = are_few(size, pairs);
    const size_t work = few ? modes * modes + 3 * modes * columns : chunk * modes;
    return tx_symmetric_bytes(&setup, num_ranks) + (2 * n * modes + modes + work) * sizeof(double) +
           (few ? tx_slices_bytes(size, (int64_t)chunk, num_ranks) : 0);
}

/* What both take. */
static tx_status allocate(job *job, size_t work, tx_error *error)
{
    tx_modes *modes = job->modes;
    const size_t numbers = (size_t)(modes->count * modes->size);
    TX_TRY(tx_allocate_array((size_t)modes->count, sizeof(double), error, &modes->lambda));
    TX_TRY(tx_allocate_array(numbers, sizeof(double), error, &modes->inward));
    TX_TRY(tx_allocate_array(numbers, sizeof(double), error, &modes->outward));
    return tx_allocate_array(work, sizeof(double), error, &job->work);
}

/* ---- Many pairs ---- */

static tx_status sum_pairs(job *job, tx_error *error)
{
    tx_pairs *pairs = job->pairs;
    tx_symmetric_begin(job->matrix, pairs->size);
    for (int64_t round = 0; round < tx_pairs_rounds(pairs); round++) {
        int64_t count;
        TX_TRY(tx_pairs_read(pairs, round, error, &count));
        tx_symmetric_add_rows(job->matrix, count, tx_pairs_most(pairs, round), pairs->x);
    }
    return tx_symmetric_sum(job->matrix, 1 / (double)pairs->count, error);
}

/* B q_i = sum of y (x'q_i) / M */
static tx_status go_outward(job *job, tx_error *error)
{
    const tx_modes *modes = job->modes;
    tx_pairs *pairs = job->pairs;
    const size_t numbers = (size_t)(modes->count * modes->size);
    for (int64_t round = 0; round < tx_pairs_rounds(pairs); round++) {
        int64_t count;
        TX_TRY(tx_pairs_read(pairs, round, error, &count));
        tx_modes_analyse(modes, count, pairs->x, job->work);
        const tx_product sum = {.rows = modes->count, .columns = modes->size, .inner = count, .turned_a = true, .keep = 1};
        tx_dense_multiply(&sum, job->work, pairs->y, modes->outward);
    }
    TX_TRY(tx_parallel_add(modes->parallel, modes->outward, numbers, error));
    for (size_t k = 0; k < numbers; k++) {
        modes->outward[k] /= (double)pairs->count;
    }
    return TX_OK;
}

static tx_status find_of_many(job *job, tx_error *error)
{
    tx_modes *modes = job->modes;
    TX_TRY(tx_parallel_agree(modes->parallel, allocate(job, (size_t)(job->pairs->chunk * modes->count), error), error));
    TX_TRY(sum_pairs(job, error));
    TX_TRY(tx_symmetric_eigen(job->matrix, error, modes->lambda));
    TX_TRY(tx_symmetric_vectors(job->matrix, 0, modes->count, modes->inward, error));
    return go_outward(job, error);
}

/* ---- Few pairs ---- */

static tx_status allocate_slices(job *job, tx_error *error)
{
    const tx_modes *modes = job->modes;
    TX_TRY(allocate(job, (size_t)(modes->count * modes->count), error));
    TX_TRY(tx_slices_create(&job->slices, modes->parallel, modes->size, job->pairs->chunk, error));
    const size_t numbers = (size_t)(modes->count * tx_slices_columns(&job->slices));
    TX_TRY(tx_allocate_array(numbers, sizeof(double), error, &job->x));
    TX_TRY(tx_allocate_array(numbers, sizeof(double), error, &job->y));
    return tx_allocate_array(numbers, sizeof(double), error, &job->product);
}

static tx_status slice_pairs(job *job, tx_error *error)
{
    tx_pairs *pairs = job->pairs;
    TX_TRY(tx_slices_begin(&job->slices, pairs->own, error));
    for (int64_t round = 0; round < tx_pairs_rounds(pairs); round++) {
        int64_t count;
        TX_TRY(tx_pairs_read(pairs, round, error, &count));
        TX_TRY(tx_slices_turn(&job->slices, round, pairs->x, job->x, error));
        TX_TRY(tx_slices_turn(&job->slices, round, pairs->y, job->y, error));
    }
    return TX_OK;
}

/* V times the slice, of all columns of all ranks. */
static tx_status gather(job *job, const double *slice, double *out, tx_error *error)
{
    const tx_modes *modes = job->modes;
    const int64_t columns = tx_slices_columns(&job->slices);
    double *own = out + tx_slices_first_column(&job->slices, tx_parallel_rank(modes->parallel));
    const tx_product product = {.rows = modes->count, .columns = columns, .inner = modes->count};
    tx_dense_multiply(&product, job->work, slice, job->product);
    for (int64_t k = 0; k < modes->count; k++) {
        memcpy(own + k * modes->size, job->product + k * columns, (size_t)columns * sizeof *own);
    }
    return tx_parallel_add(modes->parallel, out, (size_t)(modes->count * modes->size), error);
}

static void normalise(const tx_modes *modes)
{
    for (int64_t i = 0; i < modes->count; i++) {
        double *inward = modes->inward + i * modes->size, *outward = modes->outward + i * modes->size, square = 0;
        for (int64_t k = 0; k < modes->size; k++) {
            square += inward[k] * inward[k];
        }
        const double norm = sqrt(square);
        for (int64_t k = 0; k < modes->size; k++) {
            inward[k] = norm > 0 ? inward[k] / norm : 0;
            outward[k] *= norm / (double)modes->pairs;
        }
    }
}

static tx_status find_of_few(job *job, tx_error *error)
{
    tx_modes *modes = job->modes;
    const int64_t most = tx_slices_most_columns(modes->size, tx_parallel_size(modes->parallel));
    TX_TRY(tx_parallel_agree(modes->parallel, allocate_slices(job, error), error));
    TX_TRY(slice_pairs(job, error));
    tx_symmetric_begin(job->matrix, modes->count);
    tx_symmetric_add_columns(job->matrix, tx_slices_columns(&job->slices), most, job->x);
    TX_TRY(tx_symmetric_sum(job->matrix, 1 / (double)modes->pairs, error));
    TX_TRY(tx_symmetric_eigen(job->matrix, error, modes->lambda));
    TX_TRY(tx_symmetric_vectors(job->matrix, 0, modes->count, job->work, error));
    TX_TRY(gather(job, job->x, modes->inward, error));
    TX_TRY(gather(job, job->y, modes->outward, error));
    normalise(modes);
    return TX_OK;
}

/* ---- Either ---- */

static tx_status find(job *job, const tx_symmetric_setup *setup, tx_error *error)
{
    const tx_modes *modes = job->modes;
    TX_TRY(tx_symmetric_create(modes->parallel, setup, error, &job->matrix));
    return are_few(modes->size, modes->pairs) ? find_of_few(job, error) : find_of_many(job, error);
}

tx_status tx_modes_find(tx_pairs *pairs, tx_error *error, tx_modes *out)
{
    const tx_symmetric_setup setup = setup_of(pairs->size, pairs->count);
    tx_modes modes = {
        .parallel = pairs->parallel, .size = pairs->size, .count = setup.size, .pairs = pairs->count, .mean = pairs->mean};
    job job = {.pairs = pairs, .modes = &modes};
    const tx_status status = find(&job, &setup, error);
    tx_symmetric_destroy(job.matrix);
    tx_slices_destroy(&job.slices);
    tx_free(job.work);
    tx_free(job.x);
    tx_free(job.y);
    tx_free(job.product);
    if (status != TX_OK) {
        tx_modes_free(&modes);
        return status;
    }
    *out = modes;
    return TX_OK;
}

void tx_modes_free(tx_modes *modes)
{
    tx_free(modes->lambda);
    tx_free(modes->inward);
    tx_free(modes->outward);
    *modes = (tx_modes){0};
}

void tx_modes_analyse(const tx_modes *modes, int64_t rows, const double *states, double *coefficients)
{
    const tx_product product = {.rows = rows, .columns = modes->count, .inner = modes->size, .turned_b = true};
    tx_dense_multiply(&product, states, modes->inward, coefficients);
}

void tx_modes_synthesise(const tx_modes *modes, const double *vectors, int64_t rows, const double *coefficients, double *states)
{
    const tx_product product = {.rows = rows, .columns = modes->size, .inner = modes->count};
    tx_dense_multiply(&product, coefficients, vectors, states);
}
