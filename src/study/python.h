/* Values of YAML as Python writes them. */
#pragma once

#include "base/text.h"
#include "component/yaml.h"

/* Python's str(value), or repr(value), of what stands at a node: 2.5, 1e-05, True, None; lists are tuples: (0.01, -0.04). A text is
 * itself, or with repr in quotes. TX_INVALID, at its place, for a mapping. */
tx_status tx_python_value(tx_text *text, const tx_yaml *node, bool repr, tx_error *error);
