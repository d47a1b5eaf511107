/* trainax check. */
#include <stdio.h>
#include <string.h>

#include "base/shape.h"
#include "command/command.h"

static bool is_plugin(const char *path)
{
    const char *ending = strrchr(path, '.');
    return ending && strcmp(ending, ".so") == 0;
}

static tx_status read_precision(const char *text, tx_error *error, tx_precision *out)
{
    const bool single = !text || strcmp(text, "float32") == 0;
    *out = single ? TX_FLOAT32 : TX_FLOAT64;
    return single || strcmp(text, "float64") == 0
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "--precision %s: it is float32 or float64", text);
}

static tx_status check_plugin(const tx_arguments *arguments, const tx_registry *registry, tx_error *error)
{
    const char *shape = tx_arguments_value(arguments, "--shape");
    tx_plugin_choice what = {.path = tx_arguments_path(arguments),
                             .component = tx_arguments_value(arguments, "--component"),
                             .overrides = arguments->many,
                             .num_overrides = arguments->num_many};
    TX_TRY(read_precision(tx_arguments_value(arguments, "--precision"), error, &what.precision));
    return !shape || tx_shape_read(shape, &what.shape)
               ? tx_check_plugin(registry, &what, stdout, error)
               : tx_error_set(error, TX_INVALID, "--shape %s: channels and the points of each axis are needed, such as 1,160",
                              shape);
}

static tx_status check_config(const tx_arguments *arguments, const tx_config *config, tx_error *error)
{
    static const char *const others[] = {"--shape", "--precision"};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        if (tx_arguments_value(arguments, others[k])) {
            return tx_error_set(error, TX_INVALID, "%s is for FILE.so: a configuration says it itself", others[k]);
        }
    }
    if (tx_config_dropped(config)) {
        fprintf(stderr, "not all is checked: %s\n", tx_config_dropped(config));
    }
    return tx_check_config(config, tx_arguments_value(arguments, "--component"), stdout, error);
}

static tx_status check(const tx_arguments *arguments, const tx_session *session, tx_error *error)
{
    const tx_status status =
        session->config ? check_config(arguments, session->config, error) : check_plugin(arguments, session->registry, error);
    return status ? status : tx_output_check(error);
}

/* By the process that prints; the others have nothing to do. */
static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    const char *path = tx_arguments_path(arguments);
    tx_session session;
    TX_TRY(tx_session_open_alone(arguments, is_plugin(path) ? NULL : path, error, &session));
    const tx_status status = tx_speaks() ? check(arguments, &session, error) : TX_OK;
    return tx_session_close(&session, status, error);
}

static const tx_flag flags[] = {
    {.name = "--component",
     .value = "KEY",
     .text = "only this one: trainer.ref_stepper, or ref_stepper; of FILE.so its name, or stepper/NAME"},
    {.name = "--shape", .value = "CHANNELS,POINTS...", .text = "of FILE.so: the states' (if absent: a usual one that it takes)"},
    {.name = "--precision", .value = "TYPE", .text = "of FILE.so: of the run that it would be in, float32 (if absent) or float64"},
    {.name = "--set",
     .value = "KEY=VALUE",
     .many = true,
     .text = "overrides one key of the configuration, or gives a component of FILE.so an option; may be repeated"},
    {0},
};
const tx_command tx_command_check = {
    .name = "check",
    .usage = "check CONFIG|FILE.so [--component KEY] [--shape CHANNELS,POINTS...] [--precision TYPE] [--set KEY=VALUE]...",
    .summary = "shapes, determinism, derivatives, arrays, memory and time of networks, steppers, residua, losses and data of "
               "plugins; what takes "
               "longer than a minute and a thousand forwards is given up",
    .flags = flags,
    .word = "CONFIG or FILE.so",
    .word_text = "the configuration, a YAML file, - is stdin; or a plugin, whose components are checked by themselves",
    .max_words = 1,
    .example = "check run.yaml --component ref_stepper",
    .run = run,
};
