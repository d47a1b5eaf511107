/* A registry of the networks, sections read from YAML text, and networks made of them. */
#pragma once

#include <string.h>

#include "suite.h"
#include "trainax/network.h"

extern const tx_component *const tx_network_components[];

static tx_registry *network_registry(void)
{
    tx_registry *registry = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create(NULL, &registry), TX_OK);
    for (const tx_component *const *component = tx_network_components; *component; component++) {
        CU_ASSERT_EQUAL(tx_registry_add(registry, *component, NULL), TX_OK);
    }
    return registry;
}

/* The config owns the section that the network points to: both are destroyed together. */
typedef struct made_network {
    tx_config *config;
    tx_network *network;
} made_network;

static tx_status network_make(const tx_registry *registry, const char *text, tx_shape state, tx_error *error, made_network *out)
{
    *out = (made_network){0};
    const tx_status status = tx_section_read(registry, TX_KIND_NETWORK, "net.yaml", text, error, &out->config);
    return status != TX_OK ? status : tx_network_create(tx_config_root(out->config), state, error, &out->network);
}

static void network_unmake(made_network *made)
{
    tx_network_destroy(made->network);
    tx_config_destroy(made->config);
}
