/* A registry of configurations, losses and weight rules. */
#pragma once

#include "suite.h"
#include "trainax/configuration.h"

extern const tx_component *const tx_configuration_components[];
extern const tx_component *const tx_loss_components[];

static tx_registry *configuration_registry(void)
{
    const tx_component *const *const lists[] = {tx_configuration_components, tx_loss_components};
    tx_registry *registry = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create(NULL, &registry), TX_OK);
    for (int k = 0; k < 2; k++) {
        for (const tx_component *const *component = lists[k]; *component; component++) {
            CU_ASSERT_EQUAL(tx_registry_add(registry, *component, NULL), TX_OK);
        }
    }
    return registry;
}
