/* The components that a program knows, by kind and name. */
#include "component/registry.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/name.h"
#include "component/buffer.h"
#include "component/words.h"

struct tx_registry {
    struct {
        const tx_component **components;
        size_t count, capacity;
        const tx_option *shared;
        tx_descriptor_rule *rule;
        tx_short_form_rule *forms;
        tx_expansion_rule *expansion;
    } kinds[TX_KIND_COUNT];
};

static const struct {
    const char *name, *plural, *spoken, *spoken_plural, *endings;
} kind_names[TX_KIND_COUNT] = {
    [TX_KIND_RUN] = {"run", "runs", "run", "runs", ""},
    [TX_KIND_SECTION] = {"section", "sections", "section", "sections", ""},
    [TX_KIND_DATA] = {"data", "data", "data source", "data sources", ""},
    [TX_KIND_NETWORK] = {"network", "networks", "network", "networks", "1d 2d 3d"},
    [TX_KIND_BLOCK] = {"block", "blocks", "block", "blocks", "factory block"},
    [TX_KIND_STEPPER] = {"stepper", "steppers", "stepper", "steppers", "stepper"},
    [TX_KIND_RESIDUUM] = {"residuum", "residua", "residuum", "residua", ""},
    [TX_KIND_CONFIGURATION] = {"configuration", "configurations", "configuration", "configurations", "trainer configuration"},
    [TX_KIND_LOSS] = {"loss", "losses", "loss", "losses", "loss"},
    [TX_KIND_OPTIMIZER] = {"optimizer", "optimizers", "optimizer", "optimizers", ""},
    [TX_KIND_TRANSFORM] = {"transform", "transforms", "transform", "transforms", ""},
    [TX_KIND_SCHEDULE] = {"schedule", "schedules", "schedule", "schedules", "schedule"},
    [TX_KIND_CALLBACK] = {"callback", "callbacks", "callback", "callbacks", "callback"},
    [TX_KIND_WEIGHTS] = {"weights", "weights", "weights rule", "weights rules", ""},
    [TX_KIND_INITIAL_CONDITION] = {"initial_condition", "initial_conditions", "initial condition", "initial conditions", ""},
    [TX_KIND_METRIC] = {"metric", "metrics", "metric", "metrics", ""},
    [TX_KIND_BASELINE] = {"baseline", "baselines", "baseline", "baselines", ""},
    [TX_KIND_AUGMENTATION] = {"augmentation", "augmentations", "augmentation", "augmentations", "augmentation"},
    [TX_KIND_SCENARIO] = {"scenario", "scenarios", "scenario", "scenarios", ""},
};

const char *tx_kind_name(tx_kind kind)
{
    return kind_names[kind].name;
}
const char *tx_kind_plural(tx_kind kind)
{
    return kind_names[kind].plural;
}
const char *tx_kind_spoken(tx_kind kind)
{
    return kind_names[kind].spoken;
}
const char *tx_kind_spoken_plural(tx_kind kind)
{
    return kind_names[kind].spoken_plural;
}
const char *tx_kind_article(tx_kind kind)
{
    return strchr("aeiou", *kind_names[kind].spoken) ? "an" : "a";
}

const char *tx_kind_endings(tx_kind kind)
{
    return kind_names[kind].endings;
}

tx_kind tx_kind_find(const char *name)
{
    int kind = 0;
    while (kind < TX_KIND_COUNT && !tx_same_name(name, kind_names[kind].name, "") &&
           !tx_same_name(name, kind_names[kind].plural, "")) {
        kind++;
    }
    return (tx_kind)kind;
}

tx_kind tx_kind_stand_in(tx_kind kind)
{
    return kind == TX_KIND_TRANSFORM ? TX_KIND_OPTIMIZER : kind == TX_KIND_RESIDUUM ? TX_KIND_STEPPER : kind;
}

tx_status tx_registry_create(tx_error *error, tx_registry **out)
{
    tx_registry *registry;
    TX_TRY(tx_allocate(sizeof *registry, error, &registry));
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        registry->kinds[kind].shared = tx_kind_options((tx_kind)kind);
    }
    *out = registry;
    return TX_OK;
}

void tx_registry_describe(tx_registry *registry, tx_kind kind, tx_descriptor_rule *rule, tx_short_form_rule *forms)
{
    registry->kinds[kind].forms = forms;
    registry->kinds[kind].rule = rule;
}
tx_descriptor_rule *tx_registry_rule(const tx_registry *registry, tx_kind kind)
{
    return registry->kinds[kind].rule;
}
tx_short_form_rule *tx_registry_forms(const tx_registry *registry, tx_kind kind)
{
    return registry->kinds[kind].forms;
}

void tx_registry_expand(tx_registry *registry, tx_kind kind, tx_expansion_rule *rule)
{
    registry->kinds[kind].expansion = rule;
}
tx_expansion_rule *tx_registry_expansion(const tx_registry *registry, tx_kind kind)
{
    return registry->kinds[kind].expansion;
}

void tx_registry_destroy(tx_registry *registry)
{
    for (int kind = 0; registry && kind < TX_KIND_COUNT; kind++) {
        tx_free(registry->kinds[kind].components);
    }
    tx_free(registry);
}

static int count_options(const tx_option *option)
{
    int count = 0;
    while (option && option[count].name) {
        count++;
    }
    return count;
}

tx_status tx_registry_add_for(tx_registry *registry, const tx_component *component, int abi, tx_error *error)
{
    if (abi != TX_ABI) { /* first of all: nothing of the descriptor can be trusted */
        return tx_error_set(error, TX_INVALID, "a component for ABI %d of trainax's headers, this is ABI %d: compile it again", abi,
                            TX_ABI);
    }
    const tx_kind kind = component->kind;
    const size_t count = registry->kinds[kind].count;
    if (tx_registry_find(registry, kind, component->name)) {
        return tx_error_set(error, TX_INVALID, "there is a %s '%s' already", tx_kind_spoken(kind), component->name);
    }
    const int options = count_options(component->options);
    if (options > TX_OWN_OPTIONS) {
        return tx_error_set(error, TX_INVALID, "the %s '%s' has %d options, more than %d", tx_kind_spoken(kind), component->name,
                            options, TX_OWN_OPTIONS);
    }
    TX_TRY(tx_reserve(count + 1, sizeof component, &registry->kinds[kind].capacity, error, &registry->kinds[kind].components));
    registry->kinds[kind].components[count] = component;
    registry->kinds[kind].count = count + 1;
    return TX_OK;
}

void tx_registry_share(tx_registry *registry, tx_kind kind, const tx_option *options)
{
    registry->kinds[kind].shared = options;
}
const tx_option *tx_registry_shared(const tx_registry *registry, tx_kind kind)
{
    return registry->kinds[kind].shared;
}
const tx_option *tx_registry_shared_by(const tx_registry *registry, const tx_component *component)
{
    return component->takes_no_shared ? NULL : tx_registry_shared(registry, component->kind);
}
int tx_registry_count(const tx_registry *registry, tx_kind kind)
{
    return (int)registry->kinds[kind].count;
}

const tx_component *tx_registry_at(const tx_registry *registry, tx_kind kind, int index)
{
    return registry->kinds[kind].components[index];
}

const tx_component *tx_registry_find(const tx_registry *registry, tx_kind kind, const char *name)
{
    const char *own = tx_name_after_module(name);
    for (size_t k = 0; k < registry->kinds[kind].count; k++) {
        if (tx_same_name(own, registry->kinds[kind].components[k]->name, tx_kind_endings(kind))) {
            return registry->kinds[kind].components[k];
        }
    }
    return NULL;
}

const tx_component *tx_registry_find_for(const tx_registry *registry, tx_kind kind, const char *name)
{
    const tx_component *component = tx_registry_find(registry, kind, name);
    return component ? component : tx_registry_find(registry, tx_kind_stand_in(kind), name);
}

const tx_component *tx_registry_find_called(const tx_registry *registry, tx_kind kind, const char *call)
{
    char name[96];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(call, "("), call);
    return tx_registry_find_for(registry, kind, name);
}

void tx_registry_names(const tx_registry *registry, tx_kind kind, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t k = 0; k < registry->kinds[kind].count && used < size; k++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", k ? ", " : "", registry->kinds[kind].components[k]->name);
    }
}

static const char *nearest_component(const tx_registry *registry, tx_kind kind, const char *name)
{
    enum { MOST = 256 };
    const tx_kind kinds[] = {kind, tx_kind_stand_in(kind)};
    const char *names[MOST];
    int count = 0;
    for (int of = 0; of < 2; of++) {
        for (int k = 0; count < MOST && k < tx_registry_count(registry, kinds[of]); k++) {
            names[count++] = tx_registry_at(registry, kinds[of], k)->name;
        }
    }
    return tx_nearest_name_of(tx_name_after_module(name), tx_kind_endings(kind), names, count);
}

/* What a name that is none of its kind is instead; NULL: nothing that is known. */
static const char *explain(const char *name)
{
    const tx_short_form *word = tx_explained_words;
    while (word->form && !tx_same_name(tx_name_after_module(name), word->form, "")) {
        word++;
    }
    return word->text;
}

/* The kind of a name that must stand in a list of that kind: a transform where an optimizer is asked for. */
static tx_kind kind_in_lists(const tx_registry *registry, tx_kind kind, const char *name)
{
    int other = 0;
    while (other < TX_KIND_COUNT &&
           (other == (int)kind || tx_kind_stand_in((tx_kind)other) != kind || !tx_registry_find(registry, (tx_kind)other, name))) {
        other++;
    }
    return (tx_kind)other;
}

tx_listing tx_registry_listing(const tx_registry *registry, tx_kind kind)
{
    tx_listing listing = {""};
    for (int k = 0; k < tx_registry_count(registry, kind) && !*listing.text; k++) {
        const tx_component *component = tx_registry_at(registry, kind, k);
        for (const tx_option *option = component->options; option && option->name; option++) {
            if (option->type == TX_TYPE_SECTIONS && (option->kind == kind || tx_kind_stand_in(option->kind) == kind)) {
                snprintf(listing.text, sizeof listing.text, "{type: %s, %s: […]}", component->name, option->name);
            }
        }
    }
    return listing;
}

tx_complaint tx_registry_complain(const tx_registry *registry, tx_kind kind, const char *name)
{
    tx_complaint complaint;
    char known[900];
    const tx_quoted quoted = tx_quote(name);
    const char *spoken = tx_kind_spoken(kind), *nearest = nearest_component(registry, kind, name);
    const tx_kind in_lists = kind_in_lists(registry, kind, name);
    tx_registry_names(registry, kind, known, sizeof known);
    if (in_lists != TX_KIND_COUNT) {
        const tx_listing listing = tx_registry_listing(registry, kind);
        snprintf(complaint.text, sizeof complaint.text, "'%s' is %s %s, no %s%s%s", quoted.text, tx_kind_article(in_lists),
                 tx_kind_spoken(in_lists), spoken, *listing.text ? ": it stands in " : "", listing.text);
    } else if (explain(name)) {
        snprintf(complaint.text, sizeof complaint.text, "unknown %s '%s': %s", spoken, quoted.text, explain(name));
    } else if (!*known) {
        snprintf(complaint.text, sizeof complaint.text, "unknown %s '%s': this program has no %s", spoken, quoted.text,
                 tx_kind_spoken_plural(kind));
    } else if (nearest) {
        snprintf(complaint.text, sizeof complaint.text, "unknown %s '%s' (did you mean '%s'? There are: %s)", spoken, quoted.text,
                 nearest, known);
    } else {
        snprintf(complaint.text, sizeof complaint.text, "unknown %s '%s' (there are: %s)", spoken, quoted.text, known);
    }
    return complaint;
}
