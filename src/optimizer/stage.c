/* Stages as the classes append them: their state, their rates, and what an option says. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/expect.h"
#include "base/memory.h"
#include "optimizer/options.h"
#include "optimizer/stage.h"

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

tx_status tx_stage_add_number(tx_optimizer *optimizer, tx_stage_update *update, double number, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update, sizeof number, error, &stage));
    *(double *)stage->state = number;
    return TX_OK;
}

tx_status tx_stage_keep_array(tx_stage *stage, const tx_state_array *array, tx_error *error)
{
    TX_TRY(tx_reserve((size_t)stage->num_arrays + 1, sizeof *array, &stage->capacity, error, &stage->arrays));
    tx_state_array *kept = &stage->arrays[stage->num_arrays++];
    *kept = *array;
    if (stage->number >= 0) {
        snprintf(kept->name, sizeof kept->name, "%d.%.*s", stage->number, TX_STATE_ARRAY_NAME - 16, array->name);
    }
    return TX_OK;
}

tx_status tx_stage_keep(tx_stage *stage, const char *name, double initial, tx_error *error)
{
    tx_state_array array = {.rank = 1, .shape = {stage->optimizer->num_parameters}, .initial = initial};
    snprintf(array.name, sizeof array.name, "%s", name);
    return tx_stage_keep_array(stage, &array, error);
}

tx_status tx_stage_keep_leaf(tx_stage *stage, const char *what, const tx_leaf *leaf, tx_error *error)
{
    tx_state_array array = {.rank = leaf->rank};
    memcpy(array.shape, leaf->shape, sizeof array.shape);
    snprintf(array.name, sizeof array.name, "%s/%s", what, leaf->name);
    return tx_stage_keep_array(stage, &array, error);
}

tx_update tx_update_of_leaf(const tx_update *update, const tx_leaf *leaf, tx_precision precision, int first)
{
    const size_t begin = (size_t)leaf->offset * tx_real_bytes(precision);
    tx_update part = *update;
    part.gradient = (const char *)update->gradient + begin;
    part.parameters = (const char *)update->parameters + begin;
    part.next_parameters = (char *)update->next_parameters + begin;
    part.arrays = update->arrays + first;
    return part;
}

tx_update tx_update_between(const tx_update *part, const void *gradient, void *direction)
{
    tx_update between = *part;
    between.keep = between.decay = 0;
    between.scale = 1;
    between.gradient = gradient;
    between.next_parameters = direction;
    return between;
}

void tx_optimizer_descend(tx_optimizer *optimizer, const tx_section *section)
{
    tx_stage *last = optimizer->stages[optimizer->num_stages - 1];
    if (tx_knows(section, "learning_rate")) {
        last->scale = optimizer->rate = tx_rate_read(section, "learning_rate");
        last->descends = optimizer->has_rate = true;
    }
}

tx_status tx_optimizer_ask(const tx_optimizer *optimizer, const tx_section *section, unsigned what, tx_error *error)
{
    const tx_task_class *task = optimizer->task->class_;
    const struct {
        unsigned bit;
        bool known;
        const char *name;
    } kinds[] = {{TX_ASKS_VALUE, task->value, "the loss at other parameters"},
                 {TX_ASKS_GRADIENT, task->gradient, "the gradient at other parameters"},
                 {TX_ASKS_ROWS | TX_ASKS_RESIDUALS, task->rows, "the residuals' Jacobian"},
                 {TX_ASKS_PRODUCT, task->product, "products with the residuals' Jacobian"},
                 {TX_ASKS_ADJOINT_PRODUCT, task->adjoint_product, "products with the residuals' transposed Jacobian"}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if ((what & kinds[k].bit) && !kinds[k].known) {
            return tx_section_error(section, NULL, error, TX_INVALID, "%s needs %s, which is not to be had here",
                                    tx_section_name(section), kinds[k].name);
        }
    }
    if (optimizer->every > 1) {
        return tx_section_error(section, NULL, error, TX_INVALID,
                                "%s takes no accumulate_grad_batches above 1: an update asks for "
                                "more than gradients",
                                tx_section_name(section));
    }
    return task->prepare ? task->prepare(optimizer->task->object, tx_section_name(section), what, error) : TX_OK;
}

tx_status tx_stage_status(bool finite, tx_error *error)
{
    return finite ? TX_OK : tx_error_set(error, TX_DIVERGED, "its update would make a parameter non-finite");
}
