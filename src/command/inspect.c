/* trainax inspect. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "command/command.h"

/* HDF5 or numpy's by the first bytes, or by its name when it cannot be read (the message then speaks of a file), or a folder. What
 * comes through a pipe can be read once only, and is a configuration. */
static bool is_data_file(const char *path)
{
    static const unsigned char hdf5[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'}, numpy[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    unsigned char start[8] = {0};
    struct stat info;
    const char *dot = strrchr(path, '.');
    if (dot && (strcasecmp(dot, ".h5") == 0 || strcasecmp(dot, ".hdf5") == 0 || strcasecmp(dot, ".npy") == 0)) {
        return true;
    }
    if (stat(path, &info) || !S_ISREG(info.st_mode)) {
        return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    }
    FILE *file = fopen(path, "rb");
    const bool read = file && fread(start, 1, 8, file) == 8;
    const bool same = read && (memcmp(start, hdf5, 8) == 0 || memcmp(start, numpy, 6) == 0);
    if (file) {
        fclose(file);
    }
    return same;
}

static void tell_incomplete(const tx_config *config)
{
    static const char *const needed[] = {"data", "network", "trainer"};
    const char *missing = NULL;
    for (size_t k = 0; k < sizeof needed / sizeof *needed && !missing; k++) {
        missing = tx_has(tx_config_root(config), needed[k]) ? NULL : needed[k];
    }
    if (tx_config_dropped(config)) {
        fprintf(stderr, "not complete enough to train: %s\n", tx_config_dropped(config));
    } else if (missing) {
        fprintf(stderr, "not complete enough to train: there is no section '%s'\n", missing);
    }
}

/* Graphviz, or SVG? By the name's ending. */
static tx_status choose_form(const char *path, tx_error *error, bool *dot)
{
    const char *ending = strrchr(path, '.');
    *dot = ending && strcmp(ending, ".dot") == 0;
    return *dot || (ending && strcmp(ending, ".svg") == 0)
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "--graph writes FILE.svg or FILE.dot, not '%s'", path);
}

static tx_status draw(const tx_config *config, const char *input, const tx_output *output, tx_error *error)
{
    const char *inputs[] = {input, NULL};
    char *text, *path;
    bool dot;
    TX_TRY(choose_form(output->path, error, &dot));
    TX_TRY(tx_inspect_graph(config, dot, error, &text));
    tx_status status = tx_speaks() ? tx_output_find(NULL, output, inputs, error, &path) : TX_OK;
    if (status == TX_OK && tx_speaks()) {
        status = tx_text_save(path, text, strlen(text), error);
        tx_free(path);
    }
    tx_free(text);
    return status;
}

static tx_status describe_config(const tx_arguments *arguments, const tx_config *config, tx_error *error, char **text)
{
    const tx_output output = {.path = tx_arguments_value(arguments, "--graph"),
                              .overwrite = tx_arguments_value(arguments, "--overwrite")};
    if (output.path && tx_config_dropped(config)) {
        return tx_error_set(error, TX_INVALID, "no graph: %s", tx_config_dropped(config));
    }
    if (output.path) {
        TX_TRY(draw(config, tx_arguments_path(arguments), &output, error));
    }
    if (tx_speaks()) {
        tell_incomplete(config);
    }
    return tx_inspect_config(config, tx_parallel_job_size(), tx_arguments_value(arguments, "--statistics"), error, text);
}

static tx_status describe(const tx_arguments *arguments, const char *path, tx_error *error, char **text)
{
    const bool data = is_data_file(path);
    tx_session session;
    if (data && tx_arguments_value(arguments, "--graph")) {
        return tx_error_set(error, TX_INVALID, "--graph draws a configuration, and %s is none", path);
    }
    if (data && arguments->num_many) {
        return tx_error_set(error, TX_INVALID, "--set changes a configuration, and %s is none", path);
    }
    TX_TRY(tx_session_open_alone(arguments, data ? NULL : path, error, &session));
    const tx_status status =
        data ? tx_inspect_file(session.registry, path, tx_arguments_value(arguments, "--statistics"), error, text)
             : describe_config(arguments, session.config, error, text);
    return tx_session_close(&session, status, error);
}

/* A run's, by all ranks. */
static tx_status find_spectrum(const tx_arguments *arguments, tx_error *error)
{
    static const char *const others[] = {"--statistics", "--graph"};
    const tx_output directory = {.path = tx_arguments_path(arguments), .overwrite = tx_arguments_value(arguments, "--overwrite")};
    tx_session session;
    char *text = NULL;
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        if (tx_arguments_value(arguments, others[k])) {
            return tx_error_set(error, TX_INVALID, "--spectrum and %s exclude each other", others[k]);
        }
    }
    if (arguments->num_many) {
        return tx_error_set(error, TX_INVALID, "--set changes a configuration, and --spectrum is of a run as it was");
    }
    tx_signals_clean_up();
    TX_TRY(tx_session_open(arguments, NULL, NULL, NULL, error, &session));
    tx_status status = tx_inspect_spectrum(session.parallel, session.registry, &directory, error, &text);
    if (status == TX_OK && text) {
        status = tx_print_text(text, error);
    }
    return tx_session_close(&session, status, error);
}

static tx_status run(const tx_arguments *arguments, tx_error *error)
{
    char *text;
    if (tx_arguments_value(arguments, "--spectrum")) {
        return find_spectrum(arguments, error);
    }
    TX_TRY(describe(arguments, tx_arguments_path(arguments), error, &text));
    return tx_print_text(text, error);
}

static const tx_flag flags[] = {
    {.name = "--set", .value = "KEY=VALUE", .many = true, .text = "overrides one key of a configuration; may be repeated"},
    {.name = "--statistics",
     .text = "of data, those of a configuration too: mean, std, rms and range of each channel, and of its changes"},
    {.name = "--graph", .value = "FILE.svg|.dot", .text = "draws the unrolled training graph of a configuration"},
    {.name = "--spectrum", .text = "of a run directory: eigenvalues of its Gauss-Newton matrix, to spectrum.csv there"},
    {.name = "--overwrite", .text = "replaces a file that is there; never one that is read"},
    {0},
};
const tx_command tx_command_inspect = {
    .name = "inspect",
    .usage = "inspect FILE|FOLDER|CONFIG [--statistics] [--graph FILE.svg|.dot [--overwrite]] [--set KEY=VALUE]... | --spectrum "
             "RUN [--overwrite]",
    .summary = "what is in a file; of a configuration: all its values, parameters, memory per rank",
    .flags = flags,
    .word = "FILE, FOLDER or CONFIG",
    .word_text = "a file that trainax wrote, data in any form that it reads, or a configuration; - is stdin",
    .max_words = 1,
    .run = run,
};
