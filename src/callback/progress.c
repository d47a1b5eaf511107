/* The line that tells how far training is: on a terminal ten times a second in place, elsewhere one every ten seconds. */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "trainax/callback.h"

typedef struct progress {
    double interval; /* seconds between lines */
    double next;     /* when the next one is due, on the trainer's clock */
} progress;

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    progress *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    state->interval = setup->terminal ? 0.1 : 10;
    state->next = state->interval;
    callback->state = state;
    return TX_OK;
}

/* 0:07, 12:34, 3:02:01 */
static void write_time(double seconds, char *out, size_t size)
{
    const int64_t s = (int64_t)(seconds + 0.5);
    if (s < 3600) {
        snprintf(out, size, "%" PRId64 ":%02d", s / 60, (int)(s % 60));
    } else {
        snprintf(out, size, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
    }
}

static void write_line(const tx_callback *callback, const tx_observation *seen)
{
    enum { WIDTH = 20 };
    const int64_t done = seen->step + 1;
    const double rate = seen->seconds > 0 ? (double)(done - seen->first_step) / seen->seconds : 0;
    char bar[WIDTH + 1], elapsed[32], left[32];
    for (int i = 0; i < WIDTH; i++) {
        bar[i] = (double)i < WIDTH * (double)done / (double)seen->num_steps ? '#' : ' ';
    }
    bar[WIDTH] = '\0';
    write_time(seen->seconds, elapsed, sizeof elapsed);
    write_time(rate > 0 ? (double)(seen->num_steps - done) / rate : 0, left, sizeof left);
    tx_log_write(callback->log, TX_LOG_PROGRESS,
                 "E: %05" PRId64 ", B: %05" PRId64 " %3d%%|%s| %" PRId64 "/%" PRId64 " [%s<%s, %.4g it/s, loss %.4g]", seen->epoch,
                 seen->batch, (int)(100 * done / seen->num_steps), bar, done, seen->num_steps, elapsed, left, rate, seen->loss);
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    (void)error;
    (void)cells;
    progress *state = callback->state;
    const bool last = callback->terminal && seen->step + 1 == seen->num_steps;
    if (seen->seconds >= state->next || last) {
        state->next = seen->seconds + state->interval;
        write_line(callback, seen);
    }
    return TX_OK;
}

static const tx_callback_class class_ = {.create = create, .observe = observe};
const tx_component tx_callback_progress = {
    .kind = TX_KIND_CALLBACK,
    .name = "progress",
    .summary = "a line with epoch, minibatch, loss, steps a second and time left (always on with the command)",
    .implementation = &class_,
    .may_differ = true,
};
