/* The components of a shared object by themselves: on smooth states of some shape that they take. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checking/checking.h"
#include "component/buffer.h"
#include "plugin/plugin.h"

enum { STATES = 16 };

/* The first that a component takes is what it is checked on. */
static const tx_shape shapes[] = {{1, 1, {64}}, {1, 2, {16, 16}}, {2, 2, {16, 16}}, {3, 1, {64}},      {3, 0, {0}},
                                  {2, 1, {64}}, {3, 2, {16, 16}}, {4, 2, {16, 16}}, {1, 3, {8, 8, 8}}, {3, 3, {8, 8, 8}}};
enum { NUM_SHAPES = sizeof shapes / sizeof *shapes };

/* 1 + a few waves, of each channel others; without axes those of one point. */
static void fill_level(const tx_shape *shape, const double *drawn, double *level)
{
    enum { WAVES = 3 };
    const int64_t points = tx_shape_points(shape);
    for (int64_t k = 0; k < shape->channels * points; k++) {
        int64_t rest = k % points;
        double phase = 0;
        level[k] = 1;
        for (int d = shape->axes - 1; d >= 0; rest /= shape->n[d], d--) {
            phase += (double)(rest % shape->n[d]) / (double)shape->n[d];
        }
        for (int wave = 1; wave <= WAVES; wave++) {
            const double *of_channel = drawn + (k / points * WAVES + wave - 1) % STATES;
            level[k] += 0.2 / wave * of_channel[0] * sin(2 * M_PI * wave * phase + of_channel[1]);
        }
    }
}

static tx_status make_states(tx_shape shape, tx_error *error, tx_states *out)
{
    const tx_random random = {TX_STREAM_PARTITIONABLE, TX_FLOAT64};
    tx_states states = {.shape = shape, .count = STATES, .level = shape.channels * tx_shape_points(&shape)};
    double drawn[4 * STATES];
    TX_TRY(tx_allocate_array((size_t)(2 * STATES * states.level), sizeof *states.pairs, error, &states.pairs));
    tx_random_normal(random, tx_key_make(random, 0), 4 * STATES, drawn);
    for (int k = 0; k < 2 * STATES; k++) {
        fill_level(&shape, drawn + k, states.pairs + k * states.level);
    }
    *out = states;
    return TX_OK;
}

/* ---- A component as a section ---- */

/* In single quotes. */
static void add_quoted(tx_buffer *text, const char *word)
{
    tx_buffer_add(text, "'");
    for (; *word; word++) {
        tx_buffer_add(text, *word == '\'' ? "''" : "%c", *word);
    }
    tx_buffer_add(text, "'");
}

static tx_status write_section(const tx_component *component, const tx_plugin_choice *what, const char *path, tx_error *error,
                               char **out)
{
    tx_buffer text = {.error = error};
    bool keyed = component->kind != TX_KIND_NETWORK;
    tx_buffer_add(&text, "{type: plugin, component: %s, library: ", component->name);
    add_quoted(&text, path);
    for (int k = 0; k < what->num_overrides; k++) {
        const int name = (int)strcspn(what->overrides[k], "=");
        keyed |= strncmp(what->overrides[k], "key=", 4) == 0;
        tx_buffer_add(&text, ", %.*s: %s", name, what->overrides[k], what->overrides[k] + name + (what->overrides[k][name] == '='));
    }
    tx_buffer_add(&text, keyed ? "}" : ", key: 0}");
    return tx_buffer_finish(&text, out);
}

static tx_status read_section(const tx_registry *registry, const tx_component *component, const tx_plugin_choice *what,
                              tx_error *error, tx_config **out)
{
    char path[PATH_MAX], *text;
    if (!realpath(what->path, path)) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' cannot be read", what->path);
    }
    TX_TRY(write_section(component, what, path, error, &text));
    const tx_status status = tx_section_read(registry, component->kind, what->path, text, error, out);
    tx_free(text);
    return status;
}

/* ---- Checks ---- */

static bool refuses_shape(const tx_rows *rows)
{
    return rows->count == 1 && rows->rows[0].finding.verdict == TX_WRONG;
}

static tx_status check_on(tx_checked *checked, tx_shape shape, tx_table *table, tx_error *error, tx_rows **rows)
{
    tx_states states;
    TX_TRY(make_states(shape, error, &states));
    checked->states = &states;
    const tx_status status = tx_check_component(checked, table, error, rows);
    checked->states = NULL;
    tx_states_free(&states);
    return status;
}

/* On the shape that is given, or the first that it takes. */
static tx_status check_section(tx_checked *checked, const tx_plugin_choice *what, tx_table *table, tx_error *error, tx_rows **rows)
{
    if (tx_is_source(checked->section)) {
        return tx_check_component(checked, table, error, rows);
    }
    TX_TRY(check_on(checked, what->shape.channels ? what->shape : shapes[0], table, error, rows));
    for (int k = 1; k < NUM_SHAPES && !what->shape.channels && refuses_shape(*rows); k++) {
        tx_rows *others;
        TX_TRY(check_on(checked, shapes[k], table, error, &others));
        tx_rows *const worse = refuses_shape(others) ? others : *rows;
        *rows = worse == others ? *rows : others;
        tx_free(worse);
    }
    return TX_OK;
}

static tx_status check_component(const tx_registry *registry, const tx_component *component, const tx_plugin_choice *what,
                                 tx_table *table, tx_error *error)
{
    const tx_random random = {TX_STREAM_PARTITIONABLE, what->precision};
    char path[TX_SUBJECT_NAME];
    tx_rows *rows;
    tx_config *config;
    TX_TRY(read_section(registry, component, what, error, &config));
    snprintf(path, sizeof path, "%s/%s", tx_kind_name(component->kind), component->name);
    tx_checked checked = {.path = path, .section = tx_config_root(config), .random = random, .isa = tx_isa_count() - 1};
    table->checked = &checked;
    const tx_status status = check_section(&checked, what, table, error, &rows);
    if (status == TX_OK) {
        tx_table_end(table, rows);
        tx_free(rows);
    }
    tx_config_destroy(config);
    return status;
}

static bool is_wanted(const tx_component *component, const char *wanted)
{
    const char *kind = tx_kind_name(component->kind);
    const size_t length = strlen(kind);
    return (tx_is_checked(component->kind) || component->kind == TX_KIND_DATA) &&
           (!wanted || strcmp(wanted, component->name) == 0 ||
            (strncmp(wanted, kind, length) == 0 && wanted[length] == '/' && strcmp(wanted + length + 1, component->name) == 0));
}

tx_status tx_check_plugin(const tx_registry *registry, const tx_plugin_choice *what, FILE *out, tx_error *error)
{
    tx_table table = {.file = out};
    const tx_plugin *plugin;
    int checked = 0;
    TX_TRY(tx_plugin_load(what->path, error, &plugin));
    for (const tx_component *const *c = plugin->components; *c; c++) {
        if (is_wanted(*c, what->component)) {
            TX_TRY(check_component(registry, *c, what, &table, error));
            checked++;
        }
    }
    return !checked ? tx_error_set(error, TX_INVALID, "'%s' has no network, stepper, residuum, loss or data source%s%s", what->path,
                                   what->component ? " that is called " : "", what->component ? what->component : "")
                    : tx_error_set(error, table.wrong.status, "%s", table.wrong.message);
}
