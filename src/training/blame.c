/* When training diverges: which window of the minibatch is to blame. They are looked at once more, each by itself. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "training/trainer.h"

/* The same on all ranks. */
typedef struct findings {
    int64_t bad;    /* windows of which loss or gradient is not finite */
    double worst;   /* the largest loss; infinite where there is a bad window */
    int64_t window; /* the first of that loss */
} findings;

/* How bad this rank's k-th sample is, alone in a block: infinitely, or as its loss says. */
static double look_at(const tx_trainer *trainer, const tx_fetch *fetch, int64_t k)
{
    const tx_worker *worker = trainer->workers;
    const tx_run_input input = {.windows = trainer->windows + k, .count = 1, .batch_size = fetch->minibatch.count};
    tx_run_output output = {.losses = worker->losses, .gradient = worker->gradient};
    tx_error ignored = {0};
    const tx_status status = tx_values_run(trainer->evaluator.values, trainer->evaluator.workspaces[0], &input, &output, &ignored);
    const tx_problem *problem = &trainer->problem;
    const bool finite = !status && !output.failed && isfinite(worker->losses[0]) &&
                        tx_all_finite(problem->random.precision, worker->gradient, problem->network->num_parameters);
    return finite ? fabs(worker->losses[0]) : INFINITY;
}

static void look_at_mine(const tx_trainer *trainer, const tx_fetch *fetch, findings *out, int64_t *first)
{
    for (int64_t k = 0; k < fetch->count; k++) {
        const double badness = look_at(trainer, fetch, k);
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

static tx_status look(tx_trainer *trainer, tx_error *error, findings *out)
{
    const tx_fetch *fetch = &trainer->fetches[trainer->step & 1];
    findings mine = {.worst = -1};
    int64_t first = 0;
    look_at_mine(trainer, fetch, &mine, &first);
    int64_t worst = mine.worst < 0 ? -1 : bits_of(mine.worst), bad = mine.bad;
    TX_TRY(tx_parallel_sum(trainer->parallel, &bad, 1, error));
    TX_TRY(tx_parallel_max(trainer->parallel, &worst, 1, error));
    int64_t before = mine.worst >= 0 && bits_of(mine.worst) == worst ? -first : INT64_MIN;
    TX_TRY(tx_parallel_max(trainer->parallel, &before, 1, error));
    *out = (findings){.bad = bad, .window = fetch->minibatch.windows[-before]};
    memcpy(&out->worst, &worst, sizeof worst);
    return TX_OK;
}

/* Where the window begins, in the user's words if the data can still be opened. */
static void locate(const tx_trainer *trainer, int64_t window, char *text, size_t bytes)
{
    const tx_problem *problem = &trainer->problem;
    const int64_t level = tx_windows_first_level(&problem->windows, window), levels = problem->windows.num_levels;
    tx_data_source *source;
    if (tx_data_source_create(tx_get_section(problem->root, "data"), problem->random, NULL, &source) == TX_OK) {
        tx_data_source_locate(source, level, text, bytes);
        tx_data_source_destroy(source);
    } else {
        snprintf(text, bytes, "trajectory %" PRId64 ", level %" PRId64, level / levels, level % levels);
    }
}

static void describe(const tx_trainer *trainer, const findings *found, char *text, size_t bytes)
{
    const int64_t windows = trainer->fetches[trainer->step & 1].minibatch.count;
    char place[TX_MESSAGE_SIZE / 2];
    locate(trainer, found->window, place, sizeof place);
    if (found->bad) {
        snprintf(text, bytes, "%" PRId64 " of %" PRId64 " windows, the first at %s", found->bad, windows, place);
    } else {
        snprintf(text, bytes, "of %" PRId64 " windows the largest loss, %.3g, has the one at %s", windows, found->worst, place);
    }
}

tx_status tx_trainer_blame(tx_trainer *trainer, const char *what, tx_error *error)
{
    const tx_minibatch *minibatch = &trainer->fetches[trainer->step & 1].minibatch;
    char where[TX_MESSAGE_SIZE / 2 + 128] = "";
    findings found;
    TX_TRY(look(trainer, error, &found));
    if (tx_parallel_rank(trainer->parallel) == 0) {
        describe(trainer, &found, where, sizeof where);
    }
    const tx_status status = tx_error_set(
        error, TX_DIVERGED, "training diverged at step %" PRId64 " (epoch %" PRId64 ", batch %" PRId64 "): %s (%s, counted from 0)",
        trainer->step, minibatch->epoch, minibatch->batch, what, where);
    return tx_parallel_agree(trainer->parallel, status, error); /* rank 0's words */
}
