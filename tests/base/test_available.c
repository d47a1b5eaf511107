/* What the system says of memory: /proc and control groups of both versions, made up in a folder. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/available.h"
#include "base/memory.h"
#include "suite.h"

static char root[512];

/* Makes the folders on the way. */
static void put(const char *path, const char *text)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(whole, 0777);
    }
    FILE *file = fopen(whole, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static void begin(void)
{
    snprintf(root, sizeof root, "%s/available-XXXXXX", BUILD_DIR);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
}

static void end(void)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CU_ASSERT_EQUAL(system(command), 0);
}

static void nothing_known(void)
{
    begin();
    const tx_available available = tx_available_now(root);
    CU_ASSERT_EQUAL(available.machine, SIZE_MAX);
    CU_ASSERT_EQUAL(available.group, SIZE_MAX);
    CU_ASSERT_EQUAL(available.group_id, 0);
    end();
}

static void machine(void)
{
    begin();
    put("/proc/meminfo", "MemTotal: 9000 kB\nMemFree: 100 kB\nMemAvailable: 4000 kB\nSwapTotal: 900 kB\nSwapFree: 500 kB\n");
    CU_ASSERT_EQUAL(tx_available_now(root).machine, 4500 * 1024);
    put("/proc/meminfo", "MemTotal: 9000 kB\nMemFree: 100 kB\n"); /* of old kernels */
    CU_ASSERT_EQUAL(tx_available_now(root).machine, SIZE_MAX);
    end();
}

/* The group itself has no limit, those above have: the one that leaves least counts. What caches hold is not used. */
static void groups_of_version_2(void)
{
    begin();
    put("/proc/self/cgroup", "0::/slurm/job_7/step_0\n");
    put("/sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
    put("/sys/fs/cgroup/slurm/job_7/step_0/memory.current", "700\n");
    put("/sys/fs/cgroup/slurm/job_7/step_0/memory.stat", "anon 700\n");
    put("/sys/fs/cgroup/slurm/job_7/memory.max", "10000\n");
    put("/sys/fs/cgroup/slurm/job_7/memory.current", "8000\n");
    put("/sys/fs/cgroup/slurm/job_7/memory.stat", "anon 700\nfile 6100\ninactive_file 5000\nactive_file 1000\nshmem 100\n");
    put("/sys/fs/cgroup/slurm/memory.max", "20000\n");
    put("/sys/fs/cgroup/slurm/memory.current", "9000\n");
    put("/sys/fs/cgroup/slurm/memory.stat", "anon 9000\n");
    const tx_available first = tx_available_now(root);
    CU_ASSERT_EQUAL(first.group, 10000 - (8000 - 6000));
    put("/proc/self/cgroup", "0::/slurm/job_7/step_1\n"); /* another step of the job: the same group limits it */
    CU_ASSERT_EQUAL(tx_available_now(root).group_id, first.group_id);
    put("/sys/fs/cgroup/slurm/memory.current", "21000\n"); /* more than it may */
    const tx_available second = tx_available_now(root);
    CU_ASSERT_EQUAL(second.group, 0);
    CU_ASSERT_NOT_EQUAL(second.group_id, first.group_id);
    end();
}

/* In a container the path is that of outside, the limit stands at the root. */
static void groups_of_version_1(void)
{
    begin();
    put("/proc/self/cgroup", "5:cpu,cpuacct:/docker/77\n4:memory:/docker/77\n1:name=systemd:/docker/77\n0::/\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "3000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "cache 1\ninactive_file 9\ntotal_inactive_file 400\ntotal_active_file 600\n");
    CU_ASSERT_EQUAL(tx_available_now(root).group, 5000 - (3000 - 1000));
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"); /* none */
    CU_ASSERT_EQUAL(tx_available_now(root).group, SIZE_MAX);
    end();
}

/* The process's own limits, and what is refused within them. */
static void limits_of_the_process(void)
{
    struct rlimit before, low;
    void *memory;
    tx_error error = {0};
    if (suite_fills_address_space()) {
        return;
    }
    CU_ASSERT_EQUAL(tx_available_now("").process, SIZE_MAX);
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_AS, &before), 0);
    low = before;
    low.rlim_cur = (rlim_t)4 << 30;
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_AS, &low), 0);
    const size_t left = tx_available_now("").process;
    CU_ASSERT(left > (size_t)1 << 30 && left < (size_t)4 << 30);
    CU_ASSERT_EQUAL(tx_allocate((size_t)5 << 30, &error, &memory), TX_INVALID);
    CU_ASSERT(strstr(error.message, "out of memory (5 GiB asked for at once, ") != NULL);
    tx_memory_trust(true); /* then it is tried */
    CU_ASSERT_EQUAL(tx_allocate((size_t)5 << 30, NULL, &memory), TX_FAILURE);
    tx_memory_trust(false);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_AS, &before), 0);
}

int main(void)
{
    return suite_run("available memory", (suite_test[]){{"nothing is known", nothing_known},
                                                        {"the machine", machine},
                                                        {"control groups, version 2", groups_of_version_2},
                                                        {"control groups, version 1", groups_of_version_1},
                                                        {"limits of the process", limits_of_the_process},
                                                        {0}});
}
