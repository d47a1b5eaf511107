/* PDEquinox's ClassicFNO: the Fourier neural operator of Li et al. (2020). */
#include "network/options.h"
#include "network/sequential.h"

static tx_status create(tx_network *network, tx_error *error)
{
    return tx_sequential_create(network, &tx_block_classic_spectral_block, error);
}

static const tx_network_class classic_fno = {
    .create = create, .apply = tx_sequential_apply, .initialise = tx_sequential_initialise, .destroy = tx_sequential_destroy};

static const tx_option options[] = {
    TX_STATE_OPTIONS,
    TX_OPTION_HIDDEN("32"),
    TX_OPTION_MODES("12"),
    TX_OPTION_COUNT("num_blocks", "4", "", 1, "blocks: spectral plus pointwise convolution, activation"),
    TX_OPTION_WORD("activation", "gelu", TX_ACTIVATION_WORDS, "after each block"),
    TX_OPTION_WORD("boundary_mode", "periodic", "periodic dirichlet neumann", "no effect (as in PDEquinox)"),
    TX_NETWORK_OPTIONS,
    {0},
};

const tx_component tx_network_classic_fno = {.kind = TX_KIND_NETWORK,
                                             .name = "classic_fno",
                                             .summary = "Fourier neural operator (PDEquinox's ClassicFNO)",
                                             .options = options,
                                             .implementation = &classic_fno};
