/* What a call takes: its arrays and nothing beside them, memory that it gives back, time. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/format.h"
#include "checking/trial.h"

enum { SEED = 6 };

/* ---- Arrays ---- */

static const struct {
    const char *given, *result;
} names[TX_VERBS] = {{"nothing", "y"}, {"dy", "dx"}, {"dx", "dy"}};

typedef struct arrays {
    tx_guarded x, d, out;
} arrays;

static tx_status make_arrays(const tx_subject *s, tx_verb verb, int samples, tx_edge edge, tx_error *error, arrays *a)
{
    const size_t each = (size_t)samples * tx_real_bytes(s->precision);
    TX_TRY(tx_guarded_create("x", (size_t)s->in * each, edge, error, &a->x));
    TX_TRY(tx_guarded_create(names[verb].given, (size_t)tx_verb_given(s, verb) * each, edge, error, &a->d));
    return tx_guarded_create(names[verb].result, (size_t)tx_verb_result(s, verb) * each, edge, error, &a->out);
}

static tx_status run_guarded(tx_trial *trial, tx_verb verb, int samples, tx_edge edge, tx_error *error)
{
    tx_subject *s = trial->own;
    arrays a = {0};
    void *d;
    TX_TRY(tx_trial_draw(trial, s, verb, samples, SEED, error, &d));
    tx_status status = make_arrays(s, verb, samples, edge, error, &a);
    if (status == TX_OK) {
        memcpy(a.x.data, s->points, a.x.bytes);
        memcpy(a.d.data, d, a.d.bytes);
        tx_guarded_lock(&a.x);
        tx_guarded_lock(&a.d);
        const double begin = tx_clock();
        status = tx_trial_run(trial, s, verb, samples, a.x.data, a.d.data, a.out.data, error);
        trial->seconds = verb == TX_FORWARD ? tx_clock() - begin : trial->seconds;
        tx_give_time(trial->seconds);
    }
    tx_guarded_destroy(&a.x);
    tx_guarded_destroy(&a.d);
    tx_guarded_destroy(&a.out);
    return status;
}

/* Who touches something else does not come back. */
tx_status tx_check_arrays(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    for (tx_verb verb = TX_FORWARD; verb <= TX_JVP; verb++) {
        for (int k = 0; k < 4 && tx_trial_has(trial->own, verb); k++) {
            const int samples = k < 2 ? 1 : trial->own->samples;
            TX_TRY(run_guarded(trial, verb, samples, k % 2 ? TX_AT_BEGINNING : TX_AT_END, error));
        }
    }
    return tx_find(finding, TX_GOOD, "nothing is touched outside of them");
}

/* ---- Memory ---- */

/* What this process has taken: of the allocator, and in pages that it has touched. */
typedef struct taken {
    int64_t allocated, resident;
} taken;

static taken look(void)
{
    const struct mallinfo2 info = mallinfo2();
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    const bool read = file && fscanf(file, "%*d %ld", &pages) == 1;
    if (file) {
        fclose(file);
    }
    return (taken){(int64_t)(info.uordblks + info.hblkhd), read ? pages * sysconf(_SC_PAGESIZE) : 0};
}

typedef struct calls {
    tx_trial *trial;
    tx_verb verb;
    int count;
    void *d, *out;
} calls;

static tx_status call(const calls *c, tx_error *error)
{
    tx_subject *s = c->trial->own;
    for (int k = 0; k < c->count; k++) {
        TX_TRY(tx_trial_run(c->trial, s, c->verb, s->samples, s->points, c->d, c->out, error));
    }
    return TX_OK;
}

static tx_status make_and_destroy(const calls *c, tx_error *error)
{
    const tx_trial *trial = c->trial;
    for (int k = 0; k < c->count; k++) {
        tx_made made;
        tx_subject *subject;
        TX_TRY(tx_made_create(trial->made->checked, error, &made));
        const tx_status status = trial->create(&made, trial->index, trial->own->precision, error, &subject);
        if (status == TX_OK) {
            tx_subject_destroy(subject);
        }
        tx_made_destroy(&made);
        TX_TRY(status);
    }
    return TX_OK;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Bytes that `work` leaves behind at each of its calls, time after time; the first time may fill caches. Pages count where each
 * call leaves a whole one. */
static tx_status watch(tx_status (*work)(const calls *c, tx_error *error), const calls *c, tx_error *error, int64_t *left)
{
    enum { ROUNDS = 16 };
    taken grown = {INT64_MAX, INT64_MAX};
    for (int k = 0; k < ROUNDS && (grown.allocated > 0 || grown.resident > 0); k++) {
        const taken before = look();
        TX_TRY(work(c, error));
        const taken after = look();
        grown.allocated = lesser(grown.allocated, after.allocated - before.allocated);
        grown.resident = lesser(grown.resident, after.resident - before.resident);
    }
    const int64_t pages = grown.resident / c->count;
    *left = grown.allocated >= c->count ? grown.allocated / c->count : pages >= sysconf(_SC_PAGESIZE) ? pages : 0;
    return TX_OK;
}

static tx_status watch_verb(tx_trial *trial, tx_verb verb, tx_finding *finding, tx_error *error)
{
    tx_subject *s = trial->own;
    calls c = {.trial = trial, .verb = verb, .count = tx_trial_times(trial)};
    int64_t left;
    TX_TRY(tx_trial_draw(trial, s, verb, s->samples, SEED, error, &c.d));
    TX_TRY(tx_trial_take(trial, s->precision, s->samples * tx_verb_result(s, verb), error, &c.out));
    TX_TRY(watch(call, &c, error, &left));
    return left ? tx_find(finding, TX_WRONG, "%s leaves %lld bytes behind at each call", tx_verb_name[verb], (long long)left)
                : TX_OK;
}

tx_status tx_check_memory(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    const calls c = {.trial = trial, .count = 3};
    int64_t left;
    if (look().allocated == 0) {
        return tx_find(finding, TX_NOTED, "not looked at: the allocator is not the C library's");
    }
    tx_find(finding, TX_GOOD, "all is given back");
    for (tx_verb verb = TX_FORWARD; verb <= TX_JVP && finding->verdict != TX_WRONG; verb++) {
        TX_TRY(tx_trial_has(trial->own, verb) ? watch_verb(trial, verb, finding, error) : TX_OK);
    }
    if (finding->verdict == TX_WRONG) {
        return TX_OK;
    }
    TX_TRY(watch(make_and_destroy, &c, error, &left));
    return left ? tx_find(finding, TX_WRONG, "%lld bytes are left when it is made and destroyed", (long long)left) : TX_OK;
}

/* ---- Time ---- */

/* The best of some calls, for a state. */
static tx_status measure(tx_trial *trial, tx_verb verb, tx_error *error, double *out)
{
    tx_subject *s = trial->own;
    void *d, *result;
    double best = INFINITY;
    TX_TRY(tx_trial_draw(trial, s, verb, s->samples, SEED, error, &d));
    TX_TRY(tx_trial_ask(trial, s, verb, s->samples, d, error, &result));
    for (int k = tx_trial_times(trial); k > 0; k--) {
        const double begin = tx_clock();
        TX_TRY(tx_trial_run(trial, s, verb, s->samples, s->points, d, result, error));
        best = fmin(best, tx_clock() - begin);
    }
    *out = best / s->samples;
    return TX_OK;
}

tx_status tx_check_time(tx_trial *trial, tx_finding *finding, tx_error *error)
{
    double forward, other;
    char ratios[64] = "";
    TX_TRY(measure(trial, TX_FORWARD, error, &forward));
    for (tx_verb verb = TX_VJP; verb <= TX_JVP; verb++) {
        if (tx_trial_has(trial->own, verb)) {
            TX_TRY(measure(trial, verb, error, &other));
            tx_format(ratios + strlen(ratios), sizeof ratios - strlen(ratios), ", %s %.2g times that", tx_verb_name[verb],
                      other / forward);
        }
    }
    return tx_find(finding, TX_GOOD, "forward %.3g us a %s%s", 1e6 * forward, trial->own->samples > 1 ? "state" : "call", ratios);
}
