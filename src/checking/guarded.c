/* Arrays between forbidden pages: who reaches beyond one of them dies, and where is written down. */
#include "checking/trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where this process writes down what it dies of: handlers have no other way to know. */
static tx_fault *told;

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- Arrays ---- */

static void enlist(const tx_guarded *array)
{
    for (int k = 0; told && k < TX_MOST_GUARDED; k++) {
        if (!told->arrays[k].name) {
            told->arrays[k] = *array;
            return;
        }
    }
}

tx_status tx_guarded_create(const char *name, size_t bytes, tx_edge edge, tx_error *error, tx_guarded *out)
{
    const size_t page = page_size(), own = (bytes + page) / page * page, all = own + 2 * page;
    char *pages = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + page, own, PROT_READ | PROT_WRITE)) {
        return tx_error_set(error, TX_FAILURE, "out of memory (%zu bytes asked for)", all);
    }
    *out = (tx_guarded){name, pages + page + (edge == TX_AT_END ? own - bytes : 0), bytes, pages, all};
    enlist(out);
    return TX_OK;
}

void tx_guarded_destroy(tx_guarded *array)
{
    if (!array->name) {
        return;
    }
    for (int k = 0; told && k < TX_MOST_GUARDED; k++) {
        told->arrays[k].name = told->arrays[k].pages == array->pages ? NULL : told->arrays[k].name;
    }
    munmap(array->pages, array->page_bytes);
    *array = (tx_guarded){0};
}

void tx_guarded_lock(const tx_guarded *array)
{
    const size_t page = page_size();
    mprotect(array->pages + page, array->page_bytes - 2 * page, PROT_READ);
}

/* ---- Faults ---- */

static void die(int number, siginfo_t *info, void *unused)
{
    (void)unused;
    told->signal = number;
    told->address = info->si_addr;
    _exit(1);
}

void tx_fault_catch(tx_fault *fault)
{
    static const int deaths[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
    static char stack[1 << 16]; /* recursion without end leaves no other */
    struct sigaction action = {.sa_sigaction = die, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    told = fault;
    sigemptyset(&action.sa_mask);
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t k = 0; k < sizeof deaths / sizeof *deaths; k++) {
        sigaction(deaths[k], &action, NULL);
    }
}

static const tx_guarded *find_array(const tx_fault *fault)
{
    for (int k = 0; k < TX_MOST_GUARDED && (fault->signal == SIGSEGV || fault->signal == SIGBUS); k++) {
        const tx_guarded *array = &fault->arrays[k];
        if (array->name && fault->address >= array->pages && fault->address < array->pages + array->page_bytes) {
            return array;
        }
    }
    return NULL;
}

static void describe_place(const tx_guarded *array, const char *address, char text[TX_FAULT_TEXT])
{
    const char *end = array->data + array->bytes;
    if (address < array->data) {
        snprintf(text, TX_FAULT_TEXT, "touches memory %td bytes before %s", array->data - address, array->name);
    } else if (address < end) {
        snprintf(text, TX_FAULT_TEXT, "writes to %s, which it may only read", array->name);
    } else if (address == end) {
        snprintf(text, TX_FAULT_TEXT, "touches memory right behind the end of %s", array->name);
    } else {
        snprintf(text, TX_FAULT_TEXT, "touches memory %td bytes behind the end of %s", address - end, array->name);
    }
}

void tx_fault_describe(const tx_fault *fault, int waited, char text[TX_FAULT_TEXT])
{
    const tx_guarded *array = find_array(fault);
    if (array) {
        describe_place(array, fault->address, text);
    } else if (fault->signal == SIGALRM) {
        snprintf(text, TX_FAULT_TEXT, "does not come back");
    } else if (fault->signal || WIFSIGNALED(waited)) {
        snprintf(text, TX_FAULT_TEXT, "crashes: %s", strsignal(fault->signal ? fault->signal : WTERMSIG(waited)));
    } else {
        snprintf(text, TX_FAULT_TEXT, "ends the process with the exit code %d", WEXITSTATUS(waited));
    }
}

/* ---- Trying ---- */

typedef struct attempt {
    tx_fault fault;
    bool done;
} attempt;

_Noreturn static void do_work(attempt *a, void (*work)(void *argument), void *argument)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tx_fault_catch(&a->fault);
    tx_give_time(0);
    work(argument);
    a->done = true;
    _exit(0);
}

tx_status tx_fault_try(void (*work)(void *argument), void *argument, tx_error *error)
{
    attempt *a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const pid_t child = a == MAP_FAILED ? -1 : fork();
    char text[TX_FAULT_TEXT];
    int waited = 0;
    if (child == 0) {
        do_work(a, work, argument);
    }
    while (child > 0 && waitpid(child, &waited, 0) < 0 && errno == EINTR) {
    }
    const bool done = child > 0 && a->done;
    if (child > 0) {
        tx_fault_describe(&a->fault, waited, text);
    }
    if (a != MAP_FAILED) {
        munmap(a, sizeof *a);
    }
    return done ? TX_OK : tx_error_set(error, TX_FAILURE, "%s", child > 0 ? text : "the system refuses a process");
}
