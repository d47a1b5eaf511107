/* Numerical checks of components, a user's own above all: what a training relies on and no compiler sees. */
#pragma once

#include <stdio.h>

#include "trainax/component.h"
#include "trainax/shape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every network, stepper, residuum and loss of a configuration, its data's too (`component`: those whose path ends with it,
 * "ref_stepper"; NULL: all), on the first states of its data: shapes; numbers; the same bits once more, beside other threads and
 * anywhere in a batch; nothing touched outside of their arrays; derivatives against each other and against differences; a NaN stays
 * in its sample; memory; time. Of plugins that are data sources what can be read: the same bits whatever the range. They run in
 * child processes, which may crash. out: a table, one line a check, each as soon as it is done. TX_INVALID: something is wrong; the
 * first that is. Not collective. */
tx_status tx_check_config(const tx_config *config, const char *component, FILE *out, tx_error *error);

typedef struct tx_plugin_choice {
    const char *path;             /* of the shared object */
    const char *component;        /* its name, or with its kind, stepper/NAME; NULL: all */
    tx_shape shape;               /* of states; no channels: the first of some usual ones that a component takes */
    const char *const *overrides; /* KEY=VALUE of its own options */
    int num_overrides;
    tx_precision precision; /* of the run that it would be in */
} tx_plugin_choice;
/* The same of a shared object's components (trainax/plugin.h), on smooth states about 1. registry: that knows `plugin`. */
tx_status tx_check_plugin(const tx_registry *registry, const tx_plugin_choice *what, FILE *out, tx_error *error);

#ifdef __cplusplus
}
#endif
