/* A rollout whose network is a user's function that fails on the way: an error on every rank, no file. ranks: 1 3
 * guard: alone */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "trainax/trainax.h"

static tx_parallel *parallel;
static tx_registry *registry;
static char directory[64];

/* ---- u + 1, of which nobody knows what follows 3 ---- */

static int count_on(const tx_function_call *call, const double *x, double *y)
{
    int code = 0;
    for (int64_t k = 0; k < 4 * call->num_samples; k++) {
        code = x[k] > 2.5 ? 3 : code;
        y[k] = x[k] + 1;
    }
    return code;
}
static int count_back(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    (void)x;
    memcpy(dx, dy, sizeof *dx * 4 * (size_t)call->num_samples);
    return 0;
}
static const tx_function function = {.name = "count", .forward = count_on, .vjp = count_back};

static tx_node apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    return tx_call(graph, x, network->input, &function);
}
static tx_status create(tx_network *network, tx_error *error)
{
    int index;
    const int64_t one = 1;
    return tx_network_add_leaf(network, "unused", 1, &one, error, &index);
}
static tx_status initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)network, (void)random, (void)key, (void)error;
    *(float *)values = 0;
    return TX_OK;
}
static const tx_network_class class_ = {.create = create, .apply = apply, .initialise = initialise};
static const tx_option options[] = {{.name = "key", .type = TX_TYPE_KEY, .text = "unused"},
                                    {.name = "parameters", .type = TX_TYPE_PATH, .initial = "null", .text = "a network file"},
                                    {0}};
static const tx_component component = {
    .kind = TX_KIND_NETWORK, .name = "count", .summary = "u + 1", .options = options, .implementation = &class_};

/* ---- */

static void path(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", directory, name);
}

/* Three trajectories of zeros, and a run of no steps on them. */
static void prepare(void)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    static const int64_t size[] = {3, 2, 1, 4};
    static const float zeros[24];
    char text[512], data[96], run[96];
    tx_config *config = NULL;
    tx_file *file = NULL;
    path(data, sizeof data, "zeros.h5");
    path(run, sizeof run, "run");
    if (tx_parallel_rank(parallel) == 0) {
        CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_file_write_reals(file, "/trajectories", 4, size, TX_FLOAT32, zeros, NULL), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_file_save(file, data, NULL, NULL), TX_OK);
        tx_file_close(file);
    }
    CU_ASSERT_EQUAL_FATAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    snprintf(text, sizeof text,
             "data: {type: file, path: %s}\nnetwork: {type: count, key: 0}\n"
             "trainer: {optimizer: {type: sgd, learning_rate: 0.1}, num_training_steps: 0, batch_size: 1, key: 0}\n",
             data);
    const tx_config_source source = {.name = "test.yaml", .text = text, .required = required};
    const tx_train_options options = {.output = run};
    tx_error error = {0};
    tx_status status = tx_config_create(registry, &source, &error, &config);
    status = status ? status : tx_train(config, parallel, &options, &error);
    CU_ASSERT_EQUAL(status, TX_OK);
    if (status != TX_OK) {
        printf("\n%s\n", error.message);
    }
    tx_config_destroy(config);
}

static tx_status roll(int64_t steps, tx_error *error)
{
    char network[96], initial[96], output[96];
    path(network, sizeof network, "run/network.h5");
    path(initial, sizeof initial, "zeros.h5");
    path(output, sizeof output, "rolled.h5");
    const tx_status status = tx_rollout(parallel, registry, network, initial, steps, NULL, &(tx_output){.path = output}, error);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    CU_ASSERT_EQUAL(access(output, F_OK) == 0, status == TX_OK);
    return status;
}

static void failing_function(void)
{
    tx_error error = {0};
    prepare();
    CU_ASSERT_EQUAL(roll(5, &error), TX_FAILURE);
    CU_ASSERT_STRING_EQUAL(error.message, "step 4 of the rollout: the function 'count' failed with code 3");
    CU_ASSERT_EQUAL(roll(3, &error), TX_OK);
}

int main(void)
{
    char command[128];
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_registry_add(registry, &component, NULL) != TX_OK ||
        tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    strcpy(directory, "/tmp/trainax-rollout-XXXXXX");
    if ((tx_parallel_rank(parallel) == 0 && !mkdtemp(directory)) ||
        tx_parallel_broadcast(parallel, directory, sizeof directory, NULL) != TX_OK) {
        return 1;
    }
    const int code = suite_run("rollout", (suite_test[]){{"a function that fails", failing_function}, {0}});
    tx_parallel_barrier(parallel, NULL);
    if (tx_parallel_rank(parallel) == 0) {
        snprintf(command, sizeof command, "rm -rf %s", directory);
        (void)!system(command);
    }
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
