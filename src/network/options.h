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

/* Of blocks that convolve, and of those that also normalise. */
#define TX_BIAS_OPTIONS                                                                                                            \
    TX_OPTION_SWITCH("use_bias", "true", "add a bias"), TX_OPTION_SWITCH("zero_bias_init", "false", "start with all biases zero")
#define TX_CONV_OPTIONS TX_OPTION_COUNT("kernel_size", "3", "cells", 1, "width of the kernels along every axis"), TX_BIAS_OPTIONS
#define TX_NORM_OPTIONS(USE_NORM, TEXT)                                                                                            \
    TX_OPTION_SWITCH("use_norm", USE_NORM, TEXT),                                                                                  \
        TX_OPTION_COUNT("num_groups", "1", "", 1, "groups of the norm, which divide the channels")

#define TX_OPTION_DILATION_RATES                                                                                                   \
    {                                                                                                                              \
        .name = "dilation_rates", .type = TX_TYPE_INTEGERS, .initial = "[1, 2, 4, 8, 4, 2, 1]", .unit = "cells",                   \
        .text = "distance of the taps of each convolution of a block", .minimum = 1, .maximum = 1e6                                \
    }
#define TX_OPTION_MODES(INITIAL)                                                                                                   \
    {                                                                                                                              \
        .name = "num_modes", .type = TX_TYPE_INTEGERS, .initial = (INITIAL), .unit = "",                                           \
        .text = "wavenumbers kept along each axis, one number or one an axis; at most n/2 + 1 of the last axis", .minimum = 1,     \
        .maximum = 1e9                                                                                                             \
    }
#define TX_OPTION_BLOCK(NAME, INITIAL, TEXT)                                                                                       \
    {                                                                                                                              \
        .name = (NAME), .type = TX_TYPE_SECTION, .kind = TX_KIND_BLOCK, .initial = (INITIAL), .unit = "", .text = (TEXT)           \
    }
#define TX_OPTION_LEVELS(INITIAL, PART)                                                                                            \
    {                                                                                                                              \
        .name = "num_levels", .type = TX_TYPE_INTEGER, .initial = (INITIAL), .unit = "", .minimum = 0, .maximum = 1000,            \
        .text = "coarser levels, each with " PART " the points of the one before along every axis"                                 \
    }
#define TX_OPTION_MULTIPLIERS(NULL_TEXT)                                                                                           \
    {                                                                                                                              \
        .name = "channel_multipliers", .type = TX_TYPE_INTEGERS, .initial = "null", .unit = "",                                    \
        .text = "channels of each coarser level in multiples of hidden_channels (null: " NULL_TEXT ")", .minimum = 1,              \
        .maximum = 1e9                                                                                                             \
    }

#define TX_OPTION_HIDDEN(INITIAL)                                                                                                  \
    {                                                                                                                              \
        .name = "hidden_channels", .type = TX_TYPE_INTEGERS, .initial = (INITIAL), .unit = "",                                     \
        .text = "channels between the blocks: one number, or a list with one more than blocks", .minimum = 1, .maximum = 1e9       \
    }
#define TX_OPTION_BOUNDARY                                                                                                         \
    TX_OPTION_WORD("boundary_mode", "periodic", "periodic dirichlet neumann", "padding: circular, zeros, reflect")

/* Of wrappers: the network inside; it has the key. */
#define TX_OPTION_INNER                                                                                                            \
    {                                                                                                                              \
        .name = "network", .type = TX_TYPE_SECTION, .kind = TX_KIND_NETWORK, .unit = "",                                           \
        .text = "the network inside; its key stands there, or in network_key"                                                      \
    }
#define TX_OPTION_PARAMETERS                                                                                                       \
    {                                                                                                                              \
        .name = "parameters", .type = TX_TYPE_PATH, .initial = "null", .unit = "",                                                 \
        .text = "a network file to take the initial parameters from, instead of the key"                                           \
    }
#define TX_OPTION_MIN_STD                                                                                                          \
    {                                                                                                                              \
        .name = "min_std", .type = TX_TYPE_REAL, .initial = "1e-4", .unit = "", .minimum = 0, .above_minimum = true,               \
        .text = "numbers of the data below it count as it"                                                                         \
    }

/* Where the initial parameters come from. */
#define TX_NETWORK_OPTIONS                                                                                                         \
    {.name = "key", .type = TX_TYPE_KEY, .unit = "", .text = "random key of the initial parameters", .unless = "parameters"},      \
        TX_OPTION_PARAMETERS
