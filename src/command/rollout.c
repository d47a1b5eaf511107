/* trainax rollout. */
#include "base/number.h"
#include "command/command.h"

static tx_status need(const tx_arguments *arguments, const char *flag, const char *placeholder, tx_error *error, const char **out)
{
    *out = tx_arguments_value(arguments, flag);
    return *out ? TX_OK : tx_error_set(error, TX_INVALID, "rollout needs %s %s", flag, placeholder);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    const char *initial, *steps;
    tx_output output = {.overwrite = tx_arguments_value(arguments, "--overwrite")};
    int64_t num_steps;
    tx_session session;
    TX_TRY(need(arguments, "--initial", "FILE.h5", error, &initial));
    TX_TRY(need(arguments, "--steps", "N", error, &steps));
    TX_TRY(need(arguments, "--output", "FILE.h5", error, &output.path));
    if (!tx_parse_integer(steps, &num_steps) || num_steps < 0) {
        return tx_error_set(error, TX_INVALID, "--steps %s: a number of steps, 0 or more, is needed", steps);
    }
    tx_signals_clean_up();
    TX_TRY(tx_session_open(arguments, NULL, NULL, NULL, error, &session));
    const tx_status status = tx_rollout(session.parallel, session.registry, arguments->words[0], initial, num_steps,
                                        tx_arguments_value(arguments, "--device"), &output, error);
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--initial", .value = "FILE.h5", .text = "trajectories, whose first levels are the initial states"},
    {.name = "--steps", .value = "N", .text = "how often the network is applied"},
    {.name = "--output", .value = "FILE.h5", .text = "trajectories of N + 1 levels, the initial one first"},
    {.name = "--device", .value = "DEVICE", .text = "on an OpenCL device: auto, its number in `list devices`, or part of its name"},
    {.name = "--overwrite", .text = "replaces a file that is there; never one that is read"},
    {0},
};
const tx_command tx_command_rollout = {
    .name = "rollout",
    .usage = "rollout NETWORK.h5|DIR --initial FILE.h5 --steps N --output FILE.h5 [--device DEVICE] [--overwrite]",
    .summary = "apply a trained network again and again, from the first level of every trajectory",
    .flags = flags,
    .word = "NETWORK.h5|DIR",
    .word_text =
        "network.h5 or checkpoint.h5 of a run; or an ensemble's directory: the members' mean, with /spread, their standard "
        "deviation, beside it",
    .max_words = 1,
    .example = "rollout runs/five/network.h5 --initial data.h5 --steps 50 --output rolled.h5",
    .run = run,
};
