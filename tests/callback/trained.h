/* A trainer that stands before a step, for callbacks to look at. */
#pragma once

#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/trainax.h"
#include "training/trainer.h"

static tx_parallel *parallel;
static tx_registry *registry;

/* The last minibatch of an epoch (48 windows, 20 at a time) is short; blocks of 3 give every rank some of a minibatch. */
static const char trained_text[] =
    "precision: float64\n"
    "data: {type: advection_1d_periodic, num_points: 12, num_samples: 6, temporal_horizon: 11, key: 3}\n"
    "network: {type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 3, depth: 1,\n"
    "          activation: tanh, key: 1}\n"
    "trainer: {num_rollout_steps: 3, optimizer: {type: adam, learning_rate: 0.1},\n"
    "          num_training_steps: 1000, batch_size: 20, key: 42}\n"
    "parallel: {block: 3}\n";

typedef struct trained {
    tx_config *config;
    tx_trainer *trainer;
} trained;

static inline tx_status trained_try(const char *callbacks, const char *more, tx_error *error, trained *out)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const char *const overrides[] = {callbacks, more};
    const tx_config_source source = {
        .name = "test.yaml", .text = trained_text, .overrides = overrides, .num_overrides = more ? 2 : 1, .required = required};
    const tx_trainer_setup setup = {0};
    *out = (trained){0};
    TX_TRY(tx_config_create(registry, &source, error, &out->config));
    const tx_status status = tx_trainer_create_with(out->config, parallel, &setup, error, &out->trainer);
    if (status != TX_OK) {
        tx_config_destroy(out->config);
    }
    return status;
}

/* callbacks: an override, "callbacks=[…]"; more: another, or NULL. */
static inline trained trained_open(const char *callbacks, const char *more)
{
    trained t;
    tx_error error = {0};
    if (trained_try(callbacks, more, &error, &t) != TX_OK) {
        printf("\n%s\n", error.message);
        CU_FAIL_FATAL("no trainer");
    }
    return t;
}

static inline void trained_close(trained *t)
{
    tx_trainer_destroy(t->trainer);
    tx_config_destroy(t->config);
}

/* A whole step, as a run does it; the row before its update stays. */
static inline void trained_step(trained *t)
{
    CU_ASSERT_EQUAL_FATAL(tx_trainer_step(t->trainer, NULL), TX_OK);
}

static inline double trained_value(const trained *t, const char *column)
{
    for (int k = 0; k < tx_trainer_num_columns(t->trainer); k++) {
        double value;
        if (strcmp(tx_trainer_column(t->trainer, k), column) == 0 && tx_trainer_observed(t->trainer, k, &value)) {
            return value;
        }
    }
    return __builtin_nan("");
}

static inline int trained_main(const char *name, const suite_test *tests)
{
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK || tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    const int code = suite_run(name, tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
