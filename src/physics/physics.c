/* Steppers and residua as objects: a scheme, and dispatch through its component. */
#include "trainax/physics.h"

#include "base/memory.h"

struct tx_stepper {
    const tx_stepper_class *class_;
    tx_scheme scheme;
};

struct tx_residuum {
    const tx_residuum_class *class_;
    tx_scheme scheme;
};

static void clear(tx_scheme *scheme, tx_scheme_destroy *destroy)
{
    if (destroy) {
        destroy(scheme);
    }
    tx_free(scheme->tables);
}

tx_status tx_stepper_create(const tx_section *section, tx_shape shape, tx_error *error, tx_stepper **out)
{
    tx_stepper *stepper;
    TX_TRY(tx_allocate(sizeof *stepper, error, &stepper));
    *stepper = (tx_stepper){tx_section_component(section)->implementation, {.section = section, .shape = shape}};
    const tx_status status = stepper->class_->create(&stepper->scheme, error);
    if (status != TX_OK) {
        tx_stepper_destroy(stepper);
        return status;
    }
    *out = stepper;
    return TX_OK;
}

tx_node tx_stepper_apply(const tx_stepper *stepper, tx_graph *graph, tx_node x)
{
    const char *before = tx_enter_part(graph, "stepper");
    const tx_node y = stepper->class_->apply(&stepper->scheme, graph, x);
    tx_enter_part(graph, before);
    return y;
}

void tx_stepper_destroy(tx_stepper *stepper)
{
    if (stepper) {
        clear(&stepper->scheme, stepper->class_->destroy);
        tx_free(stepper);
    }
}

tx_status tx_residuum_create(const tx_section *section, tx_shape shape, tx_error *error, tx_residuum **out)
{
    tx_residuum *residuum;
    TX_TRY(tx_allocate(sizeof *residuum, error, &residuum));
    *residuum = (tx_residuum){tx_section_component(section)->implementation, {.section = section, .shape = shape}};
    const tx_status status = residuum->class_->create(&residuum->scheme, error);
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
    const tx_node r = residuum->class_->apply(&residuum->scheme, graph, next, previous);
    tx_enter_part(graph, before);
    return r;
}

void tx_residuum_destroy(tx_residuum *residuum)
{
    if (residuum) {
        clear(&residuum->scheme, residuum->class_->destroy);
        tx_free(residuum);
    }
}
