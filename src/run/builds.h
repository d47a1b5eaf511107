/* Which builds of users' shared objects a run has: paths do not say. Rank 0's business. */
#pragma once

#include "file/digest.h"
#include "run/log.h"
#include "trainax/component.h"
#include "trainax/file.h"

/* Of tx_config_libraries, in its order. */
typedef struct tx_builds {
    size_t count;
    tx_named_library *named;
    char (*digest)[TX_DIGEST_SIZE];
} tx_builds;

/* TX_BAD_DATA: one cannot be read. */
tx_status tx_builds_look(const tx_config *config, tx_error *error, tx_builds *out);
void tx_builds_free(tx_builds *libraries); /* takes a zeroed one */
tx_status tx_builds_note(const tx_builds *libraries, tx_run_log *log, tx_error *error);

/* Beside what a run has computed with them: an attribute of a file, where there are any. */
tx_status tx_builds_put(const tx_builds *libraries, tx_file *file, tx_error *error);
/* Warns of those that stood in the same place of the configuration and were others. */
tx_status tx_builds_compare(const tx_builds *libraries, const tx_file *file, const tx_log *log, tx_error *error);
