/* What the user sees. Results go to stdout; progress, warnings and errors to stderr. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "command/command.h"

/* The launchers' own variables: the first that is set says it. */
static int64_t launcher_number(const char *const *names, int64_t otherwise)
{
    for (; *names; names++) {
        const char *text = getenv(*names);
        int64_t number;
        if (text && tx_parse_integer(text, &number)) {
            return number;
        }
    }
    return otherwise;
}

bool tx_speaks(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", NULL};
    return launcher_number(names, 0) == 0;
}

int tx_launched_ranks(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS", NULL};
    return (int)launcher_number(names, 1);
}

static void write_line(void *user, tx_log_level level, const char *line)
{
    tx_screen *screen = user;
    if (screen->quiet && level != TX_LOG_WARNING) {
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

/* The last progress line stays. */
void tx_screen_end(tx_screen *screen)
{
    if (screen->open) {
        fputc('\n', stderr);
        screen->open = false;
    }
}

void tx_tell_error(tx_error *error)
{
    if (error->status != TX_OK && error->message[0] && tx_speaks()) {
        fprintf(stderr, "trainax: %s%s\n", error->status == TX_STOPPED ? "" : "error: ", error->message);
    }
    error->message[0] = '\0';
}

tx_status tx_print_text(char *text, tx_error *error)
{
    const bool good = !tx_speaks() || (fputs(text, stdout) != EOF && fflush(stdout) == 0);
    tx_free(text);
    return good || errno == EPIPE ? TX_OK : tx_error_set(error, TX_BAD_DATA, "cannot write to stdout: %s", strerror(errno));
}
