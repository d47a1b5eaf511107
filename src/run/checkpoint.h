/* checkpoint.h5: all that a resumed run needs to go on to the same bits, on any number of ranks. Rank 0's business; what it
 * read is then broadcast. */
#pragma once

#include "history/history.h"
#include "run/builds.h"
#include "trainax/file.h"
#include "training/member.h"

/* A checkpoint found in a run directory, open and known to be whole. */
typedef struct tx_checkpoint {
    tx_file *file;
    char *path;
    int64_t step;
    int64_t best_step;         /* of the best network in it, -1: none */
    bool ended;                /* the run was ended there, before all steps were done */
    tx_config *config;         /* the run's */
    tx_stored_history history; /* of `step`, in order */
} tx_checkpoint;

/* Writes DIRECTORY/checkpoint.h5; the one before becomes checkpoint.previous.h5. TX_BAD_DATA: disk full, …; then the file
 * that was there stays. */
tx_status tx_checkpoint_save(tx_member *member, tx_history *history, const tx_builds *libraries, const char *directory,
                             tx_error *error);

/* Opens the newest checkpoint that is whole and of which step, counts and history belong together, warning of another. file NULL in
 * *out: there is none. config: what is to go on from it, which says where libraries lie now. TX_BAD_DATA when there are some, but
 * all damaged, or their configuration names a library that is not there. */
tx_status tx_checkpoint_find(const char *directory, const tx_config *config, const tx_log *log, tx_error *error,
                             tx_checkpoint *out);
void tx_checkpoint_close(tx_checkpoint *checkpoint);
/* "… (resuming from PATH; --overwrite starts anew)" */
static inline tx_status tx_checkpoint_refuse(const tx_checkpoint *checkpoint, const tx_error *reason, tx_error *error)
{
    return tx_error_set(error, reason->status, "%s (resuming from %s; --overwrite starts anew)", reason->message, checkpoint->path);
}
/* TX_INVALID naming the key when it belongs to another configuration or has done more steps than are asked for. */
tx_status tx_checkpoint_check(const tx_checkpoint *checkpoint, const tx_config *config, tx_error *error);
/* Warns when another version, instruction set, device or build of a library goes on from it than wrote it: the last bits may
 * differ. */
tx_status tx_checkpoint_compare(const tx_checkpoint *checkpoint, const tx_backend *backend, const tx_builds *libraries,
                                const tx_log *log, tx_error *error);
/* Sets parameters, optimizer, scales and step of the member, and appends the rows to its history (rank 0 alone). TX_INVALID, with
 * nothing set, when the data are not those of the run. */
tx_status tx_checkpoint_load(const tx_checkpoint *checkpoint, tx_member *member, tx_error *error);
/* Writes history.csv at `path` again if it is not what it should be. */
tx_status tx_checkpoint_restore_history(const tx_checkpoint *checkpoint, const char *path, tx_error *error);
/* Rank 0's state for all. Collective. */
tx_status tx_checkpoint_share(tx_member *member, tx_error *error);

/* content.c: what the trainer's data are, whatever they are called: shape, and a checksum of the numbers. */
bool tx_content_is_partial(const tx_member *member); /* was reading stopped before all were there? */
tx_status tx_content_put(const tx_member *member, tx_file *file, tx_error *error);
/* TX_INVALID, naming what has changed, when these are not the data of the checkpoint's run. A generator's numbers may differ
 * in their last bits between machines: of those the same options are enough, with a warning. */
tx_status tx_content_check(const tx_checkpoint *checkpoint, const tx_member *member, tx_error *error);
