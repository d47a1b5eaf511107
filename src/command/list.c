/* trainax list. */
#include <unistd.h>

#include "base/terminal.h"
#include "command/command.h"

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    tx_registry *registry;
    char *text;
    TX_TRY(tx_session_registry(error, &registry));
    const tx_status status = tx_registry_list(registry, arguments->words[0], tx_terminal_columns(STDOUT_FILENO), error, &text);
    tx_registry_destroy(registry);
    TX_TRY(status);
    return tx_print_text(text, error);
}

const tx_command tx_command_list = {
    .name = "list",
    .usage = "list [networks|blocks|data|steppers|configurations|losses|metrics|optimizers|transforms|schedules|callbacks|…]",
    .summary = "the components that a configuration can name",
    .word = "KINDS",
    .word_text = "only these, such as networks; everything if absent",
    .word_optional = true,
    .max_words = 1,
    .example = "list metrics",
    .run = run,
};
