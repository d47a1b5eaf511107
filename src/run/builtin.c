/* How a configuration is read: the registry with everything that this library knows, and the text for all ranks. CMake collects the
 * components of each room. */
#include "trainax/data.h"
#include "trainax/metric.h"
#include "trainax/network.h"
#include "trainax/optimizer.h"
#include "trainax/run.h"
#include "trainax/scenario.h"

extern const tx_component *const tx_component_components[];
extern const tx_component *const tx_data_components[];
extern const tx_component *const tx_network_components[];
extern const tx_component *const tx_configuration_components[];
extern const tx_component *const tx_loss_components[];
extern const tx_component *const tx_physics_components[];
extern const tx_component *const tx_optimizer_components[];
extern const tx_component *const tx_algebra_components[];
extern const tx_component *const tx_callback_components[];
extern const tx_component *const tx_baseline_components[];
extern const tx_component *const tx_scenario_components[];

static const tx_component *const *const rooms[] = {
    tx_component_components, tx_data_components,     tx_network_components,   tx_configuration_components,
    tx_loss_components,      tx_physics_components,  tx_optimizer_components, tx_algebra_components,
    tx_callback_components,  tx_baseline_components, tx_scenario_components,
};

static tx_status add_all(tx_registry *registry, tx_error *error)
{
    tx_registry_share(registry, TX_KIND_OPTIMIZER, tx_optimizer_options);
    tx_registry_share(registry, TX_KIND_SCENARIO, tx_scenario_options);
    tx_registry_expand(registry, TX_KIND_SCENARIO, tx_scenario_expand);
    tx_registry_describe(registry, TX_KIND_NETWORK, tx_network_describe, tx_network_form);
    tx_registry_describe(registry, TX_KIND_INITIAL_CONDITION, tx_initial_describe, tx_initial_form);
    tx_registry_describe(registry, TX_KIND_METRIC, tx_metric_describe, tx_metric_form);
    for (size_t room = 0; room < sizeof rooms / sizeof *rooms; room++) {
        for (const tx_component *const *component = rooms[room]; *component; component++) {
            TX_TRY(tx_registry_add(registry, *component, error));
        }
    }
    for (int k = 0; tx_metric_component(k); k++) {
        TX_TRY(tx_registry_add(registry, tx_metric_component(k), error));
    }
    return TX_OK;
}

tx_status tx_registry_create_builtin(tx_error *error, tx_registry **out)
{
    tx_registry *registry;
    TX_TRY(tx_registry_create(error, &registry));
    const tx_status status = add_all(registry, error);
    if (status != TX_OK) {
        tx_registry_destroy(registry);
        return status;
    }
    *out = registry;
    return TX_OK;
}

tx_status tx_config_load_for_all(tx_parallel *parallel, const char *path, tx_error *error, char **out)
{
    char *text = NULL;
    const tx_status status = tx_parallel_rank(parallel) == 0 ? tx_config_load(path, error, &text) : TX_OK;
    TX_TRY(tx_parallel_agree(parallel, status, error));
    TX_TRY(tx_parallel_broadcast_text(parallel, &text, error));
    *out = text;
    return TX_OK;
}
