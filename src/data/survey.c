/* Small arrays and spacings that sources look up in their files. */
#include "data/survey.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const char *tx_survey_axes(int rank, char out[TX_FILE_MAX_RANK + 1])
{
    snprintf(out, TX_FILE_MAX_RANK + 1, "%.*s", rank, "stcxyz");
    return out;
}

bool tx_survey_has(const tx_file *file, const char *path)
{
    tx_array_shape shape;
    return tx_file_has(file, path) && tx_file_shape(file, path, NULL, &shape) == TX_OK;
}

tx_status tx_survey_read(const tx_file *file, const char *path, tx_error *error, double **out, int64_t *rows, int64_t *columns)
{
    tx_array_shape shape;
    double *numbers;
    TX_TRY(tx_file_shape(file, path, error, &shape));
    if (shape.rank < 1) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' is one number, not a list", path, tx_file_path(file));
    }
    TX_TRY(tx_file_stored(file, path, (int64_t[TX_FILE_MAX_RANK]){0}, shape.size, error));
    *rows = 1;
    for (int a = 0; a < shape.rank - 1; a++) {
        *rows *= shape.size[a];
    }
    *columns = shape.size[shape.rank - 1];
    TX_TRY(tx_allocate_array((size_t)(*rows * *columns), sizeof *numbers, error, &numbers));
    const tx_status status = tx_file_read_reals(file, path, shape.rank, shape.size, TX_FLOAT64, numbers, error);
    if (status != TX_OK) {
        tx_free(numbers);
        return status;
    }
    *out = numbers;
    return TX_OK;
}

/* Times may have been rounded to float. */
static bool near(double a, double b, double scale)
{
    return fabs(a - b) <= 1e-5 * fabs(b) + 4e-7 * fabs(scale);
}

/* 0: the times are not evenly spaced. */
static double spacing_of(const double *times, int64_t count)
{
    const double dt = count > 1 ? (times[count - 1] - times[0]) / (double)(count - 1) : 0;
    for (int64_t k = 1; k < count; k++) {
        if (!near(times[k] - times[k - 1], dt, times[count - 1])) {
            return 0;
        }
    }
    return dt > 0 && isfinite(dt) ? dt : 0;
}

tx_status tx_survey_spacing(const tx_file *file, const char *path, int64_t count, tx_error *error, double *out)
{
    double *times;
    int64_t rows, columns;
    *out = 0;
    if (!tx_survey_has(file, path)) {
        return TX_OK;
    }
    TX_TRY(tx_survey_read(file, path, error, &times, &rows, &columns));
    for (int64_t k = 0; k < rows && columns >= count; k++) {
        const double here = spacing_of(times + k * columns, count);
        *out = k && !near(here, *out, *out) ? 0 : k ? *out : here;
        k = *out == 0 ? rows : k;
    }
    tx_free(times);
    return TX_OK;
}

tx_status tx_survey_dt(tx_layout *layout, const char *dataset, tx_data_source *source, tx_error *error)
{
    double common = 0;
    if (tx_has(source->section, "dt")) {
        return TX_OK;
    }
    for (size_t k = 0; k < layout->num_volumes; k++) {
        const tx_layout_field times = {.dataset = (char *)dataset};
        char path[TX_LAYOUT_PATH];
        double here;
        tx_file *file;
        TX_TRY(tx_layout_open(layout, &layout->volumes[k], error, &file));
        tx_layout_path(&layout->volumes[k], &times, path);
        TX_TRY(tx_survey_spacing(file, path, layout->volumes[k].levels, error, &here));
        if (k && !near(here, common, common)) {
            return TX_OK; /* unknown */
        }
        common = k ? common : here;
    }
    source->whole.dt = common;
    return TX_OK;
}

tx_file *tx_survey_first(const char *path)
{
    tx_paths paths = {0};
    tx_file *file = NULL;
    if (tx_paths_find(1, &path, NULL, &paths) == TX_OK && tx_file_open(paths.path[0], NULL, &file) != TX_OK) {
        file = NULL;
    }
    tx_paths_free(&paths);
    return file;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

tx_status tx_survey_members(const tx_file *file, const char *group, tx_error *error, int *count, char ***out)
{
    TX_TRY(tx_file_members(file, group, error, count, out));
    qsort(*out, (size_t)*count, sizeof **out, by_name);
    return TX_OK;
}

tx_status tx_survey_unknown(const tx_data_source *source, const char *name, const char *known, tx_error *error)
{
    return tx_section_error(source->section, "fields", error, TX_INVALID, "there is no field '%s' in these data (there are: %s)",
                            name, known);
}
