/* Tables for shapes: where taps read, what halos copy, parts of a turn. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "kernel/halo.h"
#include "kernel/taps.h"
#include "kernel/turn.h"
#include "opencl/opencl.h"

/* ---- convolutions ---- */

static int64_t list_taps(const tx_opencl_object *o, int phase, int64_t *taps)
{
    int64_t r[TX_MAX_AXES], count = 0, offset;
    tx_conv_phase(&o->conv, phase, r);
    for (int64_t t = 0; t < o->kernel_taps; t++) {
        if (tx_conv_tap(&o->conv, r, t, &offset)) {
            if (taps) {
                taps[2 * count] = offset;
                taps[2 * count + 1] = o->conv.flip ? o->kernel_taps - 1 - t : t;
            }
            count++;
        }
    }
    return count;
}

static int64_t phase_packed(const tx_opencl_object *o, const tx_opencl_form *form, int64_t taps)
{
    return (int64_t)o->groups * o->tiles * form->tile * o->in * taps;
}

static tx_status make_conv(const tx_opencl *opencl, const tx_conv_shape *shape, tx_error *error, tx_opencl_object *o)
{
    const int axes = shape->y.shape.axes;
    o->conv = *shape;
    o->groups = shape->groups ? shape->groups : 1;
    TX_TRY(tx_conv_check(shape, o->groups, error));
    o->phases = tx_conv_phases(shape->y_phases, axes);
    o->in = (int)(shape->x.shape.channels / o->groups / tx_conv_phases(shape->x_phases, axes));
    o->out = (int)(shape->y.shape.channels / o->groups / o->phases);
    o->tiles = (o->out + opencl->form->tile - 1) / opencl->form->tile;
    o->kernel_taps = 1;
    for (int d = 0; d < axes; d++) {
        o->kernel_taps *= shape->kernel[d];
    }
    int64_t all = 0;
    for (int phase = 0; phase < o->phases; phase++) {
        const int64_t taps = list_taps(o, phase, NULL);
        o->most_taps = taps > o->most_taps ? taps : o->most_taps;
        all += taps;
    }
    o->packed = phase_packed(o, opencl->form, all);
    o->object.packed_bytes = (size_t)o->packed * tx_real_bytes(opencl->backend.precision);
    o->object.table_bytes = (size_t)(4 * o->phases + 2 * all) * sizeof(int64_t);
    return TX_OK;
}

static void fill_conv(const tx_opencl *opencl, const tx_opencl_object *o, int64_t *table)
{
    int64_t first = 4 * o->phases, packed = 0;
    for (int phase = 0; phase < o->phases; phase++) {
        const int64_t taps = list_taps(o, phase, table + first);
        memcpy(table + 4 * phase, (int64_t[]){taps, first, packed, 0}, 4 * sizeof *table);
        first += 2 * taps;
        packed += phase_packed(o, opencl->form, taps);
    }
}

/* ---- halos ---- */

static tx_status make_halo(const tx_halo_shape *shape, tx_error *error, tx_opencl_object *o)
{
    o->layout = *shape->layout;
    TX_TRY(tx_halo_create(shape->layout, shape->mode, error, &o->halo));
    for (int k = 0; k < o->halo->num_runs; k++) {
        const tx_halo_runs *run = &o->halo->runs[k];
        o->num_cells += run->count * (run->length / shape->layout->block);
    }
    o->object.table_bytes = (size_t)(6 * o->num_cells) * sizeof(int64_t); /* pairs, then what `fold` gains by them */
    return TX_OK;
}

/* Cells in the order of the runs: (to, from). */
static void list_cells(const tx_opencl_object *o, int64_t *pairs)
{
    for (int k = 0; k < o->halo->num_runs; k++) {
        const tx_halo_runs *run = &o->halo->runs[k];
        for (int64_t j = 0; j < run->count; j++) {
            for (int64_t l = 0; l < run->length; l += o->layout.block) {
                *pairs++ = run->to + j * run->to_step + l;
                *pairs++ = run->zero ? -1 : run->from + j * run->from_step + l;
            }
        }
    }
}

static int by_source(const void *a, const void *b)
{
    const int64_t *p = a, *q = b;
    return p[1] != q[1] ? (p[1] < q[1] ? -1 : 1) : p[0] < q[0] ? -1 : p[0] > q[0];
}

/* sorted: the pairs by source. (cell, first, end) of each that gains, and behind all of them the cells that it gains from. */
static void list_gains(tx_opencl_object *o, const int64_t *sorted, int64_t *table)
{
    int64_t *gain = table + 2 * o->num_cells, at = 5 * o->num_cells;
    o->num_gains = 0;
    for (int64_t k = 0; k < o->num_cells; k++) {
        if (sorted[2 * k + 1] < 0) {
            continue;
        }
        if (!o->num_gains || gain[3 * (o->num_gains - 1)] != sorted[2 * k + 1]) {
            memcpy(gain + 3 * o->num_gains++, (int64_t[]){sorted[2 * k + 1], at, at}, 3 * sizeof *gain);
        }
        table[at] = sorted[2 * k];
        gain[3 * (o->num_gains - 1) + 2] = ++at;
    }
}

static tx_status fill_halo(tx_opencl_object *o, int64_t *table, tx_error *error)
{
    int64_t *sorted;
    TX_TRY(tx_allocate_array((size_t)(2 * o->num_cells) + 1, sizeof *sorted, error, &sorted));
    list_cells(o, table);
    list_cells(o, sorted);
    qsort(sorted, (size_t)o->num_cells, 2 * sizeof *sorted, by_source);
    list_gains(o, sorted, table);
    tx_free(sorted);
    return TX_OK;
}

/* ---- transforms ---- */

static int64_t turn_reals(const tx_shape *x)
{
    int64_t reals = 0;
    for (int d = 0; d < x->axes; d++) {
        reals += 2 * x->n[d];
    }
    return reals;
}

/* Wavenumbers of axis d, both signs but for the last. */
int64_t tx_opencl_waves(const tx_opencl_object *o, int d)
{
    const tx_shape *x = &o->spectral.x.shape;
    const bool whole = o->object.kind == TX_OBJECT_RFFTN;
    return d == x->axes - 1 ? (whole ? x->n[d] / 2 + 1 : o->spectral.count[d]) : whole ? x->n[d] : 2 * o->spectral.count[d];
}

/* Of the last axis: their reals; none where they would not stay in a cache. */
static int64_t place_matrices(tx_opencl_object *o)
{
    enum { LINE = 16, MOST = 1 << 13 };
    const tx_shape *x = &o->spectral.x.shape;
    const int64_t points = x->n[x->axes - 1], waves = tx_opencl_waves(o, x->axes - 1);
    if (points >= MOST / waves) {
        return 0;
    }
    o->wave_pitch = (waves + LINE - 1) / LINE * LINE;
    o->point_pitch = (points + LINE - 1) / LINE * LINE;
    o->matrices = (turn_reals(x) + LINE - 1) / LINE * LINE;
    return o->matrices - turn_reals(x) + 2 * (points * o->wave_pitch + waves * o->point_pitch);
}

/* Stages lie in the scratch by turns, each with imaginary parts behind the real ones. */
static void make_transform(const tx_opencl *opencl, const tx_spectral_shape *shape, tx_opencl_object *o)
{
    const tx_shape *x = &shape->x.shape;
    o->spectral = *shape;
    int64_t reals = x->channels * shape->x.block * tx_shape_points(x);
    for (int d = x->axes - 1; d >= 0; d--) {
        reals = reals / x->n[d] * tx_opencl_waves(o, d);
        o->stage = reals > o->stage ? reals : o->stage;
    }
    o->object.scratch_bytes = (size_t)o->stage * (x->axes > 1 ? 4 : 2) * tx_real_bytes(opencl->backend.precision);
    o->object.table_bytes = (size_t)(turn_reals(x) + place_matrices(o)) * tx_real_bytes(opencl->backend.precision);
}

static void fill_turns(const tx_opencl *opencl, const tx_opencl_object *o, void *table)
{
    const tx_shape *x = &o->spectral.x.shape;
    size_t at = 0;
    for (int d = 0; d < x->axes; d++) {
        for (int64_t j = 0; j < x->n[d]; j++) {
            tx_real_put(opencl->backend.precision, table, at++, tx_turn_cosine(j, x->n[d]));
            tx_real_put(opencl->backend.precision, table, at++, tx_turn_sine(j, x->n[d]));
        }
    }
}

/* Cosines, then sines, twice: [point][wavenumber], [wavenumber][point]. */
static void fill_matrices(const tx_opencl *opencl, const tx_opencl_object *o, void *table)
{
    const tx_shape *x = &o->spectral.x.shape;
    const tx_precision precision = opencl->backend.precision;
    const int64_t points = x->n[x->axes - 1], waves = tx_opencl_waves(o, x->axes - 1);
    const int64_t back = o->matrices + 2 * points * o->wave_pitch;
    for (int64_t n = 0; o->matrices && n < points; n++) {
        for (int64_t q = 0; q < waves; q++) {
            const double cosine = tx_turn_cosine(q * n, points), sine = tx_turn_sine(q * n, points);
            tx_real_put(precision, table, o->matrices + n * o->wave_pitch + q, cosine);
            tx_real_put(precision, table, o->matrices + (points + n) * o->wave_pitch + q, sine);
            tx_real_put(precision, table, back + q * o->point_pitch + n, cosine);
            tx_real_put(precision, table, back + (waves + q) * o->point_pitch + n, sine);
        }
    }
}

/* ---- all of them ---- */

static tx_status make(const tx_opencl *opencl, const void *shape, tx_error *error, tx_opencl_object *o)
{
    switch (o->object.kind) {
    case TX_OBJECT_CONVOLUTION:
        return make_conv(opencl, shape, error, o);
    case TX_OBJECT_HALO:
        return make_halo(shape, error, o);
    case TX_OBJECT_SUM:
        return tx_opencl_make_sum(opencl, shape, error, o);
    default:
        make_transform(opencl, shape, o);
        return TX_OK;
    }
}

tx_status tx_opencl_object_create(const tx_backend *backend, tx_object_kind kind, const void *shape, tx_error *error,
                                  tx_object **out)
{
    tx_opencl_object *o;
    TX_TRY(tx_allocate(sizeof *o, error, &o));
    o->object.kind = kind;
    const tx_status status = make(tx_opencl_of(backend), shape, error, o);
    if (status != TX_OK) {
        tx_opencl_object_destroy(backend, &o->object);
        return status;
    }
    *out = &o->object;
    return TX_OK;
}

static tx_status fill(const tx_opencl *opencl, tx_opencl_object *o, void *table, tx_error *error)
{
    switch (o->object.kind) {
    case TX_OBJECT_CONVOLUTION:
        fill_conv(opencl, o, table);
        return TX_OK;
    case TX_OBJECT_HALO:
        return fill_halo(o, table, error);
    case TX_OBJECT_SUM:
        memcpy(table, o->chunks, o->object.table_bytes);
        return TX_OK;
    default:
        fill_turns(opencl, o, table);
        fill_matrices(opencl, o, table);
        return TX_OK;
    }
}

tx_status tx_opencl_object_load(const tx_backend *backend, tx_object *object, tx_error *error)
{
    tx_opencl_object *o = (tx_opencl_object *)object;
    void *table;
    TX_TRY(backend->class_->allocate(backend, object->table_bytes, error, &o->table));
    TX_TRY(tx_allocate(object->table_bytes + 1, error, &table));
    tx_status status = fill(tx_opencl_of(backend), o, table, error);
    status = status ? status : backend->class_->upload(o->table, 0, table, object->table_bytes, error);
    tx_free(table);
    return status;
}

void tx_opencl_object_destroy(const tx_backend *backend, tx_object *object)
{
    tx_opencl_object *o = (tx_opencl_object *)object;
    if (o) {
        tx_halo_destroy(o->halo);
        tx_free(o->chunks);
        backend->class_->free(o->table);
        tx_free(o);
    }
}
