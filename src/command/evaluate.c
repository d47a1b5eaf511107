/* trainax evaluate. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"

static void tell_data(const tx_config *config)
{
    const tx_section *root = tx_config_root(config), *evaluation = tx_get_section(root, "evaluation");
    if (tx_speaks() && tx_has(root, "data") && !(evaluation && tx_has(evaluation, "data"))) {
        fprintf(stderr, "no held-out data (evaluation.data): the errors are those on the data of training\n");
    }
}

/* The table to stdout, what stands behind it to stderr. */
static tx_status print_table(char *text, tx_error *error)
{
    char *rest = strstr(text, "\ngmean_") + 1;
    if (tx_speaks()) {
        fputs(rest, stderr);
    }
    *rest = '\0';
    return tx_print_text(text, error);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    static const char *const for_loss[] = {"data", "trainer", NULL}, *const nothing[] = {NULL};
    const char *output = tx_arguments_value(arguments, "--output");
    const bool piped = output && strcmp(output, "-") == 0;
    const tx_evaluate_options options = {
        .network = tx_arguments_value(arguments, "--network"),
        .metrics = tx_arguments_value(arguments, "--metrics"),
        .output = {.path = piped ? NULL : output, .overwrite = tx_arguments_value(arguments, "--overwrite")},
        .full_loss = tx_arguments_value(arguments, "--full-loss"),
    };
    char *text = NULL;
    tx_session session;
    if (!options.network) {
        return tx_error_set(error, TX_INVALID, "evaluate needs --network FILE.h5|DIR");
    }
    tx_signals_clean_up();
    TX_TRY(tx_session_open(arguments, tx_arguments_path(arguments), options.full_loss ? for_loss : nothing, NULL, error, &session));
    tell_data(session.config);
    tx_status status = tx_evaluate(session.config, session.parallel, &options, error, &text);
    if (status == TX_OK && text) {
        status = piped ? print_table(text, error) : tx_print_text(text, error);
    }
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true, .text = "overrides one key of the configuration; may be repeated"},
    {.name = "--network",
     .value = "FILE.h5|DIR",
     .text = "the network: network.h5 or checkpoint.h5 of a run; or an ensemble's directory: the metrics are then of its members' "
             "mean state, and `spread` and `crps` (fair) stand behind them"},
    {.name = "--metrics",
     .value = "LIST",
     .text = "names separated by commas (`trainax list metrics`), instead of evaluation.metrics"},
    {.name = "--full-loss", .text = "also the value of the trainer's configuration over all windows"},
    {.name = "--output", .value = "FILE", .text = "the table, as CSV; -: to stdout, and the lines behind it to stderr"},
    {.name = "--overwrite", .text = "replaces a file that is there; never one that is read"},
    {0},
};
const tx_command tx_command_evaluate = {
    .name = "evaluate",
    .usage =
        "evaluate CONFIG --network FILE.h5|DIR [--metrics LIST] [--full-loss] [--output FILE [--overwrite]] [--set KEY=VALUE]...",
    .summary = "errors of a network along rollouts of held-out data: a table of metrics, a row a step, and behind it a line "
               "gmean_mean_nRMSE: the geometric mean of mean_nRMSE over the first 100 steps",
    .flags = flags,
    .word = "CONFIG",
    .word_text = "the configuration, a YAML file; - is stdin",
    .max_words = 1,
    .example = "evaluate run.yaml --network runs/five/network.h5 --metrics mean_nRMSE,mean_correlation",
    .run = run,
};
