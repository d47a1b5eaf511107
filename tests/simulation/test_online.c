/* Training on samples that a program gives: the numbers of a trainer that has the same samples as its data; inference, save and
 * load. ranks: 1 3 */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "trainax/trainax.h"

enum { SAMPLES = 8, LEVELS = 3, N = 30, STEPS = 6 };

static tx_parallel *parallel;
static tx_registry *registry;
static char config_path[64], network_path[64];
static double windows[SAMPLES][LEVELS][N];

#define DATA                                                                                                                       \
    "data: {type: advection_1d_periodic, num_points: 30, num_samples: 8, cfl: -0.75, highest_init_mode: 5, temporal_horizon: 3, "  \
    "key: 0}\n"
#define NETWORK(KEY) "network: {type: conv_net, hidden_channels: 5, depth: 2, activation: tanh, key: " KEY "}\n"
#define TRAINER "trainer: {num_rollout_steps: 2, optimizer: {type: adam, learning_rate: 1.0e-2}"
#define REST ", num_training_steps: 10, batch_size: 8, key: 0}\n"

static void check(tx_status status, const tx_error *error)
{
    CU_ASSERT_EQUAL(status, TX_OK);
    if (status != TX_OK) {
        printf("\n%s\n", error->message);
    }
}

static void write_config(const char *text)
{
    if (tx_parallel_rank(parallel) == 0) {
        CU_ASSERT_EQUAL_FATAL(tx_text_save(config_path, text, strlen(text), NULL), TX_OK);
    }
    CU_ASSERT_EQUAL_FATAL(tx_parallel_barrier(parallel, NULL), TX_OK);
}

static void read_windows(const tx_config *config)
{
    const tx_data_setup setup = {.random = tx_config_random(config), .isa = tx_isa_count() - 1};
    tx_error error = {0};
    tx_data_source *source;
    check(tx_data_source_create(tx_get_section(tx_config_root(config), "data"), setup, &error, &source), &error);
    check(tx_data_source_read(source, 0, SAMPLES * LEVELS, windows, &error), &error);
    tx_data_source_destroy(source);
}

/* As many of the samples as this rank has, where they lie, sample after sample. */
static int64_t mine(int64_t *first)
{
    const int64_t rank = tx_parallel_rank(parallel), size = tx_parallel_size(parallel);
    *first = SAMPLES * rank / size;
    return SAMPLES * (rank + 1) / size - *first;
}

static void fields_of(int64_t first, tx_field fields[LEVELS])
{
    for (int level = 0; level < LEVELS; level++) {
        fields[level] = (tx_field){windows[first][level], TX_FLOAT64, {LEVELS * N, N, 1}};
    }
}

static tx_online *create(const char *text, int64_t samples)
{
    const tx_online_setup setup = {.state = {1, 1, {N}}, .levels = LEVELS, .samples = samples};
    tx_error error = {0};
    tx_online *online = NULL;
    write_config(text);
    check(tx_online_create(parallel, config_path, &setup, &error, &online), &error);
    return online;
}

/* What both make of all samples in one step. */
static void step_alike(tx_trainer *trainer, tx_online *online)
{
    tx_field fields[LEVELS];
    tx_error error = {0};
    double loss = NAN;
    int64_t first;
    const int64_t count = mine(&first);
    fields_of(first, fields);
    check(tx_trainer_step(trainer, &error), &error);
    check(tx_online_train_step(online, count, fields, &error, &loss), &error);
    CU_ASSERT_DOUBLE_EQUAL(loss, tx_trainer_loss(trainer), 1e-13 * tx_trainer_loss(trainer));
}

/* y: what it makes of the first state. */
static void step_first(tx_online *online, double y[N])
{
    const tx_field from = {windows[0][0], TX_FLOAT64, {N, N, 1}}, to = {y, TX_FLOAT64, {N, N, 1}};
    tx_error error = {0};
    check(tx_online_inference(online, 1, &from, &to, &error), &error);
}

/* What was saved is what it computes with, and what the trainer has come to. */
static void compare_saved(tx_online *online, const tx_trainer *trainer)
{
    tx_inference *inference;
    tx_error error = {0};
    double y[N], z[N], distance = 0;
    step_first(online, y);
    check(tx_online_save(online, &(tx_output){.path = network_path, .overwrite = true}, &error), &error);
    check(tx_inference_open(registry, network_path, (tx_shape){0}, NULL, &error, &inference), &error);
    check(tx_inference_step(inference, windows[0][0], z, &error), &error);
    CU_ASSERT_EQUAL(memcmp(y, z, sizeof y), 0);
    const tx_field parameters = {.data = (void *)tx_trainer_parameters(trainer), .precision = TX_FLOAT64};
    check(tx_inference_set_parameters(inference, &parameters, &error), &error);
    check(tx_inference_step(inference, windows[0][0], z, &error), &error);
    for (int k = 0; k < N; k++) {
        distance = fmax(distance, fabs(y[k] - z[k]));
    }
    CU_ASSERT(distance < 1e-10);
    tx_inference_destroy(inference);
}

/* One that begins elsewhere goes on from there. */
static void compare_loaded(tx_online *online)
{
    tx_online *other = create("precision: float64\n" NETWORK("2") TRAINER "}\n", SAMPLES);
    tx_error error = {0};
    double y[N], z[N];
    step_first(online, y);
    step_first(other, z);
    CU_ASSERT_NOT_EQUAL(memcmp(y, z, sizeof y), 0);
    check(tx_online_load(other, network_path, &error), &error);
    step_first(other, z);
    CU_ASSERT_EQUAL(memcmp(y, z, sizeof y), 0);
    tx_online_destroy(other);
}

/* Both take all samples in each step, in another order: sums round otherwise, and no more. */
static void as_a_trainer(void)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    static const char text[] = "precision: float64\n" DATA NETWORK("1") TRAINER REST;
    const tx_config_source source = {.name = "test.yaml", .text = text, .required = required};
    tx_error error = {0};
    tx_config *config;
    tx_trainer *trainer;
    check(tx_config_create(registry, &source, &error, &config), &error);
    check(tx_trainer_create(config, parallel, NULL, &error, &trainer), &error);
    read_windows(config);
    tx_online *online = create("precision: float64\n" NETWORK("1") TRAINER "}\n", SAMPLES);
    for (int step = 0; step < STEPS; step++) {
        step_alike(trainer, online);
    }
    compare_saved(online, trainer);
    compare_loaded(online);
    tx_online_destroy(online);
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
}

static void learns(void)
{
    tx_online *online = create(NETWORK("1") TRAINER "}\n", SAMPLES);
    tx_field fields[LEVELS];
    tx_error error = {0};
    double first_loss = NAN, loss = NAN;
    int64_t first;
    const int64_t count = mine(&first);
    fields_of(first, fields);
    check(tx_online_train_step(online, count, fields, &error, &first_loss), &error);
    for (int step = 0; step < 300; step++) { /* double fields, a network in single */
        check(tx_online_train_step(online, count, fields, &error, &loss), &error);
    }
    CU_ASSERT(loss < 0.1 * first_loss);
    tx_online_destroy(online);
}

/* One line on all ranks, which says so. */
static void is_refused(tx_status status, const tx_error *error, const char *why)
{
    CU_ASSERT_EQUAL(status, TX_INVALID);
    CU_ASSERT(strstr(error->message, why) != NULL);
    if (!strstr(error->message, why)) {
        printf("\n%s\n", error->message);
    }
}

static void refused_setup(void)
{
    static const struct {
        tx_online_setup setup;
        const char *why;
    } bad[] = {{{.state = {1, 1, {N}}, .levels = 2}, "level"},
               {{.state = {1, 1, {N}}, .levels = -1}, "-1 levels"},
               {{.state = {1, 1, {N}}, .levels = LEVELS, .samples = -1}, "-1 samples"},
               {{.state = {1, 4, {N}}, .levels = LEVELS}, "the shape of a state"},
               {{.state = {1, 1, {0}}, .levels = LEVELS}, "the shape of a state"},
               {{.state = {0, 1, {N}}, .levels = LEVELS}, "the shape of a state"}};
    tx_online *online = NULL;
    write_config(NETWORK("1") TRAINER "}\n");
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        tx_error error = {0};
        is_refused(tx_online_create(parallel, config_path, &bad[k].setup, &error, &online), &error, bad[k].why);
    }
    CU_ASSERT_EQUAL(tx_online_create(parallel, "/nowhere.yaml", &bad[0].setup, NULL, &online), TX_INVALID);
    CU_ASSERT_EQUAL(tx_online_create(parallel, NULL, &bad[0].setup, NULL, &online), TX_INVALID);
    CU_ASSERT_EQUAL(tx_online_create(parallel, config_path, NULL, NULL, &online), TX_INVALID);
    CU_ASSERT_PTR_NULL(online);
}

/* The last rank asks for something else. */
static void refused_differences(void)
{
    const bool last = tx_parallel_rank(parallel) == tx_parallel_size(parallel) - 1;
    const tx_online_setup good = {.state = {1, 1, {N}}, .levels = LEVELS, .samples = 2};
    const tx_online_setup others[] = {{.state = {1, 1, {N + 1}}, .levels = LEVELS, .samples = 2},
                                      {.state = {1, 1, {N}}, .levels = LEVELS + 1, .samples = 2},
                                      {.state = {1, 1, {N}}, .levels = LEVELS, .samples = 3},
                                      {.state = {1, 1, {N}}, .levels = LEVELS, .samples = -1}};
    tx_online *online = NULL;
    char other_path[80];
    if (tx_parallel_size(parallel) == 1) {
        return;
    }
    write_config(NETWORK("1") TRAINER "}\n");
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        tx_error error = {0};
        is_refused(tx_online_create(parallel, config_path, last ? &others[k] : &good, &error, &online), &error,
                   others[k].samples < 0 ? "-1 samples" : "rank 2 was given another configuration");
    }
    snprintf(other_path, sizeof other_path, "%s.%d", config_path, tx_parallel_rank(parallel)); /* the same in files of their own */
    for (int same = 0; same < 2; same++) {
        const char *text = last && !same ? NETWORK("7") TRAINER "}\n" : NETWORK("1") TRAINER "}\n";
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_text_save(other_path, text, strlen(text), NULL), TX_OK);
        const tx_status status = tx_online_create(parallel, other_path, &good, &error, &online);
        if (same) {
            check(status, &error);
        } else {
            is_refused(status, &error, "rank 2 was given another configuration");
        }
    }
    tx_online_destroy(online);
    unlink(other_path);
}

static void refused_outputs(void)
{
    tx_online *online = create(NETWORK("1") TRAINER "}\n", 1);
    tx_error error = {0};
    if (tx_parallel_rank(parallel) == 0) {
        unlink(network_path);
    }
    check(tx_parallel_barrier(parallel, &error), &error);
    check(tx_online_save(online, &(tx_output){.path = network_path}, &error), &error);
    is_refused(tx_online_save(online, &(tx_output){.path = network_path}, &error), &error, "exists");
    check(tx_online_save(online, &(tx_output){.path = network_path, .overwrite = true}, &error), &error);
    error = (tx_error){0};
    is_refused(tx_online_save(online, &(tx_output){.path = config_path, .overwrite = true}, &error), &error, "is an input");
    CU_ASSERT_EQUAL(tx_online_save(online, NULL, NULL), TX_INVALID);
    CU_ASSERT_EQUAL(tx_online_save(NULL, NULL, NULL), TX_INVALID);
    CU_ASSERT_EQUAL(tx_online_load(online, NULL, NULL), TX_INVALID);
    tx_online_destroy(online);
}

static void refused(void)
{
    const bool alone = tx_parallel_size(parallel) == 1;
    tx_error error = {0};
    double loss;
    tx_online *online = create(NETWORK("1") TRAINER "}\n", 1);
    tx_field fields[LEVELS];
    fields_of(0, fields);
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_online_train_step(online, SAMPLES, fields, &error, &loss), TX_INVALID);
    CU_ASSERT(strstr(error.message, "a step on 8 samples of a rank: it takes at most 1") != NULL);
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_online_train_step(online, 0, fields, &error, &loss), TX_INVALID);
    error = (tx_error){0};
    is_refused(tx_online_train_step(online, 1, tx_parallel_rank(parallel) ? fields : NULL, &error, &loss), &error,
               "a field was not given");
    CU_ASSERT_EQUAL(tx_online_train_step(NULL, 1, fields, NULL, NULL), TX_INVALID);
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_online_load(online, config_path, &error), TX_BAD_DATA);
    error = (tx_error){0};
    windows[0][1][3] = INFINITY;
    CU_ASSERT_EQUAL(tx_online_train_step(online, tx_parallel_rank(parallel) == 0, fields, &error, &loss), TX_DIVERGED);
    CU_ASSERT(!alone || strstr(error.message, "the loss is not finite (the sample with the largest loss is number 0 of") != NULL);
    windows[0][1][3] = 0;
    error = (tx_error){0};
    check(tx_online_train_step(online, tx_parallel_rank(parallel) == 0, fields, &error, &loss), &error);
    tx_online_destroy(online);
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    int64_t id = tx_parallel_rank(parallel) == 0 ? (int64_t)getpid() : 0;
    if (tx_parallel_broadcast(parallel, &id, sizeof id, NULL) != TX_OK) {
        return 1;
    }
    snprintf(config_path, sizeof config_path, "/tmp/trainax-online-%ld.yaml", (long)id);
    snprintf(network_path, sizeof network_path, "/tmp/trainax-online-%ld.h5", (long)id);
    const int code = suite_run("online", (suite_test[]){{"as a trainer", as_a_trainer},
                                                        {"learns", learns},
                                                        {"refused", refused},
                                                        {"refused setups", refused_setup},
                                                        {"refused differences", refused_differences},
                                                        {"refused outputs", refused_outputs},
                                                        {0}});
    tx_parallel_barrier(parallel, NULL);
    unlink(config_path);
    unlink(network_path);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
