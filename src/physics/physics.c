/* Steppers and residua as objects: a scheme, and dispatch through its component. */
#include "trainax/physics.h"

#include <string.h>

#include "base/memory.h"

struct tx_stepper {
    const tx_stepper_class *class_;
    tx_scheme scheme;
};

struct tx_residuum {
    const tx_residuum_class *class_; /* NULL: next - step of previous */
    tx_scheme scheme;
    tx_stepper *stepper;
};

/* ---- Schemes ---- */

static bool has_option(const tx_section *section, const char *name, tx_type type)
{
    const tx_option *option = tx_section_component(section)->options;
    while (option && option->name && strcmp(option->name, name) != 0) {
        option++;
    }
    return option && option->name && option->type == type;
}

static double number(const tx_section *section, const char *name)
{
    return has_option(section, name, TX_TYPE_REAL) ? tx_get_real(section, name) : 0;
}

static tx_scheme scheme_of(const tx_section *section, tx_shape shape)
{
    return (tx_scheme){
        .section = section, .shape = shape, .dt = number(section, "dt"), .domain_extent = number(section, "domain_extent")};
}

static void clear(tx_scheme *scheme, tx_scheme_destroy *destroy)
{
    if (destroy) {
        destroy(scheme);
    }
    tx_free(scheme->tables);
}

/* ---- Steppers ---- */

tx_status tx_stepper_create_forced(const tx_section *section, tx_shape shape, tx_error *error, tx_stepper **out)
{
    tx_stepper *stepper;
    TX_TRY(tx_allocate(sizeof *stepper, error, &stepper));
    *stepper = (tx_stepper){tx_section_component(section)->implementation, scheme_of(section, shape)};
    const tx_status status = stepper->class_->create(&stepper->scheme, error);
    if (status != TX_OK) {
        tx_stepper_destroy(stepper);
        return status;
    }
    *out = stepper;
    return TX_OK;
}

tx_status tx_stepper_create(const tx_section *section, tx_shape shape, tx_error *error, tx_stepper **out)
{
    tx_stepper *stepper;
    TX_TRY(tx_stepper_create_forced(section, shape, error, &stepper));
    const int64_t levels = stepper->scheme.force_levels;
    if (levels > 1) {
        tx_stepper_destroy(stepper);
        return tx_section_error(section, "force", error, TX_INVALID,
                                "%ld levels: one for each step is for the stepper of rollout data alone", (long)levels);
    }
    *out = stepper;
    return TX_OK;
}

tx_node tx_stepper_repeat(const tx_stepper *stepper, tx_graph *graph, tx_node x, int64_t count)
{
    const tx_stepper_class *class_ = stepper->class_;
    const char *before = tx_enter_part(graph, "stepper");
    if (class_->repeat && count > 1) {
        x = class_->repeat(&stepper->scheme, graph, x, count);
    } else {
        for (int64_t k = 0; k < count; k++) {
            x = class_->apply(&stepper->scheme, graph, x);
        }
    }
    tx_enter_part(graph, before);
    return x;
}

tx_node tx_stepper_apply(const tx_stepper *stepper, tx_graph *graph, tx_node x)
{
    return tx_stepper_repeat(stepper, graph, x, 1);
}

const tx_scheme *tx_stepper_scheme(const tx_stepper *stepper)
{
    return &stepper->scheme;
}

static int64_t integer(const tx_section *section, const char *name)
{
    return has_option(section, name, TX_TYPE_INTEGER) && tx_has(section, name) ? tx_get_integer(section, name) : 0;
}

void tx_stepper_space(const tx_section *section, int64_t *axes, int64_t *points)
{
    *axes = *points = 0;
    while (section) {
        *axes = *axes ? *axes : integer(section, "num_spatial_dims");
        *points = *points ? *points : integer(section, "num_points");
        section = has_option(section, "stepper", TX_TYPE_SECTION) ? tx_get_section(section, "stepper") : NULL;
    }
}

void tx_stepper_destroy(tx_stepper *stepper)
{
    if (stepper) {
        clear(&stepper->scheme, stepper->class_->destroy);
        tx_free(stepper);
    }
}

/* ---- Residua ---- */

static tx_status create(tx_residuum *residuum, tx_error *error)
{
    const tx_section *section = residuum->scheme.section;
    const tx_component *component = tx_section_component(section);
    if (component->kind == TX_KIND_STEPPER) {
        return tx_stepper_create(section, residuum->scheme.shape, error, &residuum->stepper);
    }
    residuum->class_ = component->implementation;
    return residuum->class_->create(&residuum->scheme, error);
}

tx_status tx_residuum_create(const tx_section *section, tx_shape shape, tx_error *error, tx_residuum **out)
{
    tx_residuum *residuum;
    TX_TRY(tx_allocate(sizeof *residuum, error, &residuum));
    residuum->scheme = scheme_of(section, shape);
    const tx_status status = create(residuum, error);
    if (status != TX_OK) {
        tx_residuum_destroy(residuum);
        return status;
    }
    *out = residuum;
    return TX_OK;
}

tx_node tx_residuum_apply(const tx_residuum *residuum, tx_graph *graph, tx_node next, tx_node previous)
{
    const char *before = tx_enter_part(graph, "residuum");
    const tx_node r = residuum->class_ ? residuum->class_->apply(&residuum->scheme, graph, next, previous)
                                       : tx_subtract(graph, next, tx_stepper_apply(residuum->stepper, graph, previous));
    tx_enter_part(graph, before);
    return r;
}

void tx_residuum_destroy(tx_residuum *residuum)
{
    if (residuum) {
        tx_stepper_destroy(residuum->stepper);
        clear(&residuum->scheme, residuum->class_ ? residuum->class_->destroy : NULL);
        tx_free(residuum);
    }
}
