/* trainax: finds the subcommand, runs it, says what went wrong, exits with its status. */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/name.h"
#include "command/command.h"

/* clang-format off */
const tx_command *const tx_commands[] = {
    &tx_command_train, &tx_command_generate, &tx_command_evaluate, &tx_command_rollout, &tx_command_export, &tx_command_inspect,
    &tx_command_check, &tx_command_baseline, &tx_command_study, &tx_command_apebench, &tx_command_bench, &tx_command_help, &tx_command_list,
    &tx_command_schema, NULL,
};
/* clang-format on */

const tx_command *tx_command_find(const char *name)
{
    for (int k = 0; tx_commands[k]; k++) {
        if (strcmp(tx_commands[k]->name, name) == 0) {
            return tx_commands[k];
        }
    }
    return NULL;
}

static void print_version(void)
{
    if (!tx_speaks()) {
        return;
    }
    printf("trainax %s\n", tx_version());
    for (const tx_library *library = tx_libraries; library->name; library++) {
        char version[128];
        library->version(version, sizeof version);
        printf("%s: %s\n", library->name, version);
    }
    printf("ISA: %s\n", tx_isa_name(tx_isa_count() - 1));
}

static tx_status unknown_command(const char *name, tx_error *error)
{
    const char *names[24];
    int count = 0;
    for (; tx_commands[count]; count++) {
        names[count] = tx_commands[count]->name;
    }
    names[count++] = "--help";
    names[count++] = "--version";
    const char *nearest = tx_nearest_name(name, names, count);
    return tx_error_set(error, TX_INVALID, "there is no command %s%s%s%s (see trainax --help)", name,
                        nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static bool wants_help(int argc, char **argv)
{
    bool wanted = false;
    for (int k = 0; k < argc && strcmp(argv[k], "--") != 0; k++) {
        wanted |= strcmp(argv[k], "--help") == 0 || strcmp(argv[k], "-h") == 0;
    }
    return wanted;
}

static tx_status run_command(const char *name, int argc, char **argv, tx_error *error)
{
    const tx_command *command = tx_command_find(name);
    tx_arguments arguments;
    if (!command) {
        return unknown_command(name, error);
    }
    if (wants_help(argc, argv)) {
        return tx_command_print_help(command, error);
    }
    TX_TRY(tx_arguments_parse(command, argc, argv, error, &arguments));
    const tx_status status = command->run(&arguments, error);
    tx_arguments_free(&arguments);
    return status;
}

static tx_status dispatch(int argc, char **argv, tx_error *error)
{
    TX_TRY(tx_isa_check(error));
    if (argc < 2) {
        return tx_error_set(error, TX_INVALID, "which command? (see trainax --help)");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return tx_command_print_usage(error);
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return TX_OK;
    }
    return run_command(argv[1], argc - 2, argv + 2, error);
}

/* Streams that are closed get something that refuses to be written to: no file that is opened later takes their place. */
static void occupy_streams(void)
{
    int fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDONLY);
    }
    close(fd);
}

/* A launcher ends the others when one process fails: where all fail alike, rank 0 speaks and the others are gone before their
 * turn; one that fails alone speaks after a while. */
static void tell_without_job(tx_error *error)
{
    if (tx_speaks() || nanosleep(&(struct timespec){.tv_sec = 2}, NULL) == 0) {
        tx_tell_error(error);
    }
}

int main(int argc, char **argv)
{
    static char output[1 << 16]; /* what is printed at once is written at once: if that fails, errno says why */
    tx_error error = {0};
    tx_damage_catch();
    occupy_streams();
    setvbuf(stdout, output, _IOFBF, sizeof output);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe or a file limit is an error of write(), with a message */
    signal(SIGXFSZ, SIG_IGN);
    mallopt(M_MMAP_THRESHOLD, 1 << 20); /* what large arrays leave goes back at once: limits of a process count it */
    tx_status status = dispatch(argc, argv, &error);
    status = status == TX_OK ? tx_output_check(&error) : status;
    status = tx_told_end(argc, argv, status, &error);
    if (status != TX_OK && error.message[0]) {
        tell_without_job(&error);
    }
    return (int)status;
}
