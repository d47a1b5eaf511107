/* What the fixed sections of a run have that no table can say. */
#pragma once

#include "component/section.h"

/* output.directory, where it was not given: runs/<name of the configuration file without extension>. */
tx_status tx_run_complete(tx_config *config, tx_section *root);
