/* What a configuration would train, and how much memory that needs: everything but the data is built for real and counted. */
#include <inttypes.h>

#include "base/memory.h"
#include "training/text.h"
#include "training/trainer.h"

typedef struct tx_prediction {
    tx_data_shape data;
    tx_trainer *trainer;
    size_t built; /* bytes of the trainer without data and reduction */
    tx_memory_estimate memory;
} tx_prediction;

static tx_status read_shape(const tx_config *config, tx_error *error, tx_data_shape *out)
{
    const tx_section *root = tx_config_root(config);
    tx_data_source *source;
    TX_TRY(tx_data_source_create(tx_get_section(root, "data"), tx_problem_random(root), error, &source));
    *out = source->shape;
    tx_data_source_destroy(source);
    return TX_OK;
}

/* Sums a thread: a 64-bit word or, exact in double, two for each element; then the sum itself. */
static size_t reduction_bytes(const tx_problem *problem)
{
    const size_t count = (size_t)problem->network->num_parameters, leaves = (size_t)problem->network->num_leaves;
    const bool two = problem->reduction == TX_REDUCE_EXACT && problem->random.precision == TX_FLOAT64;
    const size_t thread = 8 * count * (two ? 2 : 1) + 16 * leaves + 1024;
    return (size_t)problem->threads * thread + count * tx_real_bytes(problem->random.precision) + 24 * leaves + 512;
}

static size_t data_bytes(const tx_trainer *trainer, int num_ranks)
{
    const tx_problem *problem = &trainer->problem;
    const size_t level = (size_t)tx_data_level_size(&problem->data) * tx_real_bytes(problem->random.precision);
    const size_t levels = (size_t)(problem->data.num_trajectories * problem->data.num_levels);
    const size_t mine = problem->placement == TX_REPLICATED ? levels : (levels + (size_t)num_ranks - 1) / (size_t)num_ranks;
    return mine * level + 2 * (size_t)tx_problem_share(problem, num_ranks) * sizeof(void *);
}

static tx_memory_estimate estimate(const tx_prediction *prediction, int num_ranks)
{
    const tx_problem *problem = &prediction->trainer->problem;
    const size_t real = tx_real_bytes(problem->random.precision), count = (size_t)problem->network->num_parameters;
    const size_t copies = 2 + (size_t)problem->threads + 2 * (size_t)prediction->trainer->optimizer->num_slots;
    const size_t data = data_bytes(prediction->trainer, num_ranks), reduction = reduction_bytes(problem);
    return (tx_memory_estimate){
        .data = data,
        .arena = tx_program_get_cost(problem->loss.program).arena_bytes,
        .parameters = copies * count * real + reduction,
        .total = prediction->built + data + reduction,
    };
}

static tx_status predict(const tx_config *config, int num_ranks, tx_error *error, tx_prediction *out)
{
    tx_prediction prediction = {0};
    TX_TRY(read_shape(config, error, &prediction.data));
    const size_t before = tx_memory_live();
    TX_TRY(tx_trainer_create_alone(config, &prediction.data, num_ranks, error, &prediction.trainer));
    prediction.built = tx_memory_live() - before;
    prediction.memory = estimate(&prediction, num_ranks);
    *out = prediction;
    return TX_OK;
}

tx_status tx_memory_predict(const tx_config *config, int num_ranks, tx_error *error, tx_memory_estimate *out)
{
    tx_prediction prediction;
    TX_TRY(predict(config, num_ranks, error, &prediction));
    *out = prediction.memory;
    tx_trainer_destroy(prediction.trainer);
    return TX_OK;
}

static tx_status add_prediction(const tx_prediction *prediction, int num_ranks, tx_text *text, tx_error *error)
{
    const tx_problem *problem = &prediction->trainer->problem;
    const tx_memory_estimate *memory = &prediction->memory;
    const int64_t per_epoch = (problem->windows.count - 1) / problem->batch_size + 1;
    TX_TRY(tx_text_add(text, error, "\nparameters: %" PRId64 "\n", problem->network->num_parameters));
    TX_TRY(
        tx_text_add(text, error, "windows: %" PRId64 "\nminibatches per epoch: %" PRId64 "\n", problem->windows.count, per_epoch));
    TX_TRY(tx_text_add(text, error, "block: %d\nblocks per minibatch: %" PRId64 "\n", problem->block, tx_problem_blocks(problem)));
    TX_TRY(tx_text_add(text, error, "ranks: %d\nisa: %s\n", num_ranks, tx_isa_name(problem->isa)));
    TX_TRY(tx_text_add(text, error, "arena bytes per thread: %zu\ndata bytes per rank: %zu\n", memory->arena, memory->data));
    return tx_text_add(text, error, "memory bytes per rank: %zu\n", memory->total);
}

static tx_status add_all(const tx_config *config, int num_ranks, tx_text *text, tx_error *error)
{
    const tx_section *root = tx_config_root(config);
    tx_prediction prediction;
    char *resolved;
    TX_TRY(tx_section_write(root, error, &resolved));
    tx_status status = tx_text_add(text, error, "%s", resolved);
    tx_free(resolved);
    TX_TRY(status);
    if (!tx_has(root, "data") || !tx_has(root, "network") || !tx_has(root, "trainer")) {
        return TX_OK; /* nothing is trained by it */
    }
    TX_TRY(predict(config, num_ranks, error, &prediction));
    status = add_prediction(&prediction, num_ranks, text, error);
    tx_trainer_destroy(prediction.trainer);
    return status;
}

tx_status tx_inspect_config(const tx_config *config, int num_ranks, tx_error *error, char **out)
{
    tx_text text = {0};
    const tx_status status = add_all(config, num_ranks, &text, error);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    *out = text.data;
    return TX_OK;
}
