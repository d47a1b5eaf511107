/* Where the time of a block goes. */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "tensor/program.h"

/* One run; the best time of each call so far. */
static void time_calls(const tx_program *program, tx_frame frame, double *best, bool first)
{
    double before = tx_clock();
    for (size_t k = 0; k < program->num_steps; k++) {
        program->steps[k].run(&program->steps[k], &frame);
        const double after = tx_clock(), seconds = after - before;
        best[k] = first || seconds < best[k] ? seconds : best[k];
        before = after;
    }
}

/* The row of a step's operation and part, a new one if there is none. */
static tx_operation_time *find_row(tx_operation_time *rows, int *count, const tx_step *step)
{
    int k = 0;
    while (k < *count && (strcmp(rows[k].name, step->name) != 0 || strcmp(rows[k].part, step->part) != 0)) {
        k++;
    }
    if (k == *count) {
        rows[(*count)++] = (tx_operation_time){.part = step->part, .name = step->name};
    }
    return &rows[k];
}

tx_status tx_program_profile(const tx_program *program, tx_workspace *workspace, const tx_block_input *input, void *gradient,
                             int repetitions, tx_error *error, tx_operation_time **out, int *count)
{
    double *best;
    TX_TRY(tx_allocate_array(program->num_steps, sizeof *best, error, &best));
    const tx_status status = tx_allocate_array(program->num_steps, sizeof **out, error, out);
    if (status != TX_OK) {
        tx_free(best);
        return status;
    }
    for (int k = 0; k < repetitions; k++) {
        time_calls(program, tx_program_begin(program, workspace, input, gradient, NULL), best, k == 0);
    }
    *count = 0;
    for (size_t k = 0; k < program->num_steps; k++) {
        tx_operation_time *row = find_row(*out, count, &program->steps[k]);
        row->calls++;
        row->seconds += best[k];
        row->flops += program->steps[k].flops;
    }
    tx_free(best);
    return TX_OK;
}
