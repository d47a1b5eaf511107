/* What checks are made of: numbers to run on, and runs. */
#include "checking/trial.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/format.h"
#include "base/real.h"

tx_status tx_find(tx_finding *finding, tx_verdict verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    finding->verdict = verdict;
    tx_format_list(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
    return TX_OK;
}

tx_status tx_trial_take(tx_trial *trial, tx_precision precision, int64_t count, tx_error *error, void *out)
{
    if (trial->num_taken == TX_MOST_TAKEN) {
        return tx_error_set(error, TX_FAILURE, "a check takes too many arrays");
    }
    TX_TRY(tx_allocate_array((size_t)count, tx_real_bytes(precision), error, out));
    trial->taken[trial->num_taken++] = *(void **)out;
    return TX_OK;
}

/* Their root mean square; 1 where all are zero. */
static double size_of_points(const tx_subject *subject)
{
    const int64_t count = subject->samples * subject->in;
    double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        const double x = tx_real_get(subject->precision, subject->points, k);
        sum += x * x;
    }
    return sum > 0 ? sqrt(sum / (double)count) : 1;
}

tx_status tx_trial_draw(tx_trial *trial, const tx_subject *subject, tx_verb verb, int samples, int seed, tx_error *error, void *out)
{
    const tx_random random = {TX_STREAM_PARTITIONABLE, TX_FLOAT64};
    const int64_t count = samples * tx_verb_given(subject, verb);
    const double size = verb == TX_JVP ? size_of_points(subject) : 1;
    double *drawn;
    TX_TRY(tx_trial_take(trial, TX_FLOAT64, count, error, &drawn));
    tx_random_normal(random, tx_key_make(random, seed), (size_t)count, drawn);
    for (int64_t k = 0; k < count; k++) { /* each at or before its double */
        tx_real_put(subject->precision, drawn, k, size * drawn[k]);
    }
    *(void **)out = drawn;
    return TX_OK;
}

tx_status tx_trial_run(tx_trial *trial, tx_subject *subject, tx_verb verb, int samples, const void *x, const void *d, void *out,
                       tx_error *error)
{
    *trial->now = tx_verb_name[verb];
    memset(out, verb == TX_VJP && subject->adds ? 0 : 0xff,
           (size_t)(samples * tx_verb_result(subject, verb)) * tx_real_bytes(subject->precision));
    return subject->class_->run(subject, verb, samples, x, d, out, error);
}

tx_status tx_trial_ask(tx_trial *trial, tx_subject *subject, tx_verb verb, int samples, const void *d, tx_error *error, void *out)
{
    TX_TRY(tx_trial_take(trial, subject->precision, samples * tx_verb_result(subject, verb), error, out));
    return tx_trial_run(trial, subject, verb, samples, subject->points, d, *(void **)out, error);
}

void tx_give_time(double seconds)
{
    alarm((unsigned)(60 + 1000 * seconds));
}

bool tx_trial_has(const tx_subject *subject, tx_verb verb)
{
    return subject->lacks[verb].status == TX_OK;
}

int tx_trial_times(const tx_trial *trial)
{
    const double fit = 0.1 / fmax(trial->seconds, 1e-9);
    return fit < 2 ? 2 : fit > 20 ? 20 : (int)fit;
}
