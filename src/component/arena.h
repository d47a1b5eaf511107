/* The memory of one configuration: many small things that live and die together, so nothing is freed singly and an error
 * in the middle leaks nothing. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

typedef struct tx_arena_chunk tx_arena_chunk;
typedef struct tx_arena {
    tx_arena_chunk *last; /* NULL: empty */
} tx_arena;

/* Zeroed memory, aligned for any type, until tx_arena_release. */
tx_status tx_arena_allocate(tx_arena *arena, size_t count, size_t size, tx_error *error, void *out);
tx_status tx_arena_text(tx_arena *arena, const char *text, size_t length, tx_error *error, const char **out);
tx_status tx_arena_format(tx_arena *arena, tx_error *error, const char **out, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void tx_arena_release(tx_arena *arena);
