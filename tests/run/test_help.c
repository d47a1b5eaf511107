/* Everything that this program knows can be looked up: each component, option and metric has its text, and no help is wider
 * than the terminal. */
#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/metric.h"
#include "trainax/trainax.h"

static tx_registry *registry;

static void check_widths(const char *text, int width, const char *name)
{
    int column = 0;
    for (; *text; text++) {
        column = *text == '\n' ? 0 : column + (((unsigned char)*text & 0xc0) != 0x80);
        if (column > width) {
            fprintf(stderr, "\nwider than %d: %s\n", width, name);
            CU_FAIL("too wide");
            return;
        }
    }
}

static void check_options(const tx_component *component, const tx_option *options, const char *help)
{
    for (const tx_option *option = options; option && option->name; option++) {
        if (!option->text || !*option->text) {
            fprintf(stderr, "\nno text: %s.%s\n", component->name, option->name);
            CU_FAIL("an option without text");
        }
        CU_ASSERT(strstr(help, option->name) != NULL);
        check_options(component, option->each, "weight"); /* not in the table of the component itself */
    }
}

static void check_component(const tx_component *component)
{
    static const int widths[] = {40, 80, 0};
    char name[128];
    snprintf(name, sizeof name, "%s/%s", tx_kind_name(component->kind), component->name);
    CU_ASSERT(component->summary && *component->summary);
    for (int k = 0; k < 3; k++) {
        char *text = NULL;
        CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, name, widths[k], NULL, &text), TX_OK);
        check_widths(text, widths[k] ? widths[k] : 10000, name);
        check_options(component, component->options, text);
        check_options(component, tx_registry_shared_by(registry, component), text);
        tx_free(text);
    }
}

static void components(void)
{
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        CU_ASSERT(tx_registry_count(registry, (tx_kind)kind) > 0);
        for (int k = 0; k < tx_registry_count(registry, (tx_kind)kind); k++) {
            check_component(tx_registry_at(registry, (tx_kind)kind, k));
        }
    }
}

static void lists_and_options(void)
{
    static const char *const names[] = {
        "trainer.optimizer.learning_rate", "network", "hidden_channels",    "Res;26;8;relu", "MoUNet",
        "q90_fourier_nRMSE;0;5;1.5",       "key",     "initial_conditions", "trainer",       "precision"};
    for (int width = 40; width <= 80; width += 40) {
        char *text = NULL;
        CU_ASSERT_EQUAL_FATAL(tx_registry_list(registry, NULL, width, NULL, &text), TX_OK);
        check_widths(text, width, "list");
        tx_free(text);
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, names[k], width, NULL, &text), TX_OK);
            check_widths(text, width, names[k]);
            tx_free(text);
        }
    }
}

/* What the list of metrics offers can be measured, under each of its statistics. */
static void metrics(void)
{
    const tx_shape state = {.channels = 1, .axes = 1, .n = {16}};
    int count = 0;
    for (const tx_component *metric; (metric = tx_metric_component(count)); count++) {
        const bool band = strstr(metric->name, "fourier"), alone = !strcmp(metric->name, "vrmse");
        char mean[64], quantile[64];
        snprintf(mean, sizeof mean, "%s%s", metric->name, band ? ";0;5;0" : "");
        snprintf(quantile, sizeof quantile, "%s%s", alone ? "" : "q50_", mean + (alone ? 0 : strlen("mean_")));
        const char *const names[] = {mean, quantile};
        tx_metrics *made = NULL;
        CU_ASSERT_EQUAL(tx_metrics_create(alone ? 1 : 2, names, state, TX_FLOAT64, NULL, &made), TX_OK);
        tx_metrics_destroy(made);
    }
    CU_ASSERT(count >= 23); /* APEBench's 22 and The Well's */
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    const int code = suite_run(
        "help", (suite_test[]){{"components", components}, {"lists and options", lists_and_options}, {"metrics", metrics}, {0}});
    tx_registry_destroy(registry);
    return code;
}
