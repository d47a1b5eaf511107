/* Spectral steppers as objects: which states they take, the equation of their family, and steps as graphs. */
#include "physics/spectral.h"

#include "base/memory.h"
#include "physics/etdrk.h"

typedef struct spectral {
    tx_equation equation;
    const tx_spectral_class *class_;
    tx_etdrk *etdrk; /* NULL: there is no nonlinear term */
} spectral;

/* ---- Which states ---- */

static bool has_flag(const tx_section *section, const char *name)
{
    return tx_knows(section, name) && tx_get_boolean(section, name);
}

static int64_t channels_of(const tx_spectral_class *class_, const tx_scheme *scheme)
{
    return class_->channels != TX_AS_AXES ? class_->channels : has_flag(scheme->section, "single_channel") ? 1 : scheme->shape.axes;
}

static tx_status check_axes(const tx_spectral_class *class_, const tx_scheme *scheme, tx_error *error)
{
    const tx_section *section = scheme->section;
    const char *name = tx_section_name(section);
    const int axes = scheme->shape.axes;
    if (!axes || (class_->axes && axes != class_->axes)) {
        return tx_section_error(section, NULL, error, TX_INVALID, "%s works on states with %s, these have %d", name,
                                class_->axes == 2 ? "2 spatial axes" : "1, 2 or 3 spatial axes", axes);
    }
    if (tx_has(section, "num_spatial_dims") && tx_get_integer(section, "num_spatial_dims") != axes) {
        return tx_section_error(section, "num_spatial_dims", error, TX_INVALID, "the states have %d spatial ax%s", axes,
                                axes > 1 ? "es" : "is");
    }
    return TX_OK;
}

static tx_status check_points(const tx_scheme *scheme, tx_error *error)
{
    const tx_section *section = scheme->section;
    const tx_shape *shape = &scheme->shape;
    for (int d = 1; d < shape->axes; d++) {
        if (shape->n[d] != shape->n[0]) {
            return tx_section_error(section, NULL, error, TX_INVALID,
                                    "%s works on states with as many points on every axis, these have %ld and %ld",
                                    tx_section_name(section), (long)shape->n[0], (long)shape->n[d]);
        }
    }
    return tx_has(section, "num_points") && tx_get_integer(section, "num_points") != shape->n[0]
               ? tx_section_error(section, "num_points", error, TX_INVALID, "the states have %ld points on every axis",
                                  (long)shape->n[0])
               : TX_OK;
}

static tx_status check(const tx_spectral_class *class_, const tx_scheme *scheme, tx_error *error)
{
    TX_TRY(check_axes(class_, scheme, error));
    TX_TRY(check_points(scheme, error));
    const int64_t channels = channels_of(class_, scheme);
    return channels && channels != scheme->shape.channels
               ? tx_section_error(scheme->section, NULL, error, TX_INVALID, "%s works on states with %ld channel%s, these have %ld",
                                  tx_section_name(scheme->section), (long)channels, channels > 1 ? "s" : "",
                                  (long)scheme->shape.channels)
               : TX_OK;
}

/* ---- Creation ---- */

static double given_or_one(const tx_section *section, const char *name)
{
    return tx_knows(section, name) ? tx_get_real(section, name) : 1;
}

static tx_status begin(spectral *s, const tx_scheme *scheme, tx_error *error)
{
    tx_equation *e = &s->equation;
    *e = (tx_equation){.section = scheme->section,
                       .shape = scheme->shape,
                       .points = scheme->shape.n[0],
                       .modes = tx_rfftn_modes(scheme->shape),
                       .domain_extent = given_or_one(scheme->section, "domain_extent"),
                       .dt = given_or_one(scheme->section, "dt"),
                       .parts = s->class_->apart ? (int)scheme->shape.channels : 1,
                       .scale = 1};
    TX_TRY(tx_memory_check(TX_MOST_OWNED * (size_t)(e->parts * e->modes) * sizeof(tx_mode), error)); /* graph and plan have some */
    TX_TRY(tx_wavenumbers(e, error));
    return tx_equation_table(e, e->parts, error, &e->linear);
}

tx_status tx_spectral_create(tx_scheme *scheme, tx_error *error)
{
    const tx_spectral_class *class_ = tx_section_component(scheme->section)->implementation;
    spectral *s;
    TX_TRY(check(class_, scheme, error));
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    scheme->tables = s;
    s->class_ = class_;
    TX_TRY(begin(s, scheme, error));
    scheme->dt = class_->direct ? 0 : s->equation.dt;
    scheme->domain_extent = s->equation.domain_extent;
    TX_TRY(class_->build(&s->equation, error));
    const bool steps = s->equation.nonlinear && tx_get_integer(scheme->section, "order") > 0;
    return steps ? tx_etdrk_create(&s->equation, error, &s->etdrk) : TX_OK;
}

void tx_spectral_destroy(tx_scheme *scheme)
{
    const spectral *s = scheme->tables;
    for (int k = 0; s && k < s->equation.num_owned; k++) {
        tx_free(s->equation.owned[k]);
    }
}

/* ---- Steps ---- */

static tx_mode steps_as_one(const spectral *s, int64_t k, int64_t count)
{
    const tx_mode l = s->equation.linear[k];
    tx_mode factor = 1;
    for (int64_t step = 0; s->class_->direct && step < count; step++) {
        factor *= l;
    }
    return s->class_->direct ? factor : cexp((double)count * s->equation.dt * l);
}

/* Of an equation that is linear: all steps as one factor of each mode. */
static tx_status multiply(const spectral *s, tx_graph *graph, int64_t count, tx_error *error, tx_node *h)
{
    const tx_equation *e = &s->equation;
    const int64_t modes = e->parts * e->modes;
    tx_mode *factor;
    TX_TRY(tx_allocate_array((size_t)modes, sizeof *factor, error, &factor));
    for (int64_t k = 0; k < modes; k++) {
        factor[k] = steps_as_one(s, k, count);
    }
    *h = tx_multiply_modes(graph, *h, tx_constant(graph, (const double *)factor, 2 * modes));
    tx_free(factor);
    return TX_OK;
}

tx_node tx_spectral_repeat(const tx_scheme *scheme, tx_graph *graph, tx_node x, int64_t count)
{
    const spectral *s = scheme->tables;
    tx_node h = tx_rfftn(graph, x);
    tx_error error = {0};
    if (!s->etdrk && multiply(s, graph, count, &error, &h) != TX_OK) {
        return tx_graph_stick(graph, &error);
    }
    for (int64_t k = 0; s->etdrk && k < count; k++) {
        h = tx_etdrk_step(s->etdrk, &s->equation, graph, h);
    }
    return tx_irfftn(graph, h, s->equation.shape);
}

tx_node tx_spectral_apply(const tx_scheme *scheme, tx_graph *graph, tx_node x)
{
    return tx_spectral_repeat(scheme, graph, x, 1);
}
