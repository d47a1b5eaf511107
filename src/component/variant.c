/* Variants of a configuration. */
#include "component/variant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "component/expansion.h"
#include "component/unfold.h"

enum { MOST_SEEDS = 1000000 };

/* ---- Seeds ---- */

tx_seeded_keys tx_seeded_keys_of(const tx_registry *registry, const tx_yaml *tree)
{
    tx_seeded_keys keys = {{"network", "trainer.key"}};
    const tx_yaml *network = tx_yaml_at(tree, "network"), *inner = network;
    size_t length = strlen(keys.path[0]);
    while (inner && inner->shape == TX_YAML_MAPPING && tx_yaml_find(inner, "network") >= 0 && length < TX_SEEDED_PATH / 2) {
        inner = tx_yaml_at(inner, "network");
        length += (size_t)snprintf(keys.path[0] + length, TX_SEEDED_PATH - length, ".network");
    }
    if (!network || tx_yaml_is_null(network)) {
        keys.path[0][0] = '\0';
    } else if (tx_is_descriptor(registry, TX_KIND_NETWORK, inner)) {
        strcpy(keys.path[0], "network_key");
    } else {
        strcpy(keys.path[0] + length, ".key");
    }
    const tx_yaml *trainer = tx_yaml_at(tree, "trainer");
    keys.path[1][0] = trainer && !tx_yaml_is_null(trainer) ? keys.path[1][0] : '\0';
    return keys;
}

static tx_status make_key(tx_config *config, tx_place place, int64_t seed, int index, tx_yaml **out)
{
    static const char *const names[] = {"seed", "split", "index"};
    const int64_t parts[] = {seed, TX_SEEDED_KEYS, index};
    tx_pool *pool = &config->pool;
    TX_TRY(tx_yaml_scalar(pool, place, "", config->error, out));
    (*out)->shape = TX_YAML_MAPPING;
    for (int k = 0; k < 3; k++) {
        const char *text;
        tx_yaml *key, *value;
        TX_TRY(tx_pool_format(pool, config->error, &text, "%" PRId64, parts[k]));
        TX_TRY(tx_yaml_scalar(pool, place, names[k], config->error, &key));
        TX_TRY(tx_yaml_scalar(pool, place, text, config->error, &value));
        TX_TRY(tx_yaml_append(pool, *out, key, value, config->error));
    }
    return TX_OK;
}

tx_status tx_seed_set(tx_config *config, int64_t seed, tx_place place, bool missing, tx_yaml **root)
{
    const tx_seeded_keys keys = tx_seeded_keys_of(config->registry, *root);
    for (int k = 0; k < TX_SEEDED_KEYS; k++) {
        tx_yaml *key;
        if (keys.path[k][0] && !(missing && tx_yaml_at(*root, keys.path[k]))) {
            TX_TRY(make_key(config, place, seed, k, &key));
            TX_TRY(tx_yaml_put_node(&config->pool, root, keys.path[k], place, key, config->error));
        }
    }
    return TX_OK;
}

bool tx_seed_range(const char *text, int64_t *start, int64_t *stop)
{
    char first[32];
    const char *colon = strchr(text, ':');
    if (!colon) {
        const bool number = tx_parse_integer(text, start) && *start < INT64_MAX;
        *stop = number ? *start + 1 : 0;
        return number;
    }
    snprintf(first, sizeof first, "%.*s", (int)(colon - text), text);
    return colon - text < (ptrdiff_t)sizeof first && tx_parse_integer(first, start) && tx_parse_integer(colon + 1, stop);
}

static tx_status add_seeds(const tx_section *section, const char *name, const char *text, tx_error *error, int *count,
                           size_t *capacity, int64_t **seeds)
{
    int64_t start, stop, many;
    if (!tx_seed_range(text, &start, &stop)) {
        return tx_section_error(section, name, error, TX_INVALID,
                                "must be START:STOP, such as 0:10, or a list of numbers, not '%s'", text);
    }
    if (__builtin_sub_overflow(stop, start, &many) || many > MOST_SEEDS - *count) {
        return tx_section_error(section, name, error, TX_INVALID, "%s are more than %d seeds", text, MOST_SEEDS);
    }
    TX_TRY(tx_reserve((size_t)(*count + (many > 0 ? many : 0)) + 1, sizeof **seeds, capacity, error, seeds));
    for (int64_t seed = start; seed < stop; seed++) {
        (*seeds)[(*count)++] = seed;
    }
    return TX_OK;
}

tx_status tx_seeds_read(const tx_section *section, const char *name, tx_error *error, int *count, int64_t **out)
{
    const char *const *texts;
    const int num_texts = tx_get_strings(section, name, &texts);
    int64_t *seeds = NULL;
    size_t capacity = 0;
    int found = 0;
    tx_status status = TX_OK;
    for (int k = 0; k < num_texts && status == TX_OK; k++) {
        status = add_seeds(section, name, texts[k], error, &found, &capacity, &seeds);
    }
    if (status == TX_OK && found == 0) {
        status = tx_section_error(section, name, error, TX_INVALID, "there is no seed in it: nothing would be trained");
    }
    if (status != TX_OK) {
        tx_free(seeds);
        return status;
    }
    *out = seeds;
    *count = found;
    return TX_OK;
}

/* ---- Changes ---- */

/* Without a line of its own: it wins over what the file says under another name of the key. */
tx_status tx_change_place(tx_pool *pool, const tx_yaml *key, tx_error *error, tx_place *out)
{
    tx_place place = {0};
    TX_TRY(key->place.line ? tx_pool_format(pool, error, &place.origin, "%s:%d:%d: %s", key->place.origin, key->place.line,
                                            key->place.column, key->text)
                           : tx_pool_format(pool, error, &place.origin, "%s: %s", key->place.origin, key->text));
    *out = place;
    return TX_OK;
}

/* Behind the callbacks that are there: none, one, or a list. */
static tx_status add_callback(tx_config *config, const tx_yaml *callback, tx_yaml **root)
{
    const bool alias = tx_yaml_find(*root, "callbacks") < 0 && tx_yaml_find(*root, "callback") >= 0;
    const char *path = alias ? "callback" : "callbacks";
    const tx_yaml *there = tx_yaml_at(*root, path);
    tx_yaml *list;
    if (there && there->shape == TX_YAML_LIST) {
        TX_TRY(tx_yaml_copy(&config->pool, there, config->error, &list));
    } else {
        TX_TRY(tx_yaml_scalar(&config->pool, callback->place, "", config->error, &list));
        list->shape = TX_YAML_LIST;
    }
    if (there && there->shape != TX_YAML_LIST && !tx_yaml_is_null(there)) {
        TX_TRY(tx_yaml_append(&config->pool, list, NULL, (tx_yaml *)there, config->error));
    }
    TX_TRY(tx_yaml_append(&config->pool, list, NULL, (tx_yaml *)callback, config->error));
    return tx_yaml_put_node(&config->pool, root, path, callback->place, list, config->error);
}

/* What --set and the changes say, of sections that stand for others or of all the rest. */
static tx_status change(tx_config *config, const tx_variant *variant, bool expanded, tx_yaml **root)
{
    for (int k = 0; k < variant->num_overrides; k++) {
        if (tx_is_expanded(config->registry, variant->overrides[k]) == expanded) {
            TX_TRY(tx_yaml_override(&config->pool, root, variant->overrides[k], config->error));
        }
    }
    for (int k = 0; k < variant->num_changes; k++) {
        const tx_change *change = &variant->changes[k];
        if (tx_is_expanded(config->registry, change->path) == expanded) {
            TX_TRY(tx_yaml_put_node(&config->pool, root, change->path, change->place, change->value, config->error));
        }
    }
    return TX_OK;
}

static tx_status change_all(tx_config *config, const tx_variant *variant, tx_yaml **root)
{
    TX_TRY(change(config, variant, true, root));
    TX_TRY(tx_run_expand(config, false, root));
    TX_TRY(change(config, variant, false, root));
    return variant->callback ? add_callback(config, variant->callback, root) : TX_OK;
}

tx_status tx_variant_change(tx_config *config, const tx_variant *variant, tx_yaml **out)
{
    const tx_place here = {.origin = variant->name};
    tx_yaml *root, *nothing;
    TX_TRY(tx_yaml_copy(&config->pool, variant->tree, config->error, &root));
    if (tx_yaml_find(root, "ensemble") >= 0) {
        TX_TRY(tx_yaml_scalar(&config->pool, here, "", config->error, &nothing));
        TX_TRY(tx_yaml_put_node(&config->pool, &root, "ensemble", here, nothing, config->error));
    }
    TX_TRY(change_all(config, variant, &root));
    if (variant->seed) {
        TX_TRY(tx_seed_set(config, *variant->seed, here, false, &root));
    }
    if (variant->directory) {
        TX_TRY(tx_yaml_put(&config->pool, &root, "output.directory", "--output", variant->directory, config->error));
    }
    *out = root;
    return TX_OK;
}
