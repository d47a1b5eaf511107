/* Boxes of trajectories out of the files of a layout. Where a dataset has the order that is asked for, right to its place; else
 * through a box of levels, from which axes are put in their order. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/layout.h"

enum { STAGING_BYTES = 8 << 20, SLOTS = 2 + TX_MAX_AXES }; /* slots: levels, components, points, the last axis last */

static const tx_layout_volume *volume_of(const tx_layout *layout, int64_t trajectory)
{
    size_t low = 0, high = layout->num_volumes;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        *(layout->volumes[middle].first <= trajectory ? &low : &high) = middle;
    }
    return &layout->volumes[low];
}

/* A field of one volume. */
typedef struct piece {
    tx_layout *layout;
    const tx_layout_volume *volume;
    const tx_layout_field *field;
    tx_file *file;
    char path[TX_LAYOUT_PATH];
    tx_array_shape shape;
    char axes[TX_FILE_MAX_RANK + 1]; /* its own */
    tx_precision precision;
    tx_error *error;
} piece;

static tx_status open_piece(piece *p, tx_layout *layout, const tx_layout_volume *volume, const tx_layout_field *field,
                            tx_error *error)
{
    *p = (piece){.layout = layout, .volume = volume, .field = field, .error = error};
    tx_layout_path(volume, field, p->path);
    TX_TRY(tx_layout_open(layout, volume, error, &p->file));
    TX_TRY(tx_file_shape(p->file, p->path, error, &p->shape));
    return tx_layout_align_field(layout, field, &p->shape, p->axes)
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' has changed while it was read", p->path, volume->file);
}

/* What of the dataset a box is, for each of its axes. */
typedef struct slab {
    int64_t offset[TX_FILE_MAX_RANK], count[TX_FILE_MAX_RANK];
} slab;

static int64_t inner_size(const piece *p, int axis)
{
    int64_t size = 1;
    for (int a = axis + 1; p->axes[a]; a++) {
        size *= p->axes[a] == p->axes[axis] ? p->shape.size[a] : 1;
    }
    return size;
}

/* Where several axes count together, a range is all of the others, or one element. */
static void set_range(const piece *p, slab *s, int axis, int64_t first, int64_t count)
{
    const int64_t inner = inner_size(p, axis), size = p->shape.size[axis];
    s->offset[axis] = first / inner % size;
    s->count[axis] = (count + inner - 1) / inner < size ? (count + inner - 1) / inner : size;
}

static slab slab_of(const piece *p, const tx_data_box *box)
{
    slab s = {{0}, {0}};
    for (int a = 0; p->axes[a]; a++) {
        const char letter = p->axes[a];
        s.count[a] = 1;
        if (letter == 's') {
            set_range(p, &s, a, box->trajectory - p->volume->first + p->volume->from, box->trajectories);
        } else if (letter == 't') {
            set_range(p, &s, a, box->level - p->field->later, box->levels);
        } else if (letter == 'c') {
            set_range(p, &s, a, p->field->first, p->field->count);
        } else if (letter != '.') {
            set_range(p, &s, a, box->first[letter - 'x'], box->count[letter - 'x']);
        }
    }
    return s;
}

/* ---- Is it stored? ---- */

static bool has_levels(const tx_layout_field *field, const tx_data_box *box)
{
    return field->single ? box->level == 0 : !field->later || box->level + box->levels > 1;
}

/* What of the levels asked for the field has. */
static tx_data_box levels_of(const tx_layout_field *field, const tx_data_box *box)
{
    tx_data_box own = *box;
    if (field->single) {
        own.levels = 1;
    } else if (field->later && own.level == 0) {
        own.level = 1;
        own.levels--;
    }
    return own;
}

/* The trajectories of the box that lie in one volume, from its first on. */
static tx_data_box first_volume(const tx_layout *layout, const tx_data_box *box)
{
    const tx_layout_volume *volume = volume_of(layout, box->trajectory);
    const int64_t left = volume->first + volume->samples - box->trajectory;
    tx_data_box here = *box;
    here.trajectories = box->trajectories < left ? box->trajectories : left;
    return here;
}

static tx_data_box others(const tx_data_box *box, const tx_data_box *first)
{
    tx_data_box rest = *box;
    rest.trajectory += first->trajectories;
    rest.trajectories -= first->trajectories;
    return rest;
}

static tx_status check_field(tx_layout *layout, const tx_layout_field *field, const tx_data_box *box, tx_error *error)
{
    tx_data_box own = levels_of(field, box);
    piece p;
    TX_TRY(open_piece(&p, layout, volume_of(layout, box->trajectory), field, error));
    const char *s = strchr(p.axes, 's');
    own.trajectories = s && strchr(s + 1, 's') ? 1 : box->trajectories;
    for (; own.trajectory < box->trajectory + box->trajectories; own.trajectory += own.trajectories) {
        const slab s = slab_of(&p, &own);
        TX_TRY(tx_file_stored(p.file, p.path, s.offset, s.count, error));
    }
    return TX_OK;
}

tx_status tx_layout_check(tx_data_source *source, const tx_data_box *box, tx_error *error)
{
    tx_layout *layout = source->state;
    for (tx_data_box rest = *box, here; rest.trajectories > 0; rest = others(&rest, &here)) {
        here = first_volume(layout, &rest);
        for (size_t k = 0; k < layout->fields.count; k++) {
            const tx_layout_field *field = &layout->fields.item[k];
            TX_TRY(has_levels(field, &here) ? check_field(layout, field, &here, error) : TX_OK);
        }
    }
    return TX_OK;
}

/* ---- Putting axes in order ---- */

typedef struct order {
    int64_t count[SLOTS], from[SLOTS], to[SLOTS]; /* steps, in elements */
} order;

static int slot_of(const piece *p, char letter)
{
    return letter == 't' ? 0 : letter == 'c' ? 1 : letter >= 'x' ? SLOTS - p->layout->axes + (letter - 'x') : -1;
}

/* `to`: for all channels of so many; from: the slab's own C order. A letter's last axis says its step. */
static order order_of(const piece *p, const slab *s, const tx_data_box *box, int64_t channels)
{
    order o = {.count = {box->levels, p->field->count, 1, 1, 1}};
    int64_t step = 1, points = 1;
    for (int a = p->shape.rank - 1; a >= 0; a--) {
        const int slot = slot_of(p, p->axes[a]);
        if (slot >= 0 && !o.from[slot]) {
            o.from[slot] = s->count[a] > 1 || p->axes[a] == 'c' ? step : 0;
        }
        step *= s->count[a];
    }
    for (int d = p->layout->axes - 1; d >= 0; d--) {
        const int slot = SLOTS - p->layout->axes + d;
        o.count[slot] = box->count[d];
        o.to[slot] = points;
        points *= box->count[d];
    }
    o.to[1] = points;
    o.to[0] = points * channels;
    return o;
}

/* Runs along the last axis that has several elements. */
#define DEFINE_PUT(name, type)                                                                                                     \
    static void name(const order *o, const type *from, type *to)                                                                   \
    {                                                                                                                              \
        const int64_t n = o->count[4], f = o->from[4], t = o->to[4];                                                               \
        for (int64_t a = 0; a < o->count[0]; a++) {                                                                                \
            for (int64_t b = 0; b < o->count[1]; b++) {                                                                            \
                for (int64_t c = 0; c < o->count[2]; c++) {                                                                        \
                    for (int64_t d = 0; d < o->count[3]; d++) {                                                                    \
                        const type *row = from + a * o->from[0] + b * o->from[1] + c * o->from[2] + d * o->from[3];                \
                        type *out = to + a * o->to[0] + b * o->to[1] + c * o->to[2] + d * o->to[3];                                \
                        for (int64_t k = 0; k < n; k++) {                                                                          \
                            out[k * t] = row[k * f];                                                                               \
                        }                                                                                                          \
                    }                                                                                                              \
                }                                                                                                                  \
            }                                                                                                                      \
        }                                                                                                                          \
    }
DEFINE_PUT(put32, float)
DEFINE_PUT(put64, double)

static int64_t elements(const piece *p, const slab *s)
{
    int64_t count = 1;
    for (int a = 0; a < p->shape.rank; a++) {
        count *= s->count[a];
    }
    return count;
}

/* Beside the result. */
static tx_status stage(const piece *p, const slab *s, char **out)
{
    const size_t bytes = (size_t)elements(p, s) * tx_real_bytes(p->precision);
    TX_TRY(tx_reserve(bytes, 1, &p->layout->staging_bytes, p->error, &p->layout->staging));
    *out = p->layout->staging;
    return tx_file_read_slab(p->file, p->path, &(tx_slab){p->shape.rank, s->offset, s->count}, p->precision, NULL, *out, p->error);
}

/* The field's channels of the levels of one trajectory; `out` begins where the box does. */
static tx_status read_levels(const piece *p, const tx_data_box *box, int64_t channels, char *out)
{
    char *staged;
    const slab s = slab_of(p, box);
    const order o = order_of(p, &s, box, channels);
    TX_TRY(stage(p, &s, &staged));
    out += (size_t)(p->field->channel * o.to[1]) * tx_real_bytes(p->precision);
    if (p->precision == TX_FLOAT32) {
        put32(&o, (const float *)(void *)staged, (float *)(void *)out);
    } else {
        put64(&o, (const double *)(void *)staged, (double *)(void *)out);
    }
    return TX_OK;
}

static int64_t box_points(const tx_layout *layout, const tx_data_box *box)
{
    int64_t points = 1;
    for (int d = 0; d < layout->axes; d++) {
        points *= box->count[d];
    }
    return points;
}

/* As many levels at a time as are staged. */
static tx_status read_field(const piece *p, const tx_data_box *box, int64_t channels, char *out)
{
    const tx_data_box own = levels_of(p->field, box);
    const int64_t points = box_points(p->layout, box), bytes = points * (int64_t)tx_real_bytes(p->precision);
    const int64_t most = STAGING_BYTES / (bytes * p->field->count);
    const bool constant = !strchr(p->axes, 't'); /* read once */
    tx_data_box now = own;
    now.levels = constant ? own.levels : most < 1 ? 1 : most;
    for (int64_t done = 0; done < own.levels && has_levels(p->field, box); done += now.levels) {
        now.level = own.level + done;
        now.levels = own.levels - done < now.levels ? own.levels - done : now.levels;
        TX_TRY(read_levels(p, &now, channels, out + (size_t)((now.level - box->level) * channels * bytes)));
    }
    return TX_OK;
}

static tx_status read_fields(tx_data_source *source, const tx_layout_fields *fields, const tx_data_box *box, char *out,
                             tx_error *error)
{
    tx_layout *layout = source->state;
    const tx_layout_volume *volume = volume_of(layout, box->trajectory);
    for (size_t k = 0; k < fields->count; k++) {
        piece p;
        TX_TRY(open_piece(&p, layout, volume, &fields->item[k], error));
        p.precision = source->setup.random.precision;
        TX_TRY(read_field(&p, box, fields->channels, out));
    }
    return TX_OK;
}

/* ---- In one go ---- */

/* Do the axes stand in the order that is asked for, each once, none missing? */
static bool is_in_order(const piece *p)
{
    static const char order[] = "stcxyz";
    const char *last = NULL;
    int axes = 0;
    for (const char *letter = p->axes; *letter; letter++) {
        const char *place = strchr(order, *letter);
        if (*letter != '.' && last && place <= last) {
            return false;
        }
        last = place ? place : last;
        axes += *letter >= 'x';
    }
    return p->layout->fields.count == 1 && axes == p->layout->axes && strchr(p->axes, 't');
}

static bool is_whole(const piece *p)
{
    const char *c = strchr(p->axes, 'c');
    return !c || p->shape.size[c - p->axes] == p->field->count;
}

/* That a box has of each. */
static size_t trajectory_bytes(const tx_data_source *source, const tx_data_box *box)
{
    const tx_layout *layout = source->state;
    return (size_t)(layout->fields.channels * box_points(layout, box) * box->levels) *
           tx_real_bytes(source->setup.random.precision);
}

/* All trajectories of one volume. */
static tx_status read_volume(tx_data_source *source, const tx_data_box *box, char *out, tx_error *error)
{
    tx_layout *layout = source->state;
    const size_t bytes = trajectory_bytes(source, box);
    piece p;
    TX_TRY(open_piece(&p, layout, volume_of(layout, box->trajectory), &layout->fields.item[0], error));
    if (is_in_order(&p) && is_whole(&p)) {
        const slab s = slab_of(&p, box);
        return tx_file_read_slab(p.file, p.path, &(tx_slab){p.shape.rank, s.offset, s.count}, source->setup.random.precision,
                                 source->follower.reach ? &source->follower : NULL, out, error);
    }
    for (int64_t k = 0; k < box->trajectories; k++) {
        tx_data_box one = *box;
        one.trajectory += k;
        one.trajectories = 1;
        TX_TRY(read_fields(source, &layout->fields, &one, out + (size_t)k * bytes, error));
    }
    return TX_OK;
}

tx_status tx_layout_read(tx_data_source *source, const tx_data_box *box, void *out, tx_error *error)
{
    const tx_layout *layout = source->state;
    const size_t bytes = trajectory_bytes(source, box);
    char *to = out;
    for (tx_data_box rest = *box, here; rest.trajectories > 0; rest = others(&rest, &here)) {
        here = first_volume(layout, &rest);
        TX_TRY(read_volume(source, &here, to, error));
        to += (size_t)here.trajectories * bytes;
    }
    return TX_OK;
}

tx_status tx_layout_read_constants(tx_data_source *source, const tx_data_box *box, void *out, tx_error *error)
{
    const tx_layout *layout = source->state;
    return read_fields(source, &layout->constants, box, out, error);
}

/* ---- Parameters: a row of numbers for each trajectory ---- */

static tx_status read_columns(const piece *p, int64_t channels, char *out)
{
    char *staged;
    slab s = {{0}, {0}};
    int64_t width = 1;
    for (int a = 0; a < p->shape.rank; a++) {
        s.offset[a] = p->axes[a] == 's' ? p->volume->from : 0;
        s.count[a] = p->axes[a] == 's' ? p->volume->samples : p->shape.size[a];
        width = p->axes[a] == 'c' ? p->shape.size[a] : width;
    }
    const size_t bytes = tx_real_bytes(p->precision);
    TX_TRY(tx_file_stored(p->file, p->path, s.offset, s.count, p->error));
    TX_TRY(stage(p, &s, &staged));
    for (int64_t k = 0; k < p->volume->samples; k++) {
        memcpy(out + (size_t)((p->volume->first + k) * channels + p->field->channel) * bytes,
               staged + (size_t)(k * width + p->field->first) * bytes, (size_t)p->field->count * bytes);
    }
    return TX_OK;
}

tx_status tx_layout_read_parameters(tx_data_source *source, void *out, tx_error *error)
{
    tx_layout *layout = source->state;
    for (size_t k = 0; k < layout->num_volumes; k++) {
        for (size_t f = 0; f < layout->parameters.count; f++) {
            piece p;
            TX_TRY(open_piece(&p, layout, &layout->volumes[k], &layout->parameters.item[f], error));
            p.precision = source->setup.random.precision;
            TX_TRY(read_columns(&p, layout->parameters.channels, out));
        }
    }
    return TX_OK;
}

/* ---- Words ---- */

/* Which field a number of that channel and level comes from; channel -1: any. */
static const tx_layout_field *field_of(const tx_layout *layout, int64_t channel, int64_t level)
{
    const tx_layout_field *found = layout->fields.item;
    for (size_t k = 0; k < layout->fields.count; k++) {
        const tx_layout_field *field = &layout->fields.item[k];
        const bool here = field->single ? level == 0 : !field->later || level > 0;
        if (here && channel >= field->channel && channel < field->channel + field->count) {
            found = field;
        }
    }
    return found;
}

void tx_layout_locate(const tx_data_source *source, int64_t trajectory, int64_t level, int64_t channel, char *text, size_t bytes)
{
    const tx_layout *layout = source->state;
    const tx_layout_volume *volume = volume_of(layout, trajectory);
    const tx_layout_field *field = field_of(layout, channel, level);
    char path[TX_LAYOUT_PATH];
    const int64_t number = strchr(field->axes, 's') ? trajectory - volume->first + volume->from : trajectory;
    snprintf(text, bytes, "'%s' in '%s': trajectory %" PRId64 ", level %" PRId64, tx_layout_path(volume, field, path), volume->file,
             number, level);
}
