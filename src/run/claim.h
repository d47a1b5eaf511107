/* Who owns a run directory: the file `lock` in it, made by link(2), which every file system does atomically that has it; none
 * of their locks is needed. One process at a time; rank 0's business.
 *
 * A claim says who made it: host, process, Slurm's job. One whose process or job is dead is taken over, by one of however many
 * try at the same time; while the job ends, that is waited for, a minute at most. Where it cannot be found out, it is for a
 * person to remove the file. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

typedef struct tx_claim {
    char *path;  /* of the file, NULL: none is held */
    char *text;  /* what it says */
    char *made;  /* the directory, where it was made for the claim; NULL: it stood there */
    size_t kept; /* of these characters of it existed before */
} tx_claim;

/* TX_INVALID, naming the owner, when the directory is somebody's. Changes nothing. */
tx_status tx_claim_check(const char *directory, tx_error *error);
/* Makes the directory where it is missing, and a claim in it. Fails as tx_claim_check does, and with TX_BAD_DATA when it
 * cannot be written. */
tx_status tx_claim_take(const char *directory, const tx_log *log, tx_error *error, tx_claim *out);
/* Is it still this process's? TX_INVALID: it was taken for dead, as after its machine had been cut off, or a person has removed
 * the file. Asked before anything is written. */
tx_status tx_claim_keep(const tx_claim *claim, tx_error *error);
/* Gives it back; a directory that was made for it goes too, if it is empty. Takes a zeroed claim. */
void tx_claim_release(tx_claim *claim);
