/* What training records: rows in memory and, as text, in history.csv. Rank 0 alone has one. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/status.h"

/* Columns behind the loss that a history can have: one bit of `present` each. */
enum { TX_HISTORY_MAX_COLUMNS = 62 };

typedef struct tx_history {
    tx_precision precision;
    int64_t minibatches; /* per epoch: epoch and batch follow from the step */
    int num_columns;     /* callbacks' values, behind the loss */
    const char *const *names;
    int64_t count; /* rows */
    size_t row_capacity, value_capacity;
    int64_t *steps;   /* [count] */
    int64_t *present; /* [count], bit 0: the loss, bit 1 + k: column k */
    double *values;   /* [count][1 + num_columns], 0 where absent */
    char *path;       /* of history.csv; NULL: none is written */
    int file;         /* its descriptor, -1: closed */
    int64_t bytes;    /* written so far */
    int64_t written;  /* rows in the file */
    char *text;       /* one batch of rows on its way to the file */
} tx_history;

tx_status tx_history_create(tx_precision precision, int64_t minibatches, int num_columns, const char *const *names, tx_error *error,
                            tx_history **out);
void tx_history_destroy(tx_history *history); /* closes the file; rows that were not flushed are not written */

/* Adds a row; values[0] is the loss. In float32 values are rounded to float. */
tx_status tx_history_add(tx_history *history, int64_t step, int64_t present, const double *values, tx_error *error);
/* Starts the file anew with header and all rows so far. TX_BAD_DATA: it cannot be written. */
tx_status tx_history_open(tx_history *history, const char *path, tx_error *error);
/* Appends the rows that the file has not. On failure (disk full: TX_BAD_DATA) the file ends with a whole row. */
tx_status tx_history_flush(tx_history *history, tx_error *error);

int64_t tx_history_num_losses(const tx_history *history);
/* The recorded losses: tx_history_num_losses reals of the history's precision. */
void tx_history_losses(const tx_history *history, void *out);
