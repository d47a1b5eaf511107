/* trainax generate. */
#include "command/command.h"

/* Which section's trajectories. */
static const tx_section *find_data(const tx_config *config, bool evaluation)
{
    const tx_section *root = tx_config_root(config);
    return tx_get_section(evaluation ? tx_get_section(root, "evaluation") : root, "data");
}

static tx_status generate(const tx_session *session, bool evaluation, const tx_output *output, tx_error *error)
{
    const tx_section *data = find_data(session->config, evaluation);
    return data ? tx_generate(session->config, data, session->parallel, output, error)
                : tx_section_error(tx_get_section(tx_config_root(session->config), "evaluation"), "data", error, TX_INVALID,
                                   "is required: generate --evaluation writes its trajectories");
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    static const char *const data[] = {"data", NULL}, *const held_out[] = {"evaluation", NULL};
    const bool evaluation = tx_arguments_value(arguments, "--evaluation");
    const tx_output output = {.path = tx_arguments_value(arguments, "--output"),
                              .overwrite = tx_arguments_value(arguments, "--overwrite")};
    tx_session session;
    if (!output.path) {
        return tx_error_set(error, TX_INVALID, "generate needs --output FILE.h5, or FILE.npy");
    }
    if (evaluation && tx_arguments_value(arguments, "--coarse")) {
        return tx_error_set(error, TX_INVALID, "generate: either --evaluation or --coarse");
    }
    tx_signals_clean_up();
    TX_TRY(tx_session_open(arguments, tx_arguments_path(arguments), evaluation ? held_out : data, NULL, error, &session));
    const tx_status status = generate(&session, evaluation, &output, error);
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true, .text = "overrides one key of the configuration; may be repeated"},
    {.name = "--output", .value = "FILE", .text = "the trajectories: HDF5 or, FILE.npy, an array of numpy"},
    {.name = "--evaluation", .text = "of evaluation.data, instead of data"},
    {.name = "--coarse", .text = "of data, made by the scenario's coarse stepper"},
    {.name = "--overwrite", .text = "replaces a file that is there; never one that is read"},
    {0},
};
const tx_command tx_command_generate = {
    .name = "generate",
    .usage = "generate CONFIG --output FILE.h5|FILE.npy [--evaluation | --coarse] [--overwrite] [--set KEY=VALUE]...",
    .summary = "write the trajectories of a configuration's data to a file",
    .flags = flags,
    .word = "CONFIG",
    .word_text = "the configuration, a YAML file; - is stdin",
    .max_words = 1,
    .example = "generate run.yaml --output data.h5",
    .run = run,
};
