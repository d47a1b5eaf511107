/* What of the held-out trajectories is where, while an evaluation goes through them. */
#include "evaluation/levels.h"

#include "base/memory.h"

enum { BUFFER_BYTES = 32 << 20 };

/* ---- How much at a time ---- */

static int64_t between(int64_t least, int64_t value, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* Whole trajectories of as many samples as there is room for; parts of them only where these are read as well as wholes. */
void tx_levels_choose(tx_levels *levels, int least, int most)
{
    const int64_t room = BUFFER_BYTES / (int64_t)levels->level_bytes;
    levels->group = most;
    if (levels->source) {
        levels->group = (int)between(least, room / levels->needed, most);
        levels->piece = levels->source->class_->read_box ? between(1, room / levels->group, levels->needed) : levels->needed;
    }
}

size_t tx_levels_bytes(const tx_levels *levels)
{
    return (size_t)levels->group * ((size_t)levels->piece * levels->level_bytes + sizeof(void *) + sizeof(int64_t));
}

tx_status tx_levels_allocate(tx_levels *levels, tx_error *error)
{
    const size_t group = (size_t)levels->group;
    TX_TRY(tx_allocate_array(group, sizeof *levels->places, error, &levels->places));
    if (levels->store) {
        return tx_store_reserve(levels->store, levels->group, 1, error);
    }
    TX_TRY(tx_allocate_array(group, sizeof *levels->windows, error, &levels->windows));
    return tx_allocate_array(group * (size_t)levels->piece, levels->level_bytes, error, &levels->buffer);
}

void tx_levels_free(tx_levels *levels)
{
    tx_free(levels->places);
    tx_free(levels->windows);
    tx_free(levels->buffer);
}

/* ---- Which levels ---- */

bool tx_levels_can_be_read(const tx_data_source *source)
{
    return source->class_->read_box || tx_data_stride(&source->shape) == 1;
}

bool tx_levels_has(const tx_data_shape *shape, int64_t trajectory, int64_t level)
{
    return level * tx_data_stride(shape) < tx_data_length(shape, trajectory);
}

/* ---- Groups ---- */

int64_t tx_levels_groups(const tx_levels *levels)
{
    return (levels->count + levels->group - 1) / levels->group;
}

const void *tx_levels_numbers(const tx_levels *levels, int64_t group, int sample)
{
    return tx_beside_of(levels->beside, levels->first + group * levels->group + sample);
}

int tx_levels_group_size(const tx_levels *levels, int64_t group)
{
    return (int)between(0, levels->count - group * levels->group, levels->group);
}

/* The flattened level of a sample of a group. */
static int64_t place_of(const tx_levels *levels, int64_t group, int sample, int64_t level)
{
    const tx_data_shape *shape = levels->shape;
    const int64_t trajectory = levels->first + group * levels->group + sample;
    return trajectory * shape->num_levels +
           (tx_levels_has(shape, trajectory, level) ? level * tx_data_stride(shape) : tx_data_length(shape, trajectory) - 1);
}

/* ---- Fetching: items are (group, level), in this order ---- */

static tx_status fetch(tx_levels *levels, int64_t item, tx_error *error)
{
    const int64_t group = item / levels->needed;
    const int count = tx_levels_group_size(levels, group);
    for (int k = 0; k < count; k++) {
        levels->places[k] = place_of(levels, group, k, item % levels->needed);
    }
    return tx_store_fetch(levels->store, tx_store_slot(item), count, 1, levels->places, error);
}

static tx_status get_fetched(tx_levels *levels, int64_t item, tx_error *error, const void *const **out)
{
    TX_TRY(tx_store_wait(levels->store, tx_store_slot(item), out, error));
    return item + 1 < tx_levels_groups(levels) * levels->needed ? fetch(levels, item + 1, error) : TX_OK;
}

/* ---- Reading ---- */

static tx_status read_piece(tx_levels *levels, int64_t group, int64_t from, tx_error *error)
{
    const int count = tx_levels_group_size(levels, group);
    const int64_t many = between(0, levels->needed - from, levels->piece);
    const bool lie_together = !levels->shape->lengths && tx_data_stride(levels->shape) == 1;
    const int64_t together = lie_together ? many : 1;
    if (together == levels->shape->num_levels) {
        return tx_data_source_read(levels->source, place_of(levels, group, 0, 0), count * many, levels->buffer, error);
    }
    for (int64_t k = 0; k < count * many; k += together) {
        const int sample = (int)(k / many);
        char *to = levels->buffer + (size_t)(sample * levels->piece + k % many) * levels->level_bytes;
        TX_TRY(tx_data_source_read(levels->source, place_of(levels, group, sample, from + k % many), together, to, error));
    }
    return TX_OK;
}

static tx_status get_read(tx_levels *levels, int64_t group, int64_t level, tx_error *error, const void *const **out)
{
    const int64_t place = level % levels->piece;
    TX_TRY(place ? TX_OK : read_piece(levels, group, level, error));
    for (int k = 0; k < levels->group; k++) {
        levels->windows[k] = levels->buffer + (size_t)(k * levels->piece + place) * levels->level_bytes;
    }
    *out = levels->windows;
    return TX_OK;
}

/* ---- Either ---- */

tx_status tx_levels_begin(tx_levels *levels, tx_error *error)
{
    return levels->store && levels->count ? fetch(levels, 0, error) : TX_OK;
}

tx_status tx_levels_get(tx_levels *levels, int64_t group, int64_t level, tx_error *error, const void *const **out)
{
    return levels->store ? get_fetched(levels, group * levels->needed + level, error, out)
                         : get_read(levels, group, level, error, out);
}
