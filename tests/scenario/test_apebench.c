/* Scenarios against APEBench's own data and names; what is refused. */
#include <inttypes.h>

#include "base/memory.h"
#include "data/table.h"
#include "suite.h"
#include "trainax/data.h"
#include "trainax/run.h"
#include "trainax/scenario.h"

static const tx_random doubles = {TX_STREAM_PARTITIONABLE, TX_FLOAT64};

static tx_status open_config(const tx_registry *registry, const char *scenario, bool coarse, tx_error *error, tx_config **out)
{
    char text[1024];
    snprintf(text, sizeof text, "precision: float64\nscenario: %s\n", scenario);
    const tx_config_source source = {.name = "some/run.yaml", .text = text, .coarse = coarse};
    return tx_config_create(registry, &source, error, out);
}

static tx_registry *registry;

static void check_name(const char *scenario, const char *expected)
{
    tx_config *config;
    char *name = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_SCENARIO, "scenario", scenario, NULL, &config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_scenario_name(tx_config_root(config), NULL, &name), TX_OK);
    CU_ASSERT_STRING_EQUAL(name, expected);
    tx_free(name);
    tx_config_destroy(config);
}

static void check_shape(const tx_data_source *source, const char *expected)
{
    char shape[128], *end = shape;
    end += sprintf(end, "%" PRId64 "x%" PRId64 "x%" PRId64, source->shape.num_trajectories, source->shape.num_levels,
                   source->shape.state.channels);
    for (int d = 0; d < source->shape.state.axes; d++) {
        end += sprintf(end, "x%" PRId64, source->shape.state.n[d]);
    }
    CU_ASSERT_STRING_EQUAL_FATAL(shape, expected);
}

/* In parts of the largest value: rounding of some tens of steps, which fourth derivatives and chaos make larger. */
enum { ROUNDING = 1000 };

static void check_data(char **fields)
{
    tx_error error = {0};
    tx_config *config;
    tx_data_source *source = NULL;
    CU_ASSERT_EQUAL_FATAL(open_config(registry, fields[1], !strcmp(fields[0], "coarse"), &error, &config), TX_OK);
    const tx_section *root = tx_config_root(config);
    const tx_section *data = tx_get_section(strcmp(fields[0], "test") ? root : tx_get_section(root, "evaluation"), "data");
    CU_ASSERT_EQUAL_FATAL(tx_data_source_create(data, (tx_data_setup){.random = doubles}, &error, &source), TX_OK);
    check_name(fields[1], fields[2]);
    check_shape(source, fields[3]);
    const int64_t levels = source->shape.num_trajectories * source->shape.num_levels;
    double *values = malloc((size_t)(levels * tx_data_level_size(&source->shape)) * sizeof *values);
    CU_ASSERT_EQUAL(tx_data_source_read(source, 0, levels, values, NULL), TX_OK);
    table_compare(fields, fields[5], doubles, values, ROUNDING * 0x1p-52 * strtod(fields[4], NULL));
    free(values);
    tx_data_source_destroy(source);
    tx_config_destroy(config);
}

static void data_are_those_of_apebench(void)
{
    const char *path = TESTS_DIR "/scenario/apebench.txt";
    const int trains = table_each_of(path, "train", check_data);
    CU_ASSERT(trains >= tx_registry_count(registry, TX_KIND_SCENARIO));
    CU_ASSERT_EQUAL(table_each_of(path, "test", check_data), trains);
    CU_ASSERT_EQUAL(table_each_of(path, "coarse", check_data), trains - 2); /* phy_poisson has none */
    CU_ASSERT_EQUAL(tx_registry_count(registry, TX_KIND_SCENARIO), 60);
}

/* What a scenario stands for reads as these texts do. */
static void words_are_sections(void)
{
    static const struct {
        const char *scenario, *key, *section;
    } cases[] = {
        {"diff_adv", "trainer", "type: supervised\nnum_rollout_steps: 1\ncut_bptt: false\n"},
        {"{type: diff_adv, train: SUP;3;True, seed: 5, optim_config: 'adam;1_0;constant;.5'}", "trainer",
         "type: supervised\nnum_rollout_steps: 3\ncut_bptt: true\n"},
        {"{type: diff_adv, train: div;2;false;true}", "trainer",
         "type: diverted_chain_branch_one\nnum_rollout_steps: 2\ncut_bptt: false\ncut_bptt_every: 1\ncut_div_chain: true\n"},
        {"{type: diff_adv, optim_config: adam;7;exp;1e-2;5;0.5;True}", "trainer.optimizer.learning_rate",
         "type: exponential_decay\ninit_value: 0.01\ntransition_steps: 5\ndecay_rate: 0.5\ntransition_begin: 0\nstaircase: true\n"},
        {"{type: diff_adv, optim_config: adam;7;exp;1e-2;5;0.5;true}", "trainer.optimizer.learning_rate",
         "type: exponential_decay\ninit_value: 0.01\ntransition_steps: 5\ndecay_rate: 0.5\ntransition_begin: 0\nstaircase: "
         "false\n"},
        {"diff_adv", "trainer.optimizer.learning_rate",
         "type: warmup_cosine_decay\ninit_value: 0\npeak_value: 0.001\nwarmup_steps: 2000\ndecay_steps: 10000\nend_value: 0\n"},
        {"{type: phy_disp, dispersion_coef: 2}", "data.stepper",
         "type: general_linear_stepper\nlinear_coefficients: [0, 0, 0, 2, 0]\n"},
        {"{type: diff_burgers, num_substeps: 4, task: Correct;Parallel}", "network",
         "type: corrected_stepper\nmode: parallel\ncoarse_stepper:\n  type: repeated_stepper\n  stepper:\n    type: "
         "difficulty_convection_stepper\n    linear_difficulties: [0, 0, 0.1875, 0, 0]\n    convection_difficulty: 0.1875\n"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_error error = {0};
        tx_config *config;
        char *text, key[64], *rest = key;
        CU_ASSERT_EQUAL_FATAL(open_config(registry, cases[k].scenario, false, &error, &config), TX_OK);
        const tx_section *section = tx_config_root(config);
        for (snprintf(key, sizeof key, "%s", cases[k].key); rest;) {
            section = tx_get_section(section, strsep(&rest, "."));
        }
        CU_ASSERT_EQUAL_FATAL(tx_section_write(section, NULL, &text), TX_OK);
        CU_ASSERT_EQUAL(strncmp(text, cases[k].section, strlen(cases[k].section)), 0);
        if (strncmp(text, cases[k].section, strlen(cases[k].section)) != 0) {
            printf("  got: %s\n", text);
        }
        tx_free(text);
        tx_config_destroy(config);
    }
}

static void refuses_by_argument(void)
{
    static const struct {
        const char *scenario, *message;
        bool coarse;
    } cases[] = {
        {"{type: diff_adv, train: two}",
         "some/run.yaml:2:35: scenario.train: there is no 'two' (there are: one, sup;STEPS[;CUT_BPTT], "
         "div;STEPS[;CUT_BPTT[;CUT_DIV_CHAIN]])",
         false},
        {"{type: diff_adv, train: sup;0}",
         "some/run.yaml:2:35: scenario.train: '0' is no integer of at least 1 (sup;STEPS[;CUT_BPTT])", false},
        {"{type: diff_adv, train: div;2;yes}",
         "some/run.yaml:2:35: scenario.train: 'yes' is neither true nor false (div;STEPS[;CUT_BPTT[;CUT_DIV_CHAIN]])", false},
        {"{type: diff_adv, train: one;2}", "some/run.yaml:2:35: scenario.train: has 1 value behind 'one' (the form is one)", false},
        {"{type: diff_adv, task: correct;serial}",
         "some/run.yaml:2:34: scenario.task: 'serial' is none of these (correct;parallel|sequential|sequential_with_bypass)",
         false},
        {"{type: diff_adv, task: foretell}",
         "some/run.yaml:2:34: scenario.task: there is no 'foretell' (there are: predict, "
         "correct;parallel|sequential|sequential_with_bypass)",
         false},
        {"{type: diff_adv, optim_config: sgd;10;constant;1}",
         "some/run.yaml:2:42: scenario.optim_config: there is no 'sgd' (there are: adam;STEPS;SCHEDULE)", false},
        {"{type: diff_adv, optim_config: adam;ten;constant;1}",
         "some/run.yaml:2:42: scenario.optim_config: 'ten' is no integer of at least 0 (adam;STEPS;SCHEDULE)", false},
        {"{type: diff_adv, optim_config: adam;10;linear;1}",
         "some/run.yaml:2:42: scenario.optim_config: there is no 'linear' (there are: constant;RATE, "
         "exp;INIT;TRANSITION_STEPS;DECAY_RATE;STAIRCASE, warmup_cosine;INIT;PEAK;WARMUP_STEPS)",
         false},
        {"{type: diff_adv, callbacks: 'net;2,loss;3'}",
         "some/run.yaml:2:39: scenario.callbacks: there is no 'loss' (there are: net;EVERY, weight_norm;EVERY, metrics;EVERY, "
         "sample_rollout;EVERY)",
         false},
        {"{type: diff_adv, report_metrics: mean_nonsense}", NULL, false},
        {"{type: diff_adv, net: 'Conv;2;1;sin'}", NULL, false},
        {"{type: diff_adv, ic_config: 'wavelet;2'}", NULL, false},
        {"phy_sh", "some/run.yaml:2:11: scenario.num_spatial_dims: must be 2 to 3 for phy_sh, not 1", false},
        {"{type: norm_ks_cons, num_spatial_dims: 2}",
         "some/run.yaml:2:50: scenario.num_spatial_dims: must be 1 for norm_ks_cons, not 2", false},
        {"{type: phy_unbal_adv, num_spatial_dims: 2}",
         "some/run.yaml:2:11: scenario.advection_coef_vector: must have 2 numbers, one an axis (num_spatial_dims), not 3", false},
        {"{type: diff_nonlin, deltas: [1, 2]}", "some/run.yaml:2:39: scenario.deltas: must have 3 numbers, not 2", false},
        {"{type: phy_poisson, num_warmup_steps: 3}",
         "some/run.yaml:2:49: scenario.num_warmup_steps: must be 0 for phy_poisson, not 3", false},
        {"{type: phy_poisson, task: correct;parallel}", "some/run.yaml:2:37: scenario.task: phy_poisson has no coarse stepper",
         false},
        {"phy_poisson", "some/run.yaml:2:11: scenario: phy_poisson has no coarse stepper", true},
        {"{type: diff_adv, advection_alpha: 1}",
         "some/run.yaml:2:28: unknown key 'advection_alpha' in scenario (did you mean 'advection_gamma'?)", false},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_error error = {0};
        tx_config *config = NULL;
        CU_ASSERT_EQUAL(open_config(registry, cases[k].scenario, cases[k].coarse, &error, &config), TX_INVALID);
        const bool right = cases[k].message ? !strcmp(error.message, cases[k].message) : strstr(error.message, "scenario.") != NULL;
        CU_ASSERT(right);
        if (!right) {
            printf("  got: %s\n", error.message);
        }
        tx_config_destroy(config);
    }
}

int main(void)
{
    static const suite_test tests[] = {{"data are those of APEBench", data_are_those_of_apebench},
                                       {"words are sections", words_are_sections},
                                       {"refuses by argument", refuses_by_argument},
                                       {NULL, NULL}};
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    const int result = suite_run("scenario", tests);
    tx_registry_destroy(registry);
    return result;
}
