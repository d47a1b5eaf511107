/* Whole runs of levenberg_marquardt: of a full batch until nothing is left to gain, against the known minimum; of minibatches until
 * the loss is what a long run of Adam comes to, against that run's time (on one rank). And where their time goes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bench/bench.h"

typedef struct second_order {
    const tx_bench_case *self;
    const tx_bench_job *job;
    tx_config *config;
    tx_trainer *trainer;
    tx_status status;
    tx_error *error;
} second_order;

static const tx_log silent = {0};

/* more: overrides, up to a NULL. */
static tx_status configure(second_order *run, const char *const *more)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    const char *overrides[64];
    int count = 0;
    for (int k = 0; run->self->overrides[k]; k++) {
        overrides[count++] = run->self->overrides[k];
    }
    for (; *more; more++) {
        overrides[count++] = *more;
    }
    for (int k = 0; k < run->job->num_overrides; k++) { /* the command takes 32 at most */
        overrides[count++] = run->job->overrides[k];
    }
    const tx_config_source source = {
        .name = "bench.yaml", .text = run->self->config, .overrides = overrides, .num_overrides = count, .required = required};
    tx_config_destroy(run->config);
    run->config = NULL;
    return tx_config_create(run->job->registry, &source, run->error, &run->config);
}

static void close_run(second_order *run)
{
    tx_trainer_destroy(run->trainer);
    tx_config_destroy(run->config);
}

static tx_status create_trainer(second_order *run)
{
    tx_trainer_destroy(run->trainer);
    run->trainer = NULL;
    return tx_trainer_create(run->config, run->job->parallel, &silent, run->error, &run->trainer);
}

static double number_of(const second_order *run, const char *name)
{
    double value = 0;
    (void)tx_trainer_number(run->trainer, name, &value);
    return value;
}

/* Of all that was done since the trainer was made. */
static tx_status note_parts(const second_order *run, tx_measurement *out)
{
    static const char *const parts[] = {"jacobian", "gram", "factor"};
    enum { PARTS = sizeof parts / sizeof *parts };
    const int64_t steps = tx_trainer_steps_done(run->trainer);
    TX_TRY(tx_allocate_array(PARTS, sizeof *out->operations, run->error, &out->operations));
    for (int k = 0; k < PARTS; k++) {
        char name[32];
        snprintf(name, sizeof name, "%s_seconds", parts[k]);
        out->operations[k] =
            (tx_operation_time){.part = "system", .name = parts[k], .calls = steps, .seconds = number_of(run, name) * out->cores};
    }
    out->num_operations = PARTS;
    return TX_OK;
}

/* ---- Until it ends ---- */

static void train(void *state)
{
    second_order *run = state;
    run->status = run->status ? run->status : create_trainer(run);
    while (run->status == TX_OK && !tx_trainer_is_done(run->trainer)) {
        run->status = tx_trainer_step(run->trainer, run->error);
    }
}

static tx_status measure_to_the_end(second_order *run, tx_measurement *out)
{
    TX_TRY(configure(run, (const char *const[]){NULL}));
    TX_TRY(tx_bench_measure(tx_kernels_get(tx_isa_count() - 1, TX_FLOAT64), run->job->parallel, train, run, run->error, out));
    TX_TRY(run->status);
    out->flops = number_of(run, "flops_per_step") * (double)tx_trainer_steps_done(run->trainer);
    out->error = tx_trainer_loss(run->trainer) / run->self->published - 1;
    out->tolerance = 1e-8;
    return note_parts(run, out);
}

/* ---- Until a loss is reached ---- */

enum { KEYS = 3 };

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(double values[KEYS])
{
    qsort(values, KEYS, sizeof *values, by_value);
    return values[KEYS / 2];
}

/* *loss: the mean of the last `count` steps. */
static tx_status train_adam(second_order *run, const char *key, double *seconds, double *loss)
{
    enum { LAST = 1000 };
    char trainer[256];
    snprintf(trainer, sizeof trainer,
             "trainer={optimizer: {type: adam, learning_rate: {type: cosine_decay_schedule, init_value: 3e-3, decay_steps: %d}}, "
             "num_training_steps: %d, batch_size: 32, key: 42}",
             run->self->steps, run->self->steps);
    TX_TRY(configure(run, (const char *const[]){key, "precision=float32", trainer, NULL}));
    TX_TRY(create_trainer(run));
    const double begin = tx_clock();
    *loss = 0;
    while (!tx_trainer_is_done(run->trainer)) {
        TX_TRY(tx_trainer_step(run->trainer, run->error));
        *loss += tx_trainer_steps_done(run->trainer) > run->self->steps - LAST ? tx_trainer_loss(run->trainer) / LAST : 0;
    }
    *seconds = tx_clock() - begin;
    return TX_OK;
}

/* *reached: when the loss was first what is asked for; then to the end of `seconds`. *loss: the least of the last epoch's mean. */
static tx_status train_for(second_order *run, const char *key, double seconds, double *reached, double *loss)
{
    const double begin = tx_clock();
    double mean = NAN;
    int64_t more = 1;
    *reached = INFINITY;
    TX_TRY(configure(run, (const char *const[]){key, NULL}));
    TX_TRY(create_trainer(run));
    while (more) {
        TX_TRY(tx_trainer_step(run->trainer, run->error));
        const double now = tx_clock() - begin, value = tx_trainer_loss(run->trainer);
        mean = isnan(mean) ? value : mean + (value - mean) / 9;
        *reached = mean <= run->self->published && now < *reached ? now : *reached;
        more = (now < seconds || isinf(*reached)) && now < 2 * seconds;
        TX_TRY(tx_parallel_max(run->job->parallel, &more, 1, run->error));
    }
    *loss = mean;
    return TX_OK;
}

static void step(void *state)
{
    second_order *run = state;
    run->status = run->status ? run->status : tx_trainer_step(run->trainer, run->error);
}

/* One of its steps, after some that must have led somewhere. */
static tx_status measure_step(second_order *run, tx_measurement *out)
{
    enum { BEFORE = 20 };
    double first = 0;
    TX_TRY(configure(run, (const char *const[]){NULL}));
    TX_TRY(create_trainer(run));
    for (int k = 0; k < BEFORE; k++) {
        TX_TRY(tx_trainer_step(run->trainer, run->error));
        first = k ? first : tx_trainer_loss(run->trainer);
    }
    out->error = tx_trainer_loss(run->trainer) / first;
    out->tolerance = 0.1;
    TX_TRY(tx_bench_measure(tx_kernels_get(tx_isa_count() - 1, TX_FLOAT64), run->job->parallel, step, run, run->error, out));
    TX_TRY(run->status);
    TX_TRY(note_parts(run, out));
    for (int k = 0; k < out->num_operations; k++) { /* of one step */
        out->operations[k].seconds /= (double)out->operations[k].calls;
        out->operations[k].calls = 1;
    }
    out->flops = number_of(run, "flops_per_step");
    return TX_OK;
}

static tx_status measure_beside_adam(second_order *run, tx_measurement *out)
{
    static const char *const keys[KEYS] = {"network.key=0", "network.key=1", "network.key=2"};
    double sooner[KEYS], lower[KEYS];
    for (int k = 0; k < KEYS; k++) {
        double seconds, reached, adam, loss;
        TX_TRY(train_adam(run, keys[k], &seconds, &adam));
        TX_TRY(train_for(run, keys[k], seconds, &reached, &loss));
        sooner[k] = reached / seconds;
        lower[k] = loss / adam;
    }
    TX_TRY(measure_step(run, out));
    out->relative = middle(sooner);
    out->error = middle(lower);
    return TX_OK;
}

/* On several ranks the step alone: for Adam's minibatches, of microseconds, they are no help. */
static tx_status measure(second_order *run, tx_measurement *out)
{
    return !run->self->steps ? measure_to_the_end(run, out)
           : out->cores == 1 ? measure_beside_adam(run, out)
                             : measure_step(run, out);
}

tx_status tx_bench_second_order(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out)
{
    second_order run = {.self = self, .job = job, .error = error};
    tx_measurement m = {.cores = tx_parallel_size(job->parallel)};
    const size_t before = tx_memory_live();
    tx_memory_reset_peak();
    const tx_status status = measure(&run, &m);
    m.bytes = tx_memory_peak() - before;
    close_run(&run);
    if (status == TX_OK) {
        *out = m;
    } else {
        tx_free(m.operations);
    }
    return status;
}
