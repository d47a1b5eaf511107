/* Single operations, forward and backward, as plans of their own. Checked against the same plan in the other precision. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "bench/bench.h"

enum { PROFILES = 50 };
static const char counted[] = "operation";

/* One block through one program. */
typedef struct bench_operation {
    tx_plan *plan;
    tx_parameters shared;
    tx_values *values;
    tx_workspace *workspace;
    tx_run_input input;
    const void **windows, **numbers;
    void *data, *fields, *parameters, *gradient;
    int64_t num_parameters, num_numbers;
} bench_operation;

/* sum operation(x)^2, where x depends on parameters, so that its cotangent is wanted. */
static tx_node build(const tx_bench_case *self, tx_case_graph *g)
{
    const int64_t channels = self->shape.channels;
    const tx_node weight = tx_parameter(g->graph, 0, channels), bias = tx_parameter(g->graph, channels, channels);
    g->num_parameters = 2 * channels;
    const tx_node x = tx_group_norm(g->graph, tx_window(g->graph, 0, self->shape), 1, 1e-5, weight, bias);
    tx_enter_part(g->graph, counted);
    const tx_node y = self->operation->build(self->operation, g, x);
    tx_enter_part(g->graph, NULL);
    return tx_sum_square(g->graph, y);
}

static void *uniform(tx_precision precision, int64_t seed, int64_t count, tx_error *error)
{
    const tx_random random = {.stream = TX_STREAM_PARTITIONABLE, .precision = TX_FLOAT32};
    float *single;
    double *reals;
    if (tx_allocate_array((size_t)count, sizeof *single, error, &single)) {
        return NULL;
    }
    tx_random_uniform(random, tx_key_make(random, seed), (size_t)count, -1, 1, single);
    if (precision == TX_FLOAT32 || tx_allocate_array((size_t)count, sizeof *reals, error, &reals)) {
        return single;
    }
    for (int64_t k = 0; k < count; k++) {
        reals[k] = (double)single[k];
    }
    tx_free(single);
    return reals;
}

static void destroy(bench_operation *o)
{
    tx_values_destroy(o->values);
    tx_workspace_destroy(o->workspace);
    tx_plan_destroy(o->plan);
    tx_free(o->windows);
    tx_free(o->numbers);
    tx_free(o->data);
    tx_free(o->fields);
    tx_free(o->parameters);
    tx_free(o->gradient);
}

static tx_status create_program(const tx_bench_case *self, tx_precision precision, tx_error *error, bench_operation *o)
{
    tx_case_graph g = {0};
    TX_TRY(tx_graph_create(error, &g.graph));
    const tx_node loss = build(self, &g);
    o->num_parameters = g.num_parameters;
    o->num_numbers = g.num_numbers;
    const tx_plan_options options = {.precision = precision,
                                     .isa = -1,
                                     .block = self->block,
                                     .num_parameters = o->num_parameters,
                                     .loss = loss,
                                     .gradient = true};
    const tx_status status = tx_plan_create(g.graph, &options, error, &o->plan);
    tx_graph_destroy(g.graph);
    return status;
}

/* Pointers to where each sample of the block begins. */
static tx_status point(const void *reals, size_t bytes, int block, tx_error *error, const void ***out)
{
    TX_TRY(tx_allocate_array((size_t)block, sizeof **out, error, out));
    for (int k = 0; k < block; k++) {
        (*out)[k] = (const char *)reals + (size_t)k * bytes;
    }
    return TX_OK;
}

static tx_status create_input(const tx_bench_case *self, tx_precision precision, tx_error *error, bench_operation *o)
{
    const int64_t window = TX_CASE_LEVELS * self->shape.channels * tx_shape_points(&self->shape);
    const size_t real = tx_real_bytes(precision);
    o->data = uniform(precision, 1, window * self->block, error);
    o->parameters = uniform(precision, 2, o->num_parameters, error);
    o->fields = uniform(precision, 3, o->num_numbers * self->block, error);
    if (!o->data || !o->parameters || !o->fields) {
        return error->status;
    }
    TX_TRY(point(o->data, (size_t)window * real, self->block, error, &o->windows));
    TX_TRY(point(o->fields, (size_t)o->num_numbers * real, self->block, error, &o->numbers));
    o->input = (tx_run_input){.windows = o->windows, .numbers = o->numbers, .count = self->block, .batch_size = self->block};
    tx_parameters_set(&o->shared, o->parameters);
    return TX_OK;
}

static tx_status create(const tx_bench_case *self, tx_precision precision, tx_error *error, bench_operation *o)
{
    TX_TRY(create_program(self, precision, error, o));
    TX_TRY(tx_values_create(o->plan, &o->shared, error, &o->values));
    TX_TRY(tx_workspace_create(o->plan, 1, error, &o->workspace));
    TX_TRY(tx_allocate_array((size_t)o->num_parameters, tx_real_bytes(precision), error, &o->gradient));
    return create_input(self, precision, error, o);
}

static void run(void *state)
{
    bench_operation *o = state;
    tx_run_output output = {.gradient = o->gradient};
    tx_error ignored = {0};
    tx_values_run(o->values, o->workspace, &o->input, &output, &ignored);
}

/* The distance of two gradients, relative to the second's length. */
static double distance(const float *single, const double *reals, int64_t count)
{
    double apart = 0, length = 0;
    for (int64_t k = 0; k < count; k++) {
        apart += ((double)single[k] - reals[k]) * ((double)single[k] - reals[k]);
        length += reals[k] * reals[k];
    }
    return sqrt(apart / length);
}

static tx_status check(const tx_bench_case *self, tx_precision precision, bench_operation *o, tx_error *error, tx_measurement *out)
{
    const bool single = precision == TX_FLOAT32;
    bench_operation reference = {0};
    const tx_status status = create(self, single ? TX_FLOAT64 : TX_FLOAT32, error, &reference);
    if (status == TX_OK) {
        run(o);
        run(&reference);
        out->error = single ? distance(o->gradient, reference.gradient, o->num_parameters)
                            : distance(reference.gradient, o->gradient, o->num_parameters);
        out->tolerance = 1e-4; /* sums of up to 10^5 numbers in single precision */
    }
    destroy(&reference);
    return status;
}

/* Of all rows only the operation's own. */
static tx_status profile(bench_operation *o, tx_error *error, tx_measurement *out)
{
    int count, kept = 0;
    tx_operation_time *rows;
    tx_run_output output = {.gradient = o->gradient};
    TX_TRY(tx_values_profile(o->values, o->workspace, &o->input, &output, PROFILES, error, &rows, &count));
    out->seconds = out->flops = 0;
    for (int k = 0; k < count; k++) {
        if (strcmp(rows[k].part, counted) == 0) {
            out->seconds += rows[k].seconds;
            out->flops += rows[k].flops;
            rows[kept++] = rows[k];
        }
    }
    out->median = out->seconds;
    out->operations = rows;
    out->num_operations = kept;
    return TX_OK;
}

tx_status tx_bench_operation(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out)
{
    if (tx_parallel_rank(job->parallel) > 0) {
        return TX_OK; /* one core is measured */
    }
    const size_t before = tx_memory_live();
    bench_operation o = {0};
    tx_measurement m = {.cores = 1};
    const tx_precision precision = tx_bench_precision(self, job);
    tx_status status = create(self, precision, error, &o);
    if (status == TX_OK) {
        m.bytes = tx_memory_live() - before;
        status = check(self, precision, &o, error, &m);
    }
    if (status == TX_OK) {
        status = tx_bench_measure(tx_kernels_get(tx_isa_count() - 1, precision), NULL, run, &o, error, &m);
    }
    if (status == TX_OK) {
        status = profile(&o, error, &m);
    }
    if (status == TX_OK) {
        *out = m;
    }
    destroy(&o);
    return status;
}
