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
#define TX_OPTION_SLICE(name_, text_)                                                                                              \
    {                                                                                                                              \
        .name = (name_), .type = TX_TYPE_STRING, .initial = "':'", .unit = "Python slice", .text = (text_)                         \
    }
