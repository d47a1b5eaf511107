/* Several threads on one block, of one rank or of several: each does its part of every instruction, then waits for the others. */
#include "tensor/team.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/patience.h"
#include "tensor/operation.h"
#include "tensor/run.h"

tx_status tx_team_create(bool crowded, tx_error *error, tx_team **out)
{
    tx_team *team;
    TX_TRY(tx_allocate(sizeof *team, error, &team));
    team->meeting = &team->own;
    team->crowded = crowded;
    *out = team;
    return TX_OK;
}

void tx_team_destroy(tx_team *team)
{
    tx_free(team);
}

static void wake_all(tx_meeting *meeting)
{
    atomic_fetch_add(&meeting->round, 1);
    syscall(SYS_futex, &meeting->round, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Until all are here; soon asleep: the core may belong to one of them. */
static void meet(const tx_team *team, int count)
{
    tx_meeting *meeting = team->meeting;
    const uint32_t round = atomic_load(&meeting->round);
    tx_patience patience = {.crowded = team->crowded};
    if (atomic_load(&meeting->broken)) { /* which comes before a last round */
        return;
    }
    if (atomic_fetch_add(&meeting->here, 1) + 1 == (uint32_t)count) {
        atomic_store(&meeting->here, 0);
        wake_all(meeting);
    }
    while (atomic_load_explicit(&meeting->round, memory_order_acquire) == round) {
        if (!tx_patience_spins(&patience)) {
            syscall(SYS_futex, &meeting->round, FUTEX_WAIT, round, NULL, NULL, 0);
        }
    }
}

/* Ranks assemble first: one of them may never come. From then on all can be relied on. */
static tx_status assemble(const tx_team *team, int index, int count, tx_error *error)
{
    tx_meeting *meeting = team->meeting;
    const tx_status status = index == 0 && team->assemble ? team->assemble(team->object, error) : TX_OK;
    if (status != TX_OK) {
        atomic_store(&meeting->broken, 1);
        wake_all(meeting);
        return status;
    }
    meet(team, team->others + count);
    return atomic_load(&meeting->broken)
               ? tx_error_set(error, TX_FAILURE, "another rank has given up a block that this one was to compute with it")
               : TX_OK;
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

/* All go on to the end, whoever fails: the others wait for it. What the first does alone, again and again, nobody waits for. */
static tx_status run_parts(const tx_plan *plan, tx_frame *frame, const tx_team *team, tx_status status)
{
    for (const tx_instruction *i = plan->instructions, *end = i + plan->num_instructions; i < end; i++) {
        status = status ? status : run_part(i, frame);
        if (i + 1 == end || i->sharing != TX_SHARE_NOTHING || i[1].sharing != TX_SHARE_NOTHING) {
            meet(team, frame->part.count);
        }
    }
    return status;
}

/* What one thread of a rank does for all of them, and one of all ranks for all. */
static tx_status prepare(tx_values *values, tx_workspace *workspace, const tx_run_input *input, const tx_run_output *output,
                         bool leads, tx_error *error)
{
    TX_TRY(tx_values_refresh(values, error));
    tx_workspace_set_lanes(workspace, input->count, input->batch_size);
    if (leads) {
        TX_TRY(input->windows ? TX_OK : tx_error_set(error, TX_FAILURE, "there is nothing to compute"));
        tx_workspace_clear(workspace, input, output);
    }
    return TX_OK;
}

tx_status tx_values_run_together(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                                 tx_team *team, int index, int count, tx_error *error)
{
    tx_frame frame = tx_workspace_frame(workspace, values, input, output, error);
    frame.part = (tx_part){team->before + index, team->others + count};
    const bool leads = frame.part.index == 0;
    tx_status status = index == 0 ? prepare(values, workspace, input, output, leads, error) : TX_OK;
    TX_TRY(assemble(team, index, count, error));
    status = run_parts(values->plan, &frame, team, status);
    if (leads && output->losses) {
        tx_workspace_read_losses(workspace, &frame, output->losses);
    }
    if (leads) {
        tx_note_failed(&output->failed, &frame.failed);
    }
    return status;
}
