/* A section of a run that stands for others: what is written beside it, and by --set, goes before. */
#include "component/fake.h"

static tx_status expand(const tx_section *section, bool coarse, tx_error *error, char **out)
{
    static const char format[] = "data: {type: sine, num_points: %d, key: 7}\n"
                                 "network: 'conv;%d'\n"
                                 "network_key: {seed: 3, split: 2, index: 0}\n"
                                 "trainer: {type: supervised, num_rollout_steps: 4, cut_bptt: true, num_training_steps: 9, "
                                 "batch_size: 2, key: {seed: 3, split: 2, index: 1}, "
                                 "optimizer: {type: adam, learning_rate: {type: constant, value: 0.5}, b1: 0.25}}\n"
                                 "callbacks: [{type: weight_norm, every: 2}]\n";
    const int64_t points = tx_get_integer(section, "num_points");
    if (points == 13) {
        return tx_section_error(section, "num_points", error, TX_INVALID, "must not be 13");
    }
    TX_TRY(tx_allocate(sizeof format + 32, error, out));
    snprintf(*out, sizeof format + 32, format, (int)points + 1000 * coarse, 5);
    return TX_OK;
}

static tx_status describe(const char *descriptor, size_t size, char *section, tx_error *error)
{
    (void)error;
    snprintf(section, size, "{type: conv, in_channels: %s, kernel_size: 2}", strchr(descriptor, ';') + 1);
    return TX_OK;
}

static const tx_option waves_options[] = {
    {.name = "num_points", .type = TX_TYPE_INTEGER, .initial = "30", .minimum = 1, .text = "points"}, {0}};
static const tx_component waves = {TX_KIND_SCENARIO, "waves", "waves", waves_options, NULL, false, false, NULL};

static tx_registry *registry_with_waves(void)
{
    tx_registry *registry = fake_registry();
    CU_ASSERT_EQUAL_FATAL(tx_registry_add(registry, &waves, NULL), TX_OK);
    tx_registry_describe(registry, TX_KIND_NETWORK, describe, NULL);
    tx_registry_expand(registry, TX_KIND_SCENARIO, expand);
    return registry;
}

static void stands_for_sections(void)
{
    tx_registry *registry = registry_with_waves();
    fake_read read = fake_config(registry, "scenario: waves\n", 0, NULL);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    const tx_section *root = tx_config_root(read.config), *network = tx_get_section(root, "network");
    CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(root, "data"), "num_points"), 30);
    CU_ASSERT_EQUAL(tx_get_key(network, "key").seed, 3);
    char *resolved = NULL; /* without a word of it, and reads back to the same */
    CU_ASSERT_EQUAL_FATAL(tx_section_write(root, NULL, &resolved), TX_OK);
    CU_ASSERT_PTR_NULL(strstr(resolved, "scenario:"));
    fake_read again = fake_config(registry, resolved, 0, NULL);
    CU_ASSERT_EQUAL_FATAL(again.status, TX_OK);
    CU_ASSERT_EQUAL(tx_section_same_run(tx_config_root(again.config), root, NULL), TX_OK);
    tx_free(resolved);
    tx_config_destroy(read.config);
    tx_config_destroy(again.config);
    tx_registry_destroy(registry);
}

static const char *const laid_over = "scenario: {type: waves, num_points: 8}\n"
                                     "precision: float64\n"
                                     "data: {key: 1}\n"
                                     "network: {type: conv, in_channels: 2, kernel_size: 3, key: 11}\n"
                                     "trainer: {num_minibatches: 5, key: {seed: 4}, "
                                     "optimizer: {b1: 0.75, learning_rate: {value: 0.125}}}\n";

static void lies_under_what_is_written(void)
{
    tx_registry *registry = registry_with_waves();
    fake_read read = fake_config(registry, laid_over, 0, NULL);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    const tx_section *root = tx_config_root(read.config), *trainer = tx_get_section(root, "trainer");
    const tx_section *optimizer = tx_get_section(trainer, "optimizer"), *network = tx_get_section(root, "network");
    CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(root, "data"), "num_points"), 8);
    CU_ASSERT_EQUAL(tx_get_key(tx_get_section(root, "data"), "key").seed, 1);
    CU_ASSERT_EQUAL(tx_get_integer(network, "in_channels"), 2); /* replaced; network_key is gone with it */
    CU_ASSERT_EQUAL(tx_get_key(network, "key").seed, 11);
    CU_ASSERT_EQUAL(tx_get_integer(trainer, "num_training_steps"), 5); /* under its other name */
    CU_ASSERT_EQUAL(tx_get_integer(trainer, "batch_size"), 2);
    CU_ASSERT_EQUAL(tx_get_key(trainer, "key").split, 0); /* a key is no section */
    CU_ASSERT_EQUAL(tx_get_real(optimizer, "b1"), 0.75);
    CU_ASSERT_EQUAL(tx_get_real(tx_get_section(optimizer, "learning_rate"), "value"), 0.125);
    CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(trainer, "type"), "num_rollout_steps"), 4);
    tx_config_destroy(read.config);
    read = fake_config(registry, "scenario: waves\ntrainer: {optimizer: {type: sgd, learning_rate: 1}}\ncallbacks: []\n", 0, NULL);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    root = tx_config_root(read.config);
    CU_ASSERT_EQUAL(tx_get_real(tx_get_section(tx_get_section(root, "trainer"), "optimizer"), "b1"), 0.9);
    const tx_section *const *callbacks;
    CU_ASSERT_EQUAL(tx_get_sections(root, "callbacks", &callbacks), 0);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void is_set_before_what_it_stands_for(void)
{
    static const char *const set[] = {"trainer.batch_size=64", "callbacks.0.every=6", "scenario.num_points=9",
                                      "trainer.optimizer.learning_rate.value=2"};
    tx_registry *registry = registry_with_waves();
    fake_read read = fake_config(registry, "scenario: waves\n", 4, set);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    const tx_section *root = tx_config_root(read.config), *trainer = tx_get_section(root, "trainer");
    const tx_section *const *callbacks;
    CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(root, "data"), "num_points"), 9);
    CU_ASSERT_EQUAL(tx_get_integer(trainer, "batch_size"), 64);
    CU_ASSERT_EQUAL(tx_get_real(tx_get_section(tx_get_section(trainer, "optimizer"), "learning_rate"), "value"), 2);
    CU_ASSERT_EQUAL_FATAL(tx_get_sections(root, "callbacks", &callbacks), 1);
    CU_ASSERT_EQUAL(tx_get_integer(callbacks[0], "every"), 6);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void is_coarse_on_request(void)
{
    tx_registry *registry = registry_with_waves();
    tx_config_source source = {.name = "some/run.yaml", .text = "scenario: waves\n", .coarse = true};
    tx_config *config = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(tx_config_root(config), "data"), "num_points"), 1030);
    tx_config_destroy(config);
    source.text = "data: {type: sine, num_points: 3, key: 0}\n";
    CU_ASSERT_EQUAL(tx_config_create(registry, &source, &error, &config), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "some/run.yaml has no scenario, whose coarse stepper is asked for");
    tx_registry_destroy(registry);
}

static void refuses_by_place(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"scenario: wave\n", "some/run.yaml:1:11: unknown scenario 'wave' (did you mean 'waves'? There are: waves)"},
        {"scenario: {type: waves, num_points: 0}\n", "some/run.yaml:1:37: scenario.num_points must be at least 1, not 0"},
        {"scenario: {type: waves, num_points: 13}\n", "some/run.yaml:1:37: scenario.num_points: must not be 13"},
        {"scenario: waves\nnetwork: {key: 3}\n",
         "some/run.yaml:2:10: network is 'conv;5', which has no keys: a mapping in its place needs a `type`"},
        {"scenario: waves\ntrainer: {batchsizes: 3}\n",
         "some/run.yaml:2:11: unknown key 'batchsizes' in trainer (did you mean 'batch_size'?)"},
    };
    tx_registry *registry = registry_with_waves();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        fake_read read = fake_config(registry, cases[k].text, 0, NULL);
        CU_ASSERT_EQUAL(read.status, TX_INVALID);
        CU_ASSERT_STRING_EQUAL(read.error.message, cases[k].message);
        if (strcmp(read.error.message, cases[k].message) != 0) {
            printf("  got: %s\n", read.error.message);
        }
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"stands for sections", stands_for_sections},
                                       {"lies under what is written", lies_under_what_is_written},
                                       {"is set before what it stands for", is_set_before_what_it_stands_for},
                                       {"is coarse on request", is_coarse_on_request},
                                       {"refuses by place", refuses_by_place},
                                       {NULL, NULL}};
    return suite_run("expansion", tests);
}
