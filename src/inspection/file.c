/* What is in a file, in words. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/open.h"
#include "file/find.h"
#include "inspection/data.h"
#include "problem/network_file.h"
#include "problem/problem.h"
#include "trainax/inspection.h"

static tx_status add_shape(tx_text *text, const tx_array_shape *shape, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "("));
    for (int d = 0; d < shape->rank; d++) {
        TX_TRY(tx_text_add(text, error, "%s%" PRId64, d ? ", " : "", shape->size[d]));
    }
    return tx_text_add(text, error, shape->rank == 1 ? ",)\n" : ")\n");
}

static tx_status add_real(const tx_file *file, const char *name, tx_text *text, tx_error *error)
{
    double value;
    if (!tx_file_has_attribute(file, "/", name)) {
        return TX_OK;
    }
    TX_TRY(tx_file_get_real(file, "/", name, error, &value));
    return tx_text_add(text, error, "%s: %.9g\n", name, value);
}

/* Zero stands for an unknown one. */
static tx_status add_spacing(const tx_file *file, tx_text *text, tx_error *error)
{
    double dt = 0;
    TX_TRY(tx_file_has_attribute(file, "/", "dt") ? tx_file_get_real(file, "/", "dt", error, &dt) : TX_OK);
    return dt != 0 ? add_real(file, "dt", text, error) : tx_text_add(text, error, "dt: unknown\n");
}

static tx_status add_doubt(const tx_array_shape *shape, tx_text *text, tx_error *error)
{
    char doubt[TX_DOUBT];
    tx_shape state = {.channels = shape->size[2], .axes = shape->rank > 6 ? 0 : shape->rank - 3};
    for (int d = 0; d < state.axes; d++) {
        state.n[d] = shape->size[3 + d];
    }
    return tx_problem_doubt_axes(&state, doubt) ? tx_text_add(text, error, "note: %s\n", doubt) : TX_OK;
}

static tx_status add_text(const tx_file *file, const char *name, const char *format, tx_text *text, tx_error *error)
{
    char *value;
    if (!tx_file_has_attribute(file, "/", name)) {
        return TX_OK;
    }
    TX_TRY(tx_file_get_text(file, "/", name, error, &value));
    const size_t length = strlen(value);
    const char *end = length && value[length - 1] == '\n' ? "" : "\n";
    const tx_status status = tx_text_add(text, error, "%s:%s%s%s", name, format, value, end);
    tx_free(value);
    return status;
}

/* Of a small leaf the numbers too, of one that holds none its type. */
static tx_status add_values(const tx_file *file, const char *path, const tx_array_shape *shape, int64_t size, tx_text *text,
                            tx_error *error)
{
    enum { MOST = 8 };
    double values[MOST];
    const bool numbers = shape->is_float || shape->is_integer;
    if (numbers && size > MOST) {
        return TX_OK;
    }
    text->size--; /* the line goes on */
    if (!numbers) {
        return tx_text_add(text, error, ": %s\n", shape->type);
    }
    TX_TRY(tx_file_read_reals(file, path, shape->rank, shape->size, TX_FLOAT64, values, error));
    TX_TRY(tx_text_add(text, error, ":"));
    for (int64_t k = 0; k < size; k++) {
        TX_TRY(tx_text_add(text, error, " %.*g", shape->bytes == 4 ? 9 : 17, values[k]));
    }
    return tx_text_add(text, error, "\n");
}

static tx_status add_leaf(const tx_file *file, const char *group, const char *name, tx_text *text, int64_t *total, tx_error *error)
{
    char path[TX_LEAF_NAME + 16], shown[TX_MESSAGE_SIZE];
    tx_array_shape shape;
    int64_t size = 1;
    snprintf(path, sizeof path, "%s/%s", group, name);
    TX_TRY(tx_file_shape(file, path, error, &shape));
    for (int d = 0; d < shape.rank; d++) {
        size *= shape.size[d];
    }
    *total += size;
    tx_escape(name, shown, sizeof shown);
    TX_TRY(tx_text_add(text, error, "  %s ", shown));
    TX_TRY(add_shape(text, &shape, error));
    return add_values(file, path, &shape, size, text, error);
}

/* The units of data, or of the data of a network. */
static tx_status add_normalization(const tx_file *file, tx_text *text, tx_error *error)
{
    int64_t total = 0;
    if (!tx_file_has(file, "/normalization")) {
        return TX_OK;
    }
    TX_TRY(tx_text_add(text, error, "normalization: (x - mean)/std\n"));
    TX_TRY(add_leaf(file, "/normalization", "mean", text, &total, error));
    return add_leaf(file, "/normalization", "std", text, &total, error);
}

static tx_status add_trajectories(const tx_file *file, const char *path, tx_text *text, tx_error *error)
{
    tx_array_shape shape;
    TX_TRY(tx_file_shape(file, "/trajectories", error, &shape));
    if (shape.rank < 3) {
        return tx_error_set(error, TX_BAD_DATA, "%s: /trajectories has %d ax%s, at least 3 are needed (samples, levels, channels)",
                            path, shape.rank, shape.rank == 1 ? "is" : "es");
    }
    TX_TRY(tx_text_add(text, error, "trajectories: %" PRId64 "\nlevels: %" PRId64 "\nchannels: %" PRId64 "\nshape: ", shape.size[0],
                       shape.size[1], shape.size[2]));
    TX_TRY(add_shape(text, &shape, error));
    TX_TRY(tx_text_add(text, error, "type: %s\n", shape.type));
    TX_TRY(add_spacing(file, text, error));
    TX_TRY(add_real(file, "domain_extent", text, error));
    TX_TRY(add_normalization(file, text, error));
    return add_doubt(&shape, text, error);
}

static tx_status add_leaves(const tx_file *file, const char *group, tx_text *text, tx_error *error)
{
    int count;
    char **names;
    int64_t total = 0;
    TX_TRY(tx_file_members(file, group, error, &count, &names));
    tx_status status = tx_text_add(text, error, "leaves:\n");
    for (int k = 0; k < count && status == TX_OK; k++) {
        status = add_leaf(file, group, names[k], text, &total, error);
    }
    tx_free(names);
    TX_TRY(status);
    return tx_text_add(text, error, "parameters: %" PRId64 "\n", total);
}

static tx_status add_result(const tx_file *file, tx_text *text, tx_error *error)
{
    char result[TX_DIGEST_SIZE];
    if (!tx_file_has(file, "/parameters") || !tx_file_has_attribute(file, "/", "precision")) {
        return TX_OK;
    }
    TX_TRY(tx_network_file_result(file, error, result));
    return tx_text_add(text, error, "result: %s\n", result);
}

/* By what best.h5 was chosen: "mean_nRMSE: 0.0123". */
static tx_status add_best(const tx_file *file, tx_text *text, tx_error *error)
{
    char *metric;
    double value;
    if (!tx_file_has_attribute(file, "/", "metric") || !tx_file_has_attribute(file, "/", "value")) {
        return TX_OK;
    }
    TX_TRY(tx_file_get_real(file, "/", "value", error, &value));
    TX_TRY(tx_file_get_text(file, "/", "metric", error, &metric));
    const tx_status status = tx_text_add(text, error, "%s: %.9g\n", metric, value);
    tx_free(metric);
    return status;
}

static tx_status add_network(const tx_file *file, const char *group, const char *content, tx_text *text, tx_error *error)
{
    int64_t step;
    TX_TRY(tx_text_add(text, error, "content: %s\n", content));
    TX_TRY(add_text(file, "precision", " ", text, error));
    if (tx_file_has_attribute(file, "/", "step")) {
        TX_TRY(tx_file_get_integer(file, "/", "step", error, &step));
        TX_TRY(tx_text_add(text, error, "step: %" PRId64 "\n", step));
    }
    TX_TRY(add_best(file, text, error));
    TX_TRY(add_text(file, "isa", " ", text, error));
    TX_TRY(add_text(file, "version", " ", text, error));
    TX_TRY(add_real(file, "loss", text, error));
    TX_TRY(add_normalization(file, text, error));
    TX_TRY(add_leaves(file, group, text, error));
    TX_TRY(add_result(file, text, error));
    return add_text(file, "network", "\n", text, error);
}

static tx_status describe(const tx_file *file, const char *path, tx_text *text, tx_error *error)
{
    if (tx_file_has(file, "/trajectories")) {
        return add_trajectories(file, path, text, error);
    }
    if (tx_file_has_attribute(file, "/", "network")) {
        if (tx_file_has(file, "/parameters")) {
            return add_network(file, "/parameters", tx_file_has(file, "/optimizer") ? "checkpoint" : "network", text, error);
        }
        if (tx_file_has(file, "/gradient")) {
            return add_network(file, "/gradient", "gradient", text, error);
        }
    }
    tx_array_shape shape;
    tx_error missing = {0}; /* which tells what is there */
    tx_file_shape(file, "/trajectories", &missing, &shape);
    return tx_error_set(error, TX_BAD_DATA,
                        "%s, and it is no network either (`type: file` with `dataset` and `axes` reads data of any layout)",
                        missing.message);
}

/* A folder of folders, as The Well has them. *told: how many. */
static tx_status describe_folders(const tx_registry *registry, const char *path, bool statistics, int *told, tx_text *text,
                                  tx_error *error)
{
    static const char *const below[] = {"train", "valid", "test", "data/train", "data/valid", "data/test"};
    for (size_t k = 0; k < sizeof below / sizeof *below; k++) {
        char folder[PATH_MAX];
        const bool fits = snprintf(folder, sizeof folder, "%s/%s", path, below[k]) < PATH_MAX;
        const tx_component *source = fits && access(folder, F_OK) == 0 ? tx_data_recognize(registry, folder) : NULL;
        if (source) {
            TX_TRY(tx_text_add(text, error, "folder: %s\n", below[k]));
            TX_TRY(tx_inspect_data(registry, source->name, folder, statistics, text, error));
            ++*told;
        }
    }
    return TX_OK;
}

/* A file, or the first one of several. */
static tx_status open_first(const char *path, tx_error *error, tx_file **out)
{
    tx_paths paths = {0};
    TX_TRY(tx_paths_find(1, &path, error, &paths));
    const tx_status status = tx_file_open(paths.path[0], error, out);
    tx_paths_free(&paths);
    return status;
}

/* Anything else is known to a source of data, or to nobody; then the file itself says why. */
static tx_status describe_other(const tx_registry *registry, const char *path, bool statistics, tx_text *text, tx_error *error)
{
    tx_file *file;
    const tx_component *source = registry ? tx_data_recognize(registry, path) : NULL;
    struct stat info;
    const bool single = stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
    if (source && (strcmp(source->name, "file") != 0 || !single)) {
        return tx_inspect_data(registry, source->name, path, statistics, text, error);
    }
    int told = 0;
    TX_TRY(registry && !source ? describe_folders(registry, path, statistics, &told, text, error) : TX_OK);
    if (told) {
        return TX_OK;
    }
    TX_TRY(open_first(path, error, &file));
    tx_status status = describe(file, path, text, error);
    if (status == TX_OK && source) {
        tx_error local = {0};
        status = tx_inspect_data(registry, NULL, path, statistics, text, &local);
        status = status == TX_BAD_DATA ? tx_text_add(text, error, "note: %s\n", local.message)
                 : status              ? tx_error_set(error, status, "%s", local.message)
                                       : TX_OK;
    }
    tx_file_close(file);
    return status;
}

tx_status tx_inspect_file(const tx_registry *registry, const char *path, bool statistics, tx_error *error, char **out)
{
    tx_text text = {0};
    const tx_status status = describe_other(registry, path, statistics, &text, error);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    *out = text.data;
    return TX_OK;
}
