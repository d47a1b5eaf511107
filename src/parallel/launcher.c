#include "parallel/launcher.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static long environment_number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

bool tx_parallel_launched(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
}

/* The tasks of a job step. Not SLURM_NTASKS: that is set in a batch script too, where a plain command runs once. */
static bool one_of_several_slurm_tasks(void)
{
    return getenv("SLURM_PROCID") && environment_number("SLURM_STEP_NUM_TASKS") > 1;
}

tx_status tx_launcher_check_alone(tx_error *error)
{
    if (one_of_several_slurm_tasks()) {
        return tx_error_set(error, TX_INVALID, "started by srun without an MPI plugin: use srun --mpi=pmix or mpirun");
    }
    return TX_OK;
}

tx_status tx_launcher_check_size(int size, tx_error *error)
{
    if (size > 1 || getenv("OMPI_COMM_WORLD_SIZE")) {
        return TX_OK;
    }
    if (one_of_several_slurm_tasks()) {
        return tx_error_set(error, TX_INVALID, "srun's MPI plugin does not fit this MPI: use srun --mpi=pmix or mpirun");
    }
    if (environment_number("PMI_SIZE") > 1) {
        return tx_error_set(error, TX_INVALID, "started by another MPI's mpirun: use that of the MPI that trainax was built with");
    }
    return TX_OK;
}

/* A launcher binds its ranks to cores, not itself: the parent's mask shows what the ranks of this machine have together. */
static int machine_cores(void)
{
    cpu_set_t mine, parents;
    if (sched_getaffinity(0, sizeof mine, &mine)) {
        return (int)sysconf(_SC_NPROCESSORS_ONLN);
    }
    if (!sched_getaffinity(getppid(), sizeof parents, &parents)) {
        CPU_OR(&mine, &mine, &parents);
    }
    return CPU_COUNT(&mine);
}

static long machine_ranks(void)
{
    const long ranks = environment_number("OMPI_COMM_WORLD_LOCAL_SIZE");
    return ranks ? ranks : environment_number("SLURM_STEP_TASKS_PER_NODE"); /* "4(x2),3": the first number will do */
}

void tx_launcher_prepare(void)
{
    if (machine_ranks() > machine_cores()) {
        setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0); /* a blocking call in a library (HDF5) would spin: 10 ms instead of 30 us */
    }
    /* Debian switches off the one component (pt2pt) that can read another machine's memory over TCP, or that of a process
     * without cross-memory attach; ucx is off because it has returned wrong values. */
    setenv("OMPI_MCA_osc", "^ucx", 0);
}
