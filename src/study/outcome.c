/* outcome.csv: what became of a run. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "study/series.h"
#include "trainax/file.h"

static const char name[] = "outcome.csv", header[] = "status,steps,seconds\n";
static const char *const words[] = {"stopped", "finished", "diverged"};

static bool parse(const char *text, tx_run_outcome *out)
{
    char word[16] = "";
    tx_run_outcome outcome = {0};
    const size_t length = sizeof header - 1;
    int end = 0;
    if (strncmp(text, header, length) != 0 ||
        sscanf(text + length, "%15[a-z],%" SCNd64 ",%lf%n", word, &outcome.steps, &outcome.seconds, &end) != 3 ||
        strcmp(text + length + end, "\n") != 0) {
        return false;
    }
    outcome.diverged = strcmp(word, words[2]) == 0;
    outcome.ended = outcome.diverged || strcmp(word, words[1]) == 0;
    *out = outcome;
    return outcome.ended || strcmp(word, words[0]) == 0;
}

bool tx_run_outcome_read(const char *directory, tx_run_outcome *out)
{
    char path[PATH_MAX], *text;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (tx_text_read(path, NULL, &text) != TX_OK) {
        return false;
    }
    const bool good = parse(text, out);
    tx_free(text);
    return good;
}

tx_status tx_run_outcome_write(const char *directory, const tx_run_outcome *outcome, tx_error *error)
{
    char path[PATH_MAX];
    tx_text text = {0};
    snprintf(path, sizeof path, "%s/%s", directory, name);
    tx_status status =
        tx_text_add(&text, error, "%s%s,%" PRId64 ",", header, words[outcome->ended + outcome->diverged], outcome->steps);
    status = status ? status : tx_number_add(&text, outcome->seconds, 9, error);
    status = status ? status : tx_text_add(&text, error, "\n");
    status = status ? status : tx_text_save(path, text.data, text.size, error);
    tx_free(text.data);
    return status;
}
