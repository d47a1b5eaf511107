/* What callbacks that save files of single steps share. */
#include "callback/snapshot.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

tx_status tx_snapshot_name(const tx_callback *callback, const char *name, const char *suffix, tx_error *error, char **out)
{
    if (strchr(name, '/')) {
        return tx_section_error(callback->section, "name", error, TX_INVALID,
                                "files in the run directory are named by it: it holds no slash");
    }
    char *text;
    const size_t size = strlen(name) + strlen(suffix) + 1;
    TX_TRY(tx_allocate(size, error, &text));
    snprintf(text, size, "%s%s", name, suffix);
    *out = text;
    return TX_OK;
}
