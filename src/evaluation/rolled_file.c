/* The file that a rollout writes, from the one that it starts in. */
#include "evaluation/rolled_file.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/beside.h"
#include "data/open.h"

static tx_status copy_attribute(const tx_rolled *rolled, tx_file_writer *writer, const char *name, tx_error *error)
{
    double value;
    if (!tx_file_has_attribute(rolled->initial, "/", name)) {
        return TX_OK;
    }
    TX_TRY(tx_file_get_real(rolled->initial, "/", name, error, &value));
    if (!isfinite(value)) {
        return tx_error_set(error, TX_BAD_DATA, "the attribute '%s' of the initial states is not finite", name);
    }
    return value != 0.0 ? tx_file_writer_set_real(writer, name, value, error) : TX_OK; /* 0: unknown */
}

static tx_status copy_attributes(const tx_rolled *rolled, tx_file_writer *writer, tx_error *error)
{
    TX_TRY(copy_attribute(rolled, writer, "dt", error));
    return copy_attribute(rolled, writer, "domain_extent", error);
}

/* Lengths of the initial trajectories, as far as these here go. */
static tx_status cut_lengths(const tx_rolled *rolled, tx_data_source *source, int64_t *lengths, tx_error *error)
{
    TX_TRY(tx_file_read_integers(rolled->initial, "/lengths", 1, rolled->shape->size, lengths, error));
    for (int64_t k = 0; k < rolled->shape->size[0]; k++) {
        lengths[k] = lengths[k] < rolled->levels ? lengths[k] : rolled->levels;
    }
    source->shape.lengths = lengths;
    return TX_OK;
}

/* What stands beside the initial states goes along. */
static tx_status copy_beside(const tx_rolled *rolled, tx_error *error, tx_file **out)
{
    int64_t *lengths = NULL;
    tx_opened opened;
    const char *path = tx_file_path(rolled->initial);
    TX_TRY(tx_data_open(rolled->registry, "file", path, "levels: ':1'", rolled->precision, error, &opened));
    tx_status status = TX_OK;
    if (tx_file_has(rolled->initial, "/lengths")) {
        status = tx_allocate_array((size_t)rolled->shape->size[0], sizeof *lengths, error, &lengths);
        status = status ? status : cut_lengths(rolled, opened.source, lengths, error);
    }
    status = status ? status : tx_beside_write(opened.source, error, out);
    tx_data_close(&opened);
    tx_free(lengths);
    return status;
}

/* Rank 0's. *out: what the file has beside the trajectories; NULL: nothing. */
static tx_status make_beside(const tx_rolled *rolled, const int64_t *size, tx_error *error, tx_file **out)
{
    TX_TRY(tx_registry_find(rolled->registry, TX_KIND_DATA, "file") ? copy_beside(rolled, error, out) : TX_OK);
    if (!rolled->spread) {
        return TX_OK;
    }
    TX_TRY(*out ? TX_OK : tx_file_create(error, out));
    return tx_file_announce_spread(*out, rolled->shape->rank, size, rolled->precision, error);
}

tx_status tx_rolled_create(const tx_rolled *rolled, const char *path, tx_error *error, tx_file_writer **out)
{
    int64_t size[TX_FILE_MAX_RANK];
    tx_file *beside = NULL;
    memcpy(size, rolled->shape->size, sizeof size);
    size[1] = rolled->levels;
    const bool mine = tx_parallel_rank(rolled->parallel) == 0;
    tx_status status = tx_parallel_agree(rolled->parallel, mine ? make_beside(rolled, size, error, &beside) : TX_OK, error);
    status =
        status ? status
               : tx_file_writer_create_in(rolled->parallel, beside, path, rolled->shape->rank, size, rolled->precision, error, out);
    tx_file_close(beside);
    TX_TRY(status);
    status = tx_parallel_agree(rolled->parallel, copy_attributes(rolled, *out, error), error);
    if (status != TX_OK) {
        tx_file_writer_abandon(*out);
    }
    return status;
}
