/* Text that grows: for help, lists and the YAML writer. Errors are sticky and come out at the end. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

typedef struct tx_buffer { /* {.error = …} to begin with */
    char *data;
    size_t length, capacity;
    tx_error *error;
    tx_status status;
} tx_buffer;

void tx_buffer_add(tx_buffer *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tx_buffer_pad(tx_buffer *text, size_t count); /* spaces */
/* Hands the text over (tx_free), or frees it and returns the first error. */
tx_status tx_buffer_finish(tx_buffer *text, char **out);

/* A user's text inside a message: on one line, its control characters escaped, cut to a readable length. */
typedef struct tx_quoted {
    char text[72];
} tx_quoted;
tx_quoted tx_quote(const char *text);

/* A table: columns as wide as their longest cell, two spaces between them, no spaces at the ends of lines. cells: rows x
 * columns, row by row. */
void tx_buffer_table(tx_buffer *text, const char *indent, size_t rows, size_t columns, const char *const *cells);
