/* What the system refuses: missing files and folders, full disks, limits; text files; what a failure leaves behind. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "file/folder.h"

/* A file of about `bytes` bytes. */
static tx_status save(const char *path, const char *previous, size_t bytes, tx_error *error)
{
    const int64_t size[] = {(int64_t)bytes / 8};
    double *values = calloc(bytes / 8, 8);
    tx_file *file;
    tx_status status = tx_file_create(error, &file);
    if (status == TX_OK) {
        status = tx_file_write_reals(file, "/x", 1, size, TX_FLOAT64, values, error);
        status = status == TX_OK ? tx_file_save(file, path, previous, error) : status;
        tx_file_close(file);
    }
    free(values);
    return status;
}

static int64_t saved_elements(const char *path)
{
    tx_dataset_shape shape = {0};
    tx_file *file;
    if (tx_file_open_checked(path, NULL, &file) == TX_OK) {
        tx_file_shape(file, "/x", NULL, &shape);
        tx_file_close(file);
    }
    return shape.size[0];
}

static void opening(void)
{
    const folder folder = folder_make();
    const file_name missing = folder_file(&folder, "missing.h5"), pipe = folder_file(&folder, "pipe");
    char message[900];
    tx_file *file;
    snprintf(message, sizeof message, "cannot open '%s': No such file or directory", missing.path);
    ASSERT_FAILS(tx_file_open(missing.path, &error, &file), TX_BAD_DATA, message);
    ASSERT_FAILS(tx_file_open_checked(missing.path, &error, &file), TX_BAD_DATA, message);
    snprintf(message, sizeof message, "cannot open '%s': Is a directory", folder.path);
    ASSERT_FAILS(tx_file_open(folder.path, &error, &file), TX_BAD_DATA, message);
    CU_ASSERT_EQUAL(mkfifo(pipe.path, 0600), 0);
    ASSERT_FAILS(tx_file_open(pipe.path, &error, &file), TX_BAD_DATA, "Is not a regular file");
    ASSERT_WORKS(save(missing.path, NULL, 80, &error));
    chmod(missing.path, 0);
    if (geteuid() != 0) {
        ASSERT_FAILS(tx_file_open(missing.path, &error, &file), TX_BAD_DATA, "Permission denied");
    }
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

static void saving_where_one_cannot(void)
{
    const folder folder = folder_make();
    const file_name nowhere = folder_file(&folder, "no/where.h5"), pipe = folder_file(&folder, "pipe");
    struct stat info;
    ASSERT_FAILS(save(nowhere.path, NULL, 80, &error), TX_BAD_DATA, "where.h5': No such file or directory");
    ASSERT_FAILS(save(folder.path, NULL, 80, &error), TX_BAD_DATA, "Is a directory");
    CU_ASSERT_EQUAL(mkfifo(pipe.path, 0600), 0);
    ASSERT_FAILS(save(pipe.path, NULL, 80, &error), TX_BAD_DATA, "Is not a regular file");
    CU_ASSERT(stat(pipe.path, &info) == 0 && S_ISFIFO(info.st_mode)); /* had it been /dev/null … */
    CU_ASSERT_EQUAL(folder_count(folder.path), 1);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

static void the_one_before_is_kept(void)
{
    const folder folder = folder_make();
    const file_name now = folder_file(&folder, "a.h5"), before = folder_file(&folder, "a.previous.h5");
    ASSERT_WORKS(save(now.path, before.path, 80, &error));
    CU_ASSERT_EQUAL(folder_count(folder.path), 1); /* there was none before */
    ASSERT_WORKS(save(now.path, before.path, 160, &error));
    CU_ASSERT_EQUAL(saved_elements(before.path), 10);
    ASSERT_WORKS(save(now.path, before.path, 240, &error));
    CU_ASSERT_EQUAL(saved_elements(before.path), 20);
    CU_ASSERT_EQUAL(saved_elements(now.path), 30);
    CU_ASSERT_EQUAL(folder_count(folder.path), 2);
    /* Killed between the two renames: both names are one file. */
    unlink(before.path);
    CU_ASSERT_EQUAL(link(now.path, before.path), 0);
    ASSERT_WORKS(save(now.path, before.path, 320, &error));
    CU_ASSERT(saved_elements(before.path) == 30 && saved_elements(now.path) == 40);
    CU_ASSERT_EQUAL(folder_count(folder.path), 2);
    ASSERT_WORKS(save(now.path, NULL, 400, &error));
    CU_ASSERT(saved_elements(before.path) == 30 && saved_elements(now.path) == 50);
    folder_remove(&folder);
}

static void leftovers_are_used_up(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), left = folder_file(&folder, ".a.h5.tmp");
    char junk[100000] = {1};
    file_write(left.path, junk, sizeof junk);
    ASSERT_WORKS(save(name.path, NULL, 80, &error));
    CU_ASSERT_EQUAL(saved_elements(name.path), 10);
    CU_ASSERT_EQUAL(folder_count(folder.path), 1);
    folder_remove(&folder);
}

/* A save that does not fit leaves the file that was there, and nothing else. */
static void too_large(const char *path, const char *folder, const char *why)
{
    const int64_t size[] = {4, 1000, 100};
    char message[100];
    snprintf(message, sizeof message, "': %s", why);
    ASSERT_WORKS(save(path, NULL, 80, &error));
    const int before = folder_count(folder);
    tx_file_writer *writer;
    ASSERT_FAILS(save(path, NULL, 1 << 20, &error), TX_BAD_DATA, message);
    ASSERT_FAILS(save(path, path, 1 << 20, &error), TX_BAD_DATA, message);
    ASSERT_FAILS(tx_file_writer_create(NULL, path, 3, size, TX_FLOAT64, &error, &writer), TX_BAD_DATA, message);
    char *text = calloc(1, 1 << 20);
    ASSERT_FAILS(tx_text_save(path, text, 1 << 20, &error), TX_BAD_DATA, message);
    free(text);
    CU_ASSERT_EQUAL(saved_elements(path), 10);
    CU_ASSERT_EQUAL(folder_count(folder), before);
    CU_ASSERT_EQUAL(open_ids(), 0);
}

static void full_disk(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    /* In a space of mounts of our own, which ends with the process. */
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("trainax", folder.path, "tmpfs", 0, "size=256k")) {
        printf("(skipped: no mounts here) ");
    } else {
        too_large(name.path, folder.path, "No space left on device");
        umount(folder.path);
    }
    folder_remove(&folder);
}

/* ulimit -f: the signal that goes with it must not end the program. */
static void limited_size(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 1 << 17;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
    too_large(name.path, folder.path, "File too large");
    setrlimit(RLIMIT_FSIZE, &before);
    folder_remove(&folder);
}

static void texts(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "history.csv"), missing = folder_file(&folder, "missing");
    char large[20000], *text;
    memset(large, 'x', sizeof large);
    ASSERT_WORKS(tx_text_save(name.path, "step,loss\n1,0.5\n", 10, &error));
    ASSERT_WORKS(tx_text_read(name.path, &error, &text));
    CU_ASSERT_STRING_EQUAL(text, "step,loss\n");
    tx_free(text);
    ASSERT_WORKS(tx_text_save(name.path, large, sizeof large, &error));
    ASSERT_WORKS(tx_text_read(name.path, &error, &text));
    CU_ASSERT(strlen(text) == sizeof large && memcmp(text, large, sizeof large) == 0);
    tx_free(text);
    ASSERT_WORKS(tx_text_save(name.path, "", 0, &error));
    ASSERT_WORKS(tx_text_read(name.path, &error, &text));
    CU_ASSERT_STRING_EQUAL(text, "");
    tx_free(text);
    ASSERT_FAILS(tx_text_read(missing.path, &error, &text), TX_BAD_DATA, "missing': No such file or directory");
    ASSERT_FAILS(tx_text_read(folder.path, &error, &text), TX_BAD_DATA, "Is a directory");
    CU_ASSERT_EQUAL(folder_count(folder.path), 1);
    folder_remove(&folder);
}

static void directories(void)
{
    const folder folder = folder_make();
    const file_name deep = folder_file(&folder, "a/b//c/"), file = folder_file(&folder, "file");
    const file_name below = folder_file(&folder, "file/x");
    ASSERT_WORKS(tx_directory_make(deep.path, &error));
    ASSERT_WORKS(tx_directory_make(deep.path, &error));
    CU_ASSERT_EQUAL(folder_count(deep.path), 0);
    file_write(file.path, "", 0);
    ASSERT_FAILS(tx_directory_make(file.path, &error), TX_BAD_DATA, "file': Not a directory");
    ASSERT_FAILS(tx_directory_make(below.path, &error), TX_BAD_DATA, "file/x': Not a directory");
    ASSERT_FAILS(tx_directory_make("", &error), TX_BAD_DATA, "No such file or directory");
    ASSERT_FAILS(tx_directory_make("/proc/trainax", &error), TX_BAD_DATA, "cannot make the directory '/proc/trainax': ");
    ASSERT_FAILS(tx_directory_make("/proc", &error), TX_BAD_DATA, "cannot write in '/proc': ");
    folder_remove(&folder);
}

static void relative_paths(void)
{
    const folder folder = folder_make();
    char before[4096];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(before, sizeof before));
    CU_ASSERT_EQUAL(chdir(folder.path), 0);
    ASSERT_WORKS(tx_directory_make("runs", &error));
    ASSERT_WORKS(save("a.h5", NULL, 80, &error));
    ASSERT_WORKS(save("runs/a.h5", "runs/b.h5", 80, &error));
    CU_ASSERT(saved_elements("a.h5") == 10 && saved_elements("runs/a.h5") == 10);
    CU_ASSERT_EQUAL(chdir(before), 0);
    folder_remove(&folder);
}

int main(void)
{
    return suite_run("disk", (suite_test[]){{"opening", opening},
                                            {"saving where one cannot", saving_where_one_cannot},
                                            {"the one before is kept", the_one_before_is_kept},
                                            {"leftovers are used up", leftovers_are_used_up},
                                            {"full disk", full_disk},
                                            {"limited size", limited_size},
                                            {"texts", texts},
                                            {"directories", directories},
                                            {"relative paths", relative_paths},
                                            {0}});
}
