/* The sum of a step over all ranks, beside MPI_Allreduce of as many floats. */
#include <math.h>

#include "base/memory.h"
#include "bench/bench.h"
#include "parallel/communicator.h"

typedef struct bench_sum {
    tx_reduction *reduction;
    MPI_Comm communicator;
    int64_t count;
    float *mine, *sum;
    tx_status status;
    tx_error *error;
} bench_sum;

/* Sums again what is there: wrong numbers by now, which take as long. */
static void finish(void *state)
{
    bench_sum *s = state;
    tx_outcome outcome;
    s->status = s->status ? s->status : tx_reduction_finish(s->reduction, s->error, &outcome);
}

static void finish_with_mpi(void *state)
{
    const bench_sum *s = state;
    MPI_Allreduce(s->mine, s->sum, (int)s->count, MPI_FLOAT, MPI_SUM, s->communicator);
}

static tx_status create(const tx_bench_case *self, tx_parallel *parallel, tx_error *error, bench_sum *s)
{
    const tx_reduction_setup setup = {.mode = TX_REDUCE_EXACT,
                                      .precision = TX_FLOAT32,
                                      .num_leaves = 1,
                                      .leaf_sizes = &s->count,
                                      .num_scalars = 1,
                                      .num_counters = 1,
                                      .max_blocks = tx_parallel_size(parallel),
                                      .threads = 1};
    s->count = self->batch;
    TX_TRY(tx_allocate_array((size_t)s->count, sizeof *s->mine, error, &s->mine));
    TX_TRY(tx_allocate_array((size_t)s->count, sizeof *s->sum, error, &s->sum));
    for (int64_t k = 0; k < s->count; k++) {
        s->mine[k] = (float)(k % 7 + tx_parallel_rank(parallel));
    }
    return tx_reduction_create(parallel, &setup, error, &s->reduction);
}

/* Small integers: the sum is exact. The first one measures the scale. */
static tx_status check(bench_sum *s, tx_parallel *parallel, tx_measurement *out)
{
    const int64_t ranks = tx_parallel_size(parallel);
    tx_outcome outcome = TX_REPEAT;
    while (outcome == TX_REPEAT) {
        tx_reduction_begin(s->reduction);
        tx_reduction_add_gradient(s->reduction, 0, s->mine);
        TX_TRY(tx_reduction_finish(s->reduction, s->error, &outcome));
    }
    const float *sum = tx_reduction_gradient(s->reduction);
    for (int64_t k = 0; k < s->count; k++) {
        out->error = fmax(out->error, fabs((double)(sum[k] - (float)(k % 7 * ranks + ranks * (ranks - 1) / 2))));
    }
    return TX_OK;
}

static tx_status measure(const tx_bench_case *self, tx_parallel *parallel, bench_sum *s, tx_measurement *out)
{
    const size_t before = tx_memory_live();
    TX_TRY(tx_parallel_agree(parallel, create(self, parallel, s->error, s), s->error));
    TX_TRY(check(s, parallel, out));
    TX_TRY(tx_bench_measure_beside(tx_kernels_get(tx_isa_count() - 1, TX_FLOAT32), parallel, finish,
                                   out->cores > 1 ? finish_with_mpi : NULL, s, s->error, out));
    out->bytes = tx_memory_live() - before;
    return s->status;
}

tx_status tx_bench_sum(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out)
{
    bench_sum s = {.communicator = tx_parallel_communicator(job->parallel), .error = error};
    tx_measurement m = {.cores = tx_parallel_size(job->parallel)};
    const tx_status status = measure(self, job->parallel, &s, &m);
    tx_reduction_destroy(s.reduction);
    tx_free(s.mine);
    tx_free(s.sum);
    *out = status ? *out : m;
    return status;
}
