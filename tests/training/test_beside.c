/* A network that reads what stands beside a trajectory: every way to run it gives each sample its own trajectory's numbers.
 * ranks: 1 3
 * guard: 3 */
#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "optimizer/options.h"
#include "optimizer/stage.h"
#include "suite.h"
#include "trainax/trainax.h"

/* u' = w p u + c of trajectories with a parameter p and a constant field c, behind a parameter that nobody reads. Data: w = 0.9. */
enum { S = 5, T = 5, N = 3, WINDOWS = S * (T - 1) };
static const double truth = 0.9, first = 0.2;
static double states[S][T][N], parameters[S][2], fields[S][N];
static tx_parallel *parallel;
static tx_registry *registry;
static char directory[64];

/* ---- The network ---- */

static tx_node apply(const tx_network *network, tx_graph *graph, tx_node x)
{
    const tx_shape one = {.channels = 1};
    const tx_convolution by_point = {.out_channels = 1, .kernel = {1}, .dilation = {1}, .groups = 1};
    const tx_node wu = tx_convolve(graph, x, &by_point, tx_network_leaf(network, graph, 0), TX_NONE);
    return tx_add(graph, tx_multiply(graph, wu, tx_sum(graph, tx_numbers(graph, 1, one))), tx_numbers(graph, 2, network->input));
}
static tx_status create(tx_network *network, tx_error *error)
{
    int index;
    const int64_t one = 1;
    return tx_network_add_leaf(network, "w", 1, &one, error, &index);
}
static tx_status initialise(const tx_network *network, tx_random random, tx_key key, void *values, tx_error *error)
{
    (void)network, (void)random, (void)key, (void)error;
    *(double *)values = first;
    return TX_OK;
}
static const tx_network_class class_ = {.create = create, .apply = apply, .initialise = initialise};
static const tx_option options[] = {{.name = "key", .type = TX_TYPE_KEY, .text = "unused"},
                                    {.name = "parameters", .type = TX_TYPE_PATH, .initial = "null", .text = "a network file"},
                                    {0}};
static const tx_component component = {
    .kind = TX_KIND_NETWORK, .name = "own", .summary = "w p u + c", .options = options, .implementation = &class_};

/* ---- Its data ---- */

static void path(char *out, const char *name)
{
    snprintf(out, 96, "%s/%s", directory, name);
}

static void fill(void)
{
    for (int s = 0; s < S; s++) {
        parameters[s][0] = 1e30;
        parameters[s][1] = 0.5 + 0.25 * s;
        for (int n = 0; n < N; n++) {
            fields[s][n] = 0.1 * s - 0.3 * n;
            states[s][0][n] = sin(1.0 + s + 2.0 * n);
            for (int t = 1; t < T; t++) {
                states[s][t][n] = truth * parameters[s][1] * states[s][t - 1][n] + fields[s][n];
            }
        }
    }
}

/* beside: how many of parameters and constant fields it has. */
static void write_data(const char *name, int beside)
{
    static const int64_t size[] = {S, T, 1, N}, rows[] = {S, 2}, grids[] = {S, 1, N};
    char file_name[96];
    tx_file *file;
    path(file_name, name);
    CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
    CU_ASSERT_EQUAL(tx_file_write_reals(file, "/trajectories", 4, size, TX_FLOAT64, states, NULL), TX_OK);
    CU_ASSERT_EQUAL(beside > 0 ? tx_file_write_reals(file, "/parameters", 2, rows, TX_FLOAT64, parameters, NULL) : TX_OK, TX_OK);
    CU_ASSERT_EQUAL(beside > 1 ? tx_file_write_reals(file, "/constant_fields", 3, grids, TX_FLOAT64, fields, NULL) : TX_OK, TX_OK);
    CU_ASSERT_EQUAL(tx_file_save(file, file_name, NULL, NULL), TX_OK);
    tx_file_close(file);
}

static void written(void)
{
    fill();
    if (tx_parallel_rank(parallel) == 0) {
        write_data("bare.h5", 0);
        write_data("partly.h5", 1);
        write_data("full.h5", 2);
    }
    CU_ASSERT_EQUAL_FATAL(tx_parallel_barrier(parallel, NULL), TX_OK);
}

static const char text[] = "precision: float64\n"
                           "data: {type: file, path: none}\n"
                           "network: {type: own, key: 0}\n"
                           "trainer: {num_rollout_steps: 1, optimizer: {type: sgd, learning_rate: 0.5}, num_training_steps: 60,\n"
                           "          batch_size: 100, key: 0}\n"
                           "parallel: {block: 3}\n"; /* the last block is not full */

static tx_config *configure_with(const char *data, const char *const *more)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    char file[96], override[128];
    path(file, data);
    snprintf(override, sizeof override, "data.path=%s", file);
    const char *const overrides[] = {override, more[0], more[1]};
    const tx_config_source source = {.name = "test.yaml",
                                     .text = text,
                                     .overrides = overrides,
                                     .num_overrides = 1 + (more[0] != NULL) + (more[1] != NULL),
                                     .required = required};
    tx_config *config;
    tx_error error = {0};
    if (tx_config_create(registry, &source, &error, &config) != TX_OK) {
        printf("\n%s\n", error.message);
        CU_FAIL_FATAL("no configuration");
    }
    return config;
}

static tx_config *configure(const char *data, const char *more)
{
    return configure_with(data, (const char *const[]){more, NULL});
}

/* ---- Training ---- */

/* Mean over the windows of (p u)^2: the loss is (w - truth)^2 times it, its gradient twice (w - truth). */
static double curvature(void)
{
    double sum = 0;
    for (int s = 0; s < S; s++) {
        for (int t = 0; t < T - 1; t++) {
            for (int n = 0; n < N; n++) {
                sum += pow(parameters[s][1] * states[s][t][n], 2) / (N * WINDOWS);
            }
        }
    }
    return sum;
}

static double weight_of(const tx_trainer *trainer)
{
    return *(const double *)tx_trainer_parameters(trainer);
}

/* The weight after so many steps. */
static double train(tx_parallel *ranks, const char *more, int steps, bool check)
{
    tx_config *config = configure("full.h5", more);
    tx_trainer *trainer;
    tx_error error = {0};
    if (tx_trainer_create(config, ranks, NULL, &error, &trainer) != TX_OK) {
        printf("\n%s\n", error.message);
        CU_FAIL_FATAL("no trainer");
    }
    for (int k = 0; k < steps; k++) {
        const double apart = weight_of(trainer) - truth;
        CU_ASSERT_EQUAL_FATAL(tx_trainer_step(trainer, NULL), TX_OK);
        if (check && k == 0) { /* sums of 60 products */
            CU_ASSERT_DOUBLE_EQUAL(tx_trainer_loss(trainer), apart * apart * curvature(), 1e-14);
            CU_ASSERT_DOUBLE_EQUAL(*(const double *)tx_trainer_gradient(trainer), 2 * apart * curvature(), 1e-14);
        }
    }
    const double weight = weight_of(trainer);
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
    return weight;
}

static void trained(void)
{
    const double weight = train(parallel, NULL, 60, true);
    const MPI_Comm self = MPI_COMM_SELF;
    tx_parallel *alone;
    int running;
    MPI_Initialized(&running);
    CU_ASSERT_DOUBLE_EQUAL(weight, truth, 1e-12);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(running ? &self : NULL, NULL, &alone), TX_OK);
    for (int k = 1; k < 60; k += 29) {
        CU_ASSERT_EQUAL(train(alone, "trainer.batch_size=7", k, false), train(parallel, "trainer.batch_size=7", k, false));
    }
    tx_parallel_destroy(alone);
}

/* Residuals are linear in w: a step by J'r / J'J, of rows, products and adjoint products, arrives. */
static tx_status update(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_task *task = update->task;
    double residuals[WINDOWS * N + 1], jacobian[WINDOWS * N + 1], product[WINDOWS * N + 1];
    const double one = 1;
    double slope, square;
    (void)stage;
    TX_TRY(task->class_->rows(task->object, update->parameters, task->first_row, task->num_own_rows, error, residuals, jacobian));
    TX_TRY(task->class_->product(task->object, update->parameters, &one, task->first_row, task->num_own_rows, error, product));
    TX_TRY(task->class_->adjoint_product(task->object, update->parameters, residuals, error, &slope));
    TX_TRY(task->class_->adjoint_product(task->object, update->parameters, jacobian, error, &square));
    for (int64_t k = 0; k < task->num_own_rows; k++) {
        CU_ASSERT_DOUBLE_EQUAL(product[k], jacobian[k], 1e-15);
    }
    *(double *)update->next_parameters = *(const double *)update->parameters - slope / square;
    return TX_OK;
}
static tx_status ask(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_optimizer_ask(optimizer, section, TX_ASKS_ROWS | TX_ASKS_PRODUCT | TX_ASKS_ADJOINT_PRODUCT, error));
    return tx_stage_add(optimizer, update, 0, error, &stage);
}
static const tx_optimizer_class newton_class = {ask};
static const tx_component newton = TX_OPTIMIZER("newton", "a test", NULL, &newton_class);

static void by_rows(void)
{
    CU_ASSERT_DOUBLE_EQUAL(train(parallel, "trainer.optimizer=newton", 1, true), truth, 1e-14);
}

/* ---- Evaluation ---- */

static void evaluated(void)
{
    tx_error error = {0};
    for (int kind = 0; kind < 3; kind++) { /* levels that are read, loaded, the caller's */
        tx_config *config = configure("full.h5", NULL);
        const tx_section *root = tx_config_root(config);
        tx_dataset *dataset = NULL;
        const tx_data_setup data = {.random = tx_config_random(config)};
        if (kind == 2) {
            CU_ASSERT_EQUAL_FATAL(tx_dataset_create(parallel, tx_get_section(root, "data"), data, TX_SHARDED, &error, &dataset),
                                  TX_OK);
        }
        const tx_evaluation_setup setup = {
            .run = root, .network = tx_get_section(root, "network"), .once = kind == 0, .dataset = dataset};
        tx_evaluation *evaluation;
        tx_evaluation_result result;
        CU_ASSERT_EQUAL_FATAL(tx_evaluation_create(parallel, &setup, &error, &evaluation), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_evaluation_run(evaluation, &truth, &error, &result), TX_OK);
        for (int t = 0; t < result.num_steps; t++) {
            CU_ASSERT(result.values[t] < 1e-14);
        }
        if (kind == 2) {
            double loss;
            CU_ASSERT_EQUAL(tx_full_loss(parallel, root, dataset, tx_evaluation_network(evaluation), &first, &error, &loss), TX_OK);
            CU_ASSERT_DOUBLE_EQUAL(loss, (first - truth) * (first - truth) * curvature(), 1e-14);
        }
        tx_evaluation_destroy(evaluation);
        tx_dataset_destroy(dataset);
        tx_config_destroy(config);
    }
}

static tx_status run_with(const char *data, const char *const *more, tx_error *error)
{
    char output[96];
    path(output, "run");
    tx_config *config = configure_with(data, more);
    const tx_train_options train_options = {.output = output, .start = TX_START_OVERWRITE};
    const tx_status status = tx_train(config, parallel, &train_options, error);
    tx_config_destroy(config);
    return status;
}

static tx_status run(const char *data, const char *more, tx_error *error)
{
    return run_with(data, (const char *const[]){more, NULL}, error);
}

static void check_rolled(const char *name)
{
    static double rolled[S][T][N];
    static const int64_t offset[4], size[] = {S, T, 1, N};
    tx_file *file;
    CU_ASSERT_EQUAL_FATAL(tx_file_open(name, NULL, &file), TX_OK);
    const tx_slab slab = {4, offset, size};
    CU_ASSERT_EQUAL_FATAL(tx_file_read_slab(file, "/trajectories", &slab, TX_FLOAT64, NULL, rolled, NULL), TX_OK);
    for (int k = 0; k < S * T * N; k++) {
        CU_ASSERT_DOUBLE_EQUAL((&rolled[0][0][0])[k], (&states[0][0][0])[k], 1e-9); /* a weight that is 1e-12 off */
    }
    tx_file_close(file);
}

static void rolled_out(void)
{
    char network[96], initial[96], output[96];
    tx_error error = {0};
    path(network, "run/network.h5");
    path(initial, "full.h5");
    path(output, "rolled.h5");
    CU_ASSERT_EQUAL_FATAL(run("full.h5", "callbacks=[{type: metrics, every: 20}]", &error), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_rollout(parallel, registry, network, initial, T - 1, NULL, &(tx_output){.path = output}, &error),
                          TX_OK);
    check_rolled(output);
    error = (tx_error){0};
    path(initial, "bare.h5");
    path(output, "none.h5");
    CU_ASSERT_EQUAL(tx_rollout(parallel, registry, network, initial, T - 1, NULL, &(tx_output){.path = output}, &error),
                    TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "`parameters`"));
}

/* ---- Data that have none ---- */

static void lacking(void)
{
    static const char *const files[] = {"bare.h5", "partly.h5"};
    for (int k = 0; k < 2; k++) {
        tx_error error = {0};
        CU_ASSERT_EQUAL(run(files[k], NULL, &error), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "test.yaml"));
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "`parameters`"));
        tx_config *config = configure(files[k], NULL);
        const tx_section *root = tx_config_root(config);
        const tx_evaluation_setup setup = {.run = root, .network = tx_get_section(root, "network"), .once = true};
        tx_evaluation *evaluation;
        error = (tx_error){0};
        CU_ASSERT_EQUAL(tx_evaluation_create(parallel, &setup, &error, &evaluation), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "`parameters`"));
        tx_config_destroy(config);
    }
}

static tx_status create_stepper(tx_scheme *stepper, tx_error *error)
{
    (void)stepper, (void)error;
    return TX_OK;
}
static tx_node apply_stepper(const tx_scheme *stepper, tx_graph *graph, tx_node x)
{
    (void)stepper;
    return tx_multiply(graph, x, tx_numbers(graph, 0, tx_node_shape(graph, x)));
}
static const tx_stepper_class stepper_class = {.create = create_stepper, .apply = apply_stepper};
static const tx_option no_options[] = {{0}};
static const tx_component stepper = {
    .kind = TX_KIND_STEPPER, .name = "stepping", .summary = "p u", .options = no_options, .implementation = &stepper_class};

/* What is generated has nothing beside it; and held-out data may lack what the others have. */
static void lacking_elsewhere(void)
{
    char held_out[256];
    tx_error error = {0};
    snprintf(held_out, sizeof held_out, "evaluation={data: {type: file, path: %s/partly.h5}}", directory);
    const char *const observed = "callbacks=[{type: metrics, every: 1}]";
    const struct {
        const char *more[2], *place;
    } cases[] = {
        {{"data={type: rollout, stepper: stepping, initial_condition: normal, num_points: 4, key: 0}", NULL}, "data.stepper"},
        {{held_out, observed}, "test.yaml"}};
    for (int k = 0; k < 2; k++) {
        error = (tx_error){0};
        CU_ASSERT_EQUAL(run_with("full.h5", cases[k].more, &error), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "`parameters`"));
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[k].place));
    }
    snprintf(held_out, sizeof held_out, "evaluation={data: {type: file, path: %s/full.h5}}", directory);
    CU_ASSERT_EQUAL(run_with("full.h5", (const char *const[]){held_out, observed}, &error), TX_OK);
}

int main(void)
{
    static const suite_test tests[] = {{"data", written},
                                       {"training", trained},
                                       {"residual rows", by_rows},
                                       {"evaluation", evaluated},
                                       {"rollout", rolled_out},
                                       {"what is lacking", lacking},
                                       {"what is lacking elsewhere", lacking_elsewhere},
                                       {0}};
    char command[128];
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_registry_add(registry, &component, NULL) != TX_OK ||
        tx_registry_add(registry, &newton, NULL) != TX_OK || tx_registry_add(registry, &stepper, NULL) != TX_OK ||
        tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    strcpy(directory, "/tmp/trainax-beside-XXXXXX");
    if ((tx_parallel_rank(parallel) == 0 && !mkdtemp(directory)) ||
        tx_parallel_broadcast(parallel, directory, sizeof directory, NULL) != TX_OK) {
        return 1;
    }
    const int code = suite_run("beside", tests);
    tx_parallel_barrier(parallel, NULL);
    if (tx_parallel_rank(parallel) == 0) {
        snprintf(command, sizeof command, "rm -rf %s", directory);
        (void)!system(command);
    }
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
