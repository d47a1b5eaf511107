/* A network that changes states inside a mask alone. */
#include "network/options.h"
#include "trainax/network.h"

static tx_status create(tx_network *network, tx_error *error)
{
    tx_network_whole *whole = network->whole;
    int64_t field;
    TX_TRY(tx_network_find_beside(network, "field", tx_get_string(network->section, "field"), true, error, &field));
    whole->mask = whole->beside->parameters + field * tx_shape_points(&whole->state);
    return tx_network_wrap(network, error);
}

static const tx_network_class class_ = {.create = create};

static const tx_option options[] = {
    TX_OPTION_INNER,
    {.name = "field",
     .type = TX_TYPE_STRING,
     .unit = "",
     .text = "a constant field of the data, by name or number: where it is 0, points keep the value that they were given"},
    TX_OPTION_PARAMETERS,
    {0},
};

const tx_component tx_network_masked = {.kind = TX_KIND_NETWORK,
                                        .name = "masked",
                                        .summary = "the network inside changes states where a constant field is not 0",
                                        .options = options,
                                        .implementation = &class_};
