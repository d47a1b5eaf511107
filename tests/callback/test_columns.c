/* Columns and the steps at which callbacks run: composites, names, what is refused. ranks: 1 3 */
#include <math.h>

#include "callback/trained.h"

static void composites(void)
{
    static const char *const columns[] = {"weight_norm", "rate", "inner", "deep", "l"};
    static const int every[] = {3, 2, 4, 12, 1};
    trained t = trained_open("callbacks=[{type: weight_norm, every: 3},"
                             "{type: composite, every: 2, callbacks: [{type: learning_rate, name: rate}, progress, checkpoint,"
                             "{type: composite, callbacks: [{type: weight_norm, name: inner, every: 4}, {type: composite, every: 4,"
                             "callbacks: [{type: weight_norm, name: deep, every: 3, squared: true}]}]},"
                             "{type: composite, callbacks: []}]},"
                             "{type: loss, name: l, configuration: supervised}]",
                             NULL);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_num_columns(t.trainer), 5);
    for (int step = 0; step < 25; step++) {
        CU_ASSERT_EQUAL(tx_callbacks_checkpoint_due(&t.trainer->member.callbacks, t.trainer->member.step), step % 2 == 0);
        trained_step(&t);
        for (int k = 0; k < 5; k++) {
            CU_ASSERT_STRING_EQUAL(tx_trainer_column(t.trainer, k), columns[k]);
            CU_ASSERT_EQUAL(isnan(trained_value(&t, columns[k])), step % every[k] != 0);
        }
        if (step % 12 == 0) {
            CU_ASSERT_DOUBLE_EQUAL(trained_value(&t, "deep"), pow(trained_value(&t, "weight_norm"), 2), 1e-12);
            CU_ASSERT_EQUAL(trained_value(&t, "inner"), trained_value(&t, "weight_norm"));
        }
    }
    trained_close(&t);
}

/* The rate of the update that follows. */
static void learning_rates(void)
{
    trained t = trained_open("callbacks=[learning_rate]",
                             "trainer.optimizer={type: sgd, learning_rate: {type: piecewise_constant, init_value: 0.5,"
                             "boundaries_and_scales: {2: 0.5, 3: 0.1}}}");
    static const double rates[] = {0.5, 0.5, 0.25, 0.025};
    for (int step = 0; step < 4; step++) {
        const double old = *(const double *)tx_trainer_parameters(t.trainer);
        CU_ASSERT_DOUBLE_EQUAL(tx_optimizer_rate(t.trainer->member.optimizer), rates[step], 1e-15);
        trained_step(&t);
        const double slope = *(const double *)tx_trainer_gradient(t.trainer);
        CU_ASSERT_DOUBLE_EQUAL(trained_value(&t, "learning_rate"), rates[step], 1e-15);
        CU_ASSERT_DOUBLE_EQUAL(*(const double *)tx_trainer_parameters(t.trainer), old - rates[step] * slope, 1e-14);
    }
    trained_close(&t);
}

static void refusals(void)
{
    static const char *const cases[][2] = {
        {"[{type: grad_norm, configuration: supervised}]", "callbacks.0: grad_norm needs a `name`"},
        {"[{type: grad_norm, name: g}]", "callbacks.0.configuration is required"},
        {"[{type: grad_norm, name: g, configuration: supervised, loss_configuration: supervised}]", "are the same key"},
        {"[{type: grad_norm, name: g, configuration: {type: supervised, num_rollout_steps: 4}}]",
         "reads 5 time levels, but the trainer's windows have 4"},
        {"[{type: grad_norm, name: g, configuration: {type: diverted_chain_branch_one, num_rollout_steps: 40}}]",
         "needs a `ref_stepper`"},
        {"[{type: loss, name: g, configuration: residuum}]", "needs a `residuum_fn`"},
        {"[{type: loss, name: a/b, with_grad: true, configuration: supervised}]", "callbacks.0.name: files in the run directory"},
        {"[{type: get_network, name: a/b}]", "it holds no slash"},
        {"[{type: weight_norm, name: 'a,b'}]", "no comma"},
        {"[{type: weight_norm, name: loss}]", "has a column loss already"},
        {"[weight_norm, {type: composite, callbacks: [learning_rate, weight_norm]}]", "has a column weight_norm already"},
        {"[{type: composite, name: c, callbacks: []}]", "no column of its own"},
        {"[composite]", "callbacks.0.callbacks is required"},
        {"[{type: composite, callbacks: [wight_norm]}]", "did you mean 'weight_norm'"},
        {"[{type: composite, callbacks: [{type: grad_norm, configuration: supervised}]}]",
         "callbacks.0.callbacks.0: grad_norm needs"},
        {"[{type: save_network, path: x}]", "callbacks.0.file_name is required"},
        {"[{type: save_network, file_name: x}]", "callbacks.0.path is required"},
        {"[{type: early_stopping, patience: 0}]", "patience"},
        {"[{type: early_stopping, min_delta: -1}]", "min_delta"},
        {"[{type: early_stopping, metric: 'mean_MSE,mean_MAE'}]", "callbacks.0.metric: one metric is watched, not 2"},
        {"[{type: early_stopping, metric: mean_nRMS}]", "callbacks.0.metric: "},
        {"[{type: metrics, over_steps: median}]", "gmean"},
        {"[metrics, metrics]", "has a column mean_nRMSE already"},
        {"[{type: checkpoint, every: 0}]", "every"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char set[1024];
        trained t;
        tx_error error = {0};
        snprintf(set, sizeof set, "callbacks=%s", cases[k][0]);
        CU_ASSERT_EQUAL(trained_try(set, NULL, &error, &t), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[k][1]));
        CU_ASSERT_PTR_NULL(strchr(error.message, '\n'));
        if (!strstr(error.message, cases[k][1])) {
            printf("\n%s: %s\n", cases[k][0], error.message);
        }
    }
}

static void refusals_of_the_evaluation_section(void)
{
    static const char *const cases[][2] = {
        {"evaluation={metrics: [mean_MSE, mean_MSE]}", "evaluation.metrics: metric 'mean_MSE' is listed twice"},
        {"evaluation={num_steps: 11}", "num_steps: 11 steps, but"},
        {"evaluation={data: {type: lorenz_rk4, num_samples: 2, temporal_horizon: 5, num_warmup_steps: 1, key: 0}}", "spatial axes"},
    };
    for (size_t k = 0; k < 2 * sizeof cases / sizeof *cases; k++) {
        trained t;
        tx_error error = {0};
        const char *callbacks = k % 2 ? "callbacks=[metrics]" : "callbacks=[weight_norm]"; /* asked for, or by nobody yet */
        CU_ASSERT_EQUAL(trained_try(callbacks, cases[k / 2][0], &error, &t), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[k / 2][1]));
        if (!strstr(error.message, cases[k / 2][1])) {
            printf("\n%s: %s\n", cases[k / 2][0], error.message);
        }
    }
}

static tx_status create_and_observe(tx_error *error)
{
    trained t;
    TX_TRY(
        trained_try("callbacks=[{type: composite, callbacks: [weight_norm, {type: grad_norm, name: g, configuration: supervised},"
                    "{type: composite, callbacks: [{type: metrics, name: m}]}]}, {type: early_stopping, metric: mean_MSE},"
                    "{type: loss, name: l, with_grad: true, every: 5, configuration: {type: residuum},"
                    "residuum_fn: {type: fou_advection_1d, cfl: -0.75}}, checkpoint, learning_rate, {type: get_network, every: 9}]",
                    NULL, error, &t));
    t.trainer->member.step = 1; /* nothing is saved, for want of a directory */
    tx_status status = tx_member_compute(&t.trainer->member, error);
    status = status ? status : tx_member_observe(&t.trainer->member, error);
    trained_close(&t);
    return status;
}

/* The n-th allocation fails, for every n until none does. Alone: ranks need not come to the same n together. */
static void exhaustion(void)
{
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    long n = 0;
    for (; tx_parallel_size(parallel) == 1 && status != TX_OK && n < 100000; n++) {
        tx_error error = {0};
        tx_memory_fail_after(n);
        status = create_and_observe(&error);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || status == TX_FAILURE);
        CU_ASSERT(status == TX_OK || error.message[0] != '\0');
        CU_ASSERT_EQUAL_FATAL(tx_memory_live(), before);
    }
    CU_ASSERT(n == 0 || n > 200); /* it did fail in many places */
}

int main(void)
{
    static const suite_test tests[] = {
        {"composites", composites}, {"learning rates", learning_rates},
        {"refusals", refusals},     {"refusals of the evaluation section", refusals_of_the_evaluation_section},
        {"exhaustion", exhaustion}, {0}};
    return trained_main("columns of callbacks", tests);
}
