#include "base/number.h"
#include "command/command.h"

static tx_status need(const tx_arguments *arguments, const char *flag, const char *placeholder, tx_error *error, const char **out)
{
    *out = tx_arguments_value(arguments, flag);
    return *out ? TX_OK : tx_error_set(error, TX_INVALID, "rollout needs %s %s", flag, placeholder);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    const char *initial, *steps, *output;
    int64_t num_steps;
    tx_session session;
    TX_TRY(need(arguments, "--initial", "FILE.h5", error, &initial));
    TX_TRY(need(arguments, "--steps", "N", error, &steps));
    TX_TRY(need(arguments, "--output", "FILE.h5", error, &output));
    if (!tx_parse_integer(steps, &num_steps) || num_steps < 0) {
        return tx_error_set(error, TX_INVALID, "--steps %s: a number of steps, 0 or more, is needed", steps);
    }
    TX_TRY(tx_session_open(arguments, NULL, NULL, NULL, error, &session));
    const tx_status status = tx_rollout(session.parallel, session.registry, arguments->words[0], initial, num_steps, output, error);
    tx_session_close(&session, error);
    return status;
}

static const tx_flag flags[] = {
    {.name = "--initial", .value = "FILE.h5"},
    {.name = "--steps", .value = "N"},
    {.name = "--output", .value = "FILE.h5"},
    {0},
};
const tx_command tx_command_rollout = {
    .name = "rollout",
    .usage = "rollout NETWORK.h5 --initial FILE.h5 --steps N --output FILE.h5",
    .summary = "apply a trained network again and again, from the first level of every trajectory",
    .flags = flags,
    .word = "NETWORK.h5",
    .max_words = 1,
    .run = run,
};
