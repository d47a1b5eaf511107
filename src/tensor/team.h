/* Who works on one block together, inside: threads of a rank, or those of several ranks, which meet in memory that they share. */
#pragma once

#include "trainax/plan.h"

/* Zeroed: ready. */
typedef struct tx_meeting {
    _Alignas(64) _Atomic uint32_t here; /* in this round */
    _Alignas(64) _Atomic uint32_t round;
    _Atomic uint32_t broken; /* somebody has not come, nor will */
} tx_meeting;

struct tx_team {
    tx_meeting *meeting, own;
    int before, others; /* seats of other ranks: of those that sit before this one, of all */
    bool crowded;       /* more seats on this machine than cores */
    /* By the first thread of each rank, before they meet for the first instruction: returns when all ranks are here. If it fails,
     * so does the run, for all. NULL: there are no other ranks. */
    tx_status (*assemble)(void *object, tx_error *error);
    void *object;
};

/* A workspace for one block in such memory: plan's arena_bytes, 64-byte aligned, the caller's. In place only. */
tx_status tx_workspace_create_in(const tx_plan *plan, char *arena, tx_error *error, tx_workspace **out);
