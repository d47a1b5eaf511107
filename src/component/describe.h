/* Components written as short texts with semicolons. */
#pragma once

#include "component/section.h"

bool tx_is_descriptor(const tx_registry *registry, tx_kind kind, const tx_yaml *node);

/* Replaces *node, which is one, by the mapping it stands for. root: of the run, where key or parameters stand; may be NULL.
 * lenient: that both are missing is noted in config->dropped and no error. path: of the component, for messages. */
tx_status tx_descriptor_expand(tx_config *config, const tx_yaml *root, bool lenient, tx_kind kind, const char *path,
                               const tx_yaml **node);
