/* The solver, and its adjoint by hand, line by line backwards. */
#include "burgers.h"

#include <math.h>
#include <string.h>

static int right_of(const burgers *s, int i)
{
    return i + 1 < s->cells ? i + 1 : 0;
}

/* Through the face between two cells: Rusanov's flux and diffusion. */
static double flux(const burgers *s, double left, double right)
{
    const double speed = fmax(fabs(left), fabs(right));
    return 0.25 * (left * left + right * right) - 0.5 * speed * (right - left) - s->viscosity * (right - left) / s->dx;
}

/* Adds the cotangents of the two cells, for that of the flux. */
static void flux_adjoint(const burgers *s, double left, double right, double dflux, double *dleft, double *dright)
{
    const double speed = fmax(fabs(left), fabs(right)), diffusion = s->viscosity / s->dx;
    const double dspeed = -0.5 * (right - left);
    const double left_is_faster = fabs(left) > fabs(right) ? 1 : 0;
    *dleft += dflux * (0.5 * left + 0.5 * speed + diffusion + left_is_faster * dspeed * copysign(1, left));
    *dright += dflux * (0.5 * right - 0.5 * speed - diffusion + (1 - left_is_faster) * dspeed * copysign(1, right));
}

/* rate = -(flux through the right face - flux through the left face) / dx */
static void rates(const burgers *s, const double *u, double *rate)
{
    memset(rate, 0, (size_t)s->cells * sizeof *rate);
    for (int i = 0; i < s->cells; i++) {
        const int j = right_of(s, i);
        const double f = flux(s, u[i], u[j]) / s->dx;
        rate[i] -= f;
        rate[j] += f;
    }
}

/* Adds the cotangent of u. */
static void rates_adjoint(const burgers *s, const double *u, const double *drate, double *du)
{
    for (int i = 0; i < s->cells; i++) {
        const int j = right_of(s, i);
        flux_adjoint(s, u[i], u[j], (drate[j] - drate[i]) / s->dx, &du[i], &du[j]);
    }
}

static double fastest(const burgers *s, const double *u)
{
    double speed = 0;
    for (int i = 0; i < s->cells; i++) {
        speed = fmax(speed, fabs(u[i]));
    }
    return speed;
}

/* u + dt rate(u) */
static void euler(const burgers *s, const double *u, double *rate, double *next)
{
    rates(s, u, rate);
    for (int i = 0; i < s->cells; i++) {
        next[i] = u[i] + s->dt * rate[i];
    }
}

/* Adds the cotangent of u, for that of the result. */
static void euler_adjoint(const burgers *s, const double *u, const double *dnext, double *drate, double *du)
{
    for (int i = 0; i < s->cells; i++) {
        du[i] += dnext[i];
        drate[i] = s->dt * dnext[i];
    }
    rates_adjoint(s, u, drate, du);
}

int burgers_advance(const burgers *s, const double *u, double *next, double *history, double *work)
{
    const size_t bytes = (size_t)s->cells * sizeof *u;
    double *now = work, *rate = now + s->cells, *once = rate + s->cells, *twice = once + s->cells;
    memcpy(now, u, bytes);
    for (int k = 0; k < s->substeps; k++) {
        if (!(s->dt * (fastest(s, now) / s->dx + 2 * s->viscosity / (s->dx * s->dx)) <= 1)) {
            return k + 1;
        }
        if (history) {
            memcpy(history + (size_t)k * (size_t)s->cells, now, bytes);
        }
        euler(s, now, rate, once);
        euler(s, once, rate, twice);
        for (int i = 0; i < s->cells; i++) {
            now[i] = 0.5 * (now[i] + twice[i]);
        }
    }
    memcpy(next, now, bytes);
    return 0;
}

void burgers_adjoint(const burgers *s, const double *history, const double *dnext, double *du, double *work)
{
    const size_t bytes = (size_t)s->cells * sizeof *du;
    double *once = work, *rate = once + s->cells, *donce = rate + s->cells, *dtwice = donce + s->cells, *dnow = dtwice + s->cells;
    memcpy(dnow, dnext, bytes);
    for (int k = s->substeps - 1; k >= 0; k--) {
        const double *now = history + (size_t)k * (size_t)s->cells;
        euler(s, now, rate, once);
        for (int i = 0; i < s->cells; i++) {
            dtwice[i] = 0.5 * dnow[i];
            dnow[i] = 0.5 * dnow[i];
            donce[i] = 0;
        }
        euler_adjoint(s, once, dtwice, rate, donce);
        euler_adjoint(s, now, donce, rate, dnow);
    }
    memcpy(du, dnow, bytes);
}
