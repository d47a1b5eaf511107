/* What all data sources share. */
#include "trainax/data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "base/hash.h"
#include "base/memory.h"

int64_t tx_data_level_size(const tx_data_shape *shape)
{
    return shape->state.channels * tx_shape_points(&shape->state);
}

/* All trajectories in bytes, whatever the precision: then nothing that follows from the shape overflows. */
tx_status tx_data_check_size(const tx_data_source *source, tx_error *error)
{
    const tx_data_shape *shape = &source->shape;
    double bytes = (double)shape->state.channels * sizeof(double);
    for (int d = 0; d < shape->state.axes; d++) {
        bytes *= (double)shape->state.n[d];
    }
    bytes *= (double)shape->num_levels * (double)shape->num_trajectories;
    return bytes <= 0x1p56 ? TX_OK
                           : tx_section_error(source->section, NULL, error, TX_INVALID,
                                              "trajectories of %.3g bytes: no machines hold that", bytes);
}

static tx_status create(tx_data_source *source, tx_error *error)
{
    TX_TRY(source->class_->create(source->section, error, source));
    return tx_data_check_size(source, error);
}

tx_status tx_data_source_create(const tx_section *section, tx_data_setup setup, tx_error *error, tx_data_source **out)
{
    tx_data_source *source;
    TX_TRY(tx_allocate(sizeof *source, error, &source));
    *source = (tx_data_source){
        .class_ = tx_section_component(section)->implementation,
        .section = section,
        .setup = {.random = setup.random, .isa = setup.isa, .threads = setup.threads > 1 ? setup.threads : 1},
        .shape.dt = tx_has(section, "dt") ? tx_get_real(section, "dt") : 0.0,
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
        tx_free(source->state);
        tx_free(source);
    }
}

void tx_data_source_locate(const tx_data_source *source, int64_t level, char *text, size_t bytes)
{
    const int64_t trajectory = level / source->shape.num_levels, time = level % source->shape.num_levels;
    if (source->class_->locate) {
        source->class_->locate(source, trajectory, time, text, bytes);
    } else {
        snprintf(text, bytes, "the data of %s: trajectory %" PRId64 ", level %" PRId64, tx_section_name(source->section),
                 trajectory, time);
    }
}

static tx_status prepare(tx_data_source *source, tx_error *error)
{
    if (!source->prepared && source->class_->prepare) {
        TX_TRY(source->class_->prepare(source, error));
    }
    source->prepared = true;
    return TX_OK;
}

static tx_status not_finite(const tx_data_source *source, int64_t level, tx_error *error)
{
    char place[TX_MESSAGE_SIZE / 2];
    tx_data_source_locate(source, level, place, sizeof place);
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

static tx_status find_not_finite(const checking *c, int64_t first, int64_t count, tx_error *error)
{
    const tx_precision precision = c->source->setup.random.precision;
    const int64_t size = tx_data_level_size(&c->source->shape), bytes = size * (int64_t)tx_real_bytes(precision);
    int64_t level = 0;
    while (level < count - 1 && tx_all_finite(precision, c->data + level * bytes, size)) {
        level++;
    }
    return not_finite(c->source, first + level, error);
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
    source->follower = (tx_follower){check_until, &c};
    TX_TRY(source->class_->read(source, first_level, num_levels, out, error));
    check_numbers(&c, num_levels * size);
    if (!c.finite) {
        return find_not_finite(&c, first_level, num_levels, error);
    }
    *sum = c.sum;
    return TX_OK;
}

tx_status tx_data_source_read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    uint64_t sum;
    return tx_data_source_read_sum(source, first_level, num_levels, out, error, &sum);
}
