/* What the environment says about who started this process. */
#include "parallel/launcher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long environment_number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

/* ---- Who started this process? What another launcher left in the environment, or one that is gone, does not count. ---- */

/* "1415643136.0;tcp4://127.0.0.1:58563" */
static bool read_address(const char *uri, struct sockaddr_in *out)
{
    char host[16];
    unsigned short port;
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    const bool read = sscanf(uri, "%*[^;];tcp4://%15[0-9.]:%hu", host, &port) == 2;
    out->sin_port = read ? htons(port) : 0;
    return read && inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

/* A server is taken to be there where it cannot be told. It is not disturbed: its port is asked for, not called. */
static bool somebody_listens(const char *uri)
{
    struct sockaddr_in address;
    const int end = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (end < 0 || !read_address(uri, &address)) {
        close(end);
        return true;
    }
    setsockopt(end, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)); /* then only a listener is in the way */
    const int number = bind(end, (const struct sockaddr *)&address, sizeof address) ? errno : 0;
    close(end);
    return number && number != EADDRNOTAVAIL; /* free, or an address of another machine: nobody */
}

/* Open MPI's mpirun, srun --mpi=pmix: a server on this machine. */
static bool pmix_lives(void)
{
    static const char server[] = "PMIX_SERVER_URI";
    if (!getenv("PMIX_RANK") || !getenv("PMIX_NAMESPACE")) {
        return false;
    }
    for (char **entry = environ; *entry; entry++) {
        if (strncmp(*entry, server, sizeof server - 1) == 0 && strchr(*entry, '=')) {
            return somebody_listens(strchr(*entry, '=') + 1);
        }
    }
    return false;
}

/* MPICH's mpirun, srun --mpi=pmi2: an open socket to it. */
static bool pmi_lives(void)
{
    struct stat info;
    return getenv("PMI_RANK") &&
           (getenv("PMI_PORT") || (getenv("PMI_FD") && !fstat((int)environment_number("PMI_FD"), &info) && S_ISSOCK(info.st_mode)));
}

static long parent_of(long process)
{
    char path[64], line[256];
    long parent = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", process);
    FILE *file = fopen(path, "re");
    while (file && !parent && fgets(line, sizeof line, file)) {
        sscanf(line, "PPid: %ld", &parent);
    }
    if (file) {
        fclose(file);
    }
    return parent;
}

/* Any srun: its task is this process or one of those that it descends from. */
static bool slurm_lives(void)
{
    const long task = environment_number("SLURM_TASK_PID");
    long process = getpid();
    while (process > 1 && process != task) {
        process = parent_of(process);
    }
    return task > 1 && process == task;
}

static int environment_size(const char *name, int otherwise)
{
    const long size = environment_number(name);
    return size > 0 ? (int)size : otherwise;
}

/* The tasks of a job step. Not SLURM_NTASKS: that is set in a batch script too, where a plain command runs once. */
static int slurm_tasks(void)
{
    return slurm_lives() ? environment_size("SLURM_STEP_NUM_TASKS", 1) : 1;
}

tx_launch tx_launcher_look(void)
{
    const int tasks = slurm_tasks();
    if (pmix_lives()) {
        return (tx_launch){(int)environment_number("PMIX_RANK"), environment_size("OMPI_COMM_WORLD_SIZE", tasks), true};
    }
    if (pmi_lives()) {
        return (tx_launch){(int)environment_number("PMI_RANK"), environment_size("PMI_SIZE", 1), true};
    }
    return tasks > 1 ? (tx_launch){(int)environment_number("SLURM_PROCID"), tasks, false} : (tx_launch){.size = 1};
}

bool tx_parallel_launched(void)
{
    return tx_launcher_look().connects;
}
int tx_parallel_job_size(void)
{
    return tx_launcher_look().size;
}

tx_status tx_launcher_check_alone(tx_error *error)
{
    if (tx_launcher_look().size > 1) {
        return tx_error_set(error, TX_INVALID, "started by srun without an MPI plugin: use srun --mpi=pmix or mpirun");
    }
    return TX_OK;
}

tx_status tx_launcher_check_size(int size, tx_error *error)
{
    if (size > 1 || tx_launcher_look().size <= 1) {
        return TX_OK;
    }
    if (slurm_tasks() > 1) {
        return tx_error_set(error, TX_INVALID, "srun's MPI plugin does not fit this MPI: use srun --mpi=pmix or mpirun");
    }
    return tx_error_set(error, TX_INVALID, "started by another MPI's mpirun: use that of the MPI that trainax was built with");
}

/* Asked twice within five seconds it ends at once, with exit code 1. */
void tx_parallel_end_launcher(void)
{
    char path[64], name[16] = "";
    const pid_t parent = getppid();
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)parent);
    FILE *file = fopen(path, "re");
    const bool read = file && fscanf(file, "%15s", name) == 1;
    if (file) {
        fclose(file);
    }
    if (read && (strcmp(name, "mpirun") == 0 || strcmp(name, "mpiexec") == 0 || strcmp(name, "orterun") == 0)) {
        kill(parent, SIGTERM);
        nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL);
        kill(parent, SIGTERM);
    }
}

/* ---- Settings ---- */

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

int tx_parallel_settings(tx_setting out[TX_MOST_SETTINGS])
{
    int count = 0;
    if (machine_ranks() > machine_cores()) { /* a blocking call in a library (HDF5) would spin: 10 ms instead of 30 us */
        out[count++] = (tx_setting){"OMPI_MCA_mpi_yield_when_idle", "1"};
    }
    /* Debian switches off the one component (pt2pt) that can read another machine's memory over TCP, or that of a process
     * without cross-memory attach; ucx is off because it has returned wrong values. */
    out[count++] = (tx_setting){"OMPI_MCA_osc", "^ucx"};
    return count;
}
