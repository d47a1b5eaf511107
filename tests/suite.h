/* What every CUnit program of the tests needs: a list of tests, run quietly, with the exit code ctest looks at. */
#pragma once

#include <CUnit/Basic.h>
#include <stdio.h>

typedef struct suite_test {
    const char *name;
    void (*run)(void);
} suite_test;

/* tests ends with a row whose name is NULL. Returns main's exit code. */
static inline int suite_run(const char *name, const suite_test *tests)
{
    if (CU_initialize_registry() != CUE_SUCCESS) {
        return 1;
    }
    const CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    for (const suite_test *test = tests; test->name; test++) {
        CU_add_test(suite, test->name, test->run);
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    const unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}
