/* trainax schema. */
#include "command/command.h"

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    tx_registry *registry;
    char *text;
    (void)arguments;
    TX_TRY(tx_session_registry(error, &registry));
    const tx_status status = tx_registry_schema(registry, error, &text);
    tx_registry_destroy(registry);
    TX_TRY(status);
    return tx_print_text(text, error);
}

const tx_command tx_command_schema = {
    .name = "schema",
    .usage = "schema",
    .summary = "a JSON Schema of the configuration, with which editors complete and check it",
    .example = "trainax schema > schema.json",
    .run = run,
};
