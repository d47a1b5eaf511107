/* All ranks of a job are told the same: compared once, before any work. */
#include <string.h>

#include "base/memory.h"
#include "command/command.h"
#include "component/buffer.h"

/* Items of a text end with this; it stands in no sensible argument, and in one that has it the comparison is right as well. */
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

/* The item, or line, in which the texts begin to differ. */
typedef struct item {
    const char *begin;
    int length; /* 0: there is none */
} item;

static item find_item(const char *text, size_t begin, const char *ends)
{
    const char *at = text + begin + strspn(text + begin, " ");
    return (item){at, (int)strcspn(at, ends)};
}

static tx_status differ(int rank, const char *mine, const char *first, const char *ends, tx_error *error)
{
    size_t at = 0, begin = 0;
    for (; mine[at] == first[at]; at++) {
        begin = strchr(ends, mine[at]) ? at + 1 : begin;
    }
    const item here = find_item(mine, begin, ends), there = find_item(first, begin, ends);
    return tx_error_set(
        error, TX_INVALID, "rank %d was told %.*s%s where rank 0 was told %.*s%s: all ranks of a job are told the same", rank,
        here.length, here.begin, here.length ? "" : "nothing more", there.length, there.begin, there.length ? "" : "nothing more");
}

/* Rank 0's text on all ranks; `mine` is NULL where it could not be made. */
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

static tx_status share(tx_parallel *parallel, tx_status mine, char *text, const char *ends, tx_error *error)
{
    tx_status status = tx_parallel_agree(parallel, mine, error);
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
