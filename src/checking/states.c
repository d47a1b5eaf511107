/* States to check on: the first of the data. */
#include <math.h>

#include "base/real.h"
#include "checking/checking.h"

enum { TRAJECTORIES = 4 };

static void to_double(tx_precision precision, const void *from, int64_t count, double *to)
{
    for (int64_t k = 0; k < count; k++) {
        to[k] = tx_real_get(precision, from, k);
    }
}

/* State k is a level of trajectory k % trajectories; where it is the last, the one after it is itself. */
static tx_status read_pair(tx_data_source *source, int64_t trajectory, int64_t level, void *buffer, double *pair, tx_error *error)
{
    const tx_data_shape *shape = &source->shape;
    const tx_precision precision = source->setup.random.precision;
    const int64_t size = tx_data_level_size(shape), count = level + 1 < tx_data_length(shape, trajectory) ? 2 : 1;
    TX_TRY(tx_data_source_read(source, trajectory * shape->num_levels + level, count, buffer, error));
    to_double(precision, buffer, size, pair + size);
    to_double(precision, (char *)buffer + (size_t)((count - 1) * size) * tx_real_bytes(precision), size, pair);
    return TX_OK;
}

static tx_status read_pairs(tx_data_source *source, void *buffer, tx_states *states, tx_error *error)
{
    const tx_data_shape *shape = &source->shape;
    const int64_t trajectories = shape->num_trajectories < TRAJECTORIES ? shape->num_trajectories : TRAJECTORIES;
    for (int k = 0; k < states->count; k++) {
        const int64_t trajectory = k % trajectories, last = tx_data_length(shape, trajectory) - 1,
                      level = k / trajectories < last ? k / trajectories : last;
        TX_TRY(read_pair(source, trajectory, level, buffer, states->pairs + 2 * k * states->level, error));
    }
    return TX_OK;
}

static tx_status read_numbers(tx_data_source *source, tx_states *states, tx_error *error)
{
    const int64_t trajectories = source->shape.num_trajectories < TRAJECTORIES ? source->shape.num_trajectories : TRAJECTORIES;
    tx_beside beside;
    TX_TRY(tx_beside_read(source, states->num_numbers, error, &beside));
    for (int k = 0; k < states->count; k++) {
        to_double(source->setup.random.precision, tx_beside_of(&beside, k % trajectories), states->num_numbers,
                  states->numbers + k * states->num_numbers);
    }
    tx_beside_free(&beside);
    return TX_OK;
}

static tx_status read_states(tx_data_source *source, tx_states *states, tx_error *error)
{
    enum { BATCH = 32, LEAST = 3 };
    const tx_data_shape *shape = &source->shape;
    const int block = tx_block_size(shape->state, BATCH, INFINITY);
    void *buffer;
    *states = (tx_states){.shape = shape->state,
                          .count = block > LEAST ? block : LEAST,
                          .level = tx_data_level_size(shape),
                          .num_numbers = shape->parameters + shape->constants};
    const size_t count = (size_t)states->count;
    TX_TRY(tx_allocate_array(count * 2 * (size_t)states->level, sizeof *states->pairs, error, &states->pairs));
    TX_TRY(tx_allocate_array(count * (size_t)states->num_numbers, sizeof *states->numbers, error, &states->numbers));
    TX_TRY(tx_allocate_array(2 * (size_t)states->level, tx_real_bytes(source->setup.random.precision), error, &buffer));
    const tx_status status = read_pairs(source, buffer, states, error);
    tx_free(buffer);
    TX_TRY(status);
    return states->num_numbers ? read_numbers(source, states, error) : TX_OK;
}

/* On one thread: those that OpenMP keeps would be lacking in child processes. */
static tx_status read_data(const tx_config *config, int isa, tx_error *error, tx_states *out)
{
    const tx_section *root = tx_config_root(config);
    const tx_data_setup setup = {.random = tx_problem_random(root), .isa = isa, .threads = 1};
    tx_states states = {0};
    tx_data_source *source;
    TX_TRY(tx_data_source_create(tx_get_section(root, "data"), setup, error, &source));
    const tx_status status = read_states(source, &states, error);
    tx_data_source_destroy(source);
    if (status != TX_OK) {
        tx_states_free(&states);
        return status;
    }
    *out = states;
    return TX_OK;
}

typedef struct attempt {
    const tx_config *config;
    int isa;
} attempt;

static void attempt_reading(void *argument)
{
    const attempt *a = argument;
    tx_states unused;
    read_data(a->config, a->isa, NULL, &unused);
}

/* First in a process that a user's stepper may crash. */
tx_status tx_states_read(const tx_config *config, int isa, tx_error *error, tx_states *out)
{
    const tx_section *root = tx_config_root(config);
    attempt a = {config, isa};
    tx_error crash = {0};
    if (!tx_has(root, "data")) {
        return tx_section_error(root, NULL, error, TX_INVALID,
                                "there is no section `data`, whose states components are checked on");
    }
    return tx_fault_try(attempt_reading, &a, &crash)
               ? tx_section_error(root, "data", error, TX_INVALID, "reading its first states: %s", crash.message)
               : read_data(config, isa, error, out);
}

void tx_states_free(tx_states *states)
{
    tx_free(states->pairs);
    tx_free(states->numbers);
    *states = (tx_states){0};
}
