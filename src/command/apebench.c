/* trainax apebench. */
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "command/command.h"

/* At its commas; *out: one allocation (tx_free). */
static tx_status split(const char *list, tx_error *error, int *count, char **text, const char ***out)
{
    const size_t length = strlen(list);
    TX_TRY(tx_duplicate(list, error, text));
    TX_TRY(tx_allocate_array(length + 1, sizeof **out, error, out));
    char *rest = *text;
    for (*count = 0; rest; (*count)++) {
        (*out)[*count] = strsep(&rest, ",");
    }
    return TX_OK;
}

static tx_status read_seed(const tx_arguments *arguments, tx_error *error, tx_apebench_options *out)
{
    const char *seed = tx_arguments_value(arguments, "--start_seed");
    out->has_start_seed = seed != NULL;
    return !seed || tx_parse_integer(seed, &out->start_seed)
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "--start_seed %s: an integer is needed", seed);
}

static tx_status run_with(const tx_arguments *arguments, const tx_apebench_options *asked, tx_error *error)
{
    tx_screen screen = tx_screen_begin(arguments);
    const tx_train_options options = {
        .output = tx_arguments_value(arguments, "--output"),
        .start = tx_arguments_value(arguments, "--overwrite") ? TX_START_OVERWRITE : TX_START_RESUME,
        .stop = tx_signals_stop(),
        .log = tx_screen_log(&screen),
        .terminal = screen.terminal && !screen.quiet,
    };
    tx_session session;
    TX_TRY(tx_session_open(arguments, NULL, NULL, NULL, error, &session));
    const tx_status status = tx_apebench(session.registry, session.parallel, asked, &options, error);
    tx_screen_end(&screen);
    return tx_session_close(&session, status, error);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    const char *metrics = tx_arguments_value(arguments, "--metric_name");
    tx_apebench_options asked = {
        .study = tx_arguments_path(arguments),
        .overrides = arguments->many,
        .num_overrides = arguments->num_many,
        .melt_metrics = !tx_arguments_value(arguments, "--dont_melt_metrics"),
        .melt_losses = !tx_arguments_value(arguments, "--dont_melt_loss"),
        .melt_samples = tx_arguments_value(arguments, "--melt_sample_rollouts"),
    };
    char *text = NULL;
    const char **names = NULL;
    TX_TRY(read_seed(arguments, error, &asked));
    tx_status status = split(metrics ? metrics : "mean_nRMSE", error, &asked.num_metrics, &text, &names);
    asked.metrics = names;
    status = status ? status : run_with(arguments, &asked, error);
    tx_free(names);
    tx_free(text);
    return status;
}

static const tx_flag flags[] = {
    {.name = "--set",
     .value = "KEY=VALUE",
     .many = true,
     .text = "overrides one key of the study; of NAME alone one of the experiment (net=…), or precision, random.…, parallel.…"},
    {.name = "--output", .value = "DIR", .text = "where runs and tables are written, instead of results"},
    {.name = "--overwrite", .text = "runs experiments again whose tables are there"},
    {.name = "--start_seed", .value = "N", .text = "the first seed of all experiments"},
    {.name = "--metric_name", .value = "LIST", .text = "metrics for metrics.csv, separated by commas, instead of mean_nRMSE"},
    {.name = "--dont_melt_metrics", .text = "no metrics.csv over all experiments"},
    {.name = "--dont_melt_loss", .text = "no train_loss.csv over all experiments"},
    {.name = "--melt_sample_rollouts", .text = "sample_rollout.csv over all experiments"},
    {.name = "--quiet", .text = "warnings and errors only"},
    {0},
};
const tx_command tx_command_apebench = {
    .name = "apebench",
    .usage = "apebench STUDY.yaml|NAME [--set KEY=VALUE]... [--output DIR] [--overwrite] [--start_seed N] [--metric_name LIST] "
             "[--dont_melt_metrics] [--dont_melt_loss] [--melt_sample_rollouts] [--quiet]",
    .summary =
        "experiments of APEBench, each with several seeds, and tables that its own functions read; what was stopped goes on, "
        "what is there is skipped",
    .flags = flags,
    .word = "STUDY.yaml or NAME",
    .word_text = "a list of experiments, as APEBench's CONFIGS, in YAML; or one scenario (`trainax list scenarios`)",
    .max_words = 1,
    .example = "apebench diff_adv --set net='FNO;12;8;4;gelu' --set num_seeds=10",
    .run = run,
};
