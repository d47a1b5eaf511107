/* The files that a configuration names. */
#include <string.h>

#include "base/memory.h"
#include "component/section.h"
#include "component/visit.h"

typedef struct inputs {
    const char **paths;
    size_t count, capacity, room;
} inputs;

/* There is always room for the caller's and the NULL at the end. */
static tx_status add(inputs *all, const char *path, tx_error *error)
{
    TX_TRY(tx_reserve(all->count + all->room + 2, sizeof *all->paths, &all->capacity, error, &all->paths));
    all->paths[all->count++] = path;
    return TX_OK;
}

static tx_status add_values(void *user, const tx_section *section, tx_error *error)
{
    inputs *all = user;
    for (int k = 0; k < section->count; k++) {
        const tx_value *value = &section->values[k];
        if (value->form == TX_FORM_OWN && tx_option_is_input(value->option)) {
            for (int i = 0; i < (value->option->type == TX_TYPE_PATHS ? value->count : 1); i++) {
                TX_TRY(add(all, value->option->type == TX_TYPE_PATHS ? value->strings[i] : value->text, error));
            }
        }
    }
    return TX_OK;
}

/* ---- Libraries ---- */

typedef struct libraries {
    tx_named_library *all;
    size_t count, capacity;
} libraries;

static tx_status add_library(void *user, const tx_section *section, tx_error *error)
{
    libraries *l = user;
    const tx_value *value = tx_section_find(section, "library");
    if (!value || value->form != TX_FORM_OWN || value->option->type != TX_TYPE_PATH) {
        return TX_OK;
    }
    TX_TRY(tx_reserve(l->count + 1, sizeof *l->all, &l->capacity, error, &l->all));
    l->all[l->count++] = (tx_named_library){section->path, value->text};
    return TX_OK;
}

tx_status tx_config_libraries(const tx_config *config, tx_error *error, size_t *count, tx_named_library **out)
{
    libraries l = {0};
    const tx_status status = tx_section_visit(config->root, TX_KIND_COUNT, add_library, &l, error);
    if (status != TX_OK) {
        tx_free(l.all);
        return status;
    }
    *count = l.count;
    *out = l.all;
    return TX_OK;
}

/* ---- All ---- */

tx_status tx_config_inputs(const tx_config *config, size_t room, tx_error *error, size_t *count, const char ***out)
{
    inputs all = {.room = room};
    tx_status status = add(&all, config->name, error);
    status = status ? status : tx_section_visit(config->root, TX_KIND_COUNT, add_values, &all, error);
    if (status != TX_OK) {
        tx_free(all.paths);
        return status;
    }
    *count = all.count;
    *out = all.paths;
    return TX_OK;
}
