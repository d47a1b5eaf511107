/* Whole training steps: what a user gets, through the public headers. Fetching windows, forward, backward, reduction and
 * optimizer; in the quickstart's case also the history and the files: there the time of a step is that of a long run less that
 * of one with a single step, divided by the steps between. */
#include <float.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/real.h"
#include "bench/bench.h"

enum { LEVELS = 6, PROFILES = 5 };

typedef struct bench_run {
    const tx_bench_case *self;
    const tx_bench_job *job;
    tx_config *config;
    tx_trainer *trainer;
    char directory[256]; /* where files go */
    tx_status status;    /* of what is timed */
    tx_error *error;
} bench_run;

static const tx_log silent = {0};

static tx_precision precision_of(const bench_run *run)
{
    return tx_config_random(run->config).precision;
}

/* ---- Configurations ---- */

/* The case's configuration, with the command line's overrides and more, up to a NULL. */
static tx_status configure(bench_run *run, const char *const *more)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const char *overrides[64];
    char data[288], batch[64];
    int count = 0;
    for (; run->self->overrides && run->self->overrides[count]; count++) {
        overrides[count] = run->self->overrides[count];
    }
    if (run->self->batch) {
        snprintf(data, sizeof data, "data.path=%s/noise.h5", run->directory);
        overrides[count++] = data;
        snprintf(batch, sizeof batch, "trainer.batch_size=%d", run->self->batch);
        overrides[count++] = batch;
    }
    for (int k = 0; k < run->job->num_overrides; k++) { /* the command takes 32 at most */
        overrides[count++] = run->job->overrides[k];
    }
    for (; *more; more++) {
        overrides[count++] = *more;
    }
    const tx_config_source source = {
        .name = run->self->name, .text = run->self->config, .overrides = overrides, .num_overrides = count, .required = required};
    tx_config_destroy(run->config);
    run->config = NULL;
    return tx_config_create(run->job->registry, &source, run->error, &run->config);
}

static tx_status write_trajectories(const bench_run *run, const char *name, const int64_t *leading, tx_shape state,
                                    tx_precision precision, const void *data)
{
    int64_t size[3 + TX_MAX_AXES] = {leading[0], leading[1], state.channels};
    char path[288];
    tx_file *file;
    memcpy(size + 3, state.n, (size_t)state.axes * sizeof *size);
    snprintf(path, sizeof path, "%s/%s", run->directory, name);
    TX_TRY(tx_file_create(run->error, &file));
    tx_status status = tx_file_write_reals(file, "/trajectories", 3 + state.axes, size, precision, data, run->error);
    status = status ? status : tx_file_save(file, path, NULL, run->error);
    tx_file_close(file);
    return status;
}

/* States of noise: what the numbers are makes no difference to the time. */
static tx_status write_noise(const bench_run *run)
{
    const tx_bench_case *self = run->self;
    const tx_random random = {.stream = TX_STREAM_PARTITIONABLE, .precision = TX_FLOAT32};
    const int64_t leading[] = {self->batch, LEVELS};
    const size_t count = (size_t)(leading[0] * leading[1] * self->shape.channels * tx_shape_points(&self->shape));
    float *noise;
    TX_TRY(tx_allocate_array(count, sizeof *noise, run->error, &noise));
    tx_random_uniform(random, tx_key_make(random, 0), count, -1, 1, noise);
    const tx_status status = write_trajectories(run, "noise.h5", leading, self->shape, TX_FLOAT32, noise);
    tx_free(noise);
    return status;
}

static tx_status write_source(const bench_run *run, tx_data_source *source)
{
    const tx_data_shape *shape = &source->shape;
    const tx_precision precision = precision_of(run);
    const int64_t leading[] = {shape->num_trajectories, shape->num_levels}, levels = leading[0] * leading[1];
    void *states;
    TX_TRY(tx_allocate_array((size_t)(levels * tx_data_level_size(shape)), tx_real_bytes(precision), run->error, &states));
    tx_status status = tx_data_source_read(source, 0, levels, states, run->error);
    status = status ? status : write_trajectories(run, "states.h5", leading, shape->state, precision, states);
    tx_free(states);
    return status;
}

/* The run's data as they are in its precision: in another one they would be other random draws. */
static tx_status write_data(const bench_run *run)
{
    const tx_section *data = tx_get_section(tx_config_root(run->config), "data");
    tx_data_source *source;
    TX_TRY(tx_data_source_create(data, (tx_data_setup){.random = tx_config_random(run->config)}, run->error, &source));
    const tx_status status = write_source(run, source);
    tx_data_source_destroy(source);
    return status;
}

/* Every rank has a folder of its own: it may be on another machine. */
static tx_status make_directory(bench_run *run)
{
    const char *folder = getenv("TMPDIR");
    tx_status status = TX_OK;
    snprintf(run->directory, sizeof run->directory, "%s/trainax-bench-XXXXXX", folder && *folder ? folder : "/tmp");
    if (!mkdtemp(run->directory)) {
        status = tx_error_set(run->error, TX_FAILURE, "cannot make a temporary folder '%s'", run->directory);
    } else if (run->self->batch) {
        status = write_noise(run);
    }
    return tx_parallel_agree(run->job->parallel, status, run->error);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(path);
}

static void remove_directory(const char *path)
{
    nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- Whole runs with their files ---- */

static void train(void *state)
{
    bench_run *run = state;
    const tx_train_options options = {.output = run->directory, .start = TX_START_OVERWRITE};
    if (run->status == TX_OK) {
        run->status = tx_train(run->config, run->job->parallel, &options, run->error);
    }
}

/* Prepares runs of so many steps. */
static tx_status configure_run(bench_run *run, int steps)
{
    char text[64];
    snprintf(text, sizeof text, "trainer.num_training_steps=%d", steps);
    return configure(run, (const char *const[]){text, NULL});
}

/* The distance of the quickstart's two weights from the first-order upwind stencil, against the published one. */
static tx_status compare_weights(const bench_run *run, tx_measurement *out)
{
    char path[288];
    double w[2];
    tx_file *file;
    snprintf(path, sizeof path, "%s/network.h5", run->directory);
    TX_TRY(tx_file_open(path, run->error, &file));
    const tx_status status = tx_file_read_reals(file, "/parameters/weight", 3, (int64_t[]){1, 1, 2}, TX_FLOAT64, w, run->error);
    tx_file_close(file);
    TX_TRY(status);
    out->error = fabs(hypot(w[0] - 0.25, w[1] - 0.75) / run->self->published - 1);
    out->tolerance = 1e-3; /* published to four digits */
    return TX_OK;
}

/* Is the network that of the published distance? Anything that is overridden but how the job computes may change it. */
static bool is_as_published(const tx_bench_job *job)
{
    static const char kept[] = "parallel.";
    for (int k = 0; k < job->num_overrides; k++) {
        if (strncmp(job->overrides[k], kept, strlen(kept)) != 0) {
            return false;
        }
    }
    return true;
}

static tx_status check_published(bench_run *run, tx_measurement *out)
{
    TX_TRY(configure_run(run, 1000));
    train(run);
    TX_TRY(run->status);
    const bool first = tx_parallel_rank(run->job->parallel) == 0; /* the file is rank 0's */
    return tx_parallel_agree(run->job->parallel, first ? compare_weights(run, out) : TX_OK, run->error);
}

/* ---- Steps of a trainer ---- */

static void step(void *state)
{
    bench_run *run = state;
    if (run->status == TX_OK) {
        run->status = tx_trainer_step(run->trainer, run->error);
    }
}

static tx_status create_trainer(bench_run *run)
{
    tx_trainer_destroy(run->trainer);
    run->trainer = NULL;
    return tx_trainer_create(run->config, run->job->parallel, &silent, run->error, &run->trainer);
}

/* ---- The first step against double ----
 *
 * Loss and gradient at the same parameters, before an optimizer turns the rounding of tiny elements into whole steps. The
 * reference is in double whatever the case is in, in blocks of another size and with a plain sum: other ways through kernels
 * and reduction. States are off by a multiple of the precision's epsilon that grows with the layers passed (up to 5 x 20), and
 * so is the loss. A kink (relu) turns that into more: of the points as near to zero as that, a share of the same size, some
 * take the other branch, and their terms of the gradient change wholly: the square root of that share in the norm of a leaf. */

static double state_error(const bench_run *run)
{
    return 64 * (precision_of(run) == TX_FLOAT32 ? FLT_EPSILON : DBL_EPSILON);
}

static double real_at(const void *reals, tx_precision precision, int64_t k)
{
    return tx_real_get(precision, reals, k);
}

/* ||a - b|| / ||b|| of a leaf's elements; b in double. */
static double leaf_distance(const tx_leaf *leaf, const void *a, tx_precision precision, const double *b)
{
    double apart = 0, length = 0;
    for (int64_t k = leaf->offset; k < leaf->offset + leaf->size; k++) {
        const double difference = real_at(a, precision, k) - b[k];
        apart += difference * difference;
        length += b[k] * b[k];
    }
    return apart == 0 ? 0 : sqrt(apart / length);
}

/* Keeps the error that comes nearest to its bound, and a NaN. */
static void note_error(tx_measurement *out, double error, double tolerance)
{
    if (!isnan(out->error) && !(error * out->tolerance <= out->error * tolerance)) {
        out->error = error;
        out->tolerance = tolerance;
    }
}

static void compare_gradients(const bench_run *run, const bench_run *reference, tx_measurement *out)
{
    const tx_network *network = tx_trainer_network(run->trainer);
    const void *gradient = tx_trainer_gradient(run->trainer), *exact = tx_trainer_gradient(reference->trainer);
    for (int k = 0; k < network->num_leaves; k++) {
        note_error(out, leaf_distance(&network->leaves[k], gradient, precision_of(run), exact), sqrt(state_error(run)));
    }
}

static tx_status copy_parameters(const bench_run *run, bench_run *reference)
{
    const int64_t count = tx_trainer_network(run->trainer)->num_parameters;
    double *copy;
    TX_TRY(tx_allocate_array((size_t)count, sizeof *copy, run->error, &copy));
    for (int64_t k = 0; k < count; k++) {
        copy[k] = real_at(tx_trainer_parameters(run->trainer), precision_of(run), k);
    }
    tx_trainer_set_parameters(reference->trainer, copy);
    tx_free(copy);
    return TX_OK;
}

static tx_status take_first_steps(bench_run *run, bench_run *reference, tx_measurement *out)
{
    TX_TRY(copy_parameters(run, reference));
    TX_TRY(tx_trainer_step(reference->trainer, run->error));
    TX_TRY(tx_trainer_step(run->trainer, run->error));
    out->tolerance = state_error(run);
    out->error = fabs(tx_trainer_loss(run->trainer) / tx_trainer_loss(reference->trainer) - 1);
    compare_gradients(run, reference, out);
    return TX_OK;
}

static tx_status check_first_step(bench_run *run, tx_measurement *out)
{
    const char *other = run->self->shape.axes < 3 ? "parallel.block=3" : "parallel.block=1";
    bench_run reference = {.self = run->self, .job = run->job, .error = run->error};
    char data[320];
    snprintf(data, sizeof data, "data={type: file, path: '%s/states.h5'}", run->directory);
    memcpy(reference.directory, run->directory, sizeof reference.directory);
    TX_TRY(tx_parallel_agree(run->job->parallel, write_data(run), run->error));
    tx_status status =
        configure(&reference, (const char *const[]){data, "precision=float64", "parallel.reduction=plain", other, NULL});
    status = status ? status : create_trainer(&reference);
    status = status ? status : take_first_steps(run, &reference, out);
    tx_trainer_destroy(reference.trainer);
    tx_config_destroy(reference.config);
    return status;
}

static tx_status measure_run(bench_run *run, const tx_kernels *kernels, tx_measurement *out)
{
    const int steps = run->self->steps;
    tx_parallel *parallel = run->job->parallel;
    tx_measurement empty = {0};
    TX_TRY(is_as_published(run->job) ? check_published(run, out) : check_first_step(run, out));
    TX_TRY(configure_run(run, 1));
    TX_TRY(tx_bench_measure(kernels, parallel, train, run, run->error, &empty));
    TX_TRY(configure_run(run, 1 + steps));
    tx_memory_reset_peak();
    const size_t before = tx_memory_live();
    TX_TRY(tx_bench_measure(kernels, parallel, train, run, run->error, out));
    out->bytes = tx_memory_peak() - before;
    out->seconds = (out->seconds - empty.seconds) / steps;
    out->median = (out->median - empty.median) / steps;
    return run->status;
}

static tx_status note_waiting(const bench_run *run, tx_measurement *out)
{
    int64_t nanoseconds = (int64_t)(1e9 * tx_trainer_times(run->trainer).windows);
    TX_TRY(tx_parallel_max(run->job->parallel, &nanoseconds, 1, run->error));
    out->waiting = 1e-9 * (double)nanoseconds / (double)tx_trainer_steps_done(run->trainer) / out->median;
    return TX_OK;
}

static tx_status measure_steps(bench_run *run, const tx_kernels *kernels, tx_measurement *out)
{
    TX_TRY(check_first_step(run, out));
    tx_trainer_destroy(run->trainer);
    run->trainer = NULL;
    tx_memory_reset_peak();
    const size_t before = tx_memory_live();
    const double begin = tx_clock();
    TX_TRY(create_trainer(run));
    out->start = tx_clock() - begin;
    TX_TRY(tx_bench_measure(kernels, run->job->parallel, step, run, run->error, out));
    out->bytes = tx_memory_peak() - before;
    TX_TRY(run->status);
    return note_waiting(run, out);
}

/* ---- The case ---- */

/* Also of quickstarts: what the trainer knows. */
static tx_status count_operations(bench_run *run, tx_measurement *out)
{
    TX_TRY(configure(run, (const char *const[]){NULL}));
    const tx_section *parallel = tx_get_section(tx_config_root(run->config), "parallel");
    out->cores = tx_parallel_size(run->job->parallel) * (int)tx_get_integer(parallel, "threads");
    TX_TRY(create_trainer(run));
    out->flops = tx_trainer_flops(run->trainer);
    return tx_trainer_profile(run->trainer, PROFILES, run->error, &out->operations, &out->num_operations);
}

static tx_status measure(bench_run *run, tx_measurement *out)
{
    TX_TRY(make_directory(run));
    TX_TRY(count_operations(run, out));
    const tx_kernels *kernels = tx_kernels_get(tx_isa_count() - 1, precision_of(run));
    return run->self->steps ? measure_run(run, kernels, out) : measure_steps(run, kernels, out);
}

tx_status tx_bench_steps(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out)
{
    bench_run run = {.self = self, .job = job, .error = error};
    tx_measurement m = {0};
    const tx_status status = measure(&run, &m);
    tx_trainer_destroy(run.trainer);
    tx_config_destroy(run.config);
    remove_directory(run.directory);
    if (status == TX_OK) {
        *out = m;
    } else {
        tx_free(m.operations);
    }
    return status;
}
