/* The memory of one configuration: many small things that live and die together, so nothing is freed singly and an error
 * in the middle leaks nothing. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

typedef struct tx_pool_chunk tx_pool_chunk;
typedef struct tx_pool {
    tx_pool_chunk *last; /* NULL: empty */
    struct tx_pool_end *ends;
} tx_pool;

/* Zeroed memory, aligned for any type, until tx_pool_release. */
tx_status tx_pool_allocate(tx_pool *pool, size_t count, size_t size, tx_error *error, void *out);
tx_status tx_pool_text(tx_pool *pool, const char *text, size_t length, tx_error *error, const char **out);
tx_status tx_pool_format(tx_pool *pool, tx_error *error, const char **out, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* When the pool is released, calls release(what), the last first. */
tx_status tx_pool_defer(tx_pool *pool, void (*release)(void *what), void *what, tx_error *error);
void tx_pool_release(tx_pool *pool);
