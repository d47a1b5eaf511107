/* The same numbers in, the same bits out: once more, beside other threads, anywhere in a batch, beside a NaN. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/finite.h"
#include "base/real.h"
#include "checking/trial.h"

enum { SEED = 1 };

/* Numbers of two arrays that differ in their bits. */
static int64_t differing(tx_precision precision, const void *a, const void *b, int64_t count)
{
    const size_t bytes = tx_real_bytes(precision);
    int64_t differ = 0;
    for (int64_t k = 0; k < count; k++) {
        differ += memcmp((const char *)a + (size_t)k * bytes, (const char *)b + (size_t)k * bytes, bytes) != 0;
    }
    return differ;
}

static const double rounding[] = {[TX_FLOAT32] = 1e-5, [TX_FLOAT64] = 1e-12};

/* The largest difference, as a share of the largest number. */
static double distance(tx_precision precision, const void *a, const void *b, int64_t count)
{
    double apart = 0, largest = 0;
    for (int64_t k = 0; k < count; k++) {
        apart = fmax(apart, fabs(tx_real_get(precision, a, k) - tx_real_get(precision, b, k)));
        largest = fmax(largest, fabs(tx_real_get(precision, b, k)));
    }
    return apart == 0 ? 0 : apart / largest;
}

static char *sample_of(const tx_subject *subject, const void *reals, int64_t each, int sample)
{
    return (char *)reals + (size_t)(sample * each) * tx_real_bytes(subject->precision);
}

/* The last sample comes first. */
static void reverse(const tx_subject *subject, int64_t each, int samples, const void *from, void *to)
{
    for (int k = 0; k < samples; k++) {
        memcpy(sample_of(subject, to, each, k), sample_of(subject, from, each, samples - 1 - k),
               (size_t)each * tx_real_bytes(subject->precision));
    }
}

/* What a verb is run on, and what comes of it: all samples as they are; and turned round. */
typedef struct runs {
    tx_verb verb;
    int64_t given, result; /* numbers of a sample */
    void *d, *out;
    void *x_turned, *d_turned, *out_turned;
} runs;

static tx_status make_runs(tx_trial *trial, tx_verb verb, tx_error *error, runs *r)
{
    tx_subject *s = trial->own;
    const int n = s->samples;
    *r = (runs){.verb = verb, .given = tx_verb_given(s, verb), .result = tx_verb_result(s, verb)};
    TX_TRY(tx_trial_draw(trial, s, verb, n, SEED, error, &r->d));
    TX_TRY(tx_trial_ask(trial, s, verb, n, r->d, error, &r->out));
    TX_TRY(tx_trial_take(trial, s->precision, n * s->in, error, &r->x_turned));
    TX_TRY(tx_trial_take(trial, s->precision, n * r->given, error, &r->d_turned));
    TX_TRY(tx_trial_take(trial, s->precision, n * r->result, error, &r->out_turned));
    reverse(s, s->in, n, s->points, r->x_turned);
    reverse(s, r->given, n, r->d, r->d_turned);
    return tx_trial_run(trial, s, verb, n, r->x_turned, r->d_turned, r->out_turned, error);
}

/* Of every verb that there is, until something is found. */
static tx_status for_each_verb(tx_trial *trial, tx_finding *finding, tx_error *error,
                               tx_status (*check)(tx_trial *trial, const runs *r, tx_finding *finding, tx_error *error))
{
    for (tx_verb verb = TX_FORWARD; verb <= TX_JVP && finding->verdict != TX_WRONG; verb++) {
        if (tx_trial_has(trial->own, verb)) {
            runs r;
            TX_TRY(make_runs(trial, verb, error, &r));
            TX_TRY(check(trial, &r, finding, error));
        }
    }
    return TX_OK;
}

/* ---- Numbers ---- */

static tx_status check_finite(tx_trial *trial, const runs *r, tx_finding *finding, tx_error *error)
{
    const tx_subject *s = trial->own;
    const int64_t count = s->samples * r->result;
    int64_t not_finite = 0;
    double largest = 0;
    (void)error;
    for (int64_t k = 0; k < count; k++) {
        const double y = tx_real_get(s->precision, r->out, k);
        not_finite += !isfinite(y);
        largest = fmax(largest, fabs(y));
    }
    if (not_finite) {
        return tx_find(finding, TX_WRONG, "%s: %lld of %lld numbers are not finite, or not set", tx_verb_name[r->verb],
                       (long long)not_finite, (long long)count);
    }
    return r->verb == TX_FORWARD ? tx_find(finding, TX_GOOD, "finite, the largest %.3g", largest) : TX_OK;
}

/* A vjp that adds, to its own result: twice that. */
static tx_status check_adding(tx_trial *trial, const runs *r, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->own;
    const int64_t count = s->samples * r->result;
    void *twice;
    if (r->verb != TX_VJP || !s->adds) {
        return TX_OK;
    }
    TX_TRY(tx_trial_take(trial, s->precision, count, error, &twice));
    memcpy(twice, r->out, (size_t)count * tx_real_bytes(s->precision));
    TX_TRY(s->class_->run(s, TX_VJP, s->samples, s->points, r->d, twice, error));
    for (int64_t k = 0; k < count; k++) {
        tx_real_put(s->precision, twice, k, tx_real_get(s->precision, twice, k) / 2);
    }
    return distance(s->precision, twice, r->out, count) <= rounding[s->precision]
               ? TX_OK
               : tx_find(finding, TX_WRONG, "vjp: says that it adds to what it finds, and does not");
}

tx_status tx_check_numbers(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    TX_TRY(for_each_verb(trial, finding, error, check_finite));
    return finding->verdict == TX_WRONG ? TX_OK : for_each_verb(trial, finding, error, check_adding);
}

/* ---- Bits ---- */

static tx_status compare(const tx_trial *trial, const runs *r, const void *found, const void *expected, int samples,
                         const char *when, tx_finding *finding)
{
    const int64_t count = samples * r->result, differ = differing(trial->own->precision, found, expected, count);
    return differ ? tx_find(finding, TX_WRONG, "%s: %lld of %lld numbers differ %s", tx_verb_name[r->verb], (long long)differ,
                            (long long)count, when)
                  : TX_OK;
}

/* Something else has run meanwhile. */
static tx_status repeat(tx_trial *trial, const runs *r, tx_finding *finding, tx_error *error)
{
    void *again;
    TX_TRY(tx_trial_ask(trial, trial->own, r->verb, trial->own->samples, r->d, error, &again));
    return compare(trial, r, again, r->out, trial->own->samples, "when it is called again", finding);
}

/* As in the later steps of a rollout. */
static tx_status ask_after(tx_trial *trial, const runs *r, const void *elsewhere, tx_error *error, void *out)
{
    trial->own->meanwhile = elsewhere;
    const tx_status status = tx_trial_ask(trial, trial->own, r->verb, trial->own->samples, r->d, error, out);
    trial->own->meanwhile = NULL;
    return status;
}

/* Whose derivative is where its forward has been last is right for one step alone. */
static tx_status repeat_later(tx_trial *trial, const runs *r, tx_finding *finding, tx_error *error)
{
    void *at_once, *later;
    if (r->verb == TX_FORWARD) {
        return TX_OK;
    }
    TX_TRY(ask_after(trial, r, trial->own->points, error, &at_once));
    TX_TRY(ask_after(trial, r, r->x_turned, error, &later));
    return compare(trial, r, later, at_once, trial->own->samples, "when forward has been called elsewhere meanwhile", finding);
}

tx_status tx_check_repetition(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_find(finding, TX_GOOD, "the same bits when called again");
    TX_TRY(for_each_verb(trial, finding, error, repeat));
    return for_each_verb(trial, finding, error, repeat_later);
}

/* ---- Batches ---- */

/* A state alone is a block of another size, where sums may go another way. */
static tx_status place_alone(tx_trial *trial, const runs *r, void *part, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->own;
    TX_TRY(tx_trial_run(trial, s, r->verb, 1, s->points, r->d, part, error));
    const double apart = distance(s->precision, part, r->out, r->result);
    return apart <= rounding[s->precision]
               ? TX_OK
               : tx_find(finding, TX_WRONG, "%s: numbers differ when a state comes alone, by %.1e", tx_verb_name[r->verb], apart);
}

static tx_status place(tx_trial *trial, const runs *r, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->own;
    void *turned, *part;
    TX_TRY(tx_trial_take(trial, s->precision, s->samples * r->result, error, &turned));
    TX_TRY(tx_trial_take(trial, s->precision, 2 * r->result, error, &part));
    reverse(s, r->result, s->samples, r->out_turned, turned);
    TX_TRY(compare(trial, r, turned, r->out, s->samples, "when the states stand elsewhere in the batch", finding));
    if (finding->verdict != TX_WRONG) {
        TX_TRY(tx_trial_run(trial, s, r->verb, 2, s->points, r->d, part, error));
        TX_TRY(compare(trial, r, part, r->out, 2, "in a batch of two", finding));
    }
    return finding->verdict == TX_WRONG ? TX_OK : place_alone(trial, r, part, finding, error);
}

tx_status tx_check_batch(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_find(finding, TX_GOOD, "the same bits anywhere in batches of 2 and %d, the same numbers alone", trial->own->samples);
    return for_each_verb(trial, finding, error, place);
}

/* ---- Threads ---- */

typedef struct worker {
    tx_trial trial; /* of its own */
    const char *now;
    pthread_barrier_t *start;
    tx_verb verb;
    const void *x, *d, *expected;
    int64_t result, differ;
    tx_error error;
} worker;

static tx_status work(worker *w, tx_subject *s)
{
    void *out;
    TX_TRY(tx_trial_take(&w->trial, s->precision, s->samples * w->result, &w->error, &out));
    for (int k = tx_trial_times(&w->trial); k > 0; k--) {
        TX_TRY(tx_trial_run(&w->trial, s, w->verb, s->samples, w->x, w->d, out, &w->error));
        w->differ += differing(s->precision, out, w->expected, s->samples * w->result);
    }
    return TX_OK;
}

static void *run_worker(void *argument)
{
    worker *w = argument;
    tx_trial *trial = &w->trial;
    tx_subject *subject = NULL;
    trial->create(trial->made, trial->index, trial->own->precision, &w->error, &subject);
    pthread_barrier_wait(w->start);
    if (subject) {
        work(w, subject);
    }
    tx_subject_destroy(subject);
    while (trial->num_taken) {
        tx_free(trial->taken[--trial->num_taken]);
    }
    return NULL;
}

/* Starts as many of the two as the system has threads for, and waits for them. They begin together. */
static int run_workers(worker workers[2])
{
    pthread_t threads[2];
    pthread_barrier_t start;
    int started = 0;
    pthread_barrier_init(&start, NULL, 2);
    workers[0].start = workers[1].start = &start;
    while (started < 2 && pthread_create(&threads[started], NULL, run_worker, &workers[started]) == 0) {
        started++;
    }
    if (started == 1) {
        pthread_barrier_wait(&start); /* in the place of the other one */
    }
    for (int k = 0; k < started; k++) {
        pthread_join(threads[k], NULL);
    }
    pthread_barrier_destroy(&start);
    return started;
}

/* Two threads at the same time, each with what is a thread's own, on different states. */
static tx_status beside(tx_trial *trial, const runs *r, tx_finding *finding, tx_error *error)
{
    worker first = {.trial = *trial, .verb = r->verb, .x = trial->own->points, .d = r->d, .expected = r->out, .result = r->result};
    first.trial.num_taken = 0;
    worker workers[2] = {first, first};
    workers[0].trial.now = &workers[0].now;
    workers[1].trial.now = &workers[1].now;
    workers[1].x = r->x_turned;
    workers[1].d = r->d_turned;
    workers[1].expected = r->out_turned;
    if (run_workers(workers) < 2) {
        return tx_error_set(error, TX_FAILURE, "the system refuses a thread");
    }
    for (int k = 0; k < 2; k++) {
        if (workers[k].error.status) {
            return tx_error_set(error, workers[k].error.status, "on another thread: %s", workers[k].error.message);
        }
    }
    return workers[0].differ + workers[1].differ
               ? tx_find(finding, TX_WRONG, "%s: numbers differ when two threads call it at the same time", tx_verb_name[r->verb])
               : TX_OK;
}

tx_status tx_check_threads(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_find(finding, TX_GOOD, "the same bits on two threads at the same time");
    return for_each_verb(trial, finding, error, beside);
}

/* ---- NaN ---- */

/* The second state; who refuses it, refuses all that it was given. */
tx_status tx_check_nan(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->own;
    tx_error refused = {0};
    runs r;
    void *x, *out;
    TX_TRY(make_runs(trial, TX_FORWARD, error, &r));
    TX_TRY(tx_trial_take(trial, s->precision, s->samples * s->in, error, &x));
    TX_TRY(tx_trial_take(trial, s->precision, s->samples * r.result, error, &out));
    memcpy(x, s->points, (size_t)(s->samples * s->in) * tx_real_bytes(s->precision));
    for (int64_t k = s->in; k < 2 * s->in; k++) {
        tx_real_put(s->precision, x, k, (double)NAN);
    }
    if (tx_trial_run(trial, s, TX_FORWARD, s->samples, x, NULL, out, &refused)) {
        return tx_find(finding, TX_GOOD, "is refused: %s", refused.message);
    }
    const bool stays = !tx_all_finite(s->precision, sample_of(s, out, r.result, 1), r.result);
    memcpy(sample_of(s, out, r.result, 1), sample_of(s, r.out, r.result, 1), (size_t)r.result * tx_real_bytes(s->precision));
    tx_find(finding, stays ? TX_GOOD : TX_NOTED,
            stays ? "stays NaN, and in its state" : "a state of NaN gives finite numbers: it will not be noticed");
    return compare(trial, &r, out, r.out, s->samples, "beside a state of NaN", finding);
}
