/* Derivatives against each other, and against central differences. */
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "checking/trial.h"

/* h as a share of the numbers that are moved: what is lost to rounding grows with 1 / h, to curvature with h^2, and who iterates or
 * has kinks wants other ones than who does not. The best of these counts: a wrong derivative is wrong for each. */
static const double steps[] = {6e-6, 1e-4, 1.5e-3};
enum { NUM_STEPS = sizeof steps / sizeof *steps, COORDINATES = 24 };

/* [single]: what differences can tell of a good derivative; and what is left of two sums of products of the same numbers, where who
 * iterates stops earlier than rounding. */
static const double near[] = {1e-4, 1e-2}, equal[] = {1e-6, 1e-3};

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

/* Arrays for differences, and a direction. */
typedef struct differences {
    void *v, *x, *ahead, *y;
} differences;

static tx_status take(tx_trial *trial, tx_error *error, differences *d)
{
    const tx_subject *s = trial->fine;
    TX_TRY(tx_trial_draw(trial, s, TX_JVP, 1, 2, error, &d->v));
    TX_TRY(tx_trial_take(trial, s->precision, s->in, error, &d->x));
    TX_TRY(tx_trial_take(trial, s->precision, s->out, error, &d->ahead));
    return tx_trial_take(trial, s->precision, s->out, error, &d->y);
}

/* x = the first point + h v */
static void move(const tx_subject *s, const void *v, double h, void *x)
{
    for (int64_t k = 0; k < s->in; k++) {
        tx_real_put(s->precision, x, k, tx_real_get(s->precision, s->points, k) + h * tx_real_get(s->precision, v, k));
    }
}

/* y = (f(x + h v) - f(x - h v)) / 2 h */
static tx_status differ(tx_trial *trial, const differences *d, const void *v, double h, tx_error *error)
{
    tx_subject *s = trial->fine;
    move(s, v, h, d->x);
    TX_TRY(tx_trial_run(trial, s, TX_FORWARD, 1, d->x, NULL, d->ahead, error));
    move(s, v, -h, d->x);
    TX_TRY(tx_trial_run(trial, s, TX_FORWARD, 1, d->x, NULL, d->y, error));
    for (int64_t k = 0; k < s->out; k++) {
        const double apart = tx_real_get(s->precision, d->ahead, k) - tx_real_get(s->precision, d->y, k);
        tx_real_put(s->precision, d->y, k, apart / (2 * h));
    }
    return TX_OK;
}

/* How alike two vectors are: the best of what has been seen. */
typedef struct likeness {
    double cosine, apart; /* relative to the longer one */
} likeness;

static void look(tx_precision precision, const void *a, const void *b, int64_t count, likeness *best)
{
    double apart = 0;
    for (int64_t k = 0; k < count; k++) {
        const double difference = tx_real_get(precision, a, k) - tx_real_get(precision, b, k);
        apart += difference * difference;
    }
    const double of_a = length(precision, a, count), of_b = length(precision, b, count), e = share(sqrt(apart), of_a, of_b);
    if (!(e >= best->apart)) {
        best->apart = e;
        best->cosine = of_a * of_b > 0 ? dot(precision, a, b, count) / (of_a * of_b) : 1;
    }
}

/* ---- jvp ---- */

tx_status tx_check_jvp(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->fine;
    likeness best = {.apart = INFINITY};
    differences d;
    void *y;
    if (!tx_trial_has(s, TX_JVP)) {
        return tx_find(finding, TX_NOTED, "%s", s->lacks[TX_JVP].message);
    }
    TX_TRY(take(trial, error, &d));
    TX_TRY(tx_trial_ask(trial, s, TX_JVP, 1, d.v, error, &y));
    for (int k = 0; k < NUM_STEPS; k++) {
        TX_TRY(differ(trial, &d, d.v, steps[k], error));
        look(s->precision, y, d.y, s->out, &best);
    }
    return tx_find(finding, best.apart <= near[s->single] ? TX_GOOD : TX_WRONG,
                   "against differences: cosine %.8f, relative error %.1e", best.cosine, best.apart);
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
    return tx_find(finding, apart <= equal[s->single] ? TX_GOOD : TX_WRONG, "<Jv, w> and <v, J'w>: relative error %.1e", apart);
}

static tx_status by_differences(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->fine;
    differences d;
    double best = INFINITY;
    TX_TRY(take(trial, error, &d));
    for (int k = 0; k < NUM_STEPS; k++) {
        double apart;
        TX_TRY(differ(trial, &d, d.v, steps[k], error));
        TX_TRY(compare_products(trial, s, d.v, d.y, &apart, error));
        best = apart >= best ? best : apart;
    }
    return tx_find(finding, best <= near[s->single] ? TX_GOOD : TX_WRONG,
                   "<Jv, w> by differences and <v, J'w>: relative error %.1e", best);
}

tx_status tx_check_adjoint(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    if (!tx_trial_has(trial->own, TX_VJP)) {
        return tx_find(finding, TX_NOTED, "%s", trial->own->lacks[TX_VJP].message);
    }
    return tx_trial_has(trial->own, TX_JVP) ? by_jvp(trial, finding, error) : by_differences(trial, finding, error);
}

/* ---- The gradient of <f(x), w> ---- */

/* Its elements at some coordinates, evenly spread. */
typedef struct gradients {
    int count;
    double exact[COORDINATES], differences[COORDINATES];
} gradients;

static tx_status differ_coordinates(tx_trial *trial, const differences *d, const void *w, double h, tx_error *error, gradients *g)
{
    const tx_subject *s = trial->fine;
    const double size = length(s->precision, d->v, s->in) / sqrt((double)s->in);
    void *unit;
    TX_TRY(tx_trial_take(trial, s->precision, s->in, error, &unit));
    for (int k = 0; k < g->count; k++) {
        const int64_t at = k * s->in / g->count;
        tx_real_put(s->precision, unit, at, size);
        TX_TRY(differ(trial, d, unit, h, error));
        g->differences[k] = dot(s->precision, d->y, w, s->out) / size;
        tx_real_put(s->precision, unit, at, 0);
    }
    return TX_OK;
}

tx_status tx_check_gradient(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->fine;
    gradients g = {.count = s->in < COORDINATES ? (int)s->in : COORDINATES};
    likeness best = {.apart = INFINITY};
    differences d;
    void *w, *x;
    if (!tx_trial_has(s, TX_VJP)) {
        return tx_find(finding, TX_NOTED, "%s", s->lacks[TX_VJP].message);
    }
    TX_TRY(take(trial, error, &d));
    TX_TRY(tx_trial_draw(trial, s, TX_VJP, 1, 5, error, &w));
    TX_TRY(tx_trial_ask(trial, s, TX_VJP, 1, w, error, &x));
    for (int k = 0; k < g.count; k++) {
        g.exact[k] = tx_real_get(s->precision, x, k * s->in / g.count);
    }
    for (int k = 0; k < NUM_STEPS && !(best.apart <= near[s->single] / 100); k++) {
        TX_TRY(differ_coordinates(trial, &d, w, steps[k], error, &g));
        look(TX_FLOAT64, g.exact, g.differences, g.count, &best);
    }
    return tx_find(finding, best.apart <= near[s->single] ? TX_GOOD : TX_WRONG,
                   "against differences: cosine %.8f, relative error %.1e", best.cosine, best.apart);
}
