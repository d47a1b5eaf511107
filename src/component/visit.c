/* A walk over a section and all below it. */
#include "component/visit.h"

#include "component/section.h"

static tx_status visit_value(const tx_value *value, tx_kind kind, tx_section_visitor *visit, void *user, tx_error *error)
{
    if (value->form == TX_FORM_SECTION) {
        return tx_section_visit(value->section, kind, visit, user, error);
    }
    const bool list = value->form == TX_FORM_OWN && value->option->type == TX_TYPE_SECTIONS;
    for (int k = 0; list && k < value->count; k++) {
        TX_TRY(tx_section_visit(value->sections[k], kind, visit, user, error));
    }
    return TX_OK;
}

tx_status tx_section_visit(const tx_section *section, tx_kind kind, tx_section_visitor *visit, void *user, tx_error *error)
{
    if (kind == TX_KIND_COUNT || section->component->kind == kind) {
        TX_TRY(visit(user, section, error));
    }
    for (int k = 0; k < section->count; k++) {
        TX_TRY(visit_value(&section->values[k], kind, visit, user, error));
    }
    return TX_OK;
}
