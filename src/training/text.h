/* Text of unknown length, formed piece by piece. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

typedef struct tx_text {
    char *data; /* terminated; tx_free */
    size_t size, capacity;
} tx_text;

tx_status tx_text_add(tx_text *text, tx_error *error, const char *format, ...) __attribute__((format(printf, 3, 4)));
