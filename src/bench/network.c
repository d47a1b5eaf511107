/* Rollouts: one step of a network from as many states as the case has, in the blocks that a rollout of so many takes; and one state
 * stepped as a simulation does. Checked against double, in one block. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "bench/bench.h"
#include "problem/problem.h"
#include "simulation/stored.h"

enum { PROFILES = 20 };

typedef struct bench_rollout {
    tx_network *network;
    const tx_backend *backend;
    tx_plan *plan; /* of one step */
    tx_parameters shared;
    tx_values *values;
    tx_workspace *workspace;
    tx_inference *inference;
    tx_precision precision;
    int count, block; /* states */
    size_t level_bytes;
    char *parameters, *states, *next;
    void (*work)(void *state);
} bench_rollout;

/* The block as rollouts choose it, unless one is given. */
static tx_status create_steps(bench_rollout *r, int block, tx_error *error)
{
    const tx_backend_options options = {.isa = -1, .precision = r->precision};
    r->block = block;
    TX_TRY(tx_backend_open(NULL, &options, error, &r->backend));
    TX_TRY(block ? TX_OK : tx_step_block(r->network, r->backend, r->count, error, &r->block));
    TX_TRY(tx_step_plan(r->network, r->backend, r->block, error, &r->plan));
    TX_TRY(tx_numbers_check(r->network->section, r->plan, &(tx_data_shape){0}, error));
    TX_TRY(tx_values_create(r->plan, &r->shared, error, &r->values));
    return tx_workspace_create(r->plan, 1, error, &r->workspace);
}

/* The same numbers in both precisions. */
static void widen(const bench_rollout *r, const void *from, int64_t count, void *to)
{
    for (int64_t k = 0; k < count; k++) {
        const float value = ((const float *)from)[k];
        if (r->precision == TX_FLOAT32) {
            ((float *)to)[k] = value;
        } else {
            ((double *)to)[k] = (double)value;
        }
    }
}

static tx_status fill(bench_rollout *r, tx_error *error)
{
    const tx_random random = {.stream = TX_STREAM_PARTITIONABLE, .precision = TX_FLOAT32};
    const size_t real = tx_real_bytes(r->precision), parameters = (size_t)r->network->num_parameters;
    const size_t level = r->level_bytes / real * (size_t)r->count, most = parameters > level ? parameters : level;
    float *single;
    TX_TRY(tx_allocate_array(parameters, real, error, &r->parameters));
    TX_TRY(tx_allocate_array(level, real, error, &r->states));
    TX_TRY(tx_allocate_array(level, real, error, &r->next));
    TX_TRY(tx_allocate_array(most, sizeof *single, error, &single));
    tx_random_uniform(random, tx_key_make(random, 1), level, -1, 1, single);
    widen(r, single, (int64_t)level, r->states);
    const tx_status status = tx_network_initialise(r->network, random, single, error);
    widen(r, single, (int64_t)parameters, r->parameters);
    tx_free(single);
    tx_parameters_set(&r->shared, r->parameters);
    return status;
}

static tx_status create(const tx_bench_case *self, const tx_config *config, int block, tx_error *error, bench_rollout *r)
{
    TX_TRY(tx_network_create(tx_get_section(tx_config_root(config), "network"), self->shape, error, &r->network));
    r->count = self->batch;
    r->level_bytes = (size_t)(self->shape.channels * tx_shape_points(&self->shape)) * tx_real_bytes(r->precision);
    TX_TRY(create_steps(r, block, error));
    return fill(r, error);
}

static tx_status open_inference(bench_rollout *r, tx_error *error)
{
    tx_exported network = {.precision = r->precision};
    tx_status status = tx_network_list(r->network, error, &network);
    network.parameters = r->parameters;
    status = status ? status : tx_inference_create(&network, NULL, error, &r->inference);
    network.parameters = NULL;
    tx_stored_network_free(&network);
    return status;
}

static void destroy(bench_rollout *r)
{
    tx_inference_destroy(r->inference);
    tx_values_destroy(r->values);
    tx_workspace_destroy(r->workspace);
    tx_plan_destroy(r->plan);
    tx_backend_close(r->backend);
    tx_network_destroy(r->network);
    tx_free(r->parameters);
    tx_free(r->states);
    tx_free(r->next);
}

static void step(void *state)
{
    const bench_rollout *r = state;
    const void *now[TX_LARGEST_BLOCK];
    void *next[TX_LARGEST_BLOCK], *const *const outputs[1] = {next};
    for (int first = 0; first < r->count; first += r->block) {
        const int left = r->count - first, count = left < r->block ? left : r->block;
        for (int k = 0; k < count; k++) {
            now[k] = r->states + (size_t)(first + k) * r->level_bytes;
            next[k] = r->next + (size_t)(first + k) * r->level_bytes;
        }
        const tx_run_input input = {.windows = now, .count = count, .batch_size = 1};
        tx_run_output output = {.outputs = outputs};
        tx_error ignored = {0};
        tx_values_run(r->values, r->workspace, &input, &output, &ignored);
    }
}

static void infer(void *state)
{
    const bench_rollout *r = state;
    tx_inference_step(r->inference, r->states, r->next, NULL);
}

static double real_at(const bench_rollout *r, int64_t k)
{
    return tx_real_get(r->precision, r->next, k);
}

static tx_status check(const tx_bench_case *self, const tx_config *config, bench_rollout *r, tx_error *error, tx_measurement *out)
{
    bench_rollout reference = {.precision = TX_FLOAT64};
    const tx_status status = create(self, config, TX_LARGEST_BLOCK, error, &reference);
    if (status == TX_OK) {
        double apart = 0, length = 0;
        r->work(r);
        step(&reference);
        for (int64_t k = 0; k < self->batch * self->shape.channels * tx_shape_points(&self->shape); k++) {
            apart += (real_at(r, k) - real_at(&reference, k)) * (real_at(r, k) - real_at(&reference, k));
            length += real_at(&reference, k) * real_at(&reference, k);
        }
        out->error = sqrt(apart / length);
        out->tolerance = r->precision == TX_FLOAT32 ? 1e-5 : 1e-13; /* some ten layers of sums of a hundred products */
    }
    destroy(&reference);
    return status;
}

static tx_status profile(bench_rollout *r, tx_error *error, tx_measurement *out)
{
    const void *now[TX_LARGEST_BLOCK];
    const int count = r->count < r->block ? r->count : r->block, blocks = (r->count + r->block - 1) / r->block;
    for (int k = 0; k < count; k++) {
        now[k] = r->states + (size_t)k * r->level_bytes;
    }
    const tx_run_input input = {.windows = now, .count = count, .batch_size = 1};
    tx_run_output output = {0};
    TX_TRY(tx_values_profile(r->values, r->workspace, &input, &output, PROFILES, error, &out->operations, &out->num_operations));
    out->flops = blocks * tx_plan_get_cost(r->plan).flops;
    for (int k = 0; k < out->num_operations; k++) {
        out->operations[k].calls *= blocks;
        out->operations[k].seconds *= blocks;
        out->operations[k].flops *= blocks;
    }
    return TX_OK;
}

static tx_status measure(const tx_bench_case *self, const tx_config *config, bench_rollout *r, tx_error *error, tx_measurement *out)
{
    const size_t before = tx_memory_live();
    TX_TRY(create(self, config, 0, error, r));
    TX_TRY(self->part ? open_inference(r, error) : TX_OK);
    r->work = self->part ? infer : step;
    out->bytes = tx_memory_live() - before;
    TX_TRY(check(self, config, r, error, out));
    TX_TRY(tx_bench_measure(tx_kernels_get(tx_isa_count() - 1, r->precision), NULL, r->work, r, error, out));
    return profile(r, error, out);
}

tx_status tx_bench_rollout(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out)
{
    if (tx_parallel_rank(job->parallel) > 0) {
        return TX_OK; /* one core is measured */
    }
    bench_rollout r = {.precision = tx_bench_precision(self, job)};
    tx_measurement m = {.cores = 1};
    tx_config *config;
    const tx_config_source source = {.name = self->name, .text = self->config};
    TX_TRY(tx_config_create(job->registry, &source, error, &config));
    const tx_status status = measure(self, config, &r, error, &m);
    destroy(&r);
    tx_config_destroy(config);
    if (status == TX_OK) {
        *out = m;
    } else {
        tx_free(m.operations);
    }
    return status;
}
