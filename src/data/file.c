/* Trajectories from HDF5 files of our own form, (S, T+1, C, *N) in /trajectories, or of another whose axes are named. */
#include "trainax/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "data/options.h"
#include "data/survey.h"

static const char constants[] = "/constant_fields", parameters[] = "/parameters", lengths[] = "/lengths";

/* ---- Which axes ---- */

static tx_status default_axes(const char *path, const char *dataset, const tx_array_shape *shape, tx_error *error, char *out)
{
    if (shape->rank < 3 || shape->rank > 3 + TX_MAX_AXES) {
        return tx_error_set(error, TX_BAD_DATA,
                            "'%s' in '%s' has %d ax%s; trajectories have 3 to 6: (samples, levels, channels, *points)", dataset,
                            path, shape->rank, shape->rank == 1 ? "is" : "es");
    }
    tx_survey_axes(shape->rank, out);
    return TX_OK;
}

/* Each once, but for neighbouring c; of x y z those before are there, too. */
static bool are_axes(const char *axes)
{
    for (const char *letter = axes; *letter; letter++) {
        const char *again = strchr(letter + 1, *letter);
        if (*letter != '.' && again && (*letter != 'c' || again != letter + 1)) {
            return false;
        }
        if (*letter > 'x' && !strchr(axes, *letter - 1)) {
            return false;
        }
    }
    return *axes;
}

/* "s t x y c" without its blanks. */
static tx_status given_axes(const tx_section *section, const tx_array_shape *shape, tx_error *error, char *out)
{
    const char *text = tx_get_string(section, "axes");
    int count = 0;
    for (const char *letter = text; *letter; letter++) {
        if (*letter == ' ' || *letter == ',') {
            continue;
        }
        if (!strchr("stcxyz.", *letter) || count == TX_FILE_MAX_RANK) {
            count = 0;
            break;
        }
        out[count++] = *letter;
    }
    out[count] = '\0';
    if (!are_axes(out)) {
        return tx_section_error(section, "axes", error, TX_INVALID,
                                "'%s': a letter for each axis is needed: s samples, t levels, c channels, x y z points, . one of "
                                "size 1 that counts nothing, such as \"s t x y c\"",
                                text);
    }
    if (count != shape->rank) {
        return tx_section_error(section, "axes", error, TX_INVALID, "'%s' names %d ax%s, but the dataset has %d", text, count,
                                count == 1 ? "is" : "es", shape->rank);
    }
    char aligned[TX_FILE_MAX_RANK + 1];
    return tx_layout_align(out, shape, aligned)
               ? TX_OK
               : tx_section_error(section, "axes", error, TX_INVALID,
                                  "'%s': an axis of the dataset that . stands for has more than one element", text);
}

static tx_status add_trajectories(tx_layout *layout, tx_data_source *source, const tx_file *file, tx_error *error)
{
    const char *dataset = tx_get_string(source->section, "dataset"), *path = tx_file_path(file);
    char axes[TX_FILE_MAX_RANK + 1], name[TX_LAYOUT_PATH];
    tx_array_shape shape;
    snprintf(name, sizeof name, "%s%s", *dataset == '/' ? "" : "/", dataset);
    TX_TRY(tx_file_shape(file, name, error, &shape));
    TX_TRY(tx_has(source->section, "axes") ? given_axes(source->section, &shape, error, axes)
                                           : default_axes(path, name, &shape, error, axes));
    return tx_layout_add_field(&layout->fields, name, axes, error, NULL);
}

/* ---- What stands beside ---- */

/* (S, F, *N), or (1, F, *N) for all. */
static tx_status add_beside(tx_layout *layout, const tx_file *file, int64_t samples, tx_error *error)
{
    tx_array_shape shape;
    char axes[TX_FILE_MAX_RANK + 1];
    if (tx_survey_has(file, parameters)) {
        TX_TRY(tx_layout_add_field(&layout->parameters, parameters, "sc", error, NULL));
    }
    if (tx_survey_has(file, constants)) {
        TX_TRY(tx_file_shape(file, constants, error, &shape));
        snprintf(axes, sizeof axes, "%cc%.*s", shape.rank && shape.size[0] == 1 && samples != 1 ? '.' : 's',
                 shape.rank > 2 ? shape.rank - 2 : 0, "xyz");
        TX_TRY(tx_layout_add_field(&layout->constants, constants, axes, error, NULL));
    }
    return TX_OK;
}

static int64_t samples_of(const tx_layout *layout, const tx_file *file)
{
    const tx_layout_field *field = layout->fields.item;
    const char *s = strchr(field->axes, 's');
    tx_array_shape shape;
    return s && tx_file_shape(file, field->dataset, NULL, &shape) == TX_OK ? shape.size[s - field->axes] : 1;
}

static tx_status read_volume_lengths(tx_layout *layout, const tx_layout_volume *volume, tx_error *error)
{
    tx_file *file;
    int64_t *out = layout->lengths + volume->first;
    TX_TRY(tx_layout_open(layout, volume, error, &file));
    if (!tx_file_has(file, lengths)) {
        return TX_OK;
    }
    TX_TRY(tx_file_read_integers(file, lengths, 1, &volume->samples, out, error));
    for (int64_t k = 0; k < volume->samples; k++) {
        if (out[k] < 1 || out[k] > volume->levels) {
            return tx_error_set(error, TX_BAD_DATA,
                                "'%s' in '%s': trajectory %" PRId64 " (counted from 0) has the length %" PRId64
                                ", but 1 to %" PRId64 " levels are stored",
                                lengths, volume->file, k, out[k], volume->levels);
        }
    }
    return TX_OK;
}

static tx_status read_lengths(tx_layout *layout, tx_data_source *source, tx_error *error)
{
    const tx_layout_volume *last = &layout->volumes[layout->num_volumes - 1];
    if (!layout->lengths) {
        TX_TRY(tx_allocate_array((size_t)(last->first + last->samples), sizeof(int64_t), error, &layout->lengths));
    }
    bool differ = false;
    for (size_t k = 0; k < layout->num_volumes; k++) {
        const tx_layout_volume *volume = &layout->volumes[k];
        for (int64_t s = 0; s < volume->samples; s++) {
            layout->lengths[volume->first + s] = volume->levels;
        }
        TX_TRY(read_volume_lengths(layout, volume, error));
        for (int64_t s = 0; s < volume->samples; s++) {
            differ = differ || layout->lengths[volume->first + s] != source->whole.num_levels;
        }
    }
    source->whole.lengths = differ ? layout->lengths : NULL;
    return TX_OK;
}

/* A list of as many names as there are things to be named; anything else says nothing. */
static tx_status read_names(const tx_file *file, const char *attribute, int64_t count, tx_error *error, char ***out)
{
    int found = 0;
    char **names = NULL;
    if (tx_file_has_attribute(file, "/", attribute)) {
        tx_error local = {0};
        const tx_status status = tx_file_get_texts(file, "/", attribute, &local, &found, &names);
        if (status != TX_OK && status != TX_BAD_DATA) {
            return tx_error_set(error, status, "%s", local.message);
        }
    }
    if (found != count) {
        tx_free(names);
        names = NULL;
    }
    *out = names;
    return TX_OK;
}

static tx_status name_all(tx_layout *layout, tx_data_source *source, const tx_file *file, tx_error *error)
{
    TX_TRY(read_names(file, "channel_names", layout->fields.channels, error, &layout->names[0]));
    TX_TRY(read_names(file, "constant_field_names", layout->constants.channels, error, &layout->names[1]));
    TX_TRY(read_names(file, "parameter_names", layout->parameters.channels, error, &layout->names[2]));
    source->channel_names = (const char *const *)layout->names[0];
    source->constants.names = (const char *const *)layout->names[1];
    source->parameters.names = (const char *const *)layout->names[2];
    return TX_OK;
}

/* ---- Spacing and extent: those of the first file, unless another says something else ---- */

static tx_status get_finite(const tx_file *file, const char *name, tx_error *error, double *out)
{
    *out = 0;
    if (!tx_file_has_attribute(file, "/", name)) {
        return TX_OK;
    }
    TX_TRY(tx_file_get_real(file, "/", name, error, out));
    return tx_all_finite(TX_FLOAT64, out, 1)
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "the attribute '%s' of '%s' is not finite", name, tx_file_path(file));
}

static tx_status get_common(tx_layout *layout, const char *name, tx_error *error, double *out)
{
    double common = 0;
    for (size_t k = 0; k < layout->num_volumes; k++) {
        double here;
        tx_file *file;
        TX_TRY(tx_layout_open(layout, &layout->volumes[k], error, &file));
        TX_TRY(get_finite(file, name, error, &here));
        common = k && here != common ? 0 : here;
    }
    *out = common;
    return TX_OK;
}

static tx_status set_extent(tx_layout *layout, tx_data_source *source, tx_error *error)
{
    tx_data_shape *shape = &source->whole;
    TX_TRY(tx_has(source->section, "dt") ? TX_OK : get_common(layout, "dt", error, &shape->dt));
    TX_TRY(get_common(layout, "domain_extent", error, &shape->domain_extent));
    return shape->domain_extent >= 0
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "the attribute 'domain_extent' of '%s' is not positive", layout->volumes[0].file);
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    tx_layout *layout;
    tx_file *file;
    (void)section;
    TX_TRY(tx_layout_create(source, false, error, &layout));
    layout->own_lengths = true;
    for (size_t k = 0; k < layout->paths.count; k++) {
        TX_TRY(tx_layout_add_volume(layout, layout->paths.path[k], "", error));
    }
    TX_TRY(tx_layout_open(layout, &layout->volumes[0], error, &file));
    TX_TRY(add_trajectories(layout, source, file, error));
    TX_TRY(add_beside(layout, file, samples_of(layout, file), error));
    TX_TRY(tx_layout_settle(layout, source, error));
    TX_TRY(tx_layout_open(layout, &layout->volumes[0], error, &file));
    TX_TRY(name_all(layout, source, file, error));
    TX_TRY(read_lengths(layout, source, error));
    return set_extent(layout, source, error);
}

static bool recognizes(const char *path)
{
    tx_file *file = tx_survey_first(path);
    const bool is = file && tx_file_has(file, "/trajectories");
    tx_file_close(file);
    return is;
}

static const tx_data_class file_class = {.create = create, .recognizes = recognizes, TX_LAYOUT_METHODS};

static const tx_option options[] = {
    TX_OPTION_PATHS("HDF5 files: one, a list, or a pattern such as runs/*.h5; of files that trainax wrote the checksums of what is "
                    "read are checked"),
    {.name = "dataset", .type = TX_TYPE_STRING, .initial = "/trajectories", .unit = "", .text = "which dataset of a file"},
    {.name = "axes",
     .type = TX_TYPE_STRING,
     .initial = "null",
     .unit = "",
     .text =
         "a letter for each of its axes: s samples, t levels, c channels, x y z points, . nothing, such as \"s t x y c\" (null: "
         "s t c x y z); without c there is one channel, without s one trajectory a file"},
    {0},
};

const tx_component tx_data_file = {
    .kind = TX_KIND_DATA,
    .name = "file",
    .summary = "trajectories from HDF5 files (as `trainax generate` and `trainax rollout` write them, or of another layout)",
    .options = options,
    .implementation = &file_class,
};
