/* What all data sources share. */
#include "trainax/data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "base/hash.h"
#include "base/memory.h"
#include "data/choice.h"

/* In bytes. */
static const int64_t MOST_BATCH = (int64_t)1 << 28;

int64_t tx_data_level_size(const tx_data_shape *shape)
{
    return shape->state.channels * tx_shape_points(&shape->state);
}

/* All trajectories in bytes, whatever the precision: then nothing that follows from the shape overflows. */
tx_status tx_data_check_size(const tx_data_source *source, tx_error *error)
{
    const tx_data_shape *shape = &source->whole;
    double bytes = (double)shape->state.channels * sizeof(double);
    for (int d = 0; d < shape->state.axes; d++) {
        bytes *= (double)shape->state.n[d];
    }
    bytes *= (double)shape->num_levels * (double)shape->num_trajectories;
    return bytes <= 0x1p56 ? TX_OK
                           : tx_section_error(source->section, NULL, error, TX_INVALID,
                                              "trajectories of %.3g bytes: no machines hold that", bytes);
}

static tx_status read_stride(tx_data_source *source, tx_error *error)
{
    const int64_t *strides;
    const int count = tx_get_integers(source->section, "dt_stride", &strides);
    if (count < 1 || count > 2 || strides[count - 1] < strides[0]) {
        return tx_section_error(source->section, "dt_stride", error, TX_INVALID, "must be a number, or a range [low, high]");
    }
    source->shape.stride[0] = strides[0];
    source->shape.stride[1] = strides[count - 1];
    return TX_OK;
}

static tx_status create(tx_data_source *source, tx_error *error)
{
    TX_TRY(source->class_->create(source->section, error, source));
    TX_TRY(tx_data_check_size(source, error));
    TX_TRY(tx_choice_create(source, error));
    return read_stride(source, error);
}

tx_status tx_data_source_create(const tx_section *section, tx_data_setup setup, tx_error *error, tx_data_source **out)
{
    tx_data_source *source;
    TX_TRY(tx_allocate(sizeof *source, error, &source));
    *source = (tx_data_source){
        .class_ = tx_section_component(section)->implementation,
        .section = section,
        .setup = {.random = setup.random, .isa = setup.isa, .threads = setup.threads > 1 ? setup.threads : 1},
        .whole.dt = tx_has(section, "dt") ? tx_get_real(section, "dt") : 0.0,
    };
    const tx_status status = create(source, error);
    if (status != TX_OK) {
        tx_data_source_destroy(source);
        return status;
    }
    *out = source;
    return TX_OK;
}

void tx_data_source_destroy(tx_data_source *source)
{
    if (source) {
        if (source->class_->destroy) {
            source->class_->destroy(source);
        }
        tx_data_source_destroy(source->inner);
        tx_choice_destroy(source->choice);
        tx_normalization_free(&source->normalization);
        tx_free(source->state);
        tx_free(source);
    }
}

static void locate(const tx_data_source *source, int64_t level, int64_t channel, char *text, size_t bytes)
{
    int64_t trajectory = level / source->shape.num_levels, time = level % source->shape.num_levels;
    time = tx_choice_level(source, trajectory, time);
    trajectory = tx_choice_sample(source, trajectory);
    if (source->class_->locate) {
        source->class_->locate(source, trajectory, time, channel, text, bytes);
    } else {
        snprintf(text, bytes, "the data of %s: trajectory %" PRId64 ", level %" PRId64, tx_section_name(source->section),
                 trajectory, time);
    }
}

void tx_data_source_locate(const tx_data_source *source, int64_t level, char *text, size_t bytes)
{
    locate(source, level, -1, text, bytes);
}

static tx_status prepare(tx_data_source *source, tx_error *error)
{
    if (source->inner) {
        source->inner->job = source->job;
    }
    if (!source->prepared && source->class_->prepare) {
        TX_TRY(source->class_->prepare(source, error));
    }
    source->prepared = true;
    return TX_OK;
}

static tx_status not_finite(const tx_data_source *source, int64_t level, int64_t channel, tx_error *error)
{
    char place[TX_MESSAGE_SIZE / 2];
    locate(source, level, channel, place, sizeof place);
    return tx_error_set(error, TX_BAD_DATA, "%s (counted from 0): a number is missing, or not finite%s", place,
                        source->setup.random.precision == TX_FLOAT32 ? " in float32" : "");
}

/* What is done to all that is read, once, while it is still in a cache. */
typedef struct checking {
    const tx_data_source *source;
    const char *data;
    int64_t first; /* of the numbers there, among all */
    int64_t done;  /* of them */
    tx_hash hash;
    uint64_t sum;
    bool finite;
} checking;

/* Those before `count`; in blocks that begin where the checksum has its own. */
static void check_numbers(checking *c, int64_t count)
{
    const tx_precision precision = c->source->setup.random.precision;
    const int64_t bytes = (int64_t)tx_real_bytes(precision), block = 4 * TX_HASH_BLOCK;
    while (c->done < count) {
        const int64_t place = c->first + c->done, rest = block - place % block,
                      now = count - c->done < rest ? count - c->done : rest;
        const char *numbers = c->data + c->done * bytes;
        c->finite = c->finite && tx_all_finite(precision, numbers, now);
        c->sum += tx_hash_part(&c->hash, numbers, (uint64_t)(place * bytes / 4), (size_t)(now * bytes / 4));
        c->done += now;
    }
}

/* Of a tx_follower: the file's checksums are of the same kind, and the same ones where all of it is read in its order. */
static void check_until(void *user, const void *end, const tx_known_sum *known)
{
    checking *c = user;
    const tx_precision precision = c->source->setup.random.precision;
    const int64_t bytes = (int64_t)tx_real_bytes(precision), count = ((const char *)end - c->data) / bytes;
    if (known && known->first == (uint64_t)((c->first + c->done) * bytes / 4)) {
        c->finite = c->finite && tx_all_finite(precision, c->data + c->done * bytes, count - c->done);
        c->sum += known->sum;
        c->done = count;
    }
    check_numbers(c, count);
}

#define DEFINE_NORMALIZE(name, real)                                                                                               \
    static void name(const tx_data_source *source, real *level)                                                                    \
    {                                                                                                                              \
        const int64_t points = tx_shape_points(&source->shape.state);                                                              \
        for (int64_t c = 0; c < source->shape.state.channels; c++, level += points) {                                              \
            const real mean = (real)source->normalization.mean[c], std = (real)source->normalization.std[c];                       \
            for (int64_t k = 0; k < points; k++) {                                                                                 \
                level[k] = (level[k] - mean) / std;                                                                                \
            }                                                                                                                      \
        }                                                                                                                          \
    }
DEFINE_NORMALIZE(normalize32, float)
DEFINE_NORMALIZE(normalize64, double)

/* What lies behind a trajectory's length stays zero. */
static void normalize(const tx_data_source *source, int64_t first, int64_t count, void *data)
{
    const tx_data_shape *shape = &source->shape;
    const int64_t size = tx_data_level_size(shape);
    for (int64_t k = 0; source->normalization.mean && k < count; k++) {
        if ((first + k) % shape->num_levels >= tx_data_length(shape, (first + k) / shape->num_levels)) {
            continue;
        }
        if (source->setup.random.precision == TX_FLOAT32) {
            normalize32(source, (float *)data + k * size);
        } else {
            normalize64(source, (double *)data + k * size);
        }
    }
}

static tx_status find_not_finite(const checking *c, int64_t first, int64_t count, tx_error *error)
{
    const tx_precision precision = c->source->setup.random.precision;
    const int64_t size = tx_data_level_size(&c->source->shape), bytes = size * (int64_t)tx_real_bytes(precision);
    int64_t level = 0;
    while (level < count - 1 && tx_all_finite(precision, c->data + level * bytes, size)) {
        level++;
    }
    const int64_t points = tx_shape_points(&c->source->shape.state), channels = c->source->shape.state.channels;
    int64_t channel = 0;
    while (channel < channels - 1 && tx_all_finite(precision, c->data + level * bytes + channel * (bytes / channels), points)) {
        channel++;
    }
    return not_finite(c->source, first + level, channel, error);
}

tx_status tx_data_source_read_sum(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error,
                                  uint64_t *sum)
{
    const int64_t size = tx_data_level_size(&source->shape);
    checking c = {.source = source, .data = out, .first = first_level * size, .finite = true};
    TX_TRY(prepare(source, error));
    if (!num_levels) {
        *sum = 0;
        return TX_OK;
    }
    tx_hash_begin(&c.hash);
    source->follower = source->normalization.mean ? (tx_follower){0} : (tx_follower){check_until, &c};
    TX_TRY(tx_choice_read(source, first_level, num_levels, out, error));
    normalize(source, first_level, num_levels, out);
    check_numbers(&c, num_levels * size);
    if (!c.finite) {
        return find_not_finite(&c, first_level, num_levels, error);
    }
    *sum = c.sum;
    return TX_OK;
}

int64_t tx_data_source_batch(const tx_data_source *source, int64_t bytes)
{
    const int64_t level = tx_data_level_size(&source->shape) * (int64_t)tx_real_bytes(source->setup.random.precision);
    const int64_t group = source->class_->read_box ? source->together * source->shape.num_levels : 0;
    const int64_t most = bytes > level ? bytes / level : 1;
    return !group || group > MOST_BATCH / level ? most : group > most ? group : most / group * group;
}

tx_status tx_data_source_read_any(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    TX_TRY(prepare(source, error));
    source->follower = (tx_follower){0};
    TX_TRY(tx_choice_read(source, first_level, num_levels, out, error));
    normalize(source, first_level, num_levels, out);
    return TX_OK;
}

tx_status tx_data_source_read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    uint64_t sum;
    return tx_data_source_read_sum(source, first_level, num_levels, out, error, &sum);
}

/* ---- Beside the trajectories ---- */

static tx_status not_finite_beside(const tx_data_source *source, const char *what, int64_t trajectory, tx_error *error)
{
    char place[TX_MESSAGE_SIZE / 2];
    locate(source, trajectory * source->shape.num_levels, -1, place, sizeof place);
    return tx_error_set(error, TX_BAD_DATA, "%s of %s (counted from 0): a number is missing, or not finite", what, place);
}

static tx_status pick_parameters(tx_data_source *source, char *all, char *out, tx_error *error)
{
    const tx_precision precision = source->setup.random.precision;
    const int64_t width = source->parameters.count;
    const size_t bytes = (size_t)width * tx_real_bytes(precision);
    TX_TRY(source->class_->parameters(source, all, error));
    for (int64_t k = 0; k < source->shape.num_trajectories; k++) {
        memcpy(out + (size_t)k * bytes, all + (size_t)tx_choice_sample(source, k) * bytes, bytes);
        if (!tx_all_finite(precision, out + (size_t)k * bytes, width)) {
            return not_finite_beside(source, "/parameters", k, error);
        }
    }
    return TX_OK;
}

tx_status tx_data_source_parameters(tx_data_source *source, void *out, tx_error *error)
{
    const size_t bytes = (size_t)source->parameters.count * tx_real_bytes(source->setup.random.precision);
    char *all;
    if (!source->parameters.count) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)tx_choice_samples(source), bytes, error, &all));
    const tx_status status = pick_parameters(source, all, out, error);
    tx_free(all);
    return status;
}

tx_status tx_data_source_constants(tx_data_source *source, int64_t trajectory, void *out, tx_error *error)
{
    const int64_t count = source->constants.count * tx_shape_points(&source->shape.state);
    TX_TRY(count ? tx_choice_constants(source, trajectory, out, error) : TX_OK);
    return tx_all_finite(source->setup.random.precision, out, count)
               ? TX_OK
               : not_finite_beside(source, "/constant_fields", trajectory, error);
}
