/* Waiting, politely, for what others are about to do. */
#pragma once

#include <stdbool.h>

/* Of one wait; zeroed but for `crowded`. */
typedef struct tx_patience {
    bool crowded; /* fewer cores than runners: whoever is waited for may need this one */
    int polls;
    double start, waited, next_look;
} tx_patience;

/* Called after each poll in vain: may it be repeated at once? For some microseconds, where a core is free. */
bool tx_patience_spins(tx_patience *patience);
/* As this; and then yields the core, then sleeps. True about once a second: time to look what else goes on. */
bool tx_patience_relax(tx_patience *patience);
