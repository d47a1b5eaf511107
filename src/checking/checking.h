/* The checks of one component, and which components a configuration has. */
#pragma once

#include "checking/trial.h"
#include "component/buffer.h"
#include "trainax/checking.h"

enum { TX_SUBJECT_NAME = 96, TX_MOST_ROWS = 400 };
typedef struct tx_row {
    char subject[TX_SUBJECT_NAME]; /* "of its parameters"; "": all of it */
    const char *check;
    tx_finding finding;
} tx_row;

/* All checks of a component, in child processes. *out: tx_free. */
typedef struct tx_rows {
    int count;
    tx_row rows[TX_MOST_ROWS];
} tx_rows;
tx_status tx_check_component(const tx_checked *checked, tx_error *error, tx_rows **out);

/* As text, behind what is there; the first that is wrong to *wrong. */
void tx_rows_tell(const tx_checked *checked, const tx_rows *rows, tx_buffer *text, tx_error *wrong);
/* Hands the text over, with what was wrong; of a failure only that. */
tx_status tx_check_end(tx_buffer *text, tx_status status, const tx_error *wrong, char **out);

/* The sections of a configuration that can be checked, not those within each other; wanted: as in tx_check_config. */
typedef struct tx_found {
    int count;
    size_t capacity;
    const tx_section **sections; /* tx_free */
} tx_found;
tx_status tx_find_checked(const tx_config *config, const char *wanted, tx_error *error, tx_found *out);

/* The first states of the data, of several trajectories where there are some. Read, not settled: in the units of the source. */
tx_status tx_states_read(const tx_config *config, int isa, tx_error *error, tx_states *out);
void tx_states_free(tx_states *states); /* takes a zeroed one */
