/* Trajectories with checksums: no damaged byte is taken for data, wherever it is, whatever reads it; who reads a part is not
 * concerned with damage elsewhere. */
#include <fcntl.h>

#include "base/hash.h"
#include "base/memory.h"
#include "file/cover.h"
#include "file/folder.h"

/* More than two groups of numbers, the last of them short. */
enum { TRAJECTORIES = 5, LEVELS = 9, CHANNELS = 2, POINTS = 400, ELEMENTS = TRAJECTORIES * LEVELS * CHANNELS * POINTS };
static const int64_t size[] = {TRAJECTORIES, LEVELS, CHANNELS, POINTS};
static float values[ELEMENTS];

static void write_file(const char *path)
{
    const int64_t all = TRAJECTORIES * LEVELS, step = 7;
    tx_file_writer *writer;
    ASSERT_WORKS(tx_file_writer_create(NULL, path, 4, size, TX_FLOAT32, &error, &writer));
    ASSERT_WORKS(tx_file_writer_set_real(writer, "dt", 0.1, &error));
    for (int64_t level = 0; level < all; level += step) {
        const int64_t count = all - level < step ? all - level : step;
        ASSERT_WORKS(tx_file_writer_write(writer, level, count, values + level * CHANNELS * POINTS, &error));
    }
    ASSERT_WORKS(tx_file_writer_finish(writer, &error));
}

typedef struct bytes {
    char *data;
    size_t count;
} bytes;

static bytes load(const char *path)
{
    const size_t most = (size_t)1 << 20;
    bytes all = {.data = malloc(most)};
    all.count = file_read(path, all.data, most);
    CU_ASSERT(all.count > sizeof values && all.count < most);
    return all;
}

/* Where the numbers begin. */
static size_t find_numbers(const bytes *all)
{
    const char *found = memmem(all->data, all->count, values, sizeof values);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return (size_t)(found - all->data);
}

static tx_status read_all(const char *path)
{
    static float back[ELEMENTS];
    tx_file *file;
    TX_TRY(tx_file_open(path, NULL, &file));
    const tx_status status = tx_file_read_reals(file, "/trajectories", 4, size, TX_FLOAT32, back, NULL);
    CU_ASSERT(status != TX_OK || memcmp(back, values, sizeof values) == 0);
    tx_file_close(file);
    return status;
}

static void flip(const char *path, size_t offset)
{
    unsigned char byte;
    const int fd = open(path, O_RDWR);
    CU_ASSERT_EQUAL(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= (unsigned char)(1 << offset % 8);
    CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

static void every_flipped_byte_is_found(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    int accepted = 0, opened = 0;
    write_file(name.path);
    const bytes all = load(name.path);
    const size_t begin = find_numbers(&all), end = begin + sizeof values;
    CU_ASSERT_EQUAL(read_all(name.path), TX_OK);
    for (size_t at = 0; at < all.count; at += at >= begin && at + 877 < end ? 877 : 1) {
        tx_file *file = NULL;
        flip(name.path, at);
        accepted += read_all(name.path) != TX_BAD_DATA;
        if ((at < begin || at >= end) && tx_file_open(name.path, NULL, &file) == TX_OK) {
            opened++; /* HDF5 must not see it */
            tx_file_close(file);
        }
        flip(name.path, at);
    }
    CU_ASSERT_EQUAL(accepted, 0);
    CU_ASSERT_EQUAL(opened, 0);
    CU_ASSERT_EQUAL(read_all(name.path), TX_OK);
    free(all.data);
    folder_remove(&folder);
}

/* Every length but that which HDF5 itself gives a file that another program has closed; and something behind the end. */
static void other_lengths_are_found(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    write_file(name.path);
    const bytes all = load(name.path);
    const size_t groups = (sizeof values + 65535) / 65536, behind = groups * 8 + 24 + TX_SEAL_BYTES;
    int accepted = 0;
    for (size_t length = 0; length < all.count; length += length + 997 + 4 * behind < all.count ? 997 : 1) {
        file_write(name.path, all.data, length);
        accepted += read_all(name.path) == TX_OK;
    }
    CU_ASSERT_EQUAL(accepted, 1);
    file_write(name.path, all.data, all.count - behind);
    CU_ASSERT_EQUAL(read_all(name.path), TX_OK);
    char *longer = calloc(1, all.count + 5000);
    memcpy(longer, all.data, all.count);
    for (size_t more = 1; more < 5000; more += 333) {
        file_write(name.path, longer, all.count + more);
        CU_ASSERT_EQUAL(read_all(name.path), TX_BAD_DATA);
    }
    free(longer);
    free(all.data);
    folder_remove(&folder);
}

/* What a box holds, from the numbers that were written. */
static bool box_is_right(const tx_file *file, const int64_t *first, const int64_t *count, tx_precision precision, tx_error *error)
{
    static double wide[ELEMENTS];
    const float *narrow = (const float *)wide;
    if (tx_file_read_slab(file, "/trajectories", &(tx_slab){4, first, count}, precision, NULL, wide, error) != TX_OK) {
        return false;
    }
    int64_t at = 0, wrong = 0;
    for (int64_t s = first[0]; s < first[0] + count[0]; s++) {
        for (int64_t t = first[1]; t < first[1] + count[1]; t++) {
            for (int64_t c = first[2]; c < first[2] + count[2]; c++) {
                for (int64_t x = first[3]; x < first[3] + count[3]; x++, at++) {
                    const float right = values[((s * LEVELS + t) * CHANNELS + c) * POINTS + x];
                    wrong += precision == TX_FLOAT32 ? narrow[at] != right : wide[at] != (double)right;
                }
            }
        }
    }
    return wrong == 0;
}

static void parts_are_right(void)
{
    static const int64_t boxes[][2][4] = {{{0, 0, 0, 0}, {5, 9, 2, 400}}, {{1, 0, 0, 0}, {3, 9, 2, 400}},
                                          {{2, 3, 0, 0}, {1, 4, 2, 400}}, {{0, 1, 0, 0}, {5, 7, 2, 400}},
                                          {{0, 0, 1, 0}, {5, 9, 1, 400}}, {{0, 0, 0, 7}, {5, 9, 2, 11}},
                                          {{4, 8, 1, 399}, {1, 1, 1, 1}}, {{1, 2, 0, 390}, {3, 5, 2, 10}}};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    tx_file *file;
    write_file(name.path);
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    for (size_t k = 0; k < sizeof boxes / sizeof *boxes; k++) {
        CU_ASSERT(box_is_right(file, boxes[k][0], boxes[k][1], TX_FLOAT32, NULL));
        CU_ASSERT(box_is_right(file, boxes[k][0], boxes[k][1], TX_FLOAT64, NULL));
    }
    tx_file_close(file);
    folder_remove(&folder);
}

static void damage_elsewhere_does_not_matter(void)
{
    const int64_t begin[] = {0, 0, 0, 0}, last[] = {4, 8, 0, 0}, one[] = {1, 1, 2, 400};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    tx_file *file;
    write_file(name.path);
    const bytes all = load(name.path);
    flip(name.path, find_numbers(&all) + sizeof values - 5);
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    CU_ASSERT(box_is_right(file, begin, one, TX_FLOAT32, NULL));
    tx_error error = {0};
    CU_ASSERT(!box_is_right(file, last, one, TX_FLOAT32, &error));
    CU_ASSERT(error.status == TX_BAD_DATA && strstr(error.message, "a.h5' is damaged: bytes "));
    tx_file_close(file);
    free(all.data);
    folder_remove(&folder);
}

/* HDF5 drops what is behind its end. */
static void what_another_program_changed_is_foreign(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    double dx = 0;
    tx_file *file;
    write_file(name.path);
    const hid_t other = H5Fopen(name.path, H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(other, "dx", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    dx = 0.25;
    CU_ASSERT(H5Awrite(attribute, H5T_NATIVE_DOUBLE, &dx) >= 0);
    H5Aclose(attribute), H5Sclose(space), H5Fclose(other);
    CU_ASSERT_EQUAL(read_all(name.path), TX_OK);
    dx = 0;
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    ASSERT_WORKS(tx_file_get_real(file, "/", "dx", &error, &dx));
    CU_ASSERT_EQUAL(dx, 0.25);
    tx_file_close(file);
    folder_remove(&folder);
}

/* Numbers of many groups: read in steps, each of which is checked behind the next. */
enum { ROWS = 11, WIDTH = 100003, MANY = ROWS * WIDTH };
static const int64_t many_size[] = {ROWS, 1, WIDTH};
static float many[MANY];

static void write_many(const char *path)
{
    tx_file_writer *writer;
    for (int k = 0; k < MANY; k++) {
        many[k] = (float)(k * 7919LL % 100003) / 64.0f;
    }
    ASSERT_WORKS(tx_file_writer_create(NULL, path, 3, many_size, TX_FLOAT32, &error, &writer));
    ASSERT_WORKS(tx_file_writer_write(writer, 0, ROWS, many, &error));
    ASSERT_WORKS(tx_file_writer_finish(writer, &error));
}

typedef struct followed {
    const char *begin, *end;
    int64_t place; /* of the beginning, in the file; bytes */
    int calls, known, wrong;
    tx_hash hash;
} followed;

static void follow(void *user, const void *end, const tx_known_sum *known)
{
    followed *f = user;
    const size_t bytes = (size_t)((const char *)end - f->end);
    f->wrong += (const char *)end <= f->end;
    f->wrong += memcmp(f->end, (const char *)many + f->place + (f->end - f->begin), bytes) != 0; /* there, and right */
    if (known) {
        f->wrong += known->first != (uint64_t)(f->place + (f->end - f->begin)) / 4;
        f->wrong += known->sum != tx_hash_part(&f->hash, f->end, known->first, bytes / 4);
        f->known++;
    }
    f->calls++;
    f->end = end;
}

static void what_is_read_can_be_followed(void)
{
    static float back[MANY];
    const folder folder = folder_make();
    const file_name sealed = folder_file(&folder, "a.h5"), foreign = folder_file(&folder, "b.h5");
    write_many(sealed.path);
    tx_file *file;
    ASSERT_WORKS(tx_file_create(&error, &file));
    ASSERT_WORKS(tx_file_write_reals(file, "/trajectories", 3, many_size, TX_FLOAT32, many, &error));
    ASSERT_WORKS(tx_file_save(file, foreign.path, NULL, &error));
    tx_file_close(file);
    for (int k = 0; k < 2; k++) {
        ASSERT_WORKS(tx_file_open(k ? foreign.path : sealed.path, &error, &file));
        for (int64_t first = 0; first < ROWS; first += 3) {
            for (int64_t count = 1; first + count <= ROWS; count += 4) {
                const char *begin = (const char *)back;
                followed f = {.begin = begin, .end = begin, .place = first * WIDTH * 4};
                tx_hash_begin(&f.hash);
                memset(back, 0, sizeof back);
                ASSERT_WORKS(tx_file_read_slab(file, "/trajectories",
                                               &(tx_slab){3, (int64_t[]){first, 0, 0}, (int64_t[]){count, 1, WIDTH}}, TX_FLOAT32,
                                               &(tx_follower){follow, &f}, back, &error));
                CU_ASSERT(f.wrong == 0 && f.end == begin + count * WIDTH * 4);
                CU_ASSERT(k ? !f.known && f.calls >= 1 : f.known >= count * WIDTH * 4 / 65536 - 1);
            }
        }
        tx_file_close(file);
    }
    folder_remove(&folder);
}

/* Of two damaged groups the first is named; nothing from there on is followed. */
static void damage_among_many_is_found(void)
{
    static float back[MANY];
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    char *all = malloc(sizeof many + 100000);
    write_many(name.path);
    const size_t bytes = file_read(name.path, all, sizeof many + 100000);
    const size_t begin = (size_t)((const char *)memmem(all, bytes, many, sizeof many) - all);
    for (size_t group = 0; group < sizeof many / 65536; group += 13) {
        const size_t at = begin + 65536 * group + (group * 977) % 65536;
        char message[64];
        followed f = {.begin = (const char *)back, .end = (const char *)back};
        tx_hash_begin(&f.hash);
        snprintf(message, sizeof message, "damaged: bytes %zu to ", 65536 * group);
        flip(name.path, at);
        flip(name.path, begin + sizeof many - 1);
        tx_file *file;
        ASSERT_WORKS(tx_file_open(name.path, &error, &file));
        ASSERT_FAILS(tx_file_read_slab(file, "/trajectories", &(tx_slab){3, (int64_t[]){0, 0, 0}, many_size}, TX_FLOAT32,
                                       &(tx_follower){follow, &f}, back, &error),
                     TX_BAD_DATA, message);
        CU_ASSERT(f.wrong == 0 && f.end == f.begin + 65536 * group);
        tx_file_close(file);
        flip(name.path, at);
        flip(name.path, begin + sizeof many - 1);
    }
    free(all);
    folder_remove(&folder);
}

static void levels_are_written_once(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    for (int64_t count = LEVELS * TRAJECTORIES - 1; count <= LEVELS * TRAJECTORIES; count++) {
        tx_file_writer *writer;
        ASSERT_WORKS(tx_file_writer_create(NULL, name.path, 4, size, TX_FLOAT32, &error, &writer));
        ASSERT_WORKS(tx_file_writer_write(writer, 0, count, values, &error));
        if (count == LEVELS * TRAJECTORIES) {
            ASSERT_WORKS(tx_file_writer_write(writer, 3, 1, values, &error));
        }
        ASSERT_FAILS(tx_file_writer_finish(writer, &error), TX_FAILURE, "not every level was written, once");
        CU_ASSERT_EQUAL(folder_count(folder.path), 0);
    }
    folder_remove(&folder);
}

static void every_allocation_may_fail(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    const int64_t first[] = {1, 2, 0, 3}, count[] = {2, 3, 2, 50};
    const size_t live = tx_memory_live();
    tx_status status = TX_FAILURE;
    write_file(name.path);
    for (int n = 0; status != TX_OK && n < 50; n++) {
        double back[600];
        tx_file *file = NULL;
        tx_memory_fail_after(n);
        status = tx_file_open(name.path, NULL, &file);
        status =
            status ? status : tx_file_read_slab(file, "/trajectories", &(tx_slab){4, first, count}, TX_FLOAT64, NULL, back, NULL);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || status == TX_FAILURE);
        tx_file_close(file);
        CU_ASSERT_EQUAL(tx_memory_live(), live);
        CU_ASSERT_EQUAL(open_ids(), 0);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    folder_remove(&folder);
}

int main(void)
{
    for (int k = 0; k < ELEMENTS; k++) {
        values[k] = (float)(k * 7919 % 100003) / 64.0f;
    }
    return suite_run("cover", (suite_test[]){{"every flipped byte is found", every_flipped_byte_is_found},
                                             {"other lengths are found", other_lengths_are_found},
                                             {"parts are right", parts_are_right},
                                             {"damage elsewhere does not matter", damage_elsewhere_does_not_matter},
                                             {"what another program changed is foreign", what_another_program_changed_is_foreign},
                                             {"what is read can be followed", what_is_read_can_be_followed},
                                             {"damage among many is found", damage_among_many_is_found},
                                             {"levels are written once", levels_are_written_once},
                                             {"every allocation may fail", every_allocation_may_fail},
                                             {0}});
}
