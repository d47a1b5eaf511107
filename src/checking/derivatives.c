/* Derivatives against each other, and against central differences. */
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "checking/trial.h"

/* h as a share of the numbers that are moved: what is lost to rounding grows with 1 / h, to curvature with h^2, and who iterates or
 * has kinks wants other ones than who does not. The best of these counts: a wrong derivative is wrong for each. */
static const double steps[] = {6e-6, 1e-4, 1.5e-3};
enum { NUM_STEPS = sizeof steps / sizeof *steps, COORDINATES = 24 };

/* What differences can tell of a good derivative. */
static const double NEAR = 1e-4;
/* What is left of two sums of products of the same numbers; who iterates stops earlier. */
static const double EQUAL[] = {[TX_FLOAT32] = 1e-3, [TX_FLOAT64] = 1e-6};

static double dot(tx_precision precision, const void *a, const void *b, int64_t count)
{
    double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += tx_real_get(precision, a, k) * tx_real_get(precision, b, k);
    }
    return sum;
}

static double length(tx_precision precision, const void *a, int64_t count)
{
    return sqrt(dot(precision, a, a, count));
}

/* Two numbers, or lengths, as a share of the larger one; 0 for two zeros. */
static double share(double apart, double a, double b)
{
    const double larger = fmax(fabs(a), fabs(b));
    return apart == 0 ? 0 : apart / larger;
}

/* Of the first point, in double: (f(x + h v) - f(x - h v)) / 2 h. */
static tx_status differ(tx_trial *trial, const double *v, double h, double *x, double *ahead, double *out, tx_error *error)
{
    tx_subject *s = trial->fine;
    const double *at = s->points;
    for (int side = 1; side >= -1; side -= 2) {
        for (int64_t k = 0; k < s->in; k++) {
            x[k] = at[k] + side * h * v[k];
        }
        TX_TRY(tx_trial_run(trial, s, TX_FORWARD, 1, x, NULL, side > 0 ? ahead : out, error));
    }
    for (int64_t k = 0; k < s->out; k++) {
        out[k] = (ahead[k] - out[k]) / (2 * h);
    }
    return TX_OK;
}

/* Arrays for differences, and a direction. */
typedef struct differences {
    double *v, *x, *ahead, *y;
} differences;

static tx_status take(tx_trial *trial, tx_error *error, differences *d)
{
    TX_TRY(tx_trial_draw(trial, trial->fine, TX_JVP, 1, 2, error, &d->v));
    TX_TRY(tx_trial_take(trial, TX_FLOAT64, trial->fine->in, error, &d->x));
    TX_TRY(tx_trial_take(trial, TX_FLOAT64, trial->fine->out, error, &d->ahead));
    return tx_trial_take(trial, TX_FLOAT64, trial->fine->out, error, &d->y);
}

/* ---- jvp ---- */

tx_status tx_check_jvp(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->fine;
    differences d;
    double *y, best = INFINITY, cosine = 0;
    if (!tx_trial_has(s, TX_JVP)) {
        return tx_find(finding, TX_NOTED, "%s", s->lacks[TX_JVP].message);
    }
    TX_TRY(take(trial, error, &d));
    TX_TRY(tx_trial_ask(trial, s, TX_JVP, 1, d.v, error, &y));
    for (int k = 0; k < NUM_STEPS; k++) {
        double apart = 0;
        TX_TRY(differ(trial, d.v, steps[k], d.x, d.ahead, d.y, error));
        for (int64_t j = 0; j < s->out; j++) {
            apart += (d.y[j] - y[j]) * (d.y[j] - y[j]);
        }
        const double a = length(TX_FLOAT64, y, s->out), b = length(TX_FLOAT64, d.y, s->out), e = share(sqrt(apart), a, b);
        if (!(e >= best)) {
            best = e;
            cosine = a * b > 0 ? dot(TX_FLOAT64, y, d.y, s->out) / (a * b) : 1;
        }
    }
    return tx_find(finding, best <= NEAR ? TX_GOOD : TX_WRONG, "cosine %.8f, relative error %.1e", cosine, best);
}

/* ---- <J v, w> = <v, J' w> ---- */

/* A cotangent that has a share of y in it: their product is no small difference of large numbers. */
static void lean(tx_precision precision, const void *y, int64_t count, void *w)
{
    const double a = length(precision, y, count), b = length(precision, w, count);
    for (int64_t k = 0; k < count; k++) {
        tx_real_put(precision, w, k, tx_real_get(precision, w, k) / b + (a > 0 ? tx_real_get(precision, y, k) / a : 0));
    }
}

static tx_status compare_products(tx_trial *trial, tx_subject *s, const void *v, const void *y, double *out, tx_error *error)
{
    void *w, *x;
    TX_TRY(tx_trial_draw(trial, s, TX_VJP, 1, 3, error, &w));
    lean(s->precision, y, s->out, w);
    TX_TRY(tx_trial_ask(trial, s, TX_VJP, 1, w, error, &x));
    const double forward = dot(s->precision, y, w, s->out), backward = dot(s->precision, v, x, s->in);
    *out = share(fabs(forward - backward), forward, backward);
    return TX_OK;
}

static tx_status by_jvp(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->own;
    void *v, *y;
    double apart;
    TX_TRY(tx_trial_draw(trial, s, TX_JVP, 1, 4, error, &v));
    TX_TRY(tx_trial_ask(trial, s, TX_JVP, 1, v, error, &y));
    TX_TRY(compare_products(trial, s, v, y, &apart, error));
    return tx_find(finding, apart <= EQUAL[s->precision] ? TX_GOOD : TX_WRONG, "<Jv, w> and <v, J'w>: relative error %.1e", apart);
}

static tx_status by_differences(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    differences d;
    double best = INFINITY;
    TX_TRY(take(trial, error, &d));
    for (int k = 0; k < NUM_STEPS; k++) {
        double apart;
        TX_TRY(differ(trial, d.v, steps[k], d.x, d.ahead, d.y, error));
        TX_TRY(compare_products(trial, trial->fine, d.v, d.y, &apart, error));
        best = apart >= best ? best : apart;
    }
    return tx_find(finding, best <= NEAR ? TX_GOOD : TX_WRONG, "<Jv, w> by differences and <v, J'w>: relative error %.1e", best);
}

tx_status tx_check_adjoint(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    if (!tx_trial_has(trial->own, TX_VJP)) {
        return tx_find(finding, TX_WRONG, "%s", trial->own->lacks[TX_VJP].message);
    }
    return tx_trial_has(trial->own, TX_JVP) ? by_jvp(trial, finding, error) : by_differences(trial, finding, error);
}

/* ---- The gradient of <f(x), w> ---- */

/* Its elements at some coordinates, evenly spread. */
typedef struct gradients {
    int count;
    double exact[COORDINATES], differences[COORDINATES];
} gradients;

static tx_status differ_coordinates(tx_trial *trial, const differences *d, const double *w, double h, tx_error *error, gradients *g)
{
    const tx_subject *s = trial->fine;
    const double size = length(TX_FLOAT64, d->v, s->in) / sqrt((double)s->in);
    double *unit;
    TX_TRY(tx_trial_take(trial, TX_FLOAT64, s->in, error, &unit));
    for (int k = 0; k < g->count; k++) {
        const int64_t at = k * s->in / g->count;
        unit[at] = size;
        TX_TRY(differ(trial, unit, h, d->x, d->ahead, d->y, error));
        g->differences[k] = dot(TX_FLOAT64, d->y, w, s->out) / size;
        unit[at] = 0;
    }
    return TX_OK;
}

tx_status tx_check_gradient(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->fine;
    gradients g = {.count = s->in < COORDINATES ? (int)s->in : COORDINATES};
    differences d;
    double *w, *x, best = INFINITY, cosine = 0;
    if (!tx_trial_has(s, TX_VJP)) {
        return tx_find(finding, TX_WRONG, "%s", s->lacks[TX_VJP].message);
    }
    TX_TRY(take(trial, error, &d));
    TX_TRY(tx_trial_draw(trial, s, TX_VJP, 1, 5, error, &w));
    TX_TRY(tx_trial_ask(trial, s, TX_VJP, 1, w, error, &x));
    for (int k = 0; k < g.count; k++) {
        g.exact[k] = x[k * s->in / g.count];
    }
    for (int j = 0; j < NUM_STEPS && !(best <= NEAR / 100); j++) {
        double apart = 0;
        TX_TRY(differ_coordinates(trial, &d, w, steps[j], error, &g));
        for (int k = 0; k < g.count; k++) {
            apart += (g.exact[k] - g.differences[k]) * (g.exact[k] - g.differences[k]);
        }
        const double a = length(TX_FLOAT64, g.exact, g.count), b = length(TX_FLOAT64, g.differences, g.count);
        const double e = share(sqrt(apart), a, b);
        if (!(e >= best)) {
            best = e;
            cosine = a * b > 0 ? dot(TX_FLOAT64, g.exact, g.differences, g.count) / (a * b) : 1;
        }
    }
    return tx_find(finding, best <= NEAR ? TX_GOOD : TX_WRONG, "against differences: cosine %.8f, relative error %.1e", cosine,
                   best);
}
