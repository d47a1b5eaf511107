/* Does a job live, and how long? scontrol is asked, not squeue, which leaves out what a user's SQUEUE_STATES and the like say. */
#include "run/slurm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"

enum { ANSWER = 16384, WORD = 65, CLOCKS = 60 /* seconds that those of two machines may differ by */ };

/* Whose Slurm it is, and the record of the job: to the number of an array the records of all its tasks belong. */
static const char question[] = "ask() { TZ=UTC0 SLURM_TIME_FORMAT=standard timeout 60 scontrol -ao show \"$@\" 2>&1; }; "
                               "{ ask config && ask job %s; } | "
                               "grep -E '^(ClusterName|PrivateData) |^JobId=%s |Invalid job id'";

/* The word behind a name; "" where there is none. */
static void find(const char *answer, const char *name, char out[WORD])
{
    const char *at = strstr(answer, name);
    at = at ? at + strlen(name) : "";
    at += strspn(at, " =");
    snprintf(out, WORD, "%.*s", (int)strcspn(at, " \n"), at);
}

static bool is_over(const char *state)
{
    static const char *const over[] = {"PENDING",       "COMPLETED",    "CANCELLED",   "FAILED",        "TIMEOUT",      "NODE_FAIL",
                                       "PREEMPTED",     "BOOT_FAIL",    "DEADLINE",    "OUT_OF_MEMORY", "REVOKED",      "REQUEUED",
                                       "LAUNCH_FAILED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT",  "RESV_DEL_HOLD"};
    size_t k = 0;
    while (k < sizeof over / sizeof *over && strcmp(state, over[k]) != 0) {
        k++;
    }
    return k < sizeof over / sizeof *over;
}

/* A job that is not known any more is over, unless it may be hidden: somebody else's. */
static tx_life life_without_state(const char *answer, const tx_owner *owner, const tx_owner *self)
{
    char hidden[WORD];
    find(answer, "PrivateData", hidden);
    const bool shown = !strstr(hidden, "jobs") || strcmp(owner->user, self->user) == 0;
    return strstr(answer, "Invalid job id") && shown ? TX_LIFE_DEAD : TX_LIFE_UNKNOWN;
}

/* Did the job begin after the claim? Then it was requeued, or it is another one with that number. */
static bool is_younger(const char *answer, const tx_owner *owner)
{
    char text[WORD];
    struct tm start = {0}, claim = {0};
    find(answer, " StartTime=", text);
    if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &start) || !strptime(owner->since, "%Y-%m-%dT%H:%M:%S%z", &claim)) {
        return false;
    }
    const time_t offset = claim.tm_gmtoff; /* which timegm takes away */
    return timegm(&start) - (timegm(&claim) - offset) > CLOCKS;
}

static tx_life judge(const char *answer, const tx_owner *owner, const tx_owner *self)
{
    char cluster[WORD], state[WORD];
    find(answer, "ClusterName", cluster);
    find(answer, " JobState=", state);
    if (!*cluster || (*owner->cluster && strcmp(owner->cluster, cluster) != 0)) {
        return TX_LIFE_UNKNOWN; /* it would speak of another job with that number */
    }
    if (!*state) {
        return life_without_state(answer, owner, self);
    }
    if (is_over(state) || is_younger(answer, owner)) {
        return TX_LIFE_DEAD;
    }
    return strcmp(state, "COMPLETING") == 0 ? TX_LIFE_ENDING : TX_LIFE_JOB;
}

static int64_t restarts(const tx_owner *owner)
{
    int64_t number;
    return tx_parse_integer(owner->restart, &number) ? number : 0;
}

/* A job that was requeued is not what it was before. It knows that even where Slurm cannot be asked. */
static bool is_former_self(const tx_owner *owner, const tx_owner *self)
{
    return strcmp(owner->job, self->job) == 0 && strcmp(owner->cluster, self->cluster) == 0 && restarts(self) > restarts(owner);
}

static bool ask(const char *command, char answer[ANSWER])
{
    /* NOLINTNEXTLINE(cert-env33-c): a fixed command, but for a number */
    FILE *slurm = popen(command, "re");
    if (!slurm) {
        return false;
    }
    answer[fread(answer, 1, ANSWER - 1, slurm)] = '\0';
    pclose(slurm);
    return true;
}

tx_life tx_slurm_life(const tx_owner *owner, const tx_owner *self)
{
    char command[sizeof question + 2 * sizeof owner->job], answer[ANSWER];
    if (!*owner->job || is_former_self(owner, self)) {
        return *owner->job ? TX_LIFE_DEAD : TX_LIFE_UNKNOWN;
    }
    snprintf(command, sizeof command, question, owner->job, owner->job);
    return ask(command, answer) ? judge(answer, owner, self) : TX_LIFE_UNKNOWN;
}

/* ---- Time ---- */

static const char question_of_end[] =
    "TZ=UTC0 SLURM_TIME_FORMAT=standard timeout 10 scontrol -ao show job %" PRId64 " 2>/dev/null | grep '^JobId=%" PRId64 " '";

/* Since 1970; 0: none. Newer Slurms say it in the environment, older ones must be asked. */
static int64_t end_of_job(int64_t job)
{
    char command[sizeof question_of_end + 64], answer[ANSWER], text[WORD];
    const char *told = getenv("SLURM_JOB_END_TIME");
    struct tm end = {0};
    int64_t time;
    if (told && tx_parse_integer(told, &time)) {
        return time;
    }
    snprintf(command, sizeof command, question_of_end, job, job);
    if (!ask(command, answer)) {
        return 0;
    }
    find(answer, " EndTime=", text);
    return strptime(text, "%Y-%m-%dT%H:%M:%S", &end) ? timegm(&end) : 0;
}

double tx_slurm_time_left(void)
{
    const char *text = getenv("SLURM_JOB_ID");
    int64_t job;
    if (!text || !tx_parse_integer(text, &job)) {
        return 0;
    }
    const int64_t left = end_of_job(job) - time(NULL);
    return left > 0 ? (double)left : 0;
}
