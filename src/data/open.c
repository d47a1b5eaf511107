/* Opening a data source that no configuration names. */
#include "data/open.h"

#include <limits.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

/* As a text of YAML, in which nothing means anything else; a dollar is doubled, for paths. */
static tx_status add_escaped(tx_text *text, const char *path, tx_error *error)
{
    for (; *path; path++) {
        const unsigned char c = (unsigned char)*path;
        TX_TRY(c < ' ' ? tx_text_add(text, error, "\\x%02x", c)
                       : tx_text_add(text, error, "%s%c",
                                     c == '"' || c == '\\' ? "\\"
                                     : c == '$'            ? "$"
                                                           : "",
                                     c));
    }
    return TX_OK;
}

static tx_status add_path(tx_text *text, const char *path, tx_error *error)
{
    char folder[PATH_MAX] = "";
    const bool absolute = *path == '/' || !getcwd(folder, sizeof folder);
    TX_TRY(tx_text_add(text, error, "path: \""));
    TX_TRY(add_escaped(text, folder, error));
    TX_TRY(tx_text_add(text, error, absolute ? "" : "/"));
    TX_TRY(add_escaped(text, path, error));
    return tx_text_add(text, error, "\"\n");
}

static tx_status open_source(const tx_registry *registry, const char *text, tx_precision precision, tx_error *error, tx_opened *out)
{
    const tx_data_setup setup = {.random.precision = precision};
    TX_TRY(tx_section_read(registry, TX_KIND_DATA, "data", text, error, &out->config));
    return tx_data_source_create(tx_config_root(out->config), setup, error, &out->source);
}

tx_status tx_data_open(const tx_registry *registry, const char *name, const char *path, const char *options, tx_precision precision,
                       tx_error *error, tx_opened *out)
{
    tx_opened opened = {0};
    tx_text text = {0};
    tx_status status = tx_text_add(&text, error, "type: %s\n%s\n", name, options);
    status = status ? status : add_path(&text, path, error);
    status = status ? status : open_source(registry, text.data, precision, error, &opened);
    tx_free(text.data);
    if (status != TX_OK) {
        tx_data_close(&opened);
        return status;
    }
    *out = opened;
    return TX_OK;
}

void tx_data_close(tx_opened *opened)
{
    tx_data_source_destroy(opened->source);
    tx_config_destroy(opened->config);
    *opened = (tx_opened){0};
}

const tx_component *tx_data_recognize(const tx_registry *registry, const char *path)
{
    for (int k = 0; k < tx_registry_count(registry, TX_KIND_DATA); k++) {
        const tx_component *component = tx_registry_at(registry, TX_KIND_DATA, k);
        const tx_data_class *class = component->implementation;
        if (class->recognizes && class->recognizes(path)) {
            return component;
        }
    }
    return NULL;
}
