/* The solver of burgers.c as a stepper: its history is the tape that forward leaves for the adjoint. */
#include "burgers.h"

#include <trainax/plugin.h>

static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    burgers *solver;
    (void)states;
    if (shape.axes != 1 || shape.channels != 1) {
        return tx_section_error(section, NULL, error, TX_INVALID, "burgers works on states of one channel and one spatial axis");
    }
    TX_TRY(tx_allocate(sizeof *solver, error, &solver));
    solver->cells = (int)shape.n[0];
    solver->substeps = (int)tx_get_integer(section, "num_substeps");
    solver->dx = tx_get_real(section, "domain_extent") / (double)shape.n[0];
    solver->dt = tx_get_real(section, "dt") / solver->substeps;
    solver->viscosity = tx_get_real(section, "viscosity");
    function->user = solver;
    function->tape_bytes = (size_t)solver->substeps * (size_t)solver->cells * sizeof(double);
    function->state_bytes = 5 * (size_t)solver->cells * sizeof(double);
    return TX_OK;
}

static tx_status create_work(void *user, int64_t max_samples, tx_error *error, void **state)
{
    const burgers *solver = user;
    (void)max_samples;
    return tx_allocate(5 * (size_t)solver->cells * sizeof(double), error, state);
}

static int step(const tx_function_call *call, const double *x, double *y)
{
    const int failed = burgers_advance(call->user, x, y, call->tape, call->state);
    if (failed) {
        tx_error_set(call->error, TX_FAILURE, "dt is too long for the fastest wave in substep %d", failed);
    }
    return failed;
}

static int adjoint(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    (void)x;
    burgers_adjoint(call->user, call->tape, dy, dx, call->state);
    return 0;
}

static const tx_option options[] = {
    {.name = "dt",
     .type = TX_TYPE_REAL,
     .initial = "0.01",
     .unit = "time",
     .text = "time step",
     .minimum = 0,
     .maximum = 1e9,
     .above_minimum = true},
    {.name = "domain_extent",
     .type = TX_TYPE_REAL,
     .initial = "1.0",
     .unit = "length",
     .text = "length of the axis",
     .minimum = 0,
     .maximum = 1e9,
     .above_minimum = true},
    {.name = "viscosity",
     .type = TX_TYPE_REAL,
     .initial = "0.001",
     .unit = "",
     .text = "of the fluid",
     .minimum = 0,
     .maximum = 1e9},
    {.name = "num_substeps",
     .type = TX_TYPE_INTEGER,
     .initial = "2",
     .unit = "",
     .text = "steps of the solver in one",
     .minimum = 1,
     .maximum = 1000},
    {.name = NULL},
};
static const tx_plugin_map map = {
    .function = {.forward = step, .vjp = adjoint, .create = create_work, .destroy = tx_free, .one_by_one = true},
    .create = create,
    .destroy = tx_free};
static const tx_component stepper = {.kind = TX_KIND_STEPPER,
                                     .name = "burgers",
                                     .summary = "Burgers' equation, finite volumes, periodic",
                                     .options = options,
                                     .implementation = &map};
TX_PLUGIN(&stepper)
