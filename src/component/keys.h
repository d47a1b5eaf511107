/* The table of a section: what may stand in it. */
#pragma once

#include "component/registry.h"
#include "component/section.h"

/* The options of a section: the component's (may be NULL), those that its kind shares, those that its list adds. */
enum { TX_MAX_OPTIONS = TX_OWN_OPTIONS + 28 };
typedef struct tx_table {
    const tx_option *options[TX_MAX_OPTIONS];
    int count;
} tx_table;
tx_table tx_table_make(const tx_registry *registry, const tx_component *component, const tx_option *each);

/* The keys of a section. */
typedef struct tx_keys {
    const tx_yaml *mapping; /* NULL: there are none */
    const char *path;
    const tx_component *component;
    bool typed, in_run;            /* may `type` stand there? is it of a run's file? */
    const tx_table *own, *inlined; /* inlined: of the component whose options stand in the same mapping, may be empty */
} tx_keys;
/* TX_INVALID with the place of the first key that no table has, and what it may mean. */
tx_status tx_keys_check(tx_config *config, const tx_keys *keys);
