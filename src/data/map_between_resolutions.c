/* exponax.map_between_resolutions: the levels of another source on a finer or coarser grid, by their modes. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "data/fourier.h"
#include "trainax/data.h"

enum { BUFFER_BYTES = 8 << 20 };

typedef struct mapping {
    tx_fourier *from, *to; /* a channel on both grids; NULL: they are the same */
    double scale;          /* of a coefficient, from one grid to the other */
    int64_t *place;        /* (modes of `from`) which of `to` it becomes; -1: none */
    char *levels;          /* of the other source */
    int64_t batch;         /* so many, at most */
} mapping;

/* ---- Creation ---- */

static tx_status check_state(const tx_section *section, const tx_shape *state, tx_error *error)
{
    bool same = state->axes > 0;
    for (int d = 1; d < state->axes; d++) {
        same = same && state->n[d] == state->n[0];
    }
    return same ? TX_OK
                : tx_section_error(section, "source", error, TX_INVALID,
                                   "its states must have spatial axes, with as many points on each of them");
}

static size_t level_bytes(const tx_data_source *source)
{
    return (size_t)tx_data_level_size(&source->shape) * tx_real_bytes(source->setup.random.precision);
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    mapping *m;
    TX_TRY(tx_allocate(sizeof *m, error, &m));
    source->state = m;
    TX_TRY(tx_data_source_create(tx_get_section(section, "source"), source->setup, error, &source->inner));
    const tx_data_source *inner = source->inner;
    const tx_shape *state = &inner->shape.state;
    const double dt = source->whole.dt;
    TX_TRY(check_state(section, state, error));
    source->whole = inner->shape;
    source->whole.dt = tx_has(section, "dt") ? dt : inner->shape.dt;
    source->whole.constants = 0;
    for (int d = 0; d < state->axes; d++) {
        source->whole.state.n[d] = tx_get_integer(section, "new_num_points");
    }
    source->together = inner->together;
    source->channel_names = inner->channel_names;
    source->parameters = inner->parameters;
    const int64_t all = inner->shape.num_trajectories * inner->shape.num_levels, most = tx_data_source_batch(inner, BUFFER_BYTES);
    m->batch = all < most ? all : most;
    source->working = inner->working + (size_t)m->batch * level_bytes(inner) + tx_fourier_bytes(state->axes, state->n) +
                      tx_fourier_bytes(state->axes, source->whole.state.n) +
                      (size_t)tx_shape_points(state) * sizeof *m->place; /* a mode has at least one point */
    return TX_OK;
}

/* ---- Which mode becomes which ---- */

/* Is a wave of one grid on the other, too? n, to: points of both; oddball: the wavenumber n / 2 of an even number of points is. */
static bool stays(int axes, const int64_t *k, int64_t n, int64_t to, bool oddball_zero)
{
    const int64_t least = n < to ? n : to;
    bool inside = true;
    for (int d = 0; d < axes; d++) {
        const int64_t low = d < axes - 1 ? -(least / 2) : 0, high = d < axes - 1 ? (least + 1) / 2 - 1 : least / 2;
        inside = inside && k[d] >= low && k[d] <= high;
        inside = inside && !(oddball_zero && least % 2 == 0 && 2 * imaxabs(k[d]) == least);
    }
    return inside;
}

/* The mode with these wavenumbers on a grid of n points an axis. */
static int64_t mode_of(int axes, const int64_t *k, int64_t n)
{
    int64_t mode = 0;
    for (int d = 0; d < axes; d++) {
        mode = mode * (d < axes - 1 ? n : n / 2 + 1) + (k[d] < 0 ? k[d] + n : k[d]);
    }
    return mode;
}

static void fill_places(mapping *m, const tx_shape *from, int64_t to, bool oddball_zero)
{
    for (int64_t mode = 0; mode < m->from->num_modes; mode++) {
        int64_t k[TX_MAX_AXES];
        tx_fourier_wavenumbers(from->axes, from->n, mode, k);
        m->place[mode] = stays(from->axes, k, from->n[0], to, oddball_zero) ? mode_of(from->axes, k, to) : -1;
    }
}

static tx_status prepare(tx_data_source *source, tx_error *error)
{
    mapping *m = source->state;
    const tx_data_source *inner = source->inner;
    const tx_shape *from = &inner->shape.state, *to = &source->whole.state;
    TX_TRY(tx_allocate_array((size_t)m->batch, level_bytes(inner), error, &m->levels));
    if (from->n[0] == to->n[0]) {
        return TX_OK;
    }
    TX_TRY(tx_fourier_create(from->axes, from->n, error, &m->from));
    TX_TRY(tx_fourier_create(to->axes, to->n, error, &m->to));
    TX_TRY(tx_allocate_array((size_t)m->from->num_modes, sizeof *m->place, error, &m->place));
    fill_places(m, from, to->n[0], tx_get_boolean(source->section, "oddball_zero"));
    m->scale = (double)m->to->num_points / (double)m->from->num_points;
    return TX_OK;
}

static void destroy(tx_data_source *source)
{
    mapping *m = source->state;
    if (m) {
        tx_fourier_destroy(m->from);
        tx_fourier_destroy(m->to);
        tx_free(m->place);
        tx_free(m->levels);
    }
}

/* ---- Reading ---- */

static void map_channel(const mapping *m, tx_precision precision, const char *in, char *out)
{
    for (int64_t j = 0; j < m->from->num_points; j++) {
        m->from->signal[j] = tx_real_get(precision, in, j);
    }
    tx_fourier_forward(m->from);
    memset(m->to->modes, 0, (size_t)m->to->num_modes * sizeof *m->to->modes);
    for (int64_t mode = 0; mode < m->from->num_modes; mode++) {
        if (m->place[mode] >= 0) {
            const tx_complex h = m->from->modes[mode];
            m->to->modes[m->place[mode]] = (tx_complex){h.re * m->scale, h.im * m->scale};
        }
    }
    tx_fourier_backward(m->to);
    for (int64_t j = 0; j < m->to->num_points; j++) {
        tx_real_put(precision, out, j, m->to->signal[j]);
    }
}

static void map_levels(const tx_data_source *source, int64_t count, char *out)
{
    const mapping *m = source->state;
    const tx_precision precision = source->setup.random.precision;
    const int64_t channels = count * source->whole.state.channels;
    const size_t from = (size_t)tx_shape_points(&source->inner->shape.state) * tx_real_bytes(precision);
    const size_t to = (size_t)tx_shape_points(&source->whole.state) * tx_real_bytes(precision);
    for (int64_t k = 0; m->from && k < channels; k++) {
        map_channel(m, precision, m->levels + (size_t)k * from, out + (size_t)k * to);
    }
    if (!m->from) {
        memcpy(out, m->levels, (size_t)channels * from);
    }
}

static tx_status read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    const mapping *m = source->state;
    const size_t bytes = (size_t)tx_data_level_size(&source->whole) * tx_real_bytes(source->setup.random.precision);
    for (int64_t done = 0, count; done < num_levels; done += count) {
        count = num_levels - done < m->batch ? num_levels - done : m->batch;
        TX_TRY(tx_data_source_read_any(source->inner, first_level + done, count, m->levels, error));
        map_levels(source, count, (char *)out + (size_t)done * bytes);
    }
    return TX_OK;
}

static tx_status read_parameters(tx_data_source *source, void *out, tx_error *error)
{
    return tx_data_source_parameters(source->inner, out, error);
}

static void locate(const tx_data_source *source, int64_t trajectory, int64_t level, int64_t channel, char *text, size_t bytes)
{
    (void)channel;
    tx_data_source_locate(source->inner, trajectory * source->whole.num_levels + level, text, bytes);
}

static const tx_data_class mapping_class = {
    .create = create, .prepare = prepare, .read = read, .parameters = read_parameters, .locate = locate, .destroy = destroy};

static const tx_option options[] = {
    {.name = "source",
     .type = TX_TYPE_SECTION,
     .unit = "",
     .text = "whose levels; their axes have as many points each",
     .kind = TX_KIND_DATA},
    {.name = "new_num_points",
     .type = TX_TYPE_INTEGER,
     .unit = "points",
     .text = "grid points along each axis",
     .minimum = 1,
     .maximum = 2147483647.0},
    {.name = "oddball_zero",
     .type = TX_TYPE_BOOLEAN,
     .initial = "true",
     .unit = "",
     .text = "of the smaller grid, where its number of points is even: without the wavenumber that is half of it"},
    {0},
};

const tx_component tx_data_map_between_resolutions = {
    .kind = TX_KIND_DATA,
    .name = "map_between_resolutions",
    .summary = "another source's levels on a finer or coarser grid, by their modes (exponax.map_between_resolutions)",
    .options = options,
    .implementation = &mapping_class,
};
