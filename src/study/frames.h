/* Tables as APEBench's pandas frames: wide, a row a seed, and melted, a row a number. */
#pragma once

#include "study/experiments.h"
#include "study/sheet.h"

/* Of all runs of an experiment. */
typedef struct tx_raw_setup {
    const char *directory;          /* of the results; runs lie in runs/NAME/SEED below it */
    int64_t num_losses, loss_every; /* columns, and the steps from one to the next */
    int digits;
} tx_raw_setup;
/* Writes DIRECTORY/raw/NAME.csv of what is in the run directories. What a run that diverged has not come to is left empty. */
tx_status tx_raw_write(const tx_experiment *experiment, const tx_raw_setup *setup, tx_error *error);
/* DIRECTORY/raw/NAME.csv */
tx_status tx_raw_path(const tx_experiment *experiment, const char *directory, tx_text *out, tx_error *error);

/* Numbered columns of raw files, NAME_0001, melted into one file; pandas' wide_to_long. TX_BAD_DATA: a file has no such columns. */
typedef struct tx_melting {
    const char *number; /* the column of what stood in their names: time_step */
    int num_quantities;
    const char *const *quantities; /* all have as many columns */
} tx_melting;
tx_status tx_melt(const tx_melting *melting, const tx_experiments *experiments, const char *directory, const char *file,
                  tx_error *error);
