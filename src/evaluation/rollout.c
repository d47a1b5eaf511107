/* A stored network, or all of an ensemble, applied again and again, from the first level of every trajectory of a file. */
#include <inttypes.h>
#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "data/beside.h"
#include "data/open.h"
#include "evaluation/members.h"
#include "evaluation/rolled_file.h"
#include "evaluation/spread.h"
#include "parallel/machine.h"
#include "plugin/plugin.h"
#include "problem/budget.h"
#include "problem/constants.h"
#include "problem/losses.h"
#include "problem/network_file.h"
#include "problem/problem.h"

/* How much of the future is kept before it is written. */
enum { BUFFER_BYTES = 32 << 20 };

typedef struct tx_rollout_job {
    tx_parallel *parallel;
    const tx_registry *registry;
    tx_networks networks;
    tx_config *section; /* of the first, which owns its section */
    tx_network *network;
    const char *device; /* NULL: the CPU */
    const tx_backend *backend;
    tx_plan *plan;         /* of one step */
    tx_parameters *shared; /* of each network */
    tx_values **values;
    tx_workspace *workspace;
    tx_file *initial;
    tx_array_shape shape; /* of the initial trajectories */
    tx_precision precision;
    int64_t trajectories, num_steps;
    int given;      /* levels that a network is given */
    int64_t stride; /* of the windows that it was trained on */
    int isa;        /* of the host */
    int block;      /* samples that advance together: from all of them, so that no number of ranks changes a bit */
    tx_shape state;
    size_t level_size, level_bytes;
    char *parameters; /* of all networks */
    char *states;     /* [block][given] levels, as they are read */
    char *buffer;     /* [networks][block][given + chunk] levels: the newest before a chunk, then it */
    char *mean;       /* of several networks: [block][chunk] */
    char *spread;     /* likewise */
    double *numbers;  /* [networks] */
    const void **predictions;
    int64_t chunk;    /* levels */
    tx_opened opened; /* where the numbers beside the trajectories are read, if any are */
    tx_beside beside;
    tx_file_writer *writer;
} tx_rollout_job;

static tx_status read_shape(tx_rollout_job *job, const char *path, tx_error *error)
{
    TX_TRY(tx_file_open(path, error, &job->initial));
    TX_TRY(tx_file_shape(job->initial, "/trajectories", error, &job->shape));
    const tx_array_shape *shape = &job->shape;
    if (!shape->is_float && !shape->is_integer) {
        return tx_error_set(error, TX_BAD_DATA, "%s: /trajectories must be numbers, and are of type %s", path, shape->type);
    }
    if (shape->rank < 3 || shape->rank > 3 + TX_MAX_AXES) {
        return tx_error_set(error, TX_BAD_DATA,
                            "%s: /trajectories has %d ax%s, 3 to %d are needed (samples, levels, channels, points…)", path,
                            shape->rank, shape->rank == 1 ? "is" : "es", 3 + TX_MAX_AXES);
    }
    job->trajectories = shape->size[0];
    job->state = (tx_shape){.channels = shape->size[2], .axes = shape->rank - 3};
    for (int d = 0; d < job->state.axes; d++) {
        job->state.n[d] = shape->size[3 + d];
    }
    job->level_size = (size_t)(job->state.channels * tx_shape_points(&job->state));
    if (job->trajectories < 1 || shape->size[1] < 1 || job->level_size < 1) {
        return tx_error_set(error, TX_BAD_DATA, "%s: /trajectories is empty", path);
    }
    return TX_OK;
}

/* What stands beside the trajectories, if anything does. */
static tx_status open_beside(tx_rollout_job *job, tx_error *error)
{
    const bool any = tx_file_has(job->initial, "/parameters") || tx_file_has(job->initial, "/constant_fields");
    return any ? tx_data_open(job->registry, "file", tx_file_path(job->initial), "levels: ':1'", job->precision, error,
                              &job->opened)
               : TX_OK;
}

/* Are the numbers there that the network reads? */
static tx_status check_beside(const tx_rollout_job *job, tx_error *error)
{
    static const tx_data_shape nothing;
    tx_error local = {0};
    const tx_status status =
        tx_beside_check(job->opened.source ? &job->opened.source->shape : &nothing, tx_plan_numbers(job->plan), &local);
    return status ? tx_error_set(error, status, "%s: %s", tx_file_path(job->initial), local.message) : TX_OK;
}

static tx_status read_network(tx_rollout_job *job, const tx_file *file, const tx_registry *registry, tx_error *error)
{
    TX_TRY(tx_network_file_precision(file, error, &job->precision));
    TX_TRY(tx_network_file_section(file, registry, error, &job->section));
    job->stride = 1;
    return tx_file_has_attribute(file, "/", "dt_stride") ? tx_file_get_integer(file, "/", "dt_stride", error, &job->stride) : TX_OK;
}

static tx_status open_network(tx_rollout_job *job, const tx_registry *registry, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_network_file_open(job->networks.paths[0], error, &file));
    const tx_status status = read_network(job, file, registry, error);
    tx_file_close(file);
    return status;
}

/* The file's bytes must be a number; with the given levels at most so many times those of the steps. */
static tx_status check_steps(const tx_rollout_job *job, tx_error *error)
{
    int64_t bytes;
    const bool over = __builtin_mul_overflow(job->num_steps, job->trajectories, &bytes) ||
                      __builtin_mul_overflow(bytes, (1 + job->given) * (int64_t)job->level_bytes, &bytes);
    return over ? tx_error_set(error, TX_INVALID, "%" PRId64 " steps are more than any file holds", job->num_steps) : TX_OK;
}

static tx_status open_backend(tx_rollout_job *job, tx_error *error)
{
    const tx_backend_options options = {
        .isa = job->isa, .precision = job->precision, .device = job->device, .rank = tx_parallel_machine_rank(job->parallel)};
    return tx_backend_open(job->device ? "opencl" : NULL, &options, error, &job->backend);
}

/* Levels that are kept of each in the buffers: one a network, of several also their mean and spread. */
static int held(const tx_rollout_job *job)
{
    return job->networks.count + 2 * job->networks.several;
}

static tx_status open_files(tx_rollout_job *job, const tx_registry *registry, const char *initial_path, tx_error *error)
{
    TX_TRY(read_shape(job, initial_path, error));
    TX_TRY(open_network(job, registry, error));
    return open_beside(job, error);
}

static tx_status make_network(tx_rollout_job *job, tx_error *error)
{
    const int64_t first_levels[TX_FILE_MAX_RANK] = {0};
    int64_t size[TX_FILE_MAX_RANK];
    tx_network_beside beside = job->opened.source ? tx_problem_beside(&job->opened.source->shape, true) : (tx_network_beside){0};
    beside.stride[0] = beside.stride[1] = job->stride;
    TX_TRY(tx_network_create_beside(tx_config_root(job->section), job->state, &beside, error, &job->network));
    job->given = tx_network_levels(job->network);
    if (job->given > job->shape.size[1]) {
        return tx_error_set(error, TX_INVALID, "num_steps: the network is given %d levels, but %s has %" PRId64, job->given,
                            tx_file_path(job->initial), job->shape.size[1]);
    }
    memcpy(size, job->shape.size, sizeof size);
    size[1] = job->given;
    return tx_file_stored(job->initial, "/trajectories", first_levels, size, error);
}

static tx_status plan(tx_rollout_job *job, tx_error *error)
{
    TX_TRY(make_network(job, error));
    job->level_bytes = job->level_size * tx_real_bytes(job->precision);
    TX_TRY(check_steps(job, error));
    TX_TRY(open_backend(job, error));
    TX_TRY(tx_step_block(job->network, job->backend, job->trajectories, error, &job->block));
    const int64_t fit = (int64_t)(BUFFER_BYTES / (job->level_bytes * (size_t)(job->block * held(job))));
    job->chunk = fit < 1 || !job->num_steps ? 1 : fit > job->num_steps ? job->num_steps : fit;
    TX_TRY(tx_step_plan(job->network, job->backend, job->block, error, &job->plan));
    return check_beside(job, error);
}

static size_t beside_bytes(const tx_rollout_job *job)
{
    const tx_data_source *source = job->opened.source;
    return source ? tx_beside_bytes(&source->shape, job->precision, tx_plan_numbers(job->plan)) : 0;
}

static size_t parameter_bytes(const tx_rollout_job *job)
{
    return (size_t)job->network->num_parameters * tx_real_bytes(job->precision);
}

static tx_status check_memory(const tx_rollout_job *job, tx_error *error)
{
    const tx_plan_cost cost = tx_plan_get_cost(job->plan);
    const size_t networks = (size_t)job->networks.count, parameters = parameter_bytes(job);
    const size_t levels = (1 + networks) * (size_t)job->given + (size_t)held(job) * (size_t)job->chunk;
    const tx_budget budget = {.bytes = {[TX_USE_ACTIVATIONS] = cost.workspace_bytes,
                                        [TX_USE_PARAMETERS] = networks * (parameters + cost.room_bytes),
                                        [TX_USE_DATA] = (size_t)job->block * levels * job->level_bytes +
                                                        tx_file_working(job->initial, "/trajectories", NULL) + beside_bytes(job)}};
    return tx_budget_check(job->parallel, &budget, NULL, NULL, NULL, NULL, error);
}

static tx_status read_parameters(tx_rollout_job *job, int network, void *out, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_network_file_open(job->networks.paths[network], error, &file));
    const tx_status status = tx_network_file_parameters(file, job->network, job->precision, out, error);
    tx_file_close(file);
    return status;
}

static tx_status prepare_networks(tx_rollout_job *job, tx_error *error)
{
    const size_t networks = (size_t)job->networks.count;
    TX_TRY(tx_allocate_array(networks, parameter_bytes(job), error, &job->parameters));
    TX_TRY(tx_allocate_array(networks, sizeof *job->shared, error, &job->shared));
    TX_TRY(tx_allocate_array(networks, sizeof *job->values, error, &job->values));
    for (size_t k = 0; k < networks; k++) {
        char *parameters = job->parameters + k * parameter_bytes(job);
        TX_TRY(read_parameters(job, (int)k, parameters, error));
        TX_TRY(tx_values_create(job->plan, &job->shared[k], error, &job->values[k]));
        tx_parameters_set(&job->shared[k], parameters);
    }
    return TX_OK;
}

static tx_status prepare(tx_rollout_job *job, tx_error *error)
{
    const size_t block = (size_t)job->block, networks = (size_t)job->networks.count;
    TX_TRY(prepare_networks(job, error));
    TX_TRY(tx_workspace_create(job->plan, 1, error, &job->workspace));
    TX_TRY(tx_allocate_array(block * (size_t)job->given, job->level_bytes, error, &job->states));
    TX_TRY(tx_allocate_array(networks * block * (size_t)(job->given + job->chunk), job->level_bytes, error, &job->buffer));
    if (job->networks.several) {
        TX_TRY(tx_allocate_array(block * (size_t)job->chunk, job->level_bytes, error, &job->mean));
        TX_TRY(tx_allocate_array(block * (size_t)job->chunk, job->level_bytes, error, &job->spread));
        TX_TRY(tx_allocate_array(networks, sizeof *job->numbers, error, &job->numbers));
        TX_TRY(tx_allocate_array(networks, sizeof *job->predictions, error, &job->predictions));
    }
    TX_TRY(job->opened.source ? tx_beside_read(job->opened.source, tx_plan_numbers(job->plan), error, &job->beside) : TX_OK);
    return tx_mask_check(job->network, &job->beside, job->precision, job->trajectories, error);
}

static tx_status set_up(tx_rollout_job *job, const tx_registry *registry, const char *initial_path, tx_error *error)
{
    TX_TRY(tx_parallel_agree(job->parallel, open_files(job, registry, initial_path, error), error));
    TX_TRY(tx_plugin_join(job->parallel, tx_config_root(job->section), true, error));
    TX_TRY(tx_parallel_agree(job->parallel, plan(job, error), error));
    TX_TRY(check_memory(job, error));
    return tx_parallel_agree(job->parallel, prepare(job, error), error);
}

/* Of a network's sample: its levels in the buffer. */
static char *slot(const tx_rollout_job *job, int network, int sample, int64_t level)
{
    return job->buffer + (size_t)((network * job->block + sample) * (job->given + job->chunk) + level) * job->level_bytes;
}

static tx_status read_initial(tx_rollout_job *job, int64_t first, int count, tx_error *error)
{
    int64_t offset[TX_FILE_MAX_RANK] = {0}, size[TX_FILE_MAX_RANK];
    memcpy(size, job->shape.size, sizeof size);
    offset[0] = first;
    size[0] = count;
    size[1] = job->given;
    const tx_slab slab = {job->shape.rank, offset, size};
    TX_TRY(tx_file_read_slab(job->initial, "/trajectories", &slab, job->precision, NULL, job->states, error));
    for (int k = 0; k < count * job->given; k++) {
        const char *level = job->states + (size_t)k * job->level_bytes;
        if (!tx_all_finite(job->precision, level, (int64_t)job->level_size)) {
            return tx_error_set(error, TX_BAD_DATA,
                                "'/trajectories' in '%s': trajectory %" PRId64
                                ", level %d (counted from 0): a number is missing, or not finite%s",
                                tx_file_path(job->initial), first + k / job->given, k % job->given,
                                job->precision == TX_FLOAT32 ? " in float32" : "");
        }
        for (int network = 0; network < job->networks.count; network++) {
            memcpy(slot(job, network, k / job->given, k % job->given), level, job->level_bytes);
        }
    }
    return TX_OK;
}

static tx_status run_step(const tx_rollout_job *job, int network, const tx_run_input *input, void *const *const *outputs,
                          int64_t step, tx_error *error)
{
    tx_run_output output = {.outputs = outputs};
    TX_TRY(tx_values_run(job->values[network], job->workspace, input, &output, error));
    char what[TX_MESSAGE_SIZE / 2];
    if (!output.failed.function) {
        return TX_OK;
    }
    tx_function_failure_write(&output.failed, what, sizeof what);
    return tx_error_set(error, TX_FAILURE, "step %" PRId64 " of the rollout: the function %s", step, what);
}

/* Fills a network's buffer with `levels` more of `count` samples, trajectory `first` and on; level `from` is the first of them. */
static tx_status advance(tx_rollout_job *job, int network, int64_t first, int count, int64_t from, int64_t levels, tx_error *error)
{
    const void *now[TX_LARGEST_BLOCK], *numbers[TX_LARGEST_BLOCK];
    void *next[TX_LARGEST_BLOCK], *const *const outputs[1] = {next};
    const tx_run_input input = {.windows = now, .numbers = numbers, .count = count, .batch_size = 1};
    for (int k = 0; k < count; k++) {
        numbers[k] = tx_beside_of(&job->beside, first + k);
    }
    for (int64_t level = 0; level < levels; level++) {
        for (int k = 0; k < count; k++) {
            now[k] = slot(job, network, k, level);
            next[k] = slot(job, network, k, job->given + level);
        }
        TX_TRY(run_step(job, network, &input, outputs, from + level - job->given + 1, error));
    }
    return TX_OK;
}

/* Of several networks, the place of a level in the mean's or the spread's buffer. */
static char *together(const tx_rollout_job *job, char *buffer, int sample, int64_t level)
{
    return buffer + (size_t)(sample * job->chunk + level) * job->level_bytes;
}

/* Levels from `at` on in the networks' buffers: their mean, and their standard deviation. */
static void bring_together(tx_rollout_job *job, int count, int64_t at, int64_t levels)
{
    const tx_predictions all = {
        .precision = job->precision, .count = job->networks.count, .states = job->predictions, .size = (int64_t)job->level_size};
    for (int64_t i = 0; job->networks.several && i < count * levels; i++) {
        const int k = (int)(i / levels);
        const int64_t level = i % levels;
        for (int network = 0; network < job->networks.count; network++) {
            job->predictions[network] = slot(job, network, k, at + level);
        }
        tx_spread_each(&all, job->numbers, together(job, job->mean, k, level), together(job, job->spread, k, level));
    }
}

/* Levels from `at` on in the buffers, no more than a chunk, the first of which is the trajectories' level `from`. */
static tx_status write_levels(tx_rollout_job *job, int64_t first, int count, int64_t at, int64_t from, int64_t levels,
                              tx_error *error)
{
    bring_together(job, count, at, levels);
    for (int k = 0; k < count; k++) {
        const int64_t level = (first + k) * (job->num_steps + job->given) + from;
        const char *states = job->networks.several ? together(job, job->mean, k, 0) : slot(job, 0, k, at);
        TX_TRY(tx_file_writer_write(job->writer, level, levels, states, error));
        TX_TRY(job->networks.several
                   ? tx_file_writer_write_spread(job->writer, level, levels, together(job, job->spread, k, 0), error)
                   : TX_OK);
    }
    return TX_OK;
}

/* So many more levels, and of these the newest are the next ones that are given. */
static tx_status run_chunk(tx_rollout_job *job, int64_t first, int count, int64_t from, int64_t levels, tx_error *error)
{
    for (int network = 0; network < job->networks.count; network++) {
        TX_TRY(advance(job, network, first, count, from, levels, error));
    }
    TX_TRY(write_levels(job, first, count, job->given, from, levels, error));
    for (int k = 0; k < job->networks.count * count; k++) {
        const int network = k / count, sample = k % count;
        memmove(slot(job, network, sample, 0), slot(job, network, sample, levels), (size_t)job->given * job->level_bytes);
    }
    return TX_OK;
}

static tx_status run_block(tx_rollout_job *job, int64_t first, int count, tx_error *error)
{
    const int64_t end = job->num_steps + job->given;
    TX_TRY(read_initial(job, first, count, error));
    for (int64_t level = 0; level < job->given; level++) {
        TX_TRY(write_levels(job, first, count, level, level, 1, error));
    }
    for (int64_t from = job->given; from < end; from += job->chunk) {
        TX_TRY(run_chunk(job, first, count, from, end - from < job->chunk ? end - from : job->chunk, error));
    }
    return TX_OK;
}

/* This rank's trajectories. */
static tx_status run_mine(tx_rollout_job *job, tx_error *error)
{
    const int64_t rank = tx_parallel_rank(job->parallel), size = tx_parallel_size(job->parallel);
    const int64_t first = job->trajectories * rank / size, end = job->trajectories * (rank + 1) / size;
    for (int64_t at = first; at < end; at += job->block) {
        TX_TRY(run_block(job, at, (int)(end - at < job->block ? end - at : job->block), error));
    }
    return TX_OK;
}

static tx_status write_all(tx_rollout_job *job, const tx_output *output, const char *path, tx_error *error)
{
    const tx_rolled rolled = {.parallel = job->parallel,
                              .registry = job->registry,
                              .initial = job->initial,
                              .shape = &job->shape,
                              .precision = job->precision,
                              .levels = job->num_steps + job->given,
                              .spread = job->networks.several};
    TX_TRY(tx_rolled_create(&rolled, path, error, &job->writer));
    const tx_status status = tx_parallel_agree(job->parallel, run_mine(job, error), error);
    if (status != TX_OK) {
        tx_file_writer_abandon(job->writer);
        return status;
    }
    return output->overwrite ? tx_file_writer_finish(job->writer, error) : tx_file_writer_finish_new(job->writer, error);
}

static tx_status find_output(const tx_rollout_job *job, const char *initial_path, const tx_output *output, tx_error *error,
                             char **out)
{
    const size_t networks = (size_t)job->networks.count;
    const char **inputs = NULL;
    tx_status status = tx_allocate_array(networks + 2, sizeof *inputs, error, &inputs);
    if (status == TX_OK) {
        memcpy(inputs, job->networks.paths, networks * sizeof *inputs);
        inputs[networks] = initial_path;
    }
    status = tx_parallel_agree(job->parallel, status, error);
    status = status ? status : tx_output_find(job->parallel, output, inputs, error, out);
    tx_free(inputs);
    return status;
}

static void destroy_job(tx_rollout_job *job)
{
    for (int k = 0; job->values && k < job->networks.count; k++) {
        tx_values_destroy(job->values[k]);
    }
    tx_data_close(&job->opened);
    tx_beside_free(&job->beside);
    tx_file_close(job->initial);
    tx_networks_free(&job->networks);
    tx_workspace_destroy(job->workspace);
    tx_plan_destroy(job->plan);
    tx_backend_close(job->backend);
    tx_network_destroy(job->network);
    tx_config_destroy(job->section);
    tx_free(job->values);
    tx_free(job->shared);
    tx_free(job->parameters);
    tx_free(job->states);
    tx_free(job->buffer);
    tx_free(job->mean);
    tx_free(job->spread);
    tx_free(job->numbers);
    tx_free(job->predictions);
}

tx_status tx_rollout(tx_parallel *parallel, const tx_registry *registry, const char *network_path, const char *initial_path,
                     int64_t num_steps, const char *device, const tx_output *output, tx_error *error)
{
    tx_rollout_job job = {.parallel = parallel, .registry = registry, .num_steps = num_steps, .device = device};
    char *path = NULL;
    if (num_steps < 0) {
        return tx_error_set(error, TX_INVALID, "%" PRId64 " steps cannot be rolled out", num_steps);
    }
    TX_TRY(tx_agree_isa(parallel, error, &job.isa));
    tx_status status = tx_parallel_agree(parallel, tx_networks_find(network_path, error, &job.networks), error);
    status = status ? status : find_output(&job, initial_path, output, error, &path);
    status = status ? status : set_up(&job, registry, initial_path, error);
    status = status ? status : write_all(&job, output, path, error);
    tx_free(path);
    destroy_job(&job);
    return status;
}
