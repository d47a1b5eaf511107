/* Trajectories of shared objects. */
#include "plugin/plugin.h"

#include <inttypes.h>

#include "base/memory.h"
#include "base/real.h"
#include "data/trajectory.h"

typedef struct plugin {
    const tx_plugin_source *source;
    tx_plugin_trajectories all;
    int64_t level; /* numbers of one */
    int threads;
    double *scratch; /* a trajectory for each thread, where the run is not in double */
} plugin;

static tx_status check(const tx_section *section, const tx_plugin_trajectories *all, tx_error *error)
{
    const tx_shape *state = &all->state;
    bool good = all->num_trajectories > 0 && all->num_levels > 0 && state->channels > 0 && state->axes >= 0;
    good = good && state->axes <= TX_MAX_AXES;
    for (int d = 0; good && d < state->axes; d++) {
        good = state->n[d] > 0;
    }
    return good ? TX_OK
                : tx_section_error(section, "library", error, TX_BAD_DATA, "'%s' gives trajectories of an impossible shape",
                                   tx_get_string(section, "library"));
}

static bool converts(const tx_data_source *source)
{
    return source->setup.random.precision != TX_FLOAT64;
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    plugin *p;
    tx_error told = {0};
    TX_TRY(tx_allocate(sizeof *p, error, &p));
    source->state = p;
    p->source = tx_plugin_implementation(section);
    tx_plugin_enter(section, "create", false);
    const int code = p->source->create(section, &told, &p->all);
    tx_plugin_leave(false);
    TX_TRY(tx_plugin_check(section, "create", code, &told, error));
    TX_TRY(check(section, &p->all, error));
    source->whole.num_trajectories = p->all.num_trajectories;
    source->whole.num_levels = p->all.num_levels;
    source->whole.state = p->all.state;
    source->whole.domain_extent = p->all.domain_extent;
    source->whole.dt = source->whole.dt > 0 ? source->whole.dt : p->all.dt;
    TX_TRY(tx_data_check_size(source, error));
    p->level = tx_data_level_size(&source->whole);
    p->threads = source->together = tx_generator_threads(source, 1);
    source->working = converts(source) ? (size_t)(p->level * p->all.num_levels) * (size_t)p->threads * sizeof(double) : 0;
    return TX_OK;
}

static tx_status prepare(tx_data_source *source, tx_error *error)
{
    plugin *p = source->state;
    return converts(source)
               ? tx_allocate_array((size_t)(p->level * p->all.num_levels), (size_t)p->threads * sizeof(double), error, &p->scratch)
               : TX_OK;
}

static tx_status generate(tx_data_source *source, int thread, const tx_stretch *stretches, int count, tx_error *error)
{
    const plugin *p = source->state;
    const int64_t levels = stretches->stop - stretches->first;
    double *out = converts(source) ? p->scratch + thread * p->level * p->all.num_levels : stretches->out;
    tx_error local = {0};
    (void)count; /* one */
    tx_plugin_enter(source->section, "read", p->source->exclusive);
    const int code = p->source->read(p->all.user, stretches->trajectory, stretches->first, levels, out, &local);
    tx_plugin_leave(p->source->exclusive);
    if (code) {
        return tx_section_error(source->section, NULL, error, TX_BAD_DATA,
                                "trajectory %" PRId64 " (counted from 0): failed with code %d%s%s", stretches->trajectory, code,
                                *local.message ? ": " : "", local.message);
    }
    for (int64_t k = 0; k < levels * p->level && converts(source); k++) {
        tx_real_put(source->setup.random.precision, stretches->out, k, out[k]);
    }
    return TX_OK;
}

static tx_status read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    return tx_generate_levels(source, generate, 1, first_level, num_levels, out, error);
}

static void destroy(tx_data_source *source)
{
    plugin *p = source->state;
    if (p) {
        tx_free(p->scratch);
        if (p->source->destroy) {
            p->source->destroy(p->all.user);
        }
    }
}

static const tx_option options[] = {TX_OPTIONS_PLUGIN, {0}};
static const tx_data_class class_ = {.create = create, .prepare = prepare, .read = read, .destroy = destroy};
const tx_component tx_data_plugin = {.kind = TX_KIND_DATA,
                                     .name = "plugin",
                                     .summary = TX_PLUGIN_SUMMARY,
                                     .options = options,
                                     .implementation = &class_,
                                     .opens = tx_plugin_open};
