/* All trajectories of a source: spread over the ranks, or written to a file by them. */
#include "trainax/data.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "data/beside.h"
#include "plugin/plugin.h"
#include "trainax/file.h"

/* What a rank holds at a time, for each of its threads, when it copies a source into a file; what it reads between two questions
 * whether to go on. */
enum { BUFFER_BYTES = 8 << 20, ROUND_BYTES = 64 << 20 };

tx_status tx_data_source_open(tx_parallel *parallel, const tx_section *section, tx_data_setup setup, tx_error *error,
                              tx_data_source **out)
{
    tx_data_source *source = NULL;
    TX_TRY(tx_plugin_join(parallel, section, true, error));
    const tx_status status = tx_parallel_agree(parallel, tx_data_source_create(section, setup, error, &source), error);
    if (status != TX_OK) {
        tx_data_source_destroy(source);
        return status;
    }
    *out = source;
    return TX_OK;
}

/* What of the shape is not in the numbers: 0 where there is nothing of that kind. */
static uint64_t shape_sum(const tx_data_shape *shape)
{
    tx_hash hash;
    const bool strides = shape->stride[1] > 1;
    tx_hash_begin(&hash);
    return (shape->lengths ? tx_hash_part(&hash, shape->lengths, 0, 2 * (size_t)shape->num_trajectories) : 0) +
           (strides ? tx_hash_part(&hash, shape->stride, TX_HASH_BLOCK / 2, 4) : 0);
}

/* The sum of all ranks' parts modulo 2^64; halves, because sums of ranks must not overflow. */
static tx_status add_up(tx_parallel *parallel, uint64_t mine, tx_error *error, uint64_t *out)
{
    int64_t halves[2] = {(int64_t)(mine & UINT32_MAX), (int64_t)(mine >> 32)};
    TX_TRY(tx_parallel_sum(parallel, halves, 2, error));
    *out = (uint64_t)halves[0] + ((uint64_t)halves[1] << 32);
    return TX_OK;
}

static int64_t level_bytes(const tx_data_source *source)
{
    return tx_data_level_size(&source->shape) * (int64_t)tx_real_bytes(source->setup.random.precision);
}

/* Levels that are read before the ranks ask each other whether to go on. */
static int64_t levels_a_round(const tx_data_source *source)
{
    const int64_t step = source->together ? source->together * source->shape.num_levels : 1;
    const int64_t most = ROUND_BYTES / level_bytes(source);
    return most > step ? most / step * step : step;
}

/* A rank's levels, from `first` on. */
static tx_status read_levels(tx_parallel *parallel, tx_data_source *source, int64_t first, int64_t count, char *out,
                             tx_error *error, uint64_t *sum)
{
    const int64_t round = levels_a_round(source), end = first + count;
    int64_t level = first, left = 1;
    while (left) {
        const int64_t next = (level / round + 1) * round, now = (next < end ? next : end) - level;
        uint64_t part = 0;
        const tx_status mine = tx_parallel_asked_to_stop(parallel)
                                   ? tx_error_set(error, TX_STOPPED, "asked to stop while data are read")
                                   : tx_data_source_read_sum(source, level, now, out, error, &part);
        TX_TRY(tx_parallel_agree(parallel, mine, error));
        out += now * level_bytes(source);
        level += now;
        *sum += part;
        left = end - level;
        TX_TRY(tx_parallel_max(parallel, &left, 1, error));
    }
    return TX_OK;
}

static tx_status fill(tx_parallel *parallel, tx_data_source *source, tx_placement placement, tx_dataset *dataset, tx_error *error)
{
    int64_t first, count;
    uint64_t sum = 0;
    void *items;
    tx_error local = {0};
    tx_store_part(dataset->store, &first, &count, &items);
    const tx_status status = read_levels(parallel, source, first, count, items, &local, &sum);
    dataset->partial = status == TX_STOPPED;
    if (status != TX_OK && status != TX_STOPPED) {
        return tx_error_set(error, status, "%s", local.message);
    }
    const bool counts = placement == TX_SHARDED || tx_parallel_rank(parallel) == 0; /* replicated, all have all */
    TX_TRY(add_up(parallel, counts ? sum : 0, error, &dataset->checksum));
    dataset->checksum += shape_sum(&source->shape);
    return tx_store_commit(dataset->store, error);
}

/* In one allocation; NULL where they are not known. */
static tx_status copy_names(const tx_named *from, tx_error *error, const char ***out)
{
    size_t bytes = (size_t)from->count * sizeof **out;
    for (int k = 0; from->names && k < from->count; k++) {
        bytes += strlen(from->names[k]) + 1;
    }
    if (!from->names || !from->count) {
        return TX_OK;
    }
    TX_TRY(tx_allocate(bytes, error, out));
    char *at = (char *)(*out + from->count);
    for (int k = 0; k < from->count; k++) {
        (*out)[k] = at;
        at = stpcpy(at, from->names[k]) + 1;
    }
    return TX_OK;
}

/* All but the numbers. */
static tx_status describe_dataset(const tx_data_source *source, tx_error *error, tx_dataset **out)
{
    const tx_data_shape *shape = &source->shape;
    const size_t bytes = (size_t)shape->num_trajectories * sizeof *shape->lengths;
    tx_dataset *dataset;
    TX_TRY(tx_allocate(sizeof *dataset + (shape->lengths ? bytes : 0), error, &dataset));
    *dataset = (tx_dataset){.shape = *shape, .precision = source->setup.random.precision};
    *out = dataset;
    if (shape->lengths) {
        dataset->shape.lengths = memcpy(dataset + 1, shape->lengths, bytes);
    }
    TX_TRY(copy_names(&source->parameters, error, &dataset->names[0]));
    TX_TRY(copy_names(&source->constants, error, &dataset->names[1]));
    dataset->shape.parameter_names = (const char *const *)dataset->names[0];
    dataset->shape.constant_names = (const char *const *)dataset->names[1];
    return tx_normalization_copy(&source->normalization, error, &dataset->normalization);
}

tx_status tx_dataset_load(tx_parallel *parallel, tx_data_source *source, tx_placement placement, tx_error *error, tx_dataset **out)
{
    tx_dataset *dataset = NULL;
    source->job = parallel;
    TX_TRY(tx_data_source_settle(parallel, source, error));
    tx_status status = tx_parallel_agree(parallel, describe_dataset(source, error, &dataset), error);
    if (status == TX_OK) {
        const tx_data_shape *shape = &source->shape;
        const size_t bytes = (size_t)tx_data_level_size(shape) * tx_real_bytes(dataset->precision);
        status =
            tx_store_create(parallel, placement, shape->num_trajectories * shape->num_levels, bytes, true, error, &dataset->store);
    }
    if (status == TX_OK) {
        status = fill(parallel, source, placement, dataset, error);
    }
    if (status != TX_OK) {
        tx_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return TX_OK;
}

tx_status tx_dataset_create(tx_parallel *parallel, const tx_section *section, tx_data_setup setup, tx_placement placement,
                            tx_error *error, tx_dataset **out)
{
    tx_data_source *source;
    TX_TRY(tx_data_source_open(parallel, section, setup, error, &source));
    const tx_status status = tx_dataset_load(parallel, source, placement, error, out);
    tx_dataset_keep(status ? NULL : *out, source);
    return status;
}

void tx_dataset_keep(tx_dataset *dataset, tx_data_source *source)
{
    if (dataset && source->shape.parameters + source->shape.constants > 0) {
        dataset->source = source;
    } else {
        tx_data_source_destroy(source);
    }
}

/* What they add to the checksum of the data. */
static uint64_t beside_sum(const tx_dataset *dataset)
{
    tx_hash hash;
    tx_hash_begin(&hash);
    return tx_hash_part(&hash, dataset->beside.rows, 0, (size_t)dataset->shape.num_trajectories * dataset->beside.bytes / 4);
}

size_t tx_dataset_need_bytes(const tx_dataset *dataset, int64_t asked)
{
    return asked <= dataset->beside.count ? 0 : tx_beside_bytes(&dataset->shape, dataset->precision, asked);
}

tx_status tx_dataset_need(tx_parallel *parallel, tx_dataset *dataset, tx_data_source *source, int64_t asked, tx_error *error)
{
    if (asked <= dataset->beside.count) {
        return TX_OK;
    }
    source = source ? source : dataset->source;
    dataset->checksum -= beside_sum(dataset);
    tx_beside_free(&dataset->beside);
    const tx_status mine =
        source ? tx_beside_read(source, asked, error, &dataset->beside)
               : tx_error_set(error, TX_INVALID, "the data were loaded without what stands beside their trajectories");
    TX_TRY(tx_parallel_agree(parallel, mine, error));
    dataset->checksum += beside_sum(dataset);
    return TX_OK;
}

size_t tx_dataset_bytes(const tx_data_source *source, tx_placement placement, int num_ranks)
{
    const size_t level = (size_t)tx_data_level_size(&source->shape) * tx_real_bytes(source->setup.random.precision);
    const size_t levels = (size_t)(source->shape.num_trajectories * source->shape.num_levels), ranks = (size_t)num_ranks;
    return level * (placement == TX_REPLICATED ? levels : (levels + ranks - 1) / ranks);
}

void tx_dataset_destroy(tx_dataset *dataset)
{
    if (dataset) {
        tx_store_destroy(dataset->store);
        tx_beside_free(&dataset->beside);
        tx_data_source_destroy(dataset->source);
        tx_normalization_free(&dataset->normalization);
        tx_free(dataset->names[0]);
        tx_free(dataset->names[1]);
        tx_free(dataset);
    }
}

/* ---- Writing ---- */

/* What is dealt out to ranks: trajectories, which one rank computes from their beginning; levels, if there are fewer than ranks. */
static int64_t levels_dealt(const tx_data_source *source, int num_ranks)
{
    return source->shape.num_trajectories < num_ranks ? 1 : source->shape.num_levels;
}

/* Levels that a rank copies at a time. */
static int64_t levels_at_once(const tx_data_source *source, int num_ranks)
{
    const int64_t unit = levels_dealt(source, num_ranks), all = source->shape.num_trajectories * source->shape.num_levels / unit;
    const int64_t share = (all + num_ranks - 1) / num_ranks * unit;
    const int64_t most = tx_data_source_batch(source, (int64_t)BUFFER_BYTES * source->setup.threads);
    return share < most ? share : most;
}

size_t tx_dataset_write_bytes(const tx_data_source *source, int num_ranks)
{
    return source->working + (size_t)(levels_at_once(source, num_ranks) * level_bytes(source)) + tx_beside_write_bytes(source);
}

/* Copies this rank's share of the levels. */
static tx_status copy_share(tx_parallel *parallel, tx_data_source *source, tx_file_writer *writer, tx_error *error)
{
    const int64_t rank = tx_parallel_rank(parallel), size = tx_parallel_size(parallel);
    const int64_t unit = levels_dealt(source, (int)size), all = source->shape.num_trajectories * source->shape.num_levels / unit;
    const int64_t share = all / size, extra = all % size;
    const int64_t first = (rank * share + (rank < extra ? rank : extra)) * unit, end = first + (share + (rank < extra)) * unit;
    const int64_t most = levels_at_once(source, (int)size);
    void *buffer;
    TX_TRY(tx_allocate_array((size_t)most, (size_t)level_bytes(source), error, &buffer));
    tx_status status = TX_OK;
    for (int64_t level = first, count; status == TX_OK && level < end; level += count) {
        const int64_t next = (level / most + 1) * most;
        count = (next < end ? next : end) - level;
        status = tx_data_source_read(source, level, count, buffer, error);
        if (status == TX_OK) {
            status = tx_file_writer_write(writer, level, count, buffer, error);
        }
    }
    tx_free(buffer);
    return status;
}

static tx_status write_source(tx_parallel *parallel, tx_data_source *source, tx_file_writer *writer, tx_error *error)
{
    const tx_data_shape *shape = &source->shape;
    TX_TRY(shape->dt != 0.0 ? tx_file_writer_set_real(writer, "dt", shape->dt, error) : TX_OK);
    TX_TRY(shape->domain_extent > 0.0 ? tx_file_writer_set_real(writer, "domain_extent", shape->domain_extent, error) : TX_OK);
    return tx_parallel_agree(parallel, copy_share(parallel, source, writer, error), error);
}

static tx_status open_writer(tx_parallel *parallel, tx_data_source *source, const char *path, tx_error *error, tx_file_writer **out)
{
    const tx_data_shape *shape = &source->shape;
    int64_t size[3 + TX_MAX_AXES] = {shape->num_trajectories, shape->num_levels, shape->state.channels};
    for (int d = 0; d < shape->state.axes; d++) {
        size[3 + d] = shape->state.n[d];
    }
    tx_file *beside = NULL;
    const tx_status mine = tx_parallel_rank(parallel) == 0 ? tx_beside_write(source, error, &beside) : TX_OK;
    tx_status status = tx_parallel_agree(parallel, mine, error);
    if (status == TX_OK) {
        status = tx_file_writer_create_in(parallel, beside, path, 3 + shape->state.axes, size, source->setup.random.precision,
                                          error, out);
    }
    tx_file_close(beside);
    return status;
}

tx_status tx_dataset_write(tx_parallel *parallel, tx_data_source *source, const tx_output *output, tx_error *error)
{
    tx_file_writer *writer;
    TX_TRY(tx_data_source_settle(parallel, source, error));
    TX_TRY(open_writer(parallel, source, output->path, error, &writer));
    const tx_status status = write_source(parallel, source, writer, error);
    if (status != TX_OK) {
        tx_file_writer_abandon(writer);
        return status;
    }
    return output->overwrite ? tx_file_writer_finish(writer, error) : tx_file_writer_finish_new(writer, error);
}
