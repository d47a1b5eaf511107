/* Options that several sources have. */
#pragma once

#include <math.h>

#include "trainax/component.h"

#define TX_OPTION_COUNT(name_, initial_, unit_, minimum_, text_)                                                                   \
    {                                                                                                                              \
        .name = (name_), .type = TX_TYPE_INTEGER, .initial = (initial_), .unit = (unit_), .minimum = (minimum_),                   \
        .maximum = 2147483647.0, .text = (text_)                                                                                   \
    }
#define TX_OPTION_NUMBER(name_, initial_, unit_, text_)                                                                            \
    {                                                                                                                              \
        .name = (name_), .type = TX_TYPE_REAL, .initial = (initial_), .unit = (unit_), .text = (text_)                             \
    }
#define TX_OPTION_DATA_KEY(text_)                                                                                                  \
    {                                                                                                                              \
        .name = "key", .type = TX_TYPE_KEY, .initial = NULL, .unit = "", .text = (text_)                                           \
    }
#define TX_OPTION_PATHS(text_)                                                                                                     \
    {                                                                                                                              \
        .name = "path", .type = TX_TYPE_PATHS, .initial = NULL, .unit = "", .text = (text_)                                        \
    }
#define TX_OPTION_FIELDS(text_)                                                                                                    \
    {                                                                                                                              \
        .name = "fields", .type = TX_TYPE_STRINGS, .initial = "null", .unit = "", .text = (text_)                                  \
    }
#define TX_OPTION_LENGTHS                                                                                                          \
    {                                                                                                                              \
        .name = "lengths", .type = TX_TYPE_WORD, .initial = "shortest", .unit = "", .words = "shortest own",                       \
        .text = "of files with unequally many levels: the shortest counts for all, or each trajectory keeps its own"               \
    }
