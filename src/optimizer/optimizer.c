#include "trainax/optimizer.h"

#include <math.h>
#include <stdio.h>

#include "base/expect.h"
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

double tx_option_real(const tx_section *section, const char *name, double otherwise)
{
    return tx_knows(section, name) && tx_has(section, name) ? tx_get_real(section, name) : otherwise;
}

bool tx_option_flag(const tx_section *section, const char *name, bool otherwise)
{
    return tx_knows(section, name) ? tx_get_boolean(section, name) : otherwise;
}

tx_rate tx_rate_read(const tx_section *section, const char *name)
{
    return tx_knows(section, name) ? (tx_rate){.number = tx_get_real(section, name), .schedule = tx_get_section(section, name)}
                                   : (tx_rate){0};
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

/* What the schedules among a section's options say about themselves. */
static tx_status check_rates(const tx_section *section, const tx_option *options, tx_error *error)
{
    for (; options && options->name; options++) {
        TX_TRY(options->kind == TX_KIND_SCHEDULE ? tx_rate_check(tx_rate_read(section, options->name), error) : TX_OK);
    }
    return TX_OK;
}

/* ---- Stages ---- */

tx_status tx_stage_add(tx_optimizer *optimizer, tx_stage_update *update, size_t bytes, tx_error *error, tx_stage **out)
{
    const size_t count = (size_t)optimizer->num_stages;
    tx_stage *stage;
    TX_TRY(tx_reserve(count + 1, sizeof stage, &optimizer->capacity, error, &optimizer->stages));
    TX_TRY(tx_allocate(sizeof *stage, error, &stage));
    *stage = (tx_stage){.optimizer = optimizer, .update = update, .scale = {.number = 1}, .number = optimizer->num_sections - 2};
    optimizer->stages[optimizer->num_stages++] = stage;
    *out = stage;
    return tx_allocate(bytes, error, &stage->state);
}

void tx_stage_add_slot(tx_stage *stage, const char *name, double initial)
{
    TX_EXPECT(stage->num_slots < TX_STAGE_SLOTS);
    tx_slot *slot = &stage->slots[stage->num_slots++];
    slot->initial = initial;
    if (stage->number < 0) {
        snprintf(slot->name, sizeof slot->name, "%s", name);
    } else {
        snprintf(slot->name, sizeof slot->name, "%d.%s", stage->number, name);
    }
}

void tx_optimizer_descend(tx_optimizer *optimizer, const tx_section *section)
{
    tx_stage *last = optimizer->stages[optimizer->num_stages - 1];
    if (tx_knows(section, "learning_rate")) {
        last->scale = optimizer->rate = tx_rate_read(section, "learning_rate");
        last->descends = optimizer->has_rate = true;
    }
}

/* The options that all optimizers share. */
static tx_status add_shared(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const double clip = tx_get_real(section, "clip"), norm = tx_get_real(section, "clip_by_global_norm");
    if (clip > 0 && norm > 0) {
        return tx_section_error(section, "clip", error, TX_INVALID, "clip and clip_by_global_norm exclude each other");
    }
    TX_TRY(check_rates(section, tx_optimizer_options, error));
    TX_TRY(clip > 0 ? tx_stage_add_clip(optimizer, clip, error) : TX_OK);
    TX_TRY(norm > 0 ? tx_stage_add_clip_by_global_norm(optimizer, norm, error) : TX_OK);
    return tx_has(section, "add_decayed_weights")
               ? tx_stage_add_decayed_weights(optimizer, tx_rate_read(section, "add_decayed_weights"), error)
               : TX_OK;
}

tx_status tx_optimizer_add(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const tx_component *component = tx_section_component(section);
    optimizer->num_sections++;
    TX_TRY(check_rates(section, component->options, error));
    TX_TRY(component->kind == TX_KIND_OPTIMIZER ? add_shared(optimizer, section, error) : TX_OK);
    return ((const tx_optimizer_class *)component->implementation)->create(optimizer, section, error);
}

static void free_stage(tx_stage *stage)
{
    for (int k = 0; k < stage->num_slots; k++) {
        tx_free(stage->slots[k].values);
        tx_free(stage->slots[k].next);
    }
    tx_free(stage->state);
    tx_free(stage);
}

static bool is_zero(tx_rate rate)
{
    return !rate.schedule && rate.number == 0;
}

/* Whether `stage` does nothing but what `before` can do as well. */
static bool is_taken_over(const tx_stage *before, const tx_stage *stage)
{
    const bool unscaled = !before->scale.schedule && before->scale.number == 1 && !before->descends;
    return stage->update == tx_stage_plain && unscaled && (is_zero(before->decay) || is_zero(stage->decay));
}

static void merge_stages(tx_optimizer *optimizer)
{
    int count = 0;
    for (int k = 0; k < optimizer->num_stages; k++) {
        tx_stage *stage = optimizer->stages[k], *before = count ? optimizer->stages[count - 1] : NULL;
        if (before && is_taken_over(before, stage)) {
            before->decay = is_zero(stage->decay) ? before->decay : stage->decay;
            before->scale = stage->scale;
            before->descends = stage->descends;
            free_stage(stage);
        } else {
            optimizer->stages[count++] = stage;
        }
    }
    optimizer->num_stages = count;
}

/* ---- Memory ---- */

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

static tx_status allocate_slot(const tx_optimizer *optimizer, tx_slot *slot, tx_error *error)
{
    const size_t real = tx_real_bytes(optimizer->precision), count = (size_t)optimizer->num_parameters;
    TX_TRY(tx_allocate_array(count, real, error, &slot->values));
    TX_TRY(tx_allocate_array(count, real, error, &slot->next));
    fill(slot->values, optimizer->precision, optimizer->num_parameters, slot->initial);
    return TX_OK;
}

size_t tx_optimizer_bytes(const tx_optimizer *optimizer)
{
    const size_t arrays = 2 * (size_t)tx_optimizer_num_slots(optimizer) + (optimizer->num_stages > 1);
    return arrays * (size_t)optimizer->num_parameters * tx_real_bytes(optimizer->precision);
}

tx_status tx_optimizer_allocate(tx_optimizer *optimizer, tx_error *error)
{
    const int num_slots = tx_optimizer_num_slots(optimizer);
    for (int k = 0; k < num_slots; k++) {
        TX_TRY(allocate_slot(optimizer, tx_optimizer_slot(optimizer, k), error));
    }
    return optimizer->num_stages > 1 ? tx_allocate_array((size_t)optimizer->num_parameters, tx_real_bytes(optimizer->precision),
                                                         error, &optimizer->scratch)
                                     : TX_OK;
}

static tx_status copy_leaves(tx_optimizer *optimizer, const tx_leaf *leaves, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)optimizer->num_leaves, sizeof *leaves, error, &optimizer->leaves));
    for (int k = 0; k < optimizer->num_leaves; k++) {
        optimizer->leaves[k] = leaves[k];
        optimizer->num_parameters += leaves[k].size;
    }
    return TX_OK;
}

static tx_status build(tx_optimizer *optimizer, const tx_section *section, const tx_leaf *leaves, tx_error *error)
{
    TX_TRY(copy_leaves(optimizer, leaves, error));
    TX_TRY(tx_optimizer_add(optimizer, section, error));
    merge_stages(optimizer);
    return TX_OK;
}

tx_status tx_optimizer_plan(const tx_section *section, tx_precision precision, int num_leaves, const tx_leaf *leaves,
                            tx_error *error, tx_optimizer **out)
{
    tx_optimizer *optimizer;
    TX_TRY(tx_allocate(sizeof *optimizer, error, &optimizer));
    optimizer->precision = precision;
    optimizer->num_leaves = num_leaves;
    const tx_status status = build(optimizer, section, leaves, error);
    if (status != TX_OK) {
        tx_optimizer_destroy(optimizer);
        return status;
    }
    *out = optimizer;
    return TX_OK;
}

tx_status tx_optimizer_create(const tx_section *section, tx_precision precision, int num_leaves, const tx_leaf *leaves,
                              tx_error *error, tx_optimizer **out)
{
    tx_optimizer *optimizer;
    TX_TRY(tx_optimizer_plan(section, precision, num_leaves, leaves, error, &optimizer));
    const tx_status status = tx_optimizer_allocate(optimizer, error);
    if (status != TX_OK) {
        tx_optimizer_destroy(optimizer);
        return status;
    }
    *out = optimizer;
    return TX_OK;
}

void tx_optimizer_destroy(tx_optimizer *optimizer)
{
    for (int k = 0; optimizer && k < optimizer->num_stages; k++) {
        free_stage(optimizer->stages[k]);
    }
    if (optimizer) {
        tx_free(optimizer->stages);
        tx_free(optimizer->scratch);
        tx_free(optimizer->leaves);
        tx_free(optimizer);
    }
}

int tx_optimizer_num_slots(const tx_optimizer *optimizer)
{
    int count = 0;
    for (int k = 0; k < optimizer->num_stages; k++) {
        count += optimizer->stages[k]->num_slots;
    }
    return count;
}

tx_slot *tx_optimizer_slot(const tx_optimizer *optimizer, int index)
{
    tx_stage **stage = optimizer->stages;
    for (; index >= (*stage)->num_slots; stage++) {
        index -= (*stage)->num_slots;
    }
    return &(*stage)->slots[index];
}

/* ---- A step ---- */

double tx_optimizer_rate(const tx_optimizer *optimizer)
{
    const double rate = optimizer->has_rate ? tx_rate_at(optimizer->rate, optimizer->count) : (double)NAN;
    return optimizer->precision == TX_FLOAT32 ? (double)(float)rate : rate;
}

bool tx_optimizer_descends(const tx_optimizer *optimizer)
{
    bool descends = false;
    for (int k = 0; k < optimizer->num_stages; k++) {
        const tx_stage *stage = optimizer->stages[k];
        descends |= stage->descends || stage->scale.schedule || stage->scale.number < 0;
    }
    return descends;
}

static bool run_stage(const tx_stage *stage, const void *gradient, const void *parameters, bool last, void *next)
{
    const int64_t count = stage->optimizer->count;
    const double scale = tx_rate_at(stage->scale, count);
    void *slots[TX_STAGE_SLOTS], *next_slots[TX_STAGE_SLOTS];
    for (int k = 0; k < TX_STAGE_SLOTS; k++) {
        slots[k] = stage->slots[k].values;
        next_slots[k] = stage->slots[k].next;
    }
    return stage->update(stage, &(tx_update){
                                    .count = count,
                                    .keep = last,
                                    .scale = stage->descends ? -scale : scale,
                                    .decay = tx_rate_at(stage->decay, count),
                                    .gradient = gradient,
                                    .parameters = parameters,
                                    .slots = slots,
                                    .next_parameters = next,
                                    .next_slots = next_slots,
                                });
}

static void swap_slots(tx_stage *stage)
{
    for (int k = 0; k < stage->num_slots; k++) {
        void *const old = stage->slots[k].values;
        stage->slots[k].values = stage->slots[k].next;
        stage->slots[k].next = old;
    }
}

bool tx_optimizer_step(tx_optimizer *optimizer, const void *gradient, const void *parameters, void *next)
{
    const int last = optimizer->num_stages - 1;
    for (int k = 0; k <= last; k++) {
        void *to = (last - k) % 2 ? optimizer->scratch : next;
        if (!run_stage(optimizer->stages[k], gradient, parameters, k == last, to)) {
            return false;
        }
        gradient = to;
    }
    for (int k = 0; k <= last; k++) {
        swap_slots(optimizer->stages[k]);
    }
    optimizer->count++;
    return true;
}
