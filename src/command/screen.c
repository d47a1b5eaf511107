/* What the user sees. Results go to stdout; progress, warnings and errors to stderr. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "command/command.h"

bool tx_speaks(void)
{
    return tx_parallel_job_rank() == 0;
}

/* A line can be written again on a terminal that is none in name alone. */
tx_screen tx_screen_begin(const tx_arguments *arguments)
{
    const char *kind = getenv("TERM");
    return (tx_screen){.quiet = tx_arguments_value(arguments, "--quiet"),
                       .terminal = isatty(STDERR_FILENO) && !(kind && strcmp(kind, "dumb") == 0)};
}

/* The last progress line stays. */
void tx_screen_end(tx_screen *screen)
{
    if (screen->open) {
        fputc('\n', stderr);
        screen->open = false;
    }
}

static void write_line(void *user, tx_log_level level, const char *line)
{
    tx_screen *screen = user;
    if (screen->quiet && level != TX_LOG_WARNING) {
        return;
    }
    if (level == TX_LOG_RESULT) {
        tx_screen_end(screen);
        puts(line);
        return;
    }
    const char *clear = screen->open ? "\r\033[K" : "";
    if (level == TX_LOG_PROGRESS) {
        fprintf(stderr, screen->terminal ? "\r%s\033[K" : "%s\n", line);
        screen->open = screen->terminal;
        return;
    }
    fprintf(stderr, "%s%s%s\n", clear, level == TX_LOG_WARNING ? "trainax: warning: " : "", line);
    screen->open = false;
}

tx_log tx_screen_log(tx_screen *screen)
{
    return (tx_log){.write = write_line, .user = screen};
}

void tx_tell_error(tx_error *error)
{
    if (error->status != TX_OK && error->message[0]) {
        fprintf(stderr, "trainax: %s%s\n", error->status == TX_STOPPED ? "" : "error: ", error->message);
    }
    error->message[0] = '\0';
}

tx_status tx_output_check(tx_error *error)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return TX_OK;
    }
    const int number = errno;
    clearerr(stdout);
    return number == EPIPE ? TX_OK /* nobody reads on */
                           : tx_error_set(error, TX_BAD_DATA, "cannot write to stdout: %s", strerror(number));
}

tx_status tx_print_text(char *text, tx_error *error)
{
    if (tx_speaks()) {
        fputs(text, stdout);
    }
    const tx_status status = tx_output_check(error);
    tx_free(text);
    return status;
}
