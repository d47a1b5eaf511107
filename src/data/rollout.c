/* Trajectories of a stepper, from random initial states. The stepper is a tensor program of one step, run on blocks of
 * samples; a level goes straight from its place in the caller's array to the next one.
 *
 * A rank that reads levels of the middle of a trajectory computes those before them too; read in order, a trajectory goes on
 * where the last call stopped. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "data/initial.h"
#include "data/options.h"
#include "trainax/data.h"
#include "trainax/physics.h"
#include "trainax/plan.h"

enum { MAX_BLOCK = 32, MAX_CHANNELS = 8 };

/* The instruction set that every machine has: ranks on different machines compute parts of the same trajectories, and a run that
 * is resumed elsewhere must find the same data. */
enum { COMMON_ISA = 0 };

typedef struct rollout {
    const tx_section *stepper;
    int64_t warmup;
    tx_initial *initial;
    tx_plan *plan; /* of one step */
    tx_parameters nothing;
    tx_values *values;
    tx_workspace *workspace;
    int block;
    size_t bytes;                        /* of a level */
    char *scratch;                       /* (block, 2) levels: where the last two lie that are not asked for */
    void *kept;                          /* where the last read stopped in the middle of a trajectory, */
    int64_t kept_trajectory, kept_level; /* -1: nowhere */
} rollout;

/* ---- Which states ---- */

/* What the user has written. */
typedef struct wanted {
    int64_t channels, axes; /* -1: whatever the stepper takes */
    int num_points;
    const int64_t *points;
} wanted;

static tx_status read_wanted(const tx_section *section, tx_error *error, wanted *out)
{
    wanted w = {.channels = -1, .axes = -1};
    w.num_points = tx_get_integers(section, "num_points", &w.points);
    if (tx_has(section, "num_channels")) {
        w.channels = tx_get_integer(section, "num_channels");
    }
    if (w.num_points > 1) {
        w.axes = w.num_points;
    }
    if (tx_has(section, "num_spatial_dims")) {
        w.axes = tx_get_integer(section, "num_spatial_dims");
    }
    if (w.num_points > TX_MAX_AXES || (w.num_points > 1 && w.num_points != w.axes)) {
        return tx_section_error(section, "num_points", error, TX_INVALID,
                                "%d numbers of points: there must be one for all axes, or one for each of 2 or 3", w.num_points);
    }
    *out = w;
    return TX_OK;
}

static tx_shape state_of(const wanted *w, int axes, int64_t channels)
{
    tx_shape state = {.channels = channels, .axes = axes};
    for (int d = 0; d < axes; d++) {
        state.n[d] = w->num_points ? w->points[w->num_points > 1 ? d : 0] : 1;
    }
    return state;
}

/* The first shape that the stepper takes: few channels before many; one axis, two, three, none. */
static bool find_state(const tx_section *stepper, const wanted *w, tx_shape *out)
{
    static const int axes[] = {1, 2, 3, 0};
    for (int k = 0; k < 4; k++) {
        for (int64_t channels = w->channels < 0 ? 1 : w->channels; channels <= (w->channels < 0 ? MAX_CHANNELS : w->channels);
             channels++) {
            tx_error ignored = {0};
            *out = state_of(w, axes[k], channels);
            if ((w->axes < 0 || w->axes == axes[k]) && tx_stepper_check(stepper, *out, &ignored) == TX_OK) {
                return true;
            }
        }
    }
    return false;
}

static tx_status choose_state(const tx_section *section, const tx_section *stepper, tx_error *error, tx_shape *out)
{
    wanted w;
    TX_TRY(read_wanted(section, error, &w));
    if (!find_state(stepper, &w, out)) { /* says what is wrong with the one that was asked for */
        TX_TRY(tx_stepper_check(stepper, state_of(&w, w.axes < 0 ? 1 : (int)w.axes, w.channels < 0 ? 1 : w.channels), error));
    }
    if (out->axes && !w.num_points) {
        return tx_section_error(section, "num_points", error, TX_INVALID, "missing: the states of %s have spatial axes",
                                tx_section_name(stepper));
    }
    return TX_OK;
}

/* ---- Creation ---- */

static tx_status make_program(const rollout *r, tx_precision precision, tx_shape state, int block, tx_error *error,
                              tx_plan **out)
{
    tx_graph *graph;
    TX_TRY(tx_graph_create(error, &graph));
    const tx_node next = tx_stepper_apply(r->stepper, graph, tx_window(graph, 0, state));
    const tx_plan_options options = {
        .precision = precision, .isa = COMMON_ISA, .block = block, .loss = -1, .outputs = &next, .num_outputs = 1};
    tx_status status = tx_graph_status(graph, error);
    if (status == TX_OK) {
        status = tx_plan_create(graph, &options, error, out);
    }
    tx_graph_destroy(graph);
    return status;
}

static tx_status plan(rollout *r, tx_data_source *source, tx_error *error)
{
    const tx_shape state = source->shape.state;
    const tx_precision precision = source->random.precision;
    TX_TRY(make_program(r, precision, state, 1, error, &r->plan));
    r->block = tx_block_size(state, source->shape.num_trajectories, tx_plan_get_cost(r->plan).flops);
    r->block = r->block < MAX_BLOCK ? r->block : MAX_BLOCK;
    tx_plan_destroy(r->plan);
    r->plan = NULL;
    TX_TRY(make_program(r, precision, state, r->block, error, &r->plan));
    const tx_plan_cost cost = tx_plan_get_cost(r->plan);
    source->working = r->initial->bytes + cost.workspace_bytes + cost.room_bytes + (2 * (size_t)r->block + 1) * r->bytes;
    return TX_OK;
}

static tx_status prepare(tx_data_source *source, tx_error *error)
{
    rollout *r = source->state;
    TX_TRY(tx_initial_prepare(r->initial, error));
    TX_TRY(tx_values_create(r->plan, &r->nothing, error, &r->values));
    TX_TRY(tx_workspace_create(r->plan, 1, error, &r->workspace));
    TX_TRY(tx_allocate_array(2 * (size_t)r->block, r->bytes, error, &r->scratch));
    TX_TRY(tx_allocate(r->bytes, error, &r->kept));
    return TX_OK;
}

/* A number that the stepper knows and the source may want (dt); 0 where it has none of that name. */
static double stepper_number(const tx_section *stepper, const char *name)
{
    const tx_option *options = tx_section_component(stepper)->options;
    for (const tx_option *option = options; option && option->name; option++) {
        if (!strcmp(option->name, name) && option->type == TX_TYPE_REAL) {
            return tx_get_real(stepper, name);
        }
    }
    return 0.0;
}

static tx_status create(const tx_section *section, tx_random random, tx_error *error, tx_data_source *source)
{
    rollout *r;
    TX_TRY(tx_allocate(sizeof *r, error, &r));
    source->state = r;
    *r = (rollout){.stepper = tx_get_section(section, "stepper"),
                   .warmup = tx_get_integer(section, "num_warmup_steps"),
                   .kept_trajectory = -1};
    TX_TRY(choose_state(section, r->stepper, error, &source->shape.state));
    source->shape.num_trajectories = tx_get_integer(section, "num_samples");
    source->shape.num_levels = tx_get_integer(section, "temporal_horizon");
    source->shape.domain_extent = stepper_number(r->stepper, "domain_extent");
    if (!tx_has(section, "dt")) {
        source->shape.dt = stepper_number(r->stepper, "dt");
    }
    TX_TRY(tx_data_check_size(source, error));
    r->bytes = (size_t)tx_data_level_size(&source->shape) * tx_real_bytes(random.precision);
    TX_TRY(tx_initial_create(tx_get_section(section, "initial_condition"), random,
                             tx_key_from_spec(random, tx_get_key(section, "key")), source->shape.state, error, &r->initial));
    TX_TRY(tx_memory_check(r->initial->bytes + 3 * r->bytes, error)); /* a stepper's weights may be as long as a state */
    return plan(r, source, error);
}

static void destroy(tx_data_source *source)
{
    rollout *r = source->state;
    if (r) {
        tx_initial_destroy(r->initial);
        tx_values_destroy(r->values);
        tx_workspace_destroy(r->workspace);
        tx_plan_destroy(r->plan);
        tx_free(r->scratch);
        tx_free(r->kept);
    }
}

/* ---- Reading ---- */

/* A sample under way: levels from `first` on (before `stop`) are wanted, and lie one behind the other from `out` on. */
typedef struct lane {
    int64_t level, first, stop;
    char *out, *scratch;
} lane;

static char *place(const rollout *r, const lane *lane, int64_t level)
{
    return level < lane->first ? lane->scratch + (size_t)(level & 1) * r->bytes
                               : lane->out + (size_t)(level - lane->first) * r->bytes;
}

static void begin(rollout *r, int64_t trajectory, lane *lane)
{
    if (trajectory == r->kept_trajectory && r->kept_level <= lane->first) {
        lane->level = r->kept_level;
        memcpy(place(r, lane, lane->level), r->kept, r->bytes);
    } else {
        lane->level = -r->warmup;
        tx_initial_draw(r->initial, trajectory, place(r, lane, lane->level));
    }
}

/* One step of all lanes that have one to go; false when there is none. */
static bool advance(rollout *r, lane *lanes, int count, bool *failed)
{
    const void *now[MAX_BLOCK];
    void *next[MAX_BLOCK], *const *const outputs[1] = {next};
    tx_run_input input = {.windows = now, .batch_size = 1};
    for (int k = 0; k < count; k++) {
        if (lanes[k].level + 1 < lanes[k].stop) {
            now[input.count] = place(r, &lanes[k], lanes[k].level);
            next[input.count++] = place(r, &lanes[k], ++lanes[k].level);
        }
    }
    tx_run_output output = {.outputs = outputs};
    tx_error ignored = {0};
    *failed = input.count && (tx_values_run(r->values, r->workspace, &input, &output, &ignored) || output.failed);
    return input.count && !*failed;
}

static void keep(rollout *r, int64_t trajectory, const lane *lane, int64_t num_levels)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the last lane, of one at least */
    r->kept_trajectory = lane->stop < num_levels ? trajectory : -1;
    r->kept_level = lane->stop - 1;
    if (r->kept_trajectory >= 0) {
        memcpy(r->kept, place(r, lane, r->kept_level), r->bytes);
    }
}

static tx_status read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    rollout *r = source->state;
    const int64_t levels = source->shape.num_levels, end = first_level + num_levels;
    for (int64_t trajectory = first_level / levels; trajectory * levels < end;) {
        lane lanes[MAX_BLOCK];
        int count = 0;
        bool failed;
        for (; count < r->block && trajectory * levels < end; count++, trajectory++) {
            const int64_t start = trajectory * levels, before = start < first_level ? first_level - start : 0;
            lanes[count] = (lane){.first = before,
                                  .stop = end - start < levels ? end - start : levels,
                                  .out = (char *)out + (size_t)(start + before - first_level) * r->bytes,
                                  .scratch = r->scratch + 2 * (size_t)count * r->bytes};
            begin(r, trajectory, &lanes[count]);
        }
        while (advance(r, lanes, count, &failed)) {
        }
        if (failed) {
            return tx_section_error(r->stepper, NULL, error, TX_BAD_DATA, "the stepper failed on a state of the rollout");
        }
        keep(r, trajectory - 1, &lanes[count - 1], levels);
    }
    return TX_OK;
}

static const tx_data_class rollout_class = {.create = create, .prepare = prepare, .read = read, .destroy = destroy};

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
    TX_OPTION_COUNT("num_samples", "20", "trajectories", 1, "trajectories, each from its own initial state"),
    TX_OPTION_COUNT("temporal_horizon", "100", "levels", 1, "stored time levels, the first one included"),
    TX_OPTION_COUNT("num_warmup_steps", "0", "steps", 0, "steps from the random initial state to the first stored level"),
    TX_OPTION_DATA_KEY("random key of the initial states"),
    {0},
};

const tx_component tx_data_rollout = {
    .kind = TX_KIND_DATA,
    .name = "rollout",
    .summary = "trajectories of a stepper from random initial states",
    .options = options,
    .implementation = &rollout_class,
};
