/* trainax train. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "command/command.h"

static volatile sig_atomic_t stop;

static void ask_to_stop(int number)
{
    (void)number;
    stop = 1;
}

/* One on which a line can be written again. */
static bool has_terminal(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDERR_FILENO) && !(kind && strcmp(kind, "dumb") == 0);
}

static tx_status read_options(const tx_arguments *arguments, tx_error *error, tx_train_options *out)
{
    const bool resume = tx_arguments_value(arguments, "--resume"), overwrite = tx_arguments_value(arguments, "--overwrite");
    const char *limit = tx_arguments_value(arguments, "--time-limit");
    if (resume && overwrite) {
        return tx_error_set(error, TX_INVALID, "--resume and --overwrite exclude each other");
    }
    if (limit && (!tx_parse_duration(limit, &out->time_limit) || !(out->time_limit > 0))) {
        return tx_error_set(error, TX_INVALID, "--time-limit %s: a positive time as H:MM:SS or D-HH:MM:SS is needed", limit);
    }
    out->start = resume ? TX_START_RESUME : overwrite ? TX_START_OVERWRITE : TX_START_NEW;
    return TX_OK;
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    tx_screen screen = {.quiet = tx_arguments_value(arguments, "--quiet"), .terminal = has_terminal()};
    tx_train_options options = {.stop = &stop, .log = tx_screen_log(&screen), .terminal = screen.terminal && !screen.quiet};
    tx_session session;
    TX_TRY(read_options(arguments, error, &options));
    tx_signals_catch(ask_to_stop);
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
