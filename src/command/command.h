/* The command: a thin layer over the library. One file a subcommand; each parses its arguments, calls one function of the
 * public headers and hands the status back, which is the exit code. */
#pragma once

#include <signal.h>

#include "trainax/trainax.h"

/* ---- Arguments ---- */

/* Placeholders of values say what completion offers: see completion.c. */
typedef struct tx_flag {
    const char *name;  /* "--output" */
    const char *value; /* placeholder of its value, NULL: a switch */
    bool many;         /* may be given several times */
    const char *text;  /* one line for --help */
} tx_flag;

enum { TX_MAX_FLAGS = 12 };

typedef struct tx_command tx_command;
typedef struct tx_arguments {
    const tx_command *command;
    const char **words; /* NULL behind the last */
    int num_words;
    const char *value[TX_MAX_FLAGS]; /* in the order of the command's flags; switches: their name when given; else NULL */
    const char **many;               /* values of the flag that may be given several times */
    int num_many;
} tx_arguments;

struct tx_command {
    const char *name;
    const char *usage;   /* behind "trainax " */
    const char *summary; /* one line */
    const tx_flag *flags;
    const char *word;      /* placeholder of its argument ("CONFIG"), NULL: none */
    const char *word_text; /* one line for --help */
    bool word_optional;
    int max_words;
    const char *example; /* behind "trainax ", NULL: none */
    tx_status (*run)(const tx_arguments *arguments, tx_error *error);
};

/* TX_INVALID, naming the nearest flag for an unknown one. arguments->words and ->many are allocated
 * (tx_arguments_free). */
tx_status tx_arguments_parse(const tx_command *command, int argc, char **argv, tx_error *error, tx_arguments *out);
void tx_arguments_free(tx_arguments *arguments);
const char *tx_arguments_value(const tx_arguments *arguments, const char *flag); /* NULL: not given */
/* --resume, --overwrite, which exclude each other: TX_INVALID. */
tx_status tx_arguments_start(const tx_arguments *arguments, tx_error *error, tx_start *out);
const char *tx_arguments_path(const tx_arguments *arguments); /* the first word; "-": what comes through stdin */

/* ---- Subcommands ---- */

extern const tx_command tx_command_train, tx_command_generate, tx_command_evaluate, tx_command_rollout, tx_command_export,
    tx_command_inspect, tx_command_check, tx_command_baseline, tx_command_help, tx_command_list, tx_command_schema,
    tx_command_bench, tx_command_study, tx_command_apebench;
extern const tx_command *const tx_commands[]; /* ends with NULL */
const tx_command *tx_command_find(const char *name);
extern const tx_flag tx_help_flag; /* --help, which every command has */
tx_status tx_command_print_usage(tx_error *error);
tx_status tx_command_print_help(const tx_command *command, tx_error *error);
/* Made of the same tables as the help; freed with tx_free. Pages: trainax, trainax-COMMAND, trainax-config. */
tx_status tx_manual_page(const tx_registry *registry, const char *page, tx_error *error, char **out);
tx_status tx_bash_completion(const tx_registry *registry, tx_error *error, char **out);

/* ---- What several of them need ---- */

bool tx_speaks(void); /* is this process the one that prints? As MPI says while it runs, else as the launcher does */

/* Lines for the user on stdout and stderr; owned by the caller. */
typedef struct tx_screen {
    bool quiet, terminal;
    bool open; /* a progress line stands unfinished */
} tx_screen;
tx_screen tx_screen_begin(const tx_arguments *arguments); /* of a command with --quiet */
tx_log tx_screen_log(tx_screen *screen);
void tx_screen_end(tx_screen *screen);

/* Signals that end a command, SIGHUP only where it was not ignored. To be called before MPI starts: one during start-up counts
 * too. The first: *result is no longer 0 when there was one, a request to stop. */
const volatile sig_atomic_t *tx_signals_stop(void);
void tx_signals_clean_up(void); /* the process dies of them, its unfinished files removed */

/* A file that lets HDF5 crash or go round in circles ends the process with a line that names it, and TX_BAD_DATA, a user's function
 * that calls exit likewise, with TX_FAILURE; every other crash is what it was. To be called before MPI starts. */
void tx_damage_catch(void);

/* Prints an error's line, if there is one, and marks it as told. */
void tx_tell_error(tx_error *error);

/* Joins the job, with the environment as Open MPI needs it. Collective. */
tx_status tx_session_join(tx_parallel **out, tx_error *error);
/* All that this program knows, for every command. */
tx_status tx_session_registry(tx_error *error, tx_registry **out);

/* A job with its configuration. */
typedef struct tx_session {
    tx_parallel *parallel;
    tx_registry *registry;
    tx_config *config;
} tx_session;
/* Starts the job; config_path NULL: no configuration is wanted. Rank 0 reads the file for all. directory: instead of its
 * output.directory, or NULL. TX_INVALID when the ranks were told different things. */
tx_status tx_session_open(const tx_arguments *arguments, const char *config_path, const char *const *required,
                          const char *directory, tx_error *error, tx_session *out);
/* The ranks leave together: all with the status of the first that has failed, whose error rank 0 tells; results that cannot be
 * printed are a failure too. */
tx_status tx_session_close(tx_session *session, tx_status status, tx_error *error);
/* Compare what the ranks were told: TX_INVALID with the first that was told otherwise than rank 0, and what. Collective. */
tx_status tx_told_check_arguments(tx_parallel *parallel, const tx_arguments *arguments, tx_error *error);
tx_status tx_told_check_config(tx_parallel *parallel, const tx_config *config, tx_error *error);
/* All get the status of the first that has failed, whose error says so where it is not all of them. Collective. */
tx_status tx_told_blame(tx_parallel *parallel, tx_status mine, tx_error *error);
/* For a process that has not joined its job and is about to end, well or not: MPI would let the others wait for it for ever. It
 * joins and takes part in tx_told_check_arguments; tells the error. Without such a job nothing but `status`. */
tx_status tx_told_end(int argc, char **argv, tx_status status, tx_error *error);
/* The same without a job: this process alone, whose error is left for the caller to tell. */
tx_status tx_session_open_alone(const tx_arguments *arguments, const char *config_path, tx_error *error, tx_session *out);

/* Text to stdout by the one process that prints; frees it (tx_free). TX_BAD_DATA as below. */
tx_status tx_print_text(char *text, tx_error *error);
/* Has stdout taken all that was printed so far? TX_BAD_DATA if not; a pipe that nobody reads any longer is no failure. */
tx_status tx_output_check(tx_error *error);
