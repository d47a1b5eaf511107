/* Running a plan, as the files that do it share it: values.c, workspace.c, run.c, team.c, profile.c. Private to this room. */
#pragma once

#include <pthread.h>

#include "base/real.h"
#include "tensor/plan.h"

struct tx_values {
    const tx_plan *plan;
    const tx_parameters *parameters, *tangent; /* tangent may be NULL */
    uint64_t versions[2];                      /* of what is packed; 0: nothing is */
    pthread_mutex_t refreshing;
    tx_buffer *packed, *constants;
    tx_buffer *flat[2]; /* parameters, tangent, where the backend does not work in place */
};

enum { TX_GATHERED = 1 << 15 }; /* bytes of a sample */

struct tx_workspace {
    const tx_plan *plan;
    int blocks;
    tx_buffer *arena;
    char *base;  /* in place: of the arena, which may be the caller's (arena is NULL then) */
    char *lanes; /* of each block: the seed, then the batch size; tx_lane_bytes each */
    int count;   /* that `lanes` holds values for */
    int64_t batch_size;
    void **samples;     /* [block] of kernels' own */
    const void **seeds; /* [block] in place: with zeros for padding lanes */
    void *no_seed;      /* these zeros */
    void **states;      /* [num_functions] of users' functions */
    /* Where the backend does not work in place: */
    tx_buffer *staged_lanes, *given[TX_SOURCE_COUNT], *results, *gradient, *sum;
    tx_recording *recording;
    char *losses;   /* lanes of all blocks on their way to the caller */
    char *gathered; /* what samples are given on its way to the backend, where that is little each */
};

/* Uploads and packs what has changed. The first of several threads does it, the others wait. */
tx_status tx_values_refresh(tx_values *values, tx_error *error);

/* The seed is 1 / batch size in the real lanes and 0 in the padding ones; the batch size is the same in all. */
void tx_workspace_set_lanes(tx_workspace *workspace, int count, int64_t batch_size);
/* In place, the samples of one block: what its instructions see. */
tx_frame tx_workspace_frame(tx_workspace *workspace, const tx_values *values, const tx_run_input *input,
                            const tx_run_output *output, tx_error *error);
/* All that comes before the first instruction, but for the lanes: the gradient is zero. */
void tx_workspace_clear(tx_workspace *workspace, const tx_run_input *input, const tx_run_output *output);
/* A frame after that, and with the lanes set. */
tx_frame tx_workspace_begin(tx_workspace *workspace, const tx_values *values, const tx_run_input *input,
                            const tx_run_output *output, tx_error *error);
/* Not in place: uploads what a run is given; what its instructions see is of `staged`, which outlives the frame. */
tx_status tx_workspace_stage(tx_workspace *workspace, const tx_values *values, const tx_run_input *input, tx_error *error,
                             tx_staged *staged, tx_frame *out);
/* What a run in place has left: each sample's loss. */
void tx_workspace_read_losses(const tx_workspace *workspace, const tx_frame *frame, double *losses);

static inline tx_status tx_run_instructions(const tx_plan *plan, tx_frame *frame)
{
    for (const tx_instruction *i = plan->instructions, *end = i + plan->num_instructions; i < end; i++) {
        const tx_status status = i->run(i, frame);
        if (status != TX_OK) {
            return status;
        }
    }
    return TX_OK;
}
