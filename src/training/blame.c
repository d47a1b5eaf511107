/* When training diverges: which window of the minibatch is to blame. They are looked at once more, each by itself. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "training/trainer.h"

/* Of this rank's windows. */
typedef struct findings {
    int64_t bad;                /* those of which loss or gradient is not finite; in the end, of all ranks */
    double worst;               /* the largest loss; infinite where there is a bad window */
    int64_t first;              /* of that loss: its place in the minibatch */
    tx_function_failure failed; /* there */
    bool mine;                  /* it is all ranks' first of the largest */
} findings;

static void look_at_mine(const tx_member *member, findings *out)
{
    const int64_t first = member->given ? 0 : tx_fetching_of(&member->fetching, member->step)->first;
    const tx_share share = tx_member_share(member);
    for (int64_t k = 0; k < share.count; k++) {
        tx_function_failure failed;
        const double badness = tx_workers_badness(&member->trainer->workers, &member->evaluator, &share, k, &failed);
        out->bad += isinf(badness) != 0;
        if (badness > out->worst) {
            out->worst = badness;
            out->first = first + k;
            out->failed = failed;
        }
    }
}

/* Numbers above 0 are ordered as their bits are. */
static int64_t bits_of(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static tx_status look(const tx_member *member, tx_error *error, findings *out)
{
    tx_parallel *parallel = member->trainer->parallel;
    *out = (findings){.worst = -1};
    look_at_mine(member, out);
    const int64_t mine = out->worst < 0 ? -1 : bits_of(out->worst);
    int64_t worst = mine;
    TX_TRY(tx_parallel_sum(parallel, &out->bad, 1, error));
    TX_TRY(tx_parallel_max(parallel, &worst, 1, error));
    const bool among = mine >= 0 && mine == worst;
    int64_t before = among ? -out->first : INT64_MIN;
    TX_TRY(tx_parallel_max(parallel, &before, 1, error));
    out->mine = among && before == -out->first;
    return TX_OK;
}

/* Where the window begins, in the user's words if the data can still be opened. */
static void locate(const tx_problem *problem, int64_t window, char *text, size_t bytes)
{
    const int64_t level = tx_windows_first_level(&problem->windows, window), levels = problem->windows.num_levels;
    const tx_data_setup setup = {.random = problem->random, .isa = tx_backend_isa(problem->backend)};
    tx_data_source *source;
    if (tx_data_source_create(tx_get_section(problem->root, "data"), setup, NULL, &source) == TX_OK) {
        tx_data_source_locate(source, level, text, bytes);
        tx_data_source_destroy(source);
    } else {
        snprintf(text, bytes, "trajectory %" PRId64 ", level %" PRId64, level / levels, level % levels);
    }
}

static void describe(const tx_member *member, const findings *found, char *text, size_t bytes)
{
    tx_minibatch minibatch; /* that of the next step may have been asked for in between */
    char place[TX_MESSAGE_SIZE / 2];
    tx_mixer_minibatch(member->fetching.mixer, member->step, &minibatch);
    locate(&member->trainer->problem, minibatch.windows[found->first], place, sizeof place);
    if (found->bad) {
        snprintf(text, bytes, "%" PRId64 " of %" PRId64 " windows, the first at %s", found->bad, minibatch.count, place);
    } else {
        snprintf(text, bytes, "of %" PRId64 " windows the largest loss, %.3g, has the one at %s", minibatch.count, found->worst,
                 place);
    }
}

/* Of windows that the program has given, which nobody else knows. */
static tx_status tell_given(const tx_member *member, const char *what, const findings *found, tx_error *error)
{
    return tx_error_set(error, TX_DIVERGED,
                        "training diverged at step %" PRId64 ": %s (the sample with the largest loss is number %" PRId64
                        " of those of its rank, counted from 0)",
                        member->step, what, found->first);
}

/* Whose window it is speaks. */
static tx_status tell(const tx_member *member, const char *what, const findings *found, tx_error *error)
{
    if (member->given) {
        return tell_given(member, what, found, error);
    }
    const tx_minibatch *minibatch = &tx_fetching_of(&member->fetching, member->step)->minibatch;
    const tx_function_failure *failed = &found->failed;
    char cause[TX_MESSAGE_SIZE / 2] = "the function ", where[TX_MESSAGE_SIZE / 2 + 128];
    if (failed->function) {
        const size_t used = strlen(cause);
        tx_function_failure_write(failed, cause + used, sizeof cause - used);
        what = cause;
    }
    describe(member, found, where, sizeof where);
    return tx_error_set(error, TX_DIVERGED,
                        "training diverged at step %" PRId64 " (epoch %" PRId64 ", batch %" PRId64 "): %s (%s, counted from 0)",
                        member->step, minibatch->epoch, minibatch->batch, what, where);
}

tx_status tx_member_blame(tx_member *member, const char *what, tx_error *error)
{
    findings found;
    TX_TRY(look(member, error, &found));
    return tx_parallel_agree(member->trainer->parallel, found.mine ? tell(member, what, &found, error) : TX_OK, error);
}
