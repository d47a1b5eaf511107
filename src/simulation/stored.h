/* A network file as what inferences are made of. */
#pragma once

#include "trainax/component.h"
#include "trainax/exported.h"
#include "trainax/leaf.h"
#include "trainax/network.h"

typedef struct tx_leaves {
    int count;
    tx_leaf *leaf;
} tx_leaves;

/* All but precision and parameters; tx_stored_network_free frees it (and the parameters). */
tx_status tx_network_list(const tx_network *network, tx_error *error, tx_exported *out);
/* Owns what it points to; tx_stored_network_free. state: no channels: what the file says. leaves: of its parameters (tx_free);
 * NULL: not wanted. */
tx_status tx_stored_network_read(const tx_registry *registry, const char *path, tx_shape state, tx_error *error, tx_exported *out,
                                 tx_leaves *leaves);
void tx_stored_network_free(tx_exported *network); /* takes a zeroed one */

/* A network as the bytes of a file at `path` (tx_free). */
typedef tx_status tx_stored_form(const tx_exported *network, const tx_leaves *leaves, const char *path, tx_error *error,
                                 size_t *bytes, char **out);
/* An ONNX model. TX_INVALID: an operation that has no such form, or more than such a file can hold. */
tx_stored_form tx_onnx_write;
