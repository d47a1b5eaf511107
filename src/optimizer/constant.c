#include "trainax/optimizer.h"

static double value(const tx_section *section, tx_precision precision, int64_t count)
{
    (void)precision;
    (void)count;
    return tx_get_real(section, "value");
}

static const tx_option options[] = {
    {.name = "value", .type = TX_TYPE_REAL, .unit = "", .text = "the learning rate of all steps"},
    {0},
};
static const tx_schedule_class class_ = {.value = value};
const tx_component tx_schedule_constant = {
    .kind = TX_KIND_SCHEDULE,
    .name = "constant",
    .summary = "the same value at every step, as optax.constant_schedule",
    .options = options,
    .implementation = &class_,
};
