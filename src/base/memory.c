/* Memory: zeroed, aligned, counted, able to fail on demand. */
#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/available.h"

/* What this thread has taken and not given back, modulo the length of a size_t: others may free it. */
static _Thread_local size_t live, peak;
/* The tests' and the user's word. */
static atomic_long failing = -1;
static atomic_bool trusted;

static bool must_fail(void)
{
    return atomic_load(&failing) >= 0 && (atomic_load(&failing) == 0 || atomic_fetch_sub(&failing, 1) == 1);
}

/* What is touched for the first time costs the system as much a page, however large that is: large ones, where it has them. */
static void ask_for_large_pages(char *memory, size_t bytes)
{
    enum { PAGE = 1 << 12, LARGE = 1 << 23 };
    if (bytes >= LARGE) {
        const size_t before = -(uintptr_t)memory % PAGE;
        madvise(memory + before, (bytes - before) / PAGE * PAGE, MADV_HUGEPAGE);
    }
}

static void *aligned_zeroed(size_t bytes)
{
    const size_t rounded = bytes > SIZE_MAX - 64 ? 0 : (bytes + 63) / 64 * 64;
    if (bytes && !rounded) {
        return NULL;
    }
    void *memory = aligned_alloc(64, rounded ? rounded : 64);
    if (memory) {
        ask_for_large_pages(memory, rounded);
    }
    return memory ? memset(memory, 0, rounded) : NULL;
}

/* In whole lines, as it was asked for: what the allocator adds depends on what it has done before. */
static size_t size_of(void *memory)
{
    return malloc_usable_size(memory) / 64 * 64;
}

/* Asked of what is large: the kernel gives more than there is, and ends the process when that is used. */
tx_status tx_memory_check(size_t bytes, tx_error *error)
{
    enum { LARGE = 1 << 26 };
    if (bytes < LARGE || atomic_load(&trusted)) {
        return TX_OK;
    }
    const tx_available available = tx_available_now("");
    const size_t least = tx_available_least(&available);
    return bytes <= least ? TX_OK
                          : tx_error_set(error, TX_INVALID, "out of memory (%.3g GiB asked for at once, %.3g GiB are free)",
                                         (double)bytes / 0x1p30, (double)least / 0x1p30);
}

tx_status tx_allocate(size_t bytes, tx_error *error, void *out)
{
    TX_TRY(tx_memory_check(bytes, error));
    void *memory = must_fail() ? NULL : aligned_zeroed(bytes);
    if (!memory) {
        return tx_error_set(error, TX_FAILURE, "out of memory (%zu bytes asked for)", bytes);
    }
    live += size_of(memory);
    peak = (ptrdiff_t)(live - peak) > 0 ? live : peak;
    *(void **)out = memory;
    return TX_OK;
}

tx_status tx_allocate_array(size_t count, size_t size, tx_error *error, void *out)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return tx_error_set(error, TX_FAILURE, "out of memory (%zu elements of %zu bytes asked for)", count, size);
    }
    return tx_allocate(bytes, error, out);
}

tx_status tx_reserve(size_t count, size_t size, size_t *capacity, tx_error *error, void *array)
{
    if (count <= *capacity) {
        return TX_OK;
    }
    size_t wanted = *capacity ? *capacity : 8;
    while (wanted < count) {
        wanted *= 2;
    }
    void *grown;
    TX_TRY(tx_allocate_array(wanted, size, error, &grown));
    void *old = *(void **)array;
    if (old) {
        memcpy(grown, old, *capacity * size);
    }
    tx_free(old);
    *(void **)array = grown;
    *capacity = wanted;
    return TX_OK;
}

tx_status tx_duplicate(const char *text, tx_error *error, char **out)
{
    const size_t bytes = strlen(text) + 1;
    char *copy;
    TX_TRY(tx_allocate(bytes, error, &copy));
    memcpy(copy, text, bytes);
    *out = copy;
    return TX_OK;
}

void tx_free(void *memory)
{
    if (memory) {
        live -= size_of(memory);
        free(memory);
    }
}

size_t tx_memory_live(void)
{
    return live;
}
size_t tx_memory_peak(void)
{
    return peak;
}
void tx_memory_reset_peak(void)
{
    peak = live;
}
void tx_memory_trust(bool user)
{
    atomic_store(&trusted, user);
}
void tx_memory_fail_after(long n)
{
    atomic_store(&failing, n);
}
