/* Which windows a step needs, dealt out to the ranks in contiguous runs of blocks, and fetched one step ahead. */
#include "training/fetching.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/real.h"

/* ---- Creation ---- */

static tx_status create_mixer(const tx_problem *problem, tx_error *error, tx_mixer **out)
{
    const tx_key key = tx_key_from_spec(problem->random, tx_get_key(problem->trainer, "key"));
    return tx_mixer_create(problem->random, key, problem->windows.count, problem->batch_size, error, out);
}

tx_status tx_fetching_create(tx_fetching *fetching, const tx_problem *problem, const tx_crew *crew, tx_parallel *parallel,
                             const tx_dataset *dataset, tx_error *error)
{
    const int64_t most = tx_problem_share(problem, tx_parallel_size(parallel));
    fetching->problem = problem;
    fetching->parallel = parallel;
    fetching->crew = crew;
    fetching->dataset = dataset;
    TX_TRY(create_mixer(problem, error, &fetching->mixer));
    for (int slot = 0; slot < TX_STORE_SLOTS; slot++) {
        fetching->fetches[slot].step = -1;
        TX_TRY(tx_allocate_array((size_t)most, sizeof(int64_t), error, &fetching->fetches[slot].levels));
        if (problem->windows.stride[1] > 1) {
            TX_TRY(tx_allocate_array((size_t)most, sizeof(int64_t), error, &fetching->fetches[slot].strides));
            tx_store_allow_strides(dataset->store);
        }
        if (dataset->beside.count) {
            TX_TRY(tx_allocate_array((size_t)most, sizeof(void *), error, &fetching->fetches[slot].numbers));
        }
        if (dataset->beside.count > dataset->shape.parameters + dataset->shape.constants) {
            TX_TRY(tx_allocate_array((size_t)most, dataset->beside.bytes, error, &fetching->fetches[slot].rows));
        }
        if (tx_changes_any(&fetching->changes)) {
            TX_TRY(tx_allocate_array((size_t)most, sizeof(uint32_t), error, &fetching->fetches[slot].which));
        }
    }
    TX_TRY(tx_changes_allocate(&fetching->changes, most, fetching->levels, dataset->beside.count, error));
    return tx_store_reserve(dataset->store, (int)most, fetching->levels, error);
}

void tx_fetching_destroy(tx_fetching *fetching)
{
    for (int slot = 0; slot < TX_STORE_SLOTS; slot++) {
        tx_free(fetching->fetches[slot].levels);
        tx_free(fetching->fetches[slot].strides);
        tx_free(fetching->fetches[slot].numbers);
        tx_free(fetching->fetches[slot].rows);
        tx_free(fetching->fetches[slot].which);
    }
    tx_changes_destroy(&fetching->changes);
    tx_mixer_destroy(fetching->mixer);
}

/* ---- A step ---- */

/* The samples that blocks [k * B / n, end * B / n) of a minibatch hold, from *first on. */
static int64_t count_samples(const tx_fetching *fetching, const tx_fetch *fetch, int64_t k, int64_t end, int64_t n, int64_t *first)
{
    const int64_t samples = fetch->minibatch.count, b = fetching->problem->block, blocks = (samples + b - 1) / b;
    const int64_t last = blocks * end / n * b;
    *first = blocks * k / n * b;
    return last > *first ? (last < samples ? last : samples) - *first : 0;
}

/* To ranks or, where there are fewer blocks in a full minibatch, to as many of them: a smaller one is then theirs, too. */
static void deal(const tx_fetching *fetching, tx_fetch *fetch)
{
    const int64_t rank = tx_parallel_rank(fetching->parallel), size = tx_parallel_size(fetching->parallel);
    const int64_t blocks = tx_problem_blocks(fetching->problem), n = blocks < size ? blocks : size;
    const tx_crew *crew = fetching->crew;
    int64_t first;
    fetch->count = count_samples(fetching, fetch, n * rank / size, n * (rank + 1) / size, n, &fetch->first);
    fetch->together = crew->memory ? count_samples(fetching, fetch, crew->thing, crew->thing + 1, n, &first) : 0;
}

static tx_status ask(tx_fetching *fetching, int64_t step, tx_error *error)
{
    const tx_fetch *fetch = tx_fetching_of(fetching, step);
    return fetch->count ? tx_store_fetch_strided(fetching->dataset->store, tx_store_slot(step), (int)fetch->count, fetching->levels,
                                                 fetch->levels, fetch->strides, error)
                        : TX_OK;
}

/* Purpose 103 of the draws of a step. */
static void draw_strides(const tx_fetching *fetching, tx_fetch *fetch, const uint32_t *windows)
{
    enum { PURPOSE = 103 };
    const tx_problem *problem = fetching->problem;
    if (!fetch->strides) {
        return;
    }
    const tx_key own = tx_key_from_spec(problem->random, tx_get_key(problem->trainer, "key"));
    const tx_key key = tx_key_fold_in(tx_key_fold_in(own, PURPOSE), (uint32_t)fetch->step);
    for (int64_t k = 0; k < fetch->count; k++) {
        fetch->strides[k] = tx_windows_draw_stride(&problem->windows, problem->random, key, windows[k]);
    }
}

static void find_numbers(const tx_fetching *fetching, tx_fetch *fetch)
{
    const tx_beside *beside = &fetching->dataset->beside;
    for (int64_t k = 0; fetch->numbers && k < fetch->count; k++) {
        fetch->numbers[k] = tx_beside_of(beside, fetch->levels[k] / fetching->problem->windows.num_levels);
        if (fetch->rows && fetch->strides) {
            char *row = fetch->rows + (size_t)k * beside->bytes;
            memcpy(row, fetch->numbers[k], beside->bytes);
            tx_real_put(fetching->dataset->precision, row, (size_t)beside->count - 1, (double)fetch->strides[k]);
            fetch->numbers[k] = row;
        }
    }
}

static tx_status fetch_step(tx_fetching *fetching, int64_t step, tx_error *error)
{
    tx_fetch *fetch = &fetching->fetches[tx_store_slot(step)];
    tx_mixer_minibatch(fetching->mixer, step, &fetch->minibatch);
    fetch->step = step;
    deal(fetching, fetch);
    const uint32_t *windows = fetch->minibatch.windows + fetch->first;
    for (int64_t k = 0; k < fetch->count; k++) {
        fetch->levels[k] = tx_windows_first_level(&fetching->problem->windows, windows[k]);
    }
    if (fetch->which) {
        memcpy(fetch->which, windows, (size_t)fetch->count * sizeof *windows);
    }
    draw_strides(fetching, fetch, windows);
    find_numbers(fetching, fetch);
    return ask(fetching, step, error);
}

static tx_status wait(tx_fetching *fetching, int64_t step, tx_error *error)
{
    const int slot = tx_store_slot(step);
    fetching->windows = NULL;
    if (fetching->fetches[slot].count == 0) {
        return TX_OK;
    }
    const bool several = tx_parallel_size(fetching->parallel) > 1;
    const double begin = several ? tx_clock() : 0;
    TX_TRY(tx_store_wait(fetching->dataset->store, slot, &fetching->windows, error));
    fetching->waiting += several ? tx_clock() - begin : 0;
    return TX_OK;
}

/* Everybody sees the step's windows so. */
static void change(tx_fetching *fetching, int64_t step)
{
    const tx_fetch *fetch = tx_fetching_of(fetching, step);
    if (fetch->which && fetch->count) {
        tx_changes_make(&fetching->changes, step, fetch->count, fetch->which, fetching->windows, fetch->numbers);
        fetching->windows = fetching->changes.changed;
    }
}

tx_status tx_fetching_turn(tx_fetching *fetching, int64_t step, tx_error *error)
{
    if (tx_fetching_of(fetching, step)->step != step) {
        TX_TRY(fetch_step(fetching, step, error));
    }
    TX_TRY(wait(fetching, step, error));
    change(fetching, step);
    return step + 1 < fetching->problem->num_steps ? fetch_step(fetching, step + 1, error) : TX_OK;
}

tx_status tx_fetching_settle(tx_fetching *fetching, int64_t step, tx_error *error)
{
    return tx_fetching_of(fetching, step)->step == step ? wait(fetching, step, error) : TX_OK;
}

/* ---- Interrupted ---- */

tx_status tx_fetching_pause(tx_fetching *fetching, int64_t step, tx_error *error)
{
    const tx_fetch *next = tx_fetching_of(fetching, step + 1);
    const void *const *windows;
    return next->step == step + 1 && next->count ? tx_store_wait(fetching->dataset->store, tx_store_slot(step + 1), &windows, error)
                                                 : TX_OK;
}

static tx_status fetch_again(tx_fetching *fetching, int64_t step, tx_error *error)
{
    return tx_fetching_of(fetching, step)->step == step ? ask(fetching, step, error) : TX_OK;
}

tx_status tx_fetching_resume(tx_fetching *fetching, int64_t step, tx_error *error)
{
    TX_TRY(fetch_again(fetching, step, error));
    TX_TRY(wait(fetching, step, error));
    change(fetching, step);
    return fetch_again(fetching, step + 1, error);
}
