/* Values that are no sections: from a node of the tree by the option's type. */
#pragma once

#include "component/section.h"

/* Sets form and content of value from value->node (not null) by value->option. path: "trainer.batch_size". */
tx_status tx_value_read(tx_config *config, tx_value *value, const char *path);

/* "NAME must be an integer, not 'abc'" at the place of `node`, which may be a part of the value. */
tx_status tx_value_wrong(tx_config *config, const tx_value *value, const tx_yaml *node, const char *path);

/* What can stand for an option: "an integer or auto"; for messages. */
typedef struct tx_expectation {
    char text[400];
} tx_expectation;
tx_expectation tx_option_expects(const tx_option *option);

/* The length of that of an option's words which a text spells, with the word in *out; 0: none. */
size_t tx_option_word(const tx_option *option, const char *text, const char **out);

/* How to read the bounds of an option. */
bool tx_option_has_bounds(const tx_option *option);
bool tx_option_has_maximum(const tx_option *option);

/* What a node is: '2.5', "a list", "a mapping", "null". */
typedef struct tx_description {
    char text[160];
} tx_description;
tx_description tx_yaml_describe(const tx_yaml *node);

/* The elements of a list, or the single value itself. */
const tx_yaml *tx_yaml_element(const tx_yaml *node, size_t k);
size_t tx_yaml_num_elements(const tx_yaml *node);

bool tx_yaml_is_number(const tx_yaml *node);

bool tx_is_synonym(const char *word, const char *name); /* lr is another word for learning_rate */

/* What is meant of an array of names, a synonym or the nearest, as " (did you mean '…'?)", or the whole list as " (known: …)". */
tx_expectation tx_suggest(const char *name, const char *const *names, int count);
