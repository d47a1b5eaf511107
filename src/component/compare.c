/* Whether a run may be resumed with another configuration. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "component/write.h"

static tx_status compare_sections(const tx_section *now, const tx_section *old, tx_error *error);

/* The next section of a list, from *at on, that must be the same; NULL: none is left. */
static const tx_section *next_that_counts(const tx_value *list, int *at)
{
    while (*at < list->count && list->sections[*at]->component->may_differ) {
        ++*at;
    }
    return *at < list->count ? list->sections[(*at)++] : NULL;
}

static int count_those_that_count(const tx_value *list)
{
    int count = 0, at = 0;
    while (next_that_counts(list, &at)) {
        count++;
    }
    return count;
}

/* "16", "conv", "[1, 2]", "2 items" */
static void add_value(tx_buffer *text, const tx_value *value)
{
    if (value->form == TX_FORM_SECTION) {
        tx_buffer_add(text, "%s", value->section->fixed ? "given" : value->section->component->name);
    } else if (value->option->type == TX_TYPE_SECTIONS) {
        tx_buffer_add(text, "a list of %d", count_those_that_count(value));
    } else {
        tx_value_write(text, value);
    }
}

static tx_status value_text(const tx_value *value, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    add_value(&text, value);
    return tx_buffer_finish(&text, out);
}

static tx_status differs(const tx_section *section, const char *name, tx_error *error, const char *now, const char *old)
{
    const tx_value *value = tx_section_find(section, name);
    char path[256];
    snprintf(path, sizeof path, "%s%s%s", section->path, *section->path ? "." : "", name);
    return tx_place_error(tx_value_place(section, value), error, "%s is %s but the run was started with %s", path,
                          tx_quote(now).text, tx_quote(old).text);
}

static tx_status compare_texts(const tx_section *section, const tx_value *now, const tx_value *old, tx_error *error)
{
    char *a, *b;
    TX_TRY(value_text(now, error, &a));
    tx_status status = value_text(old, error, &b);
    if (status == TX_OK) {
        status = strcmp(a, b) ? differs(section, now->option->name, error, a, b) : TX_OK;
        tx_free(b);
    }
    tx_free(a);
    return status;
}

/* Of lists with equally many that count. */
static tx_status compare_lists(const tx_value *now, const tx_value *old, tx_error *error)
{
    int at = 0, old_at = 0;
    for (const tx_section *section; (section = next_that_counts(now, &at));) {
        TX_TRY(compare_sections(section, next_that_counts(old, &old_at), error));
    }
    return TX_OK;
}

/* A path says where something lies, not what it is; but there is something, or nothing. */
static bool same_by_themselves(const tx_value *now, const tx_value *old)
{
    return now->option->may_differ || (tx_option_is_input(now->option) && now->form == old->form);
}

static tx_status compare_values(const tx_section *section, const tx_value *now, const tx_value *old, tx_error *error)
{
    if (same_by_themselves(now, old)) {
        return TX_OK;
    }
    if (now->form == TX_FORM_SECTION && old->form == TX_FORM_SECTION) {
        return compare_sections(now->section, old->section, error);
    }
    TX_TRY(compare_texts(section, now, old, error));
    return now->option->type == TX_TYPE_SECTIONS ? compare_lists(now, old, error) : TX_OK;
}

/* One that was opened is made anew for each section: it is the same if it has the same options. */
static bool same_component(const tx_section *now, const tx_section *old)
{
    bool same = now->component->kind == old->component->kind && !strcmp(now->component->name, old->component->name) &&
                now->count == old->count;
    for (int k = 0; same && k < now->count; k++) {
        const tx_option *a = now->values[k].option, *b = old->values[k].option;
        same = !strcmp(a->name, b->name) && a->type == b->type;
    }
    return same;
}

static tx_status compare_sections(const tx_section *now, const tx_section *old, tx_error *error)
{
    if (!same_component(now, old)) {
        return differs(now, "type", error, now->component->name, old->component->name);
    }
    for (int k = 0; k < now->count; k++) {
        TX_TRY(compare_values(now, &now->values[k], &old->values[k], error));
    }
    return TX_OK;
}

tx_status tx_section_same_run(const tx_section *now, const tx_section *old, tx_error *error)
{
    return compare_sections(now, old, error);
}
