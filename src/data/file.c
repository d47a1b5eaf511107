/* Trajectories from a file of our own format: the dataset /trajectories (S, T+1, C, *N) of an HDF5 file. Slices choose among
 * trajectories, time levels and points; only the boxes that hold what was chosen are read. */
#include "trainax/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "data/options.h"
#include "data/slice.h"
#include "trainax/data.h"

static const char dataset[] = "/trajectories";

/* Where a slice skips levels or points, boxes of about this size are read and picked from. */
enum { STAGING_BYTES = 8 << 20, LEADING = 3, MAX_RANK = LEADING + TX_MAX_AXES };

typedef struct stored {
    tx_file *file;
    const char *path;
    int rank;
    int64_t size[MAX_RANK];
    tx_slice samples, levels, points[TX_MAX_AXES];
    bool direct;              /* levels and points are runs: no picking */
    int64_t box[TX_MAX_AXES]; /* points of a staged level per axis, 1 where there is no such axis */
    void *staging;
    int64_t staged_levels; /* how many levels it holds */
} stored;

static tx_status read_shape(stored *s, tx_error *error)
{
    tx_array_shape shape;
    TX_TRY(tx_file_shape(s->file, dataset, error, &shape));
    if (!shape.is_float && !shape.is_integer) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' is of type %s: numbers are needed", dataset, s->path, shape.type);
    }
    if (shape.rank < LEADING || shape.rank > MAX_RANK) {
        return tx_error_set(error, TX_BAD_DATA,
                            "'%s' in '%s' has %d ax%s; trajectories have 3 to 6: (samples, levels, channels, *points)", dataset,
                            s->path, shape.rank, shape.rank == 1 ? "is" : "es");
    }
    for (int a = 0; a < shape.rank; a++) {
        if (shape.size[a] < 1) {
            return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' is empty (axis %d has no elements)", dataset, s->path, a);
        }
        s->size[a] = shape.size[a];
    }
    s->rank = shape.rank;
    return TX_OK;
}

static tx_status parse_slice(const tx_section *section, const char *option, const char *of, int64_t size, tx_error *error,
                             tx_slice *out)
{
    const char *text = tx_get_string(section, option);
    if (!tx_slice_parse(text, size, out)) {
        return tx_section_error(section, option, error, TX_INVALID,
                                "'%s' is no Python slice (start:stop or start:stop:step, such as \"0:100\", \"::2\", \"-3:\")",
                                text);
    }
    if (!out->count) {
        return tx_section_error(section, option, error, TX_INVALID, "'%s' chooses none of the %" PRId64 " %s", text, size, of);
    }
    return TX_OK;
}

static tx_status parse_slices(stored *s, const tx_section *section, tx_error *error)
{
    TX_TRY(parse_slice(section, "samples", "trajectories", s->size[0], error, &s->samples));
    TX_TRY(parse_slice(section, "levels", "time levels", s->size[1], error, &s->levels));
    s->direct = tx_slice_is_run(&s->levels);
    for (int d = 0; d < TX_MAX_AXES; d++) {
        s->points[d] = (tx_slice){0, 1, 1};
        if (LEADING + d < s->rank) {
            TX_TRY(parse_slice(section, "points", "points", s->size[LEADING + d], error, &s->points[d]));
        }
        s->box[d] = tx_slice_extent(&s->points[d]);
        s->direct = s->direct && tx_slice_is_run(&s->points[d]);
    }
    return TX_OK;
}

/* Is all there that the slices choose, before there is memory for it? Trajectories may be missing between the chosen ones. */
static tx_status check_stored(const stored *s, tx_error *error)
{
    const bool run = tx_slice_is_run(&s->samples);
    int64_t first[TX_FILE_MAX_RANK] = {s->samples.start, tx_slice_low(&s->levels), 0};
    int64_t count[TX_FILE_MAX_RANK] = {run ? s->samples.count : 1, tx_slice_extent(&s->levels), s->size[2]};
    for (int d = 0; LEADING + d < s->rank; d++) {
        first[LEADING + d] = tx_slice_low(&s->points[d]);
        count[LEADING + d] = s->box[d];
    }
    for (int64_t k = 0; k < (run ? 1 : s->samples.count); k++) {
        first[0] = s->samples.start + k * s->samples.step;
        TX_TRY(tx_file_stored(s->file, dataset, first, count, error));
    }
    return TX_OK;
}

static tx_status make_staging(stored *s, tx_precision precision, tx_error *error)
{
    const int64_t bytes = s->size[2] * s->box[0] * s->box[1] * s->box[2] * (int64_t)tx_real_bytes(precision);
    const int64_t needed = tx_slice_extent(&s->levels), most = bytes < STAGING_BYTES ? STAGING_BYTES / bytes : 1;
    s->staged_levels = needed < most ? needed : most;
    return s->direct ? TX_OK : tx_allocate_array((size_t)s->staged_levels, (size_t)bytes, error, &s->staging);
}

/* What of the domain's length the chosen points stand for; unknown where that differs between the axes. */
static double chosen_part(const stored *s)
{
    double part = 0.0;
    for (int d = 0; LEADING + d < s->rank; d++) {
        const tx_slice *slice = &s->points[d];
        const double here = (double)(slice->count * (slice->step < 0 ? -slice->step : slice->step)) / (double)s->size[LEADING + d];
        if (d && here != part) {
            return 0.0;
        }
        part = here;
    }
    return part;
}

static tx_status get_finite(const stored *s, const char *name, tx_error *error, double *out)
{
    TX_TRY(tx_file_get_real(s->file, "/", name, error, out));
    return tx_all_finite(TX_FLOAT64, out, 1)
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "the attribute '%s' of '%s' is not finite", name, s->path);
}

static tx_status set_shape(const stored *s, const tx_section *section, tx_error *error, tx_data_shape *shape)
{
    shape->num_trajectories = s->samples.count;
    shape->num_levels = s->levels.count;
    shape->state = (tx_shape){.channels = s->size[2], .axes = s->rank - LEADING};
    for (int d = 0; d < shape->state.axes; d++) {
        shape->state.n[d] = s->points[d].count;
    }
    if (!tx_has(section, "dt") && tx_file_has_attribute(s->file, "/", "dt")) {
        TX_TRY(get_finite(s, "dt", error, &shape->dt));
    }
    shape->dt *= (double)s->levels.step;
    if (tx_file_has_attribute(s->file, "/", "domain_extent")) {
        TX_TRY(get_finite(s, "domain_extent", error, &shape->domain_extent));
        if (shape->domain_extent <= 0.0) {
            return tx_error_set(error, TX_BAD_DATA, "the attribute 'domain_extent' of '%s' is not positive", s->path);
        }
        shape->domain_extent *= chosen_part(s);
    }
    return TX_OK;
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    stored *s;
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    source->state = s;
    s->path = tx_get_string(section, "path");
    TX_TRY(tx_file_open(s->path, error, &s->file));
    TX_TRY(read_shape(s, error));
    TX_TRY(parse_slices(s, section, error));
    TX_TRY(check_stored(s, error));
    source->working = tx_file_working(s->file, dataset);
    TX_TRY(make_staging(s, source->setup.random.precision, error));
    return set_shape(s, section, error, &source->shape);
}

static void destroy(tx_data_source *source)
{
    stored *s = source->state;
    if (s) {
        tx_file_close(s->file);
        tx_free(s->staging);
    }
}

/* Reads the box that holds `levels` stored levels from `level` on of `trajectories` stored trajectories from `sample` on. */
static tx_status read_box(const stored *s, tx_precision precision, const int64_t first[2], const int64_t count[2],
                          const tx_follower *follower, void *out, tx_error *error)
{
    int64_t offset[MAX_RANK] = {first[0], first[1], 0}, extent[MAX_RANK] = {count[0], count[1], s->size[2]};
    for (int d = 0; LEADING + d < s->rank; d++) {
        offset[LEADING + d] = tx_slice_low(&s->points[d]);
        extent[LEADING + d] = s->box[d];
    }
    return tx_file_read_slab(s->file, dataset, &(tx_slab){s->rank, offset, extent}, precision, follower, out, error);
}

/* Where the k-th chosen element lies in the box around all chosen ones. */
static int64_t place_in_box(const tx_slice *slice, int64_t k)
{
    return slice->start + k * slice->step - tx_slice_low(slice);
}

/* Picks the chosen points of one staged level; `bytes` of a number. Returns the end of what was written. */
static char *pick_points(const stored *s, size_t bytes, const char *level, char *out)
{
    for (int64_t c = 0; c < s->size[2]; c++) {
        for (int64_t i = 0; i < s->points[0].count; i++) {
            for (int64_t j = 0; j < s->points[1].count; j++) {
                const int64_t row = (c * s->box[0] + place_in_box(&s->points[0], i)) * s->box[1] + place_in_box(&s->points[1], j);
                for (int64_t k = 0; k < s->points[2].count; k++) {
                    const int64_t place = row * s->box[2] + place_in_box(&s->points[2], k);
                    memcpy(out, level + (size_t)place * bytes, bytes);
                    out += bytes;
                }
            }
        }
    }
    return out;
}

/* Chosen levels first … first + count - 1 of one stored trajectory, through the staging buffer. */
static tx_status read_staged(const stored *s, tx_precision precision, int64_t sample, int64_t first, int64_t count, char *out,
                             tx_error *error)
{
    const int64_t stride = s->levels.step < 0 ? -s->levels.step : s->levels.step;
    const int64_t batch = (s->staged_levels - 1) / stride + 1;
    const size_t bytes = tx_real_bytes(precision);
    const size_t staged = (size_t)(s->size[2] * s->box[0] * s->box[1] * s->box[2]) * bytes;
    for (int64_t end = first + count; first < end; first += batch) {
        const int64_t here = end - first < batch ? end - first : batch;
        const tx_slice part = {s->levels.start + first * s->levels.step, s->levels.step, here};
        TX_TRY(read_box(s, precision, (int64_t[]){sample, tx_slice_low(&part)}, (int64_t[]){1, tx_slice_extent(&part)}, NULL,
                        s->staging, error));
        for (int64_t k = 0; k < here; k++) {
            out = pick_points(s, bytes, (const char *)s->staging + (size_t)place_in_box(&part, k) * staged, out);
        }
    }
    return TX_OK;
}

/* How many whole trajectories may be read at once. */
static int64_t whole_trajectories(const stored *s, int64_t num_levels)
{
    return s->direct && tx_slice_is_run(&s->samples) ? num_levels / s->levels.count : 0;
}

static tx_status read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    const stored *s = source->state;
    const tx_precision precision = source->setup.random.precision;
    const size_t bytes = (size_t)tx_data_level_size(&source->shape) * tx_real_bytes(precision);
    char *to = out;
    while (num_levels) {
        const int64_t first = first_level % s->levels.count, rest = s->levels.count - first;
        const int64_t sample = s->samples.start + first_level / s->levels.count * s->samples.step;
        const int64_t whole = first ? 0 : whole_trajectories(s, num_levels);
        const int64_t count = whole ? whole * s->levels.count : num_levels < rest ? num_levels : rest;
        if (s->direct) {
            TX_TRY(read_box(s, precision, (int64_t[]){sample, s->levels.start + first},
                            (int64_t[]){whole ? whole : 1, whole ? s->levels.count : count}, &source->follower, to, error));
        } else {
            TX_TRY(read_staged(s, precision, sample, first, count, to, error));
        }
        to += (size_t)count * bytes;
        first_level += count;
        num_levels -= count;
    }
    return TX_OK;
}

static void locate(const tx_data_source *source, int64_t trajectory, int64_t level, char *text, size_t bytes)
{
    const stored *s = source->state;
    snprintf(text, bytes, "'%s' in '%s': trajectory %" PRId64 ", level %" PRId64, dataset, s->path,
             s->samples.start + trajectory * s->samples.step, s->levels.start + level * s->levels.step);
}

/* ---- What belongs to the trajectories beside them ---- */

static const char parameters[] = "/parameters";

/* The rows of the chosen trajectories, in their order. */
static tx_status pick_rows(const stored *s, const tx_array_shape *shape, tx_file *file, tx_error *error)
{
    const tx_precision precision = shape->is_float && shape->bytes <= 4 ? TX_FLOAT32 : TX_FLOAT64;
    const int64_t width = shape->size[1], size[2] = {s->samples.count, width};
    const size_t bytes = (size_t)width * tx_real_bytes(precision);
    char *all, *chosen;
    TX_TRY(tx_file_stored(s->file, parameters, (const int64_t[TX_FILE_MAX_RANK]){0}, shape->size, error));
    TX_TRY(tx_allocate_array((size_t)(shape->size[0] + size[0]), bytes, error, &all));
    chosen = all + (size_t)shape->size[0] * bytes;
    tx_status status = tx_file_read_reals(s->file, parameters, 2, shape->size, precision, all, error);
    for (int64_t k = 0; k < size[0]; k++) {
        memcpy(chosen + (size_t)k * bytes, all + (size_t)(s->samples.start + k * s->samples.step) * bytes, bytes);
    }
    if (status == TX_OK && !tx_all_finite(precision, chosen, size[0] * width)) {
        status = tx_error_set(error, TX_BAD_DATA, "'%s' in '%s': a number is missing, or not finite", parameters, s->path);
    }
    if (status == TX_OK) {
        status = tx_file_write_reals(file, parameters, 2, size, precision, chosen, error);
    }
    tx_free(all);
    return status;
}

static tx_status describe(const tx_data_source *source, tx_file *file, tx_error *error)
{
    const stored *s = source->state;
    if (tx_file_has_attribute(s->file, "/", "channel_names")) {
        TX_TRY(tx_file_copy_attribute(s->file, file, "/", "channel_names", error));
    }
    if (!tx_file_has(s->file, parameters)) {
        return TX_OK;
    }
    tx_array_shape shape;
    TX_TRY(tx_file_shape(s->file, parameters, error, &shape));
    if (shape.rank != 2 || shape.size[0] != s->size[0]) {
        return tx_error_set(error, TX_BAD_DATA,
                            "'%s' in '%s' must have two axes and a row for each of the %" PRId64 " trajectories", parameters,
                            s->path, s->size[0]);
    }
    return pick_rows(s, &shape, file, error);
}

static const tx_data_class file_class = {
    .create = create, .read = read, .locate = locate, .describe = describe, .anywhere = true, .destroy = destroy};

static const tx_option options[] = {
    {.name = "path",
     .type = TX_TYPE_PATH,
     .initial = NULL,
     .unit = "",
     .text = "an HDF5 file with the dataset /trajectories (S, T+1, C, *N); where trainax wrote it, the checksums of what is read"
             " are checked"},
    TX_OPTION_SLICE("samples", "which trajectories"),
    TX_OPTION_SLICE("levels", "which time levels"),
    TX_OPTION_SLICE("points", "which points, along every spatial axis"),
    {0},
};

const tx_component tx_data_file = {
    .kind = TX_KIND_DATA,
    .name = "file",
    .summary = "trajectories from an HDF5 file (as `trainax generate` and `trainax rollout` write it)",
    .options = options,
    .implementation = &file_class,
};
