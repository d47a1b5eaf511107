/* PDEArena's files (Gupta and Brandstetter 2022): a group for each split, in it a dataset for each channel. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/options.h"
#include "data/survey.h"

static const char *const splits[] = {"train", "valid", "test"};
static const char *const flow[] = {"u", "vx", "vy"};
static const char *const coordinates[] = {"x", "y", "z", "t"};

enum { SPLITS = 3, FLOW = 3, COORDINATES = 4 };

static bool is_one_of(const char *name, const char *const *names, int count)
{
    bool is = false;
    for (int k = 0; k < count; k++) {
        is = is || strcmp(name, names[k]) == 0;
    }
    return is;
}

/* ---- Which group, of which files ---- */

static bool has_split(const tx_file *file, const char *name)
{
    char path[16];
    snprintf(path, sizeof path, "/%s", name);
    return tx_file_has(file, path);
}

/* The one split of a file; NULL: none, or several. */
static const char *only_split(const tx_file *file, int *count)
{
    const char *found = NULL;
    *count = 0;
    for (int k = 0; k < SPLITS; k++) {
        if (has_split(file, splits[k])) {
            found = splits[k];
            ++*count;
        }
    }
    return *count == 1 ? found : NULL;
}

/* A file counts where it has the split asked for, or, if none was, its only one. */
static tx_status add_file(tx_layout *layout, const tx_data_source *source, const char *path, tx_error *error)
{
    const char *word = tx_get_word(source->section, "split");
    int count;
    char prefix[16];
    tx_file *file;
    TX_TRY(tx_file_open(path, error, &file));
    const char *only = only_split(file, &count);
    const bool asked = word && has_split(file, word);
    tx_file_close(file);
    if (!word && count > 1) {
        return tx_section_error(source->section, "split", error, TX_INVALID,
                                "'%s' has several of the groups train, valid, test: one must be chosen", path);
    }
    const char *split = word ? word : only;
    if (word ? !asked : !only) {
        return TX_OK;
    }
    snprintf(prefix, sizeof prefix, "/%s", split);
    if (layout->num_volumes && strcmp(layout->volumes[0].prefix, prefix) != 0) {
        return tx_section_error(source->section, "split", error, TX_INVALID,
                                "the files hold different groups ('%s' in '%s', '%s' in '%s'): one must be chosen",
                                layout->volumes[0].prefix + 1, layout->volumes[0].file, split, path);
    }
    return tx_layout_add_volume(layout, path, prefix, error);
}

static tx_status add_files(tx_layout *layout, const tx_data_source *source, tx_error *error)
{
    const char *word = tx_get_word(source->section, "split"), *path = layout->paths.path[0];
    for (size_t k = 0; k < layout->paths.count; k++) {
        TX_TRY(add_file(layout, source, layout->paths.path[k], error));
    }
    if (layout->num_volumes) {
        return TX_OK;
    }
    const char *others = layout->paths.count > 1 ? ", nor in the files after it" : "";
    return word ? tx_section_error(source->section, "split", error, TX_INVALID, "there is no group '%s' in '%s'%s", word, path,
                                   others)
                : tx_error_set(error, TX_BAD_DATA, "there is none of the groups train, valid, test in '%s'%s", path, others);
}

/* ---- Which datasets ---- */

static tx_status add_dataset(tx_layout *layout, const tx_file *file, const char *name, tx_error *error)
{
    char path[TX_LAYOUT_PATH], axes[TX_FILE_MAX_RANK + 1];
    tx_array_shape shape;
    snprintf(path, sizeof path, "%s/%s", layout->volumes[0].prefix, name);
    TX_TRY(tx_file_shape(file, path, error, &shape));
    if (shape.rank < 3 || shape.rank > 2 + TX_MAX_AXES) {
        return tx_error_set(error, TX_BAD_DATA,
                            "'%s' in '%s' has %d ax%s; these trajectories have 3 to 5: (samples, levels, *points)", path,
                            tx_file_path(file), shape.rank, shape.rank == 1 ? "is" : "es");
    }
    snprintf(axes, sizeof axes, "st%.*s", shape.rank - 2, "xyz");
    return tx_layout_add_field(&layout->fields, name, axes, error, NULL);
}

static bool is_equation(const char *name)
{
    return strncmp(name, "pde_", 4) == 0;
}

/* u, vx, vy, of which none may lack; else the first pde_*. */
static tx_status add_usual(tx_layout *layout, const tx_file *file, int count, char *const *names, tx_error *error)
{
    bool flows = false;
    for (int j = 0; j < count; j++) {
        flows = flows || is_one_of(names[j], flow, FLOW);
    }
    for (int k = 0; k < FLOW && flows; k++) {
        TX_TRY(add_dataset(layout, file, flow[k], error));
    }
    for (int j = 0; j < count && !layout->fields.count; j++) {
        TX_TRY(is_equation(names[j]) ? add_dataset(layout, file, names[j], error) : TX_OK);
    }
    return layout->fields.count ? TX_OK
                                : tx_error_set(error, TX_BAD_DATA, "the group '%s' of '%s' holds none of u, vx, vy, pde_*",
                                               layout->volumes[0].prefix, tx_file_path(file));
}

static tx_status add_named(tx_layout *layout, const tx_data_source *source, const tx_file *file, const char *name, int count,
                           char *const *names, tx_error *error)
{
    char there[512] = "";
    size_t used = 0;
    if (is_one_of(name, (const char *const *)names, count)) {
        return add_dataset(layout, file, name, error);
    }
    for (int k = 0; k < count && used < sizeof there; k++) {
        used += (size_t)snprintf(there + used, sizeof there - used, "%s%s", k ? ", " : "", names[k]);
    }
    return tx_survey_unknown(source, name, there, error);
}

/* Numbers of each trajectory: what has one axis, as long as there are trajectories. */
static tx_status add_parameters(tx_layout *layout, const tx_file *file, int count, char *const *names, tx_error *error)
{
    char path[TX_LAYOUT_PATH];
    tx_array_shape data, shape;
    TX_TRY(tx_file_shape(file, tx_layout_path(&layout->volumes[0], &layout->fields.item[0], path), error, &data));
    for (int k = 0; k < count; k++) {
        snprintf(path, sizeof path, "%s/%s", layout->volumes[0].prefix, names[k]);
        const bool number =
            tx_survey_has(file, path) && tx_file_shape(file, path, NULL, &shape) == TX_OK && (shape.is_float || shape.is_integer);
        if (number && shape.rank == 1 && shape.size[0] == data.size[0] && !is_one_of(names[k], coordinates, COORDINATES)) {
            TX_TRY(tx_layout_add_field(&layout->parameters, names[k], "s", error, NULL));
        }
    }
    return TX_OK;
}

static tx_status add_fields(tx_layout *layout, const tx_data_source *source, const tx_file *file, tx_error *error)
{
    const char *const *asked;
    const int num_asked = tx_get_strings(source->section, "fields", &asked);
    char **names;
    int count;
    TX_TRY(tx_survey_members(file, layout->volumes[0].prefix, error, &count, &names));
    tx_status status = num_asked ? TX_OK : add_usual(layout, file, count, names, error);
    for (int k = 0; k < num_asked && status == TX_OK; k++) {
        status = add_named(layout, source, file, asked[k], count, names, error);
    }
    status = status ? status : add_parameters(layout, file, count, names, error);
    tx_free(names);
    return status;
}

/* Those of the datasets. */
static tx_status copy_names(const tx_layout_fields *fields, tx_error *error, char ***out)
{
    TX_TRY(tx_allocate_array(fields->count, sizeof **out, error, out));
    for (size_t k = 0; k < fields->count; k++) {
        (*out)[k] = fields->item[k].dataset;
    }
    return TX_OK;
}

/* One number for each trajectory, unless they differ; else from their times. */
static tx_status set_dt(tx_layout *layout, tx_data_source *source, tx_error *error)
{
    double *numbers;
    int64_t rows, columns;
    char path[TX_LAYOUT_PATH];
    tx_file *file;
    TX_TRY(tx_layout_open(layout, &layout->volumes[0], error, &file));
    snprintf(path, sizeof path, "%s/dt", layout->volumes[0].prefix);
    if (tx_has(source->section, "dt") || !tx_survey_has(file, path)) {
        return tx_survey_dt(layout, "t", source, error);
    }
    for (size_t p = 0; p < layout->num_volumes; p++) {
        TX_TRY(tx_layout_open(layout, &layout->volumes[p], error, &file));
        TX_TRY(tx_survey_read(file, path, error, &numbers, &rows, &columns));
        for (int64_t k = 0; k < rows * columns; k++) {
            source->whole.dt = p + (size_t)k == 0 || source->whole.dt == numbers[k] ? numbers[k] : 0;
            k = source->whole.dt == 0 ? rows * columns : k;
        }
        tx_free(numbers);
        p = source->whole.dt == 0 ? layout->num_volumes - 1 : p;
    }
    return TX_OK;
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    tx_layout *layout;
    tx_file *file;
    TX_TRY(tx_layout_create(source, false, error, &layout));
    layout->own_lengths = strcmp(tx_get_word(section, "lengths"), "own") == 0;
    TX_TRY(add_files(layout, source, error));
    TX_TRY(tx_layout_open(layout, &layout->volumes[0], error, &file));
    TX_TRY(add_fields(layout, source, file, error));
    TX_TRY(copy_names(&layout->fields, error, &layout->names[0]));
    TX_TRY(copy_names(&layout->parameters, error, &layout->names[2]));
    TX_TRY(tx_layout_settle(layout, source, error));
    return set_dt(layout, source, error);
}

static bool has_data(const tx_file *file, const char *split)
{
    char path[16], **names;
    int count;
    snprintf(path, sizeof path, "/%s", split);
    if (!tx_file_has(file, path) || tx_file_members(file, path, NULL, &count, &names) != TX_OK) {
        return false;
    }
    bool has = false;
    for (int k = 0; k < count; k++) {
        has = has || is_one_of(names[k], flow, FLOW) || is_equation(names[k]);
    }
    tx_free(names);
    return has;
}

static bool recognizes(const char *path)
{
    tx_file *file = tx_survey_first(path);
    bool is = false;
    for (int k = 0; file && k < SPLITS; k++) {
        is = is || has_data(file, splits[k]);
    }
    tx_file_close(file);
    return is;
}

static const tx_data_class pdearena_class = {.create = create, .recognizes = recognizes, TX_LAYOUT_METHODS};

static const tx_option options[] = {
    TX_OPTION_PATHS("an HDF5 file, or a folder, of which the files that hold the split are read"),
    TX_OPTION_FIELDS("channels by the names of their datasets, in this order (null: u, vx, vy, or the first pde_*)"),
    {.name = "split",
     .type = TX_TYPE_WORD,
     .initial = "null",
     .unit = "",
     .words = "train valid test",
     .text = "which group; null: the one that a file has"},
    TX_OPTION_LENGTHS,
    {0},
};

const tx_component tx_data_pdearena = {
    .kind = TX_KIND_DATA,
    .name = "pdearena",
    .summary = "trajectories from PDEArena's files",
    .options = options,
    .implementation = &pdearena_class,
};
