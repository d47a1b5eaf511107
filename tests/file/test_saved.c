/* What tx_file_save leaves on the disk: the same bytes for the same content, every damage found, readable by others; and
 * nothing at all when memory runs out. */
#include <fcntl.h>

#include "base/memory.h"
#include "file/crc.h"
#include "file/digest.h"
#include "file/folder.h"
#include "file/seal.h"

static const int64_t shape23[] = {2, 3};

static void checksum_is_the_standard_one(void)
{
    CU_ASSERT_EQUAL(tx_checksum("123456789", 9), 0x995DC9BBDF1939FAu); /* check value of CRC-64/XZ */
    CU_ASSERT_EQUAL(tx_checksum("", 0), 0);
}

/* Bit by bit, as the standard defines it. */
static uint64_t naive_checksum(const unsigned char *data, size_t bytes)
{
    uint64_t rest = ~(uint64_t)0;
    for (size_t k = 0; k < bytes; k++) {
        rest ^= data[k];
        for (int bit = 0; bit < 8; bit++) {
            rest = rest >> 1 ^ (rest & 1 ? 0xC96C5795D7870F42u : 0);
        }
    }
    return ~rest;
}

/* Rounds, what is left of one, places on no boundary; in one piece or in two, of which the second may be known by its checksum. */
static void checksum_has_any_length(void)
{
    enum { MOST = 700 };
    unsigned char data[MOST];
    for (int k = 0; k < MOST; k++) {
        data[k] = (unsigned char)(k * k * 31 + k);
    }
    for (size_t first = 0; first < 3; first++) {
        for (size_t bytes = 0; bytes <= MOST - 3; bytes++) {
            const uint64_t expected = naive_checksum(data + first, bytes);
            tx_crc crc, joined;
            tx_crc_begin(&crc);
            tx_crc_add(&crc, data + first, bytes / 3);
            joined = crc;
            tx_crc_add_known(&joined, naive_checksum(data + first + bytes / 3, bytes - bytes / 3), bytes - bytes / 3);
            CU_ASSERT_EQUAL(tx_crc_end(&joined), expected);
            tx_crc_add(&crc, data + first + bytes / 3, bytes - bytes / 3);
            CU_ASSERT_EQUAL(tx_checksum(data + first, bytes), expected);
            CU_ASSERT_EQUAL(tx_crc_end(&crc), expected);
        }
    }
}

/* The digests of 0, 1, …, 9999, by Python's hashlib over numpy's '<f4' and '<f8'; and of nothing. */
static void digests_are_the_standard_ones(void)
{
    enum { COUNT = 10000 };
    static float narrow[COUNT];
    static double wide[COUNT];
    char text[TX_DIGEST_SIZE];
    for (int k = 0; k < COUNT; k++) {
        wide[k] = narrow[k] = (float)k;
    }
    ASSERT_WORKS(tx_digest_reals(TX_FLOAT32, COUNT, narrow, &error, text));
    CU_ASSERT_STRING_EQUAL(text, "042b8b3684f01a27");
    ASSERT_WORKS(tx_digest_reals(TX_FLOAT64, COUNT, wide, &error, text));
    CU_ASSERT_STRING_EQUAL(text, "25c01d90646ad58e");
    ASSERT_WORKS(tx_digest_reals(TX_FLOAT64, 0, NULL, &error, text));
    CU_ASSERT_STRING_EQUAL(text, "e3b0c44298fc1c14");
}

static size_t save_small(const char *path)
{
    const double values[6] = {1, 2, 3, 4, 5, 6};
    struct stat info;
    tx_file *file;
    ASSERT_WORKS(tx_file_create(&error, &file));
    ASSERT_WORKS(tx_file_write_reals(file, "/p/weight", 2, shape23, TX_FLOAT64, values, &error));
    ASSERT_WORKS(tx_file_set_text(file, "/", "format", "trainax", &error));
    ASSERT_WORKS(tx_file_save(file, path, NULL, &error));
    tx_file_close(file);
    stat(path, &info);
    return (size_t)info.st_size;
}

static void same_content_same_bytes(void)
{
    enum { MOST = 1 << 16 };
    const folder folder = folder_make();
    const file_name a = folder_file(&folder, "a.h5"), b = folder_file(&folder, "b.h5");
    char *one = malloc(MOST), *two = malloc(MOST);
    const size_t bytes = save_small(a.path);
    sleep(1); /* no times in it either */
    CU_ASSERT_EQUAL(save_small(b.path), bytes);
    CU_ASSERT_EQUAL(file_read(a.path, one, MOST), bytes);
    CU_ASSERT_EQUAL(file_read(b.path, two, MOST), bytes);
    CU_ASSERT_EQUAL(memcmp(one, two, bytes), 0);
    free(one), free(two);
    folder_remove(&folder);
}

/* One bit of the byte at `offset`, there and back. */
static void flip(int fd, off_t offset)
{
    unsigned char byte;
    CU_ASSERT_EQUAL(pread(fd, &byte, 1, offset), 1);
    byte ^= (unsigned char)(1 << offset % 8);
    CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, offset), 1);
}

/* Few are, and are those that they were; many are those that stand there when the file is saved, and take no memory. */
static void many_numbers_are_not_copied(void)
{
    enum { MANY = 3000000 };
    const int64_t size[] = {3, MANY / 3};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    float few[6] = {1, 2, 3, 4, 5, 6}, read[6], *many = malloc(MANY * sizeof *many), *found = malloc(MANY * sizeof *found);
    tx_file *file;
    for (int k = 0; k < MANY; k++) {
        many[k] = (float)k;
    }
    const size_t before = tx_memory_live();
    tx_memory_reset_peak();
    ASSERT_WORKS(tx_file_create(&error, &file));
    ASSERT_WORKS(tx_file_refer_reals(file, "/p/few", 2, shape23, TX_FLOAT32, few, &error));
    ASSERT_WORKS(tx_file_refer_reals(file, "/p/many", 2, size, TX_FLOAT32, many, &error));
    few[0] = many[MANY - 1] = -1;
    ASSERT_WORKS(tx_file_save(file, name.path, NULL, &error));
    tx_file_close(file);
    CU_ASSERT(tx_memory_peak() - before < MANY);
    CU_ASSERT_EQUAL(folder_count(folder.path), 1);
    ASSERT_WORKS(tx_file_open_checked(name.path, &error, &file));
    ASSERT_WORKS(tx_file_read_reals(file, "/p/few", 2, shape23, TX_FLOAT32, read, &error));
    ASSERT_WORKS(tx_file_read_reals(file, "/p/many", 2, size, TX_FLOAT32, found, &error));
    CU_ASSERT_EQUAL(read[0], 1);
    CU_ASSERT_EQUAL(memcmp(found, many, MANY * sizeof *many), 0);
    tx_file_close(file);
    free(many);
    free(found);
    folder_remove(&folder);
}

static void damage_is_found(void)
{
    enum { MOST = 1 << 16 };
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), bad = folder_file(&folder, "bad.h5");
    const size_t bytes = save_small(name.path);
    char *data = malloc(MOST);
    int opened = 0, plain = 0;
    CU_ASSERT_EQUAL_FATAL(file_read(name.path, data, MOST), bytes);
    file_write(bad.path, data, bytes);
    const int fd = open(bad.path, O_RDWR);
    for (size_t k = 0; k < bytes; k++) {
        tx_file *file = NULL;
        flip(fd, (off_t)k);
        opened += tx_file_open_checked(bad.path, NULL, &file) == TX_OK;
        if (tx_file_open(bad.path, NULL, &file) == TX_OK) {
            plain++;
            tx_file_close(file);
        }
        flip(fd, (off_t)k);
    }
    close(fd);
    CU_ASSERT_EQUAL(opened, 0);
    CU_ASSERT_EQUAL(plain, 0); /* the mark that says that there is a checksum too */
    for (size_t length = 0; length < bytes; length += 7) {
        tx_file *file = NULL;
        file_write(bad.path, data, length);
        CU_ASSERT_EQUAL(tx_file_open_checked(bad.path, NULL, &file), TX_BAD_DATA);
        if (length + TX_SEAL_BYTES != bytes) { /* without its seal it is as another program would leave it */
            CU_ASSERT_EQUAL(tx_file_open(bad.path, NULL, &file), TX_BAD_DATA);
        }
    }
    free(data);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

static void damage_is_described(void)
{
    enum { MOST = 1 << 16 };
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    const size_t bytes = save_small(name.path);
    char *data = malloc(MOST);
    tx_file *file;
    CU_ASSERT_EQUAL_FATAL(file_read(name.path, data, MOST), bytes);
    file_write(name.path, data, bytes / 2);
    ASSERT_FAILS(tx_file_open(name.path, &error, &file), TX_BAD_DATA, "a.h5' is damaged: it is cut off");
    ASSERT_FAILS(tx_file_open_checked(name.path, &error, &file), TX_BAD_DATA, "a.h5' is damaged: it is cut off");
    data[bytes / 2] ^= 1;
    file_write(name.path, data, bytes);
    ASSERT_FAILS(tx_file_open(name.path, &error, &file), TX_BAD_DATA, "checksum");
    file_write(name.path, "hello, world\n", 13);
    ASSERT_FAILS(tx_file_open(name.path, &error, &file), TX_BAD_DATA, "a.h5' is no HDF5 file");
    ASSERT_FAILS(tx_file_open_checked(name.path, &error, &file), TX_BAD_DATA, "a.h5' is no HDF5 file");
    file_write(name.path, "", 0);
    ASSERT_FAILS(tx_file_open(name.path, &error, &file), TX_BAD_DATA, "a.h5' is no HDF5 file: it is empty");
    free(data);
    folder_remove(&folder);
}

/* ---- Memory ---- */

/* All kinds of calls one after the other; the first failure ends it. */
static tx_status use_everything(const char *path, const char *previous, tx_file **file)
{
    const double values[6] = {1, 2, 3, 4, 5, 6};
    float back[6];
    int count;
    char **names, *text;
    TX_TRY(tx_file_create(NULL, file));
    TX_TRY(tx_file_write_reals(*file, "/a/b/c", 2, shape23, TX_FLOAT64, values, NULL));
    TX_TRY(tx_file_set_text(*file, "/d/e", "text", "some", NULL));
    TX_TRY(tx_file_save(*file, path, previous, NULL));
    tx_file_close(*file);
    *file = NULL;
    TX_TRY(tx_file_open_checked(path, NULL, file));
    TX_TRY(tx_file_read_reals(*file, "/a/b/c", 2, shape23, TX_FLOAT32, back, NULL));
    TX_TRY(tx_file_members(*file, "/a", NULL, &count, &names));
    tx_free(names);
    TX_TRY(tx_file_get_text(*file, "/d/e", "text", NULL, &text));
    tx_free(text);
    tx_file_close(*file);
    *file = NULL;
    TX_TRY(tx_text_read(path, NULL, &text));
    tx_free(text);
    return TX_OK;
}

static void every_allocation_may_fail(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), previous = folder_file(&folder, "b.h5");
    const size_t live = tx_memory_live();
    tx_status status = TX_FAILURE;
    int n = 0;
    for (; status != TX_OK && n < 100; n++) {
        tx_file *file = NULL;
        tx_memory_fail_after(n);
        status = use_everything(name.path, previous.path, &file);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || status == TX_FAILURE);
        tx_file_close(file);
        CU_ASSERT_EQUAL(tx_memory_live(), live);
        CU_ASSERT_EQUAL(open_ids(), 0);
        CU_ASSERT(folder_count(folder.path) <= 2);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    CU_ASSERT(n > 10);
    folder_remove(&folder);
}

static void h5dump_reads_it(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    char command[1000], output[4096];
    if (system("command -v h5dump >/dev/null 2>&1") != 0) {
        printf("(skipped: no h5dump) ");
        folder_remove(&folder);
        return;
    }
    save_small(name.path);
    snprintf(command, sizeof command, "h5dump '%s' 2>&1", name.path);
    FILE *stream = popen(command, "r");
    output[fread(output, 1, sizeof output - 1, stream)] = '\0';
    CU_ASSERT_EQUAL(pclose(stream), 0);
    CU_ASSERT(strstr(output, "(1,0): 4, 5, 6") && strstr(output, "CSET H5T_CSET_UTF8") && strstr(output, "\"trainax\""));
    CU_ASSERT(strstr(output, "STRSIZE H5T_VARIABLE") && strstr(output, "H5T_IEEE_F64LE") && strstr(output, "GROUP \"p\""));
    folder_remove(&folder);
}

int main(void)
{
    return suite_run("saved", (suite_test[]){{"the checksum is the standard one", checksum_is_the_standard_one},
                                             {"the checksum has any length", checksum_has_any_length},
                                             {"digests are the standard ones", digests_are_the_standard_ones},
                                             {"same content, same bytes", same_content_same_bytes},
                                             {"many numbers are not copied", many_numbers_are_not_copied},
                                             {"damage is found", damage_is_found},
                                             {"damage is described", damage_is_described},
                                             {"every allocation may fail", every_allocation_may_fail},
                                             {"h5dump reads it", h5dump_reads_it},
                                             {0}});
}
