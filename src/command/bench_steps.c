/* Whole training runs: what a user gets, through the public headers. The time of a step is that of a long run less that of
 * one with a single step (which also measures the scales of gradients), divided by the steps between: fetching windows, forward, backward, reduction, optimizer and history. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "command/bench.h"

typedef struct bench_run {
    const tx_bench_case *self;
    tx_registry *registry;
    tx_parallel *parallel;
    tx_config *config;
    char directory[64];
    tx_status status;
    tx_error *error;
} bench_run;

/* The case's configuration with a number of steps and, where it is not NULL, one more override. */
static tx_status configure(bench_run *run, int steps, const char *extra)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const char *overrides[16];
    char steps_text[64];
    int count = 0;
    for (; run->self->overrides && run->self->overrides[count]; count++) {
        overrides[count] = run->self->overrides[count];
    }
    snprintf(steps_text, sizeof steps_text, "trainer.num_training_steps=%d", steps);
    overrides[count++] = steps_text;
    if (extra) {
        overrides[count++] = extra;
    }
    const tx_config_source source = {
        .name = "bench.yaml", .text = run->self->config, .overrides = overrides, .num_overrides = count, .required = required};
    tx_config_destroy(run->config);
    run->config = NULL;
    return tx_config_create(run->registry, &source, run->error, &run->config);
}

static void train(void *state)
{
    bench_run *run = state;
    const tx_train_options options = {.output = run->directory, .start = TX_START_OVERWRITE};
    if (run->status == TX_OK) {
        run->status = tx_train(run->config, run->parallel, &options, run->error);
    }
}

static tx_status train_for(bench_run *run, int steps, const char *extra)
{
    TX_TRY(configure(run, steps, extra));
    train(run);
    return run->status;
}

static void remove_directory(const char *path)
{
    static const char *const files[] = {"config.yaml", "history.csv", "network.h5", "checkpoint.h5", "checkpoint.previous.h5"};
    char name[128];
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        snprintf(name, sizeof name, "%s/%s", path, files[k]);
        unlink(name);
    }
    rmdir(path);
}

/* Reads numbers of the network that the last run left. */
static tx_status read_result(const bench_run *run, const char *dataset, int rank, const int64_t *size, double *out)
{
    char path[96];
    tx_file *file;
    snprintf(path, sizeof path, "%s/network.h5", run->directory);
    TX_TRY(tx_file_open(path, run->error, &file));
    const tx_status status = tx_file_read_reals(file, dataset, rank, size, TX_FLOAT64, out, run->error);
    tx_file_close(file);
    return status;
}

/* The distance of the quickstart's two weights from the first-order upwind stencil, against the published one. */
static tx_status check_published(bench_run *run, tx_measurement *out)
{
    double w[2];
    TX_TRY(train_for(run, 1000, NULL));
    TX_TRY(read_result(run, "/parameters/weight", 3, (int64_t[]){1, 1, 2}, w));
    out->error = fabs(hypot(w[0] - 0.25, w[1] - 0.75) / run->self->published - 1);
    out->tolerance = 1e-3; /* published to four digits */
    return TX_OK;
}

/* The losses of the first steps against those in blocks of one sample, which go other ways through the kernels. */
static tx_status check_blocks(bench_run *run, tx_measurement *out)
{
    enum { STEPS = 3 };
    double blocks[STEPS], samples[STEPS];
    TX_TRY(train_for(run, STEPS, NULL));
    TX_TRY(read_result(run, "/history/loss", 1, (int64_t[]){STEPS}, blocks));
    TX_TRY(train_for(run, STEPS, "parallel.block=1"));
    TX_TRY(read_result(run, "/history/loss", 1, (int64_t[]){STEPS}, samples));
    out->error = 0;
    for (int k = 0; k < STEPS; k++) {
        out->error = fmax(out->error, fabs(blocks[k] / samples[k] - 1));
    }
    out->tolerance = run->self->precision == TX_FLOAT32 ? 1e-4 : 1e-12;
    return TX_OK;
}

static tx_status count_flops(bench_run *run, tx_measurement *out)
{
    static const tx_log silent = {0};
    tx_trainer *trainer;
    TX_TRY(configure(run, 1, NULL));
    TX_TRY(tx_trainer_create(run->config, run->parallel, &silent, run->error, &trainer));
    out->flops = tx_trainer_flops(trainer);
    tx_trainer_destroy(trainer);
    return TX_OK;
}

static tx_status measure(bench_run *run, tx_measurement *out)
{
    const int steps = run->self->steps;
    tx_measurement empty = {0};
    const tx_kernels *kernels = tx_kernels_get(tx_isa_count() - 1, run->self->precision);
    TX_TRY(count_flops(run, out));
    TX_TRY(run->self->published > 0 ? check_published(run, out) : check_blocks(run, out));
    TX_TRY(configure(run, 1, NULL));
    tx_bench_measure(kernels, train, run, &empty);
    TX_TRY(configure(run, 1 + steps, NULL));
    tx_memory_reset_peak();
    const size_t before = tx_memory_live();
    tx_bench_measure(kernels, train, run, out);
    out->bytes = tx_memory_peak() - before;
    out->seconds = (out->seconds - empty.seconds) / steps;
    out->median = (out->median - empty.median) / steps;
    return run->status;
}

tx_status tx_bench_steps(const tx_bench_case *self, tx_error *error, tx_measurement *out)
{
    bench_run run = {.self = self, .error = error, .directory = "/tmp/trainax-bench-XXXXXX"};
    tx_measurement measured = {0};
    if (!mkdtemp(run.directory)) {
        return tx_error_set(error, TX_FAILURE, "cannot make a temporary directory in /tmp");
    }
    tx_status status = tx_registry_create_builtin(error, &run.registry);
    if (status == TX_OK) {
        status = tx_parallel_create(NULL, error, &run.parallel);
    }
    if (status == TX_OK) {
        status = measure(&run, &measured);
    }
    tx_config_destroy(run.config);
    tx_parallel_destroy(run.parallel);
    tx_registry_destroy(run.registry);
    remove_directory(run.directory);
    if (status == TX_OK) {
        *out = measured;
    }
    return status;
}
