#include "trainax/optimizer.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "options.h"
#include "stage.h"

/* clang-format off */
const tx_option tx_optimizer_options[] = {
    {.name = "clip", .type = TX_TYPE_REAL, .initial = "null", .above_minimum = true,
     .text = "first, each element of the gradient is clipped to this magnitude"},
    {.name = "clip_by_global_norm", .type = TX_TYPE_REAL, .initial = "null", .above_minimum = true,
     .text = "first, a gradient of a larger norm is scaled down to it"},
    {.name = "add_decayed_weights", .type = TX_TYPE_REAL, .initial = "null", .kind = TX_KIND_SCHEDULE,
     .text = "then this times the parameters is added to the gradient"},
    {0},
};
/* clang-format on */

/* ---- Options ---- */

bool tx_optimizer_takes(const tx_optimizer *optimizer, const char *name)
{
    const tx_option *option = tx_section_component(optimizer->section)->options;
    while (option->name && strcmp(option->name, name)) {
        option++;
    }
    return option->name;
}

double tx_optimizer_real(const tx_optimizer *optimizer, const char *name, double otherwise)
{
    const bool there = tx_optimizer_takes(optimizer, name) && tx_has(optimizer->section, name);
    return there ? tx_get_real(optimizer->section, name) : otherwise;
}

bool tx_optimizer_flag(const tx_optimizer *optimizer, const char *name, bool otherwise)
{
    return tx_optimizer_takes(optimizer, name) ? tx_get_boolean(optimizer->section, name) : otherwise;
}

tx_rate tx_rate_read(const tx_section *section, const char *name)
{
    return (tx_rate){.number = tx_get_real(section, name), .schedule = tx_get_section(section, name)};
}

double tx_rate_at(tx_rate rate, int64_t count)
{
    if (!rate.schedule) {
        return rate.number;
    }
    const tx_schedule_class *class_ = tx_section_component(rate.schedule)->implementation;
    return class_->value(rate.schedule, count);
}

tx_status tx_rate_check(tx_rate rate, tx_error *error)
{
    const tx_schedule_class *class_ = rate.schedule ? tx_section_component(rate.schedule)->implementation : NULL;
    return class_ && class_->check ? class_->check(rate.schedule, error) : TX_OK;
}

static tx_status read_shared(tx_optimizer *optimizer, tx_error *error)
{
    const tx_section *section = optimizer->section;
    optimizer->clip = tx_get_real(section, "clip");
    optimizer->clip_by_global_norm = tx_get_real(section, "clip_by_global_norm");
    optimizer->added_weights = tx_rate_read(section, "add_decayed_weights");
    optimizer->rate = tx_rate_read(section, "learning_rate");
    if (optimizer->clip > 0 && optimizer->clip_by_global_norm > 0) {
        return tx_section_error(section, "clip", error, TX_INVALID, "clip and clip_by_global_norm exclude each other");
    }
    TX_TRY(tx_rate_check(optimizer->added_weights, error));
    return tx_rate_check(optimizer->rate, error);
}

static tx_status read_options(tx_optimizer *optimizer, tx_error *error)
{
    TX_TRY(read_shared(optimizer, error));
    TX_TRY(optimizer->class_->create(optimizer, error));
    return tx_optimizer_takes(optimizer, "weight_decay") ? tx_rate_check(tx_rate_read(optimizer->section, "weight_decay"), error)
                                                         : TX_OK;
}

/* ---- Memory ---- */

void tx_optimizer_add_slot(tx_optimizer *optimizer, const char *name, double initial)
{
    assert(optimizer->num_slots < TX_OPTIMIZER_SLOTS);
    optimizer->slot[optimizer->num_slots++] = (tx_slot){.name = name, .initial = initial};
}

static void fill(void *values, tx_precision precision, int64_t count, double value)
{
    for (int64_t i = 0; value != 0 && i < count; i++) {
        if (precision == TX_FLOAT32) {
            ((float *)values)[i] = (float)value;
        } else {
            ((double *)values)[i] = value;
        }
    }
}

static tx_status allocate(tx_optimizer *optimizer, tx_error *error)
{
    const size_t real = tx_real_bytes(optimizer->precision), count = (size_t)optimizer->num_parameters;
    for (int k = 0; k < optimizer->num_slots; k++) {
        TX_TRY(tx_allocate_array(count, real, error, &optimizer->slots[k]));
        TX_TRY(tx_allocate_array(count, real, error, &optimizer->next_slots[k]));
        fill(optimizer->slots[k], optimizer->precision, optimizer->num_parameters, optimizer->slot[k].initial);
    }
    const bool prepares =
        optimizer->clip > 0 || optimizer->clip_by_global_norm > 0 || tx_has(optimizer->section, "add_decayed_weights");
    return prepares ? tx_allocate_array(count, real, error, &optimizer->prepared) : TX_OK;
}

static tx_status copy_leaves(tx_optimizer *optimizer, const int64_t *leaf_sizes, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)optimizer->num_leaves, sizeof *leaf_sizes, error, &optimizer->leaf_sizes));
    for (int k = 0; k < optimizer->num_leaves; k++) {
        optimizer->leaf_sizes[k] = leaf_sizes[k];
        optimizer->num_parameters += leaf_sizes[k];
    }
    return TX_OK;
}

static tx_status build(tx_optimizer *optimizer, const int64_t *leaf_sizes, tx_error *error)
{
    TX_TRY(copy_leaves(optimizer, leaf_sizes, error));
    TX_TRY(read_options(optimizer, error));
    return allocate(optimizer, error);
}

tx_status tx_optimizer_create(const tx_section *section, tx_precision precision, int num_leaves, const int64_t *leaf_sizes,
                              tx_error *error, tx_optimizer **out)
{
    tx_optimizer *optimizer;
    TX_TRY(tx_allocate(sizeof *optimizer, error, &optimizer));
    optimizer->class_ = tx_section_component(section)->implementation;
    optimizer->section = section;
    optimizer->precision = precision;
    optimizer->num_leaves = num_leaves;
    const tx_status status = build(optimizer, leaf_sizes, error);
    if (status != TX_OK) {
        tx_optimizer_destroy(optimizer);
        return status;
    }
    *out = optimizer;
    return TX_OK;
}

void tx_optimizer_destroy(tx_optimizer *optimizer)
{
    for (int k = 0; optimizer && k < TX_OPTIMIZER_SLOTS; k++) {
        tx_free(optimizer->slots[k]);
        tx_free(optimizer->next_slots[k]);
    }
    if (optimizer) {
        tx_free(optimizer->prepared);
        tx_free(optimizer->leaf_sizes);
        tx_free(optimizer->state);
        tx_free(optimizer);
    }
}

/* ---- A step ---- */

double tx_optimizer_rate(const tx_optimizer *optimizer)
{
    const double rate = tx_rate_at(optimizer->rate, optimizer->count);
    return optimizer->precision == TX_FLOAT32 ? (double)(float)rate : rate;
}

static void swap_slots(tx_optimizer *optimizer)
{
    for (int k = 0; k < optimizer->num_slots; k++) {
        void *const old = optimizer->slots[k];
        optimizer->slots[k] = optimizer->next_slots[k];
        optimizer->next_slots[k] = old;
    }
}

bool tx_optimizer_step(tx_optimizer *optimizer, const void *gradient, const void *parameters, void *next)
{
    const bool after = tx_stage_has_after(optimizer);
    const double rate = tx_optimizer_rate(optimizer);
    const tx_update update = {
        .count = optimizer->count,
        .keep = after ? 0 : 1,
        .scale = after ? 1 : -rate,
        .decay = tx_rate_at(optimizer->decay, optimizer->count),
        .gradient = tx_stage_before(optimizer, gradient, parameters),
        .parameters = parameters,
        .slots = optimizer->slots,
        .next_parameters = next,
        .next_slots = optimizer->next_slots,
    };
    if (!optimizer->class_->update(optimizer, &update) || (after && !tx_stage_after(optimizer, &update, rate))) {
        return false;
    }
    swap_slots(optimizer);
    optimizer->count++;
    return true;
}

const char *tx_optimizer_slot_name(const tx_optimizer *optimizer, int slot)
{
    return optimizer->slot[slot].name;
}
