/* Paths as a shell would have them. */
#pragma once

#include "component/yaml.h"

/* `~` and `~USER` at the beginning, `$NAME` and `${NAME}` anywhere; `$$` is a dollar. TX_INVALID at `place`, about the option
 * `option`, where a variable is not set or there is no such user. The text lives as long as the pool. */
tx_status tx_path_expand(tx_pool *pool, tx_place place, const char *option, const char *path, tx_error *error, const char **out);
