/* Several threads on one block: each does its part of every instruction, then waits for the others. */
#include <pthread.h>

#include "base/memory.h"
#include "tensor/operation.h"
#include "tensor/run.h"

struct tx_team {
    pthread_mutex_t mutex;
    pthread_cond_t all_here;
    int here;
    unsigned round;
};

tx_status tx_team_create(tx_error *error, tx_team **out)
{
    tx_team *team;
    TX_TRY(tx_allocate(sizeof *team, error, &team));
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->all_here, NULL);
    *out = team;
    return TX_OK;
}

void tx_team_destroy(tx_team *team)
{
    if (team) {
        pthread_cond_destroy(&team->all_here);
        pthread_mutex_destroy(&team->mutex);
        tx_free(team);
    }
}

/* Sleeps until `count` threads are here: the core may belong to one of them. */
static void wait(tx_team *team, int count)
{
    pthread_mutex_lock(&team->mutex);
    const unsigned round = team->round;
    if (++team->here == count) {
        team->here = 0;
        team->round++;
        pthread_cond_broadcast(&team->all_here);
    }
    while (team->round == round) {
        pthread_cond_wait(&team->all_here, &team->mutex);
    }
    pthread_mutex_unlock(&team->mutex);
}

/* The instruction on some of the channels of all its tensors. */
static tx_status run_channels(const tx_instruction *whole, tx_frame *frame)
{
    const int64_t channels = whole->out_layout->shape.channels;
    const int64_t first = tx_part_begin(frame->part, channels), end = tx_part_end(frame->part, channels);
    if (first == end) {
        return TX_OK;
    }
    tx_instruction part = *whole;
    tx_layout layouts[TX_MAX_INPUTS], out = tx_layout_channels(whole->out_layout, first, end - first);
    part.out_layout = &out;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        if (whole->layout[k]) {
            layouts[k] = tx_layout_channels(whole->layout[k], first, end - first);
            part.layout[k] = &layouts[k];
        }
    }
    return part.run(&part, frame);
}

/* My part of it. */
static tx_status run_part(const tx_instruction *i, tx_frame *frame)
{
    if (i->sharing == TX_SHARE_CHANNELS) {
        return run_channels(i, frame);
    }
    return i->sharing == TX_SHARE_PARTS || frame->part.index == 0 ? i->run(i, frame) : TX_OK;
}

/* All go on to the end, whoever fails: the others wait for it. */
static tx_status run_parts(const tx_plan *plan, tx_frame *frame, tx_team *team, tx_status status)
{
    for (const tx_instruction *i = plan->instructions, *end = i + plan->num_instructions; i < end; i++) {
        status = status ? status : run_part(i, frame);
        wait(team, frame->part.count);
    }
    return status;
}

tx_status tx_values_run_together(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                                 tx_team *team, int index, int count, tx_error *error)
{
    tx_frame frame;
    tx_status status = TX_OK;
    if (index == 0) {
        status = tx_values_refresh(values, error);
        frame = tx_workspace_begin(workspace, values, input, output, error);
    }
    wait(team, count);
    if (index > 0) {
        frame = tx_workspace_frame(workspace, values, input, output, error);
    }
    frame.part = (tx_part){index, count};
    status = run_parts(values->plan, &frame, team, status);
    if (index == 0 && output->losses) {
        tx_workspace_read_losses(workspace, &frame, output->losses);
    }
    if (index == 0) {
        tx_note_failed(&output->failed, frame.failed.function, frame.failed.code);
    }
    return status;
}
