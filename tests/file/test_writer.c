/* Trajectories files written by all ranks together. Run on these ranks: 1 2 3 4 */
#include <mpi.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "file/folder.h"

static tx_parallel *parallel;

/* The same folder on all ranks; the paths below are in it. */
static file_name shared(const char *name)
{
    file_name file;
    snprintf(file.path, sizeof file.path, "%s/writer-%d/%s", BUILD_DIR, tx_parallel_size(parallel), name);
    return file;
}

static bool first(void)
{
    return tx_parallel_rank(parallel) == 0;
}

/* Levels of a job of `total`, this rank's share: uneven, and not at the ends of trajectories. */
static void share(int64_t total, int64_t *begin, int64_t *end)
{
    const int rank = tx_parallel_rank(parallel), size = tx_parallel_size(parallel);
    *begin = rank * total / size;
    *end = (rank + 1) * total / size;
}

static float value_at(int64_t index)
{
    return (float)(index % 100003);
}

/* Writes a share in pieces of `step` levels, as many calls as that takes: another number on every rank. */
static tx_status write_share(tx_file_writer *writer, int64_t levels, int64_t width, int64_t step, tx_error *error)
{
    int64_t begin, end;
    share(levels, &begin, &end);
    float *data = malloc((size_t)((step + 1) * width) * sizeof *data);
    tx_status status = TX_OK;
    for (int64_t level = begin; level < end && status == TX_OK; level += step) {
        const int64_t count = end - level < step ? end - level : step;
        for (int64_t k = 0; k < count * width; k++) {
            data[k] = value_at(level * width + k);
        }
        status = tx_file_writer_write(writer, level, count, data, error);
    }
    free(data);
    return status;
}

static void check_written(const char *path, int rank, const int64_t *size, int64_t elements)
{
    float *data = malloc((size_t)elements * sizeof *data);
    double dt = 0;
    int64_t wrong = 0;
    struct stat info;
    tx_file *file;
    ASSERT_WORKS(tx_file_open(path, &error, &file));
    ASSERT_WORKS(tx_file_read_reals(file, "/trajectories", rank, size, TX_FLOAT32, data, &error));
    ASSERT_WORKS(tx_file_get_real(file, "/", "dt", &error, &dt));
    CU_ASSERT_EQUAL(dt, 0.1);
    for (int64_t k = 0; k < elements; k++) {
        wrong += data[k] != value_at(k);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tx_file_close(file);
    stat(path, &info);
    CU_ASSERT(info.st_size < elements * 4 + 8192); /* what was reserved beyond is given back */
    free(data);
}

static void every_share_arrives(void)
{
    const int64_t size[] = {7, 11, 2, 30}, steps[] = {1, 5, 40, 77};
    const file_name name = shared("a.h5");
    for (int k = 0; k < 4; k++) {
        tx_file_writer *writer;
        ASSERT_WORKS(tx_file_writer_create(parallel, name.path, 4, size, TX_FLOAT32, &error, &writer));
        ASSERT_WORKS(tx_file_writer_set_real(writer, "dt", 0.1, &error));
        ASSERT_WORKS(write_share(writer, 77, 60, steps[k], &error));
        ASSERT_WORKS(tx_file_writer_set_real(writer, "domain_extent", 1, &error));
        ASSERT_WORKS(tx_file_writer_finish(writer, &error));
        check_written(name.path, 4, size, 77 * 60);
        ASSERT_WORKS(tx_parallel_barrier(parallel, &error));
    }
    CU_ASSERT_EQUAL(open_ids(), 0);
}

static void doubles_and_no_axes_behind(void)
{
    const int64_t size[] = {3, 5};
    const file_name name = shared("b.h5");
    double data[15], back[15];
    int64_t begin, end;
    tx_file_writer *writer;
    tx_file *file;
    share(15, &begin, &end);
    for (int k = 0; k < 15; k++) {
        data[k] = k + 0.1;
    }
    ASSERT_WORKS(tx_file_writer_create(parallel, name.path, 2, size, TX_FLOAT64, &error, &writer));
    ASSERT_WORKS(tx_file_writer_write(writer, begin, end - begin, data + begin, &error));
    ASSERT_WORKS(tx_file_writer_write(writer, 0, 0, NULL, &error));
    ASSERT_WORKS(tx_file_writer_finish(writer, &error));
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    ASSERT_WORKS(tx_file_read_reals(file, "/trajectories", 2, size, TX_FLOAT64, back, &error));
    CU_ASSERT_EQUAL(memcmp(back, data, sizeof data), 0);
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
}

/* What rank 0 has put into a file of its own stands beside the trajectories, however much it is. */
static void what_else_is_given(void)
{
    const int64_t size[] = {7, 11, 60}, rows[] = {7, 3000};
    const file_name name = shared("i.h5");
    double *row = malloc(7 * 3000 * sizeof *row), *back = malloc(7 * 3000 * sizeof *row);
    tx_file *beside = NULL, *file;
    tx_file_writer *writer;
    char *text;
    for (int k = 0; k < 7 * 3000; k++) {
        row[k] = k / 3.0;
    }
    if (first()) {
        ASSERT_WORKS(tx_file_create(&error, &beside));
        ASSERT_WORKS(tx_file_write_reals(beside, "/parameters", 2, rows, TX_FLOAT64, row, &error));
        ASSERT_WORKS(tx_file_set_text(beside, "/", "channel_names", "u", &error));
    }
    ASSERT_WORKS(tx_file_writer_create_in(parallel, beside, name.path, 3, size, TX_FLOAT32, &error, &writer));
    tx_file_close(beside);
    ASSERT_WORKS(tx_file_writer_set_real(writer, "dt", 0.1, &error));
    ASSERT_WORKS(write_share(writer, 77, 60, 9, &error));
    ASSERT_WORKS(tx_file_writer_finish(writer, &error));
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    ASSERT_WORKS(tx_file_read_reals(file, "/parameters", 2, rows, TX_FLOAT64, back, &error));
    CU_ASSERT_EQUAL(memcmp(back, row, 7 * 3000 * sizeof *row), 0);
    ASSERT_WORKS(tx_file_get_text(file, "/", "channel_names", &error, &text));
    CU_ASSERT_STRING_EQUAL(text, "u");
    tx_free(text);
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
    free(row);
    free(back);
}

static void nothing_is_left_of(const char *path)
{
    struct stat info;
    ASSERT_WORKS(tx_parallel_barrier(parallel, &error));
    CU_ASSERT(stat(path, &info) != 0);
    ASSERT_WORKS(tx_parallel_barrier(parallel, &error));
    const file_name folder = shared("");
    if (first()) {
        char command[900];
        snprintf(command, sizeof command, "ls -A '%s' | grep -c tmp >/dev/null", folder.path);
        CU_ASSERT_NOT_EQUAL(system(command), 0);
    }
    CU_ASSERT_EQUAL(open_ids(), 0);
}

static void abandoned(void)
{
    const int64_t size[] = {7, 11, 60};
    const file_name name = shared("c.h5");
    tx_file_writer *writer;
    ASSERT_WORKS(tx_file_writer_create(parallel, name.path, 3, size, TX_FLOAT32, &error, &writer));
    ASSERT_WORKS(write_share(writer, 77, 60, 9, &error));
    tx_file_writer_abandon(writer);
    tx_file_writer_abandon(NULL);
    nothing_is_left_of(name.path);
}

/* The last rank gives up, the others learn it when they finish. */
static void one_gives_up(void)
{
    const int64_t size[] = {7, 11, 60};
    const file_name name = shared("d.h5");
    tx_file_writer *writer;
    ASSERT_WORKS(tx_file_writer_create(parallel, name.path, 3, size, TX_FLOAT32, &error, &writer));
    if (tx_parallel_rank(parallel) == tx_parallel_size(parallel) - 1) {
        tx_file_writer_abandon(writer);
    } else {
        ASSERT_FAILS(tx_file_writer_finish(writer, &error), TX_FAILURE, "another rank gave up writing");
    }
    nothing_is_left_of(name.path);
}

/* One rank's write fails; it is told at once, the others at the end, and none hangs. */
static void one_write_fails(void)
{
    const int64_t size[] = {7, 11, 60};
    const file_name name = shared("e.h5");
    const float data[60] = {0};
    tx_file_writer *writer;
    ASSERT_WORKS(tx_file_writer_create(parallel, name.path, 3, size, TX_FLOAT32, &error, &writer));
    if (tx_parallel_rank(parallel) == tx_parallel_size(parallel) - 1) {
        ASSERT_FAILS(tx_file_writer_write(writer, 77, 1, data, &error), TX_FAILURE, "outside");
        ASSERT_FAILS(tx_file_writer_write(writer, 0, 1, data, &error), TX_FAILURE, "outside");
    }
    ASSERT_FAILS(tx_file_writer_finish(writer, &error), TX_FAILURE, "levels 77 to 78 are outside");
    nothing_is_left_of(name.path);
}

static void it_cannot_be_created(void)
{
    const int64_t size[] = {7, 11, 60}, huge[] = {1 << 20, 1 << 20, 1 << 20}, negative[] = {7, -1, 60};
    const file_name name = shared("f.h5"), nowhere = shared("no/where.h5"), folder = shared("");
    tx_file_writer *writer;
    ASSERT_FAILS(tx_file_writer_create(parallel, nowhere.path, 3, size, TX_FLOAT32, &error, &writer), TX_BAD_DATA,
                 "where.h5': No such file or directory");
    ASSERT_FAILS(tx_file_writer_create(parallel, folder.path, 3, size, TX_FLOAT32, &error, &writer), TX_BAD_DATA, "Is a directory");
    ASSERT_FAILS(tx_file_writer_create(parallel, name.path, 1, size, TX_FLOAT32, &error, &writer), TX_INVALID, "2 to 8 axes");
    ASSERT_FAILS(tx_file_writer_create(parallel, name.path, 3, negative, TX_FLOAT32, &error, &writer), TX_INVALID, "no size");
    ASSERT_FAILS(tx_file_writer_create(parallel, name.path, 3, huge, TX_FLOAT32, &error, &writer), TX_BAD_DATA, "f.h5': ");
    nothing_is_left_of(name.path);
}

/* Room for the file but not for this process to fill it: a disk that becomes bad while we write. */
static void writing_becomes_impossible(void)
{
    const int64_t size[] = {64, 64, 64};
    const file_name name = shared("g.h5");
    struct rlimit before, small;
    tx_file_writer *writer;
    ASSERT_WORKS(tx_file_writer_create(parallel, name.path, 3, size, TX_FLOAT32, &error, &writer));
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 1 << 12;
    setrlimit(RLIMIT_FSIZE, &small);
    ASSERT_FAILS(write_share(writer, 64 * 64, 64, 1000, &error), TX_BAD_DATA, "cannot write '");
    ASSERT_FAILS(tx_file_writer_finish(writer, &error), TX_BAD_DATA, "cannot write '");
    setrlimit(RLIMIT_FSIZE, &before);
    nothing_is_left_of(name.path);
}

static void every_allocation_may_fail(void)
{
    const int64_t size[] = {7, 11, 60};
    const file_name name = shared("h.h5");
    const size_t live = tx_memory_live();
    tx_status status = TX_FAILURE;
    for (int n = 0; status != TX_OK && n < 50; n++) {
        tx_file_writer *writer = NULL;
        tx_memory_fail_after(first() ? n : -1); /* the others must hear of it */
        status = tx_file_writer_create(parallel, name.path, 3, size, TX_FLOAT32, NULL, &writer);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || status == TX_FAILURE);
        tx_file_writer_abandon(writer);
        CU_ASSERT_EQUAL(tx_memory_live(), live);
        CU_ASSERT_EQUAL(open_ids(), 0);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    nothing_is_left_of(name.path);
}

static bool remove_all(const char *folder)
{
    char command[900];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0;
}

int main(void)
{
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const file_name folder = shared("");
    if (first() && (!remove_all(folder.path) || tx_directory_make(folder.path, NULL) != TX_OK)) {
        return 1;
    }
    tx_parallel_barrier(parallel, NULL);
    int result = suite_run("writer", (suite_test[]){{"every share arrives", every_share_arrives},
                                                    {"doubles and no axes behind", doubles_and_no_axes_behind},
                                                    {"what else is given", what_else_is_given},
                                                    {"abandoned", abandoned},
                                                    {"one gives up", one_gives_up},
                                                    {"one write fails", one_write_fails},
                                                    {"it cannot be created", it_cannot_be_created},
                                                    {"writing becomes impossible", writing_becomes_impossible},
                                                    {"every allocation may fail", every_allocation_may_fail},
                                                    {0}});
    tx_parallel_barrier(parallel, NULL);
    if (first()) {
        result |= !remove_all(folder.path);
    }
    tx_parallel_destroy(parallel);
    return result;
}
