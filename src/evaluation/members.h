/* The networks that a user means by a path: a file, or an ensemble's directory with those of its members. */
#pragma once

#include "trainax/status.h"

typedef struct tx_networks {
    bool several; /* a directory; else one file, which nobody has looked at yet */
    int count;
    char **paths; /* in the order of the members: network_ema.h5 of each where it has one, else network.h5 */
} tx_networks;

/* Members without such a file, which are not finished, are left out. TX_BAD_DATA: there is no other, or their networks
 * differ in more than keys. Not collective. */
tx_status tx_networks_find(const char *path, tx_error *error, tx_networks *out);
void tx_networks_free(tx_networks *networks);
