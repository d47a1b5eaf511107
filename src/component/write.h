/* Values as YAML. */
#pragma once

#include "component/buffer.h"
#include "component/section.h"

/* A value that is no section and no list of sections, on one line: 1e-3, circular, [1, 2], {seed: 0, split: 2, index: 1}. */
void tx_value_write(tx_buffer *text, const tx_value *value);
/* Any node, likewise. */
void tx_yaml_write(tx_buffer *text, const tx_yaml *node);
