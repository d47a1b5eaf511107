/* APEBench's scenarios: one section that stands for data, evaluation, network, trainer and callbacks. The arguments of a scenario
 * and the words of a run (task, net, train, seed) are options of its component, so that tx_section_read(registry,
 * TX_KIND_SCENARIO, "scenario", "{type: norm_ks, seed: 3}", …) resolves them; in a configuration, tx_config_create puts what they
 * stand for in the place of `scenario`. */
#pragma once

#include "trainax/component.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const tx_option tx_scenario_options[]; /* that all have */

/* The sections that a resolved scenario stands for. TX_INVALID, with the place of an argument, where one does not fit. A
 * tx_expansion_rule. */
tx_status tx_scenario_expand(const tx_section *scenario, bool coarse, tx_error *error, char **out);

/* APEBench's get_scenario_name(), the column `scenario` of its tables: "1d_norm_ks". Freed with tx_free. */
tx_status tx_scenario_name(const tx_section *scenario, tx_error *error, char **out);
/* Whether there is a coarse stepper, for tasks that correct one. */
bool tx_scenario_has_coarse(const tx_section *scenario);

#ifdef __cplusplus
}
#endif
