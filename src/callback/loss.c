/* The value of another configuration on the same minibatch. */
#include "base/memory.h"
#include "trainax/callback.h"

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    if (tx_get_boolean(callback->section, "with_grad")) {
        return tx_section_error(callback->section, "with_grad", error, TX_INVALID, "is not built yet; leave it at false");
    }
    int *handle;
    TX_TRY(tx_allocate(sizeof *handle, error, &handle));
    callback->state = handle;
    return setup->add_program(setup->trainer, callback->section, error, handle);
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, double *value)
{
    return seen->evaluate(seen->trainer, *(const int *)callback->state, error, value);
}

static const tx_option options[] = {
    {.name = "configuration",
     .type = TX_TYPE_SECTION,
     .unit = "",
     .text = "what is evaluated",
     .kind = TX_KIND_CONFIGURATION,
     .alias = "loss_configuration"},
    {.name = "ref_stepper",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .unit = "",
     .text = "for configurations that need a reference stepper; the trainer's is not inherited",
     .kind = TX_KIND_STEPPER},
    {.name = "residuum_fn",
     .type = TX_TYPE_SECTION,
     .initial = "null",
     .unit = "",
     .text = "for configurations that need a residuum; the trainer's is not inherited",
     .kind = TX_KIND_RESIDUUM},
    {.name = "with_grad", .type = TX_TYPE_BOOLEAN, .initial = "false", .unit = "", .text = "also the gradient (not built yet)"},
    {0},
};
static const tx_callback_class class_ = {.create = create, .observe = observe, .column = ""};
const tx_component tx_callback_loss = {
    .kind = TX_KIND_CALLBACK,
    .name = "loss",
    .summary = "loss of another configuration on the minibatch",
    .options = options,
    .implementation = &class_,
};
