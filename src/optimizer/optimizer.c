/* An optimizer: the stages of its section, the memory of their arrays, and a step through all of them. */
#include "base/real.h"
#include "trainax/optimizer.h"

#include <math.h>
#include <stdio.h>
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
    {.name = "reduce_on_plateau", .type = TX_TYPE_SECTION, .initial = "null", .kind = TX_KIND_TRANSFORM, .fixed = "reduce_on_plateau",
     .text = "at last, updates are scaled down where the loss of the steps stays"},
    {0},
};
/* clang-format on */

/* What the schedules among a section's options say about themselves. */
static tx_status check_rates(const tx_section *section, const tx_option *options, tx_error *error)
{
    for (; options && options->name; options++) {
        TX_TRY(options->kind == TX_KIND_SCHEDULE ? tx_rate_check(tx_rate_read(section, options->name), error) : TX_OK);
    }
    return TX_OK;
}

/* The options that optimizers share. */
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
    const bool shares = component->kind == TX_KIND_OPTIMIZER && !component->takes_no_shared;
    const tx_section *plateau = shares ? tx_get_section(section, "reduce_on_plateau") : NULL;
    const int number = optimizer->num_sections++ - 1; /* of the transform, in its chain */
    TX_TRY(check_rates(section, component->options, error));
    TX_TRY(shares ? add_shared(optimizer, section, error) : TX_OK);
    TX_TRY(((const tx_optimizer_class *)component->implementation)->create(optimizer, section, error));
    return plateau ? tx_stage_add_plateau(optimizer, plateau, number, error) : TX_OK;
}

static void free_array(const tx_state_array *array)
{
    tx_free(array->values);
    tx_free(array->next);
}

static void free_stage(tx_stage *stage)
{
    for (int k = 0; k < stage->num_arrays; k++) {
        free_array(&stage->arrays[k]);
    }
    if (stage->destroy) {
        stage->destroy(stage);
    }
    tx_free(stage->arrays);
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

static size_t count_numbers(const tx_state_array *array)
{
    size_t count = 1;
    for (int k = 0; k < array->rank; k++) {
        count *= (size_t)array->shape[k];
    }
    return count;
}

static bool is_float(const tx_state_array *array, tx_precision precision)
{
    return array->number == TX_NUMBER_REAL && precision == TX_FLOAT32;
}

size_t tx_state_array_bytes(const tx_state_array *array, tx_precision precision)
{
    return count_numbers(array) * (is_float(array, precision) ? sizeof(float) : sizeof(double));
}

static void fill(const tx_state_array *array, tx_precision precision)
{
    const size_t count = array->initial == 0 ? 0 : count_numbers(array);
    for (size_t i = 0; i < count; i++) {
        if (array->number == TX_NUMBER_INTEGER) {
            ((int64_t *)array->values)[i] = (int64_t)array->initial;
        } else if (is_float(array, precision)) {
            ((float *)array->values)[i] = (float)array->initial;
        } else {
            ((double *)array->values)[i] = array->initial;
        }
    }
}

static tx_status allocate_array(tx_state_array *array, tx_precision precision, tx_error *error)
{
    const size_t bytes = tx_state_array_bytes(array, precision);
    TX_TRY(tx_allocate(bytes, error, &array->values));
    TX_TRY(tx_allocate(bytes, error, &array->next));
    fill(array, precision);
    return TX_OK;
}

/* Between stages. */
static size_t scratch_bytes(const tx_optimizer *optimizer)
{
    return optimizer->num_stages > 1 ? (size_t)optimizer->num_parameters * tx_real_bytes(optimizer->precision) : 0;
}

size_t tx_optimizer_bytes(const tx_optimizer *optimizer, int num_ranks)
{
    size_t bytes = scratch_bytes(optimizer);
    for (int k = 0; k < optimizer->num_stages; k++) {
        const tx_stage *stage = optimizer->stages[k];
        bytes += stage->bytes ? stage->bytes(stage, num_ranks) : 0;
    }
    for (int k = 0; k < tx_optimizer_num_arrays(optimizer); k++) {
        bytes += 2 * tx_state_array_bytes(tx_optimizer_array(optimizer, k), optimizer->precision);
    }
    return bytes;
}

static tx_status allocate_arrays(tx_optimizer *optimizer, tx_error *error)
{
    const size_t scratch = scratch_bytes(optimizer);
    for (int k = 0; k < tx_optimizer_num_arrays(optimizer); k++) {
        TX_TRY(allocate_array(tx_optimizer_array(optimizer, k), optimizer->precision, error));
    }
    return scratch ? tx_allocate(scratch, error, &optimizer->scratch) : TX_OK;
}

tx_status tx_optimizer_allocate(tx_optimizer *optimizer, const tx_task *task, tx_error *error)
{
    const tx_status status = allocate_arrays(optimizer, error);
    TX_TRY(task->parallel ? tx_parallel_agree(task->parallel, status, error) : status);
    for (int k = 0; k < optimizer->num_stages; k++) {
        tx_stage *stage = optimizer->stages[k];
        TX_TRY(stage->allocate ? stage->allocate(stage, task, error) : TX_OK);
    }
    return TX_OK;
}

static tx_status copy_leaves(tx_optimizer *optimizer, const tx_leaf *leaves, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)optimizer->num_leaves, sizeof *leaves, error, &optimizer->leaves));
    memcpy(optimizer->leaves, leaves, (size_t)optimizer->num_leaves * sizeof *leaves);
    return TX_OK;
}

static tx_status build(tx_optimizer *optimizer, const tx_section *section, const tx_leaf *leaves, tx_error *error)
{
    TX_TRY(copy_leaves(optimizer, leaves, error));
    TX_TRY(tx_optimizer_add(optimizer, section, error));
    merge_stages(optimizer);
    return TX_OK;
}

tx_status tx_optimizer_plan(const tx_section *section, const tx_task *task, tx_error *error, tx_optimizer **out)
{
    tx_optimizer *optimizer;
    TX_TRY(tx_allocate(sizeof *optimizer, error, &optimizer));
    *optimizer = (tx_optimizer){
        .task = task,
        .precision = task->precision,
        .num_parameters = task->num_parameters,
        .num_leaves = task->num_leaves,
        .count = {.name = "count", .number = TX_NUMBER_INTEGER},
        .every = task->accumulate > 1 ? task->accumulate : 1,
        .gathered = {[TX_MINI_STEP] = {.name = "mini_step", .number = TX_NUMBER_INTEGER},
                     [TX_ACCUMULATED] = {.name = "accumulated", .rank = 1, .shape = {task->num_parameters}}},
    };
    const tx_status status = build(optimizer, section, task->leaves, error);
    optimizer->task = NULL;
    if (status != TX_OK) {
        tx_optimizer_destroy(optimizer);
        return status;
    }
    *out = optimizer;
    return TX_OK;
}

tx_status tx_optimizer_create(const tx_section *section, const tx_task *task, tx_error *error, tx_optimizer **out)
{
    tx_optimizer *optimizer;
    TX_TRY(tx_optimizer_plan(section, task, error, &optimizer));
    const tx_status status = tx_optimizer_allocate(optimizer, task, error);
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
        free_array(&optimizer->count);
        free_array(&optimizer->gathered[TX_MINI_STEP]);
        free_array(&optimizer->gathered[TX_ACCUMULATED]);
        tx_free(optimizer->stages);
        tx_free(optimizer->scratch);
        tx_free(optimizer->leaves);
        tx_free(optimizer);
    }
}

/* Those that are no stage's. */
static int num_own_arrays(const tx_optimizer *optimizer)
{
    return optimizer->every > 1 ? 1 + TX_NUM_GATHERED : 1;
}

int tx_optimizer_num_arrays(const tx_optimizer *optimizer)
{
    int count = num_own_arrays(optimizer);
    for (int k = 0; k < optimizer->num_stages; k++) {
        count += optimizer->stages[k]->num_arrays;
    }
    return count;
}

tx_state_array *tx_optimizer_array(const tx_optimizer *optimizer, int index)
{
    tx_stage **stage = optimizer->stages;
    const int own = num_own_arrays(optimizer);
    if (index < own) {
        return (tx_state_array *)(index ? &optimizer->gathered[index - 1] : &optimizer->count);
    }
    index -= own;
    for (; index >= (*stage)->num_arrays; stage++) {
        index -= (*stage)->num_arrays;
    }
    return &(*stage)->arrays[index];
}

bool tx_optimizer_has_updated(const tx_optimizer *optimizer)
{
    return optimizer->updated;
}

bool tx_optimizer_has_ended(const tx_optimizer *optimizer)
{
    return optimizer->ended;
}

int64_t tx_optimizer_count(const tx_optimizer *optimizer)
{
    return *(const int64_t *)optimizer->count.values;
}

/* ---- A step ---- */

double tx_optimizer_rate(const tx_optimizer *optimizer)
{
    double rate = optimizer->has_rate ? tx_rate_at(optimizer->rate, tx_optimizer_count(optimizer)) : (double)NAN;
    for (int k = 0; k < optimizer->num_stages; k++) {
        const tx_stage *stage = optimizer->stages[k];
        rate *= stage->factor ? stage->factor(stage) : 1;
    }
    return tx_real_round(optimizer->precision, rate);
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

tx_status tx_optimizer_prepare(tx_optimizer *optimizer, const tx_task *task, tx_error *error)
{
    for (int k = 0; k < optimizer->num_stages; k++) {
        tx_stage *stage = optimizer->stages[k];
        TX_TRY(stage->prepare ? stage->prepare(stage, task, error) : TX_OK);
    }
    return TX_OK;
}

bool tx_optimizer_number(const tx_optimizer *optimizer, const char *name, double *out)
{
    bool known = false;
    for (int k = 0; k < optimizer->num_stages && !known; k++) {
        const tx_stage *stage = optimizer->stages[k];
        known = stage->tell && stage->tell(stage, name, out);
    }
    return known;
}

tx_status tx_optimizer_describe(const tx_optimizer *optimizer, int num_ranks, tx_error *error, char **out)
{
    *out = NULL;
    for (int k = 0; k < optimizer->num_stages && !*out; k++) {
        const tx_stage *stage = optimizer->stages[k];
        TX_TRY(stage->describe ? stage->describe(stage, num_ranks, error, out) : TX_OK);
    }
    return TX_OK;
}

static tx_status run_stage(const tx_stage *stage, const tx_task *task, const void *gradient, bool last, void *next, bool *ends,
                           tx_error *error)
{
    const int64_t count = tx_optimizer_count(stage->optimizer);
    const double scale = tx_rate_at(stage->scale, count);
    const tx_update update = {
        .task = task,
        .count = count,
        .keep = last,
        .scale = stage->descends ? -scale : scale,
        .decay = tx_rate_at(stage->decay, count),
        .gradient = gradient,
        .parameters = task->parameters,
        .next_parameters = next,
        .ends = ends,
        .arrays = stage->arrays,
    };
    return stage->update(stage, &update, error);
}

static void turn(tx_state_array *array)
{
    void *const old = array->values;
    array->values = array->next;
    array->next = old;
}

static void turn_gathered(tx_optimizer *optimizer)
{
    for (int k = 0; k < TX_NUM_GATHERED; k++) {
        turn(&optimizer->gathered[k]);
    }
}

static void turn_all(tx_optimizer *optimizer)
{
    turn(&optimizer->count);
    if (optimizer->every > 1) {
        turn_gathered(optimizer);
    }
    for (int k = 0; k < optimizer->num_stages; k++) {
        for (int i = 0; i < optimizer->stages[k]->num_arrays; i++) {
            turn(&optimizer->stages[k]->arrays[i]);
        }
    }
}

tx_status tx_optimizer_step(tx_optimizer *optimizer, const tx_task *task, void *next, tx_error *error)
{
    const int last = optimizer->num_stages - 1;
    const void *gradient = optimizer->every > 1 ? tx_optimizer_accumulate(optimizer, task->gradient) : task->gradient;
    optimizer->ended = false;
    optimizer->updated = optimizer->every == 1 || gradient;
    if (!optimizer->updated) {
        turn_gathered(optimizer);
        return TX_OK;
    }
    for (int k = 0; k <= last; k++) {
        void *to = (last - k) % 2 ? optimizer->scratch : next;
        TX_TRY(run_stage(optimizer->stages[k], task, gradient, k == last, to, &optimizer->ended, error));
        gradient = to;
    }
    *(int64_t *)optimizer->count.next = tx_optimizer_count(optimizer) + 1;
    turn_all(optimizer);
    return TX_OK;
}
