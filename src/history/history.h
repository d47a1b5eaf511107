/* What training records: rows, which stand as text in history.csv, too, and exactly in checkpoints. Rank 0 alone has one.
 *
 * Only the latest rows are in memory. Those before lie in a file without a name beside history.csv, which nobody else can
 * touch: whatever happens to history.csv, it can be written again. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/file.h"

/* Columns behind the loss that a history can have: one bit of `present` each. */
enum { TX_HISTORY_MAX_COLUMNS = 62 };

typedef struct tx_history_row {
    int64_t step;
    int64_t present; /* bit 0: the loss, bit 1 + k: column k */
    double values[]; /* [1 + num_columns], 0 where absent */
} tx_history_row;

typedef struct tx_history {
    tx_precision precision;
    int64_t minibatches; /* per epoch: epoch and batch follow from the step */
    int num_columns;     /* callbacks' values, behind the loss */
    char *header;        /* the first line of history.csv */
    size_t row_bytes;
    int64_t count, num_losses; /* rows; those of them that have a loss */
    char *latest;              /* rows from `spilled` on */
    char *earlier;             /* some of those before, when they are asked for */
    int64_t capacity, spilled; /* rows of each; rows in the nameless file */
    int spill;                 /* its descriptor, -1: none yet */
    int64_t loss_row;          /* where the next loss is to be sought */
    char *path;                /* of history.csv */
    int file;                  /* its descriptor, -1: closed */
    int64_t bytes, written;    /* of it so far; rows in it */
    char *text;                /* one batch of rows on its way to the file */
} tx_history;

/* "step,epoch,batch,loss,…\n" (tx_free) */
tx_status tx_history_header(int num_columns, const char *const *names, tx_error *error, char **out);
/* path: of history.csv, in a folder that stands; nothing is written yet. */
tx_status tx_history_create(tx_precision precision, int64_t minibatches, int num_columns, const char *header, const char *path,
                            tx_error *error, tx_history **out);
void tx_history_destroy(tx_history *history); /* closes the file; rows that were not flushed are not written */
size_t tx_history_bytes(int num_columns);     /* what it occupies, however many rows it has */

/* Adds a row; values[0] is the loss. In float32 values are rounded to float. TX_BAD_DATA: the disk is full, …. */
tx_status tx_history_add(tx_history *history, int64_t step, int64_t present, const double *values, tx_error *error);
/* Starts the file anew with header and all rows so far. TX_BAD_DATA: it cannot be written. */
tx_status tx_history_open(tx_history *history, tx_error *error);
/* Appends the rows that the file has not; where somebody removed, replaced or truncated it, it is written again. On failure
 * (disk full: TX_BAD_DATA) the file ends with a whole row. */
tx_status tx_history_flush(tx_history *history, tx_error *error);
/* Writes the file again unless it is what it should be. */
tx_status tx_history_restore(tx_history *history, tx_error *error);

/* Puts the recorded losses, and all of it, under /history of a file; the history must live until that is saved. */
tx_status tx_history_put_losses(tx_history *history, tx_file *file, tx_error *error);
tx_status tx_history_put(tx_history *history, tx_file *file, tx_error *error);

/* Rows of a stored history, in pieces. */
typedef struct tx_stored_history {
    const tx_file *file;
    int64_t count;
    int num_columns;
} tx_stored_history;
/* Is it one (TX_BAD_DATA)? Steps grow up to `step`; the loss is there at every multiple of record_every before it, and nowhere
 * else; no cell lies outside of the columns. */
tx_status tx_stored_history_open(const tx_file *file, int64_t step, int64_t record_every, tx_error *error, tx_stored_history *out);
/* Its rows before step `end`, in order. */
typedef tx_status (*tx_row_visitor)(void *user, const tx_history_row *row, tx_error *error);
tx_status tx_stored_history_visit(const tx_stored_history *stored, int64_t end, tx_row_visitor visit, void *user, tx_error *error);
