/* Level weights: none, a list, the rules; wrong lengths and values. */
#include <string.h>

#include "configuration/sections.h"

static const char *const prefix = "{type: supervised, num_rollout_steps: 4, time_level_weights: ";

static tx_status weights_of(const char *value, double *weights, tx_error *error)
{
    char text[256];
    snprintf(text, sizeof text, "%s%s}", prefix, value);
    tx_registry *registry = configuration_registry();
    tx_config *config = NULL;
    tx_status status = tx_section_read(registry, TX_KIND_CONFIGURATION, "run.yaml", text, error, &config);
    if (status == TX_OK) {
        const tx_section *section = tx_config_root(config);
        status = tx_configuration_check(section, error);
        CU_ASSERT_EQUAL(tx_level_weights(section, "time_level_weights", 4, weights, NULL), status);
    }
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    return status;
}

static void check(const char *value, const double *expected)
{
    double weights[4] = {-1, -1, -1, -1};
    tx_error error = {0};
    CU_ASSERT_EQUAL(weights_of(value, weights, &error), TX_OK);
    for (int t = 0; t < 4; t++) {
        CU_ASSERT_DOUBLE_EQUAL(weights[t], expected[t], 4e-16); /* rate^3 is rounded twice */
    }
}

static void rules_and_lists(void)
{
    check("null", (const double[]){1, 1, 1, 1});
    check("[1, 0.5, 0, -2.5e0]", (const double[]){1, 0.5, 0, -2.5});
    check("{type: exponential, rate: 0.9}", (const double[]){1, 0.9, 0.81, 0.729});
    check("{type: exponential, rate: 0}", (const double[]){1, 0, 0, 0});
    check("{type: last_only}", (const double[]){0, 0, 0, 1});
    check("last_only", (const double[]){0, 0, 0, 1});
}

static void refuse(const char *value, const char *message)
{
    double weights[4];
    tx_error error = {0};
    CU_ASSERT_EQUAL(weights_of(value, weights, &error), TX_INVALID);
    const bool right = strstr(error.message, message) && strstr(error.message, "run.yaml:1:62: ");
    if (!right) {
        printf("\n\"%s\" instead of \"%s\"\n", error.message, message);
    }
    CU_ASSERT(right);
}

static void wrong_lengths(void)
{
    refuse("[1, 2, 3]", "time_level_weights: 3 numbers given, but there are 4 time levels, one weight each");
    refuse("[1, 2, 3, 4, 5]", "time_level_weights: 5 numbers given, but there are 4 time levels");
    refuse("0.5", "time_level_weights: 1 number given, but there are 4 time levels");
}

static void refused_by_the_table(void)
{
    double weights[4];
    static const char *const values[] = {"{type: exponential}", "{type: exponental, rate: 1}", "[1, 2, x, 4]",
                                         "{type: last_only, rate: 1}"};
    for (int k = 0; k < 4; k++) {
        tx_error error = {0};
        CU_ASSERT_EQUAL(weights_of(values[k], weights, &error), TX_INVALID);
    }
}

int main(void)
{
    static const suite_test tests[] = {{"rules and lists", rules_and_lists},
                                       {"wrong lengths", wrong_lengths},
                                       {"refused by the table", refused_by_the_table},
                                       {NULL, NULL}};
    return suite_run("configuration/weights", tests);
}
