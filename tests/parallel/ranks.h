/* What the parallel tests share: the job, joined once a program, a rank that is alone in it, and repeatable noise. */
#pragma once

#include <mpi.h>
#include <stdint.h>
#include <stdlib.h>

#include "suite.h"
#include "trainax/parallel.h"

typedef struct test_job {
    tx_parallel *all;
    tx_parallel *alone; /* one rank, whatever the job */
    int rank, size;
} test_job;

static test_job job;

static inline int job_run(const char *name, const suite_test *tests)
{
    tx_error error = {0};
    if (tx_parallel_create(NULL, &error, &job.all) != TX_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    int running;
    MPI_Initialized(&running);
    const MPI_Comm self = MPI_COMM_SELF;
    if (tx_parallel_create(running ? &self : NULL, &error, &job.alone) != TX_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    job.rank = tx_parallel_rank(job.all);
    job.size = tx_parallel_size(job.all);
    const int code = suite_run(name, tests);
    tx_parallel_destroy(job.alone);
    tx_parallel_destroy(job.all);
    return code;
}

/* splitmix64: the k-th number of a stream. */
static inline uint64_t noise(uint64_t seed, uint64_t k)
{
    uint64_t z = seed * 0x632be59bd9b4e019 + (k + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline double uniform(uint64_t seed, uint64_t k) /* in [-1, 1) */
{
    return (double)(int64_t)noise(seed, k) * 0x1p-63;
}
