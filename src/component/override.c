/* --set KEY.KEY=YAML: a change of the tree before it is resolved. */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/number.h"
#include "component/buffer.h"
#include "component/yaml.h"

typedef struct override {
    tx_pool *pool;
    tx_error *error;
    tx_place place; /* "--set a.b" */
    const char *path;
    tx_yaml *value;
} override;

static tx_status make_mapping(const override *set, tx_yaml **out)
{
    TX_TRY(tx_yaml_scalar(set->pool, set->place, "", set->error, out));
    (*out)->shape = TX_YAML_MAPPING;
    return TX_OK;
}

static bool is_name(const char *text)
{
    bool name = tx_is_letter(*text) || *text == '_';
    for (; *text; text++) {
        name = name && (tx_is_letter(*text) || tx_is_digit(*text) || *text == '_' || *text == '.');
    }
    return name;
}

/* What keys can be put into: a copy of a mapping or list, a new mapping in place of null, {type: NAME} in place of NAME.
 * shown: the path so far. */
static tx_status make_container(const override *set, const tx_yaml *node, const char *shown, tx_yaml **out)
{
    if (!node || tx_yaml_is_null(node)) {
        return make_mapping(set, out);
    }
    if (node->shape != TX_YAML_SCALAR) {
        return tx_yaml_copy(set->pool, node, set->error, out);
    }
    if (!is_name(node->text)) {
        return tx_place_error(set->place, set->error, "%s is '%s', which has no keys", shown, tx_quote(node->text).text);
    }
    tx_yaml *key, *type;
    TX_TRY(make_mapping(set, out));
    TX_TRY(tx_yaml_scalar(set->pool, node->place, "type", set->error, &key));
    TX_TRY(tx_yaml_copy(set->pool, node, set->error, &type));
    return tx_yaml_append(set->pool, *out, key, type, set->error);
}

/* The slot of `key` in a container, made (empty) in a mapping where it is missing. */
static tx_status find_slot(const override *set, tx_yaml *container, const char *key, const char *shown, tx_yaml ***out)
{
    int64_t index;
    if (container->shape == TX_YAML_LIST) {
        if (!tx_parse_integer(key, &index)) {
            return tx_place_error(set->place, set->error, "%s is a list: '%s' must be the number of an item", shown,
                                  tx_quote(key).text);
        }
        if (index < 0 || index >= (int64_t)container->count) {
            return tx_place_error(set->place, set->error, "%s has %zu item%s, counted from 0: there is no item %s", shown,
                                  container->count, container->count == 1 ? "" : "s", tx_quote(key).text);
        }
        *out = &container->items[index];
        return TX_OK;
    }
    index = tx_yaml_find(container, key);
    if (index < 0) {
        tx_yaml *name;
        TX_TRY(tx_yaml_scalar(set->pool, set->place, key, set->error, &name));
        TX_TRY(tx_yaml_append(set->pool, container, name, NULL, set->error));
        index = (int64_t)container->count - 1;
    }
    *out = &container->items[index];
    return TX_OK;
}

/* One key of the path after the other, from the root's slot down to the value's. */
static tx_status descend(const override *set, tx_yaml **slot)
{
    const char *rest = set->path;
    const char *shown = "the configuration";
    while (*rest) {
        const char *key;
        const size_t length = strcspn(rest, ".");
        TX_TRY(tx_pool_text(set->pool, rest, length, set->error, &key));
        tx_yaml *container;
        TX_TRY(make_container(set, *slot, shown, &container));
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): set on success */
        *slot = container;
        TX_TRY(find_slot(set, container, key, shown, &slot));
        TX_TRY(tx_pool_text(set->pool, set->path, (size_t)(rest - set->path) + length, set->error, &shown));
        rest += length + (rest[length] == '.');
    }
    *slot = set->value;
    return TX_OK;
}

static bool is_path(const char *path)
{
    bool good = *path && *path != '.' && path[strlen(path) - 1] != '.' && !strstr(path, "..");
    for (; *path; path++) {
        good = good && (unsigned char)*path > ' ';
    }
    return good;
}

tx_status tx_yaml_put(tx_pool *pool, tx_yaml **root, const char *path, const char *origin, const char *text, tx_error *error)
{
    override set = {.pool = pool, .error = error, .path = path, .place.origin = origin};
    const char *copy;
    TX_TRY(tx_pool_text(pool, text, strlen(text), error, &copy));
    TX_TRY(tx_yaml_scalar(pool, set.place, copy, error, &set.value));
    set.value->quoted = set.value->literal = true;
    return descend(&set, root);
}

tx_status tx_yaml_put_node(tx_pool *pool, tx_yaml **root, const char *path, tx_place place, const tx_yaml *value, tx_error *error)
{
    const override set = {.pool = pool, .error = error, .place = place, .path = path, .value = (tx_yaml *)value};
    return is_path(path) ? descend(&set, root)
                         : tx_place_error(place, error, "'%s' is no path, as trainer.batch_size is one", tx_quote(path).text);
}

const tx_yaml *tx_yaml_at(const tx_yaml *root, const char *path)
{
    const tx_yaml *node = root;
    while (node && *path) {
        char key[128];
        int64_t index = -1;
        const size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        if (node->shape != TX_YAML_LIST || !tx_parse_integer(key, &index)) {
            index = tx_yaml_find(node, key);
        }
        node = index >= 0 && index < (int64_t)node->count ? node->items[index] : NULL;
        path += length + (path[length] == '.');
    }
    return node;
}

tx_status tx_yaml_override(tx_pool *pool, tx_yaml **root, const char *text, tx_error *error)
{
    override set = {.pool = pool, .error = error};
    const char *equals = strchr(text, '=');
    if (equals) {
        TX_TRY(tx_pool_text(pool, text, (size_t)(equals - text), error, &set.path));
    }
    if (!equals || !is_path(set.path)) {
        return tx_error_set(error, TX_INVALID, "--set %s: KEY=VALUE is expected, as in trainer.batch_size=32", tx_quote(text).text);
    }
    TX_TRY(tx_pool_format(pool, error, &set.place.origin, "--set %s", tx_quote(set.path).text));
    TX_TRY(tx_yaml_read(pool, set.place.origin, false, equals + 1, error, &set.value));
    if (!set.value) {
        TX_TRY(tx_yaml_scalar(pool, set.place, "", error, &set.value));
    }
    return descend(&set, root);
}
