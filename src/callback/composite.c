/* Several callbacks in one place. Their columns stand in the row as if they were listed there themselves. */
#include "base/memory.h"
#include "trainax/callback.h"

typedef struct composite {
    int count;
    tx_callback **callbacks;
    size_t capacity;
    const char **columns; /* of all, in order */
} composite;

static tx_status add_columns(tx_callback *callback, const tx_callback *child, tx_error *error)
{
    composite *state = callback->state;
    const int count = callback->num_columns + child->num_columns;
    TX_TRY(tx_reserve((size_t)count, sizeof(char *), &state->capacity, error, &state->columns));
    for (int k = 0; k < child->num_columns; k++) {
        state->columns[callback->num_columns++] = child->columns[k];
    }
    callback->columns = state->columns;
    return TX_OK;
}

static tx_status add_child(tx_callback *callback, const tx_section *section, const tx_callback_setup *setup, tx_error *error)
{
    composite *state = callback->state;
    tx_callback *child;
    TX_TRY(tx_callback_create(section, setup, error, &child));
    state->callbacks[state->count++] = child;
    return add_columns(callback, child, error);
}

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    composite *state;
    const tx_section *const *sections;
    tx_callback_setup inner = *setup;
    if (tx_has(callback->section, "name")) {
        return tx_section_error(callback->section, "name", error, TX_INVALID,
                                "a composite has no column of its own: name the callbacks in it");
    }
    inner.every = callback->every;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    callback->state = state;
    const int count = tx_get_sections(callback->section, "callbacks", &sections);
    TX_TRY(tx_allocate_array((size_t)count, sizeof(tx_callback *), error, &state->callbacks));
    for (int k = 0; k < count; k++) {
        TX_TRY(add_child(callback, sections[k], &inner, error));
    }
    return TX_OK;
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    const composite *state = callback->state;
    for (int k = 0; k < state->count; k++) {
        TX_TRY(tx_callback_observe(state->callbacks[k], seen, error, cells));
        cells.first += state->callbacks[k]->num_columns;
    }
    return TX_OK;
}

static tx_status conclude(tx_callback *callback, const tx_observation *seen, tx_error *error)
{
    const composite *state = callback->state;
    for (int k = 0; k < state->count; k++) {
        TX_TRY(tx_callback_conclude(state->callbacks[k], seen, error));
    }
    return TX_OK;
}

static void recall(tx_callback *callback, int64_t step, tx_cells cells)
{
    const composite *state = callback->state;
    for (int k = 0; k < state->count; k++) {
        tx_callback_recall(state->callbacks[k], step, cells);
        cells.first += state->callbacks[k]->num_columns;
    }
}

static void destroy(tx_callback *callback)
{
    composite *state = callback->state;
    for (int k = 0; state && k < state->count; k++) {
        tx_callback_destroy(state->callbacks[k]);
    }
    if (state) {
        tx_free(state->callbacks);
        tx_free(state->columns);
    }
}

static const tx_option options[] = {
    {.name = "callbacks",
     .type = TX_TYPE_SECTIONS,
     .unit = "",
     .text = "each runs at the steps that its own `every` and the composite's select",
     .kind = TX_KIND_CALLBACK},
    {0},
};
static const tx_callback_class class_ = {
    .create = create, .observe = observe, .conclude = conclude, .recall = recall, .destroy = destroy};
const tx_component tx_callback_composite = {
    .kind = TX_KIND_CALLBACK,
    .name = "composite",
    .summary = "several callbacks in one; their columns are expanded in place",
    .options = options,
    .implementation = &class_,
};
