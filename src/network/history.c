/* A network that is given several levels: all inside and around it see them, the innermost as channels. */
#include "network/options.h"
#include "trainax/network.h"

static tx_status create(tx_network *network, tx_error *error)
{
    network->whole->levels = (int)tx_get_integer(network->section, "num_steps");
    return tx_network_wrap(network, error);
}

static const tx_network_class class_ = {.create = create};

static const tx_option options[] = {
    TX_OPTION_INNER,
    {.name = "num_steps",
     .type = TX_TYPE_INTEGER,
     .unit = "levels",
     .text = "how many of the newest levels the network is given, oldest first",
     .minimum = 1,
     .maximum = TX_MOST_LEVELS},
    TX_OPTION_PARAMETERS,
    {0},
};

const tx_component tx_network_history = {.kind = TX_KIND_NETWORK,
                                         .name = "history",
                                         .summary =
                                             "the network inside is given the newest num_steps levels, each level's channels",
                                         .options = options,
                                         .implementation = &class_};
