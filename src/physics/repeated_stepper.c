/* Several steps of a stepper as one; of a spectral one without leaving the modes between. */
#include "base/memory.h"
#include "trainax/physics.h"

typedef struct repeated {
    tx_stepper *stepper;
    int64_t count;
} repeated;

static tx_status create(tx_scheme *scheme, tx_error *error)
{
    repeated *r;
    TX_TRY(tx_allocate(sizeof *r, error, &r));
    scheme->tables = r;
    r->count = tx_get_integer(scheme->section, "num_sub_steps");
    TX_TRY(tx_stepper_create(tx_get_section(scheme->section, "stepper"), scheme->shape, error, &r->stepper));
    scheme->dt = (double)r->count * tx_stepper_scheme(r->stepper)->dt;
    scheme->domain_extent = tx_stepper_scheme(r->stepper)->domain_extent;
    return TX_OK;
}

static void destroy(tx_scheme *scheme)
{
    const repeated *r = scheme->tables;
    if (r) {
        tx_stepper_destroy(r->stepper);
    }
}

static tx_node repeat(const tx_scheme *scheme, tx_graph *graph, tx_node x, int64_t count)
{
    const repeated *r = scheme->tables;
    return tx_stepper_repeat(r->stepper, graph, x, count * r->count);
}

static tx_node apply(const tx_scheme *scheme, tx_graph *graph, tx_node x)
{
    return repeat(scheme, graph, x, 1);
}

static const tx_option options[] = {
    {.name = "stepper", .type = TX_TYPE_SECTION, .unit = "", .kind = TX_KIND_STEPPER, .text = "what is repeated"},
    {.name = "num_sub_steps", .type = TX_TYPE_INTEGER, .unit = "steps", .minimum = 1, .maximum = 100000, .text = "that are one"},
    {0},
};

static const tx_stepper_class class_ = {.create = create, .apply = apply, .destroy = destroy, .repeat = repeat};
const tx_component tx_stepper_repeated = {.kind = TX_KIND_STEPPER,
                                          .name = "repeated_stepper",
                                          .summary = "several steps of a stepper as one",
                                          .options = options,
                                          .implementation = &class_};
