/* A section's component in a shared object: which one it is, its options beside those of every plugin, its functions. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/name.h"
#include "component/registry.h"
#include "component/section.h"
#include "kernel/function.h"
#include "plugin/joined.h"
#include "plugin/plugin.h"

/* A function made for states of one shape. */
typedef struct made {
    struct made *before;
    tx_shape shape;
    int states;
    tx_function function;
    const tx_joined *joined; /* with whose ranks; NULL: with none */
    tx_function_owner alone; /* then */
    tx_shared_function *shared;
} made;

/* With the ranks of one job after another; functions stay. */
typedef struct membership {
    struct membership *before;
    tx_joined *joined;
} membership;

/* What stands in for the component `plugin` in one section. */
typedef struct opened {
    tx_component component; /* first: sections point to it */
    const tx_component *own;
    made *made;             /* the last */
    membership *membership; /* likewise */
} opened;

static opened *opened_of(const tx_section *section)
{
    return (opened *)(uintptr_t)tx_section_component(section); /* made writable by tx_plugin_open */
}

const void *tx_plugin_implementation(const tx_section *section)
{
    return opened_of(section)->own->implementation;
}

const char *tx_plugin_name(const tx_section *section)
{
    return opened_of(section)->own->name;
}

void tx_plugin_enter(const tx_section *section, const char *verb, bool exclusive)
{
    const tx_user user = {tx_plugin_name(section), tx_get_string(section, "library"), verb};
    tx_user_enter(&user, exclusive);
}

void tx_plugin_leave(bool exclusive)
{
    tx_user_leave(exclusive);
}

/* ---- Which component ---- */

enum { NAMES = 400 };

/* Those of a kind: how many, their names, the one that is meant: of that name, or (NULL) the last. */
typedef struct choice {
    int count;
    char names[NAMES];
    const tx_component *chosen;
} choice;

static choice choose(const tx_plugin *plugin, tx_kind kind, const char *name)
{
    choice all = {0};
    size_t used = 0;
    for (const tx_component *const *c = plugin->components; *c; c++) {
        if ((*c)->kind == kind) {
            used += used < NAMES ? (size_t)snprintf(all.names + used, NAMES - used, "%s%s", used ? ", " : "", (*c)->name) : 0;
            all.count++;
            all.chosen = !name || tx_same_name((*c)->name, name, tx_kind_endings(kind)) ? *c : all.chosen;
        }
    }
    return all;
}

static tx_status find(const tx_section *section, const tx_plugin *plugin, tx_error *error, const tx_component **out)
{
    const tx_kind kind = tx_section_component(section)->kind;
    const char *name = tx_get_string(section, "component"), *path = tx_get_string(section, "library");
    const choice all = choose(plugin, kind, name);
    if (!all.count) {
        return tx_section_error(section, "library", error, TX_INVALID, "'%s' has no %s", path, tx_kind_spoken(kind));
    }
    if (!all.chosen || (!name && all.count > 1)) {
        return tx_section_error(section, "component", error, TX_INVALID, "must be one of the %s of '%s': %s",
                                tx_kind_spoken_plural(kind), path, all.names);
    }
    *out = all.chosen;
    return TX_OK;
}

/* What its author has left out. */
static const char *lacking(const tx_component *own)
{
    const tx_plugin_map *map = own->implementation;
    const tx_plugin_source *source = own->implementation;
    if (!own->implementation) {
        return "implementation";
    }
    if (own->kind == TX_KIND_DATA) {
        return !source->create ? "create" : !source->read ? "read" : NULL;
    }
    if (own->kind == TX_KIND_NETWORK && (!map->leaf || !map->initialise)) {
        return map->leaf ? "initialise" : "leaf";
    }
    return map->create || tx_function_can(&map->function, TX_FORWARD) ? NULL : "forward";
}

/* ---- Its options ---- */

static size_t count_options(const tx_option *options)
{
    size_t count = 0;
    while (options && options[count].name) {
        count++;
    }
    return count;
}

/* The key of a section that says what it is. */
static const tx_option type_option[] = {{.name = "type"}, {.name = NULL}};

static tx_status check_names(const tx_option *every, const tx_option *own, tx_error *error)
{
    const size_t before = count_options(every), more = count_options(own);
    for (size_t k = 0; k < before * more; k++) {
        if (tx_option_is(&every[k % before], own[k / before].name)) {
            return tx_error_set(error, TX_BAD_DATA, "it has an option '%s', as every plugin of its kind has", own[k / before].name);
        }
    }
    return TX_OK;
}

static tx_status join_options(const tx_component *plugin, const tx_option *own, tx_pool *pool, tx_error *error,
                              const tx_option **out)
{
    const tx_option *every[] = {plugin->options, tx_kind_options(plugin->kind), type_option};
    const size_t before = count_options(plugin->options), more = count_options(own);
    tx_option *joined;
    for (size_t k = 0; k < sizeof every / sizeof *every; k++) {
        TX_TRY(check_names(every[k], own, error));
    }
    if (before + more > TX_OWN_OPTIONS) {
        return tx_error_set(error, TX_BAD_DATA, "it has more than %d options", TX_OWN_OPTIONS - (int)before);
    }
    TX_TRY(tx_pool_allocate(pool, before + more + 1, sizeof *joined, error, &joined));
    memcpy(joined, plugin->options, before * sizeof *joined);
    for (size_t k = 0; k < more; k++) { /* of a component without options: none, and no table */
        joined[before + k] = own[k];
    }
    *out = joined;
    return TX_OK;
}

/* ---- Opening ---- */

static void release(void *what)
{
    opened *o = what;
    while (o->made) {
        made *last = o->made;
        const tx_plugin_map *map = o->own->implementation;
        o->made = last->before;
        tx_shared_function_destroy(last->shared);
        if (map->destroy) {
            map->destroy(last->function.user);
        }
        tx_free(last);
    }
    while (o->membership) {
        membership *last = o->membership;
        o->membership = last->before;
        tx_joined_destroy(last->joined);
        tx_free(last);
    }
}

static tx_status open(const tx_component *every, const tx_component *own, tx_pool *pool, tx_error *error, const tx_component **out)
{
    opened *o;
    const char *missing = lacking(own);
    if (missing) {
        return tx_error_set(error, TX_BAD_DATA, "it has no %s", missing);
    }
    TX_TRY(tx_pool_allocate(pool, 1, sizeof *o, error, &o));
    o->component = *every;
    o->component.opens = NULL;
    o->own = own;
    TX_TRY(join_options(every, own->options, pool, error, &o->component.options));
    *out = &o->component;
    return tx_pool_defer(pool, release, o, error);
}

tx_status tx_plugin_open(const tx_section *section, tx_pool *pool, tx_error *error, const tx_component **out)
{
    const char *path = tx_get_string(section, "library");
    const tx_plugin *plugin = NULL;
    const tx_component *own = NULL;
    tx_error local = {0};
    if (!path) { /* of a section that this command does not need */
        *out = tx_section_component(section);
        return TX_OK;
    }
    tx_status status = tx_plugin_load(path, &local, &plugin);
    if (status != TX_OK) {
        return tx_section_error(section, "library", error, status, "%s", local.message);
    }
    TX_TRY(find(section, plugin, error, &own));
    status = open(tx_section_component(section), own, pool, &local, out);
    return status == TX_OK
               ? TX_OK
               : tx_section_error(section, "library", error, status, "'%s' of '%s': %s", own->name, path, local.message);
}

tx_status tx_plugin_check(const tx_section *section, const char *what, int code, const tx_error *told, tx_error *error)
{
    const bool known = code == TX_OK || code == TX_FAILURE || code == TX_INVALID || code == TX_BAD_DATA;
    const tx_status status = known ? (tx_status)code : TX_FAILURE;
    const char *message = told->message;
    if (status == TX_OK) {
        return TX_OK;
    }
    if (!*message) {
        return tx_section_error(section, NULL, error, status, "%s of '%s' failed with code %d", what, tx_plugin_name(section),
                                code);
    }
    return tx_section_blame(section, status, message, error);
}

/* ---- Ranks ---- */

static tx_status check_ranks(const tx_section *section, const tx_parallel *parallel, int ranks, tx_error *error)
{
    const int all = tx_parallel_size(parallel);
    return all % ranks ? tx_section_error(section, "ranks", error, TX_INVALID,
                                          "%d ranks are to make each call of '%s' together, and the %d rank%s here cannot be "
                                          "divided into groups of so many",
                                          ranks, tx_plugin_name(section), all, all == 1 ? "" : "s")
                       : TX_OK;
}

static tx_status check_parallel(const tx_section *section, const tx_plugin_map *map, tx_error *error)
{
    return map->function.parallel
               ? TX_OK
               : tx_section_error(section, "ranks", error, TX_INVALID,
                                  "'%s' is not made for several ranks: its function does not say that it is parallel",
                                  tx_plugin_name(section));
}

static int ranks_of(const tx_section *section)
{
    return tx_knows(section, "ranks") ? (int)tx_get_integer(section, "ranks") : 1;
}

static tx_status join(const tx_section *section, tx_parallel *parallel, tx_error *error)
{
    opened *o = opened_of(section);
    const int ranks = ranks_of(section);
    membership *more = NULL;
    tx_error local = {0};
    if (ranks == 1 || (o->membership && tx_joined_is_of(o->membership->joined, parallel))) {
        return TX_OK;
    }
    TX_TRY(check_parallel(section, o->own->implementation, error));
    TX_TRY(check_ranks(section, parallel, ranks, error));
    tx_status status = tx_parallel_agree(parallel, tx_allocate(sizeof *more, &local, &more), &local);
    status = status ? status : tx_joined_create(parallel, ranks, &local, &more->joined);
    if (status != TX_OK) {
        tx_free(more);
        return tx_section_error(section, "ranks", error, status, "%s", local.message);
    }
    more->before = o->membership;
    o->membership = more;
    return TX_OK;
}

/* Of a shared object that has been opened. */
static bool is_opened(const tx_section *section)
{
    return !strcmp(tx_section_name(section), "plugin") && tx_knows(section, "library") && tx_get_string(section, "library");
}

static bool is_left_out(const tx_section *section, bool with_data)
{
    return !with_data && tx_section_component(section)->kind == TX_KIND_DATA;
}

tx_status tx_plugin_join(tx_parallel *parallel, const tx_section *section, bool with_data, tx_error *error)
{
    if (is_left_out(section, with_data)) {
        return TX_OK;
    }
    TX_TRY(is_opened(section) ? join(section, parallel, error) : TX_OK);
    for (int k = 0; k < section->count; k++) {
        const tx_value *value = &section->values[k];
        const bool list = value->form == TX_FORM_OWN && value->option->type == TX_TYPE_SECTIONS;
        TX_TRY(value->form == TX_FORM_SECTION ? tx_plugin_join(parallel, value->section, with_data, error) : TX_OK);
        for (int i = 0; list && i < value->count; i++) {
            TX_TRY(tx_plugin_join(parallel, value->sections[i], with_data, error));
        }
    }
    return TX_OK;
}

/* ---- Functions ---- */

/* What create is given: the author's table, and who makes its calls. */
static tx_status begin(const tx_section *section, const opened *o, made *m, tx_error *error)
{
    const tx_plugin_map *map = o->own->implementation;
    m->function = map->function;
    m->alone = (tx_function_owner){.ranks = {.size = 1, .communicator = -1}, .library = tx_get_string(section, "library")};
    m->function.ranks = &m->alone.ranks;
    TX_TRY(ranks_of(section) == 1 ? TX_OK : check_parallel(section, map, error));
    return m->joined ? tx_shared_function_create(o->membership->joined, m->alone.library, &m->function, error, &m->shared) : TX_OK;
}

static tx_status make(const tx_section *section, const opened *o, made *m, tx_error *error)
{
    const tx_component *own = o->own;
    const tx_plugin_map *map = own->implementation;
    TX_TRY(begin(section, o, m, error));
    const tx_ranks *ranks = m->function.ranks;
    if (map->create) {
        tx_error told = {0};
        tx_plugin_enter(section, "create", false);
        const int code = map->create(section, m->shape, m->states, &told, &m->function);
        tx_plugin_leave(false);
        TX_TRY(tx_plugin_check(section, "create", code, &told, error));
    }
    m->function.ranks = ranks;
    m->function.name = m->function.name ? m->function.name : own->name;
    return tx_function_can(&m->function, TX_FORWARD)
               ? TX_OK
               : tx_section_error(section, "library", error, TX_BAD_DATA, "'%s' has no forward", own->name);
}

tx_status tx_plugin_function(const tx_section *section, tx_shape shape, int states, tx_error *error, const tx_function **out)
{
    opened *o = opened_of(section);
    const tx_joined *joined = o->membership ? o->membership->joined : NULL;
    made *m = o->made;
    while (m && !(m->states == states && m->joined == joined && tx_shape_equal(&m->shape, &shape))) {
        m = m->before;
    }
    if (!m) {
        TX_TRY(tx_allocate(sizeof *m, error, &m));
        m->shape = shape;
        m->states = states;
        m->joined = joined;
        const tx_status status = make(section, o, m, error);
        if (status != TX_OK) {
            tx_shared_function_destroy(m->shared);
            tx_free(m);
            return status;
        }
        if (m->shared) {
            tx_shared_function_open(m->shared);
        }
        m->before = o->made;
        o->made = m;
    }
    *out = &m->function;
    return TX_OK;
}

/* All parameters in every sample: a dense layer of a number that is there, with weights of zero and them as its bias. */
static tx_node spread(tx_graph *graph, tx_node parameters)
{
    const int64_t count = tx_node_shape(graph, parameters).channels;
    const tx_convolution dense = {.out_channels = count, .groups = 1};
    tx_error error = {0};
    double *zeros;
    if (tx_allocate_array((size_t)count, sizeof *zeros, &error, &zeros) != TX_OK) {
        return tx_graph_stick(graph, &error);
    }
    const tx_node y = tx_convolve(graph, tx_batch_size(graph), &dense, tx_constant(graph, zeros, count), parameters);
    tx_free(zeros);
    return y;
}

tx_node tx_plugin_apply(const tx_section *section, tx_graph *graph, const tx_node *states, int count, tx_node parameters,
                        tx_shape result)
{
    const tx_function *function;
    tx_error error = {0};
    tx_node x = states[0];
    if (tx_plugin_function(section, tx_node_shape(graph, x), count, &error, &function) != TX_OK) {
        return tx_graph_stick(graph, &error);
    }
    for (int k = 1; k < count; k++) {
        x = tx_concatenate(graph, x, states[k]);
    }
    if (parameters != TX_NONE) {
        x = tx_concatenate(graph, tx_flatten(graph, x), spread(graph, parameters));
    }
    return tx_call(graph, x, result, function);
}
