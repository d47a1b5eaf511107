/* A network file as what inferences are made of. */
#pragma once

#include "trainax/component.h"
#include "trainax/exported.h"
#include "trainax/network.h"

/* All but precision and parameters; tx_stored_network_free frees it (and the parameters). */
tx_status tx_network_list(const tx_network *network, tx_error *error, tx_exported *out);
/* Owns what it points to; tx_stored_network_free. state: no channels: what the file says. */
tx_status tx_stored_network_read(const tx_registry *registry, const char *path, tx_shape state, tx_error *error, tx_exported *out);
void tx_stored_network_free(tx_exported *network); /* takes a zeroed one */
