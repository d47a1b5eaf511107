/* Values as Python's str and repr write them: the expected texts are Python's. */
#include "study/python.h"

#include <string.h>

#include "base/memory.h"
#include "suite.h"

static const struct {
    const char *yaml, *str, *repr;
} cases[] = {
    {"2.5", "2.5", "2.5"},
    {"1e-05", "1e-05", "1e-05"},
    {"1.0e-4", "0.0001", "0.0001"},
    {"0.00012345", "0.00012345", "0.00012345"},
    {"-3e-5", "-3e-05", "-3e-05"},
    {"0.1", "0.1", "0.1"},
    {"0.30000000000000004", "0.30000000000000004", "0.30000000000000004"},
    {"1e5", "100000.0", "100000.0"},
    {"1.0e+15", "1000000000000000.0", "1000000000000000.0"},
    {"1e16", "1e+16", "1e+16"},
    {"1.5e+300", "1.5e+300", "1.5e+300"},
    {"123456.789", "123456.789", "123456.789"},
    {"-0.0", "-0.0", "-0.0"},
    {"0.0", "0.0", "0.0"},
    {"7", "7", "7"},
    {"-12", "-12", "-12"},
    {"true", "True", "True"},
    {"false", "False", "False"},
    {"null", "None", "None"},
    {"fourier;5;true;true", "fourier;5;true;true", "'fourier;5;true;true'"},
    {"\"7\"", "7", "'7'"},
    {"\"it's\"", "it's", "\"it's\""},
    {"\"a\\\\b\"", "a\\b", "'a\\\\b'"},
    {"[0.01, -0.04]", "(0.01, -0.04)", "(0.01, -0.04)"},
    {"[3]", "(3,)", "(3,)"},
    {"[]", "()", "()"},
    {"[[1, 2.0], [x, true]]", "((1, 2.0), ('x', True))", "((1, 2.0), ('x', True))"},
};

static void test_values(void)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_pool pool = {0};
        tx_yaml *node = NULL;
        tx_text str = {0}, repr = {0};
        CU_ASSERT_EQUAL_FATAL(tx_yaml_read(&pool, "here", true, cases[k].yaml, NULL, &node), TX_OK);
        CU_ASSERT_EQUAL(tx_python_value(&str, node, false, NULL), TX_OK);
        CU_ASSERT_EQUAL(tx_python_value(&repr, node, true, NULL), TX_OK);
        CU_ASSERT_STRING_EQUAL(str.data, cases[k].str);
        CU_ASSERT_STRING_EQUAL(repr.data, cases[k].repr);
        tx_free(str.data);
        tx_free(repr.data);
        tx_pool_release(&pool);
    }
}

static void test_mapping(void)
{
    tx_pool pool = {0};
    tx_yaml *node = NULL;
    tx_text text = {0};
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_yaml_read(&pool, "here", true, "[1, {a: 2}]", NULL, &node), TX_OK);
    CU_ASSERT_EQUAL(tx_python_value(&text, node, false, &error), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "here:1:5: a number, a text or a list is expected, not a mapping");
    tx_free(text.data);
    tx_pool_release(&pool);
}

int main(void)
{
    static const suite_test tests[] = {{"values", test_values}, {"a mapping", test_mapping}, {0}};
    return suite_run("python", tests);
}
