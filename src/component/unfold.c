/* Names as people write them, in the spelling of the tables. */
#include "component/unfold.h"

#include <string.h>

#include "base/name.h"
#include "component/buffer.h"
#include "component/registry.h"

/* -- "Conv;34;10;relu" -- */

bool tx_is_descriptor(const tx_registry *registry, tx_kind kind, const tx_yaml *node)
{
    return node->shape == TX_YAML_SCALAR && strchr(node->text, ';') && tx_registry_rule(registry, kind);
}

/* What stands beside a component of the run: the option `key` for network_key and network; NULL: it is none of those. */
static const char *option_beside(const tx_option *option, const char *name)
{
    const size_t length = strlen(name);
    return !strncmp(option->name, name, length) && option->name[length] == '_' ? option->name + length + 1 : NULL;
}

/* What a descriptor says nothing about stands beside it in the run: network_key is the `key` of a network. */
static tx_status add_options_beside(tx_config *config, const tx_yaml *root, tx_kind kind, tx_yaml *mapping)
{
    const tx_component *run = tx_registry_find(config->registry, TX_KIND_RUN, "run");
    for (const tx_option *option = run ? run->options : NULL; option && option->name; option++) {
        const char *name = option_beside(option, tx_kind_name(kind));
        const int k = name ? tx_yaml_find(root, option->name) : -1;
        tx_yaml *key;
        if (k >= 0 && !tx_yaml_is_null(root->items[k])) {
            TX_TRY(tx_yaml_scalar(&config->pool, root->keys[k]->place, name, config->error, &key));
            TX_TRY(tx_yaml_append(&config->pool, mapping, key, root->items[k], config->error));
        }
    }
    return TX_OK;
}

/* Or does the mapping itself say the same, as in the config.yaml of earlier versions? */
static bool says_the_same(const tx_section *section, const char *name, const tx_value *value)
{
    const tx_value *own = tx_section_find(section, name);
    return own && own->form == TX_FORM_OWN && own->option->type == TX_TYPE_KEY && value->option->type == TX_TYPE_KEY &&
           own->key_spec.seed == value->key_spec.seed && own->key_spec.split == value->key_spec.split &&
           own->key_spec.index == value->key_spec.index;
}

/* A key is that of the innermost of components around each other, all else the outermost's. */
static bool is_descriptor(const tx_config *config, const tx_option *option, const char *name, const tx_yaml *written)
{
    for (int k = 0; !strcmp(name, "key") && written->shape == TX_YAML_MAPPING && k >= 0;) {
        k = tx_yaml_find(written, option->name);
        written = k >= 0 ? written->items[k] : written;
    }
    return tx_is_descriptor(config->registry, option->kind, written);
}

static const tx_section *innermost(const tx_section *section, const char *name)
{
    const tx_section *inner = tx_knows(section, name) ? tx_get_section(section, name) : NULL;
    return inner ? innermost(inner, name) : section;
}

/* One value of the run: what stands beside a descriptor is in its section now, beside a mapping it says nothing. */
static tx_status settle_value(tx_config *config, const tx_value *component, const tx_yaml *written, tx_value *value)
{
    const char *name = option_beside(value->option, component->option->name);
    if (!name || value->form == TX_FORM_NULL || component->form != TX_FORM_SECTION) {
        return TX_OK;
    }
    if (!value->node->implied && !is_descriptor(config, component->option, name, written) &&
        !says_the_same(innermost(component->section, component->option->name), name, value)) {
        return tx_place_error(value->key->place, config->error, "%s is for a %s that is written as its descriptor: write %s.%s",
                              value->option->name, component->option->name, component->option->name, name);
    }
    value->form = TX_FORM_NULL;
    return TX_OK;
}

tx_status tx_beside_settle(tx_config *config, const tx_yaml *root, tx_section *run)
{
    for (int k = 0; k < run->count; k++) {
        const tx_value *component = &run->values[k];
        const bool described = component->option->kind && tx_registry_rule(config->registry, component->option->kind);
        const int written = described ? tx_yaml_find(root, component->option->name) : -1;
        for (int j = 0; written >= 0 && j < run->count; j++) {
            TX_TRY(settle_value(config, component, root->items[written], &run->values[j]));
        }
    }
    return TX_OK;
}

static bool has_option(const tx_component *component, const char *name)
{
    const tx_option *option = component->options;
    while (option && option->name && strcmp(option->name, name) != 0) {
        option++;
    }
    return option && option->name;
}

/* Nothing is said of the initial parameters, unless a command needs none. */
static tx_status check_initial(tx_config *config, bool lenient, tx_kind kind, const tx_yaml *descriptor, const tx_yaml *mapping)
{
    const char *name = tx_kind_name(kind);
    if (tx_yaml_find(mapping, "key") >= 0 || tx_yaml_find(mapping, "parameters") >= 0) {
        return TX_OK;
    }
    tx_error *error = lenient ? &config->dropped : config->error;
    const tx_status status =
        tx_place_error(descriptor->place, error, "%s_key is required, or %s_parameters (initial parameters of '%s')", name, name,
                       tx_quote(descriptor->text).text);
    return lenient ? TX_OK : status;
}

tx_status tx_descriptor_unfold(tx_config *config, const tx_yaml *root, bool lenient, bool begun, tx_kind kind, const char *path,
                               const tx_yaml **node)
{
    const tx_yaml *descriptor = *node;
    char text[TX_DESCRIBED_SIZE];
    tx_error wrong = {0};
    tx_yaml *mapping;
    if (tx_registry_rule(config->registry, kind)(descriptor->text, sizeof text, text, &wrong) != TX_OK) {
        return tx_place_error(descriptor->place, config->error, "%s: %s", path, wrong.message);
    }
    TX_TRY(tx_yaml_read(&config->pool, descriptor->place.origin, false, text, config->error, &mapping));
    tx_yaml_move(mapping, descriptor->place, descriptor->implied);
    const char *type = mapping->items[tx_yaml_find(mapping, "type")]->text;
    const tx_component *component = tx_registry_find(config->registry, kind, type);
    if (!component) {
        return tx_place_error(descriptor->place, config->error, "%s: '%s' is the %s %s, which this program does not have", path,
                              tx_quote(descriptor->text).text, tx_kind_spoken(kind), type);
    }
    *node = mapping;
    TX_TRY(add_options_beside(config, root, kind, mapping));
    return has_option(component, "key") && !begun ? check_initial(config, lenient, kind, descriptor, mapping) : TX_OK;
}

/* -- eqx.nn.Conv2d -- */

tx_status tx_axes_unfold(tx_config *config, const tx_component *component, const tx_yaml *type, const tx_yaml **mapping)
{
    static const char option[] = "num_spatial_dims";
    const char *axes = type->text + strlen(type->text);
    tx_yaml *copy, *key, *value;
    if (tx_same_name(tx_name_after_module(type->text), component->name, "") || !*mapping || tx_yaml_find(*mapping, option) >= 0) {
        return TX_OK;
    }
    do {
        axes--;
    } while (!strchr("123", *axes));
    TX_TRY(tx_pool_text(&config->pool, axes, 1, config->error, &axes));
    TX_TRY(tx_yaml_copy(&config->pool, *mapping, config->error, &copy));
    TX_TRY(tx_yaml_scalar(&config->pool, type->place, option, config->error, &key));
    TX_TRY(tx_yaml_scalar(&config->pool, type->place, axes, config->error, &value));
    *mapping = copy;
    return tx_yaml_append(&config->pool, copy, key, value, config->error);
}

/* -- loss_configuration: {type: DivertedChain, …} -- */

/* What stands in the mapping itself by --set wins. */
static tx_status add_inner(tx_config *config, tx_yaml *mapping, tx_yaml *key, tx_yaml *item, const char *outer, const char *path)
{
    const int there = tx_yaml_find(mapping, key->text);
    if (there < 0) {
        return tx_yaml_append(&config->pool, mapping, key, item, config->error);
    }
    return tx_yaml_is_set(mapping, there) ? TX_OK
                                          : tx_place_error(key->place, config->error, "'%s' in %s.%s stands in %s too",
                                                           tx_quote(key->text).text, path, outer, path);
}

/* Beside the option's alias `type` may be that of Trainax's class, which has such an argument. */
static bool names_class(const tx_yaml *key, const tx_yaml *item)
{
    return !strcmp(key->text, "type") && item->shape == TX_YAML_SCALAR &&
           tx_same_name(tx_name_after_module(item->text), "GeneralTrainer", "");
}

static tx_status unfold_option(tx_config *config, const tx_option *option, const tx_yaml *from, int at, const char *path,
                               tx_yaml **out)
{
    tx_yaml *const inner = from->items[at], *copy, *type;
    TX_TRY(tx_yaml_scalar(&config->pool, from->place, from->text, config->error, &copy));
    copy->shape = TX_YAML_MAPPING;
    for (int k = 0; k < (int)from->count; k++) {
        const bool dropped = k == at || names_class(from->keys[k], from->items[k]);
        TX_TRY(dropped ? TX_OK : tx_yaml_append(&config->pool, copy, from->keys[k], from->items[k], config->error));
    }
    *out = copy;
    if (inner->shape != TX_YAML_MAPPING) {
        TX_TRY(tx_yaml_scalar(&config->pool, from->keys[at]->place, option->name, config->error, &type));
        return add_inner(config, copy, type, inner, option->alias, path);
    }
    for (size_t k = 0; k < inner->count; k++) {
        TX_TRY(add_inner(config, copy, inner->keys[k], inner->items[k], option->alias, path));
    }
    return TX_OK;
}

tx_status tx_inline_unfold(tx_config *config, const tx_component *component, const char *path, const tx_yaml **mapping)
{
    for (const tx_option *option = component->options; option && option->name; option++) {
        const int at = option->type == TX_TYPE_INLINE && option->alias ? tx_yaml_find(*mapping, option->alias) : -1;
        tx_yaml *unfolded = NULL;
        if (at >= 0) {
            TX_TRY(unfold_option(config, option, *mapping, at, path, &unfolded));
            *mapping = unfolded;
        }
    }
    return TX_OK;
}
