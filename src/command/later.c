/* Subcommands that the command line promises and that are not built yet. */
#include "command/command.h"

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    return tx_error_set(error, TX_INVALID, "%s is not built yet", arguments->command->name);
}

static const tx_flag evaluate_flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true},
    {.name = "--network", .value = "FILE.h5"},
    {.name = "--metrics", .value = "LIST"},
    {.name = "--full-loss"},
    {.name = "--output", .value = "FILE"},
    {0},
};
const tx_command tx_command_evaluate = {
    .name = "evaluate",
    .usage = "evaluate CONFIG --network FILE.h5 [--metrics LIST] [--full-loss] [--output FILE]",
    .summary = "errors of a network on held-out data (not built yet)",
    .flags = evaluate_flags,
    .max_words = 1,
    .run = run,
};

static const tx_flag baseline_flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true},
    {.name = "--output", .value = "DIR"},
    {0},
};
const tx_command tx_command_baseline = {
    .name = "baseline",
    .usage = "baseline CONFIG [--output DIR]",
    .summary = "optimal linear emulators of the data (not built yet)",
    .flags = baseline_flags,
    .max_words = 1,
    .run = run,
};
