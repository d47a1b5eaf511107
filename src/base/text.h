/* Text of unknown length, formed piece by piece. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

typedef struct tx_text {
    char *data; /* terminated; tx_free */
    size_t size, capacity;
} tx_text;

tx_status tx_text_add(tx_text *text, tx_error *error, const char *format, ...) __attribute__((format(printf, 3, 4)));

void tx_time_write(char out[32]); /* the local time with its zone: 2024-01-31T23:59:59+01:00 */
