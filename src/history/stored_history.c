/* The history in a checkpoint: read in pieces, and looked at before anything is believed. */
#include <inttypes.h>

#include "base/memory.h"
#include "history/history.h"

enum { PIECE = 2048 }; /* rows */

typedef struct piece {
    int64_t steps[PIECE], present[PIECE];
    double *values; /* [PIECE][width] */
    tx_history_row *row;
} piece;

static tx_status read_piece(const tx_stored_history *stored, int64_t first, int64_t count, piece *out, tx_error *error)
{
    const int64_t from[2] = {first, 0}, many[2] = {count, stored->num_columns + 1};
    const tx_slab rows = {1, from, many}, values = {2, from, many};
    TX_TRY(tx_file_read_integer_slab(stored->file, "/history/step", &rows, out->steps, error));
    TX_TRY(tx_file_read_integer_slab(stored->file, "/history/present", &rows, out->present, error));
    return tx_file_read_slab(stored->file, "/history/values", &values, TX_FLOAT64, NULL, out->values, error);
}

static tx_status visit_all(const tx_stored_history *stored, int64_t end, piece *piece, tx_row_visitor visit, void *user,
                           tx_error *error)
{
    const int width = stored->num_columns + 1;
    for (int64_t first = 0, count; first < stored->count; first += count) {
        count = stored->count - first < PIECE ? stored->count - first : PIECE;
        TX_TRY(read_piece(stored, first, count, piece, error));
        for (int64_t k = 0; k < count && piece->steps[k] < end; k++) {
            piece->row->step = piece->steps[k];
            piece->row->present = piece->present[k];
            for (int c = 0; c < width; c++) {
                piece->row->values[c] = piece->values[k * width + c];
            }
            TX_TRY(visit(user, piece->row, error));
        }
    }
    return TX_OK;
}

tx_status tx_stored_history_visit(const tx_stored_history *stored, int64_t end, tx_row_visitor visit, void *user, tx_error *error)
{
    const size_t width = (size_t)stored->num_columns + 1;
    piece *piece;
    TX_TRY(tx_allocate(sizeof *piece, error, &piece));
    tx_status status = tx_allocate_array(PIECE * width, sizeof(double), error, &piece->values);
    status = status ? status : tx_allocate(sizeof *piece->row + width * sizeof(double), error, &piece->row);
    status = status ? status : visit_all(stored, end, piece, visit, user, error);
    tx_free(piece->values);
    tx_free(piece->row);
    tx_free(piece);
    return status;
}

/* ---- Is it right? ---- */

typedef struct check {
    int64_t step, record_every; /* of the checkpoint */
    int64_t rows, last, losses; /* rows so far, the last one's step; losses before `step` */
    int num_columns;
} check;

static tx_status check_row(void *user, const tx_history_row *row, tx_error *error)
{
    check *check = user;
    const bool loss = row->present & 1;
    if (row->step <= check->last || row->step > check->step) {
        return tx_error_set(error, TX_BAD_DATA, "its history has step %" PRId64 " after %" PRId64 " in a state of step %" PRId64,
                            row->step, check->last, check->step);
    }
    if (loss != (row->step % check->record_every == 0)) {
        return tx_error_set(error, TX_BAD_DATA, "the loss of step %" PRId64 " of its history is %s", row->step,
                            loss ? "not to be there" : "missing");
    }
    if (row->present < 0 || row->present >> check->num_columns >> 1) {
        return tx_error_set(error, TX_BAD_DATA, "step %" PRId64 " of its history has more cells than there are columns", row->step);
    }
    check->rows++;
    check->last = row->step;
    check->losses += loss && row->step < check->step;
    return TX_OK;
}

static tx_status check_shapes(const tx_file *file, tx_error *error, tx_stored_history *out)
{
    tx_array_shape steps, present, values;
    TX_TRY(tx_file_shape(file, "/history/step", error, &steps));
    TX_TRY(tx_file_shape(file, "/history/present", error, &present));
    TX_TRY(tx_file_shape(file, "/history/values", error, &values));
    const bool good = steps.rank == 1 && present.rank == 1 && values.rank == 2 && present.size[0] == steps.size[0] &&
                      values.size[0] == steps.size[0] && values.size[1] >= 1 && values.size[1] <= TX_HISTORY_MAX_COLUMNS + 1;
    *out = (tx_stored_history){.file = file, .count = steps.size[0], .num_columns = good ? (int)values.size[1] - 1 : 0};
    return good ? TX_OK : tx_error_set(error, TX_BAD_DATA, "the parts of its history have different sizes");
}

/* Absent from checkpoints of older versions. */
static tx_status check_minibatches(const tx_file *file, tx_error *error)
{
    int64_t minibatches = 1;
    if (tx_file_has_attribute(file, "/history", "minibatches")) {
        TX_TRY(tx_file_get_integer(file, "/history", "minibatches", error, &minibatches));
    }
    return minibatches > 0 ? TX_OK
                           : tx_error_set(error, TX_BAD_DATA, "its history has %" PRId64 " minibatches an epoch", minibatches);
}

tx_status tx_stored_history_open(const tx_file *file, int64_t step, int64_t record_every, tx_error *error, tx_stored_history *out)
{
    tx_stored_history stored;
    TX_TRY(check_shapes(file, error, &stored));
    TX_TRY(check_minibatches(file, error));
    check check = {.step = step, .record_every = record_every, .last = -1, .num_columns = stored.num_columns};
    TX_TRY(tx_stored_history_visit(&stored, INT64_MAX, check_row, &check, error));
    const int64_t expected = step > 0 ? (step - 1) / record_every + 1 : 0;
    if (step < 0 || check.rows != stored.count || check.losses != expected) {
        return tx_error_set(error, TX_BAD_DATA, "its history has %" PRId64 " losses, but its step is %" PRId64, check.losses, step);
    }
    *out = stored;
    return TX_OK;
}
