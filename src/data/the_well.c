/* The Well's files (Ohana et al. 2024): fields by the order of their tensors, of which each says how it varies; statistics in a
 * file stats.yaml beside them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/options.h"
#include "data/stats_yaml.h"
#include "data/survey.h"

static const char *const groups[] = {"/t0_fields", "/t1_fields", "/t2_fields"};
static const char scalars[] = "/scalars";

enum { ORDERS = 3 };

/* A dataset, as its attributes say. */
typedef struct well_field {
    char path[TX_LAYOUT_PATH], axes[TX_FILE_MAX_RANK + 1];
    int components;
    bool constant, sample_varying;
} well_field;

/* ---- How it varies ---- */

static tx_status read_flag(const tx_file *file, const char *path, const char *name, tx_error *error, bool *out)
{
    int64_t value = 0;
    int count = 0;
    TX_TRY(tx_file_get_integers(file, path, name, 1, error, &value, &count));
    *out = count == 1 && value;
    return TX_OK;
}

/* All axes that it may have: those along which it does not vary count nothing, and may be absent. */
static tx_status read_axes(const tx_file *file, well_field *field, int dims, tx_error *error)
{
    int64_t varies[TX_MAX_AXES] = {0};
    bool time;
    int count = 0;
    TX_TRY(read_flag(file, field->path, "sample_varying", error, &field->sample_varying));
    TX_TRY(read_flag(file, field->path, "time_varying", error, &time));
    if (dims) {
        TX_TRY(tx_file_get_integers(file, field->path, "dim_varying", TX_MAX_AXES, error, varies, &count));
    }
    if (count != dims) {
        return tx_error_set(error, TX_BAD_DATA,
                            "the attribute 'dim_varying' of '%s' in '%s' speaks of %d dimensions, where there are %d", field->path,
                            tx_file_path(file), count, dims);
    }
    field->constant = !time;
    field->axes[0] = field->sample_varying ? 's' : '.';
    field->axes[1] = time ? 't' : '.';
    for (int d = 0; d < dims; d++) {
        field->axes[2 + d] = varies[d] ? (char)('x' + d) : '.';
    }
    return TX_OK;
}

static int power(int dims, int order)
{
    return order == 0 ? 1 : dims * power(dims, order - 1);
}

/* Components are the last axes: one for each index of the tensor, or all in a row. */
static bool fits(const well_field *field, const tx_array_shape *shape)
{
    char axes[TX_FILE_MAX_RANK + 1];
    int64_t components = 1;
    if (!tx_layout_align(field->axes, shape, axes)) {
        return false;
    }
    for (int a = 0; axes[a]; a++) {
        components *= axes[a] == 'c' ? shape->size[a] : 1;
    }
    return components == field->components;
}

static tx_status read_field(const tx_file *file, const char *group, const char *name, int dims, int order, tx_error *error,
                            well_field *out)
{
    static const char *const letters[] = {"", "c", "cc"};
    const int space = strcmp(group, scalars) != 0 ? dims : 0;
    tx_array_shape shape;
    *out = (well_field){.components = power(dims, order)};
    snprintf(out->path, sizeof out->path, "%s/%s", group, name);
    TX_TRY(tx_file_shape(file, out->path, error, &shape));
    TX_TRY(read_axes(file, out, space, error));
    strcat(out->axes, letters[order]);
    return fits(out, &shape)
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA,
                              "'%s' in '%s' has other axes than its attributes (sample_varying, time_varying, dim_varying) say, or "
                              "another number of components than %d",
                              out->path, tx_file_path(file), out->components);
}

/* ---- All fields ---- */

typedef struct survey {
    tx_layout *layout;
    tx_data_source *source;
    tx_file *file;
    int dims;
    int num_names; /* of the dimensions; unnamed ones are x, y, z */
    char **names;
    const char *wanted; /* NULL: all that vary in time */
    bool found, constants;
    char there[TX_MESSAGE_SIZE / 2]; /* what there is */
    tx_error *error;
} survey;

static const char *dimension(const survey *s, int d)
{
    static const char *const usual[] = {"x", "y", "z"};
    return d < s->num_names ? s->names[d] : usual[d];
}

/* "velocity_x", "D_xy" */
static const char *component_name(const survey *s, const char *field, int order, int k, char out[TX_LAYOUT_PATH])
{
    snprintf(out, TX_LAYOUT_PATH, "%s%s%s%s", field, order ? "_" : "",
             order == 2 ? dimension(s, k / s->dims)
             : order    ? dimension(s, k)
                        : "",
             order == 2 ? dimension(s, k % s->dims) : "");
    return out;
}

static tx_status add(survey *s, const well_field *field, tx_layout_fields *fields, int first, int count)
{
    tx_layout_field *added;
    TX_TRY(tx_layout_add_field(fields, field->path, field->axes, s->error, &added));
    added->first = first;
    added->count = count;
    return TX_OK;
}

static tx_status add_wanted(survey *s, const char *name, int order, const well_field *field)
{
    char component[TX_LAYOUT_PATH];
    if (strcmp(name, s->wanted) == 0) {
        s->found = true;
        return add(s, field, &s->layout->fields, 0, field->components);
    }
    for (int k = 0; order && k < field->components; k++) {
        if (strcmp(component_name(s, name, order, k, component), s->wanted) == 0) {
            s->found = true;
            return add(s, field, &s->layout->fields, k, 1);
        }
    }
    return TX_OK;
}

static void note(survey *s, const char *name)
{
    const size_t used = strlen(s->there);
    snprintf(s->there + used, sizeof s->there - used, "%s%s", used ? ", " : "", name);
}

static tx_status visit_field(survey *s, const char *name, int order)
{
    well_field field;
    TX_TRY(read_field(s->file, groups[order], name, s->dims, order, s->error, &field));
    note(s, name);
    if (s->wanted) {
        return add_wanted(s, name, order, &field);
    }
    if (field.constant == s->constants) {
        return add(s, &field, s->constants ? &s->layout->constants : &s->layout->fields, 0, field.components);
    }
    return TX_OK;
}

static tx_status visit(survey *s)
{
    for (int order = 0; order < ORDERS; order++) {
        char **names;
        int count;
        if (!tx_file_has(s->file, groups[order])) {
            continue;
        }
        TX_TRY(tx_file_get_texts(s->file, groups[order], "field_names", s->error, &count, &names));
        tx_status status = TX_OK;
        for (int k = 0; k < count && status == TX_OK; k++) {
            status = visit_field(s, names[k], order);
        }
        tx_free(names);
        TX_TRY(status);
    }
    return TX_OK;
}

static tx_status visit_named(survey *s, const char *name)
{
    s->wanted = name;
    s->found = false;
    s->there[0] = '\0';
    TX_TRY(visit(s));
    s->wanted = NULL;
    return s->found ? TX_OK : tx_survey_unknown(s->source, name, s->there, s->error);
}

static tx_status add_fields(survey *s)
{
    const char *const *names;
    const int count = tx_get_strings(s->source->section, "fields", &names);
    for (int k = 0; k < count; k++) {
        TX_TRY(visit_named(s, names[k]));
    }
    TX_TRY(count ? TX_OK : visit(s));
    s->constants = true;
    TX_TRY(visit(s));
    return s->layout->fields.count
               ? TX_OK
               : tx_error_set(s->error, TX_BAD_DATA, "'%s' has no field that varies in time", tx_file_path(s->file));
}

/* Constant scalars that vary with the sample. */
static tx_status add_scalars(survey *s)
{
    char **names;
    int count;
    if (!tx_file_has(s->file, scalars) || !tx_file_has_attribute(s->file, scalars, "field_names")) {
        return TX_OK;
    }
    TX_TRY(tx_file_get_texts(s->file, scalars, "field_names", s->error, &count, &names));
    tx_status status = TX_OK;
    for (int k = 0; k < count && status == TX_OK; k++) {
        well_field field;
        status = read_field(s->file, scalars, names[k], s->dims, 0, s->error, &field);
        if (status == TX_OK && field.constant && field.sample_varying) {
            status = add(s, &field, &s->layout->parameters, 0, 1);
        }
    }
    tx_free(names);
    return status;
}

/* ---- Names of channels ---- */

static int order_of(const tx_layout_field *field)
{
    return field->dataset[2] == '0' || field->dataset[1] != 't' ? 0 : field->dataset[2] - '0';
}

static const char *name_of(const tx_layout_field *field)
{
    return strrchr(field->dataset, '/') + 1;
}

/* One allocation: pointers, then texts. */
static tx_status name_all(survey *s, const tx_layout_fields *fields, char ***out)
{
    char **names, *to, text[TX_LAYOUT_PATH];
    size_t bytes = 0;
    int64_t count = 0;
    for (size_t k = 0; k < fields->count; k++) {
        for (int64_t c = 0; c < fields->item[k].count; c++, count++) {
            const tx_layout_field *field = &fields->item[k];
            bytes += strlen(component_name(s, name_of(field), order_of(field), (int)(field->first + c), text)) + 1;
        }
    }
    TX_TRY(tx_allocate((size_t)count * sizeof *names + bytes, s->error, &names));
    to = (char *)(names + count);
    count = 0;
    for (size_t k = 0; k < fields->count; k++) {
        for (int64_t c = 0; c < fields->item[k].count; c++, count++) {
            const tx_layout_field *field = &fields->item[k];
            names[count] = to;
            to = stpcpy(to, component_name(s, name_of(field), order_of(field), (int)(field->first + c), text)) + 1;
        }
    }
    *out = names;
    return TX_OK;
}

/* ---- The source ---- */

static tx_status read_dimensions(survey *s)
{
    int64_t dims = 0;
    int count = 0;
    TX_TRY(tx_file_get_integers(s->file, "/", "n_spatial_dims", 1, s->error, &dims, &count));
    if (count != 1 || dims < 1 || dims > TX_MAX_AXES) {
        return tx_error_set(s->error, TX_BAD_DATA, "the attribute n_spatial_dims of '%s' must be 1, 2 or 3", tx_file_path(s->file));
    }
    s->dims = (int)dims;
    return tx_file_has_attribute(s->file, "/dimensions", "spatial_dims")
               ? tx_file_get_texts(s->file, "/dimensions", "spatial_dims", s->error, &s->num_names, &s->names)
               : TX_OK;
}

static tx_status look(survey *s)
{
    tx_layout *layout = s->layout;
    TX_TRY(tx_layout_open(layout, &layout->volumes[0], s->error, &s->file));
    TX_TRY(read_dimensions(s));
    TX_TRY(add_fields(s));
    TX_TRY(add_scalars(s));
    TX_TRY(name_all(s, &layout->fields, &layout->names[0]));
    TX_TRY(name_all(s, &layout->constants, &layout->names[1]));
    return name_all(s, &layout->parameters, &layout->names[2]);
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    survey s = {.source = source, .error = error};
    TX_TRY(tx_layout_create(source, false, error, &s.layout));
    s.layout->own_lengths = strcmp(tx_get_word(section, "lengths"), "own") == 0;
    for (size_t k = 0; k < s.layout->paths.count; k++) {
        TX_TRY(tx_layout_add_volume(s.layout, s.layout->paths.path[k], "", error));
    }
    const tx_status status = look(&s);
    tx_free(s.names);
    TX_TRY(status);
    TX_TRY(tx_layout_settle(s.layout, source, error));
    return tx_survey_dt(s.layout, "/dimensions/time", source, error);
}

static tx_status statistics(tx_data_source *source, bool rms, double *mean, double *std, tx_error *error)
{
    const tx_layout *layout = source->state;
    tx_stats_yaml *stats;
    TX_TRY(tx_stats_yaml_open(layout->paths.path[0], error, &stats));
    tx_status status = TX_OK;
    for (size_t k = 0; k < layout->fields.count && status == TX_OK; k++) {
        const tx_layout_field *field = &layout->fields.item[k];
        const tx_stats_range range = {.field = name_of(field),
                                      .components = power(source->whole.state.axes, order_of(field)),
                                      .first = field->first,
                                      .count = field->count};
        status = tx_stats_yaml_read(stats, rms ? "rms" : "std", &range, std + field->channel, error);
        if (status == TX_OK && !rms) {
            status = tx_stats_yaml_read(stats, "mean", &range, mean + field->channel, error);
        }
    }
    tx_stats_yaml_close(stats);
    return status;
}

static bool recognizes(const char *path)
{
    tx_file *file = tx_survey_first(path);
    bool is = false;
    for (int order = 0; file && order < ORDERS; order++) {
        is = is || (tx_file_has(file, groups[order]) && tx_file_has_attribute(file, groups[order], "field_names"));
    }
    tx_file_close(file);
    return is;
}

static const tx_data_class the_well_class = {
    .create = create, .statistics = statistics, .recognizes = recognizes, TX_LAYOUT_METHODS};

static const tx_option options[] = {
    TX_OPTION_PATHS("the folder of a split (…/data/train) or a file; *.h5 and *.hdf5 in the order of their names"),
    TX_OPTION_FIELDS(
        "channels in this order: a field, or a component (velocity_x, D_xy); null: all that vary in time. normalize takes "
        "the numbers of stats.yaml"),
    TX_OPTION_LENGTHS,
    {0},
};

const tx_component tx_data_the_well = {
    .kind = TX_KIND_DATA,
    .name = "the_well",
    .summary = "trajectories from files of The Well",
    .options = options,
    .implementation = &the_well_class,
};
