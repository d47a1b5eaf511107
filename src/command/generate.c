/* trainax generate. */
#include "command/command.h"

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    static const char *const required[] = {"data", NULL};
    const tx_output output = {.path = tx_arguments_value(arguments, "--output"),
                              .overwrite = tx_arguments_value(arguments, "--overwrite")};
    tx_session session;
    if (!output.path) {
        return tx_error_set(error, TX_INVALID, "generate needs --output FILE.h5");
    }
    tx_signals_clean_up();
    TX_TRY(tx_session_open(arguments, tx_arguments_path(arguments), required, NULL, error, &session));
    const tx_status status = tx_generate(session.config, session.parallel, &output, error);
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true, .text = "overrides one key of the configuration; may be repeated"},
    {.name = "--output", .value = "FILE.h5", .text = "the trajectories"},
    {.name = "--overwrite", .text = "replaces a file that is there; never one that is read"},
    {0},
};
const tx_command tx_command_generate = {
    .name = "generate",
    .usage = "generate CONFIG --output FILE.h5 [--overwrite] [--set KEY=VALUE]...",
    .summary = "write the trajectories of a configuration's data section to a file",
    .flags = flags,
    .word = "CONFIG",
    .word_text = "the configuration, a YAML file; - is stdin",
    .max_words = 1,
    .example = "generate run.yaml --output data.h5",
    .run = run,
};
