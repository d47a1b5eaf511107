/* Which signals end a command, for all of them alike. */
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "command/command.h"
#include "file/atomic.h"

static const struct {
    int number;
    bool unless_ignored; /* nohup, setsid: then it is not meant for this process */
} signals[] = {{SIGTERM, false}, {SIGINT, false}, {SIGUSR1, false}, {SIGUSR2, false}, {SIGXCPU, false}, {SIGHUP, true}};

static void catch (int number, bool unless_ignored, void (*handler)(int number))
{
    struct sigaction before, action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(number, NULL, &before);
    if (!unless_ignored || before.sa_handler != SIG_IGN) {
        sigaction(number, &action, NULL);
    }
}

static void catch_all(void (*handler)(int number))
{
    for (size_t k = 0; k < sizeof signals / sizeof *signals; k++) {
        catch (signals[k].number, signals[k].unless_ignored, handler);
    }
}

static volatile sig_atomic_t asked;

static void ask(int number)
{
    (void)number;
    asked = 1;
}

const volatile sig_atomic_t *tx_signals_stop(void)
{
    catch_all(ask);
    return &asked;
}

/* Rank 0 has the files. Once any rank is dead mpirun kills the others at once: those that have none leave it the time. */
static volatile sig_atomic_t others_first;

/* Ends the process by the signal itself, as a shell expects. */
static void remove_and_die(int number)
{
    sigset_t this;
    tx_atomic_remove_unfinished();
    if (others_first) {
        nanosleep(&(struct timespec){.tv_nsec = 500 * 1000 * 1000}, NULL); /* of the second that mpirun grants */
    }
    signal(number, SIG_DFL);
    sigemptyset(&this);
    sigaddset(&this, number);
    pthread_sigmask(SIG_UNBLOCK, &this, NULL);
    raise(number);
}

void tx_signals_clean_up(void)
{
    others_first = tx_parallel_job_rank() != 0;
    catch_all(remove_and_die);
    catch (SIGQUIT, true, remove_and_die); /* which a run dies of at once: what it leaves, the next one clears away */
}
