/* PDEquinox's ClassicFNO: the Fourier neural operator of Li et al. (2020). */
#include "network/block.h"
#include "network/options.h"

/* One number for all axes, or one for each: no more than there are. */
static tx_status read_modes(const tx_network *network, int64_t *modes, tx_error *error)
{
    const int64_t *list;
    const int count = tx_get_integers(network->section, "num_modes", &list), axes = network->input.axes;
    if (count != 1 && count != axes) {
        return tx_section_error(network->section, "num_modes", error, TX_INVALID,
                                "a number or a list of %d (one for each spatial axis), not of %d", axes, count);
    }
    for (int d = 0; d < axes; d++) {
        const int64_t points = network->input.n[d], most = d == axes - 1 ? points / 2 + 1 : points;
        modes[d] = list[count == 1 ? 0 : d];
        if (modes[d] > most) {
            return tx_section_error(network->section, "num_modes", error, TX_INVALID,
                                    "%lld points along axis %d have at most %lld modes, not %lld", (long long)points, d,
                                    (long long)most, (long long)modes[d]);
        }
    }
    return TX_OK;
}

/* The original's spectral convolution works with as many channels after as before. */
static tx_status check_hidden(const tx_section *section, tx_error *error)
{
    const int64_t *hidden;
    const int count = tx_get_integers(section, "hidden_channels", &hidden);
    for (int k = 1; k < count; k++) {
        if (hidden[k] != hidden[0]) {
            return tx_section_error(section, "hidden_channels", error, TX_INVALID,
                                    "a spectral convolution keeps the number of channels, but they change from %lld to %lld",
                                    (long long)hidden[k - 1], (long long)hidden[k]);
        }
    }
    return TX_OK;
}

static tx_status create(tx_network *network, tx_error *error)
{
    int64_t modes[TX_MAX_AXES] = {0};
    const tx_block_plan plan = {.num_modes = modes, .use_bias = true};
    TX_TRY(tx_network_check_state(network, error));
    TX_TRY(tx_network_check_spatial(network, error));
    TX_TRY(read_modes(network, modes, error));
    TX_TRY(check_hidden(network->section, error));
    return tx_sequential_create(network, &tx_block_classic_spectral, &plan, error);
}

static const tx_network_class classic_fno = {
    .create = create, .apply = tx_sequential_apply, .initialise = tx_sequential_initialise, .destroy = tx_sequential_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_HIDDEN("32"),
    {.name = "num_modes",
     .type = TX_TYPE_INTEGERS,
     .initial = "12",
     .unit = "",
     .text = "wavenumbers kept along each axis, one number or one an axis; at most n/2 + 1 of the last axis",
     .minimum = 1,
     .maximum = 1e9},
    TX_OPTION_COUNT("num_blocks", "4", "", 1, "blocks: spectral plus pointwise convolution, activation"),
    TX_OPTION_WORD("activation", "gelu", TX_ACTIVATION_WORDS, "after each block"),
    TX_OPTION_WORD("boundary_mode", "periodic", "periodic dirichlet neumann", "no effect (as in PDEquinox)"),
    TX_NETWORK_OPTIONS,
    {.name = NULL},
};

const tx_component tx_network_classic_fno = {.kind = TX_KIND_NETWORK,
                                             .name = "classic_fno",
                                             .summary = "Fourier neural operator (PDEquinox's ClassicFNO)",
                                             .options = options,
                                             .implementation = &classic_fno};
