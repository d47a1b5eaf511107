/* Sections of a run that stand for others: a scenario. */
#pragma once

#include "component/section.h"

/* Whether the text of a --set changes such a section. */
bool tx_is_expanded(const tx_registry *registry, const char *override);
/* In the place of such sections what they stand for, under what is written in *root. coarse: as in tx_config_source. */
tx_status tx_run_expand(tx_config *config, bool coarse, tx_yaml **root);
