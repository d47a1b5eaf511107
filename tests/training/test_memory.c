/* What `inspect` predicts is what a run occupies, within 10 %; and a run that gets no memory says so and frees all it had. */
#include "base/memory.h"
#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"

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
    tx_memory_estimate estimate;
    tx_config *config = make_config(overrides, count);
    CU_ASSERT_EQUAL_FATAL(tx_memory_predict(config, 1, &error, &estimate), TX_OK);
    const size_t before = tx_memory_live();
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, &error, &trainer), TX_OK);
    CU_ASSERT_EQUAL(tx_trainer_step(trainer, &error), TX_OK);
    const double used = (double)(tx_memory_live() - before), predicted = (double)estimate.total;
    CU_ASSERT_DOUBLE_EQUAL(predicted / used, 1, 0.1);
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
    compare(NULL, 0);
    compare((const char *[]){wide, threads}, 2);
    compare((const char *[]){large, few}, 2);
    compare((const char *[]){large, wide, threads, no_callbacks}, 4);
    compare((const char *[]){large, plain, sgd, replicated}, 4);
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
    static const suite_test tests[] = {{"prediction", test_prediction}, {"exhaustion", test_exhaustion}, {0}};
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training memory", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
