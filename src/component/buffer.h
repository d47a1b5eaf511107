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

/* A user's text inside a message, cut to a readable length. */
typedef struct tx_quoted {
    char text[72];
} tx_quoted;
tx_quoted tx_quote(const char *text);

/* A table: columns as wide as their longest cell, two spaces between them, no spaces at the ends of lines. cells: rows x
 * columns, row by row. `width`, of a terminal: the widest columns become narrower until the table fits, their cells going on
 * below; where that does not do, a row is a paragraph and its last cell another below it. 0: nothing is wrapped. */
void tx_buffer_table(tx_buffer *text, const char *indent, int width, size_t rows, size_t columns, const char *const *cells);
/* Words in lines of at most `width` columns (0: one line). The first begins at column `at`, where the text stands already; the
 * others are indented by `hang`. */
void tx_buffer_wrap(tx_buffer *text, int width, size_t at, size_t hang, const char *words);
