/* The files that a configuration names. */
#include <string.h>

#include "base/memory.h"
#include "component/section.h"

typedef struct inputs {
    const char **paths;
    size_t count, capacity, room;
    bool libraries; /* nothing but shared objects */
    tx_error *error;
} inputs;

/* There is always room for the caller's and the NULL at the end. */
static tx_status add(inputs *all, const char *path)
{
    TX_TRY(tx_reserve(all->count + all->room + 2, sizeof *all->paths, &all->capacity, all->error, &all->paths));
    all->paths[all->count++] = path;
    return TX_OK;
}

/* Each once. */
static tx_status add_library(inputs *all, const tx_section *section)
{
    const char *path = tx_get_string(section, "library");
    bool there = false;
    for (size_t k = 0; k < all->count; k++) {
        there = there || !strcmp(all->paths[k], path);
    }
    return there ? TX_OK : add(all, path);
}

static tx_status add_section(inputs *all, const tx_section *section)
{
    TX_TRY(all->libraries && tx_section_find(section, "library") ? add_library(all, section) : TX_OK);
    for (int k = 0; k < section->count; k++) {
        const tx_value *value = &section->values[k];
        if (value->form == TX_FORM_SECTION) {
            TX_TRY(add_section(all, value->section));
        } else if (value->form == TX_FORM_OWN && tx_option_is_input(value->option) && !all->libraries) {
            for (int i = 0; i < (value->option->type == TX_TYPE_PATHS ? value->count : 1); i++) {
                TX_TRY(add(all, value->option->type == TX_TYPE_PATHS ? value->strings[i] : value->text));
            }
        } else if (value->form == TX_FORM_OWN && value->option->type == TX_TYPE_SECTIONS) {
            for (int i = 0; i < value->count; i++) {
                TX_TRY(add_section(all, value->sections[i]));
            }
        }
    }
    return TX_OK;
}

tx_status tx_config_libraries(const tx_config *config, tx_error *error, size_t *count, const char ***out)
{
    inputs all = {.libraries = true, .error = error};
    const tx_status status = add_section(&all, config->root);
    if (status != TX_OK) {
        tx_free(all.paths);
        return status;
    }
    *count = all.count;
    *out = all.paths;
    return TX_OK;
}

tx_status tx_config_inputs(const tx_config *config, size_t room, tx_error *error, size_t *count, const char ***out)
{
    inputs all = {.room = room, .error = error};
    tx_status status = add(&all, config->name);
    status = status ? status : add_section(&all, config->root);
    if (status != TX_OK) {
        tx_free(all.paths);
        return status;
    }
    *count = all.count;
    *out = all.paths;
    return TX_OK;
}
