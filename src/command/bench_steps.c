/* Whole training runs: what a user gets, through the public headers. The time of a step is that of a long run less that of
 * one without steps, divided by the steps: fetching windows, forward, backward, reduction, optimizer and history. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "command/bench.h"

typedef struct bench_run {
    tx_registry *registry;
    tx_parallel *parallel;
    tx_config *config;
    char directory[64];
    tx_status status;
    tx_error *error;
} bench_run;

static tx_status open_config(const tx_bench_case *self, bench_run *run, const char *steps)
{
    const char *overrides[16];
    int count = 0;
    for (; self->overrides && self->overrides[count]; count++) {
        overrides[count] = self->overrides[count];
    }
    overrides[count++] = steps;
    const tx_config_source source = {.name = "bench.yaml",
                                     .text = self->config,
                                     .overrides = overrides,
                                     .num_overrides = count,
                                     .required = (const char *const[]){"data", "network", "trainer", NULL}};
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

/* The distance of the two weights from the first-order upwind stencil, against the published one. */
static tx_status check_result(const bench_run *run, double published, tx_measurement *out)
{
    char path[96];
    tx_file *file;
    double w[2];
    snprintf(path, sizeof path, "%s/network.h5", run->directory);
    TX_TRY(tx_file_open(path, run->error, &file));
    const tx_status status = tx_file_read_reals(file, "/parameters/weight", 3, (int64_t[]){1, 1, 2}, TX_FLOAT64, w, run->error);
    tx_file_close(file);
    TX_TRY(status);
    const double square = (w[0] - 0.25) * (w[0] - 0.25) + (w[1] - 0.75) * (w[1] - 0.75), off = square / (published * published) - 1;
    out->error = off < 0 ? -off : off;
    out->tolerance = 2e-3; /* published to four digits; square doubles the relative error */
    return TX_OK;
}

static tx_status measure(const tx_bench_case *self, bench_run *run, tx_measurement *out)
{
    enum { STEPS = 20000 };
    tx_measurement empty = {0};
    const tx_kernels *kernels = tx_kernels_get(tx_isa_count() - 1, self->precision);
    TX_TRY(open_config(self, run, "trainer.num_training_steps=1000"));
    train(run);
    TX_TRY(run->status);
    TX_TRY(check_result(run, self->published, out));
    TX_TRY(open_config(self, run, "trainer.num_training_steps=0"));
    tx_bench_measure(kernels, train, run, &empty);
    TX_TRY(open_config(self, run, "trainer.num_training_steps=20000"));
    tx_memory_reset_peak();
    const size_t before = tx_memory_live();
    tx_bench_measure(kernels, train, run, out);
    TX_TRY(run->status);
    out->bytes = tx_memory_peak() - before;
    out->seconds = (out->seconds - empty.seconds) / STEPS;
    out->median = (out->median - empty.median) / STEPS;
    return TX_OK;
}

/* A convolution with two weights: six operations (three multiplications and additions: forward, input, weights) a point,
 * weight and sample, except that the first step has no gradient with respect to its input. */
static double stencil_flops(const tx_bench_case *self)
{
    return 2. * 2 * 30 * 32 * (3 * self->rollout - 1);
}

tx_status tx_bench_steps(const tx_bench_case *self, tx_error *error, tx_measurement *out)
{
    bench_run run = {.error = error, .directory = "/tmp/trainax-bench-XXXXXX"};
    tx_measurement measured = {.flops = stencil_flops(self)};
    if (!mkdtemp(run.directory)) {
        return tx_error_set(error, TX_FAILURE, "cannot make a temporary directory in /tmp");
    }
    tx_status status = tx_registry_create_builtin(error, &run.registry);
    if (status == TX_OK) {
        status = tx_parallel_create(NULL, error, &run.parallel);
    }
    if (status == TX_OK) {
        status = measure(self, &run, &measured);
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
