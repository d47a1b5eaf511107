/* Initial conditions: the interface, and the samples' keys. */
#include "data/initial.h"

#include <math.h>

#include "base/memory.h"
#include "base/real.h"

/* ---- Conditions ---- */

int64_t tx_condition_size(const tx_condition *condition)
{
    return tx_shape_points(&condition->state) * (condition->whole ? condition->state.channels : 1);
}

static void destroy(tx_condition *condition)
{
    for (int k = 0; condition && k < condition->num_inner; k++) {
        destroy(condition->inner[k]);
    }
    if (condition) {
        (condition->class_->destroy ? condition->class_->destroy : tx_free)(condition->work);
        tx_free(condition->inner);
        tx_free(condition);
    }
}

static tx_status create(const tx_section *section, tx_random random, tx_shape state, tx_error *error, tx_condition **out)
{
    tx_condition *condition;
    TX_TRY(tx_allocate(sizeof *condition, error, &condition));
    *condition = (tx_condition){
        .class_ = tx_section_component(section)->implementation, .section = section, .random = random, .state = state};
    const tx_status status = condition->class_->create(condition, error);
    if (status != TX_OK) {
        destroy(condition);
        return status;
    }
    *out = condition;
    return TX_OK;
}

tx_status tx_condition_add(tx_condition *condition, const tx_section *const *sections, int count, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)count, sizeof *condition->inner, error, &condition->inner));
    condition->keyless = true;
    for (; condition->num_inner < count; condition->num_inner++) {
        tx_condition **inner = &condition->inner[condition->num_inner];
        TX_TRY(create(sections[condition->num_inner], condition->random, condition->state, error, inner));
        condition->keyless = condition->keyless && (*inner)->keyless;
        condition->bytes += (*inner)->bytes;
    }
    return TX_OK;
}

static tx_status prepare(tx_condition *condition, tx_error *error)
{
    for (int k = 0; k < condition->num_inner; k++) {
        TX_TRY(prepare(condition->inner[k], error));
    }
    return condition->class_->prepare ? condition->class_->prepare(condition, error) : TX_OK;
}

tx_status tx_condition_draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    return condition->class_->draw(condition, which, out, error);
}

/* ---- States of samples ---- */

struct tx_initial {
    tx_condition *condition;
    double *state;      /* what a draw gives */
    tx_key first, next; /* of the chain of keys: where it begins, and what comes before … */
    int64_t sample;     /* … this sample */
};

tx_status tx_initial_create(const tx_section *section, tx_random random, tx_key key, tx_shape state, tx_error *error,
                            tx_initial **out)
{
    tx_initial *initial;
    TX_TRY(tx_allocate(sizeof *initial, error, &initial));
    *initial = (tx_initial){.first = key, .next = key};
    const tx_status status = create(section, random, state, error, &initial->condition);
    if (status != TX_OK) {
        tx_initial_destroy(initial);
        return status;
    }
    *out = initial;
    return TX_OK;
}

tx_status tx_initial_prepare(tx_initial *initial, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)tx_condition_size(initial->condition), sizeof *initial->state, error, &initial->state));
    return prepare(initial->condition, error);
}

size_t tx_initial_bytes(const tx_initial *initial)
{
    return initial->condition->bytes + (size_t)tx_condition_size(initial->condition) * sizeof *initial->state;
}

bool tx_initial_keyless(const tx_initial *initial)
{
    return initial->condition->keyless;
}

int64_t tx_initial_samples(const tx_initial *initial)
{
    return initial->condition->samples;
}

void tx_initial_destroy(tx_initial *initial)
{
    if (initial) {
        destroy(initial->condition);
        tx_free(initial->state);
        tx_free(initial);
    }
}

static tx_key key_of(tx_initial *initial, int64_t sample)
{
    const tx_random random = initial->condition->random;
    if (sample < initial->sample) {
        initial->sample = 0;
        initial->next = initial->first;
    }
    for (; initial->sample < sample; initial->sample++) {
        initial->next = tx_key_split_at(random, initial->next, 2, 0);
    }
    return tx_key_split_at(random, initial->next, 2, 1);
}

tx_status tx_initial_draw(tx_initial *initial, int64_t sample, void *out, tx_error *error)
{
    const tx_condition *condition = initial->condition;
    const tx_random random = condition->random;
    const int64_t channels = condition->state.channels, size = tx_condition_size(condition),
                  draws = condition->whole ? 1 : channels;
    tx_draw which = {.sample = sample, .key = condition->keyless ? initial->first : key_of(initial, sample)};
    const tx_key key = which.key;
    for (int64_t c = 0; c < draws; c++) {
        which.key = condition->whole ? key : tx_key_split_at(random, key, (size_t)channels, (size_t)c);
        TX_TRY(tx_condition_draw(condition, &which, initial->state, error));
        for (int64_t k = 0; k < size; k++) {
            tx_real_put(random.precision, out, c * size + k, initial->state[k]);
        }
    }
    return TX_OK;
}
