/* Networks and gradients of single steps, as files of rank 0. */
#pragma once

#include "training/member.h"

/* As the callbacks' service of this name. */
tx_status tx_snapshot_add(tx_member *member, const tx_section *callback, const tx_snapshot *snapshot, int64_t every,
                          tx_error *error);
void tx_snapshots_free(tx_snapshots *snapshots);
/* Of the member's step; rank 0. */
tx_status tx_snapshot_save(const tx_member *member, const tx_snapshot *snapshot, tx_error *error);
/* The trained network as a file holds it: parameters, losses, step. */
tx_status tx_member_put_network(const tx_member *member, const void *parameters, struct tx_history *history, tx_file *file,
                                tx_error *error);
