#include "command/command.h"

static tx_status describe(const char *name, tx_error *error)
{
    tx_registry *registry;
    tx_error local = {0};
    char *text;
    TX_TRY(tx_registry_create_builtin(error, &registry));
    const tx_status status = tx_registry_help(registry, name, &local, &text);
    tx_registry_destroy(registry);
    if (status == TX_OK) {
        return tx_print_text(text, error);
    }
    const tx_command *command = tx_command_find(name);
    if (command) {
        tx_command_print_help(command);
        return TX_OK;
    }
    return tx_error_set(error, status, "%s", local.message);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    if (arguments->num_words == 0) {
        tx_command_print_usage();
        return TX_OK;
    }
    return describe(arguments->words[0], error);
}

const tx_command tx_command_help = {
    .name = "help",
    .usage = "help [KIND/]NAME",
    .summary = "one component: its options, types, defaults, units",
    .max_words = 1,
    .run = run,
};
