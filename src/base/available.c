/* How much memory this process may still take. */
#include "base/available.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT = 8192, PATH = 4096, FOLDER = PATH - 64 };

/* The beginning of a file as text; false: there is none. */
static bool read_file(const char *root, const char *path, char text[TEXT])
{
    char whole[2 * PATH];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    FILE *file = fopen(whole, "re");
    const size_t size = file ? fread(text, 1, TEXT - 1, file) : 0;
    text[size] = '\0';
    if (file) {
        fclose(file);
    }
    return size > 0;
}

/* The number behind `key` at the beginning of a line; 0: no such line. */
static size_t number_of(const char *text, const char *key)
{
    const size_t length = strlen(key);
    while (strncmp(text, key, length) != 0) {
        const char *end = strchr(text, '\n');
        if (!end) {
            return 0;
        }
        text = end + 1;
    }
    return strtoull(text + length, NULL, 10);
}

static size_t left(size_t limit, size_t used)
{
    return used < limit ? limit - used : 0;
}

static size_t of_machine(const char *root)
{
    char text[TEXT];
    const bool known = read_file(root, "/proc/meminfo", text) && strstr(text, "MemAvailable:");
    return known ? 1024 * (number_of(text, "MemAvailable:") + number_of(text, "SwapFree:")) : SIZE_MAX;
}

/* ---- Control groups ---- */

/* How the two versions name things. A file's pages count as used, though they go where memory is wanted. */
static const struct version {
    const char *mounted[2], *limit, *used, *caches[2];
} versions[] = {
    {{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}, "memory.max", "memory.current", {"inactive_file ", "active_file "}},
    {{"/sys/fs/cgroup/memory", NULL},
     "memory.limit_in_bytes",
     "memory.usage_in_bytes",
     {"total_inactive_file ", "total_active_file "}},
};

static bool read_number(const char *root, const char *folder, const char *name, size_t *out)
{
    char text[TEXT], path[PATH], *end;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!read_file(root, path, text)) {
        return false;
    }
    *out = strtoull(text, &end, 10);
    return end > text; /* not "max" */
}

static uint64_t identify(const char *root, const char *folder)
{
    char path[2 * PATH];
    struct stat info;
    snprintf(path, sizeof path, "%s%s", root, folder);
    return stat(path, &info) ? 0 : ((uint64_t)info.st_dev << 48) ^ (uint64_t)info.st_ino;
}

static void look_at_group(const char *root, const struct version *version, const char *folder, tx_available *out)
{
    char text[TEXT], path[PATH];
    size_t limit, used;
    if (!read_number(root, folder, version->limit, &limit) || !read_number(root, folder, version->used, &used)) {
        return;
    }
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    read_file(root, path, text);
    const size_t rest = left(limit, left(used, number_of(text, version->caches[0]) + number_of(text, version->caches[1])));
    if (rest < out->group && limit < SIZE_MAX / 4) { /* version 1 writes a huge number for none */
        out->group = rest;
        out->group_id = identify(root, folder);
    }
}

/* A group and all that it lies in. In a container the path may be that of outside: only its upper end stands there then. */
static void look_at_groups(const char *root, const struct version *version, const char *mounted, const char *group,
                           tx_available *out)
{
    char folder[FOLDER];
    snprintf(folder, sizeof folder, "%s%s", mounted, group);
    for (char *end = folder + strlen(folder); end && end >= folder + strlen(mounted); end = strrchr(folder, '/')) {
        *end = '\0';
        look_at_group(root, version, folder, out);
    }
}

/* A line is number:controllers:path; version 2 names no controllers. */
static void of_groups(const char *root, tx_available *out)
{
    char text[TEXT], *rest = text, *line;
    read_file(root, "/proc/self/cgroup", text);
    while ((line = strsep(&rest, "\n"))) {
        strsep(&line, ":");
        const char *controllers = strsep(&line, ":");
        if (!line || (controllers[0] && !strstr(controllers, "memory"))) {
            continue;
        }
        const struct version *version = &versions[controllers[0] != '\0'];
        for (int k = 0; k < 2 && version->mounted[k]; k++) {
            look_at_groups(root, version, version->mounted[k], line, out);
        }
    }
}

/* ---- The process ---- */

/* Address space that libraries take as they go (HDF5's caches, MPI's messages, what the allocator keeps): nobody plans it. */
enum { LIBRARIES = 6 << 20 };

static size_t of_process(const char *root)
{
    static const struct {
        int limit, field; /* of statm, where the pages that count stand */
    } limits[] = {{RLIMIT_AS, 0}, {RLIMIT_DATA, 5}};
    unsigned long pages[6] = {0};
    char text[TEXT];
    size_t least = SIZE_MAX;
    read_file(root, "/proc/self/statm", text);
    sscanf(text, "%lu %lu %lu %lu %lu %lu", &pages[0], &pages[1], &pages[2], &pages[3], &pages[4], &pages[5]);
    for (int k = 0; k < 2; k++) {
        struct rlimit limit;
        if (getrlimit(limits[k].limit, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
            const size_t rest = left(limit.rlim_cur, LIBRARIES + pages[limits[k].field] * (size_t)sysconf(_SC_PAGESIZE));
            least = rest < least ? rest : least;
        }
    }
    return least;
}

tx_available tx_available_now(const char *root)
{
    tx_available available = {.machine = of_machine(root), .group = SIZE_MAX, .process = of_process(root)};
    of_groups(root, &available);
    return available;
}
