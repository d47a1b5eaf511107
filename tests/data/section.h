/* Sections of data sources for tests, from their YAML text. */
#pragma once

#include <string.h>

#include "suite.h"
#include "trainax/data.h"

extern const tx_component *const tx_data_components[];

typedef struct data_section {
    tx_registry *registry;
    tx_config *config;
    const tx_section *section;
} data_section;

static inline tx_status data_section_open(const char *text, tx_error *error, data_section *out)
{
    *out = (data_section){0};
    TX_TRY(tx_registry_create(error, &out->registry));
    for (int k = 0; tx_data_components[k]; k++) {
        TX_TRY(tx_registry_add(out->registry, tx_data_components[k], error));
    }
    TX_TRY(tx_section_read(out->registry, TX_KIND_DATA, "data", text, error, &out->config));
    out->section = tx_config_root(out->config);
    return TX_OK;
}

static inline void data_section_close(data_section *section)
{
    tx_config_destroy(section->config);
    tx_registry_destroy(section->registry);
}
