/* Layouts: put together, settled by a look at all files, taken apart. */
#include "data/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "file/npy.h"

/* In bytes. */
static const double MOST_TOGETHER = 0x1p31;

/* ---- Putting together ---- */

tx_status tx_layout_create(tx_data_source *source, bool array, tx_error *error, tx_layout **out)
{
    const char *const *paths;
    const int count = tx_get_strings(source->section, "path", &paths);
    tx_layout *layout;
    TX_TRY(tx_allocate(sizeof *layout, error, &layout));
    source->state = layout;
    layout->array = array;
    *out = layout;
    return tx_paths_find(count, paths, error, &layout->paths);
}

tx_status tx_layout_add_volume(tx_layout *layout, const char *file, const char *prefix, tx_error *error)
{
    TX_TRY(tx_reserve(layout->num_volumes + 1, sizeof *layout->volumes, &layout->volume_capacity, error, &layout->volumes));
    tx_layout_volume volume = {.file = file, .samples = -1, .levels = -1};
    TX_TRY(tx_duplicate(prefix, error, &volume.prefix));
    layout->volumes[layout->num_volumes++] = volume;
    layout->opened = NULL; /* volumes may have moved */
    return TX_OK;
}

tx_status tx_layout_add_field(tx_layout_fields *fields, const char *dataset, const char *axes, tx_error *error,
                              tx_layout_field **out)
{
    TX_TRY(tx_reserve(fields->count + 1, sizeof *fields->item, &fields->capacity, error, &fields->item));
    tx_layout_field field = {0};
    snprintf(field.axes, sizeof field.axes, "%s", axes);
    TX_TRY(tx_duplicate(dataset, error, &field.dataset));
    fields->item[fields->count++] = field;
    if (out) {
        *out = &fields->item[fields->count - 1];
    }
    return TX_OK;
}

tx_status tx_layout_open(tx_layout *layout, const tx_layout_volume *volume, tx_error *error, tx_file **out)
{
    if (!layout->file || !layout->opened || layout->opened->file != volume->file) {
        tx_file_close(layout->file);
        layout->file = NULL;
        bool fortran = false;
        TX_TRY(layout->array ? tx_npy_open(volume->file, error, &layout->file, &fortran)
                             : tx_file_open(volume->file, error, &layout->file));
        layout->fortran = fortran;
    }
    layout->opened = volume;
    *out = layout->file;
    return TX_OK;
}

const char *tx_layout_path(const tx_layout_volume *volume, const tx_layout_field *field, char path[TX_LAYOUT_PATH])
{
    snprintf(path, TX_LAYOUT_PATH, "%s%s%s", volume->prefix, *field->dataset == '/' ? "" : "/", field->dataset);
    return path;
}

static bool align(const char *axes, const tx_array_shape *shape, int axis, char *out)
{
    out[axis] = *axes;
    if (!*axes) {
        return axis == shape->rank;
    }
    const bool may_be = axis < shape->rank && (*axes != '.' || shape->size[axis] == 1);
    const bool may_lack = *axes == '.' || (*axes == 'c' && axes[1] == 'c');
    return (may_be && align(axes + 1, shape, axis + 1, out)) || (may_lack && align(axes + 1, shape, axis, out));
}

bool tx_layout_align(const char *axes, const tx_array_shape *shape, char *out)
{
    return align(axes, shape, 0, out);
}

bool tx_layout_align_field(const tx_layout *layout, const tx_layout_field *field, const tx_array_shape *shape, char *out)
{
    char axes[TX_FILE_MAX_RANK + 1] = "";
    const size_t count = strlen(field->axes);
    for (size_t k = 0; k < count; k++) {
        axes[k] = field->axes[layout->fortran ? count - 1 - k : k];
    }
    return tx_layout_align(axes, shape, out);
}

/* ---- Settling ---- */

/* A dataset under the eye. */
typedef struct look {
    tx_layout *layout;
    tx_layout_volume *volume;
    tx_layout_field *field;
    char path[TX_LAYOUT_PATH];
    tx_array_shape shape;
    char axes[TX_FILE_MAX_RANK + 1]; /* its own */
    tx_error *error;
} look;

/* A size that all have in common; -1 and 0: nobody has said it yet. */
static tx_status agree(const look *l, const char *what, int64_t found, int64_t *common)
{
    if (*common > 0 && *common != found) {
        return tx_error_set(l->error, TX_BAD_DATA, "'%s' in '%s' has %" PRId64 " %s, where others have %" PRId64, l->path,
                            l->volume->file, found, what, *common);
    }
    *common = found;
    return TX_OK;
}

static tx_status check_form(look *l)
{
    const tx_array_shape *shape = &l->shape;
    if (!shape->is_float && !shape->is_integer) {
        return tx_error_set(l->error, TX_BAD_DATA, "'%s' in '%s' is of type %s: numbers are needed", l->path, l->volume->file,
                            shape->type);
    }
    for (int a = 0; a < shape->rank; a++) {
        if (shape->size[a] < 1) {
            return tx_error_set(l->error, TX_BAD_DATA, "'%s' in '%s' is empty (axis %d has no elements)", l->path, l->volume->file,
                                a);
        }
    }
    return tx_layout_align_field(l->layout, l->field, shape, l->axes)
               ? TX_OK
               : tx_error_set(l->error, TX_BAD_DATA, "'%s' in '%s' has %d ax%s, not those of (%s)", l->path, l->volume->file,
                              shape->rank, shape->rank == 1 ? "is" : "es", l->field->axes);
}

/* All axes of a letter together; 0: there is none. */
static int64_t size_along(const look *l, char letter)
{
    int64_t size = strchr(l->axes, letter) ? 1 : 0;
    for (int a = 0; l->axes[a]; a++) {
        size *= l->axes[a] == letter ? l->shape.size[a] : 1;
    }
    return size;
}

static tx_status agree_components(const look *l)
{
    const int64_t found = strchr(l->axes, 'c') ? size_along(l, 'c') : 1;
    l->field->count = l->field->count ? l->field->count : found;
    return agree(l, "components", found, &l->field->components);
}

static tx_status agree_points(const look *l)
{
    static const char *const names[TX_MAX_AXES] = {"points along x", "points along y", "points along z"};
    for (int d = 0; d < TX_MAX_AXES; d++) {
        const int64_t found = size_along(l, (char)('x' + d));
        TX_TRY(found ? agree(l, names[d], found, &l->layout->points[d]) : TX_OK);
        l->layout->axes = found && d >= l->layout->axes ? d + 1 : l->layout->axes;
    }
    return TX_OK;
}

static void look_at_chunks(const look *l, const tx_file *file)
{
    int64_t chunk[TX_FILE_MAX_RANK], together = 1;
    const size_t working = tx_file_working(file, l->path, chunk);
    for (int a = 0; l->axes[a]; a++) {
        together *= l->axes[a] != 's' ? 1 : chunk[a] < l->shape.size[a] ? chunk[a] : l->shape.size[a];
    }
    l->layout->working = working > l->layout->working ? working : l->layout->working;
    l->layout->together = together > l->layout->together ? together : l->layout->together;
}

static tx_status look_at(look *l, bool first_volume)
{
    tx_file *file;
    TX_TRY(tx_layout_open(l->layout, l->volume, l->error, &file));
    tx_layout_path(l->volume, l->field, l->path);
    TX_TRY(tx_file_shape(file, l->path, l->error, &l->shape));
    TX_TRY(check_form(l));
    const int64_t samples = size_along(l, 's'), levels = size_along(l, 't');
    TX_TRY(samples ? agree(l, "trajectories", samples, &l->volume->samples) : TX_OK);
    TX_TRY(levels ? agree(l, "time levels", levels + l->field->later, &l->volume->levels) : TX_OK);
    TX_TRY(agree_points(l));
    look_at_chunks(l, file);
    l->layout->type = first_volume && l->field == l->layout->fields.item ? l->shape.type : l->layout->type;
    return agree_components(l);
}

/* What stands beside is read as a whole: is it all there, before anybody makes room for it? */
static tx_status look_beside(const look *l)
{
    tx_file *file;
    TX_TRY(tx_layout_open(l->layout, l->volume, l->error, &file));
    TX_TRY(tx_file_stored(file, l->path, (int64_t[TX_FILE_MAX_RANK]){0}, l->shape.size, l->error));
    return l->field->components < INT32_MAX
               ? TX_OK
               : tx_error_set(l->error, TX_BAD_DATA, "'%s' in '%s' has %" PRId64 " components: too many", l->path, l->volume->file,
                              l->field->components);
}

static tx_status look_at_volume(tx_layout *layout, tx_layout_volume *volume, tx_error *error)
{
    tx_layout_fields *const all[] = {&layout->fields, &layout->constants, &layout->parameters};
    for (int g = 0; g < 3; g++) {
        for (size_t k = 0; k < all[g]->count; k++) {
            look l = {.layout = layout, .volume = volume, .field = &all[g]->item[k], .error = error};
            TX_TRY(look_at(&l, volume == layout->volumes));
            TX_TRY(g ? look_beside(&l) : TX_OK);
        }
    }
    volume->samples = volume->samples < 0 ? 1 : volume->samples;
    volume->levels = volume->levels < 0 ? 1 : volume->levels;
    return TX_OK;
}

static void place_channels(tx_layout_fields *fields)
{
    fields->channels = 0;
    for (size_t k = 0; k < fields->count; k++) {
        tx_layout_field *field = &fields->item[k];
        field->channel = field->later ? fields->item[k - 1].channel : fields->channels;
        fields->channels = field->channel + field->count;
    }
}

static bool sample_varies(const tx_layout_fields *fields)
{
    bool varies = false;
    for (size_t k = 0; k < fields->count; k++) {
        varies = varies || strchr(fields->item[k].axes, 's');
    }
    return varies;
}

/* Lengths of volumes that differ, unless the files say them themselves. */
static tx_status keep_lengths(tx_layout *layout, int64_t total, int64_t shortest, int64_t longest, tx_error *error)
{
    if (!layout->own_lengths || shortest == longest || layout->lengths) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)total, sizeof(int64_t), error, &layout->lengths));
    for (size_t k = 0; k < layout->num_volumes; k++) {
        for (int64_t s = 0; s < layout->volumes[k].samples; s++) {
            layout->lengths[layout->volumes[k].first + s] = layout->volumes[k].levels;
        }
    }
    return TX_OK;
}

/* Unless there are so many numbers in the same chunks that nobody could stop in between. */
static int best_together(const tx_layout *layout, const tx_data_shape *shape)
{
    const double bytes = (double)layout->together * (double)shape->num_levels * (double)tx_data_level_size(shape) * sizeof(double);
    return layout->together > 1 && bytes <= MOST_TOGETHER ? (int)layout->together : 0;
}

static void set_source(const tx_layout *layout, tx_data_source *source)
{
    const tx_layout_volume *last = &layout->volumes[layout->num_volumes - 1];
    source->whole.num_trajectories = last->first + last->samples;
    source->whole.lengths = layout->lengths;
    source->whole.state = (tx_shape){.channels = layout->fields.channels, .axes = layout->axes};
    memcpy(source->whole.state.n, layout->points, (size_t)layout->axes * sizeof *layout->points);
    source->stored_type = layout->type;
    source->working = layout->working;
    source->together = best_together(layout, &source->whole);
    source->channel_names = (const char *const *)layout->names[0];
    source->constants = (tx_named){(int)layout->constants.channels, (const char *const *)layout->names[1]};
    source->parameters = (tx_named){(int)layout->parameters.channels, (const char *const *)layout->names[2]};
    source->shared_constants = layout->num_volumes == 1 && !sample_varies(&layout->constants);
}

tx_status tx_layout_settle(tx_layout *layout, tx_data_source *source, tx_error *error)
{
    int64_t total = 0, shortest = INT64_MAX, longest = 0;
    for (size_t k = 0; k < layout->num_volumes; k++) {
        tx_layout_volume *volume = &layout->volumes[k];
        TX_TRY(look_at_volume(layout, volume, error));
        volume->first = total;
        total += volume->samples;
        shortest = volume->levels < shortest ? volume->levels : shortest;
        longest = volume->levels > longest ? volume->levels : longest;
    }
    for (int d = 0; d < layout->axes; d++) {
        layout->points[d] = layout->points[d] ? layout->points[d] : 1;
    }
    place_channels(&layout->fields);
    place_channels(&layout->constants);
    place_channels(&layout->parameters);
    TX_TRY(keep_lengths(layout, total, shortest, longest, error));
    source->whole.num_levels = layout->own_lengths ? longest : shortest;
    set_source(layout, source);
    return TX_OK;
}

void tx_layout_keep(tx_layout *layout, tx_data_source *source, int64_t first, int64_t count)
{
    size_t kept = 0;
    int64_t total = 0;
    for (size_t k = 0; k < layout->num_volumes; k++) {
        tx_layout_volume volume = layout->volumes[k];
        const int64_t from = first > volume.first ? first : volume.first, end = volume.first + volume.samples,
                      stop = first + count < end ? first + count : end;
        if (from >= stop) {
            tx_free(volume.prefix);
            continue;
        }
        volume.from += from - volume.first;
        volume.samples = stop - from;
        volume.first = total;
        total += volume.samples;
        layout->volumes[kept++] = volume;
    }
    layout->num_volumes = kept;
    layout->opened = NULL;
    set_source(layout, source);
}

/* ---- The end ---- */

static void free_fields(tx_layout_fields *fields)
{
    for (size_t k = 0; k < fields->count; k++) {
        tx_free(fields->item[k].dataset);
    }
    tx_free(fields->item);
}

void tx_layout_destroy(tx_data_source *source)
{
    tx_layout *layout = source->state;
    if (!layout) {
        return;
    }
    tx_file_close(layout->file);
    for (size_t k = 0; k < layout->num_volumes; k++) {
        tx_free(layout->volumes[k].prefix);
    }
    free_fields(&layout->fields);
    free_fields(&layout->constants);
    free_fields(&layout->parameters);
    for (int k = 0; k < 3; k++) {
        tx_free(layout->names[k]);
    }
    tx_paths_free(&layout->paths);
    tx_free(layout->volumes);
    tx_free(layout->lengths);
    tx_free(layout->staging);
}
