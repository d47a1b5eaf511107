/* What families of spectral steppers build equations of: tables over modes, options, pieces of graphs. */
#include <math.h>

#include "base/expect.h"
#include "base/memory.h"
#include "physics/spectral.h"

/* ---- Memory ---- */

tx_status tx_equation_own(tx_equation *e, size_t bytes, tx_error *error, void *out)
{
    TX_EXPECT(e->num_owned < TX_MOST_OWNED);
    TX_TRY(tx_allocate(bytes, error, &e->owned[e->num_owned]));
    *(void **)out = e->owned[e->num_owned++];
    return TX_OK;
}

tx_status tx_equation_table(tx_equation *e, int parts, tx_error *error, tx_mode **out)
{
    return tx_equation_own(e, (size_t)(parts * e->modes) * sizeof **out, error, out);
}

/* ---- Wavenumbers ---- */

/* Of mode `at` along an axis: 0 … n / 2 on the last, else 0 … (n - 1) / 2, then -(n / 2) … -1. */
static int64_t wavenumber(const tx_equation *e, int axis, int64_t at)
{
    const int last = e->shape.axes - 1;
    int64_t k = at % (e->points / 2 + 1);
    at /= e->points / 2 + 1;
    for (int d = last - 1; d >= axis; d--) {
        k = at % e->points;
        at /= e->points;
    }
    return axis < last && k > (e->points - 1) / 2 ? k - e->points : k;
}

tx_status tx_wavenumbers(tx_equation *e, tx_error *error)
{
    for (int axis = 0; axis < e->shape.axes; axis++) {
        TX_TRY(tx_equation_table(e, 1, error, &e->d[axis]));
        for (int64_t k = 0; k < e->modes; k++) {
            e->d[axis][k] = CMPLX(0, 2 * M_PI / e->domain_extent * (double)wavenumber(e, axis, k));
        }
    }
    return TX_OK;
}

static bool is_below(const tx_equation *e, int64_t k, double most)
{
    bool kept = true;
    for (int axis = 0; axis < e->shape.axes; axis++) {
        kept = kept && fabs((double)wavenumber(e, axis, k)) <= most;
    }
    return kept;
}

tx_status tx_keep(tx_equation *e, int at, const tx_mode *factor, tx_error *error)
{
    const double most = tx_number(e, "dealiasing_fraction") * (double)(e->points / 2) - 1;
    TX_TRY(tx_equation_table(e, 1, error, &e->table[at]));
    for (int64_t k = 0; k < e->modes; k++) {
        e->table[at][k] = is_below(e, k, most) ? factor ? factor[k] : 1 : 0;
    }
    return TX_OK;
}

/* ---- Options ---- */

const tx_spectral_class *tx_equation_class(const tx_equation *e)
{
    return tx_section_component(e->section)->implementation;
}

tx_status tx_exactly(const tx_equation *e, const char *name, int count, tx_error *error, const double **out)
{
    const int given = tx_get_reals(e->section, name, out);
    return given == count ? TX_OK
                          : tx_section_error(e->section, name, error, TX_INVALID, "%d number%s instead of %d", given,
                                             given == 1 ? "" : "s", count);
}

tx_status tx_vector(const tx_equation *e, const char *name, tx_error *error, double *out)
{
    const int axes = e->shape.axes;
    const double *given;
    const int count = tx_get_reals(e->section, name, &given);
    if (count != 1 && count != axes) {
        return tx_section_error(e->section, name, error, TX_INVALID, "%d numbers for %d spatial ax%s: one for all, or one for each",
                                count, axes, axes > 1 ? "es" : "is");
    }
    for (int a = 0; a < axes; a++) {
        out[a] = given[count > 1 ? a : 0];
    }
    return TX_OK;
}

tx_status tx_matrix(const tx_equation *e, const char *name, tx_error *error, double (*out)[TX_MAX_AXES])
{
    const int axes = e->shape.axes, rows = tx_tuple_size(e->section, name);
    const double *given;
    const int count = tx_get_reals(e->section, name, &given);
    double diagonal[TX_MAX_AXES] = {0};
    if (rows && (rows != axes || count != axes * axes)) {
        return tx_section_error(e->section, name, error, TX_INVALID, "for %d spatial ax%s %d list%s of %d", axes,
                                axes > 1 ? "es" : "is", axes, axes > 1 ? "s" : "", axes);
    }
    TX_TRY(rows ? TX_OK : tx_vector(e, name, error, diagonal));
    for (int k = 0; k < axes * axes; k++) {
        out[k / axes][k % axes] = rows ? given[k] : k / axes == k % axes ? diagonal[k / axes] : 0;
    }
    return TX_OK;
}

/* ---- The linear operator ---- */

tx_mode tx_derivatives(const tx_equation *e, int64_t mode, const double *v, int power)
{
    tx_mode sum = 0;
    for (int axis = 0; axis < e->shape.axes; axis++) {
        tx_mode term = v ? v[axis] : 1;
        for (int j = 0; j < power; j++) {
            term *= e->d[axis][mode];
        }
        sum += term;
    }
    return sum;
}

void tx_add_linear(tx_equation *e, const double *a, int count)
{
    for (int64_t k = 0; k < e->parts * e->modes; k++) {
        for (int j = 0; j < count; j++) {
            e->linear[k] += a[j] * tx_derivatives(e, k % e->modes, NULL, j);
        }
    }
}

/* Of a difficulty g_j: a_j = g_j / (N^j 2^(j - 1) D), but for j = 0. */
static double normalized(const tx_equation *e, double g, int j)
{
    return j ? g / (pow((double)e->points, j) * exp2(j - 1) * e->shape.axes) : g;
}

tx_status tx_add_coefficients(tx_equation *e, const double *given, int count, tx_error *error)
{
    double *a;
    TX_TRY(tx_allocate_array((size_t)count, sizeof *a, error, &a));
    for (int j = 0; j < count; j++) {
        a[j] = tx_equation_class(e)->difficulties ? normalized(e, given[j], j) : given[j];
    }
    tx_add_linear(e, a, count);
    tx_free(a);
    return TX_OK;
}

tx_status tx_add_general_linear(tx_equation *e, tx_error *error)
{
    const double *given;
    const int count = tx_get_reals(e->section, tx_equation_class(e)->linear, &given);
    return tx_add_coefficients(e, given, count, error);
}

double tx_general_scale(const tx_equation *e, double given, int derivatives)
{
    return tx_equation_class(e)->difficulties && derivatives
               ? given / (tx_number(e, "maximum_absolute") * pow((double)e->points, derivatives) * e->shape.axes)
               : given;
}

/* ---- Graphs ---- */

tx_node tx_equation_times(const tx_equation *e, tx_graph *graph, int at, tx_node h)
{
    return tx_multiply_modes(graph, h, tx_constant(graph, (const double *)e->table[at], 2 * e->modes));
}

tx_node tx_equation_field(const tx_equation *e, tx_graph *graph, int at, tx_node h)
{
    return tx_irfftn(graph, tx_equation_times(e, graph, at, h), e->shape);
}

tx_node tx_plus(tx_graph *graph, tx_node a, double factor, tx_node b)
{
    return a < 0          ? tx_scale(graph, b, factor)
           : factor == -1 ? tx_subtract(graph, a, b)
                          : tx_add(graph, a, tx_scale(graph, b, factor));
}

tx_node tx_everywhere(tx_graph *graph, double value, tx_shape shape)
{
    return tx_broadcast(graph, tx_fixed(graph, (tx_shape){.channels = 1}, &value), shape);
}
