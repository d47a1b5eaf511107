/* What would end the process without a word: HDF5 where a file is damaged, which may crash or never come to an end; a user's code
 * that calls exit. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "command/command.h"
#include "file/atomic.h"
#include "file/reading.h"
#include "kernel/function.h"

enum { MOST_SECONDS = 5 /* of this thread's CPU, for what takes milliseconds; a slow file system takes none */ };

/* Where all ranks read the file, rank 0 speaks and its end is that of the others; one that is alone speaks after
 * `patience` seconds. */
static bool others_first;

static void tell(const tx_user *user, const char *why, const char *how, int patience)
{
    const char *const library = user->library, *const verb = user->verb;
    const char *const words[] = {
        "trainax: error: '", user->name, library ? "' of '" : "", library ? library : "", "' ", why, verb ? verb : "", how, "\n"};
    struct iovec line[sizeof words / sizeof *words];
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        line[k] = (struct iovec){.iov_base = (char *)words[k], .iov_len = strlen(words[k])};
    }
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){0}, NULL);
    if (!others_first || nanosleep(&(struct timespec){.tv_sec = patience}, NULL) == 0) { /* else the launcher ends the job */
        (void)!writev(STDERR_FILENO, line, (int)(sizeof words / sizeof *words));
    }
    tx_atomic_remove_unfinished();
}

_Noreturn static void give_up(tx_status status, const char *what, const char *why, int patience)
{
    tell(&(tx_user){.name = what}, why, "", patience);
    _exit((int)status);
}

static pid_t own; /* children that try components tell of it otherwise */

static const struct {
    int signal;
    const char *name;
} crashes[] = {{SIGSEGV, ": segmentation fault"},
               {SIGBUS, ": bus error"},
               {SIGFPE, ": arithmetic exception"},
               {SIGILL, ": illegal instruction"},
               {SIGABRT, ": it has called abort, or thrown an exception"}};
enum { NUM_CRASHES = sizeof crashes / sizeof *crashes };

static void tell_of_user(const tx_user *user, int number)
{
    int k = 0;
    while (k < NUM_CRASHES - 1 && crashes[k].signal != number) {
        k++;
    }
    tell(user, "has crashed in ", crashes[k].name, 2);
}

/* Handlers are for one time: what is raised here ends the process as if there were none. */
static void crash(int number)
{
    const tx_reading *reading = tx_reading_now();
    const tx_user user = tx_user_now();
    if (reading->path) {
        give_up(TX_BAD_DATA, reading->path, "is damaged: HDF5 crashed while reading it", 2);
    }
    if (user.name && getpid() == own) {
        tell_of_user(&user, number);
    }
    raise(number);
}

/* Comes with every second of the process's CPU, to any thread: in time to the one that has used it. */
static void tick(int number)
{
    (void)number;
    tx_reading *reading = tx_reading_now();
    struct timespec now;
    if (!reading->path || reading->lasts || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)) {
        return;
    }
    if (!reading->seen) {
        reading->since = now;
        reading->seen = true;
    } else if (now.tv_sec - reading->since.tv_sec >= MOST_SECONDS) {
        /* where cores are shared, seconds of CPU come apart */
        give_up(TX_BAD_DATA, reading->path, "is damaged: HDF5 does not come to an end while reading it", 3 * MOST_SECONDS);
    }
}

static void leave(void)
{
    const tx_user user = tx_user_now();
    if (user.name && getpid() == own) {
        give_up(TX_FAILURE, user.name, "has called exit: it must return a code instead", 2);
    }
}

/* Sanitizers have handlers of their own, which know more. */
static void catch (int number, void (*handler)(int number), int flags)
{
    struct sigaction before, action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
        sigaction(number, &action, NULL);
    }
}

void tx_damage_catch(void)
{
    static char stack[1 << 16]; /* recursion without end leaves no other */
    others_first = tx_parallel_job_rank() != 0;
    own = getpid();
    atexit(leave);
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (int k = 0; k < NUM_CRASHES; k++) {
        catch (crashes[k].signal, crash, SA_ONSTACK | (int)SA_RESETHAND);
    }
    catch (SIGVTALRM, tick, SA_RESTART);
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_interval.tv_sec = 1, .it_value.tv_sec = 1}, NULL);
}
