/* Reading numbers of a stats.yaml. */
#include "data/stats_yaml.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/number.h"
#include "component/yaml.h"
#include "trainax/file.h"

enum { MOST_ABOVE = 2, MOST = 64 };

struct tx_stats_yaml {
    char path[PATH_MAX];
    tx_pool pool;
    tx_yaml *root;
};

/* Where it is: from the folder that holds the data upwards. */
static tx_status find(const char *path, tx_error *error, char out[PATH_MAX])
{
    char folder[PATH_MAX];
    struct stat info;
    snprintf(folder, sizeof folder, "%s", path);
    for (size_t length = strlen(folder); length > 1 && folder[length - 1] == '/'; length--) {
        folder[length - 1] = '\0';
    }
    for (int above = -1; above <= MOST_ABOVE; above++) {
        if (above >= 0 && snprintf(out, PATH_MAX, "%s/stats.yaml", folder) < PATH_MAX && stat(out, &info) == 0) {
            return TX_OK;
        }
        char *slash = above >= 0 || stat(folder, &info) != 0 || !S_ISDIR(info.st_mode) ? strrchr(folder, '/') : NULL;
        if (slash) {
            *slash = '\0';
        }
    }
    return tx_error_set(error, TX_BAD_DATA, "there is no stats.yaml for '%s': normalize needs it there or up to two folders above",
                        path);
}

static tx_status parse(tx_stats_yaml *stats, tx_error *error)
{
    char *text;
    tx_error local = {0};
    TX_TRY(tx_text_read(stats->path, error, &text));
    const tx_status status = tx_yaml_read(&stats->pool, stats->path, true, text, &local, &stats->root);
    tx_free(text);
    return status ? tx_error_set(error, status == TX_INVALID ? TX_BAD_DATA : status, "%s", local.message) : TX_OK;
}

tx_status tx_stats_yaml_open(const char *path, tx_error *error, tx_stats_yaml **out)
{
    tx_stats_yaml *stats;
    TX_TRY(tx_allocate(sizeof *stats, error, &stats));
    tx_status status = find(path, error, stats->path);
    status = status ? status : parse(stats, error);
    if (status != TX_OK) {
        tx_stats_yaml_close(stats);
        return status;
    }
    *out = stats;
    return TX_OK;
}

void tx_stats_yaml_close(tx_stats_yaml *stats)
{
    if (stats) {
        tx_pool_release(&stats->pool);
        tx_free(stats);
    }
}

/* Numbers of a scalar or of lists in lists, one after the other; false: something else, or too many. */
static bool flatten(const tx_yaml *node, int64_t *count, double out[MOST])
{
    if (node->shape == TX_YAML_SCALAR) {
        return *count < MOST && tx_parse_real(node->text, &out[(*count)++]);
    }
    bool good = node->shape == TX_YAML_LIST;
    for (size_t k = 0; good && k < node->count; k++) {
        good = flatten(node->items[k], count, out);
    }
    return good;
}

/* By its very name: fields may differ by case alone. */
static const tx_yaml *item(const tx_yaml *mapping, const char *name)
{
    for (size_t k = 0; mapping && mapping->shape == TX_YAML_MAPPING && k < mapping->count; k++) {
        if (strcmp(mapping->keys[k]->text, name) == 0) {
            return mapping->items[k];
        }
    }
    return NULL;
}

tx_status tx_stats_yaml_read(const tx_stats_yaml *stats, const char *statistic, const tx_stats_range *range, double *out,
                             tx_error *error)
{
    double numbers[MOST];
    int64_t count = 0;
    const tx_yaml *node = item(item(stats->root, statistic), range->field);
    if (!node) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' has no %s of the field '%s'", stats->path, statistic, range->field);
    }
    bool good = flatten(node, &count, numbers) && count == range->components;
    for (int64_t k = 0; good && k < range->count; k++) {
        out[k] = numbers[range->first + k];
        good = isfinite(out[k]);
    }
    return good ? TX_OK
                : tx_error_set(error, TX_BAD_DATA, "'%s': the %s of the field '%s' must be %lld finite number%s", stats->path,
                               statistic, range->field, (long long)range->components, range->components == 1 ? "" : "s");
}
