#include "command/command.h"

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    static const char *const for_loss[] = {"data", "trainer", NULL}, *const nothing[] = {NULL};
    const tx_evaluate_options options = {
        .network = tx_arguments_value(arguments, "--network"),
        .metrics = tx_arguments_value(arguments, "--metrics"),
        .output = tx_arguments_value(arguments, "--output"),
        .full_loss = tx_arguments_value(arguments, "--full-loss"),
    };
    char *text = NULL;
    tx_session session;
    if (!options.network) {
        return tx_error_set(error, TX_INVALID, "evaluate needs --network FILE.h5");
    }
    TX_TRY(tx_session_open(arguments, arguments->words[0], options.full_loss ? for_loss : nothing, NULL, error, &session));
    tx_status status = tx_evaluate(session.config, session.parallel, &options, error, &text);
    if (status == TX_OK && text) {
        status = tx_print_text(text, error);
    }
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true, .text = "overrides one key of the configuration; may be repeated"},
    {.name = "--network", .value = "FILE.h5", .text = "the network: network.h5 or checkpoint.h5 of a run"},
    {.name = "--metrics",
     .value = "LIST",
     .text = "names separated by commas (`trainax list metrics`), instead of evaluation.metrics"},
    {.name = "--full-loss", .text = "also the value of the trainer's configuration over all windows"},
    {.name = "--output", .value = "FILE", .text = "the table of metrics, as CSV"},
    {0},
};
const tx_command tx_command_evaluate = {
    .name = "evaluate",
    .usage = "evaluate CONFIG --network FILE.h5 [--metrics LIST] [--full-loss] [--output FILE] [--set KEY=VALUE]...",
    .summary = "errors of a network along rollouts of held-out data: a table of metrics, a row a step",
    .flags = flags,
    .word = "CONFIG",
    .word_text = "the configuration, a YAML file",
    .max_words = 1,
    .example = "evaluate run.yaml --network runs/five/network.h5 --metrics mean_nRMSE,mean_correlation",
    .run = run,
};
