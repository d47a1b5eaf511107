/* Subcommands that the command line promises and that are not built yet. */
#include "command/command.h"

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    return tx_error_set(error, TX_INVALID, "%s is not built yet", arguments->command->name);
}

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
