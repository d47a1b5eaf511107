/* A registry with the real sections of a run and a few components of the tests' own. */
#pragma once

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/component.h"

extern const tx_component *const tx_component_components[];

static const tx_option fake_sine_options[] = {
    {.name = "num_points", .type = TX_TYPE_INTEGER, .minimum = 1, .text = "points"},
    {.name = "cfl", .type = TX_TYPE_REAL, .initial = "-0.75", .text = "CFL number"},
    {.name = "key", .type = TX_TYPE_KEY, .text = "initial states"},
    {0},
};
static const tx_option fake_file_options[] = {
    {.name = "path", .type = TX_TYPE_PATH, .text = "file"},
    {.name = "samples", .type = TX_TYPE_STRING, .initial = "null", .text = "a slice"},
    {.name = "fields", .type = TX_TYPE_STRINGS, .initial = "null", .text = "channels"},
    {0},
};
static const tx_option fake_conv_options[] = {
    {.name = "in_channels", .type = TX_TYPE_INTEGER, .minimum = 1, .text = "channels"},
    {.name = "kernel_size", .type = TX_TYPE_INTEGERS, .minimum = 1, .text = "points per axis"},
    {.name = "padding",
     .type = TX_TYPE_INTEGERS,
     .initial = "0",
     .words = "same same_lower valid",
     .minimum = 0,
     .maximum = INFINITY,
     .tuple = 2,
     .text = "points added"},
    {.name = "padding_mode",
     .type = TX_TYPE_WORD,
     .initial = "zeros",
     .words = "zeros circular reflect replicate",
     .text = "what is added"},
    {.name = "use_bias", .type = TX_TYPE_BOOLEAN, .initial = "true", .text = "adds a bias"},
    {.name = "key", .type = TX_TYPE_KEY, .unless = "parameters", .text = "initial parameters"},
    {.name = "parameters", .type = TX_TYPE_PATH, .initial = "null", .text = "a network file"},
    {0},
};
static const tx_option fake_adam_options[] = {
    {.name = "learning_rate", .type = TX_TYPE_REAL, .kind = TX_KIND_SCHEDULE, .above_minimum = true, .text = "the rate"},
    {.name = "b1", .type = TX_TYPE_REAL, .initial = "0.9", .minimum = 0, .maximum = 1, .text = "decay"},
    {.name = "momentum", .type = TX_TYPE_REAL, .initial = "null", .text = "momentum"},
    {0},
};
static const tx_option fake_constant_options[] = {{.name = "value", .type = TX_TYPE_REAL, .text = "the rate"}, {0}};
static const tx_option fake_supervised_options[] = {
    {.name = "num_rollout_steps", .type = TX_TYPE_INTEGER, .initial = "1", .minimum = 1, .unit = "steps", .text = "rollout"},
    {.name = "cut_bptt", .type = TX_TYPE_BOOLEAN, .initial = "false", .text = "cuts"},
    {.name = "time_level_weights", .type = TX_TYPE_REALS, .initial = "null", .kind = TX_KIND_WEIGHTS, .text = "weights"},
    {.name = "time_level_loss", .type = TX_TYPE_SECTION, .initial = "mse", .kind = TX_KIND_LOSS, .text = "loss"},
    {0},
};
static const tx_option fake_each[] = {{.name = "weight", .type = TX_TYPE_REAL, .initial = "1", .text = "weight of the part"}, {0}};
static const tx_option fake_composite_options[] = {
    {.name = "configurations", .type = TX_TYPE_SECTIONS, .kind = TX_KIND_CONFIGURATION, .each = fake_each, .text = "parts"},
    {0},
};
static const tx_option fake_loss_options[] = {
    {.name = "configuration",
     .type = TX_TYPE_SECTION,
     .kind = TX_KIND_CONFIGURATION,
     .alias = "loss_configuration",
     .text = "evaluated"},
    {0},
};
static const tx_option fake_save_options[] = {
    {.name = "path", .type = TX_TYPE_OUTPUT_PATH, .initial = ".", .may_differ = true, .text = "folder"},
    {0},
};
static const tx_option fake_exponential_options[] = {{.name = "rate", .type = TX_TYPE_REAL, .text = "ratio"}, {0}};

static const tx_component fakes[] = {
    {TX_KIND_DATA, "sine", "sines", fake_sine_options, NULL, false, false, NULL},
    {TX_KIND_DATA, "file", "a file", fake_file_options, NULL, false, false, NULL},
    {TX_KIND_NETWORK, "conv", "one convolution", fake_conv_options, NULL, false, false, NULL},
    {TX_KIND_NETWORK, "linear", "a matrix", NULL, NULL, false, false, NULL},
    {TX_KIND_OPTIMIZER, "adam", "Adam", fake_adam_options, NULL, false, false, NULL},
    {TX_KIND_OPTIMIZER, "sgd", "gradient descent", fake_adam_options, NULL, false, false, NULL},
    {TX_KIND_SCHEDULE, "constant", "one rate", fake_constant_options, NULL, false, false, NULL},
    {TX_KIND_CONFIGURATION, "supervised", "against data", fake_supervised_options, NULL, false, false, NULL},
    {TX_KIND_CONFIGURATION, "composite", "a sum", fake_composite_options, NULL, false, false, NULL},
    {TX_KIND_LOSS, "mse", "squares", NULL, NULL, false, false, NULL},
    {TX_KIND_LOSS, "composite", "a sum", NULL, NULL, false, false, NULL},
    {TX_KIND_WEIGHTS, "exponential", "powers", fake_exponential_options, NULL, false, false, NULL},
    {TX_KIND_WEIGHTS, "last_only", "the last", NULL, NULL, false, false, NULL},
    {TX_KIND_CALLBACK, "weight_norm", "norm", NULL, NULL, false, false, NULL},
    {TX_KIND_CALLBACK, "loss", "a loss", fake_loss_options, NULL, false, false, NULL},
    {TX_KIND_CALLBACK, "save_network", "saves", fake_save_options, NULL, false, false, NULL},
};

static inline tx_status fake_registry_try(tx_error *error, tx_registry **out)
{
    tx_registry *registry;
    TX_TRY(tx_registry_create(error, &registry));
    tx_status status = TX_OK;
    for (int k = 0; status == TX_OK && tx_component_components[k]; k++) {
        status = tx_registry_add(registry, tx_component_components[k], error);
    }
    for (size_t k = 0; status == TX_OK && k < sizeof fakes / sizeof *fakes; k++) {
        status = tx_registry_add(registry, &fakes[k], error);
    }
    if (status != TX_OK) {
        tx_registry_destroy(registry);
        return status;
    }
    *out = registry;
    return TX_OK;
}

static inline tx_registry *fake_registry(void)
{
    tx_registry *registry = NULL;
    CU_ASSERT_EQUAL_FATAL(fake_registry_try(NULL, &registry), TX_OK);
    return registry;
}

static const char *const fake_train[] = {"data", "network", "trainer", NULL};

/* A good configuration with something of everything. */
static const char *const fake_text = "precision: float64\n"                                                              /* 1 */
                                     "data: {type: sine, num_points: 30, key: 0}\n"                                      /* 2 */
                                     "network:\n"                                                                        /* 3 */
                                     "  type: conv\n"                                                                    /* 4 */
                                     "  in_channels: 1\n"                                                                /* 5 */
                                     "  kernel_size: 2\n"                                                                /* 6 */
                                     "  padding: same\n"                                                                 /* 7 */
                                     "  padding_mode: CIRCULAR\n"                                                        /* 8 */
                                     "  use_bias: false\n"                                                               /* 9 */
                                     "  key: {seed: 73, split: 2, index: 1}\n"                                           /* 10 */
                                     "trainer:\n"                                                                        /* 11 */
                                     "  num_rollout_steps: 5\n"                                                          /* 12 */
                                     "  time_level_weights: [1, 0.5, 1e-3, 0, 2]\n"                                      /* 13 */
                                     "  optimizer: {type: adam, learning_rate: 1e-2}\n"                                  /* 14 */
                                     "  num_training_steps: 1000\n"                                                      /* 15 */
                                     "  batch_size: 32\n"                                                                /* 16 */
                                     "  key: 42\n"                                                                       /* 17 */
                                     "callbacks:\n"                                                                      /* 18 */
                                     "  - weight_norm\n"                                                                 /* 19 */
                                     "  - {type: loss, every: 10, name: five, loss_configuration: {type: supervised}}\n" /* 20 */
                                     "parallel: {memory: 512 MiB, threads: 2}\n";                                        /* 21 */

typedef struct fake_read {
    tx_status status;
    tx_error error;
    tx_config *config;
} fake_read;

static inline fake_read fake_config(const tx_registry *registry, const char *text, int num_overrides, const char *const *overrides)
{
    fake_read read = {0};
    const tx_config_source source = {
        .name = "some/run.yaml", .text = text, .overrides = overrides, .num_overrides = num_overrides, .required = fake_train};
    read.status = tx_config_create(registry, &source, &read.error, &read.config);
    return read;
}
