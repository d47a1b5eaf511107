/* The checks of one component, and which components a configuration has. */
#pragma once

#include <stdio.h>

#include "checking/trial.h"
#include "trainax/checking.h"

enum { TX_SUBJECT_NAME = 96, TX_MOST_ROWS = 400 };
typedef struct tx_row {
    char subject[TX_SUBJECT_NAME]; /* "of its parameters"; "": all of it */
    const char *check;
    tx_finding finding;
} tx_row;

typedef struct tx_rows {
    _Atomic int count; /* a child process adds to them while they are told */
    tx_row rows[TX_MOST_ROWS];
} tx_rows;

/* Lines, told as there are rows; those that failed like one before are counted only. */
typedef struct tx_table {
    FILE *file;
    const tx_checked *checked;
    bool begun;       /* there is a component before it */
    int told, folded; /* rows of that component; of those of the subject */
    tx_error wrong;   /* the first that is, of all components */
} tx_table;
/* Those that have come since; where there is but one and it is wrong, it waits: other states might do. */
void tx_table_tell(tx_table *table, const tx_rows *rows);
void tx_table_end(tx_table *table, const tx_rows *rows); /* all of the component */

/* All checks of a component, in child processes. *out: tx_free. */
tx_status tx_check_component(const tx_checked *checked, tx_table *table, tx_error *error, tx_rows **out);

/* Likewise, of a source of data in a shared object: in all its trajectories' own units, in one child process. */
tx_status tx_check_source(const tx_checked *checked, tx_error *error, tx_rows **out);
bool tx_is_source(const tx_section *section);

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
