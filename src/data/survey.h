/* What sources from files ask their files. */
#pragma once

#include "data/layout.h"

/* The letters of `axes` for an array of that many axes: (samples, levels, channels, *points). */
const char *tx_survey_axes(int rank, char out[TX_FILE_MAX_RANK + 1]);
bool tx_survey_has(const tx_file *file, const char *path); /* a dataset, whatever is in it */
/* Numbers of a whole dataset, as many as it has (tx_free); its last axis are the columns, those before the rows. */
tx_status tx_survey_read(const tx_file *file, const char *path, tx_error *error, double **out, int64_t *rows, int64_t *columns);
/* The spacing of the first `count` times of each row; 0: it differs, or there is no such dataset. */
tx_status tx_survey_spacing(const tx_file *file, const char *path, int64_t count, tx_error *error, double *out);
/* Of all volumes' times, of a dataset behind their prefixes; unless `dt` is given. */
tx_status tx_survey_dt(tx_layout *layout, const char *dataset, tx_data_source *source, tx_error *error);
/* The first of the files that a name stands for, open; NULL: none can be opened. */
tx_file *tx_survey_first(const char *path);
/* Which members of a group, in the order of their names' bytes (tx_free). */
tx_status tx_survey_members(const tx_file *file, const char *group, tx_error *error, int *count, char ***out);
/* TX_INVALID: `fields` names something that is not there; lists what is. */
tx_status tx_survey_unknown(const tx_data_source *source, const char *name, const char *known, tx_error *error);
