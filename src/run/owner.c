/* Who holds a run directory, and whether he lives. */
#include "run/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "base/text.h"
#include "run/slurm.h"

/* ---- Text ---- */

static const struct field {
    const char *name;
    size_t offset, size;
} fields[] = {
#define FIELD(name)                                                                                                                \
    {                                                                                                                              \
#name, offsetof(tx_owner, name), sizeof((tx_owner *)NULL)->name                                                            \
    }
    FIELD(host), FIELD(process), FIELD(job),     FIELD(since),   FIELD(started), FIELD(processes),
    FIELD(boot), FIELD(machine), FIELD(cluster), FIELD(restart), FIELD(user),    FIELD(id),
#undef FIELD
};
enum { NUM_FIELDS = sizeof fields / sizeof *fields };

static void write_text(tx_owner *owner)
{
    size_t end = 0;
    for (int k = 0; k < NUM_FIELDS; k++) {
        end += (size_t)snprintf(owner->text + end, sizeof owner->text - end, "%s: %s\n", fields[k].name,
                                (const char *)owner + fields[k].offset);
    }
}

/* Whatever is no part of a word (of printed ASCII) ends it. */
static void copy_word(char *out, size_t size, const char *text)
{
    size_t k = 0;
    for (; k + 1 < size && text[k] > ' ' && text[k] < 127; k++) {
        out[k] = text[k];
    }
    out[k] = '\0';
}

static bool consists_of(const char *text, const char *characters)
{
    return *text && text[strspn(text, characters)] == '\0';
}

static const char digits[] = "0123456789";

/* It becomes part of a command. */
static void keep_number(char *text)
{
    text[0] = consists_of(text, digits) ? text[0] : '\0';
}

bool tx_owner_parse(tx_owner *owner)
{
    const char *line = owner->text;
    for (int k = 0; k < NUM_FIELDS; k++) {
        const size_t length = strlen(fields[k].name);
        const char *end = strchr(line, '\n');
        if (!end || strncmp(line, fields[k].name, length) != 0 || strncmp(line + length, ": ", 2) != 0) {
            return false;
        }
        copy_word((char *)owner + fields[k].offset, fields[k].size, line + length + 2);
        line = end + 1;
    }
    keep_number(owner->job);
    return consists_of(owner->process, digits) && consists_of(owner->id, "0123456789abcdef");
}

void tx_owner_name(const tx_owner *owner, char out[TX_OWNER_NAME])
{
    snprintf(out, TX_OWNER_NAME, "process %s on %s%s%s%s since %s", owner->process, owner->host, *owner->job ? " (job " : "",
             owner->job, *owner->job ? ")" : "", owner->since);
}

/* ---- This process ---- */

/* The beginning of a small file; nothing where it cannot be read. */
static void read_text(const char *path, char *text, size_t size)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? 0 : read(file, text, size - 1);
    if (file >= 0) {
        close(file);
    }
    text[got > 0 ? got : 0] = '\0';
}

static void read_word(const char *path, char *out, size_t size)
{
    char text[80];
    read_text(path, text, sizeof text);
    copy_word(out, size, text);
}

/* State and start of a process; false where /proc does not show it. The name before them may hold anything. */
static bool read_process(const char *process, char *state, char started[24])
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", process);
    read_text(path, text, sizeof text);
    const char *at = strrchr(text, ')');
    if (!at || at[1] != ' ') {
        return false;
    }
    *state = at[2];
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    if (!at) {
        return false;
    }
    copy_word(started, 24, at + 1);
    return true;
}

static void copy_variable(const char *name, char *out, size_t size)
{
    const char *value = getenv(name);
    copy_word(out, size, value ? value : "");
}

/* Not by the names of an array's tasks: a job that one of them has submitted inherits those. Where Slurm did not start the
 * process, as in a shell of salloc's, it may outlive the job. */
static void read_job(tx_owner *owner)
{
    if (!getenv("SLURMD_NODENAME")) {
        return;
    }
    copy_variable("SLURM_JOB_ID", owner->job, sizeof owner->job);
    copy_variable("SLURM_CLUSTER_NAME", owner->cluster, sizeof owner->cluster);
    copy_variable("SLURM_RESTART_COUNT", owner->restart, sizeof owner->restart);
    keep_number(owner->job);
}

static void make_id(char out[20])
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != sizeof number) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        number = (uint64_t)now.tv_sec << 40 ^ (uint64_t)now.tv_nsec << 16 ^ (uint64_t)getpid();
    }
    snprintf(out, 20, "%016" PRIx64, number);
}

void tx_owner_self(tx_owner *out)
{
    char state;
    *out = (tx_owner){.host = "unknown", .present = true};
    gethostname(out->host, sizeof out->host - 1);
    snprintf(out->process, sizeof out->process, "%d", (int)getpid());
    snprintf(out->user, sizeof out->user, "%ju", (uintmax_t)geteuid());
    read_process(out->process, &state, out->started);
    read_word("/proc/sys/kernel/random/boot_id", out->boot, sizeof out->boot);
    read_word("/etc/machine-id", out->machine, sizeof out->machine);
    (void)!readlink("/proc/self/ns/pid", out->processes, sizeof out->processes - 1);
    read_job(out);
    tx_time_write(out->since);
    make_id(out->id);
    write_text(out);
}

/* ---- Life ---- */

static bool same(const char *a, const char *b)
{
    return *a && strcmp(a, b) == 0;
}

/* Its number may be another's by now: then that one began at another time. What /proc hides is taken for alive. */
static tx_life process_life(const tx_owner *owner)
{
    int64_t number;
    char state, started[24];
    if (!tx_parse_integer(owner->process, &number) || number < 1 || (kill((pid_t)number, 0) != 0 && errno == ESRCH)) {
        return TX_LIFE_DEAD;
    }
    if (!read_process(owner->process, &state, started)) {
        return TX_LIFE_ALIVE;
    }
    return state == 'Z' || state == 'X' || strcmp(started, owner->started) != 0 ? TX_LIFE_DEAD : TX_LIFE_ALIVE;
}

tx_life tx_owner_life(const tx_owner *owner)
{
    tx_owner self;
    tx_owner_self(&self);
    if (same(owner->boot, self.boot) && same(owner->processes, self.processes)) {
        return process_life(owner);
    }
    if (*owner->boot && same(owner->machine, self.machine) && same(owner->host, self.host) && !same(owner->boot, self.boot)) {
        return TX_LIFE_DEAD; /* this machine was started anew */
    }
    return tx_slurm_life(owner, &self);
}
