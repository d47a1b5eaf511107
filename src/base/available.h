/* How much memory this process may still take, as the system says. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes; SIZE_MAX where nothing is known or nothing limits it. */
typedef struct tx_available {
    size_t machine;    /* free, or to be had without loss (caches); swap included */
    size_t group;      /* left to a control group of this process: to that which has least left */
    size_t process;    /* left by the limits of the process itself (ulimit -v, ulimit -d), less what libraries take as they go */
    uint64_t group_id; /* which control group that is: the same number in all processes of it; 0: none has a limit */
} tx_available;

/* root: "" for the real system; tests have proc/ and sys/fs/cgroup/ in a folder of their own. */
tx_available tx_available_now(const char *root);

/* The least of the three. */
static inline size_t tx_available_least(const tx_available *available)
{
    const size_t shared = available->machine < available->group ? available->machine : available->group;
    return shared < available->process ? shared : available->process;
}
