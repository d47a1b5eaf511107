/* trainax train. */
#include "base/number.h"
#include "command/command.h"

static tx_status read_options(const tx_arguments *arguments, tx_error *error, tx_train_options *out)
{
    const char *limit = tx_arguments_value(arguments, "--time-limit");
    if (limit && (!tx_parse_duration(limit, &out->time_limit) || !(out->time_limit > 0))) {
        return tx_error_set(error, TX_INVALID, "--time-limit %s: a positive time as H:MM:SS or D-HH:MM:SS is needed", limit);
    }
    return tx_arguments_start(arguments, error, &out->start);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    tx_screen screen = tx_screen_begin(arguments);
    tx_train_options options = {.log = tx_screen_log(&screen), .terminal = screen.terminal && !screen.quiet};
    tx_session session;
    TX_TRY(read_options(arguments, error, &options));
    options.stop = tx_signals_stop();
    const char *directory = tx_arguments_value(arguments, "--output");
    TX_TRY(tx_session_open(arguments, tx_arguments_path(arguments), required, directory, error, &session));
    const tx_status status = tx_train(session.config, session.parallel, &options, error);
    tx_screen_end(&screen);
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true, .text = "overrides one key of the configuration; may be repeated"},
    {.name = "--output", .value = "DIR", .text = "the run directory, instead of output.directory"},
    {.name = "--resume", .text = "goes on from the newest checkpoint; starts if there is none"},
    {.name = "--overwrite", .text = "replaces a run that is there"},
    {.name = "--time-limit", .value = "H:MM:SS", .text = "stops within this time with a checkpoint, exit code 75; also D-HH:MM:SS"},
    {.name = "--quiet", .text = "warnings and errors only"},
    {0},
};
const tx_command tx_command_train = {
    .name = "train",
    .usage = "train CONFIG [--set KEY=VALUE]... [--output DIR] [--resume | --overwrite] [--time-limit H:MM:SS] [--quiet]",
    .summary = "train a network",
    .flags = flags,
    .word = "CONFIG",
    .word_text = "the configuration, a YAML file; - is stdin",
    .max_words = 1,
    .example = "train run.yaml --set trainer.num_rollout_steps=5 --output runs/five",
    .run = run,
};
