/* Several threads on one block: each does its part of every step, then waits for the others. */
#include <pthread.h>

#include "base/memory.h"
#include "tensor/program.h"

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

/* The step on some of the channels of all its tensors. */
static void run_channels(const tx_step *step, tx_frame *frame)
{
    const int64_t channels = step->out_layout->shape.channels;
    const int64_t first = tx_part_begin(frame->part, channels), end = tx_part_end(frame->part, channels);
    if (first == end) {
        return;
    }
    tx_step part = *step;
    tx_layout layouts[TX_MAX_INPUTS], out = tx_layout_channels(step->out_layout, first, end - first);
    part.out_layout = &out;
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        if (step->layout[k]) {
            layouts[k] = tx_layout_channels(step->layout[k], first, end - first);
            part.layout[k] = &layouts[k];
        }
    }
    part.run(&part, frame);
}

bool tx_program_run_together(const tx_program *program, tx_workspace *workspace, const tx_block_input *input, double *loss,
                             void *gradient, tx_team *team, int index, int count)
{
    tx_frame frame;
    if (index == 0) {
        frame = tx_program_begin(program, workspace, input, gradient, NULL);
    }
    wait(team, count);
    if (index > 0) {
        frame = tx_program_frame(program, workspace, input, gradient, NULL);
    }
    frame.part = (tx_part){index, count};
    for (const tx_step *step = program->steps, *end = step + program->num_steps; step < end; step++) {
        if (step->sharing == TX_SHARE_CHANNELS) {
            run_channels(step, &frame);
        } else if (step->sharing == TX_SHARE_PARTS || index == 0) {
            step->run(step, &frame);
        }
        wait(team, count);
    }
    if (index == 0 && loss) {
        tx_program_read_loss(program, &frame, loss);
    }
    return !frame.failed;
}
