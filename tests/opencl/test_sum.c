/* Gradients that a device adds up: the integers of the host's own sum, to the bit, whatever they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "suite.h"
#include "trainax/parallel.h"
#include "trainax/plan.h"

extern void tx_opencl_choose_form(int form);

enum { SIZE = 1600, BLOCKS = 3, LEAVES = 5 };
static const int64_t NOT_FINITE = (int64_t)0x7ff << 52;
static const int64_t leaf_sizes[LEAVES] = {1, 0, 1100, 400, 99};
enum { FITS = 1, FITS_END = 1101, LEAST = 1501 }; /* parameters: of the leaf that keeps its bound, of one of least numbers */
static const int64_t scales[LEAVES] = {TX_SCALE_UNSET, 20, 30, 0, 1021};

/* Of one output by weights, without a bias: the weights' gradient is x, in a block of one sample and a batch of one. */
static void build(tx_graph *graph, tx_node *loss)
{
    const tx_convolution c = {.out_channels = 1, .groups = 1};
    const tx_node x = tx_window(graph, 0, (tx_shape){.channels = SIZE});
    *loss = tx_sum(graph, tx_convolve(graph, x, &c, tx_parameter(graph, 0, SIZE), TX_NONE));
}

/* A number with these bits, of either precision. */
static double real_of(tx_precision precision, uint64_t bits)
{
    const uint32_t half = (uint32_t)bits;
    float single;
    double wide;
    memcpy(&single, &half, sizeof single);
    memcpy(&wide, &bits, sizeof wide);
    return precision == TX_FLOAT32 ? (double)single : wide;
}

/* Ties, zeros of both signs, the largest and the least; then as the leaf is to have them, or whatever bits chance gives. */
static double number(tx_precision precision, int block, int64_t k)
{
    static const double some[] = {0.5, -1.5, 2.5, 0x1p-21, -0x1.8p-20, 0, -0., 0x1p20, -0x1.fffffep20, 1e-30, 0x1p-149, 0x1.cp-140};
    static uint64_t state = 1;
    double x;
    if (k < (int64_t)(sizeof some / sizeof *some)) {
        return some[(k + block) % (int64_t)(sizeof some / sizeof *some)];
    }
    do {
        state = state * 6364136223846793005u + 1442695040888963407u;
        x = real_of(precision, state ^ state >> 29);
    } while (!isfinite(x));
    const double some_bits = (double)(int32_t)(state >> 32);
    return k < FITS_END ? ldexp(some_bits, (int)(state >> 20 & 63) - 74) : k < LEAST ? x : ldexp(some_bits, -1074);
}

static size_t put(tx_precision precision, double x, void *out, int64_t k)
{
    if (precision == TX_FLOAT32) {
        ((float *)out)[k] = (float)x;
        return sizeof(float);
    }
    ((double *)out)[k] = x;
    return sizeof(double);
}

/* Of these scales, with where its sum of the blocks lies. */
static tx_reduction *make_reduction(tx_parallel *parallel, tx_precision precision, tx_gradient_sum *out)
{
    const tx_reduction_setup setup = {.mode = TX_REDUCE_EXACT,
                                      .precision = precision,
                                      .num_leaves = LEAVES,
                                      .leaf_sizes = leaf_sizes,
                                      .max_blocks = BLOCKS,
                                      .threads = 1};
    tx_reduction *reduction;
    CU_ASSERT_EQUAL_FATAL(tx_reduction_create(parallel, &setup, NULL, &reduction), TX_OK);
    tx_reduction_set_scales(reduction, scales);
    tx_reduction_begin(reduction);
    CU_ASSERT(tx_reduction_take_sum(reduction, 0, 0, out));
    return reduction;
}

static void make_blocks(tx_precision precision, bool finite, char *blocks[BLOCKS])
{
    for (int k = 0; k < BLOCKS; k++) {
        blocks[k] = calloc(SIZE, sizeof(double));
        for (int64_t j = 0; j < SIZE; j++) {
            put(precision, number(precision, k, j), blocks[k], j);
        }
    }
    if (!finite) {
        put(precision, INFINITY, blocks[1], 3);
        put(precision, (double)NAN, blocks[2], SIZE - 1);
    }
}

static void run(const tx_backend *backend, char *const *blocks, const tx_gradient_sum *sum)
{
    tx_plan *plan;
    tx_values *values;
    tx_workspace *workspace;
    tx_graph *graph;
    tx_node loss;
    tx_parameters parameters = {0};
    double zeros[SIZE] = {0}, losses[BLOCKS];
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    build(graph, &loss);
    const tx_plan_options wanted = {.backend = backend,
                                    .precision = tx_backend_precision(backend),
                                    .block = 1,
                                    .num_parameters = SIZE,
                                    .loss = loss,
                                    .gradient = true,
                                    .leaf_sizes = leaf_sizes,
                                    .num_leaves = LEAVES};
    CU_ASSERT_EQUAL_FATAL(tx_plan_create(graph, &wanted, NULL, &plan), TX_OK);
    CU_ASSERT(tx_plan_sums(plan));
    tx_parameters_set(&parameters, zeros);
    CU_ASSERT_EQUAL_FATAL(tx_values_create(plan, &parameters, NULL, &values), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(plan, BLOCKS, NULL, &workspace), TX_OK);
    const tx_run_input input = {.windows = (const void *const *)blocks, .count = BLOCKS, .batch_size = 1};
    tx_run_output output = {.losses = losses, .sum = sum};
    CU_ASSERT_EQUAL_FATAL(tx_values_run(values, workspace, &input, &output, NULL), TX_OK);
    tx_workspace_destroy(workspace);
    tx_values_destroy(values);
    tx_plan_destroy(plan);
    tx_graph_destroy(graph);
}

/* Integers of leaves without a scale, or that break their bound, are of no use. */
static void compare(tx_precision precision, const tx_gradient_sum *found, const tx_gradient_sum *right)
{
    const size_t word = sizeof(int64_t);
    CU_ASSERT(memcmp(found->words + FITS, right->words + FITS, (FITS_END - FITS) * word) == 0);
    if (precision == TX_FLOAT64) {
        CU_ASSERT(memcmp(found->words + SIZE + FITS, right->words + SIZE + FITS, (FITS_END - FITS) * word) == 0);
        CU_ASSERT(memcmp(found->words + SIZE + LEAST, right->words + SIZE + LEAST, (SIZE - LEAST) * word) == 0);
    }
}

static void check(tx_parallel *parallel, int form, tx_precision precision, bool finite)
{
    const tx_backend_options options = {.isa = -1, .precision = precision};
    const tx_backend *backend;
    tx_gradient_sum sums[2];
    char *blocks[BLOCKS];
    tx_reduction *const device = make_reduction(parallel, precision, &sums[0]), *const host =
                                                                                    make_reduction(parallel, precision, &sums[1]);
    tx_opencl_choose_form(form);
    CU_ASSERT_EQUAL_FATAL(tx_backend_open("opencl", &options, NULL, &backend), TX_OK);
    make_blocks(precision, finite, blocks);
    run(backend, blocks, &sums[0]);
    for (int k = 0; k < BLOCKS; k++) {
        tx_reduction_add_gradient(host, 0, blocks[k]);
        free(blocks[k]);
    }
    for (int leaf = 0; leaf < LEAVES; leaf++) { /* which number that is not finite does not matter */
        const int64_t top = sums[0].tops[leaf], right = sums[1].tops[leaf];
        CU_ASSERT(right < NOT_FINITE ? top == right : top >= NOT_FINITE);
    }
    if (finite) {
        compare(precision, &sums[0], &sums[1]);
    }
    tx_backend_close(backend);
    tx_reduction_destroy(device);
    tx_reduction_destroy(host);
}

static void integers_are_those_of_the_host(void)
{
    tx_parallel *parallel;
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(NULL, NULL, &parallel), TX_OK);
    for (int form = 0; form < 2; form++) {
        for (int precision = TX_FLOAT32; precision <= TX_FLOAT64; precision++) {
            check(parallel, form, (tx_precision)precision, true);
            check(parallel, form, (tx_precision)precision, false);
        }
    }
    tx_parallel_destroy(parallel);
}

int main(void)
{
    return suite_run("sum", (suite_test[]){{"integers are those of the host", integers_are_those_of_the_host}, {0}});
}
