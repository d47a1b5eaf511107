/* SHA-256 of shared objects: in run.log, and in checkpoints as lines of a text, "trainer.ref_stepper 0123456789abcdef". */
#include "run/builds.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static const char attribute[] = "libraries";

static tx_status look(const tx_config *config, tx_error *error, tx_builds *out)
{
    TX_TRY(tx_config_libraries(config, error, &out->count, &out->named));
    TX_TRY(tx_allocate_array(out->count, sizeof *out->digest, error, &out->digest));
    for (size_t k = 0; k < out->count; k++) {
        TX_TRY(tx_digest_file(out->named[k].path, error, out->digest[k]));
    }
    return TX_OK;
}

tx_status tx_builds_look(const tx_config *config, tx_error *error, tx_builds *out)
{
    tx_builds libraries = {0};
    const tx_status status = look(config, error, &libraries);
    if (status != TX_OK) {
        tx_builds_free(&libraries);
        return status;
    }
    *out = libraries;
    return TX_OK;
}

void tx_builds_free(tx_builds *libraries)
{
    tx_free(libraries->named);
    tx_free(libraries->digest);
    *libraries = (tx_builds){0};
}

static bool is_again(const tx_builds *libraries, size_t library)
{
    size_t k = 0;
    while (k < library && strcmp(libraries->named[k].path, libraries->named[library].path) != 0) {
        k++;
    }
    return k < library;
}

tx_status tx_builds_note(const tx_builds *libraries, tx_run_log *log, tx_error *error)
{
    for (size_t k = 0; k < libraries->count; k++) {
        tx_text text = {0};
        if (!is_again(libraries, k)) {
            const tx_status status =
                tx_text_add(&text, error, "plugin: %s, SHA-256 %s", libraries->named[k].path, libraries->digest[k]);
            if (status == TX_OK) {
                tx_run_log_note(log, text.data);
            }
            tx_free(text.data);
            TX_TRY(status);
        }
    }
    return TX_OK;
}

tx_status tx_builds_put(const tx_builds *libraries, tx_file *file, tx_error *error)
{
    tx_text text = {0};
    tx_status status = TX_OK;
    for (size_t k = 0; k < libraries->count && status == TX_OK; k++) {
        status = tx_text_add(&text, error, "%s %s\n", libraries->named[k].section, libraries->digest[k]);
    }
    if (libraries->count && status == TX_OK) {
        status = tx_file_set_text(file, "/", attribute, text.data, error);
    }
    tx_free(text.data);
    return status;
}

/* What such a text says of a section; NULL: nothing. */
static const char *find(const char *lines, const char *section)
{
    const size_t length = strlen(section);
    while (lines && !(strncmp(lines, section, length) == 0 && lines[length] == ' ')) {
        lines = strchr(lines, '\n');
        lines = lines ? lines + 1 : NULL;
    }
    return lines ? lines + length + 1 : NULL;
}

tx_status tx_builds_compare(const tx_builds *libraries, const tx_file *file, const tx_log *log, tx_error *error)
{
    enum { DIGITS = 12 };
    char *lines = NULL;
    if (!tx_file_has_attribute(file, "/", attribute)) {
        return TX_OK;
    }
    TX_TRY(tx_file_get_text(file, "/", attribute, error, &lines));
    for (size_t k = 0; k < libraries->count; k++) {
        const char *now = libraries->digest[k], *then = find(lines, libraries->named[k].section);
        if (then && strncmp(now, then, strlen(now)) != 0) {
            tx_log_write(log, TX_LOG_WARNING, "%s: %s is not what %s was computed with: its SHA-256 was %.*s…, now it is %.*s…",
                         libraries->named[k].section, libraries->named[k].path, tx_file_path(file), DIGITS, then, DIGITS, now);
        }
    }
    tx_free(lines);
    return TX_OK;
}
