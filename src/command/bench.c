/* bench: runs the cases and prints a table or JSON. */
#include "command/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "command/command.h"

enum { SAMPLES = 31, MAX_CASES = 64 };
static const double sample_seconds = 2e-3;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double peak_sample(const tx_kernels *kernels)
{
    const double start = tx_clock(), flops = kernels->peak(20000);
    return flops / (tx_clock() - start);
}

static double time_of(void (*work)(void *state), void *state, long repetitions)
{
    const double start = tx_clock();
    for (long k = 0; k < repetitions; k++) {
        work(state);
    }
    return (tx_clock() - start) / (double)repetitions;
}

void tx_bench_measure(const tx_kernels *kernels, void (*work)(void *state), void *state, tx_measurement *out)
{
    double samples[SAMPLES];
    const double first = time_of(work, state, 1), second = time_of(work, state, 1);
    const double once = first < second ? first : second;
    const long repetitions = once < sample_seconds ? (long)(sample_seconds / (once > 1e-9 ? once : 1e-9)) + 1 : 1;
    out->peak = 0;
    for (int k = 0; k < SAMPLES; k++) {
        const double peak = peak_sample(kernels);
        out->peak = peak > out->peak ? peak : out->peak;
        samples[k] = time_of(work, state, repetitions);
    }
    qsort(samples, SAMPLES, sizeof *samples, by_value);
    out->seconds = samples[0];
    out->median = samples[SAMPLES / 2];
    out->isa = kernels->isa;
    out->precision = kernels->precision;
}

static bool is_correct(const tx_measurement *m)
{
    return m->error <= m->tolerance; /* false for NaN */
}

static void print_row(const tx_bench_case *c, const tx_measurement *m)
{
    printf("%-28s %-10s %s %11.3f %11.3f %6.1f %9.1f %9.2f  %s\n", c->name, m->isa, m->precision == TX_FLOAT32 ? "f32" : "f64",
           1e6 * m->seconds, 1e6 * m->median, 100 * m->flops / m->seconds / m->peak, 1e-9 * m->peak, (double)m->bytes / 0x1p20,
           is_correct(m) ? "right" : "WRONG");
    fflush(stdout);
}

static void print_json(const tx_bench_case *c, const tx_measurement *m, bool first)
{
    printf("%s\n  {\"case\": \"%s\", \"isa\": \"%s\", \"precision\": \"%s\", \"seconds\": %.4e, \"median_seconds\": %.4e, "
           "\"flops\": %.6e, \"peak_flops_per_second\": %.4e, \"share_of_peak\": %.4f, \"bytes\": %zu, \"error\": %.2e, \"right\": "
           "%s}",
           first ? "[" : ",", c->name, m->isa, m->precision == TX_FLOAT32 ? "float32" : "float64", m->seconds, m->median, m->flops,
           m->peak, m->flops / m->seconds / m->peak, m->bytes, m->error, is_correct(m) ? "true" : "false");
    fflush(stdout);
}

/* A case is meant by its name or by the part before a '/'. */
static bool is_meant(const tx_bench_case *c, const char *word)
{
    const size_t length = strlen(word);
    return strncmp(c->name, word, length) == 0 && (c->name[length] == '\0' || c->name[length] == '/');
}

static tx_status select_cases(const tx_arguments *arguments, bool *selected, tx_error *error)
{
    const char *names[MAX_CASES];
    int count = 0;
    for (; tx_bench_cases[count].name; count++) {
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
            return tx_error_set(error, TX_INVALID, "bench has no case '%s'%s%s%s (bench without arguments runs all)",
                                arguments->words[w], nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
        }
    }
    return TX_OK;
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    bool selected[MAX_CASES], first = true, right = true;
    const bool json = tx_arguments_value(arguments, "--json") != NULL;
    TX_TRY(select_cases(arguments, selected, error));
    if (!tx_speaks()) {
        return TX_OK; /* one core is measured, whoever started us */
    }
    if (!json) {
        printf("%-28s %-10s %s %11s %11s %6s %9s %9s  %s\n", "case", "isa", "   ", "best us", "median us", "% peak", "GFLOP/s",
               "MiB", "result");
    }
    for (int k = 0; tx_bench_cases[k].name; k++) {
        if (!selected[k]) {
            continue;
        }
        tx_measurement m = {0};
        TX_TRY(tx_bench_cases[k].run(&tx_bench_cases[k], error, &m));
        json ? print_json(&tx_bench_cases[k], &m, first) : print_row(&tx_bench_cases[k], &m);
        first = false;
        right = right && is_correct(&m);
    }
    if (json) {
        printf("%s]\n", first ? "[" : "\n");
    }
    return right ? TX_OK : tx_error_set(error, TX_FAILURE, "a benchmark case gave a wrong result");
}

static const tx_flag flags[] = {{.name = "--json"}, {0}};

const tx_command tx_command_bench = {
    .name = "bench",
    .usage = "bench [CASE]... [--json]",
    .summary = "times training steps and single operations on one core, as a share of its FMA peak",
    .flags = flags,
    .max_words = TX_MAX_WORDS,
    .run = run,
};
