/* A component goes through all checks in a child process; where that dies, another one goes on behind the check that it died of. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/shape.h"
#include "checking/checking.h"

/* clang-format off */
static const struct {
    const char *name;
    tx_check *run;
    bool batches; /* of more than one state */
} checks[] = {
    {"arrays",     tx_check_arrays,     false}, /* first: who scribbles spoils what comes after */
    {"numbers",    tx_check_numbers,    false},
    {"repetition", tx_check_repetition, false},
    {"threads",    tx_check_threads,    false},
    {"batch",      tx_check_batch,      true},
    {"jvp",        tx_check_jvp,        false},
    {"adjoint",    tx_check_adjoint,    false},
    {"gradient",   tx_check_gradient,   false},
    {"NaN",        tx_check_nan,        true},
    {"memory",     tx_check_memory,     false},
    {"time",       tx_check_time,       false},
};
/* clang-format on */
enum { NUM_CHECKS = sizeof checks / sizeof *checks };

/* What parent and child share. */
typedef struct report {
    tx_rows all;     /* behind the last: the row that is being made */
    int next;        /* where to go on if the child dies now: check `next` % NUM_CHECKS of subject `next` / NUM_CHECKS */
    bool finished;   /* all are done */
    const char *now; /* what runs: a constant */
    tx_fault fault;
} report;

/* ---- Rows ---- */

static tx_row *begin_row(report *r, const char *subject, const char *check)
{
    tx_row *row = &r->all.rows[r->all.count];
    *row = (tx_row){.check = check};
    snprintf(row->subject, sizeof row->subject, "%s", subject);
    r->now = "";
    return row;
}

/* A check that could not be tried says why. */
static void end_row(report *r, tx_row *row, const tx_error *error)
{
    if (error->status) {
        tx_find(&row->finding, TX_WRONG, "%s%s%s", r->now, *r->now ? ": " : "", error->message);
        row->finding.failed = true;
    }
    r->all.count += r->all.count + 1 < TX_MOST_ROWS;
}

/* All that is left would take as long to hang. */
static void give_up(report *r)
{
    const tx_error none = {0};
    tx_row *row = &r->all.rows[r->all.count];
    *row = row[-1];
    row->check = "the rest";
    row->finding = (tx_finding){0};
    tx_find(&row->finding, TX_NOTED, "is not tried");
    end_row(r, row, &none);
    r->next = INT32_MAX;
}

static void end_dead(report *r, int waited)
{
    const bool hangs = r->fault.signal == SIGALRM;
    tx_error error = {0};
    char text[TX_FAULT_TEXT];
    tx_fault_describe(&r->fault, waited, text);
    tx_error_set(&error, TX_FAILURE, "%s", text);
    r->fault = (tx_fault){0};
    end_row(r, &r->all.rows[r->all.count], &error);
    if (hangs) {
        give_up(r);
    }
}

/* ---- The child ---- */

/* The subjects of a component: the functions that it calls, itself as a map of states, and of its parameters. False: no more. */
static bool choose_subject(const tx_made *made, int index, tx_trial *trial, char name[TX_SUBJECT_NAME])
{
    const int maps = made->num_functions;
    trial->index = index;
    trial->create = index < maps ? tx_subject_of_function : index == maps ? tx_subject_of_states : tx_subject_of_parameters;
    if (index < maps) {
        snprintf(name, TX_SUBJECT_NAME, "its function %s", tx_made_function(made, index)->name);
    } else {
        snprintf(name, TX_SUBJECT_NAME, index == maps ? "of states" : "of its parameters");
    }
    return index <= maps || (index == maps + 1 && made->num_parameters);
}

static tx_status create_subjects(tx_trial *trial, tx_error *error)
{
    const tx_precision precision = trial->made->checked->random.precision;
    TX_TRY(trial->create(trial->made, trial->index, precision, error, &trial->own));
    trial->fine = trial->own;
    return precision == TX_FLOAT64 ? TX_OK : trial->create(trial->made, trial->index, TX_FLOAT64, error, &trial->fine);
}

static void give_back(tx_trial *trial)
{
    while (trial->num_taken) {
        tx_free(trial->taken[--trial->num_taken]);
    }
}

static void run_check(report *r, tx_trial *trial, const char *subject, int check)
{
    tx_error error = {0};
    tx_row *row = begin_row(r, subject, checks[check].name);
    tx_give_time(trial->seconds);
    checks[check].run(trial, &row->finding, &error);
    give_back(trial);
    end_row(r, row, &error);
}

static void run_subject(report *r, tx_trial *trial, const char *subject, int index)
{
    const int first = r->next % NUM_CHECKS;
    tx_error error = {0};
    tx_row *row = begin_row(r, subject, "making");
    r->next = (index + 1) * NUM_CHECKS;
    tx_give_time(0);
    if (create_subjects(trial, &error)) {
        end_row(r, row, &error);
    }
    for (int k = first; k < NUM_CHECKS && !error.status; k++) {
        r->next = index * NUM_CHECKS + k + 1;
        if (!checks[k].batches || trial->own->samples > 1) {
            run_check(r, trial, subject, k);
        }
    }
    if (trial->fine != trial->own) {
        tx_subject_destroy(trial->fine);
    }
    tx_subject_destroy(trial->own);
}

static void add_shape(report *r, tx_row *row, const tx_made *made)
{
    const tx_shape shapes[] = {tx_node_shape(made->graph, made->x), tx_node_shape(made->graph, made->y)};
    const tx_error none = {0};
    char texts[2][TX_SHAPE_TEXT];
    tx_shape_write(&shapes[0], texts[0]);
    tx_shape_write(&shapes[1], texts[1]);
    tx_find(&row->finding, TX_GOOD, "(%s) to (%s), %lld parameters", texts[0], texts[1], (long long)made->num_parameters);
    end_row(r, row, &none);
}

static void run_all(report *r, const tx_checked *checked)
{
    const int start = r->next;
    tx_error error = {0};
    tx_row *row = begin_row(r, "", "shape");
    tx_made made;
    char name[TX_SUBJECT_NAME];
    r->next = INT32_MAX;
    tx_give_time(0);
    if (tx_made_create(checked, &error, &made)) {
        row->finding.placed = error.status == TX_INVALID;
        end_row(r, row, &error);
        return;
    }
    if (start == 0) {
        add_shape(r, row, &made);
    }
    r->next = start;
    for (int index = start / NUM_CHECKS;; index++) {
        tx_trial trial = {.made = &made, .now = &r->now};
        if (!choose_subject(&made, index, &trial, name)) {
            break;
        }
        run_subject(r, &trial, name, index);
    }
    tx_made_destroy(&made);
}

/* ---- The parent ---- */

/* It leaves without what runs at exit, which is the parent's. */
_Noreturn static void be_child(report *r, const tx_checked *checked)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tx_fault_catch(&r->fault);
    run_all(r, checked);
    r->finished = true;
    _exit(0);
}

/* Tells meanwhile what it has found. */
static int await(pid_t child, const report *r, tx_table *table)
{
    int waited = 0;
    pid_t ended;
    while ((ended = waitpid(child, &waited, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        tx_table_tell(table, &r->all);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return waited;
}

static tx_status run_child(report *r, const tx_checked *checked, tx_table *table, tx_error *error)
{
    const pid_t child = fork();
    if (child < 0) {
        return tx_error_set(error, TX_FAILURE, "the system refuses a process");
    }
    if (child == 0) {
        be_child(r, checked);
    }
    const int waited = await(child, r, table);
    if (!r->finished) {
        end_dead(r, waited);
    }
    return TX_OK;
}

tx_status tx_check_component(const tx_checked *checked, tx_table *table, tx_error *error, tx_rows **out)
{
    if (tx_is_source(checked->section)) {
        return tx_check_source(checked, error, out);
    }
    report *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r == MAP_FAILED) {
        return tx_error_set(error, TX_FAILURE, "out of memory (%zu bytes asked for)", sizeof *r);
    }
    tx_status status = TX_OK;
    while (!r->finished && r->next < INT32_MAX && status == TX_OK) {
        status = run_child(r, checked, table, error);
    }
    status = status ? status : tx_allocate(sizeof **out, error, out);
    if (status == TX_OK) {
        **out = r->all;
    }
    munmap(r, sizeof *r);
    return status;
}
