/* Where the time of a block goes; on a device of all blocks of a run, as the device itself tells, or each call is waited for. */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "tensor/run.h"

static tx_status time_call(const tx_plan *plan, const tx_instruction *instruction, tx_frame *frame, double *seconds)
{
    const tx_backend_class *class_ = plan->backend->class_;
    const double before = tx_clock();
    if (class_->time) {
        return class_->time(instruction, frame, seconds);
    }
    TX_TRY(instruction->run(instruction, frame));
    TX_TRY(frame->staged ? class_->synchronise(plan->backend, frame->error) : TX_OK);
    *seconds = tx_clock() - before;
    return TX_OK;
}

/* One run; the best time of each call so far. */
static tx_status time_calls(const tx_plan *plan, tx_frame frame, double *best, bool first)
{
    for (size_t k = 0; k < plan->num_instructions; k++) {
        double seconds;
        TX_TRY(time_call(plan, &plan->instructions[k], &frame, &seconds));
        best[k] = first || seconds < best[k] ? seconds : best[k];
    }
    return TX_OK;
}

/* The row of an instruction's kernel and part, a new one if there is none. */
static tx_operation_time *find_row(tx_operation_time *rows, int *count, const tx_instruction *instruction)
{
    const char *name = instruction->kernel->name;
    int k = 0;
    while (k < *count && (strcmp(rows[k].name, name) != 0 || strcmp(rows[k].part, instruction->part) != 0)) {
        k++;
    }
    if (k == *count) {
        rows[(*count)++] = (tx_operation_time){.part = instruction->part, .name = name};
    }
    return &rows[k];
}

/* The best times of `repetitions` runs. */
static tx_status time_runs(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                           int repetitions, double *best, tx_error *error)
{
    TX_TRY(tx_values_refresh(values, error));
    for (int k = 0; k < repetitions; k++) {
        tx_staged staged;
        tx_frame frame;
        if (values->plan->backend->class_->in_place) {
            frame = tx_workspace_begin(workspace, values, input, output, error);
        } else {
            TX_TRY(tx_workspace_stage(workspace, values, input, error, &staged, &frame));
        }
        TX_TRY(time_calls(values->plan, frame, best, k == 0));
    }
    return TX_OK;
}

/* Returns the number of rows. */
static int fill(const tx_plan *plan, const double *best, tx_operation_time *rows)
{
    int count = 0;
    for (size_t k = 0; k < plan->num_instructions; k++) {
        tx_operation_time *row = find_row(rows, &count, &plan->instructions[k]);
        row->calls++;
        row->seconds += best[k];
        row->flops += plan->instructions[k].flops;
    }
    return count;
}

tx_status tx_values_profile(tx_values *values, tx_workspace *workspace, const tx_run_input *input, tx_run_output *output,
                            int repetitions, tx_error *error, tx_operation_time **out, int *count)
{
    const size_t instructions = values->plan->num_instructions;
    double *best = NULL;
    tx_operation_time *rows = NULL;
    tx_status status = tx_allocate_array(instructions, sizeof *best, error, &best);
    status = status ? status : tx_allocate_array(instructions, sizeof *rows, error, &rows);
    status = status ? status : time_runs(values, workspace, input, output, repetitions, best, error);
    if (status == TX_OK) {
        *count = fill(values->plan, best, rows);
        *out = rows;
    } else {
        tx_free(rows);
    }
    tx_free(best);
    return status;
}
