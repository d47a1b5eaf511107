/* Right configurations: what the getters say. */
#include <stdlib.h>
#include <unistd.h>

#include "component/fake.h"

static fake_read read_good(const tx_registry *registry, int num_overrides, const char *const *overrides)
{
    fake_read read = fake_config(registry, fake_text, num_overrides, overrides);
    if (read.status != TX_OK) {
        fprintf(stderr, "\n  %s\n", read.error.message);
    }
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    return read;
}

static void values_by_type(void)
{
    tx_registry *registry = fake_registry();
    fake_read read = read_good(registry, 0, NULL);
    const tx_section *root = tx_config_root(read.config), *network = tx_get_section(root, "network");
    const int64_t *integers;
    const double *reals;
    CU_ASSERT_STRING_EQUAL(tx_section_name(root), "run");
    CU_ASSERT_STRING_EQUAL(tx_get_word(root, "precision"), "float64");
    CU_ASSERT_STRING_EQUAL(tx_section_name(network), "conv");
    CU_ASSERT_EQUAL(tx_get_integer(network, "in_channels"), 1);
    CU_ASSERT_EQUAL_FATAL(tx_get_integers(network, "kernel_size", &integers), 1);
    CU_ASSERT_EQUAL(integers[0], 2);
    CU_ASSERT_STRING_EQUAL(tx_get_word(network, "padding"), "same");
    CU_ASSERT_EQUAL(tx_get_integers(network, "padding", &integers), 0);
    CU_ASSERT_STRING_EQUAL(tx_get_word(network, "padding_mode"), "circular");
    CU_ASSERT_FALSE(tx_get_boolean(network, "use_bias"));
    const tx_key_spec key = tx_get_key(network, "key");
    CU_ASSERT(key.seed == 73 && key.split == 2 && key.index == 1);
    CU_ASSERT_PTR_NULL(tx_get_string(network, "parameters"));
    CU_ASSERT(tx_given(network, "key") && tx_has(network, "key"));
    CU_ASSERT(!tx_given(network, "parameters") && !tx_has(network, "parameters"));
    const tx_section *trainer = tx_get_section(root, "trainer"), *configuration = tx_get_section(trainer, "type");
    CU_ASSERT_STRING_EQUAL(tx_section_name(configuration), "supervised");
    CU_ASSERT_EQUAL(tx_get_integer(configuration, "num_rollout_steps"), 5);
    CU_ASSERT_EQUAL_FATAL(tx_get_reals(configuration, "time_level_weights", &reals), 5);
    CU_ASSERT(reals[0] == 1 && reals[2] == 1e-3 && reals[4] == 2);
    CU_ASSERT_STRING_EQUAL(tx_section_name(tx_get_section(configuration, "time_level_loss")), "mse");
    CU_ASSERT_STRING_EQUAL(tx_section_name(tx_get_section(trainer, "time_level_loss")), "mse");
    CU_ASSERT_EQUAL(tx_get_real(tx_get_section(trainer, "optimizer"), "learning_rate"), 1e-2);
    CU_ASSERT_PTR_NULL(tx_get_section(tx_get_section(trainer, "optimizer"), "learning_rate"));
    CU_ASSERT_TRUE(tx_get_boolean(trainer, "do_sub_stacking"));
    CU_ASSERT_PTR_NULL(tx_get_section(trainer, "ref_stepper"));
    const tx_section *parallel = tx_get_section(root, "parallel");
    CU_ASSERT_EQUAL(tx_get_bytes(parallel, "memory"), (uint64_t)512 << 20);
    CU_ASSERT_STRING_EQUAL(tx_get_word(parallel, "block"), "auto");
    CU_ASSERT_EQUAL(tx_get_integer(parallel, "block"), 0);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

/* Names and types that a component does not have are its author's mistake: no host program ends for it, but a Debug build does. */
static void other_names_and_types(void)
{
#ifndef TX_DEBUG
    tx_registry *registry = fake_registry();
    fake_read read = read_good(registry, 0, NULL);
    const tx_section *network = tx_get_section(tx_config_root(read.config), "network");
    const double *reals;
    CU_ASSERT(!tx_has(network, "in_chanels") && !tx_given(network, "in_chanels"));
    CU_ASSERT_EQUAL(tx_get_integer(network, "in_chanels"), 0);
    CU_ASSERT_PTR_NULL(tx_get_word(network, "in_chanels"));
    CU_ASSERT_PTR_NULL(tx_get_section(network, "in_chanels"));
    CU_ASSERT_EQUAL(tx_get_real(network, "in_channels"), 0);
    CU_ASSERT_PTR_NULL(tx_get_string(network, "in_channels"));
    CU_ASSERT_EQUAL(tx_get_reals(network, "padding", &reals), 0);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
#endif
}

static void lists_of_sections(void)
{
    tx_registry *registry = fake_registry();
    fake_read read = read_good(registry, 0, NULL);
    const tx_section *const *callbacks;
    CU_ASSERT_EQUAL_FATAL(tx_get_sections(tx_config_root(read.config), "callbacks", &callbacks), 2);
    CU_ASSERT_STRING_EQUAL(tx_section_name(callbacks[0]), "weight_norm");
    CU_ASSERT_EQUAL(tx_get_integer(callbacks[0], "every"), 1);
    CU_ASSERT_EQUAL(tx_get_integer(callbacks[1], "every"), 10);
    CU_ASSERT_STRING_EQUAL(tx_get_string(callbacks[1], "name"), "five");
    CU_ASSERT_STRING_EQUAL(tx_section_name(tx_get_section(callbacks[1], "configuration")), "supervised");
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void overrides(void)
{
    static const char *const set[] = {
        "trainer.batch_size=7",
        "trainer.batch_size=8", /* the later one wins */
        "callbacks.0.every=5",  /* a bare name becomes a mapping */
        "callbacks.1.configuration=",
        "callbacks.1.loss_configuration={type: composite, configurations: [{type: supervised, weight: 0.5}, supervised]}",
        "output.checkpoint_interval=1.5", /* a missing mapping is made */
        "network.padding=[[1, 0]]",
        "trainer.optimizer.learning_rate={type: constant, value: 1e-3}",
        "trainer.time_level_weights=last_only",
        "trainer.key={seed: -1}",
        "parallel.block=16",
    };
    tx_registry *registry = fake_registry();
    /* `configuration` and its alias are one key: the override above must use the one in the file */
    fake_read twice = fake_config(registry, fake_text, sizeof set / sizeof *set, set);
    CU_ASSERT_STRING_EQUAL(twice.error.message,
                           "some/run.yaml:20:41: 'loss_configuration' and 'configuration' in callbacks.1 are the same key");
    const char *good[sizeof set / sizeof *set];
    memcpy(good, set, sizeof set);
    good[3] = "trainer.num_rollout_steps=3";
    fake_read read = read_good(registry, sizeof set / sizeof *set, good);
    const tx_section *root = tx_config_root(read.config), *trainer = tx_get_section(root, "trainer");
    const tx_section *const *callbacks, *const *parts;
    const int64_t *padding;
    CU_ASSERT_EQUAL(tx_get_integer(trainer, "batch_size"), 8);
    CU_ASSERT_EQUAL(tx_get_key(trainer, "key").seed, -1);
    CU_ASSERT_EQUAL(tx_get_real(tx_get_section(root, "output"), "checkpoint_interval"), 1.5);
    CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(root, "parallel"), "block"), 16);
    CU_ASSERT_EQUAL(tx_get_integers(tx_get_section(root, "network"), "padding", &padding), 2);
    CU_ASSERT_EQUAL(tx_tuple_size(tx_get_section(root, "network"), "padding"), 2);
    const tx_section *schedule = tx_get_section(tx_get_section(trainer, "optimizer"), "learning_rate");
    CU_ASSERT_EQUAL(tx_get_real(schedule, "value"), 1e-3);
    CU_ASSERT_STRING_EQUAL(tx_section_name(tx_get_section(tx_get_section(trainer, "type"), "time_level_weights")), "last_only");
    CU_ASSERT_EQUAL_FATAL(tx_get_sections(root, "callbacks", &callbacks), 2);
    CU_ASSERT_EQUAL(tx_get_integer(callbacks[0], "every"), 5);
    CU_ASSERT_EQUAL_FATAL(tx_get_sections(tx_get_section(callbacks[1], "configuration"), "configurations", &parts), 2);
    CU_ASSERT_EQUAL(tx_get_real(parts[0], "weight"), 0.5);
    CU_ASSERT_EQUAL(tx_get_real(parts[1], "weight"), 1);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

/* An override changes its own place, not what an alias shares with it. */
static void anchors_and_merges(void)
{
    static const char *const text = "data: &d {type: sine, num_points: 30, key: 0}\n"
                                    "evaluation: {data: *d, num_steps: 3}\n"
                                    "network: {type: linear}\n"
                                    "trainer:\n"
                                    "  <<: &base {batch_size: 32, key: 1}\n"
                                    "  batch_size: 16\n"
                                    "  optimizer: {type: sgd, learning_rate: 1}\n"
                                    "  num_training_steps: 0\n";
    static const char *const set[] = {"evaluation.data.num_points=31"};
    tx_registry *registry = fake_registry();
    fake_read read = fake_config(registry, text, 1, set);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    const tx_section *root = tx_config_root(read.config), *trainer = tx_get_section(root, "trainer");
    CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(root, "data"), "num_points"), 30);
    CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(tx_get_section(root, "evaluation"), "data"), "num_points"), 31);
    CU_ASSERT_EQUAL(tx_get_integer(trainer, "batch_size"), 16);
    CU_ASSERT_EQUAL(tx_get_key(trainer, "key").seed, 1);
    const char *const *metrics;
    CU_ASSERT_EQUAL_FATAL(tx_get_strings(tx_get_section(root, "evaluation"), "metrics", &metrics), 1);
    CU_ASSERT_STRING_EQUAL(metrics[0], "mean_nRMSE");
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void paths(void)
{
    static const char *const text =
        "data: {type: file, path: ./ref.h5, samples: 0:100, fields: [a, 2]}\nnetwork: {type: conv, "
        "in_channels: 1, kernel_size: [3, 3], parameters: /abs/init.h5}\ncallbacks: [{type: save_network}]\n";
    tx_registry *registry = fake_registry();
    char here[1024], expected[1200];
    tx_config *config = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    const char *const required[] = {"data", "network", NULL};
    const tx_config_source source = {.name = "some/run.v2.yaml", .text = text, .required = required};
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, &error, &config), TX_OK);
    const tx_section *root = tx_config_root(config), *const * callbacks;
    snprintf(expected, sizeof expected, "%s/some/ref.h5", here);
    CU_ASSERT_STRING_EQUAL(tx_get_string(tx_get_section(root, "data"), "path"), expected);
    CU_ASSERT_STRING_EQUAL(tx_get_string(tx_get_section(root, "data"), "samples"), "0:100");
    CU_ASSERT_STRING_EQUAL(tx_get_string(tx_get_section(root, "network"), "parameters"), "/abs/init.h5");
    CU_ASSERT_FALSE(tx_has(tx_get_section(root, "network"), "key"));
    snprintf(expected, sizeof expected, "%s/runs/run.v2", here);
    CU_ASSERT_STRING_EQUAL(tx_get_string(tx_get_section(root, "output"), "directory"), expected);
    CU_ASSERT_EQUAL_FATAL(tx_get_sections(root, "callbacks", &callbacks), 1);
    snprintf(expected, sizeof expected, "%s/.", here);
    CU_ASSERT_STRING_EQUAL(tx_get_string(callbacks[0], "path"), expected);
    tx_config_destroy(config);
    /* of --set: relative to the working directory */
    static const char *const set[] = {"data.path=other.h5"};
    const tx_config_source overridden = {
        .name = "some/run.v2.yaml", .text = text, .required = required, .overrides = set, .num_overrides = 1};
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &overridden, &error, &config), TX_OK);
    snprintf(expected, sizeof expected, "%s/other.h5", here);
    CU_ASSERT_STRING_EQUAL(tx_get_string(tx_get_section(tx_config_root(config), "data"), "path"), expected);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
}

/* As a shell would have them; where they end up in config.yaml they mean the same again. */
static void expanded_paths(void)
{
    static const struct {
        const char *path, *expected, *message; /* expected: of ./ the point stands for the working directory */
    } cases[] = {
        {"'~/x.h5'", "/home of us/x.h5", NULL},
        {"'~'", "/home of us", NULL},
        {"~root/x.h5", "/root/x.h5", NULL},
        {"a~/b~.h5", "./a~/b~.h5", NULL},
        {"./~x.h5", "./~x.h5", NULL},
        {"$TX_FOLDER/x.h5", "/some/$HOME/x.h5", NULL}, /* expanded once */
        {"'${TX_FOLDER}s/${TX_NUMBER}.h5'", "/some/$HOMEs/7.h5", NULL},
        {"a/$TX_NUMBER$TX_NUMBER-$TX_NUMBER.h5", "./a/77-7.h5", NULL},
        {"a$TX_EMPTY.h5", "./a.h5", NULL},
        {"$$HOME/a$$.h5", "./$HOME/a$.h5", NULL},
        {"$TX_EMPTY", NULL, "must not be empty"},
        {"a/$TX_UNSET/x.h5", NULL, ": the variable $TX_UNSET is not set"},
        {"'a/${TX_UNSET}'", NULL, ": the variable $TX_UNSET is not set"},
        {"a$", NULL, ": a '$' begins a variable, $NAME or ${NAME} (write $$ for a dollar): '$'"},
        {"'${}/a'", NULL, ": a '$' begins a variable, $NAME or ${NAME} (write $$ for a dollar): '${}/a'"},
        {"'${TX_NUMBER'", NULL, ": a '$' begins a variable, $NAME or ${NAME} (write $$ for a dollar): '${TX_NUMBER'"},
        {"'${TX_NUMBER:-8}'", NULL, ": a '$' begins a variable, $NAME or ${NAME} (write $$ for a dollar): '${TX_NUMBER:-8}'"},
        {"a/$1", NULL, ": a '$' begins a variable, $NAME or ${NAME} (write $$ for a dollar): '$1'"},
        {"~no such user/x.h5", NULL, ": there is no home of 'no such user' ('./~no such user/x.h5' would be a file of that name)"},
    };
    tx_registry *registry = fake_registry();
    char here[1024];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    setenv("HOME", "/home of us", 1);
    setenv("TX_FOLDER", "/some/$HOME", 1);
    setenv("TX_NUMBER", "7", 1);
    setenv("TX_EMPTY", "", 1);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char set[200], expected[1300], *text;
        const char *const sets[] = {set};
        snprintf(set, sizeof set, "data={type: file, path: %s}", cases[k].path);
        fake_read read = fake_config(registry, fake_text, 1, sets);
        if (cases[k].message) {
            snprintf(expected, sizeof expected, "--set data: data.path%s%s", *cases[k].message == ':' ? "" : " ", cases[k].message);
            CU_ASSERT_STRING_EQUAL(read.error.message, expected);
            continue;
        }
        CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
        const bool inside = *cases[k].expected == '.';
        snprintf(expected, sizeof expected, "%s%s", inside ? here : "", cases[k].expected + inside);
        CU_ASSERT_STRING_EQUAL(tx_get_string(tx_get_section(tx_config_root(read.config), "data"), "path"), expected);
        CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(read.config), NULL, &text), TX_OK);
        fake_read again = fake_config(registry, text, 0, NULL);
        CU_ASSERT_EQUAL_FATAL(again.status, TX_OK);
        CU_ASSERT_STRING_EQUAL(tx_get_string(tx_get_section(tx_config_root(again.config), "data"), "path"), expected);
        tx_free(text);
        tx_config_destroy(again.config);
        tx_config_destroy(read.config);
    }
    tx_registry_destroy(registry);
}

/* A command that needs `data` alone takes a file whose trainer is not finished, but no wrong value in it. */
static void unneeded_sections_may_be_incomplete(void)
{
    static const char *const required[] = {"data", NULL};
    tx_config_source source = {.name = "run.yaml", .required = required};
    tx_registry *registry = fake_registry();
    tx_config *config = NULL;
    tx_error error = {0};
    source.text = "data: {type: sine, num_points: 3, key: 0}\ntrainer: {batch_size: 3, optimizer: adam}\ncallbacks: [loss]\n";
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, &error, &config), TX_OK);
    const tx_section *const *callbacks;
    CU_ASSERT_FALSE(tx_has(tx_config_root(config), "trainer"));
    CU_ASSERT_EQUAL(tx_get_sections(tx_config_root(config), "callbacks", &callbacks), 0);
    CU_ASSERT_FALSE(tx_has(tx_config_root(config), "network"));
    tx_config_destroy(config);
    source.text = "data: {type: sine, num_points: 3, key: 0}\ntrainer: {batch_size: x}\n";
    CU_ASSERT_EQUAL(tx_config_create(registry, &source, &error, &config), TX_INVALID);
    error = (tx_error){0};
    source.text = "data: {type: sine, key: 0}\n";
    CU_ASSERT_EQUAL(tx_config_create(registry, &source, &error, &config), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "run.yaml:1:1: data.num_points is required (points)");
    tx_registry_destroy(registry);
}

/* What a user may write instead. */
static void other_spellings(void)
{
    static const char *const texts[] = {
        "data: {TYPE: 1}\n", /* refused: keys have one case */
        ("\xef\xbb\xbf"
         "data: {type: SINE, num_points: +3, key: 0, dt: .5}\r\nnetwork: LINEAR\r\n"),
        "%YAML 1.2\n---\ndata: {type: sine, num_points: 3, key: {seed: 5}}\nnetwork: linear\noutput:\ncallbacks:\nrandom: ~\n...\n",
        "{\"data\": {\"type\": \"sine\", \"num_points\": 3, \"key\": 0}, \"network\": \"linear\", \"precision\": \"FLOAT64\"}",
    };
    static const char *const required[] = {"data", "network", NULL};
    tx_registry *registry = fake_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        const tx_config_source source = {.name = "run.yaml", .text = texts[k], .required = required};
        tx_error error = {0};
        tx_config *config = NULL;
        CU_ASSERT_EQUAL(tx_config_create(registry, &source, &error, &config), k ? TX_OK : TX_INVALID);
        if (config) {
            CU_ASSERT_EQUAL(tx_get_integer(tx_get_section(tx_config_root(config), "data"), "num_points"), 3);
        }
        tx_config_destroy(config);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("values", (suite_test[]){{"values by type", values_by_type},
                                              {"other names and types", other_names_and_types},
                                              {"lists of sections", lists_of_sections},
                                              {"overrides", overrides},
                                              {"anchors and merges", anchors_and_merges},
                                              {"paths", paths},
                                              {"expanded paths", expanded_paths},
                                              {"unneeded sections may be incomplete", unneeded_sections_may_be_incomplete},
                                              {"other spellings", other_spellings},
                                              {0}});
}
