/* Text from elsewhere on one line of a message. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* As much of `text` as fits into `size` bytes (at least 8) with the final zero, ending in "…" where that is not all: control
 * characters, line breaks of any sort and bytes that are no UTF-8 as \n, \t, \x1b. What is escaped already stays as it is. */
void tx_escape(const char *text, char *out, size_t size);
bool tx_is_utf8(const char *text);
