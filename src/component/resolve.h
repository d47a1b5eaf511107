/* The tree of a configuration against the tables of components: sections whose every option has a value. */
#pragma once

#include "component/registry.h"
#include "component/section.h"

/* The whole file: root is a mapping. required: options of `run` that must be there. */
tx_status tx_resolve_run(tx_config *config, const tx_yaml *root, const char *const *required, tx_section **out);
/* A section that stands alone: a component of `kind`, or the one called `fixed` (NULL: as its `type` says). */
tx_status tx_resolve_alone(tx_config *config, const tx_yaml *root, tx_kind kind, const char *fixed, tx_section **out);
