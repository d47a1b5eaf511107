/* Messages as Protocol Buffers encode them: fields one behind the other, each its number, then its value. Private to this room. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/status.h"

typedef struct tx_message { /* {.error = …} to begin with; tx_free(data). Errors are sticky */
    char *data;
    size_t length, capacity;
    tx_error *error;
    tx_status status;
} tx_message;

void tx_message_integer(tx_message *message, int field, int64_t value);
void tx_message_bytes(tx_message *message, int field, size_t bytes, const void *data);
void tx_message_text(tx_message *message, int field, const char *text);
/* A field that is a message: what is appended between the two calls. */
size_t tx_message_begin(tx_message *message, int field);
void tx_message_end(tx_message *message, size_t begin);
