/* All ranks of a job are told the same: compared once, before any work. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/memory.h"
#include "command/command.h"
#include "component/buffer.h"

/* Items of a text end with this. In an argument that has it the comparison is right as well. */
static const char end_of_item[] = "\x1e";

static void add(tx_buffer *text, const char *name, const char *value)
{
    tx_buffer_add(text, "%s%s%s%s", name, *name && *value ? " " : "", value, end_of_item);
}

/* What the command line says, whatever its order. */
static tx_status describe(const tx_arguments *arguments, tx_error *error, char **out)
{
    const tx_command *command = arguments->command;
    tx_buffer text = {.error = error};
    add(&text, command->name, "");
    for (int k = 0; k < arguments->num_words; k++) {
        add(&text, "", arguments->words[k]);
    }
    for (int k = 0; command->flags && command->flags[k].name; k++) {
        const tx_flag *flag = &command->flags[k];
        if (arguments->value[k] && !flag->many) {
            add(&text, flag->name, flag->value ? arguments->value[k] : "");
        }
        for (int m = 0; flag->many && m < arguments->num_many; m++) {
            add(&text, flag->name, arguments->many[m]);
        }
    }
    return tx_buffer_finish(&text, out);
}

enum { SHOWN = 320 };

/* The item that begins at `begin`, as much of it as a message has room for. */
static void show(const char *text, size_t begin, const char *ends, char out[SHOWN])
{
    const char *item = text + begin + strspn(text + begin, " ");
    char whole[SHOWN];
    snprintf(whole, sizeof whole, "%.*s", (int)strcspn(item, ends), item);
    tx_escape(*whole ? whole : "nothing more", out, SHOWN);
}

static tx_status differ(int rank, const char *mine, const char *first, const char *ends, tx_error *error)
{
    size_t at = 0, begin = 0;
    char here[SHOWN], there[SHOWN];
    for (; mine[at] == first[at]; at++) {
        begin = strchr(ends, mine[at]) ? at + 1 : begin;
    }
    show(mine, begin, ends, here);
    show(first, begin, ends, there);
    return tx_error_set(error, TX_INVALID, "rank %d was told %s where rank 0 was told %s: all ranks of a job are told the same",
                        rank, here, there);
}

/* Each rank's text with rank 0's. */
static tx_status compare(tx_parallel *parallel, char *mine, const char *ends, tx_error *error)
{
    char *first = tx_parallel_rank(parallel) == 0 ? mine : NULL;
    TX_TRY(tx_parallel_broadcast_text(parallel, &first, error));
    const tx_status status = strcmp(mine, first) ? differ(tx_parallel_rank(parallel), mine, first, ends, error) : TX_OK;
    if (first != mine) {
        tx_free(first);
    }
    return tx_parallel_agree(parallel, status, error);
}

tx_status tx_told_blame(tx_parallel *parallel, tx_status mine, tx_error *error)
{
    int64_t failed = mine != TX_OK;
    TX_TRY(tx_parallel_sum(parallel, &failed, 1, error));
    if (mine != TX_OK && failed < tx_parallel_size(parallel)) {
        tx_error_prefix(error, "rank %d, not all of them", tx_parallel_rank(parallel));
    }
    return tx_parallel_agree(parallel, mine, error);
}

static tx_status share(tx_parallel *parallel, tx_status mine, char *text, const char *ends, tx_error *error)
{
    tx_status status = tx_told_blame(parallel, mine, error);
    status = status ? status : compare(parallel, text, ends, error);
    tx_free(text);
    return status;
}

tx_status tx_told_check_arguments(tx_parallel *parallel, const tx_arguments *arguments, tx_error *error)
{
    char *text = NULL;
    const tx_status status = describe(arguments, error, &text);
    return share(parallel, status, text, end_of_item, error);
}

tx_status tx_told_check_config(tx_parallel *parallel, const tx_config *config, tx_error *error)
{
    char *text = NULL;
    const tx_status status = tx_section_write(tx_config_root(config), error, &text);
    return share(parallel, status, text, "\n", error);
}

/* ---- Those that end without the others ---- */

static tx_status describe_words(int argc, char **argv, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    for (int k = 1; k < argc; k++) {
        add(&text, argv[k], "");
    }
    add(&text, "to end at once", "");
    return tx_buffer_finish(&text, out);
}

tx_status tx_told_end(int argc, char **argv, tx_status status, tx_error *error)
{
    tx_session session = {0};
    char *text = NULL;
    if (tx_parallel_joined() || !tx_parallel_launched() || tx_parallel_job_size() < 2 ||
        tx_session_join(&session.parallel, NULL) != TX_OK) {
        return status;
    }
    status = status ? status : describe_words(argc, argv, error, &text);
    return tx_session_close(&session, share(session.parallel, status, text, end_of_item, error), error);
}
