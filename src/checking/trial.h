/* A check: what it is given, what it finds. */
#pragma once

#include "checking/guarded.h"
#include "checking/subject.h"

typedef enum tx_verdict { TX_GOOD, TX_NOTED, TX_WRONG } tx_verdict;
enum { TX_FINDING_TEXT = 320 };
typedef struct tx_finding {
    tx_verdict verdict;
    char text[TX_FINDING_TEXT];
    bool placed; /* with the place in the user's file */
    bool failed; /* it could not be tried */
} tx_finding;
/* Returns TX_OK. */
tx_status tx_find(tx_finding *finding, tx_verdict verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));

enum { TX_MOST_TAKEN = 64 };
typedef struct tx_trial {
    const tx_made *made;
    tx_status (*create)(const tx_made *made, int index, tx_precision precision, tx_error *error, tx_subject **out);
    int index;
    tx_subject *own, *fine; /* in the precision of the run, and in double: maybe the same */
    double seconds;         /* that forward took for all samples; 0: not known yet */
    const char **now;       /* for who reads it after a crash: what runs ("vjp") */
    void *taken[TX_MOST_TAKEN];
    int num_taken;
} tx_trial;

/* Zeros until the end of the check. */
tx_status tx_trial_take(tx_trial *trial, tx_precision precision, int64_t count, tx_error *error, void *out);
/* Random numbers, the same each time for the same seed, as large as a verb's d has to be: those of JVP as the points. */
tx_status tx_trial_draw(tx_trial *trial, const tx_subject *subject, tx_verb verb, int samples, int seed, tx_error *error,
                        void *out);
/* Runs a verb of a subject into an array that holds no numbers before, or zeros to add to. */
tx_status tx_trial_run(tx_trial *trial, tx_subject *subject, tx_verb verb, int samples, const void *x, const void *d, void *out,
                       tx_error *error);
/* The same, on its first points, into an array that is taken. */
tx_status tx_trial_ask(tx_trial *trial, tx_subject *subject, tx_verb verb, int samples, const void *d, tx_error *error, void *out);
/* How often something short is tried: 20 times, or as often as a tenth of a second has room for, twice at least. */
int tx_trial_times(const tx_trial *trial);
/* Who runs much longer than a call's time does not come back: SIGALRM. 0: not known yet, a minute. */
void tx_give_time(double seconds);
bool tx_trial_has(const tx_subject *subject, tx_verb verb);

/* What is wrong is found; a status says that it could not be tried: of a user's function that fails, it is what is found. */
typedef tx_status tx_check(tx_trial *trial, tx_finding *finding, tx_error *error);
tx_check tx_check_numbers, tx_check_repetition, tx_check_threads, tx_check_batch, tx_check_nan, tx_check_arrays, tx_check_jvp,
    tx_check_adjoint, tx_check_gradient, tx_check_memory, tx_check_time;
