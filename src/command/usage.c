/* What --help says, from the tables of the commands. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/terminal.h"
#include "command/command.h"
#include "component/buffer.h"

const tx_flag tx_help_flag = {.name = "--help", .text = "this text"};

static tx_status print(tx_buffer *text, tx_error *error)
{
    char *whole;
    TX_TRY(tx_buffer_finish(text, &whole));
    return tx_print_text(whole, error);
}

static void add_usage(tx_buffer *text, const char *begin, const tx_command *command, int width)
{
    tx_buffer_add(text, "%strainax ", begin);
    tx_buffer_wrap(text, width, strlen(begin) + strlen("trainax "), 12, command->usage);
    tx_buffer_add(text, "\n");
}

tx_status tx_command_print_usage(tx_error *error)
{
    const int width = tx_terminal_columns(STDOUT_FILENO);
    tx_buffer text = {.error = error};
    tx_buffer_wrap(&text, width, 0, 2, "trainax " TRAINAX_VERSION ": training of autoregressive neural emulators over MPI");
    tx_buffer_add(&text, "\n\n");
    for (int k = 0; tx_commands[k]; k++) {
        add_usage(&text, "  ", tx_commands[k], width);
        tx_buffer_add(&text, "        ");
        tx_buffer_wrap(&text, width, 8, 8, tx_commands[k]->summary);
        tx_buffer_add(&text, "\n");
    }
    tx_buffer_add(&text, "  trainax --help | --version\n\n");
    tx_buffer_wrap(
        &text, width, 0, 0,
        "Alone or under mpirun -n P / srun. `trainax COMMAND --help` tells a command's options, `trainax list` names the "
        "components of a configuration, `trainax help NAME` describes one, or a key.");
    tx_buffer_add(&text, "\n");
    return print(&text, error);
}

/* A row an option and one for the argument; names: what the first cells are written to. */
static size_t add_rows(const tx_command *command, char (*names)[40], const char **cells)
{
    size_t rows = 0;
    if (command->word) {
        cells[rows++] = command->word;
        cells[rows++] = command->word_text ? command->word_text : "";
    }
    for (const tx_flag *flag = command->flags; flag && flag->name; flag++) {
        snprintf(names[rows / 2], sizeof *names, "%s%s%s", flag->name, flag->value ? " " : "", flag->value ? flag->value : "");
        cells[rows] = names[rows / 2];
        cells[rows + 1] = flag->text ? flag->text : "";
        rows += 2;
    }
    cells[rows] = tx_help_flag.name;
    cells[rows + 1] = tx_help_flag.text;
    return rows / 2 + 1;
}

tx_status tx_command_print_help(const tx_command *command, tx_error *error)
{
    const int width = tx_terminal_columns(STDOUT_FILENO);
    char names[TX_MAX_FLAGS + 2][40];
    const char *cells[2 * (TX_MAX_FLAGS + 2)];
    tx_buffer text = {.error = error};
    add_usage(&text, "usage: ", command, width);
    tx_buffer_add(&text, "\n");
    tx_buffer_wrap(&text, width, 0, 0, command->summary);
    tx_buffer_add(&text, "\n\n");
    tx_buffer_table(&text, "  ", width, add_rows(command, names, cells), 2, cells);
    if (command->example) {
        tx_buffer_add(&text, "\nexample: trainax ");
        tx_buffer_wrap(&text, width, 17, 9, command->example);
        tx_buffer_add(&text, "\n");
    }
    return print(&text, error);
}
