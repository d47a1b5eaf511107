/* What a configuration would train, and how much memory that needs: everything is planned, nothing of it taken. */
#include <inttypes.h>

#include "base/memory.h"
#include "base/text.h"
#include "component/ensemble.h"
#include "history/history.h"
#include "inspection/data.h"
#include "inspection/drawing.h"
#include "training/trainer.h"

static bool trains(const tx_section *root)
{
    return tx_has(root, "data") && tx_has(root, "network") && tx_has(root, "trainer");
}

/* For one of `num_ranks` ranks that train, of a job of `job_ranks` that have the data. */
static tx_status plan_in(const tx_config *config, int job_ranks, int num_ranks, tx_error *error, tx_trainer **out)
{
    const tx_section *root = tx_config_root(config);
    const int isa = tx_isa_count() - 1;
    tx_shared shared = {0};
    tx_data_source *source;
    TX_TRY(tx_data_source_create(tx_get_section(root, "data"), tx_problem_data_setup(root, isa), error, &source));
    shared.data = tx_shared_data_of(source, tx_problem_placement(root), job_ranks);
    tx_data_source_destroy(source);
    TX_TRY(tx_root_backend(root, isa, 0, error, &shared.backend));
    const tx_status status = tx_trainer_plan(config, &shared, num_ranks, error, out);
    if (status != TX_OK) {
        tx_backend_close(shared.backend);
        return status;
    }
    (*out)->own.opened = true;
    return TX_OK;
}

static tx_status plan(const tx_config *config, int num_ranks, tx_error *error, tx_trainer **out)
{
    return plan_in(config, num_ranks, num_ranks, error, out);
}

tx_status tx_memory_predict(const tx_config *config, int num_ranks, tx_error *error, tx_memory_estimate *out)
{
    tx_trainer *trainer;
    TX_TRY(plan(config, num_ranks, error, &trainer));
    *out = tx_trainer_memory(trainer, num_ranks);
    tx_trainer_destroy(trainer);
    return TX_OK;
}

static tx_status add_choice(tx_text *text, const char *name, tx_trade trade, double work, tx_error *error)
{
    const double more = 100 * (trade.flops / work - 1);
    return tx_text_add(text, error, "  %s: %zu bytes, %.1f %% more work a step\n", name, trade.arena_bytes, more > 0 ? more : 0.);
}

/* What less memory costs: by the operations that are computed again, of all of a step. */
static tx_status add_trade(const tx_problem *problem, tx_text *text, tx_error *error)
{
    const tx_plan_cost chosen = tx_plan_get_cost(problem->loss.plan);
    const double work = chosen.everything.flops;
    tx_trade states;
    TX_TRY(tx_problem_states(problem, error, &states));
    TX_TRY(add_choice(text, "everything kept", chosen.everything, work, error));
    if (states.arena_bytes) {
        TX_TRY(add_choice(text, "states between rollout steps kept", states, work, error));
    }
    return add_choice(text, "chosen", (tx_trade){chosen.arena_bytes, chosen.flops}, work, error);
}

static tx_status add_optimizer(const tx_trainer *trainer, int num_ranks, tx_text *text, tx_error *error)
{
    char *lines;
    TX_TRY(tx_optimizer_describe(trainer->member.optimizer, num_ranks, error, &lines));
    const tx_status status = lines ? tx_text_add(text, error, "%s", lines) : TX_OK;
    tx_free(lines);
    return status;
}

static tx_status add_device(const tx_trainer *trainer, int num_ranks, tx_text *text, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    const size_t bytes = tx_trainer_device_bytes(trainer, num_ranks);
    const tx_traffic traffic = tx_plan_traffic(problem->loss.plan, tx_problem_blocks_at_once(problem, num_ranks));
    size_t room;
    if (bytes == 0) {
        return TX_OK;
    }
    TX_TRY(tx_text_add(text, error, "device: %s\ndevice bytes per rank: %zu\n", tx_backend_computer(problem->backend), bytes));
    TX_TRY(tx_text_add(text, error, "bytes to the device per step: %zu\nbytes from the device per step: %zu\n", traffic.to,
                       traffic.from));
    TX_TRY(tx_text_add(text, error, "calls of plugins per step, on the host: %d\n  bytes moved for them: %zu\n", traffic.calls,
                       traffic.called));
    TX_TRY(tx_backend_room(problem->backend, error, &room));
    return bytes > room ? tx_text_add(text, error, "does not fit on the device, which has %zu bytes\n", room) : TX_OK;
}

static tx_status add_prediction(const tx_trainer *trainer, int num_ranks, tx_text *text, tx_error *error)
{
    const tx_problem *problem = &trainer->problem;
    const tx_memory_estimate memory = tx_trainer_memory(trainer, num_ranks);
    const int64_t per_epoch = (problem->windows.count - 1) / problem->batch_size + 1, blocks = tx_problem_blocks(problem);
    TX_TRY(tx_text_add(text, error, "\nparameters: %" PRId64 "\n", problem->network->num_parameters));
    TX_TRY(
        tx_text_add(text, error, "windows: %" PRId64 "\nminibatches per epoch: %" PRId64 "\n", problem->windows.count, per_epoch));
    TX_TRY(tx_text_add(text, error, "block: %d\nblocks per minibatch: %" PRId64 "\n", problem->block, blocks));
    TX_TRY(
        tx_text_add(text, error, "ranks: %d\nranks that help at most: %" PRId64 "\n", num_ranks, tx_problem_most_ranks(problem)));
    TX_TRY(tx_text_add(text, error, "blocks per step on a rank: %" PRId64 "\nranks on a block: %d\n", (blocks - 1) / num_ranks + 1,
                       problem->sharers));
    TX_TRY(add_optimizer(trainer, num_ranks, text, error));
    TX_TRY(tx_text_add(text, error, "isa: %s\n", tx_isa_name(tx_backend_isa(problem->backend))));
    TX_TRY(tx_text_add(text, error, "arena bytes per thread: %zu\n", memory.arena));
    TX_TRY(add_device(trainer, num_ranks, text, error));
    TX_TRY(add_trade(problem, text, error));
    TX_TRY(tx_text_add(text, error, "data bytes per rank: %zu\n", memory.data));
    TX_TRY(tx_text_add(text, error, "memory bytes per rank: %zu\n", memory.total));
    TX_TRY(tx_text_add(text, error, "  of which the history, however long: %zu\n",
                       tx_history_bytes(trainer->member.callbacks.num_columns)));
    TX_TRY(
        tx_text_add(text, error, "  beside them on rank 0, while it writes a checkpoint: %zu\n", tx_trainer_image_bytes(trainer)));
    const tx_budget budget = tx_trainer_budget(trainer, num_ranks);
    char misfit[TX_MESSAGE_SIZE / 2];
    TX_TRY(tx_budget_compare(&budget, num_ranks, error, misfit));
    return misfit[0] ? tx_text_add(text, error, "does not fit here: %s\n", misfit) : TX_OK;
}

/* ---- Ensembles: a group of ranks has one member at a time ---- */

static size_t memory_of(const tx_trainer *trainer, int num_ranks)
{
    return trainer ? tx_trainer_memory(trainer, num_ranks).total : 0;
}

/* The member that takes most, with its configuration, which outlives its plan. */
typedef struct largest {
    tx_config *config;
    tx_trainer *trainer;
} largest;

static void forget(largest *one)
{
    tx_trainer_destroy(one->trainer);
    tx_config_destroy(one->config);
    *one = (largest){0};
}

static tx_status compare_member(const tx_ensemble *ensemble, int member, int job_ranks, int num_ranks, tx_error *error,
                                largest *most)
{
    largest one = {0};
    TX_TRY(tx_ensemble_member(ensemble, member, NULL, error, &one.config));
    const tx_status status = plan_in(one.config, job_ranks, num_ranks, error, &one.trainer);
    if (status == TX_OK && memory_of(one.trainer, num_ranks) > memory_of(most->trainer, num_ranks)) {
        const largest other = *most;
        *most = one;
        one = other;
    }
    forget(&one);
    return status;
}

static tx_status add_ensemble(const tx_ensemble *ensemble, int job_ranks, tx_text *text, tx_error *error)
{
    const int count = ensemble->count, wanted = ensemble->groups && ensemble->groups < count ? ensemble->groups : count;
    const int groups = wanted < job_ranks ? wanted : job_ranks, num_ranks = job_ranks / groups;
    largest most = {0};
    tx_status status = TX_OK;
    for (int k = 0; k < count && status == TX_OK; k++) {
        status = compare_member(ensemble, k, job_ranks, num_ranks, error, &most);
    }
    status = status ? status
                    : tx_text_add(text, error,
                                  "\nmembers: %d\ngroups of ranks: %d\nmembers a group: %d\nranks of a group: %d\n"
                                  "the member that takes most, on a group:\n",
                                  count, groups, (count - 1) / groups + 1, num_ranks);
    status = status ? status : add_prediction(most.trainer, num_ranks, text, error);
    forget(&most);
    return status;
}

static tx_status add_members(const tx_config *config, int job_ranks, tx_text *text, tx_error *error)
{
    tx_ensemble *ensemble;
    TX_TRY(tx_ensemble_create(config, error, &ensemble));
    const tx_status status = add_ensemble(ensemble, job_ranks, text, error);
    tx_ensemble_destroy(ensemble);
    return status;
}

static tx_status add_statistics(const tx_section *root, tx_text *text, tx_error *error)
{
    const tx_section *section = tx_get_section(root, "data");
    tx_data_source *source;
    if (!section) {
        return tx_section_error(root, NULL, error, TX_INVALID, "--statistics are of data: a section data is needed");
    }
    TX_TRY(tx_data_source_create(section, tx_problem_data_setup(root, tx_isa_count() - 1), error, &source));
    tx_status status = tx_text_add(text, error, "\n");
    status = status ? status : tx_inspect_source(source, tx_section_component(section)->name, true, text, error);
    tx_data_source_destroy(source);
    return status;
}

static tx_status add_all(const tx_config *config, int num_ranks, tx_text *text, tx_error *error)
{
    const tx_section *root = tx_config_root(config);
    tx_trainer *trainer;
    char *resolved;
    TX_TRY(tx_section_write(root, error, &resolved));
    tx_status status = tx_text_add(text, error, "%s", resolved);
    tx_free(resolved);
    TX_TRY(status);
    if (!trains(root)) {
        return TX_OK;
    }
    if (tx_is_ensemble(config)) {
        return add_members(config, num_ranks, text, error);
    }
    TX_TRY(plan(config, num_ranks, error, &trainer));
    status = add_prediction(trainer, num_ranks, text, error);
    tx_trainer_destroy(trainer);
    return status;
}

tx_status tx_inspect_config(const tx_config *config, int num_ranks, bool statistics, tx_error *error, char **out)
{
    tx_text text = {0};
    tx_status status = add_all(config, num_ranks, &text, error);
    status = status || !statistics ? status : add_statistics(tx_config_root(config), &text, error);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    *out = text.data;
    return TX_OK;
}

static tx_status draw(const tx_problem *problem, bool dot, tx_text *text, tx_error *error)
{
    tx_drawing drawing;
    TX_TRY(tx_drawing_create(problem->configuration, problem->data.state, error, &drawing));
    const tx_status status = dot ? tx_drawing_add_dot(&drawing, text, error) : tx_drawing_add_svg(&drawing, text, error);
    tx_drawing_destroy(&drawing);
    return status;
}

tx_status tx_inspect_graph(const tx_config *config, bool dot, tx_error *error, char **out)
{
    tx_text text = {0};
    tx_trainer *trainer;
    if (!trains(tx_config_root(config))) {
        return tx_error_set(error, TX_INVALID, "no graph: the configuration trains nothing, without data, network and trainer");
    }
    TX_TRY(plan(config, 1, error, &trainer));
    const tx_status status = draw(&trainer->problem, dot, &text, error);
    tx_trainer_destroy(trainer);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    *out = text.data;
    return TX_OK;
}
