/* A study, from its text. */
#include "study/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "component/buffer.h"
#include "component/expand.h"
#include "component/wording.h"

enum { NAME_SIZE = 200, MOST_RUNS = 1000000 };

/* A setting's name is that of a folder. */
static tx_status check_name(const tx_yaml *key, tx_error *error)
{
    const char *name = key->text;
    bool good = *name && *name != '.' && strlen(name) <= NAME_SIZE;
    for (const char *c = name; *c; c++) {
        good = good && *c != '/' && (unsigned char)*c >= ' ';
    }
    return good ? TX_OK
                : tx_place_error(key->place, error,
                                 "study.settings: '%s' cannot be the name of a folder, which a setting's runs get",
                                 tx_quote(name).text);
}

static tx_status read_changes(tx_study_plan *plan, const tx_yaml *changes, struct tx_setting_plan *setting, tx_error *error)
{
    TX_TRY(tx_pool_allocate(&plan->pool, changes->count, sizeof *setting->changes, error, &setting->changes));
    for (size_t k = 0; k < changes->count; k++) {
        setting->changes[k] = (tx_change){.path = changes->keys[k]->text, .value = changes->items[k]};
        TX_TRY(tx_change_place(&plan->pool, changes->keys[k], error, &setting->changes[k].place));
    }
    setting->num_changes = (int)changes->count;
    return TX_OK;
}

static tx_status read_settings(tx_study_plan *plan, const tx_section *section, tx_error *error)
{
    const tx_yaml *settings = tx_get_mapping(section, "settings");
    if (!settings->count) {
        return tx_section_error(section, "settings", error, TX_INVALID, "there is no setting in it: nothing would be trained");
    }
    TX_TRY(tx_pool_allocate(&plan->pool, settings->count, sizeof *plan->settings, error, &plan->settings));
    for (size_t k = 0; k < settings->count; k++) {
        const tx_yaml *key = settings->keys[k], *changes = settings->items[k];
        TX_TRY(check_name(key, error));
        if (changes->shape != TX_YAML_MAPPING && !tx_yaml_is_null(changes)) {
            return tx_place_error(changes->place, error,
                                  "study.settings: '%s' must be a mapping of paths, as of --set, to values, not %s",
                                  tx_quote(key->text).text, tx_yaml_describe(changes).text);
        }
        plan->settings[k].name = key->text;
        plan->num_settings++;
        TX_TRY(read_changes(plan, changes, &plan->settings[k], error));
    }
    return TX_OK;
}

/* A path starts in the study's folder. */
static tx_status read_base(tx_study_plan *plan, const tx_section *section, tx_error *error)
{
    const tx_yaml *base = tx_get_mapping(section, "base");
    if (base->shape == TX_YAML_MAPPING) {
        plan->base = base;
        return TX_OK;
    }
    const char *path, *slash = strrchr(plan->name, '/');
    TX_TRY(tx_path_expand(&plan->pool, base->place, "study.base", base->text, error, &path));
    const bool joined = *path != '/' && slash && strncmp(plan->name, "/dev/", 5) != 0;
    return tx_pool_format(&plan->pool, error, &plan->base_path, "%.*s%s", joined ? (int)(slash + 1 - plan->name) : 0, plan->name,
                          path);
}

/* A callback of the type that says so. */
static tx_status read_until(tx_study_plan *plan, const tx_section *section, tx_error *error)
{
    const tx_yaml *until = tx_has(section, "until") ? tx_get_mapping(section, "until") : NULL;
    const int at = tx_yaml_find(until, "type");
    tx_yaml *callback, *key, *name;
    if (at >= 0) {
        return tx_place_error(until->keys[at]->place, error, "study.until is the callback `until`: it has no `type`");
    }
    if (!until) {
        return TX_OK;
    }
    TX_TRY(tx_yaml_copy(&plan->pool, until, error, &callback));
    TX_TRY(tx_yaml_scalar(&plan->pool, until->place, "type", error, &key));
    TX_TRY(tx_yaml_scalar(&plan->pool, until->place, "until", error, &name));
    plan->until = callback;
    return tx_yaml_append(&plan->pool, callback, key, name, error);
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Each has a folder of its own. */
static tx_status read_seeds(tx_study_plan *plan, const tx_section *section, tx_error *error)
{
    int64_t *sorted;
    TX_TRY(tx_seeds_read(section, "seeds", error, &plan->num_seeds, &plan->seeds));
    if (plan->num_seeds > MOST_RUNS / plan->num_settings) {
        return tx_section_error(section, "seeds", error, TX_INVALID, "more than %d runs", MOST_RUNS);
    }
    TX_TRY(tx_pool_allocate(&plan->pool, (size_t)plan->num_seeds, sizeof *sorted, error, &sorted));
    memcpy(sorted, plan->seeds, (size_t)plan->num_seeds * sizeof *sorted);
    qsort(sorted, (size_t)plan->num_seeds, sizeof *sorted, compare);
    for (int k = 1; k < plan->num_seeds; k++) {
        if (sorted[k] == sorted[k - 1]) {
            return tx_section_error(section, "seeds", error, TX_INVALID, "%" PRId64 " stands there twice", sorted[k]);
        }
    }
    return TX_OK;
}

tx_status tx_study_plan_read(tx_study_plan *plan, const tx_registry *registry, const char *name, const char *text, tx_error *error)
{
    *plan = (tx_study_plan){.name = name};
    TX_TRY(tx_fixed_section_read(registry, "study", name, text, error, &plan->file));
    const tx_section *section = tx_config_root(plan->file);
    TX_TRY(read_base(plan, section, error));
    TX_TRY(read_settings(plan, section, error));
    TX_TRY(read_until(plan, section, error));
    return read_seeds(plan, section, error);
}

void tx_study_plan_close(tx_study_plan *plan)
{
    tx_config_destroy(plan->file);
    tx_free(plan->seeds);
    tx_pool_release(&plan->pool);
}

tx_status tx_study_plan_read_base(tx_study_plan *plan, const char *text, tx_error *error)
{
    tx_yaml *root = NULL;
    TX_TRY(tx_yaml_read(&plan->pool, plan->base_path, true, text, error, &root));
    if (!root || root->shape != TX_YAML_MAPPING) {
        return tx_error_set(error, TX_INVALID, "%s: a configuration must be a mapping (key: value)", plan->base_path);
    }
    plan->base = root;
    return TX_OK;
}
