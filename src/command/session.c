/* Opening a job and its configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "command/command.h"

static tx_status open_config(tx_session *session, const tx_arguments *arguments, const char *path, const char *const *required,
                             const char *directory, tx_error *error)
{
    char *text;
    TX_TRY(tx_config_load_for_all(session->parallel, path, error, &text));
    const tx_config_source source = {.name = path,
                                     .text = text,
                                     .overrides = arguments->many,
                                     .num_overrides = arguments->num_many,
                                     .output = directory,
                                     .required = required,
                                     .coarse = tx_arguments_value(arguments, "--coarse") != NULL};
    const tx_status status = tx_config_create(session->registry, &source, error, &session->config);
    tx_free(text);
    TX_TRY(tx_told_blame(session->parallel, status, error));
    return tx_told_check_config(session->parallel, session->config, error);
}

tx_status tx_session_registry(tx_error *error, tx_registry **out)
{
    return tx_registry_create_builtin(error, out);
}

tx_status tx_session_join(tx_parallel **out, tx_error *error)
{
    tx_setting settings[TX_MOST_SETTINGS];
    const int count = tx_parallel_settings(settings);
    for (int k = 0; k < count; k++) {
        setenv(settings[k].name, settings[k].value, 0);
    }
    return tx_parallel_create(NULL, error, out);
}

tx_status tx_session_open(const tx_arguments *arguments, const char *config_path, const char *const *required,
                          const char *directory, tx_error *error, tx_session *out)
{
    tx_session session = {0};
    TX_TRY(tx_session_join(&session.parallel, error));
    tx_status status = tx_told_check_arguments(session.parallel, arguments, error);
    if (status == TX_OK) {
        status = tx_parallel_agree(session.parallel, tx_session_registry(error, &session.registry), error);
    }
    if (status == TX_OK && config_path) {
        status = open_config(&session, arguments, config_path, required, directory, error);
    }
    if (status != TX_OK) {
        return tx_session_close(&session, status, error);
    }
    *out = session;
    return TX_OK;
}

tx_status tx_session_open_alone(const tx_arguments *arguments, const char *config_path, tx_error *error, tx_session *out)
{
    tx_session session = {0};
    tx_status status = tx_session_registry(error, &session.registry);
    if (status == TX_OK && config_path) {
        status = tx_config_read(session.registry, config_path, arguments->many, arguments->num_many, NULL, error, &session.config);
    }
    if (status != TX_OK) {
        return tx_session_close(&session, status, error);
    }
    *out = session;
    return TX_OK;
}

/* The others cannot be told any more, and what runs at exit would wait for them. Whichever rank ends first, the launcher then ends
 * the rest: rank 0, which has the files, is given the time for them. */
static _Noreturn void leave_alone(const tx_session *session, tx_error *error)
{
    if (tx_parallel_rank(session->parallel) != 0) {
        nanosleep(&(struct timespec){.tv_sec = 5}, NULL);
    }
    const int status = (int)error->status;
    tx_tell_error(error);
    fflush(stdout);
    tx_parallel_end_launcher();
    _exit(status);
}

tx_status tx_session_close(tx_session *session, tx_status status, tx_error *error)
{
    status = status == TX_OK ? tx_output_check(error) : status;
    if (session->parallel) {
        tx_error others = *error; /* a loss that has been told with more words stays */
        status = tx_parallel_agree(session->parallel, status, &others);
        if (tx_parallel_is_lost(session->parallel)) {
            leave_alone(session, error->message[0] ? error : &others);
        }
        *error = others;
        if (tx_parallel_rank(session->parallel) == 0) {
            tx_tell_error(error);
        }
        error->message[0] = '\0';
    }
    tx_config_destroy(session->config);
    tx_registry_destroy(session->registry);
    tx_parallel_destroy(session->parallel);
    *session = (tx_session){0};
    return status;
}
