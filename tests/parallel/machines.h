/* Ranks that are dealt out to made-up machines. */
#pragma once

#include "parallel/job.h"
#include "ranks.h"

static inline int one_machine(int rank, int ranks)
{
    (void)rank, (void)ranks;
    return 0;
}
static inline int a_machine_each(int rank, int ranks)
{
    (void)ranks;
    return rank;
}
static inline int halves(int rank, int ranks)
{
    return 2 * rank / ranks;
}
static inline int three_in_turn(int rank, int ranks)
{
    (void)ranks;
    return rank % 3;
}
static inline int one_apart(int rank, int ranks)
{
    return rank == ranks / 2;
}

static int (*const machines[])(int rank, int ranks) = {one_machine, a_machine_each, halves, three_in_turn, one_apart};

/* Of the job's first ranks, dealt out to machines in each of these ways. */
static void on_ranks(int ranks, void (*test)(tx_parallel *parallel))
{
    MPI_Comm some;
    MPI_Comm_split(MPI_COMM_WORLD, job.rank < ranks ? 0 : MPI_UNDEFINED, 0, &some);
    tx_parallel *parallel = NULL;
    if (some == MPI_COMM_NULL) {
        return;
    }
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(&some, NULL, &parallel), TX_OK);
    for (size_t k = 0; k < sizeof machines / sizeof *machines; k++) {
        MPI_Comm machine;
        MPI_Comm_split(parallel->all, machines[k](job.rank, ranks), 0, &machine);
        CU_ASSERT_EQUAL_FATAL(tx_parallel_group(parallel, machine, NULL), TX_OK);
        test(parallel);
    }
    tx_parallel_destroy(parallel);
    MPI_Comm_free(&some);
}
