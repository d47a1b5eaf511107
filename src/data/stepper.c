/* Trajectories of a stepper, from random initial states. The stepper is a tensor program of one step, run on blocks of
 * samples; a level goes straight from its place in the caller's array to the next one.
 *
 * A rank that reads levels of the middle of a trajectory computes those before them too; read in order, a trajectory goes on
 * where the last call stopped. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "data/initial.h"
#include "data/options.h"
#include "data/trajectory.h"
#include "trainax/physics.h"
#include "trainax/plan.h"

enum { MAX_CHANNELS = 8 };

typedef struct worker { /* what a thread needs */
    tx_initial *initial;
    tx_workspace *workspace;
    char *scratch; /* (block, 2) levels: where the last two lie that are not asked for */
} worker;

typedef struct place {         /* in the middle of a trajectory */
    int64_t trajectory, level; /* -1: nowhere */
    void *state;
} place;

typedef struct rollout {
    tx_stepper *stepper;
    int64_t warmup;
    tx_plan *plan; /* of one step */
    tx_parameters nothing;
    tx_values *values;
    int block;
    size_t bytes; /* of a level */
    int num_workers;
    worker *workers;
    place before, now; /* where the last read stopped, and where this one does */
    char *force;       /* (levels) of the stepper that reads one a step; else NULL */
} rollout;

/* ---- Which states ---- */

/* What the user has written, here or in the stepper. */
typedef struct wanted {
    int64_t channels, axes; /* -1: whatever the stepper takes */
    int num_points;
    const int64_t *points;
    int64_t stepper_points;
} wanted;

static tx_status read_wanted(const tx_section *section, tx_error *error, wanted *w)
{
    int64_t axes;
    *w = (wanted){.channels = -1};
    tx_stepper_space(tx_get_section(section, "stepper"), &axes, &w->stepper_points);
    w->axes = axes ? axes : -1;
    w->num_points = tx_get_integers(section, "num_points", &w->points);
    if (!w->num_points && w->stepper_points) {
        w->num_points = 1;
        w->points = &w->stepper_points;
    }
    if (tx_has(section, "num_channels")) {
        w->channels = tx_get_integer(section, "num_channels");
    }
    if (w->num_points > 1) {
        w->axes = w->num_points;
    }
    if (tx_has(section, "num_spatial_dims")) {
        w->axes = tx_get_integer(section, "num_spatial_dims");
    }
    return w->num_points > TX_MAX_AXES || (w->num_points > 1 && w->num_points != w->axes)
               ? tx_section_error(section, "num_points", error, TX_INVALID,
                                  "%d numbers of points: there must be one for all axes, or one for each of 2 or 3", w->num_points)
               : TX_OK;
}

static tx_shape state_of(const wanted *w, int axes, int64_t channels)
{
    tx_shape state = {.channels = channels, .axes = axes};
    for (int d = 0; d < axes; d++) {
        state.n[d] = w->num_points ? w->points[w->num_points > 1 ? d : 0] : 1;
    }
    return state;
}

/* For the first shape that the section's stepper takes: few channels before many; one axis, two, three, none. *out stays NULL where
 * it takes none; a failure is of another kind. */
static tx_status find_stepper(const tx_section *section, const wanted *w, tx_error *error, tx_shape *state, tx_stepper **out)
{
    static const int axes[] = {1, 2, 3, 0};
    for (int k = 0; k < 4; k++) {
        for (int64_t channels = w->channels < 0 ? 1 : w->channels; channels <= (w->channels < 0 ? MAX_CHANNELS : w->channels);
             channels++) {
            tx_error local = {0};
            *state = state_of(w, axes[k], channels);
            const bool fits = w->axes < 0 || w->axes == axes[k];
            const tx_status status = fits ? tx_stepper_create_forced(section, *state, &local, out) : TX_INVALID;
            if (status != TX_INVALID) {
                return status ? tx_error_set(error, status, "%s", local.message) : TX_OK;
            }
        }
    }
    return TX_OK;
}

static tx_status create_stepper(const tx_section *section, tx_error *error, tx_shape *state, tx_stepper **out)
{
    const tx_section *stepper = tx_get_section(section, "stepper");
    const int64_t made = tx_initial_channels(tx_get_section(section, "initial_condition"));
    wanted w;
    TX_TRY(read_wanted(section, error, &w));
    wanted first = w;
    first.channels = w.channels < 0 ? made : w.channels;
    TX_TRY(find_stepper(stepper, &first, error, state, out));
    TX_TRY(*out ? TX_OK : find_stepper(stepper, &w, error, state, out));
    if (!*out) { /* says what is wrong with the one that was asked for */
        *state = state_of(&w, w.axes < 0 ? 1 : (int)w.axes, w.channels < 0 ? 1 : w.channels);
        TX_TRY(tx_stepper_create_forced(stepper, *state, error, out));
    }
    if (state->axes && !w.num_points) {
        return tx_section_error(section, "num_points", error, TX_INVALID, "missing: the states of %s have spatial axes",
                                tx_section_name(stepper));
    }
    return TX_OK;
}

/* ---- Creation ---- */

static tx_status make_plan(const rollout *r, const tx_data_source *source, int block, tx_error *error, tx_plan **out)
{
    tx_graph *graph;
    TX_TRY(tx_graph_create(error, &graph));
    const tx_node next = tx_stepper_apply(r->stepper, graph, tx_window(graph, 0, source->whole.state));
    const tx_plan_options options = {.precision = source->setup.random.precision,
                                     .isa = source->setup.isa,
                                     .block = block,
                                     .loss = -1,
                                     .outputs = &next,
                                     .num_outputs = 1};
    tx_status status = tx_graph_status(graph, error);
    if (status == TX_OK) {
        status = tx_plan_create(graph, &options, error, out);
    }
    tx_graph_destroy(graph);
    TX_TRY(status);
    tx_error local = {0};
    const bool forced = tx_stepper_scheme(r->stepper)->force_levels > 1;
    status = forced ? TX_OK : tx_beside_check(&source->whole, tx_plan_numbers(*out), &local);
    return status ? tx_section_error(tx_get_section(source->section, "stepper"), NULL, error, status, "%s", local.message) : TX_OK;
}

/* One for each thread; what the first takes, all do. */
static tx_status create_initials(rollout *r, tx_data_source *source, tx_error *error)
{
    const tx_random random = source->setup.random;
    const tx_section *section = tx_get_section(source->section, "initial_condition");
    const tx_key key = tx_key_from_spec(random, tx_get_key(source->section, "key"));
    const tx_plan_cost cost = tx_plan_get_cost(r->plan);
    r->num_workers = tx_generator_threads(source, r->block);
    source->together = r->num_workers * r->block;
    TX_TRY(tx_allocate_array((size_t)r->num_workers, sizeof *r->workers, error, &r->workers));
    for (int k = 0; k < r->num_workers; k++) {
        TX_TRY(tx_initial_create(section, random, key, source->whole.state, error, &r->workers[k].initial));
    }
    source->working =
        (size_t)r->num_workers * (tx_initial_bytes(r->workers->initial) + cost.workspace_bytes + 2 * (size_t)r->block * r->bytes) +
        cost.room_bytes + (2 + (size_t)tx_stepper_scheme(r->stepper)->force_levels) * r->bytes;
    return TX_OK;
}

/* On one axis about as many as a vector has lanes: transforms fill these with samples. */
static int block_size(const tx_data_shape *shape, double flops)
{
    enum { LANES = 16, MOST_POINTS = 1024 };
    const int64_t samples = shape->num_trajectories, blocks = (samples + LANES - 1) / LANES;
    const bool line = shape->state.axes == 1 && shape->state.n[0] <= MOST_POINTS;
    const int block = line ? (int)((samples + blocks - 1) / blocks) : tx_block_size(shape->state, samples, flops);
    return block < TX_MOST_TOGETHER ? block : TX_MOST_TOGETHER;
}

static tx_status plan(rollout *r, tx_data_source *source, tx_error *error)
{
    const tx_data_shape *shape = &source->whole;
    TX_TRY(make_plan(r, source, 1, error, &r->plan));
    r->block = block_size(shape, tx_plan_get_cost(r->plan).flops);
    tx_plan_destroy(r->plan);
    r->plan = NULL;
    TX_TRY(make_plan(r, source, r->block, error, &r->plan));
    return create_initials(r, source, error);
}

static tx_status prepare_force(rollout *r, const tx_data_source *source, tx_error *error)
{
    const tx_scheme *scheme = tx_stepper_scheme(r->stepper);
    const int64_t levels = scheme->force_levels > 1 ? scheme->force_levels : 0;
    TX_TRY(levels ? tx_allocate_array((size_t)levels, r->bytes, error, &r->force) : TX_OK);
    for (int64_t k = 0; k < levels * tx_data_level_size(&source->whole); k++) {
        tx_real_put(source->setup.random.precision, r->force, k, scheme->force[k]);
    }
    return TX_OK;
}

static tx_status prepare(tx_data_source *source, tx_error *error)
{
    rollout *r = source->state;
    TX_TRY(tx_values_create(r->plan, &r->nothing, error, &r->values));
    TX_TRY(prepare_force(r, source, error));
    for (int k = 0; k < r->num_workers; k++) {
        worker *w = &r->workers[k];
        TX_TRY(tx_initial_prepare(w->initial, error));
        TX_TRY(tx_workspace_create(r->plan, 1, error, &w->workspace));
        TX_TRY(tx_allocate_array(2 * (size_t)r->block, r->bytes, error, &w->scratch));
    }
    TX_TRY(tx_allocate(r->bytes, error, &r->before.state));
    TX_TRY(tx_allocate(r->bytes, error, &r->now.state));
    return TX_OK;
}

/* Steps have a level of the force each: are there enough? */
static tx_status check_force(const rollout *r, const tx_data_source *source, tx_error *error)
{
    const int64_t levels = tx_stepper_scheme(r->stepper)->force_levels, steps = r->warmup + source->whole.num_levels - 1;
    return levels > 1 && levels < steps ? tx_section_error(tx_get_section(source->section, "stepper"), "force", error, TX_INVALID,
                                                           "%ld levels for %ld steps", (long)levels, (long)steps)
                                        : TX_OK;
}

/* As many samples as are asked for, or there are; and is there a key, if they are drawn? */
static tx_status count_samples(tx_data_source *source, tx_error *error)
{
    enum { USUAL = 20 };
    const tx_section *section = source->section;
    const tx_shape state = source->whole.state;
    tx_initial *initial;
    TX_TRY(
        tx_initial_create(tx_get_section(section, "initial_condition"), source->setup.random, (tx_key){0}, state, error, &initial));
    const int64_t there = tx_initial_samples(initial), usual = there ? there : USUAL;
    const bool lacks_key = !tx_initial_keyless(initial) && !tx_has(section, "key");
    tx_initial_destroy(initial);
    source->whole.num_trajectories = tx_has(section, "num_samples") ? tx_get_integer(section, "num_samples") : usual;
    if (there && source->whole.num_trajectories > there) {
        return tx_section_error(section, "num_samples", error, TX_INVALID, "there are %" PRId64 " initial states in the file",
                                there);
    }
    return lacks_key ? tx_section_error(section, "key", error, TX_INVALID, "is required: initial states are drawn from it") : TX_OK;
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    rollout *r;
    TX_TRY(tx_allocate(sizeof *r, error, &r));
    source->state = r;
    *r = (rollout){.warmup = tx_get_integer(section, "num_warmup_steps"), .before.trajectory = -1};
    TX_TRY(create_stepper(section, error, &source->whole.state, &r->stepper));
    TX_TRY(count_samples(source, error));
    const tx_scheme *scheme = tx_stepper_scheme(r->stepper);
    source->whole.num_levels = tx_get_integer(section, "temporal_horizon");
    source->whole.domain_extent = scheme->domain_extent;
    if (!tx_has(section, "dt")) {
        source->whole.dt = scheme->dt;
    }
    TX_TRY(check_force(r, source, error));
    TX_TRY(tx_data_check_size(source, error));
    r->bytes = (size_t)tx_data_level_size(&source->whole) * tx_real_bytes(source->setup.random.precision);
    return plan(r, source, error);
}

static void destroy(tx_data_source *source)
{
    rollout *r = source->state;
    for (int k = 0; r && r->workers && k < r->num_workers; k++) {
        tx_initial_destroy(r->workers[k].initial);
        tx_workspace_destroy(r->workers[k].workspace);
        tx_free(r->workers[k].scratch);
    }
    if (r) {
        tx_values_destroy(r->values);
        tx_plan_destroy(r->plan);
        tx_stepper_destroy(r->stepper);
        tx_free(r->workers);
        tx_free(r->force);
        tx_free(r->before.state);
        tx_free(r->now.state);
    }
}

/* ---- Reading ---- */

/* A sample under way. Levels that nobody asks for take turns in the scratch. */
typedef struct lane {
    tx_stretch stretch;
    int64_t level;
    char *scratch;
} lane;

static char *where(const rollout *r, const lane *lane, int64_t level)
{
    return level < lane->stretch.first ? lane->scratch + (size_t)(level & 1) * r->bytes
                                       : (char *)lane->stretch.out + (size_t)(level - lane->stretch.first) * r->bytes;
}

static tx_status begin(const rollout *r, tx_initial *initial, lane *lane, tx_error *error)
{
    const tx_stretch *wanted = &lane->stretch;
    if (wanted->trajectory == r->before.trajectory && r->before.level <= wanted->first) {
        lane->level = r->before.level;
        memcpy(where(r, lane, lane->level), r->before.state, r->bytes);
        return TX_OK;
    }
    lane->level = -r->warmup;
    return tx_initial_draw(initial, wanted->trajectory, where(r, lane, lane->level), error);
}

/* After a failure of the stepper's function: each state once more by itself, until the first that it fails on. */
static tx_status blame(const rollout *r, tx_workspace *workspace, const lane *const *moved, tx_run_input all, tx_error *error)
{
    tx_run_output output = {0};
    char what[TX_MESSAGE_SIZE / 2];
    int k = -1;
    while (!output.failed.function && ++k < all.count) {
        tx_run_input one = all;
        one.windows = all.windows + k;
        one.numbers = all.numbers ? all.numbers + k : NULL;
        one.count = 1;
        TX_TRY(tx_values_run(r->values, workspace, &one, &output, error));
    }
    if (!output.failed.function) {
        return tx_error_set(error, TX_BAD_DATA, "the stepper's function failed on a state of the rollout, and not again");
    }
    tx_function_failure_write(&output.failed, what, sizeof what);
    return tx_error_set(error, TX_BAD_DATA,
                        "trajectory %" PRId64 ", the step to level %" PRId64 " (counted from 0): the function %s",
                        moved[k]->stretch.trajectory, moved[k]->level, what);
}

/* One step of all lanes that have one to go; *more: was there any? */
static tx_status advance(const rollout *r, tx_workspace *workspace, lane *lanes, int count, tx_error *error, bool *more)
{
    const void *now[TX_MOST_TOGETHER], *force[TX_MOST_TOGETHER];
    const lane *moved[TX_MOST_TOGETHER];
    void *next[TX_MOST_TOGETHER], *const *const outputs[1] = {next};
    tx_run_input input = {.windows = now, .numbers = r->force ? force : NULL, .batch_size = 1};
    for (int k = 0; k < count; k++) {
        if (lanes[k].level + 1 < lanes[k].stretch.stop) {
            moved[input.count] = &lanes[k];
            force[input.count] = r->force ? r->force + (size_t)(r->warmup + lanes[k].level) * r->bytes : NULL;
            now[input.count] = where(r, &lanes[k], lanes[k].level);
            next[input.count++] = where(r, &lanes[k], ++lanes[k].level);
        }
    }
    tx_run_output output = {.outputs = outputs};
    TX_TRY(input.count ? tx_values_run(r->values, workspace, &input, &output, error) : TX_OK);
    *more = input.count > 0;
    return output.failed.function ? blame(r, workspace, moved, input, error) : TX_OK;
}

/* Only the last trajectory of a read stops in the middle. */
static void keep(rollout *r, const lane *lane, int64_t num_levels)
{
    if (lane->stretch.stop < num_levels) {
        r->now.trajectory = lane->stretch.trajectory;
        r->now.level = lane->stretch.stop - 1;
        memcpy(r->now.state, where(r, lane, r->now.level), r->bytes);
    }
}

enum { NUMBERS_A_LOOK = 1 << 14 };

static tx_status generate(tx_data_source *source, int thread, const tx_stretch *stretches, int count, tx_error *error)
{
    rollout *r = source->state;
    const worker *worker = &r->workers[thread];
    const int64_t rounds_a_look = 1 + NUMBERS_A_LOOK / (count * tx_data_level_size(&source->whole));
    lane lanes[TX_MOST_TOGETHER];
    bool more = true;
    for (int k = 0; k < count; k++) {
        lanes[k] = (lane){.stretch = stretches[k], .scratch = worker->scratch + 2 * (size_t)k * r->bytes};
        TX_TRY(begin(r, worker->initial, &lanes[k], error));
    }
    for (int64_t round = 0; more; round++) {
        tx_error local = {0};
        TX_TRY(round % rounds_a_look ? TX_OK : tx_generator_attend(source, error));
        const tx_status status = advance(r, worker->workspace, lanes, count, &local, &more);
        if (status != TX_OK) {
            return tx_section_error(tx_get_section(source->section, "stepper"), NULL, error, status, "%s", local.message);
        }
    }
    keep(r, &lanes[count - 1], source->whole.num_levels);
    return TX_OK;
}

static tx_status read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    rollout *r = source->state;
    r->now.trajectory = -1;
    const tx_status status = tx_generate_levels(source, generate, r->block, first_level, num_levels, out, error);
    const place stopped = r->now;
    r->now = r->before;
    r->before = stopped;
    return status;
}

/* Diverged: of which stepper, that of a stepper around it included. */
static void locate(const tx_data_source *source, int64_t trajectory, int64_t level, int64_t channel, char *text, size_t bytes)
{
    const tx_section *stepper = tx_get_section(source->section, "stepper");
    (void)channel;
    while (tx_knows(stepper, "stepper")) {
        stepper = tx_get_section(stepper, "stepper");
    }
    snprintf(text, bytes, "the data of rollout: trajectory %" PRId64 ", level %" PRId64 " of the stepper %s", trajectory, level,
             tx_section_name(stepper));
}

static const tx_data_class rollout_class = {
    .create = create, .prepare = prepare, .read = read, .locate = locate, .destroy = destroy};

static const tx_option options[] = {
    {.name = "stepper", .type = TX_TYPE_SECTION, .unit = "", .text = "what advances a state", .kind = TX_KIND_STEPPER},
    {.name = "initial_condition",
     .type = TX_TYPE_SECTION,
     .unit = "",
     .text = "where trajectories begin",
     .kind = TX_KIND_INITIAL_CONDITION},
    {.name = "num_points",
     .type = TX_TYPE_INTEGERS,
     .initial = "null",
     .unit = "points",
     .text = "grid points per spatial axis: one number for all or a list; of no effect where states have no axes",
     .minimum = 1,
     .maximum = 2147483647.0},
    {.name = "num_spatial_dims",
     .type = TX_TYPE_INTEGER,
     .initial = "null",
     .unit = "",
     .text = "spatial axes of a state (null: as many as num_points lists, else the fewest that the stepper takes)",
     .maximum = TX_MAX_AXES,
     .minimum = 0},
    TX_OPTION_COUNT("num_channels", "null", "", 1, "channels of a state (null: the fewest that the stepper takes)"),
    TX_OPTION_COUNT("num_samples", "null", "trajectories", 1,
                    "trajectories, each from its own initial state (null: 20, or all that the initial condition's file has)"),
    TX_OPTION_COUNT("temporal_horizon", "100", "levels", 1, "stored time levels, the first one included"),
    TX_OPTION_COUNT("num_warmup_steps", "0", "steps", 0, "steps from the random initial state to the first stored level"),
    {.name = "key",
     .type = TX_TYPE_KEY,
     .initial = "null",
     .unit = "",
     .text = "random key of the initial states; required where they are drawn"},
    {0},
};

const tx_component tx_data_rollout = {
    .kind = TX_KIND_DATA,
    .name = "rollout",
    .summary = "trajectories of a stepper from random initial states",
    .options = options,
    .implementation = &rollout_class,
};
