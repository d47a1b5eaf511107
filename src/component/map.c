/* Mappings whose keys are integers: to numbers, in any order; of steps that rise. */
#include <inttypes.h>

#include "base/number.h"
#include "component/buffer.h"
#include "component/value.h"

static tx_status read_pair_of_map(tx_config *config, const tx_value *value, const tx_yaml *key, const tx_yaml *item,
                                  const char *path, int64_t *integer, double *real)
{
    tx_option number = *value->option;
    const char *whole;
    number.type = TX_TYPE_REAL;
    if (!tx_parse_integer(key->text, integer)) {
        return tx_place_error(key->place, config->error, "a key of %s must be an integer, not '%s'", path,
                              tx_quote(key->text).text);
    }
    TX_TRY(tx_pool_format(&config->pool, config->error, &whole, "%s.%" PRId64, path, *integer));
    return tx_value_real(config, &(tx_value){.option = &number}, item, whole, real);
}

/* Puts the last of `count` pairs where it belongs; returns whether its key is new. */
static bool insert(int64_t *keys, double *values, size_t count)
{
    size_t k = count - 1;
    const int64_t key = keys[k];
    const double real = values[k];
    for (; k > 0 && keys[k - 1] > key; k--) {
        keys[k] = keys[k - 1];
        values[k] = values[k - 1];
    }
    keys[k] = key;
    values[k] = real;
    return k == 0 || keys[k - 1] != key;
}

tx_status tx_value_map(tx_config *config, tx_value *value, const char *path)
{
    const tx_yaml *node = value->node;
    int64_t *keys;
    double *values;
    if (node->shape != TX_YAML_MAPPING) {
        return tx_value_wrong(config, value, node, path);
    }
    TX_TRY(tx_pool_allocate(&config->pool, node->count, sizeof *keys, config->error, &keys));
    TX_TRY(tx_pool_allocate(&config->pool, node->count, sizeof *values, config->error, &values));
    for (size_t k = 0; k < node->count; k++) {
        TX_TRY(read_pair_of_map(config, value, node->keys[k], node->items[k], path, &keys[k], &values[k]));
        const int64_t key = keys[k];
        if (!insert(keys, values, k + 1)) {
            return tx_place_error(node->keys[k]->place, config->error, "%s has the key %" PRId64 " twice", path, key);
        }
    }
    value->map.keys = keys;
    value->map.values = values;
    value->count = (int)node->count;
    return TX_OK;
}

static tx_status read_stage(tx_config *config, const tx_value *value, size_t k, const char *path, int64_t *steps, int64_t *integers)
{
    const tx_yaml *key = value->node->keys[k];
    const char *whole;
    if (!tx_parse_integer(key->text, &steps[k])) {
        return tx_place_error(key->place, config->error, "a step of %s must be an integer, not '%s'", path,
                              tx_quote(key->text).text);
    }
    if (k == 0 && steps[k] != 0) {
        return tx_place_error(key->place, config->error, "the first step of %s must be 0, not %" PRId64, path, steps[k]);
    }
    if (k > 0 && steps[k] <= steps[k - 1]) {
        return tx_place_error(key->place, config->error, "the steps of %s must rise, but %" PRId64 " follows %" PRId64, path,
                              steps[k], steps[k - 1]);
    }
    TX_TRY(tx_pool_format(&config->pool, config->error, &whole, "%s.%" PRId64, path, steps[k]));
    return tx_value_integer(config, value, value->node->items[k], whole, &integers[k]);
}

tx_status tx_value_stages(tx_config *config, tx_value *value, const char *path)
{
    const tx_yaml *node = value->node;
    const bool mapping = node->shape == TX_YAML_MAPPING;
    const size_t count = mapping ? node->count : 1;
    int64_t *steps, *integers;
    if (count == 0) {
        return tx_place_error(node->place, config->error, "%s is empty: what holds from step 0 on must stand in it", path);
    }
    TX_TRY(tx_pool_allocate(&config->pool, count, sizeof *steps, config->error, &steps));
    TX_TRY(tx_pool_allocate(&config->pool, count, sizeof *integers, config->error, &integers));
    steps[0] = 0;
    TX_TRY(mapping ? TX_OK : tx_value_integer(config, value, node, path, &integers[0]));
    for (size_t k = 0; mapping && k < count; k++) {
        TX_TRY(read_stage(config, value, k, path, steps, integers));
    }
    value->stages.steps = steps;
    value->stages.values = integers;
    value->count = (int)count;
    return TX_OK;
}
