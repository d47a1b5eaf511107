/* Steps that work for a while and then sum, with the very sources of trainax's sum (src/parallel/allreduce.c, exchange.c): on a
 * real network under mpicc, on a made-up one under smpicc. A rank is a machine of its own.
 *
 *     simulate_sum WAY ELEMENTS STEPS WORK RATE      seconds of work a step; bytes that a core adds a second
 *
 * WAY: trainax, mpi (MPI_Allreduce of the same words), add (measures RATE), trip (half a round trip of ELEMENTS bytes).
 * Prints one number: seconds a step, the least of STEPS (a machine that others use only adds to it); bytes a second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parallel/allreduce.h"
#include "parallel/job.h"
#include "parallel/region.h"
#ifdef SMPI
#include <smpi/smpi.h>
#else
#define SMPI_SHARED_MALLOC malloc
#define smpi_execute(seconds) pass(seconds)
static void pass(double seconds)
{
    for (const double end = MPI_Wtime() + seconds; MPI_Wtime() < end;) {
    }
}
#endif

enum { TAIL = 100, FEW = 8 /* ranks whose sums are checked; more share their memory, and do not add */ };
static double rate; /* bytes a second */
static int ranks;

/* ---- What the sources want of the rest ---- */

tx_status tx_error_set(tx_error *error, tx_status status, const char *format, ...)
{
    (void)error, (void)format;
    return status;
}

tx_status tx_allocate(size_t bytes, tx_error *error, void *out)
{
    (void)error;
    void *memory = ranks > FEW && bytes > 65536 ? SMPI_SHARED_MALLOC(bytes) : calloc(bytes + 1, 1);
    memcpy(out, &memory, sizeof memory);
    return memory ? TX_OK : TX_FAILURE;
}

tx_status tx_allocate_array(size_t count, size_t size, tx_error *error, void *out)
{
    return tx_allocate(count * size, error, out);
}

void tx_free(void *memory)
{
    (void)memory; /* the end is near */
}

/* Nothing fails, and nobody shares memory. */
tx_status tx_parallel_agree(tx_parallel *parallel, tx_status mine, tx_error *error)
{
    (void)parallel, (void)error;
    return mine;
}

tx_status tx_parallel_max(tx_parallel *parallel, int64_t *values, size_t count, tx_error *error)
{
    (void)parallel, (void)values, (void)count, (void)error;
    return TX_OK;
}

tx_status tx_region_create(tx_parallel *parallel, size_t bytes, size_t offset, size_t part, tx_error *error, tx_region *out)
{
    (void)parallel, (void)bytes, (void)offset, (void)part, (void)out;
    return tx_error_set(error, TX_FAILURE, "no memory is shared");
}

void tx_region_destroy(tx_region *region)
{
    (void)region;
}

tx_status tx_parallel_wait_for(const tx_parallel *parallel, const _Atomic int64_t *count, int64_t target, const char *doing,
                               tx_error *error)
{
    (void)parallel, (void)count, (void)target, (void)doing;
    return tx_error_set(error, TX_FAILURE, "no memory is shared");
}

/* How politely a rank waits makes no difference to the network. */
tx_status tx_mpi_status(int code, const char *doing, tx_error *error)
{
    return code == MPI_SUCCESS ? TX_OK : tx_error_set(error, TX_FAILURE, "%s", doing);
}

tx_status tx_parallel_wait(const tx_parallel *parallel, int count, MPI_Request *requests, const char *doing, tx_error *error)
{
    (void)parallel;
    return tx_mpi_status(MPI_Waitall(count, requests, MPI_STATUSES_IGNORE), doing, error);
}

/* ---- Summing ---- */

static void add_words(int64_t n, const int64_t *from, int64_t *to)
{
    for (int64_t k = 0; k < n; k++) {
        to[k] += from[k];
    }
}

/* Under the simulator time stands still but for what it is told. */
static void add(int64_t n, const int64_t *from, int64_t *to)
{
    if (ranks <= FEW) {
        add_words(n, from, to);
    }
#ifdef SMPI
    smpi_execute(8 * (double)n / rate);
#endif
}

static void round_floats(const void *state, const int64_t *words, int64_t first, int64_t end, void *out)
{
    (void)state;
    for (int64_t k = first; k < end && ranks <= FEW; k++) {
        ((float *)out)[k] = (float)words[k];
    }
}

static void fail(const char *what)
{
    fprintf(stderr, "simulate_sum: %s\n", what);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static tx_parallel *join(void)
{
    tx_parallel *parallel = calloc(1, sizeof *parallel);
    *parallel = (tx_parallel){.all = MPI_COMM_WORLD, .machine = MPI_COMM_SELF, .machine_size = 1, .cores = 1};
    MPI_Comm_rank(MPI_COMM_WORLD, &parallel->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &parallel->size);
    parallel->machine_of = calloc((size_t)parallel->size, sizeof(int));
    for (int r = 0; r < parallel->size; r++) {
        parallel->machine_of[r] = r;
    }
    return parallel;
}

typedef struct job {
    tx_summands of;
    tx_parallel *parallel;
    tx_allreduce *allreduce;
    int64_t *words;
    void *answer;
} job;

static void prepare(job *job, int64_t elements)
{
    job->of =
        (tx_summands){.elements = elements, .tail = TAIL, .limbs = 1, .real = sizeof(float), .add = add, .round = round_floats};
    job->parallel = join();
    tx_allocate(tx_summands_bytes(&job->of), NULL, &job->words);
    tx_allocate(tx_answer_bytes(&job->of), NULL, &job->answer);
    if (tx_allreduce_create(job->parallel, &job->of, &job->words, &job->answer, NULL, &job->allreduce) != TX_OK) {
        fail("no allreduce");
    }
}

static void sum(job *job)
{
    for (int64_t k = 0; k < job->of.elements && ranks <= FEW; k++) {
        job->words[k] = job->parallel->rank + k % 5;
    }
    if (tx_allreduce_run(job->allreduce, NULL) != TX_OK) {
        fail("the sum failed");
    }
    for (int64_t k = 0; k < job->of.elements && ranks <= FEW; k++) {
        if (((float *)job->answer)[k] != (float)(ranks * (ranks - 1) / 2 + ranks * (k % 5))) {
            fail("a wrong sum");
        }
    }
}

static void add_for_mpi(void *from, void *to, int *n, MPI_Datatype *type)
{
    (void)type;
    add(*n, from, to);
}

static void sum_by_mpi(job *job)
{
    static MPI_Op op = MPI_OP_NULL;
    if (op == MPI_OP_NULL) {
        MPI_Op_create(add_for_mpi, 1, &op);
    }
    MPI_Allreduce(MPI_IN_PLACE, job->words, (int)(job->of.elements + TAIL), MPI_INT64_T, op, MPI_COMM_WORLD);
}

static void trip(job *job)
{
    const int rank = job->parallel->rank, bytes = (int)job->of.elements;
    for (int way = 0; way < 2 && rank < 2; way++) {
        if (way == rank) {
            MPI_Send(job->words, bytes, MPI_BYTE, !rank, 0, MPI_COMM_WORLD);
        } else {
            MPI_Recv(job->words, bytes, MPI_BYTE, !rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
    }
}

/* ---- Timing ---- */

static double least_time(job *job, void (*work)(struct job *job), int steps, double seconds)
{
    double least = 1e9;
    for (int k = 0; k < steps; k++) {
        MPI_Barrier(MPI_COMM_WORLD);
        const double begin = MPI_Wtime();
        if (seconds > 0) {
            smpi_execute(seconds);
        }
        work(job);
        double time = MPI_Wtime() - begin;
        MPI_Allreduce(MPI_IN_PLACE, &time, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        least = time < least ? time : least;
    }
    return least;
}

static void add_segment(job *job)
{
    for (int k = 0; k < 100; k++) {
        add_words(job->of.elements / 2, job->words, job->words + job->of.elements / 2);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*work)(job *job);
    } ways[] = {{"trainax", sum}, {"mpi", sum_by_mpi}, {"add", add_segment}, {"trip", trip}};
    job job = {0};
    MPI_Init(&argc, &argv);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (argc != 6) {
        fail("usage: simulate_sum WAY ELEMENTS STEPS WORK RATE");
    }
    rate = atof(argv[5]);
    prepare(&job, atoll(argv[2]));
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        if (strcmp(argv[1], ways[k].name) == 0) {
            const double time = least_time(&job, ways[k].work, atoi(argv[3]), atof(argv[4]));
            const double result = k == 2 ? 400 * (double)job.of.elements / time : k == 3 ? time / 2 : time;
            if (job.parallel->rank == 0) {
                printf("%.6e\n", result);
            }
        }
    }
    MPI_Finalize();
    return 0;
}
