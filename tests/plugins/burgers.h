/* A finite-volume solver of Burgers' equation on a periodic axis, u_t + (u^2 / 2)_x = nu u_xx, as somebody may have it: it knows
 * nothing of trainax. */
#pragma once

typedef struct burgers {
    int cells, substeps;
    double dx, dt, viscosity; /* dt: of a substep */
} burgers;

/* `substeps` steps of Heun's scheme with Rusanov's flux, from u to `next`. history (substeps, cells): the state before each
 * substep; NULL: it is not wanted. work: 4 * cells. Returns the substep, counted from 1, in which the time step became too long for
 * the fastest wave; 0: all is well. */
int burgers_advance(const burgers *solver, const double *u, double *next, double *history, double *work);
/* The adjoint of that: the cotangent of u for that of `next`, from the history. work: 5 * cells. */
void burgers_adjoint(const burgers *solver, const double *history, const double *dnext, double *du, double *work);
