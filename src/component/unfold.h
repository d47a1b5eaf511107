/* Short and foreign forms of sections: each is replaced by the mapping that it stands for, before it is resolved. */
#pragma once

#include "component/section.h"

/* A text with semicolons, "Conv;34;10;relu". */
bool tx_is_descriptor(const tx_registry *registry, tx_kind kind, const tx_yaml *node);
/* root: of the run, where its key or parameters stand; may be NULL. lenient: that both are missing is noted in
 * config->dropped and no error. begun: a component around it has the parameters. path: of the component, for messages. */
tx_status tx_descriptor_unfold(tx_config *config, const tx_yaml *root, bool lenient, bool begun, tx_kind kind, const char *path,
                               const tx_yaml **node);

/* What stands beside a descriptor in the run has become part of its section, and is refused beside another form of it. */
tx_status tx_beside_settle(tx_config *config, const tx_yaml *root, tx_section *run);

/* The axes in a component's name, as in equinox.nn.Conv2d, are its num_spatial_dims. *mapping may be NULL. */
tx_status tx_axes_unfold(tx_config *config, const tx_component *component, const tx_yaml *type, const tx_yaml **mapping);

/* A component whose options stand in the section itself (INLINE) may be written as one mapping under the option's alias, as
 * Trainax's GeneralTrainer has its loss_configuration. */
tx_status tx_inline_unfold(tx_config *config, const tx_component *component, const char *path, const tx_yaml **mapping);
