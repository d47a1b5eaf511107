/* PDEBench's files (Takamoto et al. 2022): arrays of all trajectories, a group for each, or its incompressible flows; channels last
 * there come first here. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "data/options.h"
#include "data/survey.h"

/* ---- Which of its layouts ---- */

typedef enum kind { TENSOR, DARCY, FLUID, INCOMPRESSIBLE, GROUPS, NONE } kind;

static bool has_groups(const tx_file *file)
{
    char **names, path[TX_LAYOUT_PATH];
    int count;
    if (tx_survey_members(file, "/", NULL, &count, &names) != TX_OK) {
        return false;
    }
    bool has = false;
    for (int k = 0; k < count && !has; k++) {
        snprintf(path, sizeof path, "/%s/data", names[k]);
        has = tx_survey_has(file, path);
    }
    tx_free(names);
    return has;
}

static kind kind_of(const tx_file *file)
{
    return tx_survey_has(file, "/tensor")     ? tx_survey_has(file, "/nu") ? DARCY : TENSOR
           : tx_survey_has(file, "/density")  ? FLUID
           : tx_survey_has(file, "/velocity") ? INCOMPRESSIBLE
           : has_groups(file)                 ? GROUPS
                                              : NONE;
}

/* What each of them may have: its channels in their order, then what is only read when it is named. */
static const char *const known[][7] = {[TENSOR] = {"tensor"},
                                       [DARCY] = {"tensor", NULL, "nu"},
                                       [FLUID] = {"density", "pressure", "Vx", "Vy", "Vz"},
                                       [INCOMPRESSIBLE] = {"velocity", "particles", NULL, "force"},
                                       [GROUPS] = {NULL}};

/* ---- Axes ---- */

/* Points' axes of arrays, by what else is in the file. */
static int count_axes(kind kind, const tx_file *file)
{
    const bool plane =
        kind == DARCY || kind == INCOMPRESSIBLE || tx_survey_has(file, "/y-coordinate") || tx_survey_has(file, "/Vy");
    return 1 + plane + (tx_survey_has(file, "/z-coordinate") || tx_survey_has(file, "/Vz"));
}

/* Arrays that were written anew have an axis more in front; a tensor's may be a real one. */
static const char *letters_of(kind kind, const tx_file *file, const char *name, const tx_array_shape *shape,
                              char out[TX_FILE_MAX_RANK + 1])
{
    const bool constant = strcmp(name, "nu") == 0 || strcmp(name, "force") == 0;
    const int last = kind == INCOMPRESSIBLE || kind == GROUPS; /* the channels are the last axis */
    const int before = (kind != GROUPS) + !constant, axes = shape->rank - before - last;
    const int anew = kind != GROUPS && axes == count_axes(kind, file) + 1 && (kind == TENSOR || shape->size[0] == 1);
    snprintf(out, TX_FILE_MAX_RANK + 1, "%s%s%s%.*s%s", anew ? "s" : "", kind == GROUPS ? "" : "s", constant ? "" : "t",
             axes > 0 ? axes - anew : 0, "xyz", last ? "c" : "");
    return out;
}

static tx_status add(tx_layout *layout, kind kind, const tx_file *file, const char *prefix, const char *name, tx_error *error,
                     tx_layout_field **out)
{
    char axes[TX_FILE_MAX_RANK + 1], path[TX_LAYOUT_PATH];
    tx_array_shape shape;
    snprintf(path, sizeof path, "%s/%s", prefix, name);
    TX_TRY(tx_file_shape(file, path, error, &shape));
    return tx_layout_add_field(&layout->fields, name, letters_of(kind, file, name, &shape, axes), error, out);
}

/* ---- Fields ---- */

static tx_status add_component(tx_layout *layout, const tx_data_source *source, const tx_file *file, const char *text,
                               tx_error *error)
{
    tx_layout_field *field;
    int64_t number;
    if (!tx_parse_integer(text, &number) || number < 0) {
        return tx_section_error(source->section, "fields", error, TX_INVALID,
                                "the channels of these data are numbered from 0: '%s' is none of them", text);
    }
    TX_TRY(add(layout, GROUPS, file, layout->volumes[0].prefix, "data", error, &field));
    char path[TX_LAYOUT_PATH];
    tx_array_shape shape;
    TX_TRY(tx_file_shape(file, tx_layout_path(&layout->volumes[0], field, path), error, &shape));
    if (number >= shape.size[shape.rank - 1]) {
        return tx_section_error(source->section, "fields", error, TX_INVALID,
                                "there is no channel %" PRId64 " in these data, which have %" PRId64, number,
                                shape.size[shape.rank - 1]);
    }
    field->first = number;
    field->count = 1;
    return TX_OK;
}

static tx_status unknown_field(const tx_data_source *source, kind kind, const tx_file *file, const char *name, tx_error *error)
{
    char there[256] = "", path[64];
    size_t used = 0;
    for (int k = 0; k < 7; k++) {
        snprintf(path, sizeof path, "/%s", known[kind][k] ? known[kind][k] : "");
        if (known[kind][k] && tx_survey_has(file, path)) {
            used += (size_t)snprintf(there + used, sizeof there - used, "%s%s", used ? ", " : "", known[kind][k]);
        }
    }
    return tx_survey_unknown(source, name, there, error);
}

static tx_status add_named(tx_layout *layout, const tx_data_source *source, kind kind, const tx_file *file, const char *name,
                           tx_error *error)
{
    if (kind == GROUPS) {
        return add_component(layout, source, file, name, error);
    }
    for (int k = 0; k < 7; k++) {
        char path[64];
        snprintf(path, sizeof path, "/%s", known[kind][k] ? known[kind][k] : "");
        if (known[kind][k] && strcmp(known[kind][k], name) == 0 && tx_survey_has(file, path)) {
            return add(layout, kind, file, "", name, error, NULL);
        }
    }
    return unknown_field(source, kind, file, name, error);
}

/* The flow through a medium: its two levels are the medium and the pressure. */
static tx_status add_darcy(tx_layout *layout, const tx_file *file, tx_error *error)
{
    tx_layout_field *field;
    TX_TRY(add(layout, DARCY, file, "", "nu", error, &field));
    field->single = true;
    TX_TRY(add(layout, DARCY, file, "", "tensor", error, &field));
    field->later = true;
    return TX_OK;
}

static tx_status add_all(tx_layout *layout, kind kind, const tx_file *file, tx_error *error)
{
    if (kind == DARCY) {
        return add_darcy(layout, file, error);
    }
    if (kind == GROUPS) {
        return add(layout, kind, file, layout->volumes[0].prefix, "data", error, NULL);
    }
    for (int k = 0, most = 7; known[kind][k] && k < most; k++) {
        TX_TRY(add(layout, kind, file, "", known[kind][k], error, NULL));
        const char *axes = layout->fields.item[0].axes;
        most = kind == FLUID ? 2 + (int)strlen(axes + strcspn(axes, "x")) : most; /* as many velocities as axes of points */
    }
    return TX_OK;
}

static tx_status add_fields(tx_layout *layout, const tx_data_source *source, kind kind, tx_error *error)
{
    const char *const *names;
    const int count = tx_get_strings(source->section, "fields", &names);
    tx_file *file;
    TX_TRY(tx_layout_open(layout, &layout->volumes[0], error, &file));
    for (int k = 0; k < count; k++) {
        TX_TRY(add_named(layout, source, kind, file, names[k], error));
    }
    return count ? TX_OK : add_all(layout, kind, file, error);
}

/* Where each field is a channel. */
static tx_status name_channels(tx_layout *layout, kind kind, tx_data_source *source, tx_error *error)
{
    const size_t count = layout->fields.count;
    if (kind != FLUID) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array(count, sizeof(char *), error, &layout->names[0]));
    for (size_t k = 0; k < count; k++) {
        layout->names[0][k] = layout->fields.item[k].dataset;
    }
    source->channel_names = (const char *const *)layout->names[0];
    return TX_OK;
}

/* ---- Parts ---- */

/* Groups with data, or a number for a name, which then lack them. */
static tx_status add_groups(tx_layout *layout, const char *path, const tx_file *file, tx_error *error)
{
    char **names, data[TX_LAYOUT_PATH];
    int count;
    TX_TRY(tx_survey_members(file, "/", error, &count, &names));
    tx_status status = TX_OK;
    for (int k = 0; k < count && status == TX_OK; k++) {
        snprintf(data, sizeof data, "/%s/data", names[k]);
        const bool is = tx_survey_has(file, data) || !names[k][strspn(names[k], "0123456789")];
        snprintf(data, sizeof data, "/%s", names[k]);
        status = is ? tx_layout_add_volume(layout, path, data, error) : TX_OK;
    }
    tx_free(names);
    return status;
}

static tx_status add_file(tx_layout *layout, const char *path, kind *kind, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_file_open(path, error, &file));
    const enum kind here = kind_of(file);
    tx_array_shape shape;
    tx_error missing = {0}; /* tells what is there */
    tx_status status = TX_OK;
    if (here == NONE) {
        tx_file_shape(file, "/tensor", &missing, &shape);
        status = tx_error_set(error, TX_BAD_DATA, "'%s' has none of PDEBench's layouts: %s", path, missing.message);
    } else if (*kind != NONE && here != *kind) {
        status = tx_error_set(error, TX_BAD_DATA, "'%s' has another of PDEBench's layouts than the files before it", path);
    } else {
        status = here == GROUPS ? add_groups(layout, path, file, error) : tx_layout_add_volume(layout, path, "", error);
    }
    *kind = here;
    tx_file_close(file);
    return status;
}

/* Of arrays the first tenth is for tests, of groups the last one. */
static tx_status split(tx_layout *layout, tx_data_source *source, bool groups, tx_error *error)
{
    const char *word = tx_get_word(source->section, "split");
    const int64_t total = source->whole.num_trajectories;
    const int64_t cut = groups ? (int64_t)(0.9 * (double)total) : (int64_t)(0.1 * (double)total);
    const bool all = strcmp(word, "all") == 0, head = (strcmp(word, "train") == 0) == groups;
    const int64_t first = all || head ? 0 : cut, end = all || !head ? total : cut;
    if (first == end) {
        return tx_section_error(source->section, "split", error, TX_INVALID, "'%s' is none of the %" PRId64 " trajectories", word,
                                total);
    }
    tx_layout_keep(layout, source, first, end - first);
    return TX_OK;
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    static const char *const times[] = {
        [TENSOR] = "t-coordinate", [DARCY] = "", [FLUID] = "t-coordinate", [INCOMPRESSIBLE] = "t", [GROUPS] = "grid/t"};
    kind kind = NONE;
    tx_layout *layout;
    (void)section;
    TX_TRY(tx_layout_create(source, false, error, &layout));
    layout->own_lengths = true;
    for (size_t k = 0; k < layout->paths.count; k++) {
        TX_TRY(add_file(layout, layout->paths.path[k], &kind, error));
    }
    TX_TRY(add_fields(layout, source, kind, error));
    TX_TRY(tx_layout_settle(layout, source, error));
    TX_TRY(name_channels(layout, kind, source, error));
    TX_TRY(kind == DARCY ? TX_OK : tx_survey_dt(layout, times[kind], source, error));
    return split(layout, source, kind == GROUPS, error);
}

static bool recognizes(const char *path)
{
    tx_file *file = tx_survey_first(path);
    const bool is = file && kind_of(file) != NONE;
    tx_file_close(file);
    return is;
}

static const tx_data_class pdebench_class = {.create = create, .recognizes = recognizes, TX_LAYOUT_METHODS};

static const tx_option options[] = {
    TX_OPTION_PATHS("an HDF5 file, a folder or a list of them, of any of PDEBench's layouts"),
    TX_OPTION_FIELDS(
        "channels by the names of their datasets, in this order (of groups by their numbers); constant ones (force) only "
        "when they are named"),
    {.name = "split",
     .type = TX_TYPE_WORD,
     .initial = "all",
     .unit = "",
     .words = "all train test",
     .text = "test: the first tenth of arrays, the last tenth of groups"},
    {0},
};

const tx_component tx_data_pdebench = {
    .kind = TX_KIND_DATA,
    .name = "pdebench",
    .summary = "trajectories from PDEBench's files",
    .options = options,
    .implementation = &pdebench_class,
};
