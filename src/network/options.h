/* Options that every network takes, and those that networks of layers share, word for word. */
#pragma once

#include "trainax/component.h"

/* As activations are written; the first is MLP's and ConvNet's default. */
#define TX_ACTIVATION_WORDS "relu tanh gelu sigmoid silu swish leaky_relu elu softplus identity"

#define TX_OPTION_COUNT(NAME, INITIAL, UNIT, MINIMUM, TEXT)                                                                        \
    {                                                                                                                              \
        .name = (NAME), .type = TX_TYPE_INTEGER, .initial = (INITIAL), .unit = (UNIT), .text = (TEXT), .minimum = (MINIMUM),       \
        .maximum = 1e9                                                                                                             \
    }
#define TX_OPTION_SWITCH(NAME, INITIAL, TEXT)                                                                                      \
    {                                                                                                                              \
        .name = (NAME), .type = TX_TYPE_BOOLEAN, .initial = (INITIAL), .unit = "", .text = (TEXT)                                  \
    }
#define TX_OPTION_WORD(NAME, INITIAL, WORDS, TEXT)                                                                                 \
    {                                                                                                                              \
        .name = (NAME), .type = TX_TYPE_WORD, .initial = (INITIAL), .unit = "", .text = (TEXT), .words = (WORDS)                   \
    }

/* The states that a network is for. What is null is taken from the data; what is given must agree with them. */
#define TX_STATE_OPTIONS                                                                                                           \
    {.name = "num_spatial_dims",                                                                                                   \
     .type = TX_TYPE_INTEGER,                                                                                                      \
     .initial = "null",                                                                                                            \
     .unit = "",                                                                                                                   \
     .text = "spatial axes of a state (null: the data's)",                                                                         \
     .minimum = 1,                                                                                                                 \
     .maximum = TX_MAX_AXES},                                                                                                      \
        TX_OPTION_COUNT("in_channels", "null", "", 1, "channels of a state (null: the data's)"),                                   \
        TX_OPTION_COUNT("out_channels", "null", "", 1, "channels of the result: the same number")

#define TX_OPTION_HIDDEN(INITIAL)                                                                                                  \
    {                                                                                                                              \
        .name = "hidden_channels", .type = TX_TYPE_INTEGERS, .initial = (INITIAL), .unit = "",                                     \
        .text = "channels between the blocks: one number, or a list with one more than blocks", .minimum = 1, .maximum = 1e9       \
    }
#define TX_OPTION_BOUNDARY                                                                                                         \
    TX_OPTION_WORD("boundary_mode", "periodic", "periodic dirichlet neumann", "padding: circular, zeros, reflect")

/* Where the initial parameters come from. */
#define TX_NETWORK_OPTIONS                                                                                                         \
    {.name = "key", .type = TX_TYPE_KEY, .unit = "", .text = "random key of the initial parameters", .unless = "parameters"},      \
    {                                                                                                                              \
        .name = "parameters", .type = TX_TYPE_PATH, .initial = "null", .unit = "",                                                 \
        .text = "a network file to take the initial parameters from, instead of the key"                                           \
    }
