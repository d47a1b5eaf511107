/* A stepper of a state that a force has pushed: step(u + dt f). f is the first trajectory of a file: its one level, or a level for
 * each step. */
#include "base/memory.h"
#include "trainax/file.h"
#include "trainax/physics.h"

static const char trajectories[] = "/trajectories";

typedef struct forced {
    tx_stepper *stepper;
    double *force; /* (levels, state) */
} forced;

/* ---- The file ---- */

/* (S, levels, channels, *points) of the states? */
static tx_status check_levels(const tx_scheme *scheme, const tx_array_shape *found, tx_error *error)
{
    const tx_shape *state = &scheme->shape;
    bool same = found->rank == 3 + state->axes && found->size[0] && found->size[1] && found->size[2] == state->channels;
    for (int d = 0; same && d < state->axes; d++) {
        same = found->size[3 + d] == state->n[d];
    }
    return same ? TX_OK
                : tx_section_error(scheme->section, "force", error, TX_INVALID, "its levels have another shape than the states");
}

static tx_status read_levels(tx_scheme *scheme, const tx_file *file, tx_error *error)
{
    forced *f = scheme->tables;
    tx_array_shape found;
    TX_TRY(tx_file_shape(file, trajectories, error, &found));
    TX_TRY(check_levels(scheme, &found, error));
    const int64_t zeros[TX_FILE_MAX_RANK] = {0}, size = scheme->shape.channels * tx_shape_points(&scheme->shape);
    found.size[0] = 1;
    TX_TRY(tx_allocate_array((size_t)(found.size[1] * size), sizeof *f->force, error, &f->force));
    scheme->force = f->force;
    scheme->force_levels = found.size[1];
    const tx_slab slab = {.rank = found.rank, .offset = zeros, .count = found.size};
    return tx_file_read_slab(file, trajectories, &slab, TX_FLOAT64, NULL, f->force, error);
}

/* ---- The stepper ---- */

static tx_status create(tx_scheme *scheme, tx_error *error)
{
    forced *f;
    tx_file *file;
    TX_TRY(tx_allocate(sizeof *f, error, &f));
    scheme->tables = f;
    TX_TRY(tx_stepper_create(tx_get_section(scheme->section, "stepper"), scheme->shape, error, &f->stepper));
    scheme->dt = tx_stepper_scheme(f->stepper)->dt;
    scheme->domain_extent = tx_stepper_scheme(f->stepper)->domain_extent;
    TX_TRY(tx_file_open(tx_get_string(scheme->section, "force"), error, &file));
    const tx_status status = read_levels(scheme, file, error);
    tx_file_close(file);
    return status;
}

static void destroy(tx_scheme *scheme)
{
    const forced *f = scheme->tables;
    if (f) {
        tx_stepper_destroy(f->stepper);
        tx_free(f->force);
    }
}

static tx_node apply(const tx_scheme *scheme, tx_graph *graph, tx_node x)
{
    const forced *f = scheme->tables;
    const tx_node force = scheme->force_levels > 1 ? tx_numbers(graph, 0, scheme->shape) : tx_fixed(graph, scheme->shape, f->force);
    return tx_stepper_apply(f->stepper, graph, tx_add(graph, x, tx_scale(graph, force, scheme->dt)));
}

static const tx_option options[] = {
    {.name = "stepper", .type = TX_TYPE_SECTION, .unit = "", .kind = TX_KIND_STEPPER, .text = "what advances the pushed state"},
    {.name = "force",
     .type = TX_TYPE_PATH,
     .unit = "",
     .text = "trajectories file, whose first trajectory is the force: one level, or (only of data) one for each step"},
    {0},
};

static const tx_stepper_class class_ = {.create = create, .apply = apply, .destroy = destroy};
const tx_component tx_stepper_forced = {.kind = TX_KIND_STEPPER,
                                        .name = "forced_stepper",
                                        .summary = "a stepper of a state that a force has pushed",
                                        .options = options,
                                        .implementation = &class_};
