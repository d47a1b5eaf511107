/* Patterns of names become runs of numbers. */
#include "training/trained.h"

#include <string.h>

#include "base/memory.h"
#include "base/name.h"
#include "base/real.h"

/* ---- Patterns ---- */

/* `*` any characters, `?` one. A star is tried with as few as possible, then with one more each time. */
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL, *behind = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            behind = name;
        } else if (*pattern && (*pattern == '?' || *pattern == *name)) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++behind;
        } else {
            return false;
        }
    }
    return !pattern[strspn(pattern, "*")];
}

static bool is_frozen(const tx_leaf *leaf, const char *const *patterns, int count)
{
    bool frozen = false;
    for (int k = 0; k < count; k++) {
        frozen |= matches(patterns[k], leaf->name);
    }
    return frozen;
}

static size_t common(const char *a, const char *b)
{
    size_t length = 0;
    while (a[length] && a[length] == b[length]) {
        length++;
    }
    return length;
}

/* The nearest, or that which begins most alike. */
static tx_status matches_none(const tx_problem *problem, const char *pattern, tx_error *error)
{
    const tx_network *network = problem->network;
    const char **names;
    TX_TRY(tx_allocate_array((size_t)network->num_leaves, sizeof *names, error, &names));
    const char *alike = network->leaves[0].name;
    for (int k = 0; k < network->num_leaves; k++) {
        names[k] = network->leaves[k].name;
        alike = common(pattern, names[k]) > common(pattern, alike) ? names[k] : alike;
    }
    const char *nearest = tx_nearest_name(pattern, names, network->num_leaves);
    const tx_status status =
        tx_section_error(problem->trainer, "freeze", error, TX_INVALID, "'%s' is the name of no leaf; the nearest is '%s'", pattern,
                         nearest ? nearest : alike);
    tx_free(names);
    return status;
}

static tx_status check_patterns(const tx_problem *problem, const char *const *patterns, int count, tx_error *error)
{
    for (int k = 0; k < count; k++) {
        bool any = false;
        for (int i = 0; i < problem->network->num_leaves; i++) {
            any |= matches(patterns[k], problem->network->leaves[i].name);
        }
        TX_TRY(any ? TX_OK : matches_none(problem, patterns[k], error));
    }
    return TX_OK;
}

/* ---- Runs ---- */

static void add_leaf(tx_trained *trained, const tx_leaf *leaf)
{
    tx_trained_run *last = trained->num_runs ? &trained->runs[trained->num_runs - 1] : NULL;
    tx_leaf *own = &trained->leaves[trained->num_leaves++];
    *own = *leaf;
    own->offset = trained->count;
    trained->count += leaf->size;
    if (last && last->first + last->count == leaf->offset) {
        last->count += leaf->size;
    } else {
        trained->runs[trained->num_runs++] = (tx_trained_run){leaf->offset, leaf->size};
    }
}

static tx_status fill(const tx_problem *problem, tx_error *error, tx_trained *out)
{
    const tx_network *network = problem->network;
    const char *const *patterns;
    const int count = tx_get_strings(problem->trainer, "freeze", &patterns);
    TX_TRY(check_patterns(problem, patterns, count, error));
    TX_TRY(tx_allocate_array((size_t)network->num_leaves, sizeof *out->leaves, error, &out->leaves));
    TX_TRY(tx_allocate_array((size_t)network->num_leaves, sizeof *out->runs, error, &out->runs));
    for (int k = 0; k < network->num_leaves; k++) {
        if (!is_frozen(&network->leaves[k], patterns, count)) {
            add_leaf(out, &network->leaves[k]);
        }
    }
    return out->count || !count ? TX_OK
                                : tx_section_error(problem->trainer, "freeze", error, TX_INVALID,
                                                   "all leaves are frozen: nothing is left to be trained");
}

tx_status tx_trained_create(const tx_problem *problem, tx_error *error, tx_trained *out)
{
    tx_trained trained = {.precision = problem->random.precision, .whole = problem->network->num_parameters};
    const tx_status status = fill(problem, error, &trained);
    if (status != TX_OK) {
        tx_trained_destroy(&trained);
        return status;
    }
    *out = trained;
    return TX_OK;
}

void tx_trained_destroy(tx_trained *trained)
{
    for (int k = 0; k < TX_NUM_ROOMS; k++) {
        tx_free(trained->rooms[k]);
    }
    tx_free(trained->at);
    tx_free(trained->along);
    tx_free(trained->leaves);
    tx_free(trained->runs);
    *trained = (tx_trained){0};
}

/* ---- Numbers ---- */

static bool is_one_run(const tx_trained *trained)
{
    return trained->num_runs <= 1;
}

static size_t bytes_of(const tx_trained *trained, int64_t count)
{
    return (size_t)count * tx_real_bytes(trained->precision);
}

static size_t begin_of(const tx_trained *trained)
{
    return trained->num_runs ? bytes_of(trained, trained->runs[0].first) : 0;
}

size_t tx_trained_bytes(const tx_trained *trained, bool asks)
{
    const size_t rooms = is_one_run(trained) ? 0 : TX_NUM_ROOMS * bytes_of(trained, trained->count);
    return rooms + (asks && !tx_trained_is_all(trained) ? 2 * bytes_of(trained, trained->whole) : 0);
}

tx_status tx_trained_allocate(tx_trained *trained, bool asks, tx_error *error)
{
    const size_t part = bytes_of(trained, trained->count), whole = bytes_of(trained, trained->whole);
    for (int k = 0; !is_one_run(trained) && k < TX_NUM_ROOMS; k++) {
        TX_TRY(tx_allocate(part, error, &trained->rooms[k]));
    }
    if (asks && !tx_trained_is_all(trained)) {
        TX_TRY(tx_allocate(whole, error, &trained->at));
        TX_TRY(tx_allocate(whole, error, &trained->along));
    }
    return TX_OK;
}

void tx_trained_gather(const tx_trained *trained, const void *whole, void *part)
{
    char *to = part;
    for (int k = 0; k < trained->num_runs; k++) {
        const tx_trained_run *run = &trained->runs[k];
        memcpy(to, (const char *)whole + bytes_of(trained, run->first), bytes_of(trained, run->count));
        to += bytes_of(trained, run->count);
    }
}

static void scatter(const tx_trained *trained, const void *part, void *whole)
{
    const char *from = part;
    for (int k = 0; k < trained->num_runs; k++) {
        const tx_trained_run *run = &trained->runs[k];
        memcpy((char *)whole + bytes_of(trained, run->first), from, bytes_of(trained, run->count));
        from += bytes_of(trained, run->count);
    }
}

void tx_trained_clear_others(const tx_trained *trained, void *whole)
{
    int64_t at = 0;
    for (int k = 0; k <= trained->num_runs; k++) {
        const int64_t next = k < trained->num_runs ? trained->runs[k].first : trained->whole;
        memset((char *)whole + bytes_of(trained, at), 0, bytes_of(trained, next - at));
        at = k < trained->num_runs ? next + trained->runs[k].count : next;
    }
}

const void *tx_trained_of(const tx_trained *trained, const void *whole, tx_trained_room room)
{
    if (is_one_run(trained)) {
        return (const char *)whole + begin_of(trained);
    }
    tx_trained_gather(trained, whole, trained->rooms[room]);
    return trained->rooms[room];
}

void *tx_trained_place(const tx_trained *trained, void *whole)
{
    return is_one_run(trained) ? (char *)whole + begin_of(trained) : trained->rooms[TX_ROOM_NEXT];
}

void tx_trained_bring(const tx_trained *trained, void *whole)
{
    if (!is_one_run(trained)) {
        scatter(trained, trained->rooms[TX_ROOM_NEXT], whole);
    }
}

const void *tx_trained_at(const tx_trained *trained, const void *part, const void *parameters)
{
    if (tx_trained_is_all(trained)) {
        return part;
    }
    memcpy(trained->at, parameters, bytes_of(trained, trained->whole));
    scatter(trained, part, trained->at);
    return trained->at;
}

const void *tx_trained_along(const tx_trained *trained, const void *part)
{
    if (tx_trained_is_all(trained)) {
        return part;
    }
    memset(trained->along, 0, bytes_of(trained, trained->whole));
    scatter(trained, part, trained->along);
    return trained->along;
}
