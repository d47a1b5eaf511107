/* The activations: their names, and what their derivatives are functions of. */
#include "base/name.h"
#include "kernel/kernel.h"

const tx_activation_row tx_activation_rows[TX_ACTIVATION_COUNT] = {
    [TX_IDENTITY] = {"identity", true}, [TX_RELU] = {"relu", true},
    [TX_TANH] = {"tanh", true},         [TX_SIGMOID] = {"sigmoid", true},
    [TX_GELU] = {"gelu", false},        [TX_SILU] = {"silu", false},
    [TX_ELU] = {"elu", true},           [TX_LEAKY_RELU] = {"leaky_relu", true},
    [TX_SOFTPLUS] = {"softplus", true},
};

int tx_activation_find(const char *name)
{
    if (tx_same_word(name, "swish")) {
        return TX_SILU;
    }
    for (int k = 0; k < TX_ACTIVATION_COUNT; k++) {
        if (tx_same_word(name, tx_activation_rows[k].name)) {
            return k;
        }
    }
    return -1;
}
