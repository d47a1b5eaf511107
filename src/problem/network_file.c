/* A network as a file: parameters, its section, its precision. */
#include "problem/network_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "base/shape.h"
#include "data/beside.h"
#include "problem/constants.h"
#include "trainax/version.h"

static const char format_name[] = "trainax network", gradient_name[] = "trainax gradient";
static const char parameters_group[] = "/parameters";
enum { FORMAT_VERSION = 1 };

static tx_status put_section(tx_file *file, const tx_network *network, tx_error *error)
{
    char *text;
    TX_TRY(tx_section_write(network->section, error, &text));
    const tx_status status = tx_file_set_text(file, "/", "network", text, error);
    tx_free(text);
    return status;
}

/* "1,160": channels and points of the states that the network was made for. */
static tx_status put_state(tx_file *file, const tx_shape *state, tx_error *error)
{
    char text[TX_SHAPE_TEXT];
    tx_shape_write(state, text);
    return tx_file_set_text(file, "/", "state", text, error);
}

tx_status tx_network_file_state(const tx_file *file, tx_error *error, tx_shape *out)
{
    char *text;
    if (!tx_file_has_attribute(file, "/", "state")) {
        return tx_error_set(error, TX_INVALID, "%s does not say which states its network is for: give their shape",
                            tx_file_path(file));
    }
    TX_TRY(tx_file_get_text(file, "/", "state", error, &text));
    const bool good = tx_shape_read(text, out);
    tx_free(text);
    return good ? TX_OK : tx_error_set(error, TX_BAD_DATA, "%s: its `state` is no shape", tx_file_path(file));
}

enum { PATH_SIZE = TX_LEAF_NAME + 16 };

static void leaf_path(const char *group, const tx_leaf *leaf, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s/%s", group, leaf->name);
}

static tx_status put_leaves(tx_file *file, const char *group, const tx_network *network, tx_precision precision, const void *values,
                            tx_error *error)
{
    for (int k = 0; k < network->num_leaves; k++) {
        const tx_leaf *leaf = &network->leaves[k];
        const char *of_leaf = (const char *)values + (size_t)leaf->offset * tx_real_bytes(precision);
        char path[PATH_SIZE];
        leaf_path(group, leaf, path);
        TX_TRY(tx_file_refer_reals(file, path, leaf->rank, leaf->shape, precision, of_leaf, error));
    }
    return TX_OK;
}

static tx_status put_head(tx_file *file, const char *format, const tx_network *network, tx_precision precision, tx_error *error)
{
    TX_TRY(tx_file_set_text(file, "/", "format", format, error));
    TX_TRY(tx_file_set_integer(file, "/", "format_version", FORMAT_VERSION, error));
    TX_TRY(tx_file_set_text(file, "/", "version", tx_version(), error));
    TX_TRY(put_section(file, network, error));
    TX_TRY(put_state(file, &network->input, error));
    TX_TRY(network->whole->stride_given ? tx_file_set_integer(file, "/", "dt_stride", network->whole->stride_given, error) : TX_OK);
    return tx_file_set_text(file, "/", "precision", precision == TX_FLOAT32 ? "float32" : "float64", error);
}

tx_status tx_network_file_put(tx_file *file, const tx_network *network, tx_precision precision, const void *parameters,
                              tx_error *error)
{
    TX_TRY(put_head(file, format_name, network, precision, error));
    TX_TRY(put_leaves(file, parameters_group, network, precision, parameters, error));
    return tx_constants_put(file, network, precision, error);
}

tx_status tx_problem_put_network(const tx_problem *problem, const void *parameters, tx_file *file, tx_error *error)
{
    TX_TRY(tx_network_file_put(file, problem->network, problem->random.precision, parameters, error));
    return problem->normalization ? tx_normalization_write(problem->normalization, file, error) : TX_OK;
}

tx_status tx_network_file_put_gradient(tx_file *file, const tx_network *network, tx_precision precision, const void *gradient,
                                       tx_error *error)
{
    TX_TRY(put_head(file, gradient_name, network, precision, error));
    return put_leaves(file, "/gradient", network, precision, gradient, error);
}

static tx_status check_format(const tx_file *file, tx_error *error)
{
    const char *path = tx_file_path(file);
    if (!tx_file_has_attribute(file, "/", "format") || !tx_file_has(file, "/parameters")) {
        return tx_error_set(error, TX_BAD_DATA, "%s: is no network file (no attribute `format`, no group /parameters)", path);
    }
    char *format;
    int64_t version;
    TX_TRY(tx_file_get_text(file, "/", "format", error, &format));
    const bool known = strcmp(format, format_name) == 0;
    tx_free(format);
    if (!known) {
        return tx_error_set(error, TX_BAD_DATA, "%s: is no network file (its `format` is another)", path);
    }
    TX_TRY(tx_file_get_integer(file, "/", "format_version", error, &version));
    if (version != FORMAT_VERSION) {
        return tx_error_set(error, TX_BAD_DATA, "%s: format version %" PRId64 ", this program reads %d", path, version,
                            FORMAT_VERSION);
    }
    return TX_OK;
}

tx_status tx_network_file_precision(const tx_file *file, tx_error *error, tx_precision *out)
{
    char *name;
    TX_TRY(tx_file_get_text(file, "/", "precision", error, &name));
    const bool wide = strcmp(name, "float64") == 0;
    const tx_status status =
        wide || strcmp(name, "float32") == 0
            ? TX_OK
            : tx_error_set(error, TX_BAD_DATA, "%s: its `precision` is '%.40s', not float32 or float64", tx_file_path(file), name);
    tx_free(name);
    TX_TRY(status);
    *out = wide ? TX_FLOAT64 : TX_FLOAT32;
    return TX_OK;
}

tx_status tx_network_file_check(const tx_file *file, tx_error *error)
{
    tx_precision precision;
    TX_TRY(check_format(file, error));
    return tx_network_file_precision(file, error, &precision);
}

tx_status tx_network_file_open(const char *path, tx_error *error, tx_file **out)
{
    tx_file *file;
    TX_TRY(tx_file_open(path, error, &file));
    const tx_status status = tx_network_file_check(file, error);
    if (status != TX_OK) {
        tx_file_close(file);
        return status;
    }
    *out = file;
    return TX_OK;
}

tx_status tx_network_file_section(const tx_file *file, const tx_registry *registry, tx_error *error, tx_config **out)
{
    char *text;
    tx_error local = {0};
    TX_TRY(tx_file_get_text(file, "/", "network", error, &text));
    const tx_status status = tx_section_read(registry, TX_KIND_NETWORK, tx_file_path(file), text, &local, out);
    tx_free(text);
    return status ? tx_error_set(error, status == TX_INVALID ? TX_BAD_DATA : status, "%s", local.message) : TX_OK;
}

static bool same_shape(const tx_leaf *leaf, const tx_array_shape *shape)
{
    bool same = leaf->rank == shape->rank;
    for (int d = 0; same && d < leaf->rank; d++) {
        same = leaf->shape[d] == shape->size[d];
    }
    return same;
}

static int64_t leaf_size(const tx_leaf *leaf)
{
    int64_t size = 1;
    for (int d = 0; d < leaf->rank; d++) {
        size *= leaf->shape[d];
    }
    return size;
}

static tx_status get_leaf(const tx_file *file, const tx_leaf *leaf, tx_precision precision, void *values, tx_error *error)
{
    char path[PATH_SIZE];
    tx_array_shape shape;
    leaf_path(parameters_group, leaf, path);
    if (!tx_file_has(file, path)) {
        return tx_error_set(error, TX_INVALID, "the stored network has no parameter %s", leaf->name);
    }
    TX_TRY(tx_file_shape(file, path, error, &shape));
    if (!same_shape(leaf, &shape)) {
        return tx_error_set(error, TX_INVALID, "the stored parameter %s has another shape than the network's", leaf->name);
    }
    char *const out = (char *)values + (size_t)leaf->offset * tx_real_bytes(precision);
    TX_TRY(tx_file_read_reals(file, path, leaf->rank, leaf->shape, precision, out, error));
    if (tx_all_finite(precision, out, leaf_size(leaf))) {
        return TX_OK;
    }
    return tx_error_set(error, TX_BAD_DATA, "the stored parameter %s in '%s' holds numbers that are not finite%s", leaf->name,
                        tx_file_path(file), precision == TX_FLOAT32 ? " in float32" : "");
}

static tx_status get_leaves(const tx_file *file, const tx_network *network, tx_precision precision, void *values, tx_error *error)
{
    int count;
    char **names;
    TX_TRY(tx_file_members(file, "/parameters", error, &count, &names));
    tx_free(names);
    for (int k = 0; k < network->num_leaves; k++) {
        TX_TRY(get_leaf(file, &network->leaves[k], precision, values, error));
    }
    if (count != network->num_leaves) {
        return tx_error_set(error, TX_INVALID, "the stored network has %d parameter arrays, this one %d", count,
                            network->num_leaves);
    }
    return TX_OK;
}

tx_status tx_network_file_parameters(const tx_file *file, const tx_network *network, tx_precision precision, void *values,
                                     tx_error *error)
{
    TX_TRY(get_leaves(file, network, precision, values, error));
    const bool kept = network->whole->measured && !tx_constants_in(file, network);
    return kept ? TX_OK : tx_constants_read(file, network, precision, error);
}

tx_status tx_network_file_normalization(const tx_file *file, int64_t channels, tx_error *error, double **out)
{
    double *numbers = NULL;
    if (tx_file_has(file, "/normalization")) {
        TX_TRY(tx_allocate_array(2 * (size_t)channels, sizeof *numbers, error, &numbers));
        tx_status status = tx_file_read_reals(file, "/normalization/mean", 1, &channels, TX_FLOAT64, numbers, error);
        status =
            status ? status : tx_file_read_reals(file, "/normalization/std", 1, &channels, TX_FLOAT64, numbers + channels, error);
        if (status != TX_OK) {
            tx_free(numbers);
            return status;
        }
    }
    *out = numbers;
    return TX_OK;
}

typedef struct numbers {
    void *values;
    size_t count, capacity;
} numbers;

static tx_status append_leaf(const tx_file *file, const char *name, tx_precision precision, numbers *out, tx_error *error)
{
    char path[PATH_SIZE];
    tx_array_shape shape;
    size_t size = 1;
    snprintf(path, sizeof path, "%s/%s", parameters_group, name);
    TX_TRY(tx_file_shape(file, path, error, &shape));
    for (int d = 0; d < shape.rank; d++) {
        size *= (size_t)shape.size[d];
    }
    TX_TRY(tx_file_stored(file, path, (const int64_t[TX_FILE_MAX_RANK]){0}, shape.size, error));
    TX_TRY(tx_reserve(out->count + size, tx_real_bytes(precision), &out->capacity, error, &out->values));
    char *const end = (char *)out->values + out->count * tx_real_bytes(precision);
    out->count += size;
    return tx_file_read_reals(file, path, shape.rank, shape.size, precision, end, error);
}

tx_status tx_network_file_result(const tx_file *file, tx_error *error, char out[TX_DIGEST_SIZE])
{
    tx_precision precision;
    int count;
    char **names;
    numbers all = {0};
    TX_TRY(tx_network_file_precision(file, error, &precision));
    TX_TRY(tx_file_members(file, parameters_group, error, &count, &names));
    tx_status status = TX_OK;
    for (int k = 0; k < count && status == TX_OK; k++) {
        status = append_leaf(file, names[k], precision, &all, error);
    }
    status = status ? status : tx_digest_reals(precision, all.count, all.values, error, out);
    tx_free(names);
    tx_free(all.values);
    return status;
}

static tx_status read_named(const tx_network *network, tx_precision precision, void *values, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_network_file_open(tx_get_string(network->section, "parameters"), error, &file));
    tx_error local = {0};
    tx_status status = get_leaves(file, network, precision, values, &local);
    if (status == TX_OK && tx_constants_in(file, network)) {
        status = tx_constants_read(file, network, precision, &local);
    }
    tx_file_close(file);
    return status == TX_INVALID ? tx_section_error(network->section, "parameters", error, status, "%s", local.message)
           : status             ? tx_error_set(error, status, "%s", local.message)
                                : TX_OK;
}

tx_status tx_network_begin(const tx_network *network, tx_random random, void *values, tx_error *error)
{
    return tx_has(network->section, "parameters") ? read_named(network, random.precision, values, error)
                                                  : tx_network_initialise(network, random, values, error);
}
