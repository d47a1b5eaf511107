/* What the fixed sections of a run have that no table can say. */
#pragma once

#include "component/section.h"

/* runs/<name of a file without extension>. */
tx_status tx_run_directory(tx_pool *pool, const char *file, tx_error *error, const char **out);
/* output.directory, where it was not given: that of the configuration file, absolute. */
tx_status tx_run_complete(tx_config *config, tx_section *root);
