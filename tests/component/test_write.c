/* The resolved YAML: exact text, reading back, and the comparison that guards --resume. */
#include <unistd.h>

#include "component/fake.h"

static char *write_root(const tx_config *config)
{
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(config), NULL, &text), TX_OK);
    return text;
}

/* read(write(x)) writes the same text and is the same run. */
static void check_round_trip(const tx_registry *registry, const char *text, int num_overrides, const char *const *overrides)
{
    fake_read first = fake_config(registry, text, num_overrides, overrides);
    if (first.status != TX_OK) {
        fprintf(stderr, "\n  %s\n", first.error.message);
    }
    CU_ASSERT_EQUAL_FATAL(first.status, TX_OK);
    char *once = write_root(first.config);
    fake_read second = fake_config(registry, once, 0, NULL);
    if (second.status != TX_OK) {
        fprintf(stderr, "\n%s\n  %s\n", once, second.error.message);
    }
    CU_ASSERT_EQUAL_FATAL(second.status, TX_OK);
    char *twice = write_root(second.config);
    CU_ASSERT_STRING_EQUAL(once, twice);
    CU_ASSERT_EQUAL(tx_section_same_run(tx_config_root(second.config), tx_config_root(first.config), NULL), TX_OK);
    tx_free(once);
    tx_free(twice);
    tx_config_destroy(first.config);
    tx_config_destroy(second.config);
}

static void round_trips(void)
{
    /* clang-format off */
    static const char *const sets[] = {
        "callbacks.1.name=\"with \\\"quotes\\\", a: colon, a \\\\, a\\ttab and ü\"",
        "callbacks.1.name='null'",
        "callbacks.1.name='1e3'",
        "callbacks.1.name=' leading'",
        "callbacks.1.name=''",
        "callbacks.1.name='- dash'",
        "callbacks.1.name='a #b'",
        "callbacks=[]",
        "callbacks=[{type: loss, configuration: {type: composite, configurations: [supervised, {type: composite, configurations: []}]}}]",
        "network={type: conv, in_channels: 1, kernel_size: [2, 3], padding: [[1, 0], [2, 3]], parameters: 'a b: c.h5'}",
        "network=linear",
        "trainer.optimizer.learning_rate=0.1",
        "trainer.optimizer.learning_rate=0.30000000000000004",
        "trainer.optimizer.learning_rate=5e-324",
        "trainer.optimizer.learning_rate=1.7976931348623157e308",
        "trainer.optimizer.learning_rate={type: constant, value: 1}",
        "trainer.time_level_weights={type: exponential, rate: 0.9}",
        "trainer.time_level_weights=[]",
        "evaluation={data: {type: file, path: x.h5, samples: '::-1', fields: [velocity_x, '7', 'a, b']}}",
        "output.directory=~",
        "parallel.memory=unlimited",
    };
    /* clang-format on */
    tx_registry *registry = fake_registry();
    check_round_trip(registry, fake_text, 0, NULL);
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        check_round_trip(registry, fake_text, 1, &sets[k]);
    }
    tx_registry_destroy(registry);
}

static void exact_text(void)
{
    static const char *const expected = "precision: float64\n"
                                        "random:\n"
                                        "  stream: jax_partitionable\n"
                                        "data:\n"
                                        "  type: sine\n"
                                        "  num_points: 30\n"
                                        "  cfl: -0.75\n"
                                        "  key: 0\n"
                                        "  dt: null\n"
                                        "  samples: \":\"\n"
                                        "  levels: \":\"\n"
                                        "  points: \":\"\n"
                                        "  normalize: null\n"
                                        "  dt_stride: [1]\n"
                                        "network:\n"
                                        "  type: conv\n"
                                        "  in_channels: 1\n"
                                        "  kernel_size: [2]\n"
                                        "  padding: same\n"
                                        "  padding_mode: circular\n"
                                        "  use_bias: false\n"
                                        "  key: {seed: 73, split: 2, index: 1}\n"
                                        "  parameters: null\n"
                                        "network_key: null\n"
                                        "network_parameters: null\n"
                                        "trainer:\n"
                                        "  type: supervised\n"
                                        "  num_rollout_steps: 5\n"
                                        "  cut_bptt: false\n"
                                        "  time_level_weights: [1, 0.5, 0.001, 0, 2]\n"
                                        "  num_training_steps: 1000\n"
                                        "  batch_size: 32\n"
                                        "  optimizer:\n"
                                        "    type: adam\n"
                                        "    learning_rate: 0.01\n"
                                        "    b1: 0.9\n"
                                        "    momentum: null\n"
                                        "  key: 42\n"
                                        "  record_loss_every: 1\n"
                                        "  do_sub_stacking: true\n"
                                        "  time_level_loss:\n"
                                        "    type: mse\n"
                                        "  ref_stepper: null\n"
                                        "  residuum_fn: null\n"
                                        "  accumulate_grad_batches: 1\n"
                                        "  freeze: null\n"
                                        "  ema: null\n"
                                        "  input_noise: null\n"
                                        "  augmentation: []\n"
                                        "callbacks:\n"
                                        "  - type: weight_norm\n"
                                        "    every: 1\n"
                                        "    name: null\n"
                                        "  - type: loss\n"
                                        "    configuration:\n"
                                        "      type: supervised\n"
                                        "      num_rollout_steps: 1\n"
                                        "      cut_bptt: false\n"
                                        "      time_level_weights: null\n"
                                        "      time_level_loss:\n"
                                        "        type: mse\n"
                                        "    every: 10\n"
                                        "    name: five\n"
                                        "ensemble: null\n"
                                        "output:\n"
                                        "  directory: /somewhere/else\n"
                                        "  checkpoint_every: 0\n"
                                        "  checkpoint_interval: 10\n"
                                        "parallel:\n"
                                        "  reduction: exact\n"
                                        "  placement: sharded\n"
                                        "  threads: 2\n"
                                        "  memory: 536870912\n"
                                        "  block: auto\n"
                                        "  backend: cpu\n"
                                        "  device: auto\n"
                                        "evaluation: null\n"
                                        "baselines: null\n";
    tx_registry *registry = fake_registry();
    static const char *const set = "output.directory=/somewhere/else";
    fake_read read = fake_config(registry, fake_text, 1, &set);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    char *text = write_root(read.config);
    CU_ASSERT_STRING_EQUAL(text, expected);
    tx_free(text);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void numbers_for_other_readers(void)
{
    tx_registry *registry = fake_registry();
    static const char *const set[] = {"trainer.optimizer.learning_rate=1e-8", "trainer.optimizer.momentum=-2.5E30"};
    fake_read read = fake_config(registry, fake_text, 2, set);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    char *text = write_root(read.config);
    CU_ASSERT(strstr(text, "    learning_rate: 1.0e-08\n") != NULL);
    CU_ASSERT(strstr(text, "    momentum: -2.5e+30\n") != NULL);
    tx_free(text);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

/* The `network` attribute of a network file. */
static void sections_alone(void)
{
    tx_registry *registry = fake_registry();
    fake_read read = fake_config(registry, fake_text, 0, NULL);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    char *text, *again;
    CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_get_section(tx_config_root(read.config), "network"), NULL, &text), TX_OK);
    tx_config *alone = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_NETWORK, "net.h5: network", text, NULL, &alone), TX_OK);
    CU_ASSERT_EQUAL(tx_section_write(tx_config_root(alone), NULL, &again), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, again);
    tx_config_destroy(alone);
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_section_read(registry, TX_KIND_NETWORK, "net.h5: network", "type: conf\n", &error, &alone), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message,
                           "net.h5: network:1:7: unknown network 'conf' (did you mean 'conv'? There are: conv, linear)");
    CU_ASSERT_EQUAL(tx_section_read(registry, TX_KIND_SECTION, "parallel", "threads: 3\n", NULL, &alone), TX_OK);
    CU_ASSERT_EQUAL(tx_get_integer(tx_config_root(alone), "threads"), 3);
    tx_config_destroy(alone);
    CU_ASSERT_EQUAL(tx_section_read(registry, TX_KIND_NETWORK, "x", "", NULL, &alone), TX_INVALID);
    tx_free(text);
    tx_free(again);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void resume(void)
{
    static const char *const cases[][2] = {
        {"trainer.num_training_steps=2000", NULL},
        {"output={directory: /x, checkpoint_every: 5}", NULL},
        {"parallel={memory: unlimited, threads: 1, placement: replicated}", NULL},
        {"trainer.batch_size=16", "--set trainer.batch_size: trainer.batch_size is 16 but the run was started with 32"},
        {"trainer.optimizer.learning_rate=0.1",
         "--set trainer.optimizer.learning_rate: trainer.optimizer.learning_rate is 0.1 but the run was started with 0.01"},
        {"trainer.optimizer.learning_rate={type: constant, value: 1}",
         "--set trainer.optimizer.learning_rate: trainer.optimizer.learning_rate is constant but the run was started with 0.01"},
        {"trainer.optimizer.type=sgd", "some/run.yaml:14:3: trainer.optimizer.type is sgd but the run was started with adam"},
        {"trainer.num_rollout_steps=4",
         "--set trainer.num_rollout_steps: trainer.num_rollout_steps is 4 but the run was started with 5"},
        {"network.key=73", "--set network.key: network.key is 73 but the run was started with {seed: 73, split: 2, index: 1}"},
        {"callbacks=[weight_norm]", "--set callbacks: callbacks is a list of 1 but the run was started with a list of 2"},
        {"callbacks.1.every=3", "--set callbacks.1.every: callbacks.1.every is 3 but the run was started with 10"},
        {"parallel.block=4", "--set parallel.block: parallel.block is 4 but the run was started with auto"},
        {"parallel.reduction=plain", "--set parallel.reduction: parallel.reduction is plain but the run was started with exact"},
        {"evaluation={}", "--set evaluation: evaluation is given but the run was started with null"},
        {"trainer.ref_stepper=null", NULL},
        {"data={type: file, path: elsewhere/x.h5}", NULL}, /* compared by content */
        {"callbacks=[visitor, weight_norm, visitor, {type: loss, every: 10, name: five, configuration: {type: supervised}}]", NULL},
        {"callbacks=[weight_norm, {type: loss, every: 10, name: five, configuration: supervised}, {type: visitor, every: 9}]",
         NULL},
        {"callbacks=[visitor, {type: loss, every: 10, name: five, configuration: supervised}]",
         "--set callbacks: callbacks is a list of 1 but the run was started with a list of 2"},
        {"callbacks=[visitor, weight_norm, {type: loss, every: 11, name: five, configuration: supervised}]",
         "--set callbacks: callbacks.2.every is 11 but the run was started with 10"},
    };
    static const tx_component visitor = {
        .kind = TX_KIND_CALLBACK, .name = "visitor", .summary = "comes and goes", .may_differ = true};
    tx_registry *registry = fake_registry();
    CU_ASSERT_EQUAL_FATAL(tx_registry_add(registry, &visitor, NULL), TX_OK);
    fake_read old = fake_config(registry, fake_text, 0, NULL);
    CU_ASSERT_EQUAL_FATAL(old.status, TX_OK);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        fake_read now = fake_config(registry, fake_text, 1, &cases[k][0]);
        CU_ASSERT_EQUAL_FATAL(now.status, TX_OK);
        tx_error error = {0};
        const tx_status status = tx_section_same_run(tx_config_root(now.config), tx_config_root(old.config), &error);
        CU_ASSERT_EQUAL(status, cases[k][1] ? TX_INVALID : TX_OK);
        CU_ASSERT_STRING_EQUAL(error.message, cases[k][1] ? cases[k][1] : "");
        if (strcmp(error.message, cases[k][1] ? cases[k][1] : "")) {
            fprintf(stderr, "\n  got:  %s\n", error.message);
        }
        const tx_status back = tx_section_same_run(tx_config_root(old.config), tx_config_root(now.config), NULL);
        CU_ASSERT_EQUAL(back, status); /* who comes may go */
        tx_config_destroy(now.config);
    }
    tx_config_destroy(old.config);
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("write", (suite_test[]){{"round trips", round_trips},
                                             {"exact text", exact_text},
                                             {"numbers for other readers", numbers_for_other_readers},
                                             {"sections alone", sections_alone},
                                             {"resume", resume},
                                             {0}});
}
