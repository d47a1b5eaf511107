/* Several handles in one process: where one of them has started MPI, the last one ends it, whichever that is. ranks: 1 2 */
#include <string.h>

#include "suite.h"
#include "trainax/parallel.h"

static void work(tx_parallel *parallel)
{
    int64_t sum = 1;
    CU_ASSERT_EQUAL(tx_parallel_sum(parallel, &sum, 1, NULL), TX_OK);
    CU_ASSERT_EQUAL(sum, tx_parallel_size(parallel));
}

static void in_any_order(void)
{
    tx_parallel *first, *second, *third;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(NULL, &error, &first), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(NULL, &error, &second), TX_OK);
    const bool alone = !tx_parallel_joined(); /* without a launcher */
    work(first);
    tx_parallel_destroy(first);
    work(second);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(NULL, &error, &third), TX_OK);
    tx_parallel_destroy(second);
    work(third);
    tx_parallel_destroy(third);
    const tx_status again = tx_parallel_create(NULL, &error, &first);
    CU_ASSERT_EQUAL(again, alone ? TX_OK : TX_FAILURE);
    CU_ASSERT(alone || strstr(error.message, "cannot start again") != NULL);
    if (again == TX_OK) {
        work(first);
        tx_parallel_destroy(first);
    }
}

int main(void)
{
    return suite_run("handles", (suite_test[]){{"in any order", in_any_order}, {0}});
}
