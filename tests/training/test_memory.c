/* What `inspect` predicts is what a run occupies, within 10 %; and a run that gets no memory says so and frees all it had.
 * guard: alone */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algebra/symmetric.h"
#include "base/memory.h"
#include "kernel/backend.h"
#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"
#include "training/curious.h"
#include "history/history.h"
#include "training/trainer.h"

static tx_registry *registry;
static tx_parallel *parallel;

static tx_config *make_config(const char *const *overrides, int count)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const tx_config_source source = {
        .name = "test.yaml", .text = advection, .overrides = overrides, .num_overrides = count, .required = required};
    tx_config *config = NULL;
    tx_error error = {0};
    if (tx_config_create(registry, &source, &error, &config) != TX_OK) {
        CU_FAIL_FATAL(error.message);
    }
    return config;
}

static void compare(const char *const *overrides, int count)
{
    tx_error error = {0};
    tx_trainer *trainer;
    tx_history *history;
    tx_memory_estimate estimate;
    tx_config *config = make_config(overrides, count);
    CU_ASSERT_EQUAL_FATAL(tx_memory_predict(config, 1, &error, &estimate), TX_OK);
    const size_t before = tx_memory_live();
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, &error, &trainer), TX_OK);
    CU_ASSERT_EQUAL(tx_history_create(TX_FLOAT32, 1, tx_trainer_num_columns(trainer), "", "", &error, &history), TX_OK);
    CU_ASSERT_DOUBLE_EQUAL((double)tx_trainer_memory(trainer, 1).total / (double)estimate.total, 1, 0.01); /* malloc's rounding */
    CU_ASSERT_EQUAL(tx_trainer_step(trainer, &error), TX_OK);
    const double used = (double)(tx_memory_live() - before), predicted = (double)estimate.total;
    CU_ASSERT_DOUBLE_EQUAL(predicted / used, 1, 0.1);
    tx_history_destroy(history);
    tx_trainer_destroy(trainer);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    tx_config_destroy(config);
}

static void test_prediction(void)
{
    static const char large[] =
        "network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 64, depth: 6, key: 0}";
    static const char wide[] = "precision=float64", threads[] = "parallel.threads=3", plain[] = "parallel.reduction=plain";
    static const char few[] = "data.num_samples=2", no_callbacks[] = "callbacks=[]";
    static const char sgd[] = "trainer.optimizer={type: sgd, learning_rate: 0.1}", replicated[] = "parallel.placement=replicated";
    static const char gradients[] =
        "callbacks=[{type: grad_norm, name: g, configuration: {type: supervised, num_rollout_steps: 2}}, metrics]";
    static const char curious_one[] = "trainer.optimizer=curious";
    static const char stopping[] = "callbacks=[{type: early_stopping, metric: mean_MSE}, metrics]";
    static const char held_out[] = "evaluation={data: {type: advection_1d_periodic, num_points: 30, num_samples: 500,"
                                   "temporal_horizon: 50, key: 1}}";
    compare(NULL, 0);
    compare((const char *[]){large, gradients, threads}, 3);
    compare((const char *[]){large, wide, stopping, held_out}, 4);
    compare((const char *[]){wide, threads}, 2);
    compare((const char *[]){large, few}, 2);
    compare((const char *[]){large, wide, threads, no_callbacks}, 4);
    compare((const char *[]){large, plain, sgd, replicated}, 4);
    compare((const char *[]){large, curious_one}, 2);
    compare((const char *[]){wide, threads, curious_one}, 3);
    if (tx_symmetric_known(NULL) == TX_OK) {
        static const char columns[] = "trainer.optimizer=levenberg_marquardt", dual[] = "trainer.batch_size=4",
                          rows[] = "trainer={num_rollout_steps: 1, num_training_steps: 9, batch_size: 200, key: 42,"
                                   "optimizer: {type: levenberg_marquardt}}",
                          medium[] = "network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1,"
                                     "hidden_channels: 10, depth: 2, key: 0}";
        compare((const char *[]){columns}, 1);
        compare((const char *[]){medium, wide, rows, no_callbacks}, 4);
        compare((const char *[]){medium, columns, dual}, 3);
    }
}

/* Bytes predicted with `parallel.memory` at `limit` bytes (0: unlimited); -1 where that is too little. */
static double predict(const char *const *overrides, int count, size_t limit, tx_error *error)
{
    const char *all[8];
    char memory[64];
    snprintf(memory, sizeof memory, limit ? "parallel.memory=%zu KiB" : "parallel.memory=unlimited", limit / 1024);
    memcpy(all, overrides, (size_t)count * sizeof *all);
    all[count] = memory;
    tx_config *config = make_config(all, count + 1);
    tx_memory_estimate estimate = {0};
    const tx_status status = tx_memory_predict(config, 1, error, &estimate);
    CU_ASSERT(status == TX_OK || status == TX_INVALID);
    if (status == TX_OK) {
        compare(all, count + 1);
    }
    tx_config_destroy(config);
    return status == TX_OK ? (double)estimate.total : -1;
}

/* Whatever the limit, a run stays within it and its prediction true; below the least, the error says what the least is, and
 * with that it runs. */
static void check_limit(const char *optimizer)
{
    static const char large[] =
        "network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 8, depth: 6, key: 0}";
    const char *const overrides[] = {large, "data.temporal_horizon=30", "trainer.num_rollout_steps=20", "parallel.threads=2",
                                     optimizer};
    const double unlimited = predict(overrides, 5, 0, NULL);
    bool failed = false;
    for (int share = 19; share > 0; share -= 3) {
        tx_error error = {0};
        const size_t limit = (size_t)(unlimited * share / 20) / 1024 * 1024;
        const double used = predict(overrides, 5, limit, &error);
        CU_ASSERT(used <= (double)limit);
        if (used < 0) {
            const char *at_least = strstr(error.message, "parallel.memory: too little: this run takes at least ");
            CU_ASSERT_PTR_NOT_NULL_FATAL(at_least);
            const size_t least = strtoul(strpbrk(at_least, "0123456789"), NULL, 10) * 1024;
            CU_ASSERT(least > limit);
            CU_ASSERT(predict(overrides, 5, least, &error) > 0);
            CU_ASSERT(predict(overrides, 5, least - 8192, &error) < 0);
            failed = true;
        }
    }
    CU_ASSERT(failed);
}

static void test_limit(void)
{
    check_limit("trainer.optimizer={type: adam, learning_rate: 1e-2}");
    check_limit("trainer.optimizer=curious");
}

/* What no machine holds is predicted, by numbers that follow from the sizes, and none of it taken: of float parameters (two sets,
 * a gradient, two slots twice, two packed copies of all but the last and the first layer), sums of eight bytes and their result. */
static void test_plan(void)
{
    static const char wide[] =
        "network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 50000, depth: 3, key: 0}";
    const size_t copy = tx_backend_default->in_place ? 0 : 4;
    const size_t inner = (size_t)2 * 3 * 50000 * 50000, per_parameter = 2 * 4 + 4 + 2 * 2 * 4 + 2 * 4 + 8 + 4 + copy;
    const char *const overrides[] = {wide, "callbacks=[]"};
    tx_config *config = make_config(overrides, 2);
    tx_memory_estimate estimate;
    tx_memory_reset_peak();
    const size_t before = tx_memory_live();
    CU_ASSERT_EQUAL_FATAL(tx_memory_predict(config, 1, NULL, &estimate), TX_OK);
    CU_ASSERT(tx_memory_peak() - before < (size_t)64 << 20);
    CU_ASSERT_DOUBLE_EQUAL((double)estimate.parameters / (double)(inner * per_parameter), 1, 1e-3);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    tx_config_destroy(config);
}

/* Data alike. */
static void test_plan_of_data(void)
{
    const char *const overrides[] = {"data.num_points=1000000000", "data.num_samples=7", "data.temporal_horizon=30",
                                     "callbacks=[metrics]"};
    tx_config *config = make_config(overrides, 4);
    tx_memory_estimate estimate;
    tx_memory_reset_peak();
    const size_t before = tx_memory_live();
    for (int ranks = 1; ranks <= 4; ranks += 3) {
        CU_ASSERT_EQUAL_FATAL(tx_memory_predict(config, ranks, NULL, &estimate), TX_OK);
        CU_ASSERT_EQUAL(estimate.data, (size_t)(7 * 30 + ranks - 1) / (size_t)ranks * 4 * 1000000000);
        CU_ASSERT(estimate.total > estimate.data);
    }
    CU_ASSERT(tx_memory_peak() - before < (size_t)64 << 20);
    tx_config_destroy(config);
}

/* The n-th allocation fails, for every n until none does. */
static void test_exhaustion(void)
{
    tx_config *config = make_config(NULL, 0);
    const size_t before = tx_memory_live();
    long n = 0;
    for (bool done = false; !done && n < 100000; n++) {
        tx_error error = {0};
        tx_trainer *trainer = NULL;
        tx_memory_fail_after(n);
        tx_status status = tx_trainer_create(config, parallel, NULL, &error, &trainer);
        for (int step = 0; status == TX_OK && step < 3; step++) {
            status = tx_trainer_step(trainer, &error);
        }
        tx_memory_fail_after(-1);
        tx_trainer_destroy(trainer);
        done = status == TX_OK;
        if (!done) {
            CU_ASSERT_EQUAL(status, TX_FAILURE);
            CU_ASSERT(error.message[0] != '\0');
        }
        CU_ASSERT_EQUAL_FATAL(tx_memory_live(), before);
    }
    CU_ASSERT(n > 50); /* it did fail in many places */
    tx_config_destroy(config);
}

int main(void)
{
    static const suite_test tests[] = {{"prediction", test_prediction},     {"limit", test_limit},           {"plan", test_plan},
                                       {"plan of data", test_plan_of_data}, {"exhaustion", test_exhaustion}, {0}};
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_registry_add(registry, &curious, NULL) != TX_OK ||
        tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training memory", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
