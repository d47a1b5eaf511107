/* Evaluating again and again, as a callback does: the numbers follow from the parameters alone, and are those of a rollout
 * written out by hand. ranks: 1 3
 * guard: 1 3 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/trainax.h"

static const char text[] = "precision: float64\n"
                           "data: {type: advection_1d_periodic, num_points: 12, num_samples: 5, temporal_horizon: 9, key: 3}\n"
                           "network: {type: conv, num_spatial_dims: 1, in_channels: 1, out_channels: 1, kernel_size: 2,\n"
                           "          padding: same, padding_mode: circular, use_bias: false, key: 0}\n"
                           "trainer: {num_rollout_steps: 2, optimizer: {type: adam, learning_rate: 1e-3}, batch_size: 7,\n"
                           "          num_training_steps: 1, key: 0}\n"
                           "evaluation: {metrics: ['mean_MSE,q50_MSE']}\n";
enum { N = 12, S = 5, T = 8, WINDOWS = S * (T + 1 - 2) };

static tx_parallel *parallel;

typedef struct fixture {
    tx_registry *registry;
    tx_config *config;
    const tx_section *root;
    double levels[S][T + 1][N];
} fixture;

static void open_fixture(fixture *f)
{
    const tx_config_source source = {.name = "test.yaml", .text = text};
    tx_error error = {0};
    tx_data_source *data;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(&error, &f->registry), TX_OK);
    if (tx_config_create(f->registry, &source, &error, &f->config) != TX_OK) {
        printf("\n%s\n", error.message);
        CU_FAIL_FATAL("configuration");
    }
    f->root = tx_config_root(f->config);
    const tx_random random = tx_config_random(f->config);
    CU_ASSERT_EQUAL_FATAL(tx_data_source_create(tx_get_section(f->root, "data"), (tx_data_setup){.random = random}, &error, &data),
                          TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_data_source_read(data, 0, S * (T + 1), f->levels, &error), TX_OK);
    tx_data_source_destroy(data);
}

static void close_fixture(fixture *f)
{
    tx_config_destroy(f->config);
    tx_registry_destroy(f->registry);
}

static void step(const double *weight, double *u)
{
    const double first = u[0];
    for (int i = 0; i < N; i++) {
        u[i] = weight[0] * u[i] + weight[1] * (i + 1 < N ? u[i + 1] : first);
    }
}

static double error_of(const double *u, const double *reference)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        sum += (u[i] - reference[i]) * (u[i] - reference[i]);
    }
    return sum / N;
}

static double mean_mse(const fixture *f, const double *weight, int steps)
{
    double sum = 0;
    for (int s = 0; s < S; s++) {
        double u[N];
        memcpy(u, f->levels[s][0], sizeof u);
        for (int t = 0; t < steps; t++) {
            step(weight, u);
        }
        sum += error_of(u, f->levels[s][steps]);
    }
    return sum / S;
}

static void check_run(const fixture *f, tx_evaluation *evaluation, const double *weight, double *keep)
{
    tx_error error = {0};
    tx_evaluation_result result;
    CU_ASSERT_EQUAL_FATAL(tx_evaluation_run(evaluation, weight, &error, &result), TX_OK);
    CU_ASSERT_EQUAL_FATAL(result.num_steps, T);
    CU_ASSERT_EQUAL_FATAL(result.num_metrics, 2);
    CU_ASSERT_STRING_EQUAL(result.names[1], "q50_MSE");
    for (int t = 1; t <= T; t++) {
        CU_ASSERT_DOUBLE_EQUAL(result.values[2 * (t - 1)] / mean_mse(f, weight, t), 1, 1e-12); /* sums of 12 numbers, in double */
    }
    CU_ASSERT(result.gmean > 0 && isfinite(result.gmean));
    memcpy(keep, result.values, 2 * T * sizeof(double));
    keep[2 * T] = result.gmean;
}

static void test_again(void)
{
    fixture f = {0};
    tx_error error = {0};
    tx_evaluation *evaluation;
    const double a[2] = {0.3, 0.7}, b[2] = {-0.5, 1.25};
    double first[2 * T + 1], other[2 * T + 1], again[2 * T + 1];
    open_fixture(&f);
    const tx_evaluation_setup setup = {.run = f.root, .network = tx_get_section(f.root, "network")};
    CU_ASSERT_EQUAL_FATAL(tx_evaluation_create(parallel, &setup, &error, &evaluation), TX_OK);
    CU_ASSERT_EQUAL(tx_evaluation_network(evaluation)->num_parameters, 2);
    check_run(&f, evaluation, a, first);
    check_run(&f, evaluation, b, other);
    check_run(&f, evaluation, a, again);
    CU_ASSERT_EQUAL(memcmp(first, again, sizeof first), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(first, other, sizeof first), 0);
    tx_evaluation_destroy(evaluation);
    close_fixture(&f);
}

/* Levels that are read in each run give what loaded ones give, to the bit. */
static void test_once(void)
{
    fixture f = {0};
    tx_error error = {0};
    const double weight[2] = {0.3, 0.7};
    double loaded[2 * T + 1], read[2 * T + 1];
    open_fixture(&f);
    for (int once = 0; once < 2; once++) {
        const tx_evaluation_setup setup = {.run = f.root, .network = tx_get_section(f.root, "network"), .once = once};
        tx_evaluation *evaluation;
        CU_ASSERT_EQUAL_FATAL(tx_evaluation_create(parallel, &setup, &error, &evaluation), TX_OK);
        CU_ASSERT_EQUAL(tx_evaluation_dataset(evaluation) == NULL, once);
        check_run(&f, evaluation, weight, once ? read : loaded);
        check_run(&f, evaluation, weight, once ? read : loaded);
        tx_evaluation_destroy(evaluation);
    }
    CU_ASSERT_EQUAL(memcmp(loaded, read, sizeof read), 0);
    close_fixture(&f);
}

static void test_full_loss(void)
{
    fixture f = {0};
    tx_error error = {0};
    tx_dataset *dataset;
    tx_network *network;
    const double weight[2] = {0.3, 0.7};
    double expected = 0, loss;
    open_fixture(&f);
    for (int window = 0; window < WINDOWS; window++) {
        const int s = window / (T - 1), start = window % (T - 1);
        double u[N];
        memcpy(u, f.levels[s][start], sizeof u);
        for (int t = 1; t <= 2; t++) {
            step(weight, u);
            expected += error_of(u, f.levels[s][start + t]) / WINDOWS;
        }
    }
    CU_ASSERT_EQUAL_FATAL(tx_dataset_create(parallel, tx_get_section(f.root, "data"),
                                            (tx_data_setup){.random = tx_config_random(f.config)}, TX_SHARDED, &error, &dataset),
                          TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_network_create(tx_get_section(f.root, "network"), dataset->shape.state, &error, &network), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_full_loss(parallel, f.root, dataset, network, weight, &error, &loss), TX_OK);
    CU_ASSERT_DOUBLE_EQUAL(loss / expected, 1, 1e-12);
    tx_network_destroy(network);
    tx_dataset_destroy(dataset);
    close_fixture(&f);
}

static tx_status evaluate_once(const fixture *f, bool once, tx_error *error)
{
    const double weight[2] = {0.3, 0.7};
    const tx_evaluation_setup setup = {.run = f->root,
                                       .network = tx_get_section(f->root, "network"),
                                       .metrics = "mean_H1_MAE,mean_fourier_nMAE;0;3;1",
                                       .once = once};
    tx_evaluation *evaluation;
    tx_evaluation_result result;
    TX_TRY(tx_evaluation_create(parallel, &setup, error, &evaluation));
    const tx_status status = tx_evaluation_run(evaluation, weight, error, &result);
    tx_evaluation_destroy(evaluation);
    return status;
}

/* Each allocation in turn fails on the last rank: all ranks get the same status, nobody hangs, nothing stays behind. */
static void fail_everywhere(bool once)
{
    fixture f = {0};
    open_fixture(&f);
    const size_t before = tx_memory_live();
    const bool mine = tx_parallel_rank(parallel) == tx_parallel_size(parallel) - 1;
    int64_t done = 0;
    int failures = 0;
    for (long n = 0; !done && n < 400; n++) {
        tx_error error = {0};
        tx_memory_fail_after(mine ? n : -1);
        const tx_status status = evaluate_once(&f, once, &error);
        tx_memory_fail_after(-1);
        int64_t worst = (int64_t)status;
        CU_ASSERT_EQUAL_FATAL(tx_parallel_max(parallel, &worst, 1, NULL), TX_OK);
        CU_ASSERT_EQUAL((tx_status)worst, status);
        CU_ASSERT(status == TX_OK || error.message[0]);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
        failures += status == TX_OK ? 0 : 1;
        done = worst == TX_OK;
    }
    CU_ASSERT(done != 0);
    CU_ASSERT(failures > 20);
    close_fixture(&f);
}

static void test_memory(void)
{
    fail_everywhere(false);
    fail_everywhere(true);
}

int main(void)
{
    static const suite_test tests[] = {
        {"again and again", test_again}, {"once", test_once}, {"full loss", test_full_loss}, {"out of memory", test_memory}, {0},
    };
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int status = suite_run("evaluation", tests);
    tx_parallel_destroy(parallel);
    return status;
}
