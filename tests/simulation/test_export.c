/* Exporting networks: every allocation may fail, and then nothing is left. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/trainax.h"

typedef tx_status export_fn(tx_parallel *parallel, const tx_registry *registry, const char *network_path, tx_shape state,
                            const tx_output *output, tx_error *error);

/* Networks that scripts/generate_exchange.py has left; in float32 and float64, with all kinds of operations. */
static const char *const networks[] = {"conv_net.h5", "u_net.h5", "fno.h5", "mlp.h5"};

static void every_allocation_may_fail(export_fn *export, const char *network, tx_parallel *parallel, const tx_registry *registry)
{
    char path[256], out[] = "/tmp/trainax_test_export_XXXXXX";
    CU_ASSERT_FATAL(mkstemp(out) >= 0);
    unlink(out);
    snprintf(path, sizeof path, "%s/command/exchange/%s", TESTS_DIR, network);
    const size_t live = tx_memory_live();
    tx_status status = TX_FAILURE;
    int n = 0;
    for (; status != TX_OK && n < 5000; n++) {
        tx_error error = {0};
        tx_memory_fail_after(n);
        status = export(parallel, registry, path, (tx_shape){0}, &(tx_output){.path = out}, &error);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || (status == TX_FAILURE && strstr(error.message, "out of memory")));
        CU_ASSERT_EQUAL(tx_memory_live(), live);
        CU_ASSERT_EQUAL(access(out, F_OK) == 0, status == TX_OK);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    CU_ASSERT(n > 10);
    unlink(out);
}

static void allocations(void)
{
    tx_parallel *parallel;
    tx_registry *registry;
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(NULL, NULL, &parallel), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(NULL, &registry), TX_OK);
    for (size_t k = 0; k < sizeof networks / sizeof *networks; k++) {
        every_allocation_may_fail(tx_export_c, networks[k], parallel, registry);
        every_allocation_may_fail(tx_export_onnx, networks[k], parallel, registry);
    }
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
}

int main(void)
{
    return suite_run("export", (suite_test[]){{"every allocation may fail", allocations}, {0}});
}
