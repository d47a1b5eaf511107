/* trainax baseline. */
#include "command/command.h"

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    static const char *const required[] = {"data", NULL};
    const tx_output output = {.path = tx_arguments_value(arguments, "--output"),
                              .overwrite = tx_arguments_value(arguments, "--overwrite")};
    char *text = NULL;
    tx_session session;
    tx_signals_clean_up();
    TX_TRY(tx_session_open(arguments, tx_arguments_path(arguments), required, NULL, error, &session));
    tx_status status = tx_fit_baselines(session.config, session.parallel, &output, error, &text);
    if (status == TX_OK && text) {
        status = tx_print_text(text, error);
    }
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true, .text = "overrides one key of the configuration; may be repeated"},
    {.name = "--output", .value = "DIR", .text = "the folder of results, instead of output.directory or runs/NAME_baseline"},
    {.name = "--overwrite", .text = "replaces results that are there; never what is read"},
    {0},
};
const tx_command tx_command_baseline = {
    .name = "baseline",
    .usage = "baseline CONFIG [--set KEY=VALUE]... [--output DIR] [--overwrite]",
    .summary = "the best linear emulators of the data, as network files with their errors: what a network should be better than",
    .flags = flags,
    .word = "CONFIG",
    .word_text = "the configuration, a YAML file; - is stdin",
    .max_words = 1,
    .example = "baseline run.yaml --output baselines",
    .run = run,
};
