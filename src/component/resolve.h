/* The tree of a configuration against the tables of components: sections whose every option has a value. */
#pragma once

#include "component/registry.h"
#include "component/section.h"

/* The whole file: root is a mapping. required: options of `run` that must be there. */
tx_status tx_resolve_run(tx_config *config, const tx_yaml *root, const char *const *required, tx_section **out);
/* A section that stands alone: a component of `kind`, or the one called `fixed` (NULL: as its `type` says). */
tx_status tx_resolve_alone(tx_config *config, const tx_yaml *root, tx_kind kind, const char *fixed, tx_section **out);

/* The options of a section: the component's (may be NULL), those that its kind shares, those that its list adds. */
enum { TX_MAX_OPTIONS = TX_OWN_OPTIONS + 28 };
typedef struct tx_table {
    const tx_option *options[TX_MAX_OPTIONS];
    int count;
} tx_table;
tx_table tx_table_make(const tx_registry *registry, const tx_component *component, const tx_option *each);
