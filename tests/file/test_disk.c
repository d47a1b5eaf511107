/* What the system refuses: missing files and folders, full disks, limits; text files; what a failure leaves behind. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "base/memory.h"
#include "file/atomic.h"
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
    tx_array_shape shape = {0};
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

/* ---- Processes that write at the same time, and those that never finished ---- */

/* Starts a process that writes a temporary for `path`, says so, and never publishes it. */
static pid_t write_and_wait(const char *path)
{
    int said[2];
    char *temporary, word;
    CU_ASSERT_EQUAL_FATAL(pipe(said), 0);
    const pid_t child = fork();
    if (child == 0) {
        const bool good =
            tx_atomic_temporary(path, NULL, &temporary) == TX_OK && tx_atomic_write(temporary, path, "x", 1, NULL) == TX_OK;
        (void)!write(said[1], good ? "y" : "n", 1);
        pause();
        _exit(0);
    }
    CU_ASSERT(read(said[0], &word, 1) == 1 && word == 'y');
    close(said[0]);
    close(said[1]);
    return child;
}

static void leftovers_are_swept(void)
{
    static const char *const others[] = {".a.h5.tmp", "a.h5.deadbeef-1-1.tmp", ".deadbeef-1-1.tmp", ".a.h5.deadbeef-1-1.tmp.h5",
                                         ".a.h5.deadbeef-1-1x.tmp"};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), elsewhere = folder_file(&folder, ".a.h5.deadbeef-1-1.tmp");
    const pid_t child = write_and_wait(name.path);
    ASSERT_WORKS(tx_directory_make(folder.path, &error));
    CU_ASSERT_EQUAL(folder_count(folder.path), 1); /* it lives */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ASSERT_WORKS(tx_directory_make(folder.path, &error));
    CU_ASSERT_EQUAL(folder_count(folder.path), 0);
    const struct timeval long_ago[2] = {{.tv_sec = time(NULL) - 3 * 86400}, {.tv_sec = time(NULL) - 3 * 86400}};
    for (int k = 0; k < 5; k++) {
        const file_name other = folder_file(&folder, others[k]);
        file_write(other.path, "mine", 4);
        utimes(other.path, long_ago);
    }
    file_write(elsewhere.path, "x", 1);
    tx_atomic_sweep(folder.path);
    CU_ASSERT_EQUAL(folder_count(folder.path), 6); /* whoever writes it, written today */
    utimes(elsewhere.path, long_ago);
    tx_atomic_sweep(folder.path);
    CU_ASSERT_EQUAL(folder_count(folder.path), 5);
    folder_remove(&folder);
}

/* 8 processes at once; returns how many of them ended with each status. */
static void at_once(const char *path, bool fresh, int count[TX_STOPPED + 1])
{
    enum { PROCESSES = 8 };
    char text[100000];
    pid_t children[PROCESSES];
    int begin[2];
    CU_ASSERT_EQUAL_FATAL(pipe(begin), 0);
    for (int k = 0; k < PROCESSES; k++) {
        children[k] = fork();
        if (children[k] == 0) {
            close(begin[1]);
            memset(text, 'a' + k, sizeof text);
            (void)!read(begin[0], text, 1);
            tx_status status = TX_OK;
            for (int round = 0; round < (fresh ? 1 : 20) && status == TX_OK; round++) {
                status = fresh ? tx_text_save_new(path, text, sizeof text, NULL) : tx_text_save(path, text, sizeof text, NULL);
            }
            _exit((int)status);
        }
    }
    close(begin[0]);
    close(begin[1]);
    for (int k = 0; k < PROCESSES; k++) {
        int ended;
        waitpid(children[k], &ended, 0);
        CU_ASSERT(WIFEXITED(ended));
        count[WEXITSTATUS(ended)]++;
    }
}

static void many_at_once(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.txt"), new = folder_file(&folder, "new.txt");
    const char *const paths[] = {name.path, new.path};
    for (int fresh = 0; fresh < 2; fresh++) {
        int count[TX_STOPPED + 1] = {0};
        char text[100001] = {0};
        at_once(paths[fresh], fresh, count);
        CU_ASSERT_EQUAL(count[TX_OK], fresh ? 1 : 8);
        CU_ASSERT_EQUAL(count[TX_INVALID], fresh ? 7 : 0);
        CU_ASSERT_EQUAL(file_read(paths[fresh], text, sizeof text), 100000);
        CU_ASSERT_EQUAL(strspn(text, (char[]){text[0], 0}), 100000); /* of one process alone */
        CU_ASSERT_EQUAL(folder_count(folder.path), fresh + 1);
    }
    ASSERT_FAILS(tx_text_save_new(new.path, "x", 1, &error), TX_INVALID, "another process has written '");
    folder_remove(&folder);
}

static void links_are_replaced(void)
{
    const folder folder = folder_make();
    const file_name mine = folder_file(&folder, "mine.txt"), link = folder_file(&folder, "a.txt");
    char text[16] = {0}, *temporary;
    struct stat info;
    file_write(mine.path, "mine", 4);
    ASSERT_WORKS(tx_atomic_temporary(link.path, &error, &temporary));
    CU_ASSERT(symlink("mine.txt", link.path) == 0 && symlink("mine.txt", temporary) == 0);
    ASSERT_WORKS(tx_text_save(link.path, "other", 5, &error));
    CU_ASSERT(lstat(link.path, &info) == 0 && S_ISREG(info.st_mode));
    CU_ASSERT(file_read(mine.path, text, sizeof text) == 4 && strcmp(text, "mine") == 0);
    unlink(link.path);
    CU_ASSERT_EQUAL(symlink(folder.path, link.path), 0);
    ASSERT_WORKS(tx_text_save(link.path, "other", 5, &error));
    CU_ASSERT(lstat(link.path, &info) == 0 && S_ISREG(info.st_mode));
    CU_ASSERT_EQUAL(folder_count(folder.path), 2);
    tx_free(temporary);
    folder_remove(&folder);
}

static void what_a_signal_leaves(void)
{
    const folder folder = folder_make();
    const file_name a = folder_file(&folder, "a"), b = folder_file(&folder, "b"), c = folder_file(&folder, "c");
    const char *const paths[] = {a.path, b.path, c.path};
    char *temporary[3];
    for (int k = 0; k < 3; k++) {
        ASSERT_WORKS(tx_atomic_temporary(paths[k], &error, &temporary[k]));
        ASSERT_WORKS(tx_atomic_write(temporary[k], paths[k], "x", 1, &error));
    }
    ASSERT_WORKS(tx_atomic_publish(temporary[0], a.path, NULL, &error));
    tx_atomic_remove(temporary[1]);
    CU_ASSERT_EQUAL(folder_count(folder.path), 2);
    tx_atomic_remove_unfinished();
    CU_ASSERT(folder_count(folder.path) == 1 && access(a.path, F_OK) == 0);
    for (int k = 0; k < 3; k++) {
        tx_atomic_remove(temporary[k]);
        tx_free(temporary[k]);
    }
    folder_remove(&folder);
}

static void long_names(void)
{
    const folder folder = folder_make();
    char name[252] = {0};
    memset(name, 'n', sizeof name - 1);
    const file_name file = folder_file(&folder, name);
    ASSERT_WORKS(tx_text_save(file.path, "x", 1, &error));
    CU_ASSERT(folder_count(folder.path) == 1 && access(file.path, F_OK) == 0);
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
                                            {"leftovers are swept", leftovers_are_swept},
                                            {"many at once", many_at_once},
                                            {"links are replaced", links_are_replaced},
                                            {"what a signal leaves", what_a_signal_leaves},
                                            {"long names", long_names},
                                            {"full disk", full_disk},
                                            {"limited size", limited_size},
                                            {"texts", texts},
                                            {"directories", directories},
                                            {"relative paths", relative_paths},
                                            {0}});
}
