/* trainax list. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/terminal.h"
#include "command/command.h"
#include "trainax/kernel.h"

/* What parallel.device can name. */
static tx_status list_devices(tx_error *error)
{
    tx_device *devices;
    int count;
    TX_TRY(tx_backend_devices("opencl", error, &devices, &count));
    for (int k = 0; k < count; k++) {
        const tx_device *d = &devices[k];
        printf("%d  %s  (%s, driver %s)  %.1f GiB  float32%s\n", d->number, d->name, d->platform, d->driver,
               (double)d->memory / (1 << 30), d->doubles ? " float64" : "");
    }
    tx_free(devices);
    return count ? TX_OK : tx_error_set(error, TX_FAILURE, "OpenCL finds no device on this machine");
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    tx_registry *registry;
    char *text;
    if (arguments->words[0] && strcmp(arguments->words[0], "devices") == 0) {
        return list_devices(error);
    }
    TX_TRY(tx_session_registry(error, &registry));
    const tx_status status = tx_registry_list(registry, arguments->words[0], tx_terminal_columns(STDOUT_FILENO), error, &text);
    tx_registry_destroy(registry);
    TX_TRY(status);
    return tx_print_text(text, error);
}

const tx_command tx_command_list = {
    .name = "list",
    .usage =
        "list [networks|blocks|data|steppers|configurations|losses|metrics|optimizers|transforms|schedules|callbacks|devices|…]",
    .summary = "the components that a configuration can name",
    .word = "KINDS",
    .word_text = "only these, such as networks, or devices: of OpenCL; every component if absent",
    .word_optional = true,
    .max_words = 1,
    .example = "list metrics",
    .run = run,
};
