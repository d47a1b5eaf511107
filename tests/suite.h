/* What every CUnit program of the tests needs: a list of tests, run quietly, with the exit code ctest looks at. */
#pragma once

#include <CUnit/Basic.h>
#include <stdbool.h>
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

/* Whether a sanitizer takes up the address space: limits of it (RLIMIT_AS) cannot be tried then. */
static inline bool suite_fills_address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    const bool read = file && fscanf(file, "%lu", &pages) == 1;
    if (file) {
        fclose(file);
    }
    return read && pages >> 28 != 0; /* a tebibyte */
}
