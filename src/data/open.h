/* A source by its name and a path, where no configuration names it. */
#pragma once

#include "trainax/data.h"

typedef struct tx_opened {
    tx_config *config; /* the source's section */
    tx_data_source *source;
} tx_opened;

/* Of data at `path`, as a component of that name with these options beside (YAML, such as "levels: ':1'"). */
tx_status tx_data_open(const tx_registry *registry, const char *name, const char *path, const char *options, tx_precision precision,
                       tx_error *error, tx_opened *out);
void tx_data_close(tx_opened *opened); /* takes a zeroed one */
/* The source that knows such data by their content; NULL: none does. */
const tx_component *tx_data_recognize(const tx_registry *registry, const char *path);
