/* Without a launcher: one rank and no MPI, unless the program itself has started it; launchers that did not connect us. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "parallel/communicator.h"
#include "suite.h"

static void forget_launcher(void)
{
    unsetenv("OMPI_COMM_WORLD_SIZE");
    unsetenv("PMIX_RANK");
    unsetenv("PMI_RANK");
}

static void one_rank_without_mpi(void)
{
    forget_launcher();
    CU_ASSERT_FALSE(tx_parallel_launched());
    tx_parallel *alone = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(NULL, NULL, &alone), TX_OK);
    CU_ASSERT_EQUAL(tx_parallel_rank(alone), 0);
    CU_ASSERT_EQUAL(tx_parallel_size(alone), 1);
    CU_ASSERT(tx_parallel_cores(alone) >= 1);
    CU_ASSERT_FALSE(tx_parallel_oversubscribed(alone));
    CU_ASSERT_EQUAL(tx_parallel_communicator(alone), MPI_COMM_NULL);
    int64_t values[2] = {3, -4};
    CU_ASSERT_EQUAL(tx_parallel_sum(alone, values, 2, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_parallel_max(alone, values, 2, NULL), TX_OK);
    CU_ASSERT_EQUAL(values[1], -4);
    CU_ASSERT_EQUAL(tx_parallel_barrier(alone, NULL), TX_OK);
    char text[] = "here", *pointer = text;
    CU_ASSERT_EQUAL(tx_parallel_broadcast_text(alone, &pointer, NULL), TX_OK);
    CU_ASSERT_PTR_EQUAL(pointer, text);
    CU_ASSERT_EQUAL(tx_parallel_agree(alone, TX_BAD_DATA, NULL), TX_BAD_DATA);
    tx_parallel_destroy(alone);
    int running;
    MPI_Initialized(&running);
    CU_ASSERT_FALSE(running);
}

static void no_memory(void)
{
    tx_parallel *alone = NULL;
    tx_memory_fail_after(0);
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_parallel_create(NULL, &error, &alone), TX_FAILURE);
    tx_memory_fail_after(-1);
    CU_ASSERT_PTR_NULL(alone);
}

static void srun_without_plugin_is_refused(void)
{
    setenv("SLURM_PROCID", "1", 1);
    setenv("SLURM_STEP_NUM_TASKS", "2", 1);
    tx_parallel *alone = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_parallel_create(NULL, &error, &alone), TX_INVALID);
    CU_ASSERT(strstr(error.message, "--mpi=pmix") != NULL);
    setenv("SLURM_STEP_NUM_TASKS", "1", 1); /* a batch script, or srun -n 1 */
    CU_ASSERT_EQUAL(tx_parallel_create(NULL, NULL, &alone), TX_OK);
    tx_parallel_destroy(alone);
    unsetenv("SLURM_STEP_NUM_TASKS");
    setenv("SLURM_NTASKS", "4", 1);
    CU_ASSERT_EQUAL(tx_parallel_create(NULL, NULL, &alone), TX_OK);
    tx_parallel_destroy(alone);
    unsetenv("SLURM_NTASKS");
    unsetenv("SLURM_PROCID");
}

/* Last: MPI cannot be started twice. The program is the one that starts and ends it. */
static void uses_running_mpi(void)
{
    tx_parallel *job = NULL;
    tx_error error = {0};
    const MPI_Comm self = MPI_COMM_SELF;
    CU_ASSERT_EQUAL(tx_parallel_create(&self, &error, &job), TX_FAILURE); /* does not run yet */
    MPI_Init(NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(&self, NULL, &job), TX_OK);
    CU_ASSERT_EQUAL(tx_parallel_size(job), 1);
    CU_ASSERT_NOT_EQUAL(tx_parallel_communicator(job), self);
    CU_ASSERT_NOT_EQUAL(tx_parallel_communicator(job), MPI_COMM_NULL);
    tx_parallel_destroy(job);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(NULL, NULL, &job), TX_OK);
    tx_parallel_destroy(job);
    int over;
    MPI_Finalized(&over);
    CU_ASSERT_FALSE(over);
    MPI_Finalize();
    tx_error late = {0};
    CU_ASSERT_EQUAL(tx_parallel_create(NULL, &late, &job), TX_FAILURE);
    CU_ASSERT(strstr(late.message, "finalised") != NULL);
}

int main(void)
{
    const suite_test tests[] = {{"one rank without MPI", one_rank_without_mpi},
                                {"no memory", no_memory},
                                {"srun without a plugin is refused", srun_without_plugin_is_refused},
                                {"uses an MPI that runs", uses_running_mpi},
                                {0}};
    return suite_run("alone", tests);
}
