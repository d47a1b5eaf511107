/* A configuration's life: text, overrides, resolution. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "component/ensemble.h"
#include "component/expansion.h"
#include "component/registry.h"
#include "component/resolve.h"
#include "component/run.h"
#include "component/value.h"

enum { MAX_FILE = 16 << 20 };

const tx_section *tx_config_root(const tx_config *config)
{
    return config->root;
}
const char *tx_config_dropped(const tx_config *config)
{
    return config->dropped.status == TX_OK ? NULL : config->dropped.message;
}
const tx_registry *tx_config_registry(const tx_config *config)
{
    return config->registry;
}

void tx_config_destroy(tx_config *config)
{
    if (config) {
        tx_pool_release(&config->pool);
        tx_free(config);
    }
}

/* What comes through a stream of the process (/dev/stdin, a shell's <(…)) belongs to where it runs. */
tx_status tx_config_folder(tx_config *config, const char *name, const char **out)
{
    if (strncmp(name, "/dev/", 5) == 0) {
        *out = config->here;
        return TX_OK;
    }
    const char *slash = strrchr(name, '/');
    const int folder = slash ? (int)(slash - name) : 0;
    const bool absolute = name[0] == '/';
    return tx_pool_format(&config->pool, config->error, out, "%s%s%.*s", absolute ? "" : config->here,
                          slash && !absolute ? "/" : "", folder, name);
}

/* The absolute folder of the file, and the working directory, which is only looked at. */
static tx_status find_folders(tx_config *config)
{
    char here[4096];
    if (!getcwd(here, sizeof here)) {
        return tx_error_set(config->error, TX_FAILURE, "cannot tell the working directory: %s", strerror(errno));
    }
    const size_t length = strcmp(here, "/") ? strlen(here) : 0; /* "/" + "/" + name would have one too many */
    TX_TRY(tx_pool_text(&config->pool, here, length, config->error, &config->here));
    return tx_config_folder(config, config->name, &config->folder);
}

static tx_status make_config(const tx_registry *registry, const char *name, tx_error *error, tx_config **out)
{
    tx_config *config;
    TX_TRY(tx_allocate(sizeof *config, error, &config));
    config->registry = registry;
    config->error = error;
    tx_status status = tx_pool_text(&config->pool, name, strlen(name), error, &config->name);
    if (status == TX_OK) {
        status = find_folders(config);
    }
    if (status != TX_OK) {
        tx_config_destroy(config);
        return status;
    }
    *out = config;
    return TX_OK;
}

/* Hands a finished configuration over, or ends it. */
static tx_status deliver(tx_status status, tx_config *config, tx_config **out)
{
    config->error = NULL;
    config->like = NULL;
    if (status == TX_OK) {
        *out = config;
    } else {
        tx_config_destroy(config);
    }
    return status;
}

/* Those of what stands for other sections, or all others. */
static tx_status override(tx_config *config, const tx_config_source *source, bool expanded, tx_yaml **root)
{
    for (int k = 0; k < source->num_overrides; k++) {
        if (tx_is_expanded(config->registry, source->overrides[k]) == expanded) {
            TX_TRY(tx_yaml_override(&config->pool, root, source->overrides[k], config->error));
        }
    }
    return TX_OK;
}

static tx_status resolve_run(tx_config *config, const tx_yaml *root, const char *const *required)
{
    config->tree = root;
    TX_TRY(tx_resolve_run(config, root, required, &config->root));
    return tx_run_complete(config, config->root);
}

static tx_status build_run(tx_config *config, const tx_config_source *source)
{
    tx_yaml *root = NULL;
    const tx_place start = {.origin = config->name, .line = 1, .column = 1};
    TX_TRY(tx_yaml_read(&config->pool, config->name, true, source->text, config->error, &root));
    if (!root || tx_yaml_is_null(root)) {
        return tx_place_error(start, config->error, "there is nothing in this file; a configuration has data, network and trainer");
    }
    if (root->shape != TX_YAML_MAPPING) {
        return tx_place_error(root->place, config->error, "a configuration must be a mapping (key: value), not %s",
                              tx_yaml_describe(root).text);
    }
    TX_TRY(override(config, source, true, &root));
    TX_TRY(tx_run_expand(config, source->coarse, &root));
    TX_TRY(override(config, source, false, &root));
    if (source->output) {
        TX_TRY(tx_yaml_put(&config->pool, &root, "output.directory", "--output", source->output, config->error));
    }
    TX_TRY(tx_ensemble_complete(config, &root));
    return resolve_run(config, root, source->required);
}

tx_status tx_config_create(const tx_registry *registry, const tx_config_source *source, tx_error *error, tx_config **out)
{
    tx_config *config;
    TX_TRY(make_config(registry, source->name, error, &config));
    return deliver(build_run(config, source), config, out);
}

static tx_status build_variant(tx_config *config, const tx_variant *variant)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    tx_yaml *root;
    TX_TRY(tx_variant_change(config, variant, &root));
    return resolve_run(config, root, required);
}

tx_status tx_variant_create(const tx_registry *registry, const tx_variant *variant, tx_error *error, tx_config **out)
{
    tx_config *config;
    TX_TRY(make_config(registry, variant->name, error, &config));
    return deliver(build_variant(config, variant), config, out);
}

static tx_status build_section(tx_config *config, tx_kind kind, const char *fixed, const char *text)
{
    tx_yaml *root = NULL;
    TX_TRY(tx_yaml_read(&config->pool, config->name, true, text, config->error, &root));
    if (!root) {
        return tx_error_set(config->error, TX_INVALID, "%s:1:1: there is nothing here; a %s is expected", config->name,
                            tx_kind_spoken(kind));
    }
    return tx_resolve_alone(config, root, kind, fixed, &config->root);
}

tx_status tx_section_read_like(const tx_registry *registry, tx_kind kind, const char *name, const char *text, const tx_config *like,
                               tx_error *error, tx_config **out)
{
    tx_config *config;
    const bool fixed = kind == TX_KIND_RUN || kind == TX_KIND_SECTION;
    TX_TRY(make_config(registry, name, error, &config));
    config->like = like;
    config->within = fixed ? name : NULL;
    return deliver(build_section(config, kind, fixed ? name : NULL, text), config, out);
}

tx_status tx_section_read(const tx_registry *registry, tx_kind kind, const char *name, const char *text, tx_error *error,
                          tx_config **out)
{
    return tx_section_read_like(registry, kind, name, text, NULL, error, out);
}

tx_status tx_fixed_section_read(const tx_registry *registry, const char *fixed, const char *name, const char *text, tx_error *error,
                                tx_config **out)
{
    tx_config *config;
    TX_TRY(make_config(registry, name, error, &config));
    return deliver(build_section(config, TX_KIND_SECTION, fixed, text), config, out);
}

/* A zero would end the text early. */
static tx_status check_text(const char *path, const char *text, size_t length, tx_error *error)
{
    tx_place place = {.origin = path, .line = 1, .column = 1};
    const char *zero = length ? memchr(text, 0, length) : NULL;
    for (const char *c = text; zero && c < zero; c++) {
        place.column = *c == '\n' ? 1 : place.column + 1;
        place.line += *c == '\n';
    }
    return zero ? tx_place_error(place, error, "a NUL byte: this is no text in UTF-8, but a binary file or another encoding")
                : TX_OK;
}

/* The whole file, ended by a zero; refuses what cannot be a configuration. */
static tx_status read_stream(FILE *file, const char *path, tx_error *error, char **out)
{
    char *text = NULL;
    size_t length = 0, capacity = 0, got = 0;
    tx_status status;
    do {
        length += got;
        status = length > MAX_FILE
                     ? tx_error_set(error, TX_INVALID, "%s: larger than %d MiB; that is no configuration", path, MAX_FILE >> 20)
                     : tx_reserve(length + 4097, 1, &capacity, error, &text);
        got = status == TX_OK ? fread(text + length, 1, 4096, file) : 0;
    } while (got);
    if (status == TX_OK && ferror(file)) {
        status = tx_error_set(error, TX_INVALID, "%s: cannot be read: %s", path, strerror(errno));
    }
    status = status ? status : check_text(path, text, length, error);
    if (status != TX_OK) {
        tx_free(text);
        return status;
    }
    text[length] = '\0';
    *out = text;
    return TX_OK;
}

static tx_status cannot_open(const char *path, tx_error *error)
{
    char target[TX_MESSAGE_SIZE / 2];
    const int number = errno;
    const ssize_t length = number == ENOENT ? readlink(path, target, sizeof target) : -1;
    return length < 0 ? tx_error_set(error, TX_INVALID, "%s: cannot be read: %s", path, strerror(number))
                      : tx_error_set(error, TX_INVALID, "%s: cannot be read: it is a link to '%.*s', which does not exist", path,
                                     (int)length, target);
}

tx_status tx_config_load(const char *path, tx_error *error, char **out)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return cannot_open(path, error);
    }
    const tx_status status = read_stream(file, path, error, out);
    fclose(file);
    return status;
}

tx_status tx_config_read(const tx_registry *registry, const char *path, const char *const *overrides, int num_overrides,
                         const char *const *required, tx_error *error, tx_config **out)
{
    char *text = NULL;
    TX_TRY(tx_config_load(path, error, &text));
    const tx_config_source source = {
        .name = path, .text = text, .overrides = overrides, .num_overrides = num_overrides, .required = required};
    const tx_status status = tx_config_create(registry, &source, error, out);
    tx_free(text);
    return status;
}
