/* Windows of a step, turned and disturbed. */
#include "training/changes.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "data/statistics.h"

enum { PURPOSE_NOISE = 101, PURPOSE_AUGMENTATION = 102 };

/* Levels that a network is given. */
static int64_t given_levels(const tx_problem *problem)
{
    return tx_network_levels(problem->network);
}

/* ---- Planning ---- */

static tx_status plan_noise(tx_changes *changes, tx_error *error)
{
    const double *std;
    const int count = tx_get_reals(changes->noise, "std", &std);
    const int64_t channels = changes->problem->data.state.channels;
    if (count != 1 && count != channels) {
        return tx_section_error(changes->noise, "std", error, TX_INVALID,
                                "%d given, but the data have %d channel%s: one for all, or one each", count, (int)channels,
                                channels == 1 ? "" : "s");
    }
    TX_TRY(tx_allocate_array((size_t)channels, sizeof *changes->std, error, &changes->std));
    for (int64_t c = 0; c < channels; c++) {
        changes->std[c] = tx_real_round(changes->problem->random.precision, std[count == 1 ? 0 : c]);
    }
    changes->per_channel = tx_get_boolean(changes->noise, "per_channel");
    return TX_OK;
}

tx_status tx_changes_plan(tx_changes *changes, const tx_problem *problem, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(problem->trainer, "augmentation", &sections);
    changes->problem = problem;
    changes->noise = tx_get_section(problem->trainer, "input_noise");
    changes->key = tx_key_from_spec(problem->random, tx_get_key(problem->trainer, "key"));
    TX_TRY(tx_allocate_array((size_t)count, sizeof *changes->augmentations, error, &changes->augmentations));
    for (int k = 0; k < count; k++) {
        TX_TRY(tx_augmentation_create(sections[k], problem->data.state, error, &changes->augmentations[k]));
    }
    changes->count = count;
    TX_TRY(count ? tx_symmetry_create(problem->data.state, error, &changes->symmetry) : TX_OK);
    return changes->noise ? plan_noise(changes, error) : TX_OK;
}

/* ---- Room ---- */

static size_t level_bytes(const tx_changes *changes)
{
    return (size_t)tx_data_level_size(&changes->problem->data) * tx_real_bytes(changes->problem->random.precision);
}

static size_t number_bytes(const tx_changes *changes, int64_t numbers)
{
    return changes->count ? (size_t)numbers * tx_real_bytes(changes->problem->random.precision) : 0;
}

size_t tx_changes_bytes(const tx_changes *changes, int64_t windows, int levels, int64_t numbers)
{
    const size_t window = (size_t)levels * level_bytes(changes) + number_bytes(changes, numbers) + 2 * sizeof(void *);
    return tx_changes_any(changes) ? (size_t)windows * window + (size_t)given_levels(changes->problem) * level_bytes(changes) : 0;
}

tx_status tx_changes_allocate(tx_changes *changes, int64_t windows, int levels, int64_t numbers, tx_error *error)
{
    if (!tx_changes_any(changes)) {
        return TX_OK;
    }
    const size_t number = number_bytes(changes, numbers);
    changes->windows = windows;
    changes->levels = levels;
    changes->numbers = number ? numbers : 0;
    TX_TRY(tx_allocate_array((size_t)windows, (size_t)levels * level_bytes(changes), error, &changes->levels_room));
    TX_TRY(tx_allocate_array((size_t)windows, sizeof(void *), error, &changes->changed));
    TX_TRY(number ? tx_allocate_array((size_t)windows, number, error, &changes->numbers_room) : TX_OK);
    TX_TRY(number ? tx_allocate_array((size_t)windows, sizeof(void *), error, &changes->changed_numbers) : TX_OK);
    return tx_allocate_array((size_t)given_levels(changes->problem), level_bytes(changes), error, &changes->drawn);
}

void tx_changes_destroy(tx_changes *changes)
{
    tx_symmetry_destroy(&changes->symmetry);
    tx_free(changes->augmentations);
    tx_free(changes->std);
    tx_free(changes->levels_room);
    tx_free(changes->numbers_room);
    tx_free(changes->changed);
    tx_free(changes->changed_numbers);
    tx_free(changes->drawn);
}

/* ---- Of the data ---- */

tx_status tx_changes_measure(tx_changes *changes, tx_parallel *parallel, const tx_dataset *dataset, tx_error *error)
{
    const tx_problem *problem = changes->problem;
    const int64_t channels = problem->data.state.channels;
    tx_channel_statistics *statistics;
    const double *std;
    if (!changes->per_channel || dataset->partial) {
        return TX_OK;
    }
    const tx_status mine = tx_allocate_array((size_t)channels, sizeof *statistics, error, &statistics);
    tx_status status = tx_parallel_agree(parallel, mine, error);
    status = status ? status : tx_dataset_statistics(parallel, dataset, problem->network->whole->mask, error, statistics);
    const int count = tx_get_reals(changes->noise, "std", &std);
    for (int64_t c = 0; status == TX_OK && c < channels; c++) {
        changes->std[c] = tx_real_round(problem->random.precision, std[count == 1 ? 0 : c] * fmax(statistics[c].std, 1e-4));
    }
    tx_free(mine ? NULL : statistics);
    return status;
}

/* ---- A step ---- */

static tx_key draw_key(const tx_changes *changes, uint32_t purpose, int64_t step, uint32_t window)
{
    return tx_key_fold_in(tx_key_fold_in(tx_key_fold_in(changes->key, purpose), (uint32_t)step), window);
}

static void draw_symmetry(tx_changes *changes, int64_t step, uint32_t window)
{
    const tx_key key = draw_key(changes, PURPOSE_AUGMENTATION, step, window);
    tx_symmetry_reset(&changes->symmetry);
    for (int k = 0; k < changes->count; k++) {
        tx_augmentation_draw(&changes->augmentations[k], changes->problem->random, tx_key_fold_in(key, (uint32_t)k),
                             &changes->symmetry);
    }
}

static void turn_levels(const tx_changes *changes, const char *from, char *out)
{
    const size_t level = level_bytes(changes);
    for (int k = 0; k < changes->levels; k++) {
        tx_symmetry_apply(&changes->symmetry, changes->problem->random.precision, from + (size_t)k * level,
                          out + (size_t)k * level);
    }
}

/* Parameters stay; fields, whole ones alone, move. */
static void turn_numbers(const tx_changes *changes, const char *from, char *out)
{
    const tx_precision precision = changes->problem->random.precision;
    const int64_t points = tx_shape_points(&changes->problem->data.state), parameters = changes->problem->data.parameters;
    const size_t real = tx_real_bytes(precision);
    memcpy(out, from, (size_t)changes->numbers * real);
    for (int64_t at = parameters; at + points <= changes->numbers; at += points) {
        tx_symmetry_apply_scalar(&changes->symmetry, precision, from + (size_t)at * real, out + (size_t)at * real);
    }
}

#define ADD_NOISE(real)                                                                                                            \
    static void add_##real(real *level, const real *noise, const double *std, int64_t channels, int64_t points)                    \
    {                                                                                                                              \
        for (int64_t c = 0; c < channels; c++) {                                                                                   \
            const real factor = (real)std[c];                                                                                      \
            for (int64_t i = c * points; i < (c + 1) * points; i++) {                                                              \
                level[i] += factor * noise[i];                                                                                     \
            }                                                                                                                      \
        }                                                                                                                          \
    }
ADD_NOISE(float)
ADD_NOISE(double)

static void disturb(const tx_changes *changes, int64_t step, uint32_t window, char *levels)
{
    const tx_problem *problem = changes->problem;
    const tx_shape *state = &problem->data.state;
    const int64_t given = given_levels(problem), points = tx_shape_points(state), size = tx_data_level_size(&problem->data);
    const tx_key key = draw_key(changes, PURPOSE_NOISE, step, window);
    tx_random_normal(problem->random, key, (size_t)(given * size), changes->drawn);
    for (int64_t k = 0; k < given; k++) {
        const size_t at = (size_t)k * level_bytes(changes);
        if (problem->random.precision == TX_FLOAT32) {
            add_float((float *)(void *)(levels + at), (float *)changes->drawn + k * size, changes->std, state->channels, points);
        } else {
            add_double((double *)(void *)(levels + at), (double *)changes->drawn + k * size, changes->std, state->channels, points);
        }
    }
}

void tx_changes_make(tx_changes *changes, int64_t step, int64_t count, const uint32_t *which, const void *const *windows,
                     const void *const *numbers)
{
    const size_t window = (size_t)changes->levels * level_bytes(changes), number = number_bytes(changes, changes->numbers);
    for (int64_t k = 0; k < count; k++) {
        char *levels = changes->levels_room + (size_t)k * window;
        changes->changed[k] = levels;
        if (changes->count) {
            draw_symmetry(changes, step, which[k]);
            turn_levels(changes, windows[k], levels);
        } else {
            memcpy(levels, windows[k], window);
        }
        if (changes->noise) {
            disturb(changes, step, which[k], levels);
        }
        if (numbers && changes->changed_numbers) {
            changes->changed_numbers[k] = changes->numbers_room + (size_t)k * number;
            turn_numbers(changes, numbers[k], changes->numbers_room + (size_t)k * number);
        }
    }
}
