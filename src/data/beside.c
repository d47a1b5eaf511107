/* What stands beside trajectories: read for graphs, written into a file. */
#include "data/beside.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"

/* ---- Read ---- */

/* Numbers of a trajectory that are read for so many. */
static int64_t row_size(const tx_data_shape *shape, int64_t asked)
{
    const int64_t all = shape->parameters + shape->constants;
    return !asked ? 0 : asked > all ? all + 1 : asked > shape->parameters ? all : shape->parameters;
}

size_t tx_beside_bytes(const tx_data_shape *shape, tx_precision precision, int64_t asked)
{
    return (size_t)(shape->num_trajectories * row_size(shape, asked)) * tx_real_bytes(precision);
}

tx_status tx_beside_check(const tx_data_shape *shape, int64_t asked, tx_error *error)
{
    const bool drawn = shape->stride[1] > tx_data_stride(shape); /* then a window's stride is one more */
    return asked <= shape->parameters + shape->constants + drawn
               ? TX_OK
               : tx_error_set(error, TX_INVALID,
                              "%" PRId64 " numbers beside each trajectory are read, but the data have %" PRId64
                              " `parameters` and %" PRId64 " numbers of `constant_fields`",
                              asked, shape->parameters, shape->constants);
}

/* From (trajectories, parameters) into rows, the last first. */
static void spread(const tx_beside *beside, int64_t trajectories, size_t parameters)
{
    for (size_t k = (size_t)trajectories; k-- > 1;) {
        memmove(beside->rows + k * beside->bytes, beside->rows + k * parameters, parameters);
    }
}

static tx_status read_fields(tx_data_source *source, const tx_beside *beside, size_t parameters, tx_error *error)
{
    const size_t real = tx_real_bytes(source->setup.random.precision), constants = (size_t)source->shape.constants * real;
    for (int64_t k = 0; k < source->shape.num_trajectories; k++) {
        char *fields = beside->rows + (size_t)k * beside->bytes + parameters;
        if (beside->bytes > parameters + constants) {
            tx_real_put(source->setup.random.precision, fields, (size_t)source->shape.constants,
                        (double)tx_data_stride(&source->shape));
        }
        if (k && source->shared_constants) {
            memcpy(fields, beside->rows + parameters, constants);
        } else {
            TX_TRY(tx_data_source_constants(source, k, fields, error));
        }
    }
    return TX_OK;
}

static tx_status read_rows(tx_data_source *source, const tx_beside *beside, tx_error *error)
{
    const size_t parameters = (size_t)source->shape.parameters * tx_real_bytes(source->setup.random.precision);
    TX_TRY(tx_data_source_parameters(source, beside->rows, error));
    spread(beside, source->shape.num_trajectories, parameters);
    return beside->bytes > parameters ? read_fields(source, beside, parameters, error) : TX_OK;
}

tx_status tx_beside_read(tx_data_source *source, int64_t asked, tx_error *error, tx_beside *out)
{
    tx_beside beside = {.count = row_size(&source->shape, asked)};
    beside.bytes = (size_t)beside.count * tx_real_bytes(source->setup.random.precision);
    TX_TRY(tx_beside_check(&source->shape, asked, error));
    if (asked) {
        TX_TRY(tx_allocate_array((size_t)source->shape.num_trajectories, beside.bytes, error, &beside.rows));
    }
    const tx_status status = asked ? read_rows(source, &beside, error) : TX_OK;
    if (status != TX_OK) {
        tx_beside_free(&beside);
        return status;
    }
    *out = beside;
    return TX_OK;
}

void tx_beside_free(tx_beside *beside)
{
    tx_free(beside->rows);
    *beside = (tx_beside){0};
}

/* ---- Written ---- */

static tx_status write_names(const char *attribute, const char *const *names, int64_t count, tx_file *file, tx_error *error)
{
    return names && count ? tx_file_set_texts(file, attribute, (int)count, names, error) : TX_OK;
}

static tx_status write_parameters(tx_data_source *source, tx_file *file, tx_error *error)
{
    const int64_t size[2] = {source->shape.num_trajectories, source->parameters.count};
    const tx_precision precision = source->setup.random.precision;
    void *rows;
    if (!source->parameters.count) {
        return TX_OK;
    }
    TX_TRY(tx_allocate_array((size_t)(size[0] * size[1]), tx_real_bytes(precision), error, &rows));
    tx_status status = tx_data_source_parameters(source, rows, error);
    status = status ? status : tx_file_write_reals(file, "/parameters", 2, size, precision, rows, error);
    tx_free(rows);
    return status;
}

static tx_status read_constants(tx_data_source *source, int64_t count, size_t bytes, char *out, tx_error *error)
{
    for (int64_t k = 0; k < count; k++) {
        TX_TRY(tx_data_source_constants(source, k, out + (size_t)k * bytes, error));
    }
    return TX_OK;
}

static tx_status write_constants(tx_data_source *source, tx_file *file, tx_error *error)
{
    const tx_shape *state = &source->shape.state;
    const tx_precision precision = source->setup.random.precision;
    int64_t size[2 + TX_MAX_AXES] = {source->shared_constants ? 1 : source->shape.num_trajectories, source->constants.count};
    const size_t bytes = (size_t)(size[1] * tx_shape_points(state)) * tx_real_bytes(precision);
    char *fields;
    if (!source->constants.count) {
        return TX_OK;
    }
    memcpy(size + 2, state->n, (size_t)state->axes * sizeof *size);
    TX_TRY(tx_allocate_array((size_t)size[0], bytes, error, &fields));
    tx_status status = read_constants(source, size[0], bytes, fields, error);
    status = status ? status : tx_file_write_reals(file, "/constant_fields", 2 + state->axes, size, precision, fields, error);
    tx_free(fields);
    return status;
}

tx_status tx_normalization_write(const tx_normalization *normalization, tx_file *file, tx_error *error)
{
    if (!normalization->mean) {
        return TX_OK;
    }
    TX_TRY(tx_file_write_reals(file, "/normalization/mean", 1, &normalization->channels, TX_FLOAT64, normalization->mean, error));
    return tx_file_write_reals(file, "/normalization/std", 1, &normalization->channels, TX_FLOAT64, normalization->std, error);
}

size_t tx_beside_write_bytes(const tx_data_source *source)
{
    const tx_data_shape *shape = &source->shape;
    const int64_t fields = shape->constants * (source->shared_constants ? 1 : shape->num_trajectories);
    return 2 * (size_t)(shape->parameters * shape->num_trajectories + fields) * tx_real_bytes(source->setup.random.precision);
}

tx_status tx_beside_write(tx_data_source *source, tx_error *error, tx_file **out)
{
    const tx_data_shape *shape = &source->shape;
    TX_TRY(tx_file_create(error, out));
    TX_TRY(write_names("channel_names", source->channel_names, shape->state.channels, *out, error));
    TX_TRY(write_names("parameter_names", source->parameters.names, source->parameters.count, *out, error));
    TX_TRY(write_names("constant_field_names", source->constants.names, source->constants.count, *out, error));
    TX_TRY(write_parameters(source, *out, error));
    TX_TRY(write_constants(source, *out, error));
    TX_TRY(shape->lengths ? tx_file_write_integers(*out, "/lengths", 1, &shape->num_trajectories, shape->lengths, error) : TX_OK);
    return tx_normalization_write(&source->normalization, *out, error);
}
