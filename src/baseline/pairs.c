/* Pairs of consecutive levels: windows of two, fetched a round at a time. */
#include "baseline/pairs.h"

#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "parallel/communicator.h"

int64_t tx_pairs_chunk(int64_t size)
{
    enum { MOST = 512, LEAST = 8, NUMBERS = 1 << 22 };
    const int64_t fitting = NUMBERS / size;
    return fitting > MOST ? MOST : fitting < LEAST ? LEAST : fitting;
}

size_t tx_pairs_bytes(int64_t size, tx_precision precision)
{
    const size_t chunk = (size_t)tx_pairs_chunk(size), n = (size_t)size;
    return chunk * (2 * n * (sizeof(double) + tx_real_bytes(precision)) + 64) + 2 * n * sizeof(double);
}

tx_status tx_pairs_count(const tx_windows *windows, int64_t trajectories, tx_error *error, int64_t *out)
{
    *out = windows->lengths ? windows->before[trajectories] : trajectories * windows->per_trajectory;
    return *out
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "the trajectories that are not held out have no two consecutive levels to fit to");
}

static tx_status allocate(tx_pairs *pairs, tx_error *error)
{
    const size_t numbers = (size_t)(pairs->chunk * pairs->size);
    TX_TRY(tx_windows_make(&pairs->dataset->shape, 2, true, error, &pairs->windows));
    TX_TRY(tx_allocate_array(numbers, sizeof *pairs->x, error, &pairs->x));
    TX_TRY(tx_allocate_array(numbers, sizeof *pairs->y, error, &pairs->y));
    tx_store_allow_strides(pairs->dataset->store);
    return tx_store_reserve(pairs->dataset->store, (int)pairs->chunk, 2, error);
}

tx_status tx_pairs_create(tx_pairs *pairs, tx_parallel *parallel, tx_dataset *dataset, tx_error *error)
{
    const int64_t size = tx_data_level_size(&dataset->shape);
    *pairs = (tx_pairs){.parallel = parallel, .dataset = dataset, .size = size, .chunk = tx_pairs_chunk(size)};
    return tx_parallel_agree(parallel, allocate(pairs, error), error);
}

void tx_pairs_destroy(tx_pairs *pairs)
{
    tx_windows_free(&pairs->windows);
    tx_free(pairs->x);
    tx_free(pairs->y);
    tx_free(pairs->mean);
}

/* ---- Rounds ---- */

int64_t tx_pairs_rounds(const tx_pairs *pairs)
{
    const int64_t ranks = tx_parallel_size(pairs->parallel), most = (pairs->count + ranks - 1) / ranks;
    return (most + pairs->chunk - 1) / pairs->chunk;
}

static int64_t part(int64_t count, int64_t done, int64_t most)
{
    return count < done ? 0 : count - done < most ? count - done : most;
}

int64_t tx_pairs_most(const tx_pairs *pairs, int64_t round)
{
    const int64_t ranks = tx_parallel_size(pairs->parallel);
    return part((pairs->count + ranks - 1) / ranks, round * pairs->chunk, pairs->chunk);
}

static tx_status fetch(const tx_pairs *pairs, int64_t first, int64_t count, tx_error *error, const void *const **out)
{
    enum { MOST = 512 };
    int64_t levels[MOST], strides[MOST];
    for (int64_t k = 0; k < count; k++) {
        levels[k] = tx_windows_first_level(&pairs->windows, first + k);
        strides[k] = pairs->windows.stride[0];
    }
    TX_TRY(tx_store_fetch_strided(pairs->dataset->store, 0, (int)count, 2, levels, strides, error));
    return tx_store_wait(pairs->dataset->store, 0, out, error);
}

/* Numbers first … first + size - 1 of a window as doubles, without their mean. */
static void take(const tx_pairs *pairs, const void *window, int64_t first, const double *mean, double *out)
{
    for (int64_t k = 0; k < pairs->size; k++) {
        out[k] = tx_real_get(pairs->dataset->precision, window, first + k) - (mean ? mean[k] : 0);
    }
}

static tx_status read_own(tx_pairs *pairs, int64_t first, int64_t count, tx_error *error)
{
    const double *mean = pairs->mean, *mean_y = mean ? mean + pairs->size : NULL;
    const void *const *windows;
    TX_TRY(count ? fetch(pairs, first, count, error, &windows) : TX_OK);
    for (int64_t k = 0; k < count; k++) {
        take(pairs, windows[k], 0, mean, pairs->x + k * pairs->size);
        take(pairs, windows[k], pairs->size, mean_y, pairs->y + k * pairs->size);
    }
    return TX_OK;
}

tx_status tx_pairs_read(tx_pairs *pairs, int64_t round, tx_error *error, int64_t *count)
{
    const int64_t done = round * pairs->chunk;
    *count = part(pairs->own, done, pairs->chunk);
    return tx_parallel_agree(pairs->parallel, read_own(pairs, pairs->first + done, *count, error), error);
}

/* ---- Which ---- */

static tx_status add_up(tx_pairs *pairs, double *sums, tx_error *error)
{
    for (int64_t round = 0; round < tx_pairs_rounds(pairs); round++) {
        int64_t count;
        TX_TRY(tx_pairs_read(pairs, round, error, &count));
        for (int64_t k = 0; k < count * pairs->size; k++) {
            sums[k % pairs->size] += pairs->x[k];
            sums[pairs->size + k % pairs->size] += pairs->y[k];
        }
    }
    return tx_parallel_add(pairs->parallel, sums, 2 * (size_t)pairs->size, error);
}

static tx_status find_means(tx_pairs *pairs, tx_error *error)
{
    double *means = NULL;
    const size_t count = 2 * (size_t)pairs->size;
    tx_status status = tx_parallel_agree(pairs->parallel, tx_allocate_array(count, sizeof *means, error, &means), error);
    status = status ? status : add_up(pairs, means, error);
    for (size_t k = 0; !status && k < count; k++) {
        means[k] /= (double)pairs->count;
    }
    pairs->mean = means;
    return status;
}

tx_status tx_pairs_choose(tx_pairs *pairs, int64_t trajectories, bool centred, tx_error *error)
{
    const int64_t rank = tx_parallel_rank(pairs->parallel), ranks = tx_parallel_size(pairs->parallel);
    TX_TRY(tx_pairs_count(&pairs->windows, trajectories, error, &pairs->count));
    pairs->first = pairs->count * rank / ranks;
    pairs->own = pairs->count * (rank + 1) / ranks - pairs->first;
    tx_free(pairs->mean);
    pairs->mean = NULL;
    return centred ? find_means(pairs, error) : TX_OK;
}
