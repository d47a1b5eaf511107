/* When training diverges: which window of the minibatch is to blame. They are looked at once more, each by itself. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "training/trainer.h"

/* The same on all ranks. */
typedef struct findings {
    int64_t bad;    /* windows of which loss or gradient is not finite */
    double worst;   /* the largest loss; infinite where there is a bad window */
    int64_t window; /* the first of that loss */
} findings;

static void look_at_mine(const tx_member *member, findings *out, int64_t *first)
{
    const tx_fetch *fetch = tx_fetching_of(&member->fetching, member->step);
    const tx_share share = tx_fetching_share(&member->fetching, member->step);
    for (int64_t k = 0; k < share.count; k++) {
        const double badness = tx_workers_badness(&member->trainer->workers, &member->evaluator, &share, k);
        out->bad += isinf(badness) != 0;
        if (badness > out->worst) {
            out->worst = badness;
            *first = fetch->first + k;
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
    findings mine = {.worst = -1};
    int64_t first = 0;
    look_at_mine(member, &mine, &first);
    int64_t worst = mine.worst < 0 ? -1 : bits_of(mine.worst), bad = mine.bad;
    TX_TRY(tx_parallel_sum(parallel, &bad, 1, error));
    TX_TRY(tx_parallel_max(parallel, &worst, 1, error));
    int64_t before = mine.worst >= 0 && bits_of(mine.worst) == worst ? -first : INT64_MIN;
    TX_TRY(tx_parallel_max(parallel, &before, 1, error));
    tx_minibatch minibatch; /* that of the next step may have been asked for in between */
    tx_mixer_minibatch(member->fetching.mixer, member->step, &minibatch);
    *out = (findings){.bad = bad, .window = minibatch.windows[-before]};
    memcpy(&out->worst, &worst, sizeof worst);
    return TX_OK;
}

/* Where the window begins, in the user's words if the data can still be opened. */
static void locate(const tx_problem *problem, int64_t window, char *text, size_t bytes)
{
    const int64_t level = tx_windows_first_level(&problem->windows, window), levels = problem->windows.num_levels;
    const tx_data_setup setup = {.random = problem->random, .isa = problem->isa};
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
    const int64_t windows = tx_fetching_of(&member->fetching, member->step)->minibatch.count;
    char place[TX_MESSAGE_SIZE / 2];
    locate(&member->trainer->problem, found->window, place, sizeof place);
    if (found->bad) {
        snprintf(text, bytes, "%" PRId64 " of %" PRId64 " windows, the first at %s", found->bad, windows, place);
    } else {
        snprintf(text, bytes, "of %" PRId64 " windows the largest loss, %.3g, has the one at %s", windows, found->worst, place);
    }
}

tx_status tx_member_blame(tx_member *member, const char *what, tx_error *error)
{
    tx_parallel *parallel = member->trainer->parallel;
    const tx_minibatch *minibatch = &tx_fetching_of(&member->fetching, member->step)->minibatch;
    char where[TX_MESSAGE_SIZE / 2 + 128] = "";
    findings found;
    TX_TRY(look(member, error, &found));
    if (tx_parallel_rank(parallel) == 0) {
        describe(member, &found, where, sizeof where);
    }
    const tx_status status = tx_error_set(
        error, TX_DIVERGED, "training diverged at step %" PRId64 " (epoch %" PRId64 ", batch %" PRId64 "): %s (%s, counted from 0)",
        member->step, minibatch->epoch, minibatch->batch, what, where);
    return tx_parallel_agree(parallel, status, error); /* rank 0's words */
}
