/* A network that is given, behind the levels, what stands beside their trajectory. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "network/options.h"
#include "trainax/network.h"

static tx_status append(tx_network_whole *whole, int64_t offset, size_t *capacity, tx_error *error)
{
    TX_TRY(tx_reserve((size_t)whole->num_conditions + 1, sizeof *whole->conditions, capacity, error, &whole->conditions));
    whole->conditions[whole->num_conditions++] = offset;
    return TX_OK;
}

/* Those that an option names; first, step: where the numbers of one lie. */
static tx_status append_named(tx_network *network, const char *option, bool field, size_t *capacity, tx_error *error)
{
    tx_network_whole *whole = network->whole;
    const tx_network_beside *beside = whole->beside;
    const int64_t first = field && beside ? beside->parameters : 0, step = field ? tx_shape_points(&whole->state) : 1;
    const int64_t there = !beside ? 0 : field ? beside->fields : beside->parameters;
    const char *const *names;
    const int count = tx_get_strings(network->section, option, &names);
    const bool all = count == 1 && strcmp(names[0], "all") == 0, none = count == 1 && strcmp(names[0], "none") == 0;
    if (field && all && beside && !there) { /* parameters are asked for unless it is said that they are not */
        return tx_section_error(network->section, option, error, TX_INVALID, "the data have no constant_fields");
    }
    for (int64_t k = 0; k < (all ? there : none ? 0 : count); k++) {
        int64_t which = k;
        TX_TRY(all ? TX_OK : tx_network_find_beside(network, option, names[k], field, error, &which));
        TX_TRY(append(whole, first + which * step, capacity, error));
    }
    return TX_OK;
}

static void add_stride(tx_network_whole *whole)
{
    static const int64_t one[2] = {1, 1};
    const tx_network_beside *beside = whole->beside;
    const int64_t *stride = beside ? beside->stride : one, least = stride[0] > 1 ? stride[0] : 1;
    whole->stride_given = least;
    if (stride[1] > least) {
        whole->stride_number = beside->parameters + beside->fields * tx_shape_points(&whole->state);
    } else {
        whole->stride = least;
    }
}

static tx_status add_numbers(tx_network *network, tx_error *error)
{
    tx_network_whole *whole = network->whole;
    const char *kind = tx_get_word(network->section, "normalize");
    const bool centred = strcmp(kind, "rms") == 0;
    tx_network_constant wanted = {.statistic = centred ? TX_GIVEN : TX_MEAN,
                                  .least = -(double)INFINITY,
                                  .unit = -1,
                                  .of_conditions = true,
                                  .count = whole->num_conditions};
    static const double zero = 0;
    if (strcmp(kind, "none") == 0 || !whole->num_conditions) {
        return TX_OK;
    }
    TX_TRY(tx_network_add_constant(network, "conditions_mean", &wanted, centred ? &zero : NULL, 1, error, &whole->shift));
    wanted.statistic = centred ? TX_RMS : TX_STD;
    wanted.least = tx_get_real(network->section, "min_std");
    return tx_network_add_constant(network, "conditions_std", &wanted, NULL, 1, error, &whole->inverse);
}

static tx_status create(tx_network *network, tx_error *error)
{
    tx_network_whole *whole = network->whole;
    size_t capacity = 0;
    TX_TRY(append_named(network, "constant_scalars", false, &capacity, error));
    whole->num_scalars = whole->num_conditions;
    TX_TRY(append_named(network, "constant_fields", true, &capacity, error));
    if (tx_get_boolean(network->section, "dt_stride")) {
        add_stride(whole);
    }
    if (!tx_network_num_conditions(whole)) {
        return tx_section_error(
            network->section, NULL, error, TX_INVALID,
            "conditioned has nothing to append: the data have no `parameters` for constant_scalars, or none are "
            "asked for, and no constant_fields are asked for");
    }
    TX_TRY(add_numbers(network, error));
    return tx_network_wrap(network, error);
}

static const tx_network_class class_ = {.create = create};

static const tx_option options[] = {
    TX_OPTION_INNER,
    {.name = "constant_scalars",
     .type = TX_TYPE_STRINGS,
     .initial = "all",
     .unit = "",
     .text = "parameters of the trajectory that are appended: all, none, or a list of names or numbers"},
    {.name = "constant_fields", .type = TX_TYPE_STRINGS, .initial = "none", .unit = "", .text = "likewise its constant fields"},
    TX_OPTION_SWITCH("dt_stride", "false", "append the stride of the window (dt_stride of the data) as a number"),
    TX_OPTION_WORD("normalize", "none", "none zscore rms", "their units: as they are, or those of the data, but for the stride"),
    TX_OPTION_MIN_STD,
    TX_OPTION_PARAMETERS,
    {0},
};

const tx_component tx_network_conditioned = {.kind = TX_KIND_NETWORK,
                                             .name = "conditioned",
                                             .summary = "the network inside is given parameters and constant fields as channels",
                                             .options = options,
                                             .implementation = &class_};
