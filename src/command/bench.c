/* bench: runs the cases and prints a table or JSON. */
#include "command/bench.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/name.h"
#include "command/command.h"

enum { MAX_CASES = 128, MAX_OVERRIDES = 32 };

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

static void print_head(void)
{
    printf("%-32s %-10s %s %5s %11s %11s %6s %9s %8s %9s  %s\n", "case", "isa", "   ", "cores", "best us", "median us", "% peak",
           "GFLOP/s", "start ms", "MiB", "result");
}

static void print_row(const tx_bench_case *c, const tx_measurement *m)
{
    printf("%-32s %-10s %s %5d %11.3f %11.3f %6.1f %9.1f %8.2f %9.2f  %s\n", c->name, m->isa,
           m->precision == TX_FLOAT32 ? "f32" : "f64", m->cores, 1e6 * m->seconds, 1e6 * m->median, 100 * share_of_peak(m),
           1e-9 * m->peak, 1e3 * m->start, (double)m->bytes / 0x1p20, is_correct(m) ? "right" : "WRONG");
}

static void print_operations(const tx_measurement *m)
{
    double rest = m->seconds * m->cores;
    for (int k = 0; k < m->num_operations; k++) {
        const tx_operation_time *o = &m->operations[k];
        printf("    %-8s %-22s %5" PRId64 " calls %11.3f us %5.1f %% of step %5.1f %% of peak\n", o->part, o->name, o->calls,
               1e6 * o->seconds, 100 * share_of_step(m, o->seconds), 100 * o->flops / o->seconds / m->peak);
        rest -= o->seconds;
    }
    if (m->num_operations) {
        printf("    %-31s %11s %11.3f us %5.1f %% of step\n", "outside of blocks", "", 1e6 * rest, 100 * share_of_step(m, rest));
    }
}

static void print_json(const tx_bench_case *c, const tx_measurement *m, bool first)
{
    printf("%s\n  {\"case\": \"%s\", \"isa\": \"%s\", \"precision\": \"%s\", \"cores\": %d, \"seconds\": %.4e, "
           "\"median_seconds\": %.4e, \"start_seconds\": %.4e, \"flops\": %.6e, \"peak_flops_per_second\": %.4e, "
           "\"share_of_peak\": %.4f, \"bytes\": %zu, \"error\": %.2e, \"tolerance\": %.2e, \"right\": %s, \"operations\": [",
           first ? "[" : ",", c->name, m->isa, m->precision == TX_FLOAT32 ? "float32" : "float64", m->cores, m->seconds, m->median,
           m->start, m->flops, m->peak, share_of_peak(m), m->bytes, m->error, m->tolerance, is_correct(m) ? "true" : "false");
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

static tx_status select_cases(const tx_arguments *arguments, bool *selected, tx_error *error)
{
    const char *names[MAX_CASES];
    int count = 0;
    for (; tx_bench_cases[count].name && count < MAX_CASES; count++) {
        names[count] = tx_bench_cases[count].name;
        selected[count] = arguments->num_words == 0;
    }
    for (int w = 0; w < arguments->num_words; w++) {
        bool found = false;
        for (int k = 0; k < count; k++) {
            const bool meant = is_meant(&tx_bench_cases[k], arguments->words[w]);
            selected[k] |= meant;
            found |= meant;
        }
        if (!found) {
            const char *nearest = tx_nearest_name(arguments->words[w], names, count);
            return tx_error_set(error, TX_INVALID, "bench has no case '%s'%s%s%s (bench --list shows all)", arguments->words[w],
                                nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
        }
    }
    return TX_OK;
}

static tx_status list_cases(const bool *selected)
{
    for (int k = 0; tx_bench_cases[k].name && tx_speaks(); k++) {
        if (selected[k]) {
            printf("%s\n", tx_bench_cases[k].name);
        }
    }
    return TX_OK;
}

static tx_status run_cases(const tx_arguments *arguments, const bool *selected, const tx_bench_job *job, tx_error *error)
{
    const bool json = tx_arguments_value(arguments, "--json"), split = tx_arguments_value(arguments, "--split");
    const bool speaks = tx_parallel_rank(job->parallel) == 0;
    bool first = true, right = true;
    if (!json && speaks) {
        print_head();
    }
    for (int k = 0; tx_bench_cases[k].name; k++) {
        const tx_bench_case *self = &tx_bench_cases[k];
        if (!selected[k]) {
            continue;
        }
        tx_measurement m = {.cores = 1};
        TX_TRY(tx_parallel_agree(job->parallel, self->run(self, job, error, &m), error));
        if (speaks) {
            json ? print_json(self, &m, first) : print_row(self, &m);
            if (split && !json) {
                print_operations(&m);
            }
        }
        tx_free(m.operations);
        TX_TRY(tx_parallel_agree(job->parallel, tx_output_check(error), error));
        first = false;
        right = right && is_correct(&m);
    }
    if (json && speaks) {
        printf("%s]\n", first ? "[" : "\n");
    }
    return right ? TX_OK : tx_error_set(error, TX_FAILURE, "a benchmark case gave a wrong result");
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    bool selected[MAX_CASES] = {false};
    tx_session session;
    TX_TRY(select_cases(arguments, selected, error));
    if (arguments->num_many > MAX_OVERRIDES) {
        return tx_error_set(error, TX_INVALID, "bench takes at most %d times --set", MAX_OVERRIDES);
    }
    if (tx_arguments_value(arguments, "--list")) {
        return list_cases(selected);
    }
    TX_TRY(tx_session_open(arguments, NULL, NULL, NULL, error, &session));
    const tx_bench_job job = {.registry = session.registry,
                              .parallel = session.parallel,
                              .overrides = arguments->many,
                              .num_overrides = arguments->num_many};
    const tx_status status = run_cases(arguments, selected, &job, error);
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
    .summary = "times training steps and single operations, as a share of the cores' FMA peak",
    .flags = flags,
    .word = "CASE",
    .word_text = "a case (`trainax bench --list`), a part of its name or a pattern ('3d/*_5'); all if absent",
    .word_optional = true,
    .max_words = INT_MAX,
    .example = "bench quickstart --split",
    .run = run,
};
