/* The arena while a graph is planned: which parts of it are free. Places are best-fit, neighbouring gaps are joined. */
#include <string.h>

#include "base/memory.h"
#include "tensor/planner.h"

static void remove_gap(tx_arena *arena, size_t k)
{
    memmove(arena->gaps + k, arena->gaps + k + 1, (--arena->num_gaps - k) * sizeof *arena->gaps);
}

int64_t tx_arena_take(tx_arena *arena, int64_t size)
{
    size_t best = arena->num_gaps;
    for (size_t k = 0; k < arena->num_gaps; k++) {
        if (arena->gaps[k].size >= size && (best == arena->num_gaps || arena->gaps[k].size < arena->gaps[best].size)) {
            best = k;
        }
    }
    if (best == arena->num_gaps) {
        arena->top += size;
        return arena->top - size;
    }
    const int64_t offset = arena->gaps[best].offset;
    arena->gaps[best].offset += size;
    arena->gaps[best].size -= size;
    if (!arena->gaps[best].size) {
        remove_gap(arena, best);
    }
    return offset;
}

/* Gap k and the one behind it become one where they touch. */
static void join_gaps(tx_arena *arena, size_t k)
{
    if (k + 1 < arena->num_gaps && arena->gaps[k].offset + arena->gaps[k].size == arena->gaps[k + 1].offset) {
        arena->gaps[k].size += arena->gaps[k + 1].size;
        remove_gap(arena, k + 1);
    }
}

tx_status tx_arena_give(tx_arena *arena, int64_t offset, int64_t size, tx_error *error)
{
    TX_TRY(tx_reserve(arena->num_gaps + 1, sizeof *arena->gaps, &arena->gap_capacity, error, &arena->gaps));
    size_t k = 0;
    while (k < arena->num_gaps && arena->gaps[k].offset < offset) {
        k++;
    }
    memmove(arena->gaps + k + 1, arena->gaps + k, (arena->num_gaps++ - k) * sizeof *arena->gaps);
    arena->gaps[k] = (tx_gap){offset, size};
    join_gaps(arena, k);
    if (k) {
        join_gaps(arena, k - 1);
    }
    return TX_OK;
}
