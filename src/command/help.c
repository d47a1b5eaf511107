/* trainax help. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/terminal.h"
#include "command/command.h"
#include "component/buffer.h"
#include "plugin/plugin.h"

/* The component that is called as a command is, if there is one. */
static const tx_component *find_component(const tx_registry *registry, const char *name)
{
    const tx_component *component = NULL;
    for (int kind = 0; kind < TX_KIND_COUNT && !component; kind++) {
        component = tx_registry_find(registry, (tx_kind)kind, name);
    }
    return component;
}

static tx_status describe_command(const tx_command *command, const tx_component *namesake, tx_error *error)
{
    tx_buffer text = {.error = error};
    char *line;
    TX_TRY(tx_command_print_help(command, error));
    if (!namesake) {
        return TX_OK;
    }
    tx_buffer_add(&text, "\nalso a component: trainax help %s/%s\n", tx_kind_name(namesake->kind), namesake->name);
    TX_TRY(tx_buffer_finish(&text, &line));
    return tx_print_text(line, error);
}

static tx_status add_components(const tx_registry *registry, tx_buffer *text)
{
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        for (int k = 0; k < tx_registry_count(registry, (tx_kind)kind); k++) {
            char name[200], *help;
            snprintf(name, sizeof name, "%s/%s", tx_kind_name((tx_kind)kind), tx_registry_at(registry, (tx_kind)kind, k)->name);
            TX_TRY(tx_registry_help(registry, name, tx_terminal_columns(STDOUT_FILENO), text->error, &help));
            tx_buffer_add(text, "%s%s", text->length ? "\n" : "", help);
            tx_free(help);
        }
    }
    return TX_OK;
}

/* FILE.so: the components of a plugin. */
static tx_status describe_plugin(const char *file, tx_error *error)
{
    char *whole;
    tx_buffer text = {.error = error};
    tx_registry *registry;
    TX_TRY(tx_registry_create(error, &registry));
    tx_status status = tx_plugin_add(registry, file, error);
    status = status ? status : add_components(registry, &text);
    tx_registry_destroy(registry);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    TX_TRY(tx_buffer_finish(&text, &whole));
    return tx_print_text(whole, error);
}

static bool is_plugin(const char *name)
{
    const size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".so") == 0;
}

/* NAME, a command before a component; command/NAME. */
static tx_status describe(const tx_registry *registry, const char *name, tx_error *error)
{
    static const char prefix[] = "command/";
    const bool prefixed = strncmp(name, prefix, strlen(prefix)) == 0;
    const tx_command *command = tx_command_find(prefixed ? name + strlen(prefix) : name);
    char *text;
    if (is_plugin(name)) {
        return describe_plugin(name, error);
    }
    if (command) {
        return describe_command(command, prefixed ? NULL : find_component(registry, name), error);
    }
    TX_TRY(tx_registry_help(registry, name, tx_terminal_columns(STDOUT_FILENO), error, &text));
    return tx_print_text(text, error);
}

static tx_status print_page(const tx_registry *registry, const char *page, tx_error *error)
{
    char *text;
    TX_TRY(tx_manual_page(registry, page, error, &text));
    return tx_print_text(text, error);
}

static tx_status print_completion(const tx_registry *registry, tx_error *error)
{
    char *text;
    TX_TRY(tx_bash_completion(registry, error, &text));
    return tx_print_text(text, error);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    const char *page = tx_arguments_value(arguments, "--man");
    const bool completion = tx_arguments_value(arguments, "--completion");
    tx_registry *registry;
    if (arguments->num_words + (page != NULL) + completion > 1) {
        return tx_error_set(error, TX_INVALID, "help: either a NAME or --man or --completion");
    }
    TX_TRY(tx_session_registry(error, &registry));
    const tx_status status = page                   ? print_page(registry, page, error)
                             : completion           ? print_completion(registry, error)
                             : arguments->num_words ? describe(registry, arguments->words[0], error)
                                                    : tx_command_print_usage(error);
    tx_registry_destroy(registry);
    return status;
}

static const tx_flag flags[] = {
    {.name = "--man", .value = "PAGE", .text = "a manual page as roff: trainax, trainax-COMMAND or trainax-config"},
    {.name = "--completion", .text = "the script for bash: source <(trainax help --completion)"},
    {0},
};
const tx_command tx_command_help = {
    .name = "help",
    .usage = "help [[KIND/]NAME | --man PAGE | --completion]",
    .summary = "one component, key or command: its options, types, defaults, units",
    .flags = flags,
    .word = "NAME",
    .word_text = "a component, also as KIND/NAME; a key of the configuration, such as precision, trainer.optimizer or adam.b1; "
                 "a kind, such as networks; a network's descriptor; a metric; a command; a plugin (FILE.so)",
    .word_optional = true,
    .max_words = 1,
    .example = "help trainer.optimizer",
    .run = run,
};
