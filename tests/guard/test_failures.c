/* A backend that fails at any of its calls, on one rank: every rank is told, nobody waits, nothing is lost, and the run goes on
 * from what it has left to the same bytes. And a backend that lacks a kernel. ranks: 1 3 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "file/folder.h"
#include "guard/guard.h"
#include "trainax/trainax.h"

static tx_parallel *parallel;
static tx_registry *registry;
static folder place; /* the same on all ranks */

/* Blocks on every rank, a short last one; programs of a callback, evaluations, checkpoints on the way. */
static const char text[] =
    "data: {type: advection_1d_periodic, num_points: 12, num_samples: 4, temporal_horizon: 9, key: 0}\n"
    "network: {type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 3, depth: 1, key: 1}\n"
    "trainer: {num_rollout_steps: 2, optimizer: {type: adam, learning_rate: 1.0e-2}, num_training_steps: 4, batch_size: 13, key: "
    "2}\n"
    "parallel: {block: 2, threads: 2}\n"
    "callbacks:\n"
    "  - {type: grad_norm, name: norm, every: 2, configuration: {type: supervised, num_rollout_steps: 2}}\n"
    "  - {type: loss, name: one, every: 2, configuration: {type: supervised}}\n"
    "  - {type: metrics, every: 2}\n"
    "  - {type: checkpoint, every: 2}\n";

static bool is_last(void)
{
    return tx_parallel_rank(parallel) == tx_parallel_size(parallel) - 1;
}

static tx_status train(tx_start start, tx_error *error)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const tx_config_source source = {.name = "test.yaml", .text = text, .required = required};
    const file_name run = folder_file(&place, "run");
    const tx_train_options options = {.output = run.path, .start = start};
    tx_config *config = NULL;
    if (tx_config_create(registry, &source, error, &config) != TX_OK) {
        printf("\n%s\n", error->message);
        CU_FAIL_FATAL("the configuration is wrong");
    }
    const tx_status status = tx_train(config, parallel, &options, error);
    tx_config_destroy(config);
    return status;
}

static file_name in_run(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "run/%s", name);
    return folder_file(&place, path);
}

static void remove_run(void)
{
    char command[900];
    const file_name run = folder_file(&place, "run");
    snprintf(command, sizeof command, "rm -rf '%s'", run.path);
    CU_ASSERT(tx_parallel_rank(parallel) || system(command) == 0);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_barrier(parallel, NULL), TX_OK);
}

/* The numbers of a run, as rank 0 finds them: its history, byte for byte, and its parameters by their hash. */
typedef struct outcome {
    char history[4096], result[64];
} outcome;

static outcome look(void)
{
    outcome found = {{0}, {0}};
    static char log[1 << 16];
    if (tx_parallel_rank(parallel) == 0) {
        memset(log, 0, sizeof log);
        file_read(in_run("history.csv").path, found.history, sizeof found.history - 1);
        file_read(in_run("run.log").path, log, sizeof log - 1);
        for (const char *at = log; (at = strstr(at, "result: ")); at++) {
            snprintf(found.result, sizeof found.result, "%.16s", at + 8);
        }
        CU_ASSERT(found.history[0] && found.result[0]);
    }
    return found;
}

static long most_calls(guard_call kind)
{
    int64_t calls = is_last() ? guard_count(kind) : 0;
    CU_ASSERT_EQUAL_FATAL(tx_parallel_max(parallel, &calls, 1, NULL), TX_OK);
    return (long)calls;
}

/* What a failed run leaves under its names is whole, and of those that it may have. */
static void check_folder(void)
{
    static const char *const allowed[] = {
        ".", "..", "config.yaml", "history.csv", "run.log", "checkpoint.h5", "checkpoint.previous.h5"};
    DIR *directory = tx_parallel_rank(parallel) ? NULL : opendir(folder_file(&place, "run").path);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        size_t k = 0;
        while (k < sizeof allowed / sizeof *allowed && strcmp(entry->d_name, allowed[k]) != 0) {
            k++;
        }
        if (k == sizeof allowed / sizeof *allowed) {
            printf("\n%s is left\n", entry->d_name);
            CU_FAIL("a failed run leaves what it should not");
        }
    }
    if (directory) {
        closedir(directory);
    }
}

static void fail_at(guard_call kind, long n, const outcome *expected)
{
    tx_error error = {0};
    const size_t before = tx_memory_live();
    guard_fail(kind, is_last() ? n : 0);
    const tx_status status = train(TX_START_NEW, &error);
    guard_fail(kind, 0);
    if (status != TX_FAILURE || !strstr(error.message, GUARD_MESSAGE)) {
        printf("\ncall %ld of kind %d: status %d, %s\n", n, (int)kind, (int)status, error.message);
        CU_FAIL("a failure is not told");
    }
    CU_ASSERT_EQUAL(guard_num_buffers(), 0);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    check_folder();
    CU_ASSERT_EQUAL(train(TX_START_RESUME, &error), TX_OK);
    const outcome found = look();
    CU_ASSERT_STRING_EQUAL(found.history, expected->history);
    CU_ASSERT_STRING_EQUAL(found.result, expected->result);
    remove_run();
}

/* The first calls, the last, and some between. */
static void any_call_may_fail(void)
{
    tx_error error = {0};
    long calls[GUARD_CALLS];
    guard_fail(GUARD_KERNEL, 0);
    if (train(TX_START_NEW, &error) != TX_OK) {
        printf("\n%s\n", error.message);
        CU_FAIL_FATAL("the undisturbed run fails");
    }
    for (int kind = 0; kind < GUARD_CALLS; kind++) {
        calls[kind] = most_calls((guard_call)kind);
    }
    const outcome expected = look();
    remove_run();
    for (int kind = 0; kind < GUARD_CALLS; kind++) {
        CU_ASSERT(calls[kind] > 0 || kind == GUARD_LOAD || kind == GUARD_ROOM);
        for (long n = 1; n < calls[kind]; n = n * 2 + n % 3) {
            fail_at((guard_call)kind, n, &expected);
        }
        if (calls[kind]) {
            fail_at((guard_call)kind, calls[kind], &expected);
        }
    }
}

static void lacking_kernels(void)
{
    static const char *const kernels[] = {"conv", "conv_weights", "pack", "halo"};
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        tx_error error = {0};
        char wanted[96];
        const size_t before = tx_memory_live();
        snprintf(wanted, sizeof wanted, "the backend guard has no kernel for %s", kernels[k]);
        guard_lack(kernels[k]);
        CU_ASSERT_EQUAL(train(TX_START_NEW, &error), TX_INVALID);
        guard_lack(NULL);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, wanted));
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "test.yaml:"));
        CU_ASSERT_EQUAL(tx_memory_live(), before);
        CU_ASSERT(tx_parallel_rank(parallel) || access(folder_file(&place, "run").path, F_OK) == -1);
    }
}

static void make_place(void)
{
    if (tx_parallel_rank(parallel) == 0) {
        place = folder_make();
    }
    CU_ASSERT_EQUAL_FATAL(tx_parallel_broadcast(parallel, &place, sizeof place, NULL), TX_OK);
}

static void remove_place(void)
{
    if (tx_parallel_rank(parallel) == 0) {
        folder_remove(&place);
    }
}

int main(void)
{
    const suite_test tests[] = {{"a folder", make_place},
                                {"any call may fail", any_call_may_fail},
                                {"lacking kernels", lacking_kernels},
                                {"no folder", remove_place},
                                {0}};
    tx_backend_default = &guard_class;
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK || tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    const int code = suite_run("guard/failures", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
