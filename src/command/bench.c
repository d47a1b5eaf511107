/* bench: runs the cases and prints a table or JSON. */
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/name.h"
#include "base/terminal.h"
#include "bench/bench.h"
#include "command/command.h"

enum { MAX_OVERRIDES = 32 };

typedef struct bench_selection {
    tx_bench_case cases[TX_MOST_CASES];
    bool selected[TX_MOST_CASES];
    int count;
} bench_selection;

typedef struct bench_output {
    bool json, split;
    bool begun;     /* something is printed */
    bool wrong;     /* so was a result */
    int name_width; /* of the first column */
    int level;      /* the highest of the columns that are shown */
} bench_output;

static bool is_correct(const tx_measurement *m)
{
    return m->error <= m->tolerance; /* false for NaN */
}

static double share_of_peak(const tx_measurement *m)
{
    return m->flops / m->seconds / (m->peak * m->cores);
}

/* What a single core takes for the blocks, as a share of what all take for the step. */
static double share_of_step(const tx_measurement *m, double seconds)
{
    return seconds / (m->seconds * m->cores);
}

/* ---- The table: as many columns as there is room for ---- */

enum { NUM_COLUMNS = 12, MAX_CELL = 16 };

/* The lower the level, the longer a column stays; what is left-aligned has a negative width. */
static const struct {
    const char *head;
    int width, level;
} columns[NUM_COLUMNS] = {
    {"isa", -10, 4},   {"", 3, 1},         {"cores", 5, 2}, {"best us", 11, 0}, {"median us", 11, 5}, {"% peak", 6, 0},
    {"GFLOP/s", 8, 1}, {"start ms", 8, 6}, {"MiB", 9, 3},   {"/ other", 7, 7},  {"% wait", 6, 7},     {"result", 6, 0},
};

/* The highest level of which all columns up to it fit beside the cases' names. */
static int highest_level(int name_width, int room)
{
    for (int level = NUM_COLUMNS;; level--) {
        int width = name_width;
        for (int k = 0; k < NUM_COLUMNS; k++) {
            width += columns[k].level <= level ? 1 + abs(columns[k].width) : 0;
        }
        if (level == 0 || room == 0 || width <= room) {
            return level;
        }
    }
}

static void print_cells(const bench_output *output, const char *name, const char (*cells)[MAX_CELL])
{
    printf("%-*s", output->name_width, name);
    for (int k = 0; k < NUM_COLUMNS; k++) {
        if (columns[k].level <= output->level) {
            printf(" %*s", columns[k].width, cells ? cells[k] : columns[k].head);
        }
    }
    printf("\n");
}

static void print_row(const bench_output *output, const tx_bench_case *c, const tx_measurement *m)
{
    char cells[NUM_COLUMNS][MAX_CELL], (*cell)[MAX_CELL] = cells;
#define ADD(...) snprintf(*cell++, MAX_CELL, __VA_ARGS__)
    ADD("%s", m->isa);
    ADD("%s", m->precision == TX_FLOAT32 ? "f32" : "f64");
    ADD("%d", m->cores);
    ADD("%.3f", 1e6 * m->seconds);
    ADD("%.3f", 1e6 * m->median);
    ADD("%.1f", 100 * share_of_peak(m));
    ADD("%.1f", 1e-9 * m->flops / m->seconds);
    ADD("%.2f", 1e3 * m->start);
    ADD("%.2f", (double)m->bytes / 0x1p20);
    ADD(m->relative > 0 ? "%.2f" : "", m->relative);
    ADD(m->waiting > 0 ? "%.2f" : "", 100 * m->waiting);
    ADD("%s", is_correct(m) ? "right" : "WRONG");
#undef ADD
    if (!output->begun) {
        print_cells(output, "case", NULL);
    }
    print_cells(output, c->name, cells);
    if (m->other) {
        printf("  reads %.0f MB/s, %s %.0f MB/s\n", 1e-6 * m->rate, m->other, 1e-6 * m->other_rate);
    }
}

static void print_operations(const tx_measurement *m)
{
    double rest = m->seconds * m->cores;
    for (int k = 0; k < m->num_operations; k++) {
        const tx_operation_time *o = &m->operations[k];
        printf("  %-9s %-21s %4" PRId64 " x %9.3f us %5.1f %% step %5.1f %% peak\n", o->part, o->name, o->calls, 1e6 * o->seconds,
               100 * share_of_step(m, o->seconds), 100 * o->flops / o->seconds / m->peak);
        rest -= o->seconds;
    }
    if (m->num_operations) {
        printf("  %-31s %7s %9.3f us %5.1f %% step\n", "outside of blocks", "", 1e6 * rest, 100 * share_of_step(m, rest));
    }
}

static void print_json(const tx_bench_case *c, const tx_measurement *m, bool first)
{
    printf("%s\n  {\"case\": \"%s\", \"isa\": \"%s\", \"precision\": \"%s\", \"cores\": %d, \"seconds\": %.4e, "
           "\"median_seconds\": %.4e, \"start_seconds\": %.4e, \"flops\": %.6e, \"peak_flops_per_second\": %.4e, "
           "\"share_of_peak\": %.4f, \"relative\": %.4f, \"share_of_waiting\": %.5f, \"bytes\": %zu, \"error\": %.2e, "
           "\"tolerance\": %.2e, \"right\": %s, "
           "\"bytes_per_second\": %.4e, \"other\": \"%s\", \"other_bytes_per_second\": %.4e, \"operations\": [",
           first ? "[" : ",", c->name, m->isa, m->precision == TX_FLOAT32 ? "float32" : "float64", m->cores, m->seconds, m->median,
           m->start, m->flops, m->peak, share_of_peak(m), m->relative, m->waiting, m->bytes, m->error, m->tolerance,
           is_correct(m) ? "true" : "false", m->rate, m->other ? m->other : "", m->other_rate);
    for (int k = 0; k < m->num_operations; k++) {
        const tx_operation_time *o = &m->operations[k];
        printf("%s\n    {\"part\": \"%s\", \"operation\": \"%s\", \"calls\": %" PRId64 ", \"seconds\": %.4e, \"flops\": %.6e}",
               k ? "," : "", o->part, o->name, o->calls, o->seconds, o->flops);
    }
    printf("]}");
}

/* Does the name have the word's parts between '/', in this order? */
static bool has_parts(const tx_bench_case *c, const char *word)
{
    for (const char *part = c->name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        const size_t length = strcspn(word, "/");
        if (length == strcspn(part, "/") && strncmp(part, word, length) == 0) {
            if (word[length] == '\0') {
                return true;
            }
            word += length + 1;
        }
    }
    return false;
}

static bool is_meant(const tx_bench_case *c, const char *word)
{
    return fnmatch(word, c->name, 0) == 0 || has_parts(c, word);
}

static bool add_meant(bench_selection *s, const char *word)
{
    bool found = false;
    for (int k = 0; k < s->count; k++) {
        const bool meant = is_meant(&s->cases[k], word);
        s->selected[k] |= meant;
        found |= meant;
    }
    return found;
}

static tx_status no_such_case(const bench_selection *s, const char *word, tx_error *error)
{
    const char *names[TX_MOST_CASES];
    for (int k = 0; k < s->count; k++) {
        names[k] = s->cases[k].name;
    }
    const char *nearest = tx_nearest_name(word, names, s->count);
    return tx_error_set(error, TX_INVALID, "bench has no case '%s'%s%s%s (bench --list shows all)", word,
                        nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static tx_status select_cases(const tx_arguments *arguments, bench_selection *s, tx_error *error)
{
    s->count = tx_bench_list(s->cases);
    for (int k = 0; k < s->count; k++) {
        s->selected[k] = arguments->num_words == 0;
    }
    for (int w = 0; w < arguments->num_words; w++) {
        if (!add_meant(s, arguments->words[w])) {
            return no_such_case(s, arguments->words[w], error);
        }
    }
    return TX_OK;
}

static tx_status list_cases(const bench_selection *s)
{
    for (int k = 0; k < s->count && tx_speaks(); k++) {
        if (s->selected[k]) {
            printf("%s\n", s->cases[k].name);
        }
    }
    return TX_OK;
}

static void print_measurement(bench_output *output, const tx_bench_case *c, const tx_measurement *m)
{
    if (output->json) {
        print_json(c, m, !output->begun);
    } else {
        print_row(output, c, m);
        if (output->split) {
            print_operations(m);
        }
    }
    output->begun = true;
}

/* What has been printed is whole, and on its way before an error's line is. */
static void end_output(const bench_output *output)
{
    if (output->json && output->begun) {
        printf("\n]\n");
    }
    fflush(stdout);
}

static tx_status run_case(const tx_bench_case *self, const tx_bench_job *job, bench_output *output, tx_error *error)
{
    tx_measurement m = {.cores = 1};
    TX_TRY(tx_parallel_agree(job->parallel, self->run(self, job, error, &m), error));
    if (tx_parallel_rank(job->parallel) == 0) {
        print_measurement(output, self, &m);
    }
    tx_free(m.operations);
    output->wrong |= !is_correct(&m);
    return tx_parallel_agree(job->parallel, tx_output_check(error), error);
}

static bench_output begin_output(const tx_arguments *arguments, const bench_selection *s)
{
    bench_output output = {.json = tx_arguments_value(arguments, "--json"), .split = tx_arguments_value(arguments, "--split")};
    for (int k = 0; k < s->count; k++) {
        const int width = s->selected[k] ? (int)strlen(s->cases[k].name) : 0;
        output.name_width = width > output.name_width ? width : output.name_width;
    }
    output.level = highest_level(output.name_width, tx_terminal_columns(STDOUT_FILENO));
    return output;
}

static tx_status run_cases(const tx_arguments *arguments, const bench_selection *s, const tx_bench_job *job, tx_error *error)
{
    bench_output output = begin_output(arguments, s);
    tx_status status = TX_OK;
    for (int k = 0; k < s->count && status == TX_OK; k++) {
        status = s->selected[k] ? run_case(&s->cases[k], job, &output, error) : TX_OK;
    }
    end_output(&output);
    return status ? status : output.wrong ? tx_error_set(error, TX_FAILURE, "a benchmark case gave a wrong result") : TX_OK;
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    bench_selection selection = {0};
    tx_session session;
    TX_TRY(select_cases(arguments, &selection, error));
    if (arguments->num_many > MAX_OVERRIDES) {
        return tx_error_set(error, TX_INVALID, "bench takes at most %d times --set", MAX_OVERRIDES);
    }
    if (tx_arguments_value(arguments, "--list")) {
        return list_cases(&selection);
    }
    TX_TRY(tx_session_open(arguments, NULL, NULL, NULL, error, &session));
    const tx_bench_job job = {.registry = session.registry,
                              .parallel = session.parallel,
                              .overrides = arguments->many,
                              .num_overrides = arguments->num_many};
    const tx_status status = run_cases(arguments, &selection, &job, error);
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--set",
     .value = "KEY=VALUE",
     .many = true,
     .text = "overrides one key of the cases' configurations; may be repeated"},
    {.name = "--json", .text = "as JSON"},
    {.name = "--split", .text = "also where the time of a step goes"},
    {.name = "--list", .text = "the names of the cases"},
    {0},
};

const tx_command tx_command_bench = {
    .name = "bench",
    .usage = "bench [CASE]... [--set KEY=VALUE]... [--split] [--json] [--list]",
    .summary = "times training steps, single operations (as a share of the cores' FMA peak) and reading",
    .flags = flags,
    .word = "CASE",
    .word_text = "a case (`trainax bench --list`), whole parts of its name between slashes (3d/rollout_5) or a pattern "
                 "('3d/*_5'); all if absent",
    .word_optional = true,
    .max_words = INT_MAX,
    .example = "bench quickstart --split",
    .run = run,
};
