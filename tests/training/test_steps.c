/* A trainer that a program drives step by step: its callbacks, its parameters, and what has failed stays so. ranks: 1 3
 * guard: 1 3 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "training/trainer.h"
#include "trainax/trainax.h"

static const char text[] =
    "precision: float64\n"
    "data: {type: advection_1d_periodic, num_points: 12, num_samples: 6, temporal_horizon: 11, key: 3}\n"
    "network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 3, padding: same,\n"
    "          padding_mode: circular, use_bias: false, key: 1}\n"
    "trainer: {num_rollout_steps: 2, optimizer: {type: adam, learning_rate: 0.1}, num_training_steps: 20, batch_size: 1000,\n"
    "          key: 42}\n"
    "parallel: {block: 3}\n";
enum { WEIGHTS = 3 };

static tx_parallel *parallel;
static tx_registry *registry;

static tx_config *configure(const char *override)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const tx_config_source source = {
        .name = "test.yaml", .text = text, .overrides = &override, .num_overrides = 1, .required = required};
    tx_config *config = NULL;
    tx_error error = {0};
    if (tx_config_create(registry, &source, &error, &config) != TX_OK) {
        printf("\n%s\n", error.message);
        CU_FAIL_FATAL("no configuration");
    }
    return config;
}

static tx_trainer *create(const tx_config *config)
{
    tx_trainer *trainer = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, NULL, &trainer), TX_OK);
    return trainer;
}

static double norm(const double *weights)
{
    return sqrt(weights[0] * weights[0] + weights[1] * weights[1] + weights[2] * weights[2]);
}

/* What weight_norm saw is the norm before the step; early_stopping, which nothing satisfies, ends the run. */
static void callbacks(void)
{
    tx_config *config =
        configure("callbacks=[{type: weight_norm, every: 2}, {type: early_stopping, patience: 4, min_delta: 1000}]");
    tx_trainer *trainer = create(config);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_num_columns(trainer), 2);
    CU_ASSERT_STRING_EQUAL(tx_trainer_column(trainer, 0), "weight_norm");
    while (!tx_trainer_is_done(trainer)) {
        const bool due = tx_trainer_steps_done(trainer) % 2 == 0;
        const double before = norm(tx_trainer_parameters(trainer));
        double seen;
        CU_ASSERT_EQUAL_FATAL(tx_trainer_step(trainer, NULL), TX_OK);
        CU_ASSERT_EQUAL(tx_trainer_observed(trainer, 0, &seen), due);
        CU_ASSERT(!due || fabs(seen / before - 1) < 1e-15);
        CU_ASSERT(tx_trainer_observed(trainer, 1, &seen) && seen > 0);
    }
    CU_ASSERT_EQUAL(tx_trainer_steps_done(trainer), 5); /* the first is the best, then four without an improvement */
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

/* mean_nRMSE of the training data, as the callback is to see it. */
static double evaluate(const tx_config *config, const void *parameters)
{
    const tx_section *root = tx_config_root(config);
    const tx_evaluation_setup setup = {.run = root, .network = tx_get_section(root, "network")};
    tx_evaluation *evaluation = NULL;
    tx_evaluation_result result = {0};
    CU_ASSERT_EQUAL_FATAL(tx_evaluation_create(parallel, &setup, NULL, &evaluation), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_evaluation_run(evaluation, parameters, NULL, &result), TX_OK);
    const double value = result.gmean;
    tx_evaluation_destroy(evaluation);
    return value;
}

/* The best of the networks before every third step and after the last one, which is the best of all; its fetched windows lie where
 * the evaluation's levels go. */
static void best_network(void)
{
    tx_config *config = configure("callbacks=[{type: composite, callbacks: [{type: metrics, every: 3, keep_best: mean_nRMSE}]},"
                                  "{type: early_stopping, patience: 1, min_delta: 1000}]");
    tx_trainer *trainer = create(config);
    tx_best_network best;
    double least = INFINITY;
    int64_t step = -1;
    CU_ASSERT(!tx_trainer_best(trainer, &best));
    for (bool last = false; !last;) {
        last = tx_trainer_is_done(trainer);
        const int64_t now = tx_trainer_steps_done(trainer);
        const double value = evaluate(config, tx_trainer_parameters(trainer));
        if ((last || now % 3 == 0) && value < least) {
            least = value;
            step = now;
        }
        CU_ASSERT_EQUAL_FATAL(last ? tx_trainer_conclude(trainer, NULL) : tx_trainer_step(trainer, NULL), TX_OK);
        CU_ASSERT_FATAL(tx_trainer_best(trainer, &best));
        CU_ASSERT_EQUAL(best.step, step);
        CU_ASSERT_DOUBLE_EQUAL(best.value, least, 1e-12 * least);
        CU_ASSERT_DOUBLE_EQUAL(evaluate(config, best.parameters), least, 1e-12 * least);
    }
    CU_ASSERT_STRING_EQUAL(best.metric, "mean_nRMSE");
    CU_ASSERT_EQUAL(best.step, 2);
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

/* Every minibatch is the whole batch: at the same parameters each step has the same loss and gradient. */
static void parameters(void)
{
    tx_config *config = configure("callbacks=[]");
    tx_trainer *trainer = create(config);
    double first[WEIGHTS], gradient[WEIGHTS];
    memcpy(first, tx_trainer_parameters(trainer), sizeof first);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_step(trainer, NULL), TX_OK);
    memcpy(gradient, tx_trainer_gradient(trainer), sizeof gradient);
    const double loss = tx_trainer_loss(trainer);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_step(trainer, NULL), TX_OK);
    CU_ASSERT_NOT_EQUAL(tx_trainer_loss(trainer), loss);
    tx_trainer_set_parameters(trainer, first);
    CU_ASSERT_EQUAL(memcmp(tx_trainer_parameters(trainer), first, sizeof first), 0);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_step(trainer, NULL), TX_OK);
    CU_ASSERT_DOUBLE_EQUAL(tx_trainer_loss(trainer), loss, 1e-14 * loss); /* blocks hold other samples */
    for (int k = 0; k < WEIGHTS; k++) {
        CU_ASSERT_DOUBLE_EQUAL(((const double *)tx_trainer_gradient(trainer))[k], gradient[k], 1e-13 * norm(gradient));
    }
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

/* The last rank asks for more levels than a window may have, once. */
static void failed_fetch(void)
{
    tx_config *config = configure("callbacks=[]");
    tx_trainer *trainer = create(config);
    double before[WEIGHTS];
    memcpy(before, tx_trainer_parameters(trainer), sizeof before);
    const int levels = trainer->member.fetching.levels, last = tx_parallel_size(parallel) - 1;
    trainer->member.fetching.levels += tx_parallel_rank(parallel) == last ? 1000 : 0;
    for (int attempt = 0; attempt < 3; attempt++) {
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_trainer_step(trainer, &error), TX_FAILURE);
        CU_ASSERT(error.message[0] != '\0');
        trainer->member.fetching.levels = levels;
    }
    CU_ASSERT_EQUAL(tx_trainer_steps_done(trainer), 0);
    CU_ASSERT_EQUAL(memcmp(tx_trainer_parameters(trainer), before, sizeof before), 0);
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

/* The n-th allocation fails on the last rank alone: all learn of it, and nothing stays anywhere. */
static void exhaustion_of_one_rank(void)
{
    tx_config *config = configure("callbacks=[weight_norm, {type: metrics, keep_best: mean_MAE}]");
    const bool mine = tx_parallel_rank(parallel) == tx_parallel_size(parallel) - 1;
    const size_t before = tx_memory_live();
    long n = 0;
    for (bool done = false; !done && n < 10000; n++) {
        tx_trainer *trainer = NULL;
        tx_memory_fail_after(mine ? n : -1);
        tx_status status = tx_trainer_create(config, parallel, NULL, NULL, &trainer);
        status = status ? status : tx_trainer_step(trainer, NULL);
        tx_memory_fail_after(-1);
        tx_trainer_destroy(trainer);
        done = status == TX_OK;
        CU_ASSERT(done || status == TX_FAILURE);
        CU_ASSERT_EQUAL_FATAL(tx_memory_live(), before);
    }
    CU_ASSERT(n > 50);
    tx_config_destroy(config);
}

int main(void)
{
    static const suite_test tests[] = {{"callbacks", callbacks},
                                       {"the best network", best_network},
                                       {"parameters", parameters},
                                       {"a failed fetch", failed_fetch},
                                       {"exhaustion of one rank", exhaustion_of_one_rank},
                                       {0}};
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code = suite_run("steps of a trainer", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
