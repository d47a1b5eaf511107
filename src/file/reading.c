/* A note for each thread: the file that HDF5 reads. */
#include "file/reading.h"

#include <stdatomic.h>

static _Thread_local tx_reading now;

tx_reading *tx_reading_now(void)
{
    return &now;
}

/* A handler may come at any moment: while the note changes there is none. */
static void put(const char *path, bool lasts)
{
    now.path = NULL;
    atomic_signal_fence(memory_order_seq_cst);
    now.lasts = lasts;
    now.seen = false;
    atomic_signal_fence(memory_order_seq_cst);
    now.path = path;
    atomic_signal_fence(memory_order_seq_cst);
}

tx_reading tx_reading_begin(const char *path, bool lasts)
{
    const tx_reading before = now;
    put(path, lasts);
    return before;
}

void tx_reading_end(const tx_reading *before)
{
    put(before->path, before->lasts);
}
