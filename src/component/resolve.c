/* From a tree of YAML to sections: every option gets a value, every mistake its place. */
#include "component/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/name.h"
#include "component/buffer.h"
#include "component/registry.h"
#include "component/keys.h"
#include "component/unfold.h"
#include "component/value.h"

/* Aliases can make few bytes of text stand for very many sections. */
enum { MAX_SECTIONS = 10000 };

typedef struct resolver {
    tx_config *config;
    const tx_yaml *root;         /* of a run, else NULL */
    const char *const *required; /* of the root */
    bool lenient;                /* in a section that the command does not need: what is missing is no error … */
    bool incomplete;             /* … but noted here */
    int sections;
    const struct blueprint *network; /* that is being read: the outermost one */
} resolver;

/* What is known of a section before it is read. */
typedef struct blueprint {
    const tx_component *component;
    const tx_yaml *mapping; /* NULL: nothing is given */
    tx_place place;
    const char *path;
    const tx_option *each;
    bool fixed;
    bool inlined; /* its keys stand in another section's mapping, which has checked them */
} blueprint;

static tx_status resolve_section(resolver *r, const blueprint *plan, tx_section **out);

/* -- names of components -- */

/* A call with arguments. */
static tx_status refuse_call(resolver *r, const tx_component *component, const tx_yaml *call, const char *path)
{
    const tx_option *first = component->options;
    const bool has = first && first->name;
    return tx_place_error(call->place, r->config->error, "%s must be written {type: %s%s%s%s}, not '%s'", path, component->name,
                          has ? ", " : "", has ? first->name : "", has ? ": …" : "", tx_quote(call->text).text);
}

static tx_status find_component(resolver *r, tx_kind kind, const tx_yaml *name, const char *path, const tx_component **out)
{
    tx_error *error = r->config->error;
    const tx_registry *registry = r->config->registry;
    if (name->shape != TX_YAML_SCALAR || tx_yaml_is_null(name) || !strcmp(name->text, "None")) {
        return tx_place_error(name->place, error, "%s must be the name of %s %s, not %s", path, tx_kind_article(kind),
                              tx_kind_spoken(kind), tx_yaml_describe(name).text);
    }
    *out = tx_registry_find_for(registry, kind, name->text);
    const tx_component *called = *out || !strchr(name->text, '(') ? NULL : tx_registry_find_called(registry, kind, name->text);
    return *out     ? TX_OK
           : called ? refuse_call(r, called, name, path)
                    : tx_place_error(name->place, error, "%s", tx_registry_complain(registry, kind, name->text).text);
}

static tx_status find_fixed(resolver *r, tx_kind kind, const char *name, const tx_component **out)
{
    *out = tx_registry_find(r->config->registry, kind, name);
    return *out ? TX_OK : tx_error_set(r->config->error, TX_FAILURE, "the section '%s' is not registered", name);
}

/* The component of an INLINE option: `type` in the section's own mapping, or the default. */
static tx_status find_inline(resolver *r, const blueprint *plan, const tx_option *option, const tx_component **out)
{
    const char *path;
    tx_yaml *name;
    const int k = tx_yaml_find(plan->mapping, option->name);
    TX_TRY(tx_pool_format(&r->config->pool, r->config->error, &path, "%s.%s", plan->path, option->name));
    if (k >= 0) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): k was found in it */
        return find_component(r, option->kind, plan->mapping->items[k], path, out);
    }
    TX_TRY(tx_yaml_scalar(&r->config->pool, plan->place, option->initial, r->config->error, &name));
    return find_component(r, option->kind, name, path, out);
}

/* -- values that are sections -- */

static tx_status join_path(resolver *r, const char *path, const char *name, const char **out)
{
    return tx_pool_format(&r->config->pool, r->config->error, out, "%s%s%s", path, *path ? "." : "", name);
}

static tx_status missing_type(resolver *r, tx_kind kind, const tx_yaml *mapping, tx_place place, const char *path)
{
    char names[400];
    for (size_t k = 0; k < mapping->count; k++) {
        const tx_component *meant = tx_registry_find(r->config->registry, kind, mapping->keys[k]->text);
        if (meant) {
            return tx_place_error(mapping->keys[k]->place, r->config->error, "%s is required: write {type: %s, …}", path,
                                  meant->name);
        }
    }
    tx_registry_names(r->config->registry, kind, names, sizeof names);
    return tx_place_error(place, r->config->error, "%s is required%s%s%s", path, *names ? " (there are: " : "", names,
                          *names ? ")" : "");
}

/* Where another configuration is to say which libraries: those that it names in the same places. */
static tx_status take_libraries(const tx_config *config, const tx_section *section)
{
    const size_t skipped = config->within ? strlen(config->within) + 1 : 0;
    tx_named_library *all = NULL;
    size_t count = 0;
    tx_value *value = tx_section_find(section, "library");
    TX_TRY(config->like && value ? tx_config_libraries(config->like, config->error, &count, &all) : TX_OK);
    for (size_t k = 0; k < count; k++) {
        if (value->form == TX_FORM_OWN && strlen(section->path) > skipped && !strcmp(all[k].section, section->path + skipped)) {
            value->text = all[k].path;
        }
    }
    tx_free(all);
    return TX_OK;
}

/* What stands in for a component that is known by its options alone. */
static tx_status open_component(resolver *r, blueprint *plan)
{
    blueprint outside = *plan;
    tx_section *section;
    outside.inlined = true; /* its other keys are checked when they are known */
    outside.each = NULL;
    TX_TRY(resolve_section(r, &outside, &section));
    TX_TRY(take_libraries(r->config, section));
    return plan->component->opens(section, &r->config->pool, r->config->error, &plan->component);
}

/* Is something given by that name? */
static bool stands_in_for(const blueprint *plan, const char *name)
{
    const int k = plan && name ? tx_yaml_find(plan->mapping, name) : -1;
    return k >= 0 && !tx_yaml_is_null(plan->mapping->items[k]);
}

/* A component of `kind` from its name or its mapping with `type`. */
static tx_status resolve_component(resolver *r, tx_kind kind, const tx_yaml *node, tx_place place, const char *path,
                                   const tx_option *each, tx_section **out)
{
    blueprint plan = {.place = place, .path = path, .each = each};
    const char *type_path;
    if (node->shape == TX_YAML_LIST) {
        const tx_listing several = tx_registry_listing(r->config->registry, kind);
        return tx_place_error(
            node->place, r->config->error, "%s must be a mapping with `type`, or the name of %s %s, not a list%s%s%s", path,
            tx_kind_article(kind), tx_kind_spoken(kind), *several.text ? " (write " : "", several.text, *several.text ? ")" : "");
    }
    if (tx_is_descriptor(r->config->registry, kind, node)) {
        const bool begun = stands_in_for(r->network, "parameters");
        TX_TRY(tx_descriptor_unfold(r->config, r->root, r->lenient, begun, kind, path, &node));
    }
    const tx_yaml *type = node;
    TX_TRY(join_path(r, path, "type", &type_path));
    if (node->shape == TX_YAML_MAPPING) {
        const int k = tx_yaml_find(node, "type");
        if (k < 0) {
            return missing_type(r, kind, node, place, type_path);
        }
        type = node->items[k];
        plan.mapping = node;
    }
    TX_TRY(find_component(r, kind, type, plan.mapping ? type_path : path, &plan.component));
    TX_TRY(kind == TX_KIND_NETWORK ? tx_axes_unfold(r->config, plan.component, type, &plan.mapping) : TX_OK);
    TX_TRY(plan.component->opens ? open_component(r, &plan) : TX_OK);
    const blueprint *const around = r->network;
    r->network = around || kind != TX_KIND_NETWORK ? around : &plan;
    const tx_status status = resolve_section(r, &plan, out);
    r->network = around;
    return status;
}

static tx_status resolve_fixed(resolver *r, const tx_value *value, const tx_yaml *node, tx_place place, const char *path,
                               tx_section **out)
{
    blueprint plan = {.place = place, .path = path, .each = value->option->each, .fixed = true};
    if (node->shape == TX_YAML_MAPPING) {
        plan.mapping = node;
    } else if (!tx_yaml_is_null(node)) {
        return tx_place_error(node->place, r->config->error, "%s must be a mapping, not %s", path, tx_yaml_describe(node).text);
    }
    TX_TRY(find_fixed(r, value->option->kind, value->option->fixed, &plan.component));
    TX_TRY(tx_inline_unfold(r->config, plan.component, path, &plan.mapping));
    return resolve_section(r, &plan, out);
}

static tx_status read_sections(resolver *r, tx_value *value, const char *path)
{
    const tx_yaml *node = value->node;
    const bool list = node->shape == TX_YAML_LIST;
    const size_t count = tx_yaml_num_elements(node);
    tx_section **sections;
    if (!list && !value->option->or_one) {
        return tx_value_wrong(r->config, value, node, path);
    }
    TX_TRY(tx_pool_allocate(&r->config->pool, count, sizeof *sections, r->config->error, &sections));
    for (size_t k = 0; k < count; k++) {
        const char *item_path = path;
        const tx_yaml *item = tx_yaml_element(node, k);
        if (list) {
            TX_TRY(tx_pool_format(&r->config->pool, r->config->error, &item_path, "%s.%zu", path, k));
        }
        TX_TRY(value->option->fixed
                   ? resolve_fixed(r, value, item, item->place, item_path, &sections[k])
                   : resolve_component(r, value->option->kind, item, item->place, item_path, value->option->each, &sections[k]));
    }
    value->form = TX_FORM_OWN;
    value->sections = (const tx_section *const *)sections;
    value->count = (int)count;
    return TX_OK;
}

static tx_status read_section(resolver *r, tx_value *value, tx_place place, const char *path)
{
    TX_TRY(value->option->fixed ? resolve_fixed(r, value, value->node, place, path, &value->section)
                                : resolve_component(r, value->option->kind, value->node, place, path, NULL, &value->section));
    value->form = TX_FORM_SECTION;
    return TX_OK;
}

/* A number's place may be taken by a component: by a mapping, or by a name that is one of its kind. */
static bool is_component(const resolver *r, const tx_option *option, const tx_yaml *node)
{
    const bool may = option->kind && (option->type == TX_TYPE_REAL || option->type == TX_TYPE_REALS);
    const bool named = node->shape == TX_YAML_SCALAR && tx_registry_find_called(r->config->registry, option->kind, node->text);
    return may && (node->shape == TX_YAML_MAPPING || named);
}

/* An INLINE component has the mapping, the place and the path of the section it stands in. */
static tx_status read_inline(resolver *r, tx_value *value, const blueprint *outer)
{
    blueprint plan = *outer;
    plan.fixed = false;
    plan.inlined = true;
    plan.each = NULL;
    TX_TRY(find_inline(r, outer, value->option, &plan.component));
    TX_TRY(resolve_section(r, &plan, &value->section));
    value->form = TX_FORM_SECTION;
    return TX_OK;
}

/* -- one option -- */

/* The text of a default as a tree. */
static tx_status initial_node(resolver *r, const blueprint *plan, const tx_option *option, const tx_yaml **out)
{
    tx_yaml *node = NULL;
    tx_config *config = r->config;
    TX_TRY(strchr("[{\"'", *option->initial) && *option->initial
               ? tx_yaml_read(&config->pool, plan->place.origin, false, option->initial, config->error, &node)
               : tx_yaml_scalar(&config->pool, plan->place, option->initial, config->error, &node));
    *out = node;
    return TX_OK;
}

/* Finds what is written for an option under its name or its alias; --set, or a variant's change, wins over the file. */
static tx_status find_written(resolver *r, const blueprint *plan, tx_value *value)
{
    const tx_option *option = value->option;
    int k = tx_yaml_find(plan->mapping, option->name);
    const int other = option->alias ? tx_yaml_find(plan->mapping, option->alias) : -1;
    const bool name_set = tx_yaml_is_set(plan->mapping, k), other_set = tx_yaml_is_set(plan->mapping, other);
    if (k >= 0 && other >= 0 && name_set == other_set) {
        return tx_place_error(plan->mapping->keys[other]->place, r->config->error, "'%s' and '%s'%s%s are the same key",
                              option->alias, option->name, *plan->path ? " in " : "", plan->path);
    }
    k = k < 0 || (other >= 0 && other_set) ? other : k;
    if (k >= 0) {
        value->key = plan->mapping->keys[k];
        value->node = plan->mapping->items[k];
        value->given = true;
    }
    return TX_OK;
}

static tx_status missing_value(resolver *r, const blueprint *plan, const tx_value *value, const char *path)
{
    const tx_option *option = value->option;
    const char *either = option->unless ? option->unless : "";
    tx_error *error = r->lenient ? &r->config->dropped : r->config->error;
    const tx_status status =
        value->given ? tx_place_error(value->node->place, error, "%s is required and must not be null", path)
                     : tx_place_error(plan->place, error, "%s is required%s%s%s%s%s", path, *either ? ", or " : "", either,
                                      option->text ? " (" : "", option->text ? option->text : "", option->text ? ")" : "");
    r->incomplete = r->lenient;
    return r->lenient ? TX_OK : status;
}

/* Whether the value is absent, or must take the default: sets value->node and *absent. */
static tx_status settle_node(resolver *r, const blueprint *plan, tx_value *value, const char *path, bool *absent)
{
    const tx_option *option = value->option;
    const bool null = !value->node || tx_yaml_is_null(value->node);
    *absent = null && (!option->initial || !strcmp(option->initial, "null") || (option->or_null && value->node));
    if (*absent) {
        const bool spared = stands_in_for(plan, option->unless) || stands_in_for(r->network, option->unless);
        return option->initial || spared ? TX_OK : missing_value(r, plan, value, path);
    }
    /* `output:` and `callbacks:` with nothing below them: as if they were not there */
    const bool emptied = null && value->node && (option->fixed || option->type == TX_TYPE_SECTIONS);
    return value->node && !emptied ? TX_OK : initial_node(r, plan, option, &value->node);
}

/* Where a section begins: at its key, unless --set put another value there. */
static tx_place section_place(const blueprint *plan, const tx_value *value)
{
    return !value->key ? plan->place : value->node->place.line ? value->key->place : value->node->place;
}

static tx_status read_value(resolver *r, const blueprint *plan, tx_value *value)
{
    const tx_option *option = value->option;
    const char *path;
    bool absent;
    TX_TRY(find_written(r, plan, value));
    if (option->type == TX_TYPE_INLINE) {
        return read_inline(r, value, plan);
    }
    TX_TRY(join_path(r, plan->path, option->name, &path));
    TX_TRY(settle_node(r, plan, value, path, &absent));
    if (absent) {
        return TX_OK;
    }
    const tx_place place = section_place(plan, value);
    const bool word = option->words && value->node->shape == TX_YAML_SCALAR;
    if ((option->type == TX_TYPE_SECTION && !word) || is_component(r, option, value->node)) {
        return read_section(r, value, place, path);
    }
    return option->type == TX_TYPE_SECTIONS ? read_sections(r, value, path) : tx_value_read(r->config, value, path);
}

/* -- sections -- */

static bool is_required(const resolver *r, const char *name)
{
    for (const char *const *required = r->required; required && *required; required++) {
        if (!strcmp(*required, name)) {
            return true;
        }
    }
    return false;
}

static bool needs_everything(const resolver *r, const tx_component *run)
{
    bool needs = false;
    for (const tx_option *option = run->options; option && option->name; option++) {
        needs = needs || (option->may_be_incomplete && is_required(r, option->name));
    }
    return needs;
}

/* A section of the run itself: it may have to be there, or be dropped when it is incomplete. */
static tx_status read_part_of_run(resolver *r, const blueprint *plan, tx_value *value)
{
    const tx_option *option = value->option;
    r->lenient = option->may_be_incomplete && !needs_everything(r, plan->component);
    r->incomplete = false;
    TX_TRY(read_value(r, plan, value));
    if (value->form == TX_FORM_NULL && is_required(r, option->name)) {
        const tx_place place = value->key ? value->key->place : plan->place;
        return tx_place_error(place, r->config->error, "missing section '%s' (%s)", option->name, option->text);
    }
    if (r->incomplete) {
        value->form = TX_FORM_NULL;
        value->count = 0;
    }
    r->lenient = false;
    return TX_OK;
}

static tx_status check_section(resolver *r, const blueprint *plan, const tx_table *own)
{
    tx_table inlined = {.count = 0};
    if (plan->inlined) {
        return TX_OK;
    }
    for (int k = 0; k < own->count; k++) {
        if (own->options[k]->type == TX_TYPE_INLINE) {
            const tx_component *component;
            TX_TRY(find_inline(r, plan, own->options[k], &component));
            /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): set on success */
            inlined = tx_table_make(r->config->registry, component, NULL);
        }
    }
    const tx_keys keys = {.mapping = plan->mapping,
                          .path = plan->path,
                          .component = plan->component,
                          .typed = !plan->fixed,
                          .in_run = r->root != NULL,
                          .own = own,
                          .inlined = &inlined};
    return tx_keys_check(r->config, &keys);
}

static tx_status read_values(resolver *r, const blueprint *plan, const tx_table *own, tx_section *section)
{
    const bool run = plan->component->kind == TX_KIND_RUN;
    for (int k = 0; k < own->count; k++) {
        section->values[k].option = own->options[k];
        section->count = k + 1;
        TX_TRY(run ? read_part_of_run(r, plan, &section->values[k]) : read_value(r, plan, &section->values[k]));
    }
    return TX_OK;
}

static tx_status resolve_section(resolver *r, const blueprint *plan, tx_section **out)
{
    tx_config *config = r->config;
    if (++r->sections > MAX_SECTIONS) {
        return tx_place_error(plan->place, config->error, "more than %d sections", MAX_SECTIONS);
    }
    tx_section *section;
    const tx_table own = tx_table_make(r->config->registry, plan->component, plan->each);
    TX_TRY(check_section(r, plan, &own));
    TX_TRY(tx_pool_allocate(&config->pool, 1, sizeof *section, config->error, &section));
    *section = (tx_section){.component = plan->component, .path = plan->path, .place = plan->place, .fixed = plan->fixed};
    TX_TRY(tx_pool_allocate(&config->pool, (size_t)own.count, sizeof *section->values, config->error, &section->values));
    TX_TRY(read_values(r, plan, &own, section));
    *out = section;
    return TX_OK;
}

tx_status tx_resolve_run(tx_config *config, const tx_yaml *root, const char *const *required, tx_section **out)
{
    resolver r = {.config = config, .root = root, .required = required};
    blueprint plan = {.mapping = root, .place = root->place, .path = "", .fixed = true};
    TX_TRY(find_fixed(&r, TX_KIND_RUN, "run", &plan.component));
    TX_TRY(resolve_section(&r, &plan, out));
    return tx_beside_settle(config, root, *out);
}

tx_status tx_resolve_alone(tx_config *config, const tx_yaml *root, tx_kind kind, const char *fixed, tx_section **out)
{
    resolver r = {.config = config};
    if (!fixed) {
        return resolve_component(&r, kind, root, root->place, tx_kind_name(kind), NULL, out);
    }
    blueprint plan = {.mapping = root, .place = root->place, .path = fixed, .fixed = true};
    TX_TRY(find_fixed(&r, kind, fixed, &plan.component));
    return root->shape == TX_YAML_MAPPING
               ? resolve_section(&r, &plan, out)
               : tx_place_error(root->place, config->error, "%s must be a mapping, not %s", fixed, tx_yaml_describe(root).text);
}
