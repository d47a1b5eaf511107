/* The command line: flags, words, and what is wrong with them. */
#include <string.h>

#include "base/memory.h"
#include "base/name.h"
#include "command/command.h"

static int find_flag(const tx_command *command, const char *text, size_t length)
{
    for (int k = 0; command->flags && command->flags[k].name; k++) {
        if (strlen(command->flags[k].name) == length && memcmp(command->flags[k].name, text, length) == 0) {
            return k;
        }
    }
    return -1;
}

static tx_status unknown_flag(const tx_command *command, const char *text, size_t length, tx_error *error)
{
    const char *names[TX_MAX_FLAGS + 1];
    char name[256];
    int count = 0;
    for (; command->flags && command->flags[count].name; count++) {
        names[count] = command->flags[count].name;
    }
    names[count++] = "--help";
    const size_t size = length < sizeof name - 1 ? length : sizeof name - 1;
    memcpy(name, text, size);
    name[size] = '\0';
    const char *nearest = tx_nearest_name(name, names, count);
    return tx_error_set(error, TX_INVALID, "%s has no option %s%s%s%s (see trainax %s --help)", command->name, name,
                        nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "", command->name);
}

/* argv[*at] is a flag; takes its value from behind '=' or from the next argument. */
static tx_status take_flag(tx_arguments *arguments, int argc, char **argv, int *at, tx_error *error)
{
    const tx_command *command = arguments->command;
    const char *text = argv[*at], *equals = strchr(text, '=');
    const size_t length = equals ? (size_t)(equals - text) : strlen(text);
    const int index = find_flag(command, text, length);
    if (index < 0) {
        return unknown_flag(command, text, length, error);
    }
    const tx_flag *flag = &command->flags[index];
    if (!flag->value && equals) {
        return tx_error_set(error, TX_INVALID, "%s takes no value", flag->name);
    }
    const char *value = !flag->value ? flag->name : equals ? equals + 1 : *at + 1 < argc ? argv[++*at] : NULL;
    if (!value || !*value) {
        return tx_error_set(error, TX_INVALID, "%s needs a value: %s %s", flag->name, flag->name, flag->value);
    }
    if (flag->many) {
        arguments->many[arguments->num_many++] = value;
    }
    arguments->value[index] = value;
    return TX_OK;
}

static tx_status take_word(tx_arguments *arguments, const char *word, tx_error *error)
{
    if (arguments->num_words == arguments->command->max_words) {
        return tx_error_set(error, TX_INVALID, "%s: unexpected argument '%s' (usage: trainax %s)", arguments->command->name, word,
                            arguments->command->usage);
    }
    arguments->words[arguments->num_words++] = word;
    return TX_OK;
}

static tx_status take_all(tx_arguments *arguments, int argc, char **argv, tx_error *error)
{
    bool flags = true;
    for (int k = 0; k < argc; k++) {
        if (flags && strcmp(argv[k], "--") == 0) {
            flags = false;
        } else if (flags && argv[k][0] == '-' && argv[k][1]) {
            TX_TRY(take_flag(arguments, argc, argv, &k, error));
        } else {
            TX_TRY(take_word(arguments, argv[k], error));
        }
    }
    const tx_command *command = arguments->command;
    if (command->word && !command->word_optional && arguments->num_words == 0) {
        return tx_error_set(error, TX_INVALID, "%s needs a %s (usage: trainax %s)", command->name, command->word, command->usage);
    }
    return TX_OK;
}

tx_status tx_arguments_parse(const tx_command *command, int argc, char **argv, tx_error *error, tx_arguments *out)
{
    tx_arguments arguments = {.command = command};
    tx_status status = tx_allocate_array((size_t)argc + 1, sizeof(char *), error, &arguments.words);
    status = status ? status : tx_allocate_array((size_t)argc + 1, sizeof(char *), error, &arguments.many);
    status = status ? status : take_all(&arguments, argc, argv, error);
    if (status != TX_OK) {
        tx_arguments_free(&arguments);
        return status;
    }
    *out = arguments;
    return TX_OK;
}

void tx_arguments_free(tx_arguments *arguments)
{
    tx_free(arguments->words);
    tx_free(arguments->many);
}

const char *tx_arguments_path(const tx_arguments *arguments)
{
    return strcmp(arguments->words[0], "-") == 0 ? "/dev/stdin" : arguments->words[0];
}

const char *tx_arguments_value(const tx_arguments *arguments, const char *flag)
{
    const int index = find_flag(arguments->command, flag, strlen(flag));
    return index < 0 ? NULL : arguments->value[index];
}

tx_status tx_arguments_start(const tx_arguments *arguments, tx_error *error, tx_start *out)
{
    const bool resume = tx_arguments_value(arguments, "--resume"), overwrite = tx_arguments_value(arguments, "--overwrite");
    if (resume && overwrite) {
        return tx_error_set(error, TX_INVALID, "--resume and --overwrite exclude each other");
    }
    *out = resume ? TX_START_RESUME : overwrite ? TX_START_OVERWRITE : TX_START_NEW;
    return TX_OK;
}
