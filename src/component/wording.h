/* Words of messages about values and names. */
#pragma once

#include "component/section.h"

/* What can stand for an option: "an integer or auto"; for messages. */
typedef struct tx_expectation {
    char text[400];
} tx_expectation;
tx_expectation tx_option_expects(const tx_option *option);

/* What a node is: '2.5', "a list", "a mapping", "null". */
typedef struct tx_description {
    char text[160];
} tx_description;
tx_description tx_yaml_describe(const tx_yaml *node);

/* "NAME must be an integer, not 'abc'" at the place of `node`, which may be a part of the value. */
tx_status tx_value_wrong(tx_config *config, const tx_value *value, const tx_yaml *node, const char *path);

bool tx_is_synonym(const char *word, const char *name); /* lr is another word for learning_rate */

/* What is meant of an array of names, a synonym or the nearest, as " (did you mean '…'?)", or the whole list as " (known: …)". */
tx_expectation tx_suggest(const char *name, const char *const *names, int count);
