/* APEBench's CONFIGS, from their text. */
#include "study/experiments.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "component/buffer.h"
#include "component/wording.h"
#include "component/write.h"
#include "study/python.h"
#include "trainax/scenario.h"

typedef struct reading {
    tx_experiments *to;
    const tx_registry *registry;
    const int64_t *start_seed;
    const tx_yaml *root; /* a mapping, with `configs` */
    tx_error *error;
} reading;

static const char *const words[] = {"scenario", "task", "train", "net", "start_seed", "num_seeds"};
enum { START_SEED = 4, NUM_SEEDS, NUM_WORDS };

static bool is_word(const char *key)
{
    bool is = false;
    for (int k = 0; k < NUM_WORDS; k++) {
        is = is || tx_same_key(key, words[k]);
    }
    return is;
}

/* ---- Names ---- */

typedef tx_status add_key(tx_text *text, const tx_yaml *key, const tx_yaml *value, bool first, tx_error *error);

static tx_status add_to_name(tx_text *text, const tx_yaml *key, const tx_yaml *value, bool first, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "%s%s=", first ? "" : ",", key->text));
    return tx_python_value(text, value, false, error);
}

static tx_status add_to_kwargs(tx_text *text, const tx_yaml *key, const tx_yaml *value, bool first, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "%s'%s': ", first ? "" : ", ", key->text));
    return tx_python_value(text, value, true, error);
}

/* All keys that are none of the six words; *any: are there some? */
static tx_status add_keys(tx_text *text, const tx_yaml *entry, add_key *add, bool *any, tx_error *error)
{
    *any = false;
    for (size_t k = 0; k < entry->count; k++) {
        if (!is_word(entry->keys[k]->text)) {
            TX_TRY(add(text, entry->keys[k], entry->items[k], !*any, error));
            *any = true;
        }
    }
    return TX_OK;
}

/* A text of its own becomes one of the pool. */
static tx_status keep(tx_pool *pool, tx_text *text, tx_status status, tx_error *error, const char **out)
{
    status = status ? status : tx_pool_text(pool, text->data ? text->data : "", text->size, error, out);
    tx_free(text->data);
    return status;
}

static tx_status write_name(const tx_experiment *experiment, const tx_yaml *entry, tx_text *text, tx_error *error)
{
    const char *const *word = experiment->words;
    bool any;
    TX_TRY(tx_text_add(text, error, "%s__", word[TX_WORD_SCENARIO]));
    TX_TRY(add_keys(text, entry, add_to_name, &any, error));
    return tx_text_add(text, error, "%s%s__%s__%s__%" PRId64 "-%" PRId64, any ? "__" : "", word[TX_WORD_TASK], word[TX_WORD_NET],
                       word[TX_WORD_TRAIN], experiment->first, experiment->first + experiment->seeds - 1);
}

static tx_status write_kwargs(const tx_yaml *entry, tx_text *text, tx_error *error)
{
    bool any;
    TX_TRY(tx_text_add(text, error, "{"));
    TX_TRY(add_keys(text, entry, add_to_kwargs, &any, error));
    return tx_text_add(text, error, "}");
}

static tx_status name(reading *r, const tx_yaml *entry, tx_experiment *experiment)
{
    tx_text text = {0}, kwargs = {0};
    TX_TRY(keep(&r->to->pool, &text, write_name(experiment, entry, &text, r->error), r->error, &experiment->name));
    TX_TRY(keep(&r->to->pool, &kwargs, write_kwargs(entry, &kwargs, r->error), r->error, &experiment->kwargs));
    const size_t length = strlen(experiment->name);
    if (length > TX_EXPERIMENT_NAME || strchr(experiment->name, '/')) {
        return tx_place_error(entry->place, r->error, "the experiment's name cannot be that of a file: %s '%s'",
                              length > TX_EXPERIMENT_NAME ? "it is longer than 250 bytes:" : "there is a / in",
                              tx_quote(experiment->name).text);
    }
    return TX_OK;
}

/* ---- Entries ---- */

static tx_status find_word(reading *r, const tx_yaml *entry, const char *path, int word, const tx_yaml **out)
{
    const int at = tx_yaml_find(entry, words[word]);
    if (at < 0 || entry->items[at]->shape != TX_YAML_SCALAR || tx_yaml_is_null(entry->items[at])) {
        return tx_place_error(at < 0 ? entry->place : entry->items[at]->place, r->error, "%s.%s is required", path, words[word]);
    }
    *out = entry->items[at];
    return TX_OK;
}

static tx_status read_number(reading *r, const tx_yaml *entry, const char *path, int word, int64_t *out)
{
    const tx_yaml *node;
    TX_TRY(find_word(r, entry, path, word, &node));
    return !node->quoted && tx_parse_integer(node->text, out)
               ? TX_OK
               : tx_place_error(node->place, r->error, "%s.%s must be an integer, not '%s'", path, words[word],
                                tx_quote(node->text).text);
}

static tx_status read_seeds(reading *r, const tx_yaml *entry, const char *path, tx_experiment *experiment)
{
    enum { MOST = 1000000 };
    TX_TRY(read_number(r, entry, path, START_SEED, &experiment->first));
    TX_TRY(read_number(r, entry, path, NUM_SEEDS, &experiment->seeds));
    experiment->first = r->start_seed ? *r->start_seed : experiment->first;
    const int at = tx_yaml_find(entry, words[NUM_SEEDS]);
    return experiment->seeds >= 1 && experiment->seeds <= MOST
               ? TX_OK
               : tx_place_error(entry->items[at]->place, r->error, "%s.num_seeds must be between 1 and %d, not %" PRId64, path,
                                MOST, experiment->seeds);
}

/* Keys of one mapping for another, the first one's under another name; what `skip` says is left out. */
static tx_status copy_key(reading *r, tx_yaml *to, const tx_yaml *from, size_t k, const char *name)
{
    tx_yaml *key = from->keys[k];
    if (name) {
        TX_TRY(tx_yaml_scalar(&r->to->pool, key->place, name, r->error, &key));
    }
    return tx_yaml_append(&r->to->pool, to, key, from->items[k], r->error);
}

static tx_status make_mapping(reading *r, tx_place place, tx_yaml **out)
{
    TX_TRY(tx_yaml_scalar(&r->to->pool, place, "", r->error, out));
    (*out)->shape = TX_YAML_MAPPING;
    return TX_OK;
}

/* {type: …, task: …, net: …, train: …, further keys} */
static tx_status make_scenario(reading *r, const tx_yaml *entry, tx_yaml **out)
{
    TX_TRY(make_mapping(r, entry->place, out));
    for (size_t k = 0; k < entry->count; k++) {
        const char *key = entry->keys[k]->text;
        const bool seeds = tx_same_key(key, words[START_SEED]) || tx_same_key(key, words[NUM_SEEDS]);
        if (tx_same_key(key, "type") || tx_same_key(key, "seed")) {
            return tx_place_error(entry->keys[k]->place, r->error, "unknown key '%s' of an experiment%s", key,
                                  tx_suggest(key, words, NUM_WORDS).text);
        }
        TX_TRY(seeds ? TX_OK : copy_key(r, *out, entry, k, tx_same_key(key, "scenario") ? "type" : NULL));
    }
    return TX_OK;
}

/* precision, random, parallel, and the scenario. */
static tx_status make_tree(reading *r, tx_yaml *scenario, tx_experiment *experiment)
{
    tx_yaml *tree, *key;
    TX_TRY(make_mapping(r, r->root->place, &tree));
    for (size_t k = 0; k < r->root->count; k++) {
        TX_TRY(tx_same_key(r->root->keys[k]->text, "configs") ? TX_OK : copy_key(r, tree, r->root, k, NULL));
    }
    TX_TRY(tx_yaml_scalar(&r->to->pool, scenario->place, "scenario", r->error, &key));
    experiment->tree = tree;
    return tx_yaml_append(&r->to->pool, tree, key, scenario, r->error);
}

static tx_status split_metrics(reading *r, const char *list, tx_experiment *experiment)
{
    const char **metrics;
    int count = 1;
    for (const char *c = list; *c; c++) {
        count += *c == ',';
    }
    TX_TRY(tx_pool_allocate(&r->to->pool, (size_t)count, sizeof *metrics, r->error, &metrics));
    for (int k = 0; k < count; k++) {
        const size_t length = strcspn(list, ",");
        TX_TRY(tx_pool_text(&r->to->pool, list, length, r->error, &metrics[k]));
        list += length + (list[length] == ',');
    }
    experiment->metrics = metrics;
    experiment->num_metrics = count;
    return TX_OK;
}

/* What tables need to know of a scenario. */
static tx_status ask_scenario(reading *r, const tx_section *scenario, tx_experiment *experiment)
{
    char *column;
    const int64_t kept = tx_get_integer(scenario, "num_trjs_returned"), all = tx_get_integer(scenario, "num_test_samples");
    experiment->horizon = tx_get_integer(scenario, "test_temporal_horizon");
    experiment->samples = kept < all ? kept : all;
    TX_TRY(split_metrics(r, tx_get_string(scenario, "report_metrics"), experiment));
    TX_TRY(tx_scenario_name(scenario, r->error, &column));
    const tx_status status = tx_pool_text(&r->to->pool, column, strlen(column), r->error, &experiment->column);
    tx_free(column);
    return status;
}

static tx_status resolve_scenario(reading *r, const tx_yaml *scenario, tx_experiment *experiment)
{
    tx_buffer buffer = {.error = r->error};
    char *text;
    tx_config *config;
    tx_yaml_write(&buffer, scenario);
    TX_TRY(tx_buffer_finish(&buffer, &text));
    tx_status status = tx_section_read(r->registry, TX_KIND_SCENARIO, r->to->name, text, r->error, &config);
    tx_free(text);
    TX_TRY(status);
    status = ask_scenario(r, tx_config_root(config), experiment);
    tx_config_destroy(config);
    return status;
}

static tx_status read_entry(reading *r, const tx_yaml *entry, const char *path, tx_experiment *experiment)
{
    tx_yaml *scenario = NULL;
    tx_config *config;
    if (entry->shape != TX_YAML_MAPPING) {
        return tx_place_error(entry->place, r->error, "%s must be a mapping: {scenario: diff_adv, task: predict, net: …}, not %s",
                              path, tx_yaml_describe(entry).text);
    }
    for (int k = 0; k < START_SEED; k++) {
        const tx_yaml *node;
        TX_TRY(find_word(r, entry, path, k, &node));
        experiment->words[k] = node->text;
    }
    TX_TRY(read_seeds(r, entry, path, experiment));
    TX_TRY(name(r, entry, experiment));
    TX_TRY(make_scenario(r, entry, &scenario));
    TX_TRY(make_tree(r, scenario, experiment));
    /* first, as it knows the places */
    TX_TRY(tx_experiment_run(r->to, r->registry, (int)(experiment - r->to->items), experiment->first, NULL, r->error, &config));
    tx_config_destroy(config);
    return resolve_scenario(r, scenario, experiment);
}

/* ---- The file ---- */

/* "KEY=VALUE" of the one entry or, of what stands beside it, of the file. */
static tx_status override(tx_experiments *to, tx_yaml **root, const char *text, bool alone, tx_error *error)
{
    static const char *const beside[] = {"precision", "random", "parallel"};
    const size_t length = strcspn(text, ".=");
    const char *path;
    bool own = alone;
    for (int k = 0; k < 3; k++) {
        own = own && !(strlen(beside[k]) == length && !strncmp(text, beside[k], length));
    }
    TX_TRY(tx_pool_format(&to->pool, error, &path, "%s%s", own ? "configs.0." : "", text));
    return tx_yaml_override(&to->pool, root, path, error);
}

static tx_status check_root(const tx_yaml *root, tx_error *error)
{
    static const char *const known[] = {"configs", "precision", "random", "parallel"};
    for (size_t k = 0; k < root->count; k++) {
        bool there = false;
        for (int j = 0; j < 4; j++) {
            there = there || tx_same_key(root->keys[k]->text, known[j]);
        }
        if (!there) {
            return tx_place_error(root->keys[k]->place, error, "unknown key '%s'%s", tx_quote(root->keys[k]->text).text,
                                  tx_suggest(root->keys[k]->text, known, 4).text);
        }
    }
    const int at = tx_yaml_find(root, "configs");
    if (at < 0 || root->items[at]->shape != TX_YAML_LIST || !root->items[at]->count) {
        return tx_place_error(at < 0 ? root->place : root->items[at]->place, error,
                              "configs must be a list of experiments, one at least: {scenario: diff_adv, task: predict, net: …}");
    }
    return TX_OK;
}

static tx_status read_root(tx_experiments *to, const tx_experiments_source *source, tx_error *error, tx_yaml **out)
{
    tx_yaml *root = NULL, *key, *file;
    const char *text = source->text;
    if (!text) {
        TX_TRY(tx_pool_format(&to->pool, error, &text,
                              "configs: [{scenario: %s, task: predict, net: \"Conv;34;10;relu\", train: one, start_seed: 0, "
                              "num_seeds: 1}]\n",
                              source->name));
    }
    TX_TRY(tx_yaml_read(&to->pool, source->name, source->text != NULL, text, error, &root));
    if (root && root->shape == TX_YAML_LIST) {
        TX_TRY(tx_yaml_scalar(&to->pool, root->place, "", error, &file));
        TX_TRY(tx_yaml_scalar(&to->pool, root->place, "configs", error, &key));
        file->shape = TX_YAML_MAPPING;
        TX_TRY(tx_yaml_append(&to->pool, file, key, root, error));
        root = file;
    }
    if (!root || root->shape != TX_YAML_MAPPING) {
        return tx_error_set(error, TX_INVALID, "%s:1:1: a list of experiments is expected, or `configs` with one", source->name);
    }
    for (int k = 0; k < source->num_overrides; k++) {
        TX_TRY(override(to, &root, source->overrides[k], !source->text, error));
    }
    *out = root;
    return check_root(root, error);
}

tx_status tx_experiments_read(tx_experiments *experiments, const tx_registry *registry, const tx_experiments_source *source,
                              tx_error *error)
{
    *experiments = (tx_experiments){.name = source->name};
    tx_yaml *root = NULL;
    TX_TRY(read_root(experiments, source, error, &root));
    const tx_yaml *configs = tx_yaml_at(root, "configs");
    reading r = {.to = experiments, .registry = registry, .start_seed = source->start_seed, .root = root, .error = error};
    TX_TRY(tx_pool_allocate(&experiments->pool, configs->count, sizeof *experiments->items, error, &experiments->items));
    experiments->count = (int)configs->count;
    for (int k = 0; k < experiments->count; k++) {
        char path[32];
        snprintf(path, sizeof path, "configs.%d", k);
        TX_TRY(read_entry(&r, configs->items[k], path, &experiments->items[k]));
    }
    return TX_OK;
}

void tx_experiments_close(tx_experiments *experiments)
{
    tx_pool_release(&experiments->pool);
}

/* ---- Configurations ---- */

typedef struct argument {
    const char *path;
    int64_t value;
} argument;

/* The scenario with other values of some arguments. */
static tx_status configure(tx_experiments *experiments, const tx_registry *registry, tx_variant *variant, int count,
                           const argument *arguments, tx_error *error, tx_config **out)
{
    tx_change *changes;
    TX_TRY(tx_pool_allocate(&experiments->pool, (size_t)count, sizeof *changes, error, &changes));
    for (int k = 0; k < count; k++) {
        const char *text;
        tx_yaml *value;
        const tx_place here = {.origin = arguments[k].path};
        TX_TRY(tx_pool_format(&experiments->pool, error, &text, "%" PRId64, arguments[k].value));
        TX_TRY(tx_yaml_scalar(&experiments->pool, here, text, error, &value));
        changes[k] = (tx_change){.path = arguments[k].path, .place = here, .value = value};
    }
    variant->name = experiments->name;
    variant->changes = changes;
    variant->num_changes = count;
    return tx_variant_create(registry, variant, error, out);
}

tx_status tx_experiment_run(tx_experiments *experiments, const tx_registry *registry, int experiment, int64_t seed,
                            const char *directory, tx_error *error, tx_config **out)
{
    tx_variant variant = {.tree = experiments->items[experiment].tree, .directory = directory};
    return configure(experiments, registry, &variant, 1, &(argument){"scenario.seed", seed}, error, out);
}

tx_status tx_experiment_starts(tx_experiments *experiments, const tx_registry *registry, int experiment, tx_error *error,
                               tx_config **out)
{
    const argument arguments[] = {{"scenario.num_test_samples", experiments->items[experiment].samples},
                                  {"scenario.test_temporal_horizon", 1}};
    tx_variant variant = {.tree = experiments->items[experiment].tree};
    return configure(experiments, registry, &variant, 2, arguments, error, out);
}
