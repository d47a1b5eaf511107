/* Which sections of a configuration are checked. */
#include <stdio.h>
#include <string.h>

#include "checking/checking.h"
#include "component/section.h"

/* "trainer.ref_stepper" is meant by itself, and by "ref_stepper". */
static bool is_meant(const char *path, const char *wanted)
{
    const size_t length = strlen(path), tail = wanted ? strlen(wanted) : 0;
    return !wanted ||
           (tail <= length && strcmp(path + length - tail, wanted) == 0 && (tail == length || path[length - tail - 1] == '.'));
}

/* Where two tables read one key, it is one section's twice. */
static bool is_known(const tx_found *found, const char *path)
{
    for (int k = 0; k < found->count; k++) {
        if (strcmp(found->sections[k]->path, path) == 0) {
            return true;
        }
    }
    return false;
}

static tx_status visit(const tx_section *section, bool in_data, tx_error *error, tx_found *found);

static tx_status visit_value(const tx_value *value, bool in_data, tx_error *error, tx_found *found)
{
    if (value->form == TX_FORM_SECTION) {
        return visit(value->section, in_data, error, found);
    }
    for (int k = 0; value->form == TX_FORM_OWN && value->option->type == TX_TYPE_SECTIONS && k < value->count; k++) {
        TX_TRY(visit(value->sections[k], in_data, error, found));
    }
    return TX_OK;
}

static bool wraps(const tx_section *section)
{
    bool found = false;
    for (int k = 0; k < section->count; k++) {
        const tx_value *value = &section->values[k];
        found |= value->form == TX_FORM_SECTION && tx_is_checked(value->section->component->kind);
    }
    return found;
}

/* Data of data have states of another shape; what is around a stepper of data may want a force for each step. */
static tx_status visit(const tx_section *section, bool in_data, tx_error *error, tx_found *found)
{
    const tx_kind kind = section->component->kind;
    if (kind == TX_KIND_DATA && in_data) {
        return TX_OK;
    }
    if (tx_is_source(section) || (tx_is_checked(kind) && !(in_data && wraps(section)))) {
        if (!is_known(found, section->path)) {
            TX_TRY(tx_reserve((size_t)found->count + 1, sizeof *found->sections, &found->capacity, error, &found->sections));
            found->sections[found->count++] = section;
        }
        return TX_OK;
    }
    for (int k = 0; k < section->count; k++) {
        TX_TRY(visit_value(&section->values[k], in_data || kind == TX_KIND_DATA, error, found));
    }
    return TX_OK;
}

static tx_status unknown(const tx_config *config, const tx_found *found, const char *wanted, tx_error *error)
{
    char known[TX_MESSAGE_SIZE / 2] = "";
    for (int k = 0; k < found->count; k++) {
        const size_t at = strlen(known);
        snprintf(known + at, sizeof known - at, "%s%s", k ? ", " : "", found->sections[k]->path);
    }
    return tx_section_error(tx_config_root(config), NULL, error, TX_INVALID, "nothing to check%s%s: there is %s",
                            wanted ? " is called " : "", wanted ? wanted : "",
                            *known ? known : "no network, stepper, residuum or loss");
}

tx_status tx_find_checked(const tx_config *config, const char *wanted, tx_error *error, tx_found *out)
{
    tx_found found = {0};
    tx_status status = visit(tx_config_root(config), false, error, &found);
    int meant = 0;
    for (int k = 0; k < found.count; k++) {
        if (is_meant(found.sections[k]->path, wanted)) {
            found.sections[meant++] = found.sections[k];
        }
    }
    if (status == TX_OK && !meant) {
        status = unknown(config, &found, wanted, error);
    }
    if (status != TX_OK) {
        tx_free(found.sections);
        return status;
    }
    found.count = meant;
    *out = found;
    return TX_OK;
}
