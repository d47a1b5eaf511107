/* What HDF5 does to the process where a file is damaged: it may crash, or never come to an end. */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "command/command.h"
#include "file/atomic.h"
#include "file/reading.h"

enum { MOST_SECONDS = 5 /* of this thread's CPU, for what takes milliseconds; a slow file system takes none */ };

/* Where all ranks read the file, rank 0 speaks and its end is that of the others; one that is alone speaks after
 * `patience` seconds. */
static bool others_first;

_Noreturn static void give_up(const char *path, const char *why, int patience)
{
    const char *const words[] = {"trainax: error: '", path, "' is damaged: HDF5 ", why, " while reading it\n"};
    struct iovec line[sizeof words / sizeof *words];
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        line[k] = (struct iovec){.iov_base = (char *)words[k], .iov_len = strlen(words[k])};
    }
    if (others_first) {
        nanosleep(&(struct timespec){.tv_sec = patience}, NULL);
    }
    (void)!writev(STDERR_FILENO, line, (int)(sizeof words / sizeof *words));
    tx_atomic_remove_unfinished();
    _exit(TX_BAD_DATA);
}

/* Handlers are for one time: what is raised here ends the process as if there were none. */
static void crash(int number)
{
    const tx_reading *reading = tx_reading_now();
    if (reading->path) {
        give_up(reading->path, "crashed", 2);
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
        give_up(reading->path, "does not come to an end", 3 * MOST_SECONDS); /* where cores are shared, seconds of CPU come apart */
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
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    static char stack[1 << 16]; /* recursion without end leaves no other */
    others_first = tx_parallel_job_rank() != 0;
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t k = 0; k < sizeof crashes / sizeof *crashes; k++) {
        catch (crashes[k], crash, SA_ONSTACK | (int)SA_RESETHAND);
    }
    catch (SIGVTALRM, tick, SA_RESTART);
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_interval.tv_sec = 1, .it_value.tv_sec = 1}, NULL);
}
