/* Temporaries: whose one is, its name says; what the dead have left is swept away. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/atomic.h"

void tx_folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const size_t bytes = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    snprintf(folder, PATH_MAX, "%.*s", (int)bytes, slash ? path : ".");
}

/* Where a process number is one process: this start of this machine, this space of processes. */
typedef struct tx_writer {
    char boot[9]; /* "": unknown */
    unsigned long space;
    long process;
} tx_writer;

enum { LONGEST_NAME = 180 /* bytes of the final name, which the writer's stand behind */ };

static tx_writer this_writer(void)
{
    tx_writer self = {.process = (long)getpid()};
    struct stat info;
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file && stat("/proc/self/ns/pid", &info) == 0 && fread(self.boot, 1, 8, file) == 8) {
        self.space = (unsigned long)info.st_ino;
    } else {
        self.boot[0] = '\0';
    }
    if (file) {
        fclose(file);
    }
    return self;
}

tx_status tx_atomic_temporary(const char *path, tx_error *error, char **out)
{
    struct stat info;
    if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) {
        const char *what = S_ISDIR(info.st_mode) ? "Is a directory" : "Is not a regular file";
        return tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", path, what);
    }
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash + 1 - path) : 0;
    const tx_writer self = this_writer();
    const size_t bytes = strlen(path) + 80;
    char *temporary;
    TX_TRY(tx_allocate(bytes, error, &temporary));
    snprintf(temporary, bytes, "%.*s.%.*s.%s-%lu-%ld.tmp", folder, path, LONGEST_NAME, path + folder,
             *self.boot ? self.boot : "00000000", self.space, self.process);
    *out = temporary;
    return TX_OK;
}

/* Takes ".NAME.BOOT-SPACE-PROCESS.tmp" apart. */
static bool read_writer(const char *name, tx_writer *out)
{
    const char *end = strrchr(name, '.'), *begin = end;
    while (begin && begin > name && *--begin != '.') {
    }
    int length = 0;
    return end && *name == '.' && begin > name && strcmp(end, ".tmp") == 0 &&
           sscanf(begin, ".%8[0-9a-f]-%lu-%ld%n", out->boot, &out->space, &out->process, &length) == 3 && begin + length == end;
}

/* Elsewhere nobody can be asked: whoever has not written for a day is gone. */
static bool is_abandoned(const tx_writer *writer, const tx_writer *self, int folder, const char *name)
{
    struct stat info;
    if (strcmp(writer->boot, self->boot) == 0 && writer->space == self->space) {
        return kill((pid_t)writer->process, 0) != 0 && errno == ESRCH;
    }
    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - info.st_mtime > 24L * 60 * 60;
}

void tx_atomic_sweep(const char *folder)
{
    const tx_writer self = this_writer();
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries && (entry = readdir(entries));) {
        tx_writer writer;
        if (read_writer(entry->d_name, &writer) && is_abandoned(&writer, &self, dirfd(entries), entry->d_name)) {
            unlinkat(dirfd(entries), entry->d_name, 0);
        }
    }
    if (entries) {
        closedir(entries);
    }
}

void tx_atomic_sweep_beside(const char *path)
{
    char folder[PATH_MAX];
    tx_folder_of(path, folder);
    tx_atomic_sweep(folder);
}
