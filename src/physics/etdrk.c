/* Exponential time differencing: coefficients, and a step as a graph for each order. */
#include "physics/etdrk.h"

#include <math.h>

#include "base/memory.h"

/* What a step multiplies modes with: exponentials, and weights of the nonlinear term. */
typedef enum factor { WHOLE, HALF, A, PHI_1, PHI_2, FIRST, MIDDLE, LAST, NUM_FACTORS } factor;

struct tx_etdrk {
    int64_t order;
    tx_mode *factor[NUM_FACTORS]; /* (parts, modes); those that the order needs */
};

/* ---- Coefficients ---- */

/* Weights as functions of w, e = e^w and h = e^(w/2), to be averaged over a circle. */
typedef tx_mode weight(tx_mode w, tx_mode e, tx_mode h);
static tx_mode a(tx_mode w, tx_mode e, tx_mode h)
{
    (void)e;
    return (h - 1) / w;
}
static tx_mode phi_1(tx_mode w, tx_mode e, tx_mode h)
{
    (void)h;
    return (e - 1) / w;
}
static tx_mode phi_2(tx_mode w, tx_mode e, tx_mode h)
{
    (void)h;
    return (e - 1 - w) / (w * w);
}
static tx_mode first(tx_mode w, tx_mode e, tx_mode h)
{
    (void)h;
    return (-4 - w + e * (4 - 3 * w + w * w)) / (w * w * w);
}
static tx_mode middle(tx_mode w, tx_mode e, tx_mode h)
{
    (void)h;
    return (2 + w + e * (-2 + w)) / (w * w * w);
}
static tx_mode last(tx_mode w, tx_mode e, tx_mode h)
{
    (void)h;
    return (-4 - 3 * w - w * w + e * (4 - w)) / (w * w * w);
}

static weight *const weights[NUM_FACTORS] = {
    [A] = a, [PHI_1] = phi_1, [PHI_2] = phi_2, [FIRST] = first, [MIDDLE] = middle, [LAST] = last};
static const unsigned needed[] = {[1] = 1 << WHOLE | 1 << PHI_1,
                                  [2] = 1 << WHOLE | 1 << PHI_1 | 1 << PHI_2,
                                  [3] = 1 << WHOLE | 1 << HALF | 1 << A | 1 << PHI_1 | 1 << FIRST | 1 << MIDDLE | 1 << LAST,
                                  [4] = 1 << WHOLE | 1 << HALF | 1 << A | 1 << FIRST | 1 << MIDDLE | 1 << LAST};

/* The means of the weights over a circle around z. */
static void average(const tx_etdrk *etdrk, const tx_equation *equation, tx_mode z, double *mean)
{
    const int64_t points = tx_get_integer(equation->section, "num_circle_points");
    const double radius = tx_number(equation, "circle_radius");
    for (int64_t j = 1; j <= points; j++) {
        const double turns = ((double)j - 0.5) / (double)points;
        const tx_mode w = radius * cexp(2 * M_PI * I * turns) + z, e = cexp(w), h = etdrk->factor[A] ? cexp(w / 2) : 0;
        for (int f = A; f < NUM_FACTORS; f++) {
            mean[f] += etdrk->factor[f] ? creal(weights[f](w, e, h)) / (double)points : 0;
        }
    }
}

/* Those of mode k of all parts; the nonlinear term's own factors go into its weights. */
static void fill(const tx_etdrk *etdrk, const tx_equation *equation, int64_t k)
{
    const tx_mode z = equation->dt * equation->linear[k];
    const tx_mode outer = equation->outer ? equation->outer[k % equation->modes] : 1;
    double mean[NUM_FACTORS] = {0};
    average(etdrk, equation, z, mean);
    mean[MIDDLE] *= etdrk->order == 3 ? 4 : 2;
    for (int f = 0; f < NUM_FACTORS; f++) {
        if (etdrk->factor[f]) {
            etdrk->factor[f][k] = f == WHOLE  ? cexp(z)
                                  : f == HALF ? cexp(0.5 * z)
                                              : equation->dt * mean[f] * equation->scale * outer;
        }
    }
}

tx_status tx_etdrk_create(tx_equation *equation, tx_error *error, tx_etdrk **out)
{
    tx_etdrk *etdrk;
    TX_TRY(tx_equation_own(equation, sizeof *etdrk, error, &etdrk));
    etdrk->order = tx_get_integer(equation->section, "order");
    for (int f = 0; f < NUM_FACTORS; f++) {
        if (needed[etdrk->order] & 1U << f) {
            TX_TRY(tx_equation_table(equation, equation->parts, error, &etdrk->factor[f]));
        }
    }
    for (int64_t k = 0; k < equation->parts * equation->modes; k++) {
        fill(etdrk, equation, k);
    }
    *out = etdrk;
    return TX_OK;
}

/* ---- Steps ---- */

typedef struct step {
    const tx_etdrk *etdrk;
    const tx_equation *equation;
    tx_graph *graph;
} step;

static tx_node times(const step *s, factor f, tx_node x)
{
    const double *table = (const double *)s->etdrk->factor[f];
    return tx_multiply_modes(s->graph, x, tx_constant(s->graph, table, 2 * s->equation->parts * s->equation->modes));
}

static tx_node nonlinear(const step *s, tx_node h)
{
    return s->equation->nonlinear(s->equation, s->graph, h);
}

static tx_node sum(const step *s, tx_node a, tx_node b)
{
    return tx_add(s->graph, a, b);
}

static tx_node order_1(const step *s, tx_node u)
{
    return sum(s, times(s, WHOLE, u), times(s, PHI_1, nonlinear(s, u)));
}

static tx_node order_2(const step *s, tx_node u)
{
    const tx_node n0 = nonlinear(s, u), stage = sum(s, times(s, WHOLE, u), times(s, PHI_1, n0));
    return sum(s, stage, times(s, PHI_2, tx_subtract(s->graph, nonlinear(s, stage), n0)));
}

/* 2 n - n0 */
static tx_node beyond(const step *s, tx_node n, tx_node n0)
{
    return tx_subtract(s->graph, tx_scale(s->graph, n, 2), n0);
}

static tx_node order_3(const step *s, tx_node u)
{
    const tx_node whole = times(s, WHOLE, u), n0 = nonlinear(s, u);
    const tx_node n1 = nonlinear(s, sum(s, times(s, HALF, u), times(s, A, n0)));
    const tx_node n2 = nonlinear(s, sum(s, whole, times(s, PHI_1, beyond(s, n1, n0))));
    return sum(s, sum(s, sum(s, whole, times(s, FIRST, n0)), times(s, MIDDLE, n1)), times(s, LAST, n2));
}

static tx_node order_4(const step *s, tx_node u)
{
    const tx_node half = times(s, HALF, u), n0 = nonlinear(s, u);
    const tx_node stage = sum(s, half, times(s, A, n0)), n1 = nonlinear(s, stage);
    const tx_node n2 = nonlinear(s, sum(s, half, times(s, A, n1)));
    const tx_node n3 = nonlinear(s, sum(s, times(s, HALF, stage), times(s, A, beyond(s, n2, n0))));
    const tx_node begun = sum(s, times(s, WHOLE, u), times(s, FIRST, n0));
    return sum(s, sum(s, begun, times(s, MIDDLE, sum(s, n1, n2))), times(s, LAST, n3));
}

tx_node tx_etdrk_step(const tx_etdrk *etdrk, const tx_equation *equation, tx_graph *graph, tx_node h)
{
    static tx_node (*const orders[])(const step *, tx_node) = {NULL, order_1, order_2, order_3, order_4};
    return orders[etdrk->order](&(step){etdrk, equation, graph}, h);
}
