/* trainax check. */
#include "command/command.h"

static tx_status check(const tx_arguments *arguments, const tx_config *config, tx_error *error)
{
    char *text;
    tx_error unprinted = {0};
    const tx_status status = tx_check_config(config, tx_arguments_value(arguments, "--component"), error, &text);
    const tx_status printed = text ? tx_print_text(text, &unprinted) : TX_OK;
    return status ? status : printed ? tx_error_set(error, printed, "%s", unprinted.message) : TX_OK;
}

/* By the process that prints; the others have nothing to do. */
static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    tx_session session;
    TX_TRY(tx_session_open_alone(arguments, tx_arguments_path(arguments), error, &session));
    const tx_status status = tx_speaks() ? check(arguments, session.config, error) : TX_OK;
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--component", .value = "KEY", .text = "only this one: trainer.ref_stepper, or ref_stepper; all if absent"},
    {.name = "--set", .value = "KEY=VALUE", .many = true, .text = "overrides one key of the configuration; may be repeated"},
    {0},
};
const tx_command tx_command_check = {
    .name = "check",
    .usage = "check CONFIG [--component KEY] [--set KEY=VALUE]...",
    .summary = "shapes, determinism, derivatives, arrays, memory and time of networks, steppers, residua and losses",
    .flags = flags,
    .word = "CONFIG",
    .word_text = "the configuration, a YAML file; - is stdin",
    .max_words = 1,
    .run = run,
};
