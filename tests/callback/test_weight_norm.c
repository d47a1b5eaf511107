/* weight_norm is the root of the sum of all squares, in both precisions. */
#include <math.h>

#include "suite.h"
#include "trainax/trainax.h"

static double norm_of(const char *text, tx_precision precision, const void *parameters, int64_t count)
{
    tx_registry *registry;
    tx_config *config;
    tx_callback *callback;
    const tx_callback_setup setup = {.precision = precision};
    const tx_network network = {.num_parameters = count};
    const tx_observation seen = {.precision = precision, .network = &network, .parameters = parameters};
    double value = -1;
    int64_t present = 0;
    const tx_cells cells = {.values = &value, .present = &present};
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(NULL, &registry), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_CALLBACK, "case", text, NULL, &config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_callback_create(tx_config_root(config), &setup, NULL, &callback), TX_OK);
    CU_ASSERT_EQUAL(callback->num_columns, 1);
    CU_ASSERT_STRING_EQUAL(callback->columns[0], "weight_norm");
    CU_ASSERT_EQUAL(tx_callback_observe(callback, &seen, NULL, cells), TX_OK);
    CU_ASSERT_EQUAL(present, 1);
    tx_callback_destroy(callback);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    return value;
}

static void test_norm(void)
{
    const double wide[] = {1, -2, 2, 4, -4, 2, 2};
    const float narrow[] = {3e30f, -4e30f};
    CU_ASSERT_EQUAL(norm_of("weight_norm", TX_FLOAT64, wide, 7), 7);
    CU_ASSERT_EQUAL(norm_of("{type: weight_norm, squared: true}", TX_FLOAT64, wide, 7), 49);
    CU_ASSERT_EQUAL(norm_of("{type: weight_norm}", TX_FLOAT64, wide, 0), 0);
    CU_ASSERT_DOUBLE_EQUAL(norm_of("weight_norm", TX_FLOAT32, narrow, 2) / 5e30, 1, 1e-6); /* no overflow on the way */
}

int main(void)
{
    static const suite_test tests[] = {{"weight_norm", test_norm}, {0}};
    return suite_run("callbacks", tests);
}
