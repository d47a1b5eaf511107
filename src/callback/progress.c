/* The line that tells how far training is: on a terminal ten times a second in place, elsewhere one every ten seconds. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/format.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "trainax/callback.h"

typedef struct progress {
    double interval;        /* seconds between lines */
    double next;            /* when the next one is due, on the trainer's clock */
    int room, content, bar; /* of the line before: while there is as much room, its bar does not grow again */
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

/* ---- What a line says, as much of it as there is room for ---- */

enum { EPOCH = 1, BAR = 2, COUNT = 4, TIME = 8, RATE = 16, LOSS = 32, USUAL_BAR = 20, LINE = 256 };

/* The most telling last: the first whose line fits. */
static const int contents[] = {
    EPOCH | BAR | COUNT | TIME | RATE | LOSS,
    BAR | COUNT | TIME | RATE | LOSS,
    BAR | COUNT | TIME | LOSS,
    BAR | TIME | LOSS,
    TIME | LOSS,
    LOSS,
    0,
};

typedef struct parts {
    char epoch[64], percent[8], count[64], time[80], rate[32], loss[32];
} parts;

static void write_parts(const tx_observation *seen, parts *out)
{
    const int64_t done = seen->step + 1;
    const double rate = seen->seconds > 0 ? (double)(done - seen->first_step) / seen->seconds : 0;
    char elapsed[32], left[32];
    write_time(seen->seconds, elapsed, sizeof elapsed);
    write_time(rate > 0 ? (double)(seen->num_steps - done) / rate : 0, left, sizeof left);
    snprintf(out->epoch, sizeof out->epoch, "E: %05" PRId64 ", B: %05" PRId64 " ", seen->epoch, seen->batch);
    snprintf(out->percent, sizeof out->percent, "%3d%%", (int)(100 * done / seen->num_steps));
    snprintf(out->count, sizeof out->count, " %" PRId64 "/%" PRId64, done, seen->num_steps);
    snprintf(out->time, sizeof out->time, "%s<%s", elapsed, left);
    tx_format(out->rate, sizeof out->rate, ", %.*f it/s", rate < 10 ? 2 : rate < 100, rate);
    tx_format(out->loss, sizeof out->loss, "loss %.3e", seen->loss);
}

/* Returns the length of the line. */
static int join_parts(const parts *p, int content, const char *bar, char line[LINE])
{
    const bool brackets = content & TIME;
    const char *before = brackets ? " [" : content & LOSS ? " " : "", *between = brackets && content & LOSS ? ", " : "";
    return snprintf(line, LINE, "%s%s%s%s%s%s%s%s%s%s", content & EPOCH ? p->epoch : "", p->percent, content & BAR ? bar : "",
                    content & COUNT ? p->count : "", before, content & TIME ? p->time : "", content & RATE ? p->rate : "", between,
                    content & LOSS ? p->loss : "", brackets ? "]" : "");
}

static void write_bar(int width, const tx_observation *seen, char bar[LINE])
{
    const double full = width * (double)(seen->step + 1) / (double)seen->num_steps;
    *bar++ = '|';
    for (int k = 0; k < width; k++) {
        *bar++ = k + 1 <= full ? '#' : ' ';
    }
    memcpy(bar, "|", 2);
}

/* The bar takes what the rest leaves of `room` columns; 0: nobody knows how many there are. */
static void form_line(progress *before, const tx_observation *seen, int room, char line[LINE])
{
    const int most = room ? LINE - 3 : USUAL_BAR;
    const int num_contents = sizeof contents / sizeof *contents;
    char bar[LINE];
    parts p;
    int k = 0;
    room = room && room < LINE ? room : LINE - 1;
    write_parts(seen, &p);
    while (k < num_contents - 1 && join_parts(&p, contents[k], "|#|", line) > room) {
        k++;
    }
    const bool same = before->room == room && before->content == contents[k];
    const int left = room - join_parts(&p, contents[k], "||", line), fit = same && before->bar < most ? before->bar : most;
    before->room = room;
    before->content = contents[k];
    before->bar = left < 0 ? 0 : left < fit ? left : fit;
    write_bar(before->bar, seen, bar);
    join_parts(&p, contents[k], bar, line);
    line[room] = '\0';
}

static void write_line(const tx_callback *callback, const tx_observation *seen)
{
    const int columns = callback->terminal ? tx_terminal_columns(STDERR_FILENO) : 0; /* anew: a window changes its size */
    char line[LINE];
    form_line(callback->state, seen, columns > 1 ? columns - 1 : columns, line); /* the last one is the cursor's */
    tx_log_write(callback->log, TX_LOG_PROGRESS, "%s", line);
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
