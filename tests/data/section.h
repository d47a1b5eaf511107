/* Sections of data sources and initial conditions for tests, from their YAML text. */
#pragma once

#include <string.h>

#include "suite.h"
#include "trainax/data.h"

extern const tx_component *const tx_data_components[], *const tx_physics_components[];

typedef struct data_section {
    tx_registry *registry;
    tx_config *config;
    const tx_section *section;
} data_section;

static inline tx_status kind_section_open(tx_kind kind, const char *text, tx_error *error, data_section *out)
{
    const tx_component *const *const rooms[] = {tx_data_components, tx_physics_components};
    *out = (data_section){0};
    TX_TRY(tx_registry_create(error, &out->registry));
    for (int k = 0; k < 2; k++) {
        for (const tx_component *const *component = rooms[k]; *component; component++) {
            TX_TRY(tx_registry_add(out->registry, *component, error));
        }
    }
    TX_TRY(tx_section_read(out->registry, kind, "data", text, error, &out->config));
    out->section = tx_config_root(out->config);
    return TX_OK;
}

static inline tx_status data_section_open(const char *text, tx_error *error, data_section *out)
{
    return kind_section_open(TX_KIND_DATA, text, error, out);
}

static inline void data_section_close(data_section *section)
{
    tx_config_destroy(section->config);
    tx_registry_destroy(section->registry);
}
