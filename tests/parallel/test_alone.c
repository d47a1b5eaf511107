/* Without a launcher: one rank and no MPI, unless the program itself has started it; launchers that did not connect us. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "parallel/communicator.h"
#include "suite.h"

/* All that a launcher may have told this program. */
static void forget_launcher(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE",
                                        "OMPI_COMM_WORLD_RANK",
                                        "PMIX_RANK",
                                        "PMIX_NAMESPACE",
                                        "PMIX_SERVER_URI2",
                                        "PMI_RANK",
                                        "PMI_SIZE",
                                        "PMI_FD",
                                        "PMI_PORT",
                                        "SLURM_PROCID",
                                        "SLURM_NTASKS",
                                        "SLURM_TASK_PID",
                                        "SLURM_STEP_NUM_TASKS"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        unsetenv(names[k]);
    }
}

static void one_rank_without_mpi(void)
{
    forget_launcher();
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

static void set_number(const char *name, int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    setenv(name, text, 1);
}

static void is_alone(void)
{
    tx_parallel *alone = NULL;
    CU_ASSERT_FALSE(tx_parallel_launched());
    CU_ASSERT_EQUAL(tx_parallel_job_rank(), 0);
    CU_ASSERT_EQUAL(tx_parallel_job_size(), 1);
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(NULL, NULL, &alone), TX_OK);
    CU_ASSERT_EQUAL(tx_parallel_communicator(alone), MPI_COMM_NULL);
    tx_parallel_destroy(alone);
}

static void srun_without_plugin_is_refused(void)
{
    tx_parallel *alone = NULL;
    tx_error error = {0};
    forget_launcher();
    setenv("SLURM_PROCID", "1", 1);
    setenv("SLURM_STEP_NUM_TASKS", "2", 1);
    is_alone(); /* left over from an older version, or made up */
    for (int k = 0; k < 2; k++) {
        set_number("SLURM_TASK_PID", k ? (int)getppid() : (int)getpid()); /* the task itself, or what it has started */
        CU_ASSERT_EQUAL(tx_parallel_create(NULL, &error, &alone), TX_INVALID);
        CU_ASSERT(strstr(error.message, "--mpi=pmix") != NULL);
        CU_ASSERT_EQUAL(tx_parallel_job_rank(), 1);
        CU_ASSERT_EQUAL(tx_parallel_job_size(), 2);
        CU_ASSERT_FALSE(tx_parallel_launched());
    }
    setenv("SLURM_STEP_NUM_TASKS", "1", 1); /* a batch script, or srun -n 1 */
    is_alone();
    unsetenv("SLURM_STEP_NUM_TASKS");
    setenv("SLURM_NTASKS", "4", 1);
    is_alone();
}

/* What launchers leave in the environment of processes that are no longer theirs. */
static void leftovers_do_not_count(void)
{
    static const char *const left[][6] = {
        {"SLURM_PROCID=1"},
        {"PMI_RANK=1"},
        {"PMIX_RANK=3"},
        {"OMPI_COMM_WORLD_RANK=2", "OMPI_COMM_WORLD_SIZE=4"},
        {"PMIX_RANK=3", "PMIX_NAMESPACE=12", "OMPI_COMM_WORLD_SIZE=4"},
        {"PMIX_RANK=3", "PMIX_NAMESPACE=12", "PMIX_SERVER_URI2=1.0;tcp4://192.0.2.77:4711",
         "OMPI_COMM_WORLD_SIZE=4"}, /* elsewhere */
        {"PMI_RANK=1", "PMI_SIZE=4", "PMI_FD=900"},
        {"SLURM_PROCID=1", "SLURM_NTASKS=4", "SLURM_STEP_NUM_TASKS=4", "SLURM_TASK_PID=1"},
    };
    for (size_t k = 0; k < sizeof left / sizeof *left; k++) {
        forget_launcher();
        for (int v = 0; left[k][v]; v++) {
            char name[128];
            strcpy(name, left[k][v]);
            *strchr(name, '=') = '\0';
            setenv(name, strchr(left[k][v], '=') + 1, 1);
        }
        is_alone();
    }
}

/* A PMIx server lives as long as somebody listens at its address; asking does not call there. */
static void a_server_that_listens_lives(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    char uri[64];
    CU_ASSERT_EQUAL_FATAL(bind(server, (const struct sockaddr *)&address, sizeof address), 0);
    CU_ASSERT_EQUAL_FATAL(listen(server, 1), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(server, (struct sockaddr *)&address, &length), 0);
    forget_launcher();
    snprintf(uri, sizeof uri, "12.0;tcp4://127.0.0.1:%d", ntohs(address.sin_port));
    setenv("PMIX_SERVER_URI2", uri, 1);
    setenv("PMIX_NAMESPACE", "12", 1);
    setenv("PMIX_RANK", "3", 1);
    setenv("OMPI_COMM_WORLD_SIZE", "5", 1);
    CU_ASSERT(tx_parallel_launched());
    CU_ASSERT_EQUAL(tx_parallel_job_rank(), 3);
    CU_ASSERT_EQUAL(tx_parallel_job_size(), 5);
    fcntl(server, F_SETFL, O_NONBLOCK);
    CU_ASSERT_EQUAL(accept(server, NULL, NULL), -1);
    close(server);
    is_alone();
    forget_launcher();
}

/* Another MPI's launcher lives as long as the socket to it is open. */
static void an_open_socket_lives(void)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    forget_launcher();
    setenv("PMI_RANK", "1", 1);
    setenv("PMI_SIZE", "4", 1);
    set_number("PMI_FD", ends[0]);
    CU_ASSERT(tx_parallel_launched());
    CU_ASSERT_EQUAL(tx_parallel_job_rank(), 1);
    close(ends[0]), close(ends[1]);
    is_alone();
    forget_launcher();
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
                                {"what launchers leave does not count", leftovers_do_not_count},
                                {"a PMIx server that listens lives", a_server_that_listens_lives},
                                {"another MPI's open socket lives", an_open_socket_lives},
                                {"uses an MPI that runs", uses_running_mpi},
                                {0}};
    return suite_run("alone", tests);
}
