/* Which file HDF5 is reading on this thread. Damage can make it crash, or go round in circles: nobody knows but it, and it tells
 * nobody. Who has the process (the command, not the library) can say at least in which file that was. */
#pragma once

#include <stdbool.h>
#include <time.h>

typedef struct tx_reading {
    const char *path; /* NULL: none */
    bool lasts;       /* numbers are read, which may take long; all else comes at once */
    /* For who watches, anew whenever it begins or stands again: the thread's CPU time when that was first seen. */
    bool seen;
    struct timespec since;
} tx_reading;

/* Safe in signal handlers. What is returned stays until the scope of the note ends. */
tx_reading *tx_reading_now(void);

/* `path` is the caller's, and stays until the end. Returns the note that stood before. */
tx_reading tx_reading_begin(const char *path, bool lasts);
void tx_reading_end(const tx_reading *before);

/* For the rest of the scope HDF5 reads `path`. */
#define TX_READING_PATH(path, lasts)                                                                                               \
    __attribute__((cleanup(tx_reading_end), unused)) const tx_reading tx_reading_scope_ = tx_reading_begin(path, lasts)
