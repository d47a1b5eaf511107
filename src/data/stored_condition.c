/* Initial states from a trajectories file: the first level of each trajectory. */
#include <inttypes.h>

#include "base/finite.h"
#include "data/initial.h"
#include "trainax/file.h"

static const char trajectories[] = "/trajectories";

/* (S, levels, channels, *points) of the states? */
static tx_status check_shape(const tx_condition *condition, const tx_array_shape *found, tx_error *error)
{
    const tx_shape *state = &condition->state;
    bool same = found->rank == 3 + state->axes && found->size[0] && found->size[1] && found->size[2] == state->channels;
    for (int d = 0; same && d < state->axes; d++) {
        same = found->size[3 + d] == state->n[d];
    }
    return same ? TX_OK
                : tx_section_error(condition->section, "path", error, TX_INVALID, "its levels have another shape than the states");
}

static tx_status open_file(const tx_condition *condition, tx_error *error, tx_file **file, tx_array_shape *shape)
{
    TX_TRY(tx_file_open(tx_get_string(condition->section, "path"), error, file));
    return tx_file_shape(*file, trajectories, error, shape);
}

static tx_status create(tx_condition *condition, tx_error *error)
{
    tx_file *file = NULL;
    tx_array_shape shape;
    tx_status status = open_file(condition, error, &file, &shape);
    tx_file_close(file);
    TX_TRY(status);
    condition->whole = condition->keyless = true;
    condition->samples = shape.size[0];
    return check_shape(condition, &shape, error);
}

static tx_status prepare(tx_condition *condition, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_file_open(tx_get_string(condition->section, "path"), error, &file));
    condition->work = file;
    return TX_OK;
}

static void destroy(void *work)
{
    tx_file_close(work);
}

static tx_status read_level(const tx_condition *condition, int64_t sample, double *out, tx_error *error)
{
    const tx_file *file = condition->work;
    const int64_t offset[TX_FILE_MAX_RANK] = {sample};
    tx_array_shape shape;
    TX_TRY(tx_file_shape(file, trajectories, error, &shape));
    shape.size[0] = shape.size[1] = 1;
    const tx_slab slab = {.rank = shape.rank, .offset = offset, .count = shape.size};
    TX_TRY(tx_file_read_slab(file, trajectories, &slab, TX_FLOAT64, NULL, out, error));
    return tx_all_finite(TX_FLOAT64, out, tx_condition_size(condition))
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA,
                              "'%s': trajectory %" PRId64 ", level 0 (counted from 0): a number is missing, or not finite",
                              tx_file_path(file), sample);
}

/* HDF5 takes one thread at a time. */
static tx_status draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    tx_status status;
#pragma omp critical(tx_stored_condition)
    status = read_level(condition, which->sample, out, error);
    return status;
}

static const tx_condition_class stored_class = {.create = create, .prepare = prepare, .draw = draw, .destroy = destroy};

static const tx_option options[] = {
    {.name = "path", .type = TX_TYPE_PATH, .unit = "", .text = "trajectories file: the first level of each is an initial state"},
    {0},
};
const tx_component tx_initial_condition_file =
    TX_CONDITION("file", "the first levels of a trajectories file", options, &stored_class);
