/* Values that are no sections: from a node of the tree by the option's type. */
#pragma once

#include "component/wording.h"

/* Sets form and content of value from value->node (not null) by value->option. path: "trainer.batch_size". */
tx_status tx_value_read(tx_config *config, tx_value *value, const char *path);

/* The length of that of an option's words which a text spells, with the word in *out; 0: none. */
size_t tx_option_word(const tx_option *option, const char *text, const char **out);

/* How to read the bounds of an option. */
bool tx_option_has_bounds(const tx_option *option);
bool tx_option_has_maximum(const tx_option *option);

/* The elements of a list, or the single value itself. */
const tx_yaml *tx_yaml_element(const tx_yaml *node, size_t k);
size_t tx_yaml_num_elements(const tx_yaml *node);

/* Single numbers, of a value or in it, within the option's bounds. */
tx_status tx_value_integer(tx_config *config, const tx_value *value, const tx_yaml *node, const char *path, int64_t *out);
tx_status tx_value_real(tx_config *config, const tx_value *value, const tx_yaml *node, const char *path, double *out);
/* map.c: mappings whose keys are integers. */
tx_status tx_value_map(tx_config *config, tx_value *value, const char *path);
tx_status tx_value_stages(tx_config *config, tx_value *value, const char *path);

bool tx_yaml_is_number(const tx_yaml *node);
