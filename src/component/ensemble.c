/* The section `ensemble`. */
#include "component/ensemble.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "component/buffer.h"
#include "component/wording.h"

enum { MOST_MEMBERS = 1000000 };

static const tx_option options[] = {
    {.name = "seeds",
     .type = TX_TYPE_STRINGS,
     .initial = "null",
     .text =
         "START:STOP, such as \"0:10\", or a list of numbers: a seed s sets the network's key to {seed: s, split: 2, index: 0}, "
         "the trainer's to {seed: s, split: 2, index: 1}"},
    {.name = "vary",
     .type = TX_TYPE_MAPPING,
     .initial = "null",
     .text = "lists of values by the path of their key, as of --set, below network, network_key, trainer or callbacks"},
    {.name = "groups",
     .type = TX_TYPE_INTEGER,
     .initial = "auto",
     .words = "auto",
     .minimum = 1,
     .maximum = 1e9,
     .text = "of ranks, each of which trains one member at a time; auto: as many as members and ranks allow"},
    {0},
};

const tx_component tx_section_ensemble = {
    .kind = TX_KIND_SECTION,
    .name = "ensemble",
    .summary = "several trainings in one job, of all values of `vary` with all `seeds`, on one copy of the data",
    .options = options,
};

/* ---- Paths ---- */

/* Is `name` the first part of a path, or all of it? */
static bool begins_with(const char *path, const char *name)
{
    char first[TX_SEEDED_PATH];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(path, "."), path);
    return tx_same_key(first, name);
}

static bool may_vary(const char *path)
{
    static const char *const names[] = {"network", "network_key", "trainer", "callbacks", "callback"};
    bool may = false;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        may = may || begins_with(path, names[k]);
    }
    return may;
}

/* Of this key or of a part of it? */
static bool is_within(const char *path, const char *key)
{
    bool within = *key;
    while (within && *key) {
        char part[TX_SEEDED_PATH];
        const size_t length = strcspn(key, "."), there = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)length, key);
        within = *path && begins_with(path, part);
        key += length + (key[length] == '.');
        path += there + (path[there] == '.');
    }
    return within;
}

static bool is_seeded(const tx_config *config, const char *path)
{
    const tx_seeded_keys keys = tx_seeded_keys_of(config->registry, config->tree);
    return is_within(path, keys.path[0]) || is_within(path, keys.path[1]) || is_within(path, "trainer.shuffle_key");
}

/* ---- Making ---- */

bool tx_is_ensemble(const tx_config *config)
{
    return tx_get_section(config->root, "ensemble") != NULL;
}

static tx_status check_list(const tx_ensemble *ensemble, const tx_yaml *key, const tx_yaml *list, tx_error *error)
{
    const tx_quoted path = tx_quote(key->text);
    if (!may_vary(key->text)) {
        return tx_place_error(key->place, error, "members differ below network, network_key, trainer or callbacks, not in '%s'",
                              path.text);
    }
    if (list->shape != TX_YAML_LIST || list->count == 0) {
        return tx_place_error(list->place, error, "'%s' must be a list of its values, one at least, not %s", path.text,
                              list->shape == TX_YAML_LIST ? "an empty one" : tx_yaml_describe(list).text);
    }
    if (ensemble->num_seeds && is_seeded(ensemble->config, key->text)) {
        return tx_place_error(key->place, error, "'%s' is set by `seeds`: leave out one of the two", path.text);
    }
    return TX_OK;
}

static tx_status multiply(tx_ensemble *ensemble, const tx_section *section, size_t factor, tx_error *error)
{
    if (factor > (size_t)(MOST_MEMBERS / ensemble->count)) {
        return tx_section_error(section, NULL, error, TX_INVALID, "more than %d members", MOST_MEMBERS);
    }
    ensemble->count *= (int)factor;
    return TX_OK;
}

/* From the last list, whose items change soonest but for seeds, to the first. */
static tx_status read_lists(tx_ensemble *ensemble, const tx_section *section, const tx_yaml *vary, tx_error *error)
{
    TX_TRY(tx_allocate_array(vary->count, sizeof *ensemble->lists, error, &ensemble->lists));
    ensemble->num_lists = (int)vary->count;
    for (int k = ensemble->num_lists - 1; k >= 0; k--) {
        struct tx_varied *varied = &ensemble->lists[k];
        TX_TRY(check_list(ensemble, vary->keys[k], vary->items[k], error));
        *varied = (struct tx_varied){.path = vary->keys[k]->text, .list = vary->items[k], .stride = ensemble->count};
        TX_TRY(tx_change_place(&ensemble->pool, vary->keys[k], error, &varied->place));
        TX_TRY(multiply(ensemble, section, varied->list->count, error));
    }
    return TX_OK;
}

static tx_status make(tx_ensemble *ensemble, tx_error *error)
{
    const tx_section *section = tx_get_section(ensemble->config->root, "ensemble");
    const tx_yaml *vary = tx_get_mapping(section, "vary");
    ensemble->groups = tx_get_word(section, "groups") ? 0 : (int)tx_get_integer(section, "groups");
    ensemble->count = 1;
    if (tx_has(section, "seeds")) {
        TX_TRY(tx_seeds_read(section, "seeds", error, &ensemble->num_seeds, &ensemble->seeds));
        TX_TRY(multiply(ensemble, section, (size_t)ensemble->num_seeds, error));
    }
    return vary ? read_lists(ensemble, section, vary, error) : TX_OK;
}

tx_status tx_ensemble_create(const tx_config *config, tx_error *error, tx_ensemble **out)
{
    tx_ensemble *ensemble;
    TX_TRY(tx_allocate(sizeof *ensemble, error, &ensemble));
    ensemble->config = config;
    const tx_status status = make(ensemble, error);
    if (status != TX_OK) {
        tx_ensemble_destroy(ensemble);
        return status;
    }
    *out = ensemble;
    return TX_OK;
}

void tx_ensemble_destroy(tx_ensemble *ensemble)
{
    if (ensemble) {
        tx_free(ensemble->seeds);
        tx_free(ensemble->lists);
        tx_pool_release(&ensemble->pool);
        tx_free(ensemble);
    }
}

/* ---- Members ---- */

void tx_ensemble_name(const tx_ensemble *ensemble, int member, char out[TX_MEMBER_NAME])
{
    int digits = 3;
    for (int most = 1000; ensemble->count > most; most *= 10) {
        digits++;
    }
    snprintf(out, TX_MEMBER_NAME, "member_%0*d", digits, member);
}

bool tx_is_member(const char *name)
{
    static const char start[] = "member_";
    const size_t length = sizeof start - 1;
    return strncmp(name, start, length) == 0 && name[length] && !name[length + strspn(name + length, "0123456789")];
}

const int64_t *tx_ensemble_seed(const tx_ensemble *ensemble, int member)
{
    return ensemble->num_seeds ? &ensemble->seeds[member % ensemble->num_seeds] : NULL;
}

const tx_yaml *tx_ensemble_value(const tx_ensemble *ensemble, int member, int list)
{
    const struct tx_varied *varied = &ensemble->lists[list];
    return varied->list->items[(size_t)(member / varied->stride) % varied->list->count];
}

tx_status tx_ensemble_member(const tx_ensemble *ensemble, int member, const char *directory, tx_error *error, tx_config **out)
{
    tx_change *changes;
    TX_TRY(tx_allocate_array((size_t)ensemble->num_lists + 1, sizeof *changes, error, &changes));
    for (int k = 0; k < ensemble->num_lists; k++) {
        changes[k] = (tx_change){
            .path = ensemble->lists[k].path, .place = ensemble->lists[k].place, .value = tx_ensemble_value(ensemble, member, k)};
    }
    const tx_variant variant = {.tree = ensemble->config->tree,
                                .name = ensemble->config->name,
                                .changes = changes,
                                .num_changes = ensemble->num_lists,
                                .seed = tx_ensemble_seed(ensemble, member),
                                .directory = directory};
    const tx_status status = tx_variant_create(ensemble->config->registry, &variant, error, out);
    tx_free(changes);
    return status;
}

/* ---- Before it is resolved ---- */

static tx_status complete_seeded(tx_config *config, const tx_yaml *seeds, tx_yaml **root)
{
    const tx_yaml *first = seeds->shape == TX_YAML_LIST && seeds->count ? seeds->items[0] : seeds;
    int64_t start = 0, stop;
    (void)!(first->shape == TX_YAML_SCALAR && tx_seed_range(first->text, &start, &stop));
    return tx_seed_set(config, start, seeds->place, true, root);
}

static tx_status complete_varied(tx_config *config, const tx_yaml *vary, tx_yaml **root)
{
    for (size_t k = 0; k < vary->count; k++) {
        const tx_yaml *key = vary->keys[k], *list = vary->items[k];
        const bool good = may_vary(key->text) && list->shape == TX_YAML_LIST && list->count;
        tx_place place;
        if (good && !tx_yaml_at(*root, key->text)) {
            TX_TRY(tx_change_place(&config->pool, key, config->error, &place));
            TX_TRY(tx_yaml_put_node(&config->pool, root, key->text, place, list->items[0], config->error));
        }
    }
    return TX_OK;
}

tx_status tx_ensemble_complete(tx_config *config, tx_yaml **root)
{
    const tx_yaml *ensemble = tx_yaml_at(*root, "ensemble");
    const tx_yaml *vary = ensemble ? tx_yaml_at(ensemble, "vary") : NULL, *seeds = ensemble ? tx_yaml_at(ensemble, "seeds") : NULL;
    if (vary && vary->shape == TX_YAML_MAPPING) {
        TX_TRY(complete_varied(config, vary, root));
    }
    const bool seeded = seeds && !tx_yaml_is_null(seeds);
    if (ensemble && !tx_yaml_is_null(ensemble) && !seeded && !(vary && vary->count)) {
        return tx_place_error(ensemble->place, config->error, "ensemble: no member: `seeds` or `vary` says what there is to train");
    }
    return seeded ? complete_seeded(config, seeds, root) : TX_OK;
}
