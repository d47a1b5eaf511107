/* The nodes of a YAML tree: made, copied, found by their keys; errors at their places. */
#include <stdarg.h>
#include <string.h>

#include "base/format.h"
#include "base/name.h"
#include "component/yaml.h"

tx_status tx_place_error(tx_place place, tx_error *error, const char *format, ...)
{
    char message[TX_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    tx_format_list(message, sizeof message, format, arguments);
    va_end(arguments);
    if (place.line) {
        return tx_error_set(error, TX_INVALID, "%s:%d:%d: %s", place.origin, place.line, place.column, message);
    }
    return tx_error_set(error, TX_INVALID, "%s: %s", place.origin, message);
}

bool tx_yaml_is_null(const tx_yaml *node)
{
    static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};
    bool null = false;
    for (size_t k = 0; node->shape == TX_YAML_SCALAR && !node->quoted && k < sizeof spellings / sizeof *spellings; k++) {
        null = null || !strcmp(node->text, spellings[k]);
    }
    return null;
}

static const char key_endings[] = "factory fn";

bool tx_same_key(const char *a, const char *b)
{
    return tx_same_name(a, b, key_endings) || tx_same_name(b, a, key_endings);
}

int tx_yaml_find(const tx_yaml *node, const char *key)
{
    const uint32_t hash = tx_name_hash(key, key_endings);
    for (size_t k = 0; node && node->shape == TX_YAML_MAPPING && k < node->count; k++) {
        if (node->keys[k]->hash == hash && tx_same_key(node->keys[k]->text, key)) {
            return (int)k;
        }
    }
    return -1;
}

bool tx_yaml_is_set(const tx_yaml *mapping, int k)
{
    return k >= 0 && (!mapping->items[k]->place.line || !mapping->keys[k]->place.line);
}

tx_status tx_yaml_scalar(tx_pool *pool, tx_place place, const char *text, tx_error *error, tx_yaml **out)
{
    tx_yaml *node;
    TX_TRY(tx_pool_allocate(pool, 1, sizeof *node, error, &node));
    *node = (tx_yaml){.shape = TX_YAML_SCALAR, .place = place, .text = text};
    *out = node;
    return TX_OK;
}

static tx_status grow(tx_pool *pool, tx_yaml *node, tx_error *error)
{
    const size_t capacity = node->capacity ? 2 * node->capacity : 8;
    tx_yaml **items, **keys;
    TX_TRY(tx_pool_allocate(pool, capacity, sizeof *items, error, &items));
    TX_TRY(tx_pool_allocate(pool, node->shape == TX_YAML_MAPPING ? capacity : 0, sizeof *keys, error, &keys));
    if (node->count) {
        memcpy(items, node->items, node->count * sizeof *items);
        memcpy(keys, node->keys, node->shape == TX_YAML_MAPPING ? node->count * sizeof *keys : 0);
    }
    node->items = items;
    node->keys = keys;
    node->capacity = capacity;
    return TX_OK;
}

tx_status tx_yaml_append(tx_pool *pool, tx_yaml *node, tx_yaml *key, tx_yaml *value, tx_error *error)
{
    if (node->count == node->capacity) {
        TX_TRY(grow(pool, node, error));
    }
    if (key) {
        key->hash = tx_name_hash(key->text, key_endings);
        node->keys[node->count] = key;
    }
    node->items[node->count++] = value;
    return TX_OK;
}

tx_status tx_yaml_copy(tx_pool *pool, const tx_yaml *node, tx_error *error, tx_yaml **out)
{
    tx_yaml *copy;
    TX_TRY(tx_yaml_scalar(pool, node->place, node->text, error, &copy));
    copy->shape = node->shape;
    copy->quoted = node->quoted;
    copy->implied = node->implied;
    for (size_t k = 0; k < node->count; k++) {
        tx_yaml *key = node->shape == TX_YAML_MAPPING ? node->keys[k] : NULL;
        TX_TRY(tx_yaml_append(pool, copy, key, node->items[k], error));
    }
    *out = copy;
    return TX_OK;
}

void tx_yaml_move(tx_yaml *node, tx_place place, bool implied)
{
    node->place = place;
    node->implied = implied;
    for (size_t k = 0; k < node->count; k++) {
        tx_yaml_move(node->items[k], place, implied);
        if (node->shape == TX_YAML_MAPPING) {
            tx_yaml_move(node->keys[k], place, implied);
        }
    }
}
