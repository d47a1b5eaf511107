/* Memory of a configuration's texts and sections, freed at once. */
#include "component/pool.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/format.h"
#include "base/memory.h"

enum { CHUNK = 16 << 10, ALIGNMENT = 16 };

struct tx_pool_chunk {
    tx_pool_chunk *before;
    size_t used, size;
    _Alignas(ALIGNMENT) char bytes[];
};

typedef struct tx_pool_end {
    struct tx_pool_end *before;
    void (*release)(void *what);
    void *what;
} tx_pool_end;

static tx_status add_chunk(tx_pool *pool, size_t bytes, tx_error *error)
{
    const size_t size = bytes > CHUNK ? bytes : CHUNK;
    tx_pool_chunk *chunk;
    TX_TRY(tx_allocate(sizeof *chunk + size, error, &chunk));
    *chunk = (tx_pool_chunk){.before = pool->last, .size = size};
    pool->last = chunk;
    return TX_OK;
}

tx_status tx_pool_allocate(tx_pool *pool, size_t count, size_t size, tx_error *error, void *out)
{
    if (size && count > (SIZE_MAX >> 8) / size) {
        return tx_error_set(error, TX_FAILURE, "out of memory (%zu elements of %zu bytes asked for)", count, size);
    }
    const size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!pool->last || pool->last->size - pool->last->used < bytes) {
        TX_TRY(add_chunk(pool, bytes, error));
    }
    *(void **)out = pool->last->bytes + pool->last->used;
    pool->last->used += bytes;
    return TX_OK;
}

tx_status tx_pool_text(tx_pool *pool, const char *text, size_t length, tx_error *error, const char **out)
{
    char *copy;
    TX_TRY(tx_pool_allocate(pool, length + 1, 1, error, &copy));
    if (length) {
        memcpy(copy, text, length);
    }
    *out = copy;
    return TX_OK;
}

tx_status tx_pool_format(tx_pool *pool, tx_error *error, const char **out, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = tx_format_list(NULL, 0, format, arguments);
    va_end(arguments);
    char *text;
    const tx_status status = tx_pool_allocate(pool, (size_t)length + 1, 1, error, &text);
    if (status == TX_OK) {
        tx_format_list(text, (size_t)length + 1, format, again);
        *out = text;
    }
    va_end(again);
    return status;
}

tx_status tx_pool_defer(tx_pool *pool, void (*release)(void *what), void *what, tx_error *error)
{
    tx_pool_end *end;
    TX_TRY(tx_pool_allocate(pool, 1, sizeof *end, error, &end));
    *end = (tx_pool_end){.before = pool->ends, .release = release, .what = what};
    pool->ends = end;
    return TX_OK;
}

void tx_pool_release(tx_pool *pool)
{
    for (; pool->ends; pool->ends = pool->ends->before) {
        pool->ends->release(pool->ends->what);
    }
    while (pool->last) {
        tx_pool_chunk *chunk = pool->last;
        pool->last = chunk->before;
        tx_free(chunk);
    }
}
