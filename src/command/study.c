/* trainax study. */
#include "command/command.h"

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    tx_screen screen = tx_screen_begin(arguments);
    tx_train_options options = {.output = tx_arguments_value(arguments, "--output"),
                                .log = tx_screen_log(&screen),
                                .terminal = screen.terminal && !screen.quiet};
    const tx_study_source source = {
        .path = tx_arguments_path(arguments), .overrides = arguments->many, .num_overrides = arguments->num_many};
    tx_session session;
    TX_TRY(tx_arguments_start(arguments, error, &options.start));
    options.stop = tx_signals_stop();
    TX_TRY(tx_session_open(arguments, NULL, NULL, NULL, error, &session));
    const tx_status status = tx_study(session.registry, session.parallel, &source, &options, error);
    tx_screen_end(&screen);
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--set",
     .value = "KEY=VALUE",
     .many = true,
     .text = "overrides one key of the configuration that settings change; may be repeated"},
    {.name = "--output", .value = "DIR", .text = "where runs and tables are written, instead of runs/STUDY"},
    {.name = "--resume", .text = "goes on: runs that have ended are left; starts if there is none"},
    {.name = "--overwrite", .text = "replaces a study that is there"},
    {.name = "--quiet", .text = "warnings and errors only"},
    {0},
};
const tx_command tx_command_study = {
    .name = "study",
    .usage = "study STUDY.yaml [--set KEY=VALUE]... [--output DIR] [--resume | --overwrite] [--quiet]",
    .summary = "train settings with several seeds each, one after another, and compare them: tables of all runs, of what a setting "
               "takes to its target, of exact paired tests",
    .flags = flags,
    .word = "STUDY.yaml",
    .word_text = "what is to be compared, a YAML file (`trainax help section/study`); - is stdin",
    .max_words = 1,
    .example = "study study.yaml --output runs/rates",
    .run = run,
};
