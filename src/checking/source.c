/* Sources of data in shared objects, by themselves: all in one child process. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/finite.h"
#include "base/shape.h"
#include "checking/checking.h"
#include "plugin/plugin.h"

typedef struct reading {
    const tx_checked *checked;
    tx_rows *rows; /* shared with the child; the one behind the last is being made */
    const tx_plugin_source *source;
    tx_plugin_trajectories all;
    int64_t level; /* numbers of one */
    size_t bytes;  /* of a trajectory */
    double *whole; /* the first trajectory */
    double *again;
    double seconds;
} reading;

typedef tx_status check(reading *r, tx_finding *finding, tx_error *error);

static tx_status get(const reading *r, int64_t trajectory, int64_t first, int64_t count, double *out, tx_error *error)
{
    const tx_section *section = r->checked->section;
    tx_error told = {0};
    tx_plugin_enter(section, "read", r->source->exclusive);
    const int code = r->source->read(r->all.user, trajectory, first, count, out, &told);
    tx_plugin_leave(r->source->exclusive);
    return code ? tx_error_set(error, TX_FAILURE, "trajectory %lld failed with code %d%s%.900s", (long long)trajectory, code,
                               *told.message ? ": " : "", told.message)
                : TX_OK;
}

static tx_status get_whole(const reading *r, int64_t trajectory, double *out, tx_error *error)
{
    memset(out, 0xff, r->bytes); /* NaN */
    return get(r, trajectory, 0, r->all.num_levels, out, error);
}

/* ---- The checks ---- */

static tx_status check_shape(reading *r, tx_finding *finding, tx_error *error)
{
    char state[TX_SHAPE_TEXT];
    tx_error told = {0};
    tx_plugin_enter(r->checked->section, "create", false);
    const int code = r->source->create(r->checked->section, &told, &r->all);
    tx_plugin_leave(false);
    TX_TRY(tx_plugin_check(r->checked->section, "create", code, &told, error));
    r->level = r->all.state.channels * tx_shape_points(&r->all.state);
    if (r->all.num_trajectories < 1 || r->all.num_levels < 1 || r->level < 1) {
        return tx_error_set(error, TX_FAILURE, "trajectories of an impossible shape");
    }
    r->bytes = (size_t)(r->all.num_levels * r->level) * sizeof *r->whole;
    TX_TRY(tx_allocate(r->bytes, error, &r->whole));
    TX_TRY(tx_allocate(r->bytes, error, &r->again));
    tx_shape_write(&r->all.state, state);
    return tx_find(finding, TX_GOOD, "%lld trajectories of %lld levels (%s)", (long long)r->all.num_trajectories,
                   (long long)r->all.num_levels, state);
}

static tx_status check_arrays(reading *r, tx_finding *finding, tx_error *error)
{
    static const tx_edge edges[] = {TX_AT_END, TX_AT_BEGINNING};
    for (int k = 0; k < 2; k++) {
        tx_guarded array;
        TX_TRY(tx_guarded_create("its result", r->bytes, edges[k], error, &array));
        const tx_status status = get(r, 0, 0, r->all.num_levels, (double *)(void *)array.data, error);
        tx_guarded_destroy(&array);
        TX_TRY(status);
    }
    return tx_find(finding, TX_GOOD, "nothing is touched outside of them");
}

static tx_status check_numbers(reading *r, tx_finding *finding, tx_error *error)
{
    const int64_t count = r->all.num_levels * r->level, last = r->all.num_trajectories - 1;
    int64_t bad = 0;
    const double begin = tx_clock();
    TX_TRY(get_whole(r, last, r->again, error));
    r->seconds = tx_clock() - begin;
    TX_TRY(get_whole(r, 0, r->whole, error));
    for (int64_t k = 0; k < count; k++) {
        bad += !isfinite(r->whole[k]) + !isfinite(r->again[k]);
    }
    return bad ? tx_find(finding, TX_WRONG, "%lld of %lld numbers are not finite, or not set", (long long)bad, 2 * (long long)count)
               : tx_find(finding, TX_GOOD, "finite, of the first trajectory and the last");
}

static tx_status compare(const reading *r, tx_finding *finding, const char *good, const char *wrong)
{
    return memcmp(r->whole, r->again, r->bytes) ? tx_find(finding, TX_WRONG, "%s", wrong) : tx_find(finding, TX_GOOD, "%s", good);
}

static tx_status check_repetition(reading *r, tx_finding *finding, tx_error *error)
{
    TX_TRY(get_whole(r, 0, r->again, error));
    return compare(r, finding, "the same bits when read again", "numbers differ when read again");
}

/* The last level first. */
static tx_status check_ranges(reading *r, tx_finding *finding, tx_error *error)
{
    memset(r->again, 0xff, r->bytes);
    for (int64_t level = r->all.num_levels; level-- > 0;) {
        TX_TRY(get(r, 0, level, 1, r->again + level * r->level, error));
    }
    return compare(r, finding, "the same bits level by level", "numbers differ when levels are read one by one");
}

typedef struct share {
    const reading *r;
    double *out;
    tx_error error;
} share;

static void *read_share(void *argument)
{
    share *own = argument;
    (void)!get_whole(own->r, 0, own->out, &own->error);
    return NULL;
}

static tx_status check_threads(reading *r, tx_finding *finding, tx_error *error)
{
    share mine = {.r = r, .out = r->whole}, other = {.r = r, .out = r->again};
    pthread_t thread;
    if (r->source->exclusive) {
        return tx_find(finding, TX_GOOD, "one at a time is in it, as it says");
    }
    if (pthread_create(&thread, NULL, read_share, &other)) {
        return tx_error_set(error, TX_FAILURE, "the system refuses a thread");
    }
    read_share(&mine);
    pthread_join(thread, NULL);
    const tx_error *failed = mine.error.status ? &mine.error : &other.error;
    TX_TRY(tx_error_set(error, failed->status, "%.900s", failed->message));
    return compare(r, finding, "the same bits on two threads at the same time", "numbers differ on two threads at the same time");
}

static tx_status check_time(reading *r, tx_finding *finding, tx_error *error)
{
    (void)error;
    return tx_find(finding, TX_GOOD, "%.3g us a trajectory", 1e6 * r->seconds);
}

static const struct {
    const char *name;
    check *run;
} checks[] = {{"shape", check_shape},   {"arrays", check_arrays},   {"numbers", check_numbers}, {"repetition", check_repetition},
              {"ranges", check_ranges}, {"threads", check_threads}, {"time", check_time}};
enum { NUM_CHECKS = sizeof checks / sizeof *checks };

/* ---- All of them ---- */

static void end_row(tx_rows *rows, const tx_error *error)
{
    tx_finding *finding = &rows->rows[rows->count].finding;
    if (error->status) {
        tx_find(finding, TX_WRONG, "%s", error->message);
        finding->placed = error->status == TX_INVALID;
    }
    rows->count++;
}

static void run_all(void *argument)
{
    reading *r = argument;
    bool good = true;
    for (int k = 0; k < NUM_CHECKS && good; k++) {
        tx_row *row = &r->rows->rows[r->rows->count];
        tx_error error = {0};
        row->check = checks[k].name;
        (void)!checks[k].run(r, &row->finding, &error);
        good = !error.status;
        end_row(r->rows, &error);
    }
    tx_free(r->whole);
    tx_free(r->again);
    if (r->source->destroy) {
        r->source->destroy(r->all.user);
    }
}

bool tx_is_source(const tx_section *section)
{
    return tx_section_component(section)->kind == TX_KIND_DATA && !strcmp(tx_section_name(section), "plugin");
}

tx_status tx_check_source(const tx_checked *checked, tx_error *error, tx_rows **out)
{
    tx_rows *rows = mmap(NULL, sizeof *rows, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rows == MAP_FAILED) {
        return tx_error_set(error, TX_FAILURE, "out of memory (%zu bytes asked for)", sizeof *rows);
    }
    reading r = {.checked = checked, .rows = rows, .source = tx_plugin_implementation(checked->section)};
    tx_error crash = {0};
    if (tx_fault_try(run_all, &r, &crash)) {
        end_row(rows, &crash);
    }
    const tx_status status = tx_allocate(sizeof **out, error, out);
    if (status == TX_OK) {
        **out = *rows;
    }
    munmap(rows, sizeof *rows);
    return status;
}
