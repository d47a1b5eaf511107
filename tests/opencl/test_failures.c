/* OpenCL calls that fail, each in turn: one line says which, nothing that was made is left, and the next run is right again. And
 * what is asked for that is not there. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/operations.h"
#include "opencl/library.h"
#include "suite.h"
#include "trainax/plan.h"

enum { BLOCK = 3, MOST = 4096 };

static tx_backend_options options = {.isa = -1, .precision = TX_FLOAT64, .device = "auto"};

/* A loss over a convolution of x, with a gradient. */
static void build(tx_graph *graph, tx_node *loss)
{
    const tx_shape shape = {.channels = 1, .axes = 1, .n = {6}};
    const tx_convolution c = {.out_channels = 2, .kernel = {3}, .dilation = {1}, .groups = 1};
    const tx_node x = tx_pad(graph, tx_window(graph, 0, shape), TX_PAD_CIRCULAR, (int64_t[]){1}, (int64_t[]){1});
    *loss = tx_sum_square(graph, tx_activate(graph, tx_convolve(graph, x, &c, tx_parameter(graph, 0, 6), TX_NONE), TX_TANH));
}

static tx_status run(const tx_backend *backend, tx_plan **plan, tx_values **values, tx_workspace **workspace, tx_error *error,
                     double *gradient)
{
    static const double numbers[] = {1, 2, 3, 4, 5, 6}, weights[] = {0.1, -0.2, 0.3, 0.2, 0.1, -0.1};
    static tx_parameters parameters;
    const void *const windows[] = {numbers, numbers, numbers, numbers};
    const tx_run_input input = {.windows = windows, .count = BLOCK + 1, .batch_size = BLOCK + 1};
    double losses[BLOCK + 1];
    tx_run_output output = {.losses = losses, .gradient = gradient};
    tx_graph *graph;
    tx_node loss;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    build(graph, &loss);
    const tx_plan_options wanted = {
        .backend = backend, .precision = TX_FLOAT64, .block = BLOCK, .num_parameters = 6, .loss = loss, .gradient = true};
    tx_parameters_set(&parameters, weights);
    tx_status status = tx_plan_create(graph, &wanted, error, plan);
    tx_graph_destroy(graph);
    status = status ? status : tx_values_create(*plan, &parameters, error, values);
    status = status ? status : tx_workspace_create(*plan, 2, error, workspace);
    return status ? status : tx_values_run(*values, *workspace, &input, &output, error);
}

static tx_status whole(tx_error *error, double *gradient)
{
    const tx_backend *backend = NULL;
    tx_plan *plan = NULL;
    tx_values *values = NULL;
    tx_workspace *workspace = NULL;
    tx_status status = tx_backend_open("opencl", &options, error, &backend);
    status = status ? status : run(backend, &plan, &values, &workspace, error, gradient);
    tx_workspace_destroy(workspace);
    tx_values_destroy(values);
    tx_plan_destroy(plan);
    tx_backend_close(backend);
    return status;
}

/* A program that was stored and cannot be made is compiled again: then nobody is told. */
static void every_call_fails(void)
{
    double right[12], found[12];
    tx_opencl_fail(0);
    CU_ASSERT_EQUAL_FATAL(whole(NULL, right), TX_OK);
    const long count = tx_opencl_count();
    CU_ASSERT(count > 100);
    const size_t before = tx_memory_live();
    int silent = 0;
    for (long n = 1; n <= count; n++) {
        tx_error error = {0};
        tx_opencl_fail(n);
        if (whole(&error, found) == TX_OK) {
            silent++;
            CU_ASSERT(memcmp(right, found, sizeof right) == 0);
        } else {
            CU_ASSERT_EQUAL(error.status, TX_FAILURE);
            CU_ASSERT(strncmp(error.message, "OpenCL fails: cl", 16) == 0);
        }
        CU_ASSERT_EQUAL(tx_opencl_keep(0), 0);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT(silent <= 2);
    tx_opencl_fail(0);
    CU_ASSERT_EQUAL(whole(NULL, found), TX_OK);
    CU_ASSERT(memcmp(right, found, sizeof right) == 0);
}

static void refused(const char *device, tx_status status, const char *words)
{
    const tx_backend *backend;
    tx_error error = {0};
    options.device = device;
    CU_ASSERT_EQUAL(tx_backend_open("opencl", &options, &error, &backend), status);
    CU_ASSERT(strstr(error.message, words) != NULL);
    options.device = "auto";
}

static void devices(void)
{
    tx_device *list;
    int count;
    const tx_backend *backend;
    char part[8];
    CU_ASSERT_EQUAL_FATAL(tx_backend_devices("opencl", NULL, &list, &count), TX_OK);
    CU_ASSERT_FATAL(count > 0);
    refused("99", TX_INVALID, "there is no OpenCL device '99'; there are: 0 ");
    refused("abacus", TX_INVALID, list[0].name);
    snprintf(part, sizeof part, "%.4s", list[0].name);
    options.device = part;
    CU_ASSERT_EQUAL_FATAL(tx_backend_open("opencl", &options, NULL, &backend), TX_OK);
    CU_ASSERT(strstr(tx_backend_computer(backend), list[0].name) != NULL);
    tx_backend_close(backend);
    options.device = "auto";
    tx_free(list);
}

int main(void)
{
    return suite_run("failures", (suite_test[]){{"every call fails in turn", every_call_fails}, {"devices", devices}, {0}});
}
