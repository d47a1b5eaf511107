/* Which window of a minibatch made training diverge: one trajectory of the file is spoilt, at its last level, which one window
 * alone holds. Blocks of two windows, the last one short. ranks: 1 3
 * guard: 1 3 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "trainax/trainax.h"

enum { TRAJECTORIES = 5, LEVELS = 7, POINTS = 8, SPOILT = 3, SKIPPED = 2, ROLLOUT = 2 };
enum { WINDOWS = (TRAJECTORIES - SKIPPED) * (LEVELS - ROLLOUT) };

static tx_parallel *parallel;
static tx_registry *registry;
static char path[64];

/* f(u) = u / 2 predicts this decay exactly. */
static void make_data(float u[TRAJECTORIES][LEVELS][POINTS])
{
    for (int k = 0; k < TRAJECTORIES * POINTS; k++) {
        for (int level = 0; level < LEVELS; level++) {
            u[k / POINTS][level][k % POINTS] = (float)(1 + k % 7) / (float)(1 << level);
        }
    }
}

static void save(const float u[TRAJECTORIES][LEVELS][POINTS])
{
    const int64_t size[] = {TRAJECTORIES, LEVELS, 1, POINTS};
    tx_file *file = NULL;
    if (tx_parallel_rank(parallel) == 0) {
        CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_file_write_reals(file, "/trajectories", 4, size, TX_FLOAT32, u, NULL), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_file_save(file, path, NULL, NULL), TX_OK);
        tx_file_close(file);
    }
    CU_ASSERT_EQUAL_FATAL(tx_parallel_barrier(parallel, NULL), TX_OK);
}

/* ---- u / 2, if it is small ---- */

static int halve(const tx_function_call *call, const double *x, double *y)
{
    int code = 0;
    for (int64_t k = 0; k < POINTS * call->num_samples; k++) {
        y[k] = x[k] / 2;
        code = y[k] > 1e3 ? 7 : code;
    }
    return code;
}
static int halve_back(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    (void)x;
    for (int64_t k = 0; k < POINTS * call->num_samples; k++) {
        dx[k] = dy[k] / 2;
    }
    return 0;
}
static tx_node apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    static const tx_function function = {.name = "halve", .forward = halve, .vjp = halve_back};
    return tx_call(graph, x, network->input, &function);
}
static tx_status create(tx_network *network, tx_error *error)
{
    int index;
    const int64_t three = 3;
    return tx_network_add_leaf(network, "unused", 1, &three, error, &index);
}
static tx_status initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)network, (void)random, (void)key, (void)error;
    memset(values, 0, 3 * sizeof(float));
    return TX_OK;
}
static const tx_network_class class_ = {.create = create, .apply = apply, .initialise = initialise};
static const tx_option options[] = {{.name = "key", .type = TX_TYPE_KEY, .text = "unused"},
                                    {.name = "parameters", .type = TX_TYPE_PATH, .initial = "null", .text = "a network file"},
                                    {0}};
static const tx_component component = {
    .kind = TX_KIND_NETWORK, .name = "halve", .summary = "u / 2", .options = options, .implementation = &class_};

/* ---- */

#define STENCIL                                                                                                                    \
    "{type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 3, padding: same, padding_mode: circular, "   \
    "use_bias: false, key: 1}"

/* The message of the first step from f(u) = factor u, with all windows in its minibatch. */
static void diverge(const float u[TRAJECTORIES][LEVELS][POINTS], const char *network, double factor, const char *rate,
                    tx_error *error)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const float weights[] = {0, (float)factor, 0};
    char text[1024];
    tx_config *config = NULL;
    tx_trainer *trainer = NULL;
    save(u);
    snprintf(text, sizeof text,
             "data: {type: file, path: %s, samples: '%d:'}\n"
             "network: %s\n"
             "trainer: {num_rollout_steps: %d, optimizer: {type: sgd, learning_rate: %s}, num_training_steps: 2,\n"
             "          batch_size: 1000, key: 0}\n"
             "parallel: {block: 2}\n",
             path, SKIPPED, network, ROLLOUT, rate);
    const tx_config_source source = {.name = "test.yaml", .text = text, .required = required};
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, NULL, &trainer), TX_OK);
    tx_trainer_set_parameters(trainer, weights);
    CU_ASSERT_EQUAL(tx_trainer_step(trainer, error), TX_DIVERGED);
    CU_ASSERT_EQUAL(memcmp(tx_trainer_parameters(trainer), weights, sizeof weights), 0);
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

static void check(const char *message, const char *what, int windows)
{
    char expected[256];
    snprintf(
        expected, sizeof expected,
        "training diverged at step 0 (epoch 0, batch 0): %s (%d of %d windows, the first at '/trajectories' in '%s': trajectory "
        "%d, level %d, counted from 0)",
        what, windows, WINDOWS, path, SPOILT, LEVELS - 1 - ROLLOUT);
    CU_ASSERT_STRING_EQUAL(message, expected);
}

static void infinite_loss(void)
{
    float u[TRAJECTORIES][LEVELS][POINTS];
    tx_error error = {0};
    make_data(u);
    u[SPOILT][LEVELS - 1][0] = 1e25f; /* its square is not in float's range */
    diverge(u, STENCIL, 0.5, "0.1", &error);
    check(error.message, "the loss is not finite", 1);
}

/* An error of 6e18 at a state of 1e25: the loss, 5e36, is in the range, its derivative, 1e42, is not. */
static void infinite_gradient(void)
{
    float u[TRAJECTORIES][LEVELS][POINTS];
    tx_error error = {0};
    make_data(u);
    for (int level = 0; level < LEVELS; level++) {
        u[SPOILT][level][0] *= 1e26f;
    }
    u[SPOILT][LEVELS - 1][0] *= 1 + 1e-6f;
    diverge(u, STENCIL, 0.5, "0.1", &error);
    check(error.message, "the gradient is not finite", 1);
}

static void all_windows(void)
{
    float u[TRAJECTORIES][LEVELS][POINTS];
    tx_error error = {0};
    char count[64];
    make_data(u);
    snprintf(count, sizeof count, "(%d of %d windows, the first at ", WINDOWS, WINDOWS);
    diverge(u, STENCIL, 1e30, "0.1", &error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, count));
}

/* The level is the first of one window, and others' targets. */
static void failing_function(void)
{
    float u[TRAJECTORIES][LEVELS][POINTS];
    tx_error error = {0};
    make_data(u);
    u[SPOILT][LEVELS - 1 - ROLLOUT][0] = 1e4f;
    diverge(u, "{type: halve, key: 1}", 0.5, "0.1", &error);
    check(error.message, "the function 'halve' failed with code 7", 1);
}

/* Nothing is infinite but the step: the window that asks for the most is named. */
static void infinite_update(void)
{
    float u[TRAJECTORIES][LEVELS][POINTS];
    tx_error error = {0};
    char expected[256];
    make_data(u);
    u[SPOILT][LEVELS - 1][0] = 1e6f;
    diverge(u, STENCIL, 0.5, "1e38", &error);
    snprintf(expected, sizeof expected, "has the one at '/trajectories' in '%s': trajectory %d, level %d, counted from 0)", path,
             SPOILT, LEVELS - 1 - ROLLOUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "its update would make a parameter non-finite (of 15 windows the largest loss, "));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, expected));
}

int main(void)
{
    static const suite_test tests[] = {
        {"an infinite loss", infinite_loss},     {"an infinite gradient", infinite_gradient}, {"all windows", all_windows},
        {"an infinite update", infinite_update}, {"a failing function", failing_function},    {0}};
    int64_t process = getpid();
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_registry_add(registry, &component, NULL) != TX_OK ||
        tx_parallel_create(NULL, NULL, &parallel) != TX_OK ||
        tx_parallel_broadcast(parallel, &process, sizeof process, NULL) != TX_OK) {
        return 1;
    }
    snprintf(path, sizeof path, "/tmp/trainax-divergence-%lld.h5", (long long)process);
    const int code = suite_run("divergence", tests);
    unlink(path);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
