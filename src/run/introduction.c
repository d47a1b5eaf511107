/* What a run says of itself before its first step, and what its log holds beside that. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "algebra/symmetric.h"
#include "base/clock.h"
#include "base/memory.h"
#include "component/yaml.h"
#include "data/fourier.h"
#include "run/builds.h"
#include "trainax/version.h"
#include "training/trainer.h"

/* ---- Data, network, sizes ---- */

static const char *many(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* ", 64 x 64 points" */
static void write_points(const tx_shape *state, char *out, size_t size)
{
    size_t end = 0;
    out[0] = '\0';
    for (int d = 0; d < state->axes; d++) {
        end += (size_t)snprintf(out + end, size - end, "%s%" PRId64, d ? " x " : ", ", state->n[d]);
    }
    if (state->axes) {
        snprintf(out + end, size - end, " point%s", many(tx_shape_points(state)));
    }
}

static void tell_data(const tx_problem *problem, const tx_log *log)
{
    const tx_data_shape *data = &problem->data;
    const int64_t trajectories = data->num_trajectories, levels = data->num_levels, channels = data->state.channels;
    char points[96];
    write_points(&data->state, points, sizeof points);
    tx_log_write(log, TX_LOG_NOTE, "data: %s, %" PRId64 " trajector%s, %" PRId64 " level%s, %" PRId64 " channel%s%s",
                 tx_section_name(tx_get_section(problem->root, "data")), trajectories, trajectories == 1 ? "y" : "ies", levels,
                 many(levels), channels, many(channels), points);
}

static void doubt_axes(const tx_problem *problem, const tx_log *log)
{
    char doubt[TX_DOUBT];
    if (tx_problem_doubt_axes(&problem->data.state, doubt) && tx_has(tx_get_section(problem->root, "data"), "path")) {
        tx_log_write(log, TX_LOG_NOTE, "%s", doubt);
    }
}

static void tell_windows(const tx_problem *problem, const tx_log *log)
{
    const tx_windows *windows = &problem->windows;
    const int64_t minibatches = (windows->count - 1) / problem->batch_size + 1;
    tx_log_write(log, TX_LOG_NOTE,
                 "windows: %" PRId64 " of %d level%s, %" PRId64 " minibatch%s of %" PRId64 " per epoch, in blocks of %d",
                 windows->count, windows->length, many(windows->length), minibatches, minibatches == 1 ? "" : "es",
                 problem->batch_size, problem->block);
}

/* A step takes as long as the rank with most blocks, or the fewest ranks that share one. */
static void tell_ranks(const tx_trainer *trainer, int num_ranks, const tx_log *log)
{
    const tx_problem *problem = &trainer->problem;
    const int64_t blocks = tx_problem_blocks(problem), most = tx_problem_most_ranks(problem);
    char helped[64] = "as many ranks help at most";
    const char *how = "";
    if (most > blocks) {
        snprintf(helped, sizeof helped, "%" PRId64 " ranks help at most", most);
    }
    if (num_ranks > blocks) {
        how = trainer->crew.region.base        ? ", sharing blocks"
              : most <= blocks                 ? ", as blocks are too short to share: the others are idle"
              : tx_problem_keeps_less(problem) ? ", but not where parallel.memory is short: the others are idle"
                                               : ", but none of these can share a block: the others are idle";
    }
    tx_log_write(log, TX_LOG_NOTE, "ranks: %d x %d thread%s, for %" PRId64 " block%s a step: %s%s", num_ranks, problem->threads,
                 many(problem->threads), blocks, many(blocks), helped, how);
}

static void tell_memory(size_t bytes, const tx_log *log)
{
    char amount[32];
    tx_budget_write((double)bytes, amount);
    tx_log_write(log, TX_LOG_NOTE, "memory per rank: %s predicted", amount);
}

/* Beside it, what a step moves. */
static void tell_device(const tx_trainer *trainer, int num_ranks, const tx_log *log)
{
    const tx_problem *problem = &trainer->problem;
    const tx_traffic traffic = tx_plan_traffic(problem->loss.plan, tx_problem_blocks_at_once(problem, num_ranks));
    char bytes[32], to[32], from[32];
    tx_budget_write((double)tx_trainer_device_bytes(trainer, num_ranks), bytes);
    tx_budget_write((double)traffic.to, to);
    tx_budget_write((double)traffic.from, from);
    tx_log_write(log, TX_LOG_NOTE, "device: %s: %s a rank predicted; a step moves %s to it and %s from it",
                 tx_backend_computer(problem->backend), bytes, to, from);
    if (traffic.calls) {
        tx_budget_write((double)traffic.called, bytes);
        tx_log_write(
            log, TX_LOG_NOTE,
            "plugins run on the host: for %d call%s of their functions a step waits for the device and moves %s between it "
            "and the host",
            traffic.calls, many(traffic.calls), bytes);
    }
}

void tx_trainer_introduce(const tx_trainer *trainer, int num_ranks, const tx_log *log)
{
    const tx_problem *problem = &trainer->problem;
    const tx_network *network = problem->network;
    tell_data(problem, log);
    doubt_axes(problem, log);
    tx_log_write(log, TX_LOG_NOTE, "network: %s, %" PRId64 " parameter%s in %s", tx_section_name(network->section),
                 network->num_parameters, many(network->num_parameters),
                 problem->random.precision == TX_FLOAT32 ? "float32" : "float64");
    tell_windows(problem, log);
    tell_ranks(trainer, num_ranks, log);
    if (tx_trainer_device_bytes(trainer, num_ranks) > 0) {
        tell_device(trainer, num_ranks, log);
    } else {
        tx_log_write(log, TX_LOG_NOTE, "instruction set: %s", tx_backend_computer(problem->backend));
    }
    tell_memory(tx_trainer_memory(trainer, num_ranks).total, log);
}

void tx_trainer_tell_idle(const tx_trainer *trainer, int num_ranks, const tx_log *log)
{
    const int64_t blocks = tx_problem_blocks(&trainer->problem);
    const double seconds = tx_clock() - trainer->start;
    if (num_ranks > blocks && !trainer->crew.region.base) {
        tx_log_write(log, TX_LOG_NOTE,
                     "%d ranks share %" PRId64 " block%s of samples a step, so some have nothing to do: fewer ranks are as fast "
                     "(or a smaller parallel.block)",
                     num_ranks, blocks, blocks == 1 ? "" : "s");
    } else if (num_ranks > 1 && trainer->workers.reducing > seconds / 2) {
        tx_log_write(
            log, TX_LOG_NOTE,
            "%.0f %% of the time goes into adding up gradients over %d ranks: there is so little to compute in a step that "
            "fewer ranks are faster",
            100 * trainer->workers.reducing / seconds, num_ranks);
    }
}

/* ---- Versions, command, machines ---- */

static void compiler(char *text, size_t size)
{
#ifdef __clang__
    snprintf(text, size, "%s", __VERSION__);
#else
    snprintf(text, size, "gcc %s", __VERSION__);
#endif
}

/* clang-format off */
const tx_library tx_libraries[] = {
    {"MPI", tx_parallel_library},
    {"HDF5", tx_file_library},
    {"FFTW", tx_fourier_library},
    {"libfyaml", tx_yaml_library},
    {"libcrypto", tx_digest_library},
    {"BLAS", tx_symmetric_library},
    {"compiler", compiler},
    {0},
};
/* clang-format on */

static tx_status add_versions(tx_text *text, tx_error *error)
{
    TX_TRY(tx_text_add(text, error, "trainax %s", tx_version()));
    for (const tx_library *library = tx_libraries; library->name; library++) {
        char version[128];
        library->version(version, sizeof version);
        TX_TRY(tx_text_add(text, error, ", %s %s", library->name, version));
    }
    return TX_OK;
}

/* As it would be typed in a shell. */
static tx_status add_word(tx_text *text, const char *word, tx_error *error)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%^";
    if (word[0] && !word[strspn(word, plain)]) {
        return tx_text_add(text, error, " %s", word);
    }
    TX_TRY(tx_text_add(text, error, " '"));
    for (; *word; word++) {
        TX_TRY(tx_text_add(text, error, "%s%c", *word == '\'' ? "'\\'" : "", *word));
    }
    return tx_text_add(text, error, "'");
}

/* Of this process, whatever program it is. */
static tx_status add_command(tx_text *text, tx_error *error)
{
    FILE *file = fopen("/proc/self/cmdline", "r");
    char *word = NULL, folder[4096];
    size_t size = 0;
    tx_status status = tx_text_add(text, error, "command:");
    while (file && status == TX_OK && getdelim(&word, &size, '\0', file) > 0) {
        status = add_word(text, word, error);
    }
    free(word);
    if (file) {
        fclose(file);
    }
    TX_TRY(status);
    return getcwd(folder, sizeof folder) ? tx_text_add(text, error, " (in %s)", folder) : TX_OK;
}

static tx_status add_machines(tx_text *text, const char *machines, tx_error *error)
{
    const char *job = getenv("SLURM_JOB_ID");
    TX_TRY(tx_text_add(text, error, "ranks on: %s", machines));
    return job ? tx_text_add(text, error, " (Slurm job %s)", job) : TX_OK;
}

static tx_status describe(tx_run_log *log, const char *machines, tx_error *error)
{
    tx_text texts[3] = {0};
    tx_status status = add_versions(&texts[0], error);
    status = status ? status : add_command(&texts[1], error);
    status = status ? status : add_machines(&texts[2], machines, error);
    for (int k = 0; k < 3; k++) {
        if (status == TX_OK) {
            tx_run_log_note(log, texts[k].data);
        }
        tx_free(texts[k].data);
    }
    return status;
}

tx_status tx_run_log_introduce(tx_run_log *log, const tx_config *config, tx_parallel *parallel, tx_error *error, tx_builds *out)
{
    char *machines;
    TX_TRY(tx_parallel_machines(parallel, error, &machines));
    const bool writes = tx_parallel_rank(parallel) == 0;
    tx_status status = writes ? describe(log, machines, error) : TX_OK;
    status = writes && status == TX_OK ? tx_builds_look(config, error, out) : status;
    status = writes && status == TX_OK ? tx_builds_note(out, log, error) : status;
    tx_free(machines);
    return tx_parallel_agree(parallel, status, error);
}
