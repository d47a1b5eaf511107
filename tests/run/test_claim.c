/* One process owns a run directory, however many try at once and whatever a killed one left. */
#include "run/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/file.h"
#include "run/owner.h"

static char folder[64], directory[96], lock[128];

/* The library's link(2): that of a file system without links, when asked for. */
static bool has_links = true;
static int links;

int link(const char *from, const char *to)
{
    links++;
    if (has_links || access(to, F_OK) == 0) {
        return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
    }
    errno = EPERM;
    return -1;
}

static void enter(void)
{
    strcpy(folder, "/tmp/trainax_claim_XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(directory, sizeof directory, "%s/runs/one", folder);
    snprintf(lock, sizeof lock, "%s/lock", directory);
}

/* Nothing else may be left in it. */
static void leave(void)
{
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void write_lock(const tx_owner *owner)
{
    FILE *file = fopen(lock, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(owner->text, file);
    fclose(file);
}

/* A claim of `self` with one line changed. */
static tx_owner other_owner(const char *field, const char *value)
{
    tx_owner self, other = {0};
    tx_owner_self(&self);
    char *const at = strstr(self.text, field), *const rest = strchr(at, '\n');
    snprintf(other.text, sizeof other.text, "%.*s%s: %s%s", (int)(at - self.text), self.text, field, value, rest);
    other.present = tx_owner_parse(&other);
    CU_ASSERT(other.present);
    return other;
}

static void test_one_after_the_other(void)
{
    tx_claim first = {0}, second = {0};
    tx_error error = {0};
    char who[64];
    enter();
    CU_ASSERT_EQUAL(tx_claim_check(directory, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, &error, &first), TX_OK);
    CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, &error, &second), TX_INVALID);
    snprintf(who, sizeof who, "in use by process %d on ", (int)getpid());
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, who));
    CU_ASSERT_EQUAL(tx_claim_check(directory, NULL), TX_INVALID);
    tx_claim_release(&second);
    CU_ASSERT_EQUAL(access(lock, F_OK), 0);
    tx_claim_release(&first);
    CU_ASSERT_NOT_EQUAL(access(directory, F_OK), 0); /* it was made for the claim */
    leave();
}

static void test_directory_that_stays(void)
{
    tx_claim claim = {0};
    char file[128];
    enter();
    snprintf(file, sizeof file, "%s/config.yaml", directory);
    CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, NULL, &claim), TX_OK);
    CU_ASSERT_EQUAL(tx_text_save(file, "x", 1, NULL), TX_OK);
    tx_claim_release(&claim);
    CU_ASSERT_EQUAL(access(file, F_OK), 0);
    unlink(file);
    CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, NULL, &claim), TX_OK);
    tx_claim_release(&claim);
    CU_ASSERT_EQUAL(rmdir(directory), 0);
    snprintf(file, sizeof file, "%s/runs", folder);
    CU_ASSERT_EQUAL(rmdir(file), 0);
    leave();
}

/* A program that answers for scontrol: for the configuration, and for job 15. */
static void answer_for_slurm(const char *private_data, const char *job)
{
    char path[96];
    snprintf(path, sizeof path, "%s/scontrol", folder);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file,
            "#!/bin/sh\n"
            "case $* in\n"
            "'-ao show config') printf 'ClusterName             = here\nPrivateData             = %s\n' ;;\n"
            "'-ao show job 15') %s ;;\n"
            "*) exit 9 ;;\n"
            "esac\n",
            private_data, job);
    fclose(file);
    chmod(path, 0755);
}

static void check_life(const char *field, const char *value, tx_life expected)
{
    const tx_owner owner = other_owner(field, value);
    CU_ASSERT_EQUAL(tx_owner_life(&owner), expected);
}

/* Of job 15, whose process cannot be seen from here. */
static tx_owner far_owner(void)
{
    tx_owner owner = other_owner("job", "15");
    strcpy(owner.host, "elsewhere");
    strcpy(owner.boot, "another");
    strcpy(owner.since, "2024-01-31T23:59:59+01:00");
    return owner;
}

static void check_job(const char *answer, tx_life expected)
{
    const tx_owner owner = far_owner();
    answer_for_slurm("none", answer);
    CU_ASSERT_EQUAL(tx_owner_life(&owner), expected);
}

static void check_state(const char *state, const char *start, tx_life expected)
{
    char answer[256];
    snprintf(answer, sizeof answer, "echo 'JobId=15 JobName=x UserId=me(1) JobState=%s Restarts=0 StartTime=%s EndTime=Unknown'",
             state, start);
    check_job(answer, expected);
}

static void with_slurm(void (*check)(void))
{
    char path[4096], before[4000];
    enter();
    snprintf(before, sizeof before, "%s", getenv("PATH"));
    snprintf(path, sizeof path, "%s:%s", folder, before);
    setenv("PATH", path, 1);
    check();
    setenv("PATH", before, 1);
    snprintf(path, sizeof path, "%s/scontrol", folder);
    unlink(path);
    leave();
}

static void test_life(void)
{
    check_life("job", "", TX_LIFE_ALIVE);
    check_life("process", "0", TX_LIFE_DEAD);
    check_life("process", "2147483647", TX_LIFE_DEAD);
    check_life("process", "1", TX_LIFE_DEAD); /* which began at another time */
    check_life("started", "1", TX_LIFE_DEAD);
    /* Of this machine, where it has an identity: a bare container has none. */
    check_life("boot", "another", access("/etc/machine-id", F_OK) == 0 ? TX_LIFE_DEAD : TX_LIFE_UNKNOWN);
    check_life("processes", "pid:[1]", TX_LIFE_UNKNOWN);
}

static void check_states(void)
{
    static const char before[] = "2024-01-31T22:59:57", soon_after[] = "2024-01-31T23:00:30", after[] = "2024-01-31T23:02:00";
    check_state("RUNNING", before, TX_LIFE_JOB);
    check_state("SUSPENDED", before, TX_LIFE_JOB);
    check_state("SOMETHING_NEW", before, TX_LIFE_JOB);
    check_state("COMPLETING", before, TX_LIFE_ENDING);
    check_state("RUNNING", soon_after, TX_LIFE_JOB); /* clocks differ */
    check_state("RUNNING", after, TX_LIFE_DEAD);     /* requeued, or another job with that number */
    check_state("RUNNING", "Unknown", TX_LIFE_JOB);
    check_state("PENDING", after, TX_LIFE_DEAD);
    check_state("NODE_FAIL", before, TX_LIFE_DEAD);
    check_job("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", TX_LIFE_DEAD);
    check_job("echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", TX_LIFE_UNKNOWN);
    /* The number of an array, which is that of one of its tasks. */
    check_job("printf 'JobId=14 ArrayJobId=15 JobState=RUNNING\nJobId=15 ArrayJobId=15 JobState=FAILED\n'", TX_LIFE_DEAD);
    check_job("printf 'JobId=14 ArrayJobId=15 JobState=FAILED\nJobId=15 ArrayJobId=15 JobState=RUNNING\n'", TX_LIFE_JOB);
}

/* Who is not told of a job does not know that it is over. */
static void check_who_answers(void)
{
    static const char none[] = "echo 'slurm_load_jobs error: Invalid job id specified'; exit 1";
    tx_owner owner = far_owner();
    answer_for_slurm("accounts,jobs", none);
    CU_ASSERT_EQUAL(tx_owner_life(&owner), TX_LIFE_DEAD);
    strcpy(owner.user, "4711");
    CU_ASSERT_EQUAL(tx_owner_life(&owner), TX_LIFE_UNKNOWN);
    answer_for_slurm("accounts", none);
    CU_ASSERT_EQUAL(tx_owner_life(&owner), TX_LIFE_DEAD);
    strcpy(owner.cluster, "here");
    CU_ASSERT_EQUAL(tx_owner_life(&owner), TX_LIFE_DEAD);
    strcpy(owner.cluster, "there");
    CU_ASSERT_EQUAL(tx_owner_life(&owner), TX_LIFE_UNKNOWN);
}

static void test_jobs(void)
{
    with_slurm(check_states);
    with_slurm(check_who_answers);
}

/* What the environment says of this job: some of it an earlier one has left there. */
static void test_own_job(void)
{
    static const char *const names[] = {"SLURM_JOB_ID",       "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID",
                                        "SLURM_CLUSTER_NAME", "SLURMD_NODENAME",    "SLURM_RESTART_COUNT"};
    tx_owner self, before = far_owner();
    setenv("SLURM_JOB_ID", "15", 1);
    setenv("SLURM_ARRAY_JOB_ID", "11", 1);
    setenv("SLURM_ARRAY_TASK_ID", "2", 1);
    tx_owner_self(&self);
    CU_ASSERT_STRING_EQUAL(self.job, ""); /* salloc's shell: not a process of the job */
    setenv("SLURMD_NODENAME", "n1", 1);
    setenv("SLURM_CLUSTER_NAME", "there", 1);
    tx_owner_self(&self);
    CU_ASSERT_STRING_EQUAL(self.job, "15");
    CU_ASSERT_STRING_EQUAL(self.cluster, "there");
    setenv("SLURM_RESTART_COUNT", "1", 1);
    CU_ASSERT_EQUAL(tx_owner_life(&before), TX_LIFE_UNKNOWN); /* nobody answers, and it may be another's number */
    strcpy(before.cluster, "there");
    CU_ASSERT_EQUAL(tx_owner_life(&before), TX_LIFE_DEAD);
    strcpy(before.restart, "1");
    CU_ASSERT_EQUAL(tx_owner_life(&before), TX_LIFE_UNKNOWN);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        unsetenv(names[k]);
    }
}

/* What stands there is no word of ours, or of somebody far away: it stays. */
static void test_strangers(void)
{
    static const char *const texts[] = {"", "host: x\n", "nonsense"};
    tx_claim claim = {0};
    tx_error error = {0};
    enter();
    CU_ASSERT_EQUAL(tx_directory_make(directory, NULL), TX_OK);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        tx_owner owner = {0};
        strcpy(owner.text, texts[k]);
        write_lock(&owner);
        error = (tx_error){0};
        CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, &error, &claim), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "remove it"));
    }
    const tx_owner far = other_owner("processes", "pid:[1]");
    write_lock(&far);
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, &error, &claim), TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "if it is dead, remove "));
    unlink(lock);
    rmdir(directory);
    snprintf(lock, sizeof lock, "%s/runs", folder);
    rmdir(lock);
    leave();
}

static void test_kept(void)
{
    tx_claim claim = {0};
    tx_error error = {0};
    enter();
    CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, NULL, &claim), TX_OK);
    CU_ASSERT_EQUAL(tx_claim_keep(&claim, NULL), TX_OK);
    const tx_owner other = other_owner("process", "4711");
    write_lock(&other);
    CU_ASSERT_EQUAL(tx_claim_keep(&claim, &error), TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "process 4711 on "));
    unlink(lock);
    CU_ASSERT_EQUAL(tx_claim_keep(&claim, NULL), TX_INVALID);
    tx_claim_release(&claim);
    leave();
}

/* A process that died while it took a dead claim over. */
static void test_dead_successor(void)
{
    tx_claim claim = {0};
    enter();
    CU_ASSERT_EQUAL(tx_directory_make(directory, NULL), TX_OK);
    const tx_owner dead = other_owner("process", "2147483647");
    strcat(lock, ".0"); /* and one that did not come as far */
    write_lock(&dead);
    lock[strlen(lock) - 2] = '\0';
    write_lock(&dead);
    strcat(strcat(lock, "."), dead.id);
    const tx_owner successor = other_owner("process", "2147483646");
    write_lock(&successor);
    CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, NULL, &claim), TX_OK);
    CU_ASSERT_NOT_EQUAL(access(lock, F_OK), 0);
    tx_claim_release(&claim);
    CU_ASSERT_EQUAL(rmdir(directory), 0);
    snprintf(lock, sizeof lock, "%s/runs", folder);
    CU_ASSERT_EQUAL(rmdir(lock), 0);
    leave();
}

/* ---- Many at once ---- */

enum { PROCESSES = 20 };

/* A child: 0 when it has the claim, which it then leaves behind as one that is killed does. */
static void try_once(int begin, int told, int end)
{
    tx_claim claim = {0};
    char byte;
    (void)!read(begin, &byte, 1); /* until the parent closes it */
    const tx_status status = tx_claim_take(directory, NULL, NULL, &claim);
    const char answer = (char)status;
    (void)!write(told, &answer, 1);
    (void)!read(end, &byte, 1);
    _exit(0);
}

static void play(int round)
{
    int begin[2], told[2], end[2], winners = 0;
    CU_ASSERT_FATAL(pipe(begin) == 0 && pipe(told) == 0 && pipe(end) == 0);
    for (int k = 0; k < PROCESSES; k++) {
        if (fork() == 0) {
            close(begin[1]);
            close(end[1]);
            try_once(begin[0], told[1], end[0]);
        }
    }
    close(begin[1]);
    for (int k = 0; k < PROCESSES; k++) {
        char answer = 99;
        CU_ASSERT_EQUAL(read(told[0], &answer, 1), 1);
        CU_ASSERT(answer == TX_OK || answer == TX_INVALID);
        winners += answer == TX_OK;
    }
    CU_ASSERT_EQUAL(winners, 1);
    if (winners != 1) {
        printf("round %d: %d winners\n", round, winners);
    }
    close(end[1]);
    while (wait(NULL) > 0) {
    }
    close(begin[0]), close(told[0]), close(told[1]), close(end[0]);
}

static void compete(int rounds)
{
    tx_claim claim = {0};
    enter();
    links = 0;
    for (int round = 0; round < rounds; round++) { /* the first finds no directory, the others a dead claim */
        play(round);
    }
    CU_ASSERT_EQUAL(tx_claim_take(directory, NULL, NULL, &claim), TX_OK);
    CU_ASSERT(links > 0);
    tx_claim_release(&claim);
    CU_ASSERT_EQUAL(rmdir(directory), 0); /* nothing else lies there */
    snprintf(lock, sizeof lock, "%s/runs", folder);
    CU_ASSERT_EQUAL(rmdir(lock), 0);
    leave();
}

static void test_many_at_once(void)
{
    compete(40);
}

static void test_without_links(void)
{
    has_links = false;
    compete(10);
    has_links = true;
}

int main(void)
{
    static const suite_test tests[] = {{"one after the other", test_one_after_the_other},
                                       {"a directory that stays", test_directory_that_stays},
                                       {"life", test_life},
                                       {"jobs", test_jobs},
                                       {"own job", test_own_job},
                                       {"kept", test_kept},
                                       {"strangers", test_strangers},
                                       {"a dead successor", test_dead_successor},
                                       {"many at once", test_many_at_once},
                                       {"without links", test_without_links},
                                       {0}};
    return suite_run("claim", tests);
}
