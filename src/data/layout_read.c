/* Boxes of trajectories out of the files of a layout. Where a dataset has the order that is asked for, right to its place; else
 * through a buffer, from which axes are put in their order. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/layout.h"
#include "file/cells.h"

enum { STAGING_BYTES = 8 << 20, LETTERS = 3 + TX_MAX_AXES };

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

/* Numbers at even steps, counted in numbers. */
typedef struct run {
    int64_t count, from, to;
} run;

/* Runs within runs, those outermost whose steps in the result are largest. */
typedef struct order {
    run run[TX_FILE_MAX_RANK + LETTERS];
    int count;
} order;

static void add_run(order *o, int64_t count, int64_t from, int64_t to)
{
    int k = count > 1 ? o->count++ : -1;
    for (; k > 0 && o->run[k - 1].to < to; k--) {
        o->run[k] = o->run[k - 1];
    }
    if (k >= 0) {
        o->run[k] = (run){count, from, to};
    }
}

#define DEFINE_PUT(name, type)                                                                                                     \
    static void name(const run *r, int rest, const type *from, type *to)                                                           \
    {                                                                                                                              \
        const int64_t count = rest ? r->count : 1, f = rest ? r->from : 1, t = rest ? r->to : 1;                                   \
        for (int64_t k = 0; rest > 1 && k < count; k++) {                                                                          \
            name(r + 1, rest - 1, from + k * f, to + k * t);                                                                       \
        }                                                                                                                          \
        for (int64_t k = 0; rest <= 1 && k < count; k++) {                                                                         \
            to[k * t] = from[k * f];                                                                                               \
        }                                                                                                                          \
    }
DEFINE_PUT(put32, float)
DEFINE_PUT(put64, double)

static int64_t numbers_of(const piece *p, const slab *s)
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
    const size_t bytes = (size_t)numbers_of(p, s) * tx_real_bytes(p->precision);
    TX_TRY(tx_reserve(bytes, 1, &p->layout->staging_bytes, p->error, &p->layout->staging));
    *out = p->layout->staging;
    return tx_file_read_slab(p->file, p->path, &(tx_slab){p->shape.rank, s->offset, s->count}, p->precision, NULL, *out, p->error);
}

/* What of a field a box is, and where that lies in the result: for each letter how many, and their step there. */
typedef struct target {
    int64_t count[LETTERS], step[LETTERS];
    slab whole;
    char *out;
} target;

static const char letters[] = "stcxyz";

static target target_of(const piece *p, const tx_data_box *box, int64_t channels, char *out)
{
    const tx_data_box own = levels_of(p->field, box);
    target t = {.count = {own.trajectories, own.levels, p->field->count, 1, 1, 1}, .whole = slab_of(p, &own)};
    int64_t size = 1;
    for (int d = p->layout->axes - 1; d >= 0; d--) {
        t.count[3 + d] = box->count[d];
        t.step[3 + d] = size;
        size *= box->count[d];
    }
    t.step[2] = size;
    t.step[1] = size * channels;
    t.step[0] = size * channels * box->levels;
    t.out = out + (size_t)((own.level - box->level) * t.step[1] + p->field->channel * t.step[2]) * tx_real_bytes(p->precision);
    return t;
}

/* A part of it. What the dataset has no axis for is repeated. */
static tx_status read_part(const piece *p, const target *t, const slab *part)
{
    order o = {.count = 0};
    int64_t from = 1, first = 0;
    char *staged;
    TX_TRY(stage(p, part, &staged));
    for (int a = p->shape.rank - 1; a >= 0; from *= part->count[a--]) {
        const char *letter = strchr(letters, p->axes[a]);
        const int64_t step = letter ? t->step[letter - letters] * inner_size(p, a) : 0;
        add_run(&o, part->count[a], from, step);
        first += (part->offset[a] - t->whole.offset[a]) * step;
    }
    for (int k = 0; k < LETTERS; k++) {
        add_run(&o, strchr(p->axes, letters[k]) ? 1 : t->count[k], 0, t->step[k]);
    }
    char *to = t->out + (size_t)first * tx_real_bytes(p->precision);
    if (p->precision == TX_FLOAT32) {
        put32(o.run, o.count, (const float *)(void *)staged, (float *)(void *)to);
    } else {
        put64(o.run, o.count, (const double *)(void *)staged, (double *)(void *)to);
    }
    return TX_OK;
}

/* All that is wanted of a chunk before the next one, as much at a time as is staged. */
static tx_status read_parts(const piece *p, const target *t)
{
    const int64_t most = STAGING_BYTES / (int64_t)tx_real_bytes(p->precision);
    int64_t chunk[TX_FILE_MAX_RANK];
    static const int64_t ones[TX_FILE_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    slab cell, part;
    if (numbers_of(p, &t->whole) <= most) {
        return read_part(p, t, &t->whole);
    }
    tx_file_working(p->file, p->path, chunk);
    tx_cells cells = tx_cells_begin(p->shape.rank, chunk, t->whole.offset, t->whole.count, most);
    while (tx_cells_next(&cells, cell.offset, cell.count)) {
        tx_cells parts = tx_cells_begin(p->shape.rank, ones, cell.offset, cell.count, most);
        while (tx_cells_next(&parts, part.offset, part.count)) {
            TX_TRY(read_part(p, t, &part));
        }
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

/* That a box has of each, in all these fields. */
static size_t trajectory_bytes(const tx_data_source *source, const tx_layout_fields *fields, const tx_data_box *box)
{
    return (size_t)(fields->channels * box_points(source->state, box) * box->levels) *
           tx_real_bytes(source->setup.random.precision);
}

/* Trajectories of one volume. */
static tx_status read_field(const piece *p, const tx_layout_fields *fields, const tx_data_box *box, size_t bytes, char *out)
{
    const char *s = strchr(p->axes, 's');
    tx_data_box now = *box;
    now.trajectories = s && strchr(s + 1, 's') ? 1 : box->trajectories;
    for (; now.trajectory < box->trajectory + box->trajectories; now.trajectory += now.trajectories) {
        const target t = target_of(p, &now, fields->channels, out + (size_t)(now.trajectory - box->trajectory) * bytes);
        TX_TRY(read_parts(p, &t));
    }
    return TX_OK;
}

static tx_status read_fields(tx_data_source *source, const tx_layout_fields *fields, const tx_data_box *box, char *out,
                             tx_error *error)
{
    tx_layout *layout = source->state;
    for (size_t k = 0; k < fields->count; k++) {
        piece p;
        TX_TRY(open_piece(&p, layout, volume_of(layout, box->trajectory), &fields->item[k], error));
        p.precision = source->setup.random.precision;
        TX_TRY(has_levels(p.field, box) ? read_field(&p, fields, box, trajectory_bytes(source, fields, box), out) : TX_OK);
    }
    return TX_OK;
}

/* ---- In one go ---- */

/* Do the axes stand in the order that is asked for, each once, none missing? */
static bool is_in_order(const piece *p)
{
    const char *last = NULL;
    int axes = 0;
    for (const char *letter = p->axes; *letter; letter++) {
        const char *place = strchr(letters, *letter);
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

/* All trajectories of one volume. */
static tx_status read_volume(tx_data_source *source, const tx_data_box *box, char *out, tx_error *error)
{
    tx_layout *layout = source->state;
    piece p;
    TX_TRY(open_piece(&p, layout, volume_of(layout, box->trajectory), &layout->fields.item[0], error));
    if (is_in_order(&p) && is_whole(&p)) {
        const slab s = slab_of(&p, box);
        return tx_file_read_slab(p.file, p.path, &(tx_slab){p.shape.rank, s.offset, s.count}, source->setup.random.precision,
                                 source->follower.reach ? &source->follower : NULL, out, error);
    }
    return read_fields(source, &layout->fields, box, out, error);
}

tx_status tx_layout_read(tx_data_source *source, const tx_data_box *box, void *out, tx_error *error)
{
    const tx_layout *layout = source->state;
    const size_t bytes = trajectory_bytes(source, &layout->fields, box);
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
