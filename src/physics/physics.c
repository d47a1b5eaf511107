/* The interface of steppers and residua: dispatch through the component. */
#include "trainax/physics.h"

tx_status tx_stepper_check(const tx_section *section, tx_shape state, tx_error *error)
{
    const tx_stepper_class *stepper = tx_section_component(section)->implementation;
    return stepper->check(section, state, error);
}

tx_node tx_stepper_apply(const tx_section *section, tx_graph *graph, tx_node x)
{
    const tx_stepper_class *stepper = tx_section_component(section)->implementation;
    const char *before = tx_enter_part(graph, "stepper");
    const tx_node y = stepper->apply(section, graph, x);
    tx_enter_part(graph, before);
    return y;
}

tx_status tx_residuum_check(const tx_section *section, tx_shape state, tx_error *error)
{
    const tx_residuum_class *residuum = tx_section_component(section)->implementation;
    return residuum->check(section, state, error);
}

tx_node tx_residuum_apply(const tx_section *section, tx_graph *graph, tx_node next, tx_node previous)
{
    const tx_residuum_class *residuum = tx_section_component(section)->implementation;
    const char *before = tx_enter_part(graph, "residuum");
    const tx_node r = residuum->apply(section, graph, next, previous);
    tx_enter_part(graph, before);
    return r;
}
