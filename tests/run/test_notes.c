/* What a run tells its user on the way, and to whom: on rank 0 alone, and that fewer ranks would do once only. Such advice comes
 * after ten seconds, so this program's clock runs fast. ranks: 1 4 */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"

enum { MOST_LINES = 16, LINE = 256, SPEED_UP = 100000 };

static tx_parallel *parallel;
static bool fast;

/* Takes the place of the C library's, also for the library that is tested. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    const long code = syscall(SYS_clock_gettime, id, now);
    if (fast && id == CLOCK_MONOTONIC) {
        const int64_t nanoseconds = (now->tv_sec % 10000 * 1000000000 + now->tv_nsec) * SPEED_UP;
        *now = (struct timespec){.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    }
    return (int)code;
}

typedef struct lines {
    int count;
    char text[MOST_LINES][LINE];
} lines;

static void listen(void *user, tx_log_level level, const char *line)
{
    lines *heard = user;
    if (level != TX_LOG_PROGRESS && heard->count < MOST_LINES) {
        snprintf(heard->text[heard->count++], LINE, "%s", line);
    }
}

static int count(const lines *heard, const char *what)
{
    int found = 0;
    for (int k = 0; k < heard->count; k++) {
        found += strstr(heard->text[k], what) != NULL;
    }
    return found;
}

/* A run of the small advection problem. */
static lines train_with(int num_steps, const char *override, const char *other)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    char steps[64];
    snprintf(steps, sizeof steps, "trainer.num_training_steps=%d", num_steps);
    const char *const overrides[] = {steps, "callbacks=[]", "output.checkpoint_interval=0", override, other};
    const tx_config_source source = {
        .name = "test.yaml", .text = advection, .overrides = overrides, .num_overrides = other ? 5 : 4, .required = required};
    lines heard = {0};
    char directory[] = "/tmp/trainax_notes_XXXXXX";
    tx_registry *registry = NULL;
    tx_config *config = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(&error, &registry), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, &error, &config), TX_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory)); /* rank 0's counts */
    const tx_train_options options = {.output = directory, .start = TX_START_OVERWRITE, .log = {listen, &heard}};
    fast = true;
    CU_ASSERT_EQUAL(tx_train(config, parallel, &options, &error), TX_OK);
    fast = false;
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", directory);
    CU_ASSERT_EQUAL(system(command), 0);
    return heard;
}

static lines train(int num_steps, const char *override)
{
    return train_with(num_steps, override, NULL);
}

/* Four ranks and one block of samples, or as many blocks as ranks. */
static void idle_ranks(void)
{
    const int idle = tx_parallel_size(parallel) > 1, first = tx_parallel_rank(parallel) == 0;
    const lines one = train(600, "parallel.block=32"), enough = train(300, "parallel.block=8");
    CU_ASSERT_EQUAL(count(&one, "share 1 block of samples a step, so some have nothing to do"), idle && first);
    CU_ASSERT_EQUAL(count(&one, "fewer ranks"), idle && first);
    CU_ASSERT_EQUAL(count(&enough, "nothing to do"), 0);
    CU_ASSERT(first || one.count == 0);
}

static void full_batch(void)
{
    const int first = tx_parallel_rank(parallel) == 0;
    const lines whole = train(2, "trainer.batch_size=86"), exact = train(2, "trainer.batch_size=85");
    CU_ASSERT_EQUAL(count(&whole, "batch size 86 is larger than the total number of samples 85"), first);
    CU_ASSERT_EQUAL(count(&exact, "batch size"), 0);
    CU_ASSERT_EQUAL(count(&exact, "steps in"), first);
}

/* Trajectories (2, 4, 9, 1) or (2, 4, 1, 9) from a file: the first could be (2, 4, 9) states of one channel, kept last. */
static void channels_last(void)
{
    static const double values[72] = {0};
    const int first = tx_parallel_rank(parallel) == 0;
    char path[] = "/tmp/trainax_axes_XXXXXX", source[96], network[160];
    CU_ASSERT_FATAL(!first || close(mkstemp(path)) == 0);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_broadcast(parallel, path, sizeof path, NULL), TX_OK);
    for (int last = 0; last < 2; last++) {
        const int64_t size[] = {2, 4, last ? 9 : 1, last ? 1 : 9};
        if (first) {
            tx_file *file;
            CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
            CU_ASSERT_EQUAL(tx_file_write_reals(file, "/trajectories", 4, size, TX_FLOAT64, values, NULL), TX_OK);
            CU_ASSERT_EQUAL(tx_file_save(file, path, NULL, NULL), TX_OK);
            tx_file_close(file);
        }
        CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
        snprintf(source, sizeof source, "data={type: file, path: %s}", path);
        snprintf(network, sizeof network,
                 "network={type: conv, num_spatial_dims: 1, in_channels: %d, out_channels: %d, kernel_size: 1, key: 0}",
                 (int)size[2], (int)size[2]);
        const lines heard = train_with(0, source, network);
        CU_ASSERT_EQUAL(count(&heard, "channels last? The last axis of the data has 1 element, that of the channels 9"),
                        last && first);
        CU_ASSERT_EQUAL(count(&heard, "channels last"), last && first);
    }
    if (first) {
        unlink(path);
    }
}

int main(void)
{
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code =
        suite_run("training/notes",
                  (suite_test[]){{"idle ranks", idle_ranks}, {"full batch", full_batch}, {"channels last", channels_last}, {0}});
    tx_parallel_destroy(parallel);
    return code;
}
