#include "trainax/optimizer.h"

#include "base/memory.h"

static tx_status prepare(tx_optimizer *optimizer, tx_error *error)
{
    optimizer->schedule = tx_get_section(optimizer->section, "learning_rate");
    if (!optimizer->schedule) {
        optimizer->rate = tx_get_real(optimizer->section, "learning_rate");
    }
    return optimizer->class_->create(optimizer, error);
}

static tx_status allocate_slots(tx_optimizer *optimizer, tx_error *error)
{
    const size_t real = tx_real_bytes(optimizer->precision);
    TX_TRY(tx_allocate_array((size_t)optimizer->num_slots, sizeof(void *), error, &optimizer->slots));
    TX_TRY(tx_allocate_array((size_t)optimizer->num_slots, sizeof(void *), error, &optimizer->next_slots));
    for (int k = 0; k < optimizer->num_slots; k++) {
        TX_TRY(tx_allocate_array((size_t)optimizer->num_parameters, real, error, &optimizer->slots[k]));
        TX_TRY(tx_allocate_array((size_t)optimizer->num_parameters, real, error, &optimizer->next_slots[k]));
    }
    return TX_OK;
}

tx_status tx_optimizer_create(const tx_section *section, tx_precision precision, int64_t num_parameters, tx_error *error,
                              tx_optimizer **out)
{
    tx_optimizer *optimizer;
    TX_TRY(tx_allocate(sizeof *optimizer, error, &optimizer));
    optimizer->class_ = tx_section_component(section)->implementation;
    optimizer->section = section;
    optimizer->precision = precision;
    optimizer->num_parameters = num_parameters;
    optimizer->num_slots = optimizer->class_->num_slots(section);
    tx_status status = prepare(optimizer, error);
    if (status == TX_OK) {
        status = allocate_slots(optimizer, error);
    }
    if (status != TX_OK) {
        tx_optimizer_destroy(optimizer);
        return status;
    }
    *out = optimizer;
    return TX_OK;
}

static void free_slots(void **slots, int count)
{
    for (int k = 0; slots && k < count; k++) {
        tx_free(slots[k]);
    }
    tx_free(slots);
}

void tx_optimizer_destroy(tx_optimizer *optimizer)
{
    if (optimizer) {
        free_slots(optimizer->slots, optimizer->num_slots);
        free_slots(optimizer->next_slots, optimizer->num_slots);
        tx_free(optimizer->state);
        tx_free(optimizer);
    }
}

double tx_optimizer_rate(const tx_optimizer *optimizer)
{
    if (!optimizer->schedule) {
        return optimizer->rate;
    }
    const tx_schedule_class *class_ = tx_section_component(optimizer->schedule)->implementation;
    return class_->value(optimizer->schedule, optimizer->precision, optimizer->count);
}

bool tx_optimizer_step(tx_optimizer *optimizer, const void *gradient, const void *parameters, void *next)
{
    const tx_update update = {
        .count = optimizer->count,
        .rate = tx_optimizer_rate(optimizer),
        .gradient = gradient,
        .parameters = parameters,
        .slots = optimizer->slots,
        .next_parameters = next,
        .next_slots = optimizer->next_slots,
    };
    if (!optimizer->class_->update(optimizer, &update)) {
        return false;
    }
    void **const slots = optimizer->slots;
    optimizer->slots = optimizer->next_slots;
    optimizer->next_slots = slots;
    optimizer->count++;
    return true;
}

const char *tx_optimizer_slot_name(const tx_optimizer *optimizer, int slot)
{
    return optimizer->class_->slot_names[slot];
}
