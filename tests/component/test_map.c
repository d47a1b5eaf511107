/* Mappings of integers to numbers, lists whose items are all one component, and lists that may be one component. */
#include "component/fake.h"

static const tx_option steps_options[] = {
    {.name = "scales", .type = TX_TYPE_MAP, .initial = "null", .minimum = 0, .maximum = INFINITY, .text = "factors"},
    {0},
};
static const tx_option cycles_options[] = {
    {.name = "cycles", .type = TX_TYPE_SECTIONS, .kind = TX_KIND_SCHEDULE, .fixed = "constant", .text = "one rate after the other"},
    {0},
};
static const tx_option rounds_options[] = {
    {.name = "rounds",
     .alias = "round",
     .type = TX_TYPE_SECTIONS,
     .or_one = true,
     .kind = TX_KIND_SCHEDULE,
     .initial = "[cycles]",
     .text = "schedules"},
    {0},
};
static const tx_option stages_options[] = {
    {.name = "depths", .type = TX_TYPE_STAGES, .initial = "2", .minimum = 1, .maximum = 9, .text = "depths"},
    {0},
};
static const tx_component schedules[] = {
    {TX_KIND_SCHEDULE, "stages", "depths by steps", stages_options, NULL, false, false, NULL},
    {TX_KIND_SCHEDULE, "rounds", "schedules by rounds", rounds_options, NULL, false, false, NULL},
    {TX_KIND_SCHEDULE, "steps", "rates by steps", steps_options, NULL, false, false, NULL},
    {TX_KIND_SCHEDULE, "cycles", "rates by cycles", cycles_options, NULL, false, false, NULL},
};

static tx_registry *make_registry(void)
{
    tx_registry *registry = fake_registry();
    for (size_t k = 0; k < sizeof schedules / sizeof *schedules; k++) {
        CU_ASSERT_EQUAL_FATAL(tx_registry_add(registry, &schedules[k], NULL), TX_OK);
    }
    return registry;
}

static tx_config *read_schedule(const tx_registry *registry, const char *text)
{
    tx_config *config = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_SCHEDULE, "x.yaml", text, &error, &config), TX_OK);
    return config;
}

static void values(void)
{
    tx_registry *registry = make_registry();
    tx_config *config = read_schedule(registry, "{type: steps, scales: {500: 0.1, -3: 1, 20: 5.0e-1}}");
    const int64_t *keys;
    const double *scales;
    CU_ASSERT_EQUAL_FATAL(tx_get_map(tx_config_root(config), "scales", &keys, &scales), 3);
    CU_ASSERT(keys[0] == -3 && keys[1] == 20 && keys[2] == 500);
    CU_ASSERT(scales[0] == 1 && scales[1] == 0.5 && scales[2] == 0.1);
    tx_config_destroy(config);
    config = read_schedule(registry, "{type: steps, scales: {}}");
    CU_ASSERT_EQUAL(tx_get_map(tx_config_root(config), "scales", &keys, &scales), 0);
    CU_ASSERT_TRUE(tx_has(tx_config_root(config), "scales"));
    tx_config_destroy(config);
    config = read_schedule(registry, "steps");
    CU_ASSERT_EQUAL(tx_get_map(tx_config_root(config), "scales", &keys, &scales), 0);
    CU_ASSERT(!keys && !scales && !tx_has(tx_config_root(config), "scales"));
    tx_config_destroy(config);
    tx_registry_destroy(registry);
}

static void items_without_type(void)
{
    tx_registry *registry = make_registry();
    tx_config *config = read_schedule(registry, "{type: cycles, cycles: [{value: 1}, {value: 0.5}]}");
    const tx_section *const *cycles;
    CU_ASSERT_EQUAL_FATAL(tx_get_sections(tx_config_root(config), "cycles", &cycles), 2);
    CU_ASSERT_STRING_EQUAL(tx_section_name(cycles[1]), "constant");
    CU_ASSERT_EQUAL(tx_get_real(cycles[1], "value"), 0.5);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
}

static void list_or_one(void)
{
    static const char *const texts[] = {"{type: rounds, rounds: [{type: constant, value: 3}]}",
                                        "{type: rounds, rounds: {type: constant, value: 3}}",
                                        "{type: rounds, round: {type: constant, value: 3}}"};
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        tx_config *config = read_schedule(registry, texts[k]);
        const tx_section *const *rounds;
        CU_ASSERT_EQUAL_FATAL(tx_get_sections(tx_config_root(config), "rounds", &rounds), 1);
        CU_ASSERT_EQUAL(tx_get_real(rounds[0], "value"), 3);
        CU_ASSERT(tx_knows(rounds[0], "value") && !tx_knows(rounds[0], "rounds"));
        tx_config_destroy(config);
    }
    tx_config *config = read_schedule(registry, "{type: rounds, round: steps}");
    const tx_section *const *rounds;
    CU_ASSERT_EQUAL_FATAL(tx_get_sections(tx_config_root(config), "rounds", &rounds), 1);
    CU_ASSERT_STRING_EQUAL(tx_section_name(rounds[0]), "steps");
    tx_config_destroy(config);
    tx_registry_destroy(registry);
}

static void written(void)
{
    static const char *const texts[][2] = {
        {"{type: steps, scales: {500: 0.1, +20: 1}}", "type: steps\nscales: {20: 1, 500: 0.1}\n"},
        {"{type: steps, scales: {}}", "type: steps\nscales: {}\n"},
        {"steps", "type: steps\nscales: null\n"},
        {"{type: rounds, round: {type: constant, value: 3}}", "type: rounds\nrounds:\n  - type: constant\n    value: 3\n"},
        {"{type: cycles, cycles: [{value: 1}, {value: 2}]}", "type: cycles\ncycles:\n  - value: 1\n  - value: 2\n"},
    };
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        tx_config *config = read_schedule(registry, texts[k][0]);
        char *text;
        CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(config), NULL, &text), TX_OK);
        CU_ASSERT_STRING_EQUAL(text, texts[k][1]);
        tx_config *again = read_schedule(registry, text);
        CU_ASSERT_EQUAL(tx_section_same_run(tx_config_root(again), tx_config_root(config), NULL), TX_OK);
        tx_free(text);
        tx_config_destroy(again);
        tx_config_destroy(config);
    }
    tx_registry_destroy(registry);
}

/* A number is a single stage; what is written reads back. */
static void stages(void)
{
    static const char *const texts[][2] = {
        {"stages", "type: stages\ndepths: 2\n"},
        {"{type: stages, depths: 7}", "type: stages\ndepths: 7\n"},
        {"{type: stages, depths: {0: 3}}", "type: stages\ndepths: 3\n"},
        {"{type: stages, depths: {0: 3, 10: 9, 2000: 1}}", "type: stages\ndepths: {0: 3, 10: 9, 2000: 1}\n"}};
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        tx_config *config = read_schedule(registry, texts[k][0]);
        const int64_t *steps, *depths;
        char *text;
        const int count = tx_get_stages(tx_config_root(config), "depths", &steps, &depths);
        CU_ASSERT_FATAL(count == (k == 3 ? 3 : 1) && steps[0] == 0);
        CU_ASSERT(k < 3 || (depths[0] == 3 && steps[1] == 10 && depths[1] == 9 && steps[2] == 2000 && depths[2] == 1));
        CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(config), NULL, &text), TX_OK);
        CU_ASSERT_STRING_EQUAL(text, texts[k][1]);
        tx_free(text);
        tx_config_destroy(config);
    }
    tx_registry_destroy(registry);
}

static void compared(void)
{
    tx_registry *registry = make_registry();
    tx_error error = {0};
    tx_config *old = read_schedule(registry, "{type: steps, scales: {20: 1, 500: 0.1}}");
    tx_config *now = read_schedule(registry, "{type: steps, scales: {500: 0.1, 30: 1}}");
    CU_ASSERT_EQUAL(tx_section_same_run(tx_config_root(now), tx_config_root(old), &error), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message,
                           "x.yaml:1:23: schedule.scales is {30: 1, 500: 0.1} but the run was started with {20: 1, 500: 0.1}");
    tx_config_destroy(old);
    tx_config_destroy(now);
    tx_registry_destroy(registry);
}

static void overridden(void)
{
    static const char *const set[] = {
        "trainer.optimizer.learning_rate={type: steps, scales: {20: 1}}",
        "trainer.optimizer.learning_rate.scales.20=0.5",
        "trainer.optimizer.learning_rate.scales.7=2",
    };
    tx_registry *registry = make_registry();
    fake_read read = fake_config(registry, fake_text, sizeof set / sizeof *set, set);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    const tx_section *trainer = tx_get_section(tx_config_root(read.config), "trainer");
    const int64_t *keys;
    const double *scales;
    const tx_section *steps = tx_get_section(tx_get_section(trainer, "optimizer"), "learning_rate");
    CU_ASSERT_EQUAL_FATAL(tx_get_map(steps, "scales", &keys, &scales), 2);
    CU_ASSERT(keys[0] == 7 && scales[0] == 2 && keys[1] == 20 && scales[1] == 0.5);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void helped(void)
{
    tx_registry *registry = make_registry();
    char *text;
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "steps", 0, NULL, &text), TX_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  scales  {integer: number}  -        factors\n"));
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "cycles", 0, NULL, &text), TX_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  cycles  list of constant  required  one rate after the other\n"));
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "rounds", 0, NULL, &text), TX_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  rounds  list of schedules, or one  [cycles]  schedules\n"));
    tx_free(text);
    tx_registry_destroy(registry);
}

static void errors(void)
{
    static const char *const texts[][2] = {
        {"{type: steps, scales: 0.1}", "x.yaml:1:23: schedule.scales must be a mapping of integers to numbers, not '0.1'"},
        {"{type: steps, scales: [[500, 0.1]]}",
         "x.yaml:1:23: schedule.scales must be a mapping of integers to numbers, not a list"},
        {"{type: steps, scales: {0.5: 1}}", "x.yaml:1:24: a key of schedule.scales must be an integer, not '0.5'"},
        {"{type: steps, scales: {5: fast}}", "x.yaml:1:27: schedule.scales.5 must be a number, not 'fast'"},
        {"{type: steps, scales: {5: }}", "x.yaml:1:24: schedule.scales.5 must be a number, not null"},
        {"{type: steps, scales: {5: -1}}", "x.yaml:1:27: schedule.scales.5 must be at least 0, not -1"},
        {"{type: steps, scales: {5: 1, 7: 1, 05: 2}}", "x.yaml:1:36: schedule.scales has the key 5 twice"},
        {"{type: stages, depths: {3: 1}}", "x.yaml:1:25: the first step of schedule.depths must be 0, not 3"},
        {"{type: stages, depths: {0: 1, 9: 2, 5: 3}}", "x.yaml:1:37: the steps of schedule.depths must rise, but 5 follows 9"},
        {"{type: stages, depths: {0: 1, x: 2}}", "x.yaml:1:31: a step of schedule.depths must be an integer, not 'x'"},
        {"{type: stages, depths: {0: 1, 5: 10}}", "x.yaml:1:34: schedule.depths.5 must be between 1 and 9, not 10"},
        {"{type: stages, depths: 0.5}",
         "x.yaml:1:24: schedule.depths must be an integer or a mapping of steps to integers, not '0.5'"},
        {"{type: stages, depths: {}}", "x.yaml:1:24: schedule.depths is empty: what holds from step 0 on must stand in it"},
        {"{type: cycles, cycles: [{value: 1}, {}]}", "x.yaml:1:37: schedule.cycles.1.value is required (the rate)"},
        {"{type: cycles, cycles: [{type: constant, value: 1}]}",
         "x.yaml:1:26: unknown key 'type' in schedule.cycles.0 (known: value)"},
        {"{type: cycles, cycles: {value: 1}}", "x.yaml:1:24: schedule.cycles must be a list, not a mapping"},
        {"{type: rounds, round: [{type: steps}, step]}", "x.yaml:1:39: unknown schedule 'step' (did you mean 'steps'? There are: "
                                                         "constant, stages, rounds, steps, cycles)"},
        {"{type: rounds, round: {type: steps, scale: 1}}",
         "x.yaml:1:37: unknown key 'scale' in schedule.rounds (did you mean 'scales'?)"},
        {"{type: cycles, cycles: [constant]}", "x.yaml:1:25: schedule.cycles.0 must be a mapping, not 'constant'"},
    };
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        tx_error error = {0};
        tx_config *config;
        CU_ASSERT_EQUAL(tx_section_read(registry, TX_KIND_SCHEDULE, "x.yaml", texts[k][0], &error, &config), TX_INVALID);
        CU_ASSERT_STRING_EQUAL(error.message, texts[k][1]);
        if (strcmp(error.message, texts[k][1])) {
            fprintf(stderr, "\n  %s\n", error.message);
        }
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {
        {"values", values},           {"items without type", items_without_type},
        {"list or one", list_or_one}, {"written", written},
        {"stages", stages},           {"compared", compared},
        {"overridden", overridden},   {"helped", helped},
        {"errors", errors},           {0},
    };
    return suite_run("maps", tests);
}
