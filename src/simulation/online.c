/* A network that is trained while a simulation runs: a trainer whose minibatches the program gives. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/shape.h"
#include "inference/field.h"
#include "problem/constants.h"
#include "problem/network_file.h"
#include "simulation/stored.h"
#include "trainax/data.h"
#include "trainax/run.h"
#include "trainax/simulation.h"
#include "training/trainer.h"

struct tx_online {
    tx_parallel *parallel, *own; /* own: NULL where the caller has made it */
    tx_registry *registry;
    tx_config *config;
    tx_trainer *trainer;
    tx_inference *inference;
    tx_shape state;
    int levels;
    int64_t samples; /* of a rank in a step, at most */
    bool stale;      /* the inference has other parameters than the trainer */
    size_t level_bytes;
    char *states;         /* [samples][levels] */
    const void **windows; /* [samples] */
};

/* ---- what the trainer takes for its data: as many samples as a step may have, all zero ---- */

static tx_status create_given(const tx_section *section, tx_error *error, tx_data_source *source)
{
    const int64_t *shape;
    const int count = tx_get_integers(section, "shape", &shape);
    (void)error;
    source->whole.num_trajectories = tx_get_integer(section, "num_samples");
    source->whole.num_levels = tx_get_integer(section, "temporal_horizon");
    source->whole.state = (tx_shape){.channels = shape[0], .axes = count - 1};
    memcpy(source->whole.state.n, shape + 1, (size_t)(count - 1) * sizeof *shape);
    return TX_OK;
}

static tx_status read_given(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error)
{
    (void)first_level, (void)error;
    memset(out, 0, (size_t)num_levels * (size_t)tx_data_level_size(&source->shape) * tx_real_bytes(source->setup.random.precision));
    return TX_OK;
}

static const tx_data_class given_class = {.create = create_given, .read = read_given};
static const tx_option given_options[] = {
    {.name = "shape", .type = TX_TYPE_INTEGERS, .unit = "", .text = "of a state: channels, points"},
    {.name = "num_samples", .type = TX_TYPE_INTEGER, .unit = "", .text = "the most of a step"},
    {.name = "temporal_horizon", .type = TX_TYPE_INTEGER, .unit = "levels", .text = "of a sample"},
    {0},
};
static const tx_component given = {.kind = TX_KIND_DATA,
                                   .name = "given",
                                   .summary = "samples that a program gives at each step",
                                   .options = given_options,
                                   .implementation = &given_class};

/* ---- create ---- */

static tx_status check_setup(const char *config_path, const tx_online_setup *setup, tx_error *error)
{
    TX_TRY(tx_shape_check(&setup->state, error));
    return !config_path        ? tx_error_set(error, TX_INVALID, "no configuration was given")
           : setup->levels < 0 ? tx_error_set(error, TX_INVALID, "samples of %d levels cannot be trained on", setup->levels)
           : setup->samples < 0 || setup->samples > INT32_MAX
               ? tx_error_set(error, TX_INVALID, "steps on up to %" PRId64 " samples cannot be made", setup->samples)
               : TX_OK;
}

/* Blocks are of a rank's samples; there is room for full blocks of all ranks. */
static tx_status read_config(tx_online *online, const char *path, tx_error *error)
{
    enum { MUCH = 1000000000 }; /* of work in a sample: blocks are not made larger for its little */
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const int block = tx_block_size(online->state, online->samples, MUCH);
    const int64_t samples = (online->samples + block - 1) / block * block * tx_parallel_size(online->parallel);
    char shape[TX_SHAPE_TEXT], data[TX_SHAPE_TEXT + 128], batch[64], blocks[64];
    tx_shape_write(&online->state, shape);
    snprintf(data, sizeof data, "data={type: given, shape: [%s], num_samples: %" PRId64 ", temporal_horizon: %d}", shape, samples,
             online->levels);
    snprintf(batch, sizeof batch, "trainer.batch_size=%" PRId64, samples);
    snprintf(blocks, sizeof blocks, "parallel.block=%d", block);
    const char *const overrides[] = {
        data, batch, blocks, "trainer.num_training_steps=1000000000", "trainer.key=0", "output.directory=/"}; /* none */
    return tx_config_read(online->registry, path, overrides, sizeof overrides / sizeof *overrides, required, error,
                          &online->config);
}

/* Is what this rank has been asked for what rank 0 has? text: all of it. */
static tx_status compare(tx_online *online, char *text, tx_error *error)
{
    const int rank = tx_parallel_rank(online->parallel);
    char *first = rank == 0 ? text : NULL;
    TX_TRY(tx_parallel_broadcast_text(online->parallel, &first, error));
    const bool same = strcmp(first, text) == 0;
    if (rank) {
        tx_free(first);
    }
    return same ? TX_OK
                : tx_error_set(
                      error, TX_INVALID,
                      "rank %d was given another configuration, state, number of levels or of samples than rank 0: all ranks "
                      "train one network",
                      rank);
}

static tx_status agree_on_config(tx_online *online, tx_error *error)
{
    char *text = NULL;
    TX_TRY(tx_parallel_agree(online->parallel, tx_section_write(tx_config_root(online->config), error, &text), error));
    const tx_status status = tx_parallel_agree(online->parallel, compare(online, text, error), error);
    tx_free(text);
    return status;
}

/* There are no data that a network's constants could follow. */
static tx_status check_constants(const tx_online *online, tx_error *error)
{
    const tx_network *network = online->trainer->problem.network;
    return tx_constants_follow_data(network)
               ? tx_section_error(network->section, NULL, error, TX_INVALID,
                                  "has statistics of the data, which a simulation gives step by step: write numbers instead")
               : TX_OK;
}

static tx_status make_inference(tx_online *online, tx_error *error)
{
    tx_exported network = {.precision = online->trainer->problem.random.precision};
    tx_status status = tx_network_list(online->trainer->problem.network, error, &network);
    network.parameters = online->trainer->member.parameters;
    status = status ? status : tx_inference_create(&network, NULL, error, &online->inference);
    network.parameters = NULL;
    tx_stored_network_free(&network);
    return status;
}

/* The levels that the configuration reads are those that samples have. */
static tx_status check_levels(const tx_online *online, tx_error *error)
{
    const int levels = online->trainer->problem.loss.levels;
    return levels <= online->levels
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "the configuration reads %d levels of a sample, which are to have %d", levels,
                              online->levels);
}

static tx_status make_room(tx_online *online, tx_error *error)
{
    const size_t samples = (size_t)online->samples;
    TX_TRY(tx_allocate_array(samples * (size_t)online->levels, online->level_bytes, error, &online->states));
    return tx_allocate_array(samples, sizeof *online->windows, error, &online->windows);
}

static tx_status set_up(tx_online *online, const char *config_path, const tx_online_setup *setup, tx_error *error)
{
    tx_parallel *parallel = online->parallel;
    tx_status status = check_setup(config_path, setup, error);
    status = status ? status : tx_registry_create_builtin(error, &online->registry);
    status = status ? status : tx_registry_add(online->registry, &given, error);
    status = status ? status : read_config(online, config_path, error);
    TX_TRY(tx_parallel_agree(parallel, status, error));
    TX_TRY(agree_on_config(online, error));
    TX_TRY(tx_trainer_create(online->config, parallel, NULL, error, &online->trainer));
    TX_TRY(check_constants(online, error));
    online->level_bytes = (size_t)(online->state.channels * tx_shape_points(&online->state)) *
                          tx_real_bytes(online->trainer->problem.random.precision);
    status = check_levels(online, error);
    status = status ? status : make_room(online, error);
    return tx_parallel_agree(parallel, status ? status : make_inference(online, error), error);
}

tx_status tx_online_create(tx_parallel *parallel, const char *config_path, const tx_online_setup *setup, tx_error *error,
                           tx_online **out)
{
    tx_online *online;
    if (!setup || !out) {
        return tx_error_set(error, TX_INVALID, "no setup was given, or no place for the network");
    }
    TX_TRY(tx_allocate(sizeof *online, error, &online));
    online->state = setup->state;
    online->levels = setup->levels ? setup->levels : 2;
    online->samples = setup->samples ? setup->samples : 1;
    tx_status status = parallel ? TX_OK : tx_parallel_create(NULL, error, &online->own);
    online->parallel = parallel ? parallel : online->own;
    status = status ? status : set_up(online, config_path, setup, error);
    if (status != TX_OK) {
        tx_online_destroy(online);
        return status;
    }
    *out = online;
    return TX_OK;
}

void tx_online_destroy(tx_online *online)
{
    if (online) {
        tx_inference_destroy(online->inference);
        tx_trainer_destroy(online->trainer);
        tx_config_destroy(online->config);
        tx_registry_destroy(online->registry);
        tx_parallel_destroy(online->own);
        tx_free(online->states);
        tx_free(online->windows);
        tx_free(online);
    }
}

tx_shape tx_online_state(const tx_online *online)
{
    return online->state;
}

int tx_online_levels(const tx_online *online)
{
    return online->levels;
}

/* ---- train_step ---- */

/* The samples' levels side by side. */
static tx_status gather(tx_online *online, int64_t count, const tx_field *levels, tx_error *error)
{
    const size_t sample = (size_t)online->levels * online->level_bytes;
    if (count < 0 || count > online->samples) {
        return tx_error_set(error, TX_INVALID, "a step on %" PRId64 " samples of a rank: it takes at most %" PRId64, count,
                            online->samples);
    }
    for (int level = 0; count && level < online->levels; level++) {
        TX_TRY(tx_field_check(levels ? &levels[level] : NULL, error));
    }
    for (int64_t k = 0; k < count; k++) {
        char *const window = online->states + (size_t)k * sample;
        for (int level = 0; level < online->levels; level++) {
            tx_field_read(&levels[level], &online->state, k, online->trainer->problem.random.precision,
                          window + (size_t)level * online->level_bytes);
        }
        online->windows[k] = window;
    }
    return TX_OK;
}

static tx_status check_given(const tx_online *online, tx_error *error)
{
    return online ? TX_OK : tx_error_set(error, TX_INVALID, "no network was given");
}

tx_status tx_online_train_step(tx_online *online, int64_t count, const tx_field *levels, tx_error *error, double *loss)
{
    TX_TRY(check_given(online, error));
    TX_TRY(tx_parallel_agree(online->parallel, gather(online, count, levels, error), error));
    const tx_status status = tx_trainer_step_on(online->trainer, online->windows, count, error);
    online->stale = true;
    if (loss) {
        *loss = tx_trainer_loss(online->trainer);
    }
    return status;
}

/* ---- inference, save, load ---- */

tx_status tx_online_inference(tx_online *online, int64_t count, const tx_field *x, const tx_field *y, tx_error *error)
{
    TX_TRY(check_given(online, error));
    if (online->stale) {
        const tx_field parameters = {.data = (void *)tx_trainer_parameters(online->trainer),
                                     .precision = online->trainer->problem.random.precision};
        TX_TRY(tx_inference_set_parameters(online->inference, &parameters, error));
        online->stale = false;
    }
    return tx_inference_step_many(online->inference, count, x, y, error);
}

static tx_status save(const tx_online *online, const char *path, bool overwrite, tx_error *error)
{
    tx_file *file;
    TX_TRY(tx_file_create(error, &file));
    tx_status status = tx_problem_put_network(&online->trainer->problem, tx_trainer_parameters(online->trainer), file, error);
    status = status ? status : overwrite ? tx_file_save(file, path, NULL, error) : tx_file_save_new(file, path, error);
    tx_file_close(file);
    return status;
}

tx_status tx_online_save(tx_online *online, const tx_output *output, tx_error *error)
{
    const char **inputs = NULL;
    char *path = NULL;
    size_t count;
    TX_TRY(check_given(online, error));
    const bool mine = tx_parallel_rank(online->parallel) == 0;
    tx_status status = output && output->path ? TX_OK : tx_error_set(error, TX_INVALID, "no file was given");
    status = status ? status : tx_config_inputs(online->config, 0, error, &count, &inputs);
    status = tx_parallel_agree(online->parallel, status, error);
    status = status ? status : tx_output_find(online->parallel, output, inputs, error, &path);
    status =
        status ? status : tx_parallel_agree(online->parallel, mine ? save(online, path, output->overwrite, error) : TX_OK, error);
    tx_free(inputs);
    tx_free(path);
    return status;
}

static tx_status load(const tx_online *online, const char *path, void *parameters, tx_error *error)
{
    const tx_problem *problem = &online->trainer->problem;
    tx_file *file;
    TX_TRY(tx_network_file_open(path, error, &file));
    const tx_status status = tx_network_file_parameters(file, problem->network, problem->random.precision, parameters, error);
    tx_file_close(file);
    return status;
}

tx_status tx_online_load(tx_online *online, const char *path, tx_error *error)
{
    void *parameters = NULL;
    TX_TRY(check_given(online, error));
    const size_t bytes = tx_parameter_bytes(&online->trainer->problem);
    tx_status status = path ? tx_allocate(bytes, error, &parameters) : tx_error_set(error, TX_INVALID, "no file was given");
    status = status || tx_parallel_rank(online->parallel) ? status : load(online, path, parameters, error);
    status = tx_parallel_agree(online->parallel, status, error);
    status = status ? status : tx_parallel_broadcast(online->parallel, parameters, bytes, error);
    if (status == TX_OK) {
        tx_trainer_set_parameters(online->trainer, parameters);
        online->stale = true;
    }
    tx_free(parameters);
    return status;
}
