/* Compiled programs on disk, in the user's cache folder. An entry that is damaged, or not there, is none; whoever cannot write one
 * does without. Entries are written aside and renamed: ranks may do so at the same time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/memory.h"
#include "opencl/opencl.h"

enum { PATH_SIZE = 4096 };

typedef struct head {
    char mark[8];
    uint64_t key, size, sum;
} head;
static const char mark[8] = "TXCL\0\0\0\1";

uint64_t tx_opencl_sum(const void *bytes, size_t size)
{
    const size_t words = size / sizeof(uint32_t);
    uint32_t last = 0;
    tx_hash hash;
    tx_hash_begin(&hash);
    memcpy(&last, (const char *)bytes + words * sizeof last, size - words * sizeof last);
    const uint32_t end[] = {last, (uint32_t)size};
    return tx_hash_part(&hash, bytes, 0, words) + tx_hash_part(&hash, end, words, 2);
}

/* XDG: $XDG_CACHE_HOME, else ~/.cache; only absolute ones count. False: there is neither. */
static bool find_folder(char path[PATH_SIZE])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const bool own = cache && *cache == '/';
    return (own || (home && *home == '/')) &&
           snprintf(path, PATH_SIZE, "%s%s/trainax/opencl", own ? cache : home, own ? "" : "/.cache") < PATH_SIZE - 64;
}

static void make_folder(char *path)
{
    for (char *end = path + 1; *end; end++) {
        if (*end == '/') {
            *end = 0;
            mkdir(path, 0700);
            *end = '/';
        }
    }
    mkdir(path, 0700);
}

static bool find_entry(uint64_t key, char path[PATH_SIZE])
{
    if (!find_folder(path)) {
        return false;
    }
    snprintf(path + strlen(path), 64, "/%016llx", (unsigned long long)key);
    return true;
}

static bool is_whole(const head *h, uint64_t key, size_t file)
{
    return memcmp(h->mark, mark, sizeof mark) == 0 && h->key == key && h->size > 0 && h->size + sizeof *h == file;
}

static unsigned char *read_entry(FILE *file, uint64_t key, size_t *size)
{
    head h;
    struct stat status;
    unsigned char *bytes;
    if (fread(&h, sizeof h, 1, file) != 1 || fstat(fileno(file), &status) != 0 || !is_whole(&h, key, (size_t)status.st_size) ||
        tx_allocate(h.size, NULL, &bytes) != TX_OK) {
        return NULL;
    }
    if (fread(bytes, h.size, 1, file) != 1 || tx_opencl_sum(bytes, h.size) != h.sum) {
        tx_free(bytes);
        return NULL;
    }
    *size = h.size;
    return bytes;
}

unsigned char *tx_opencl_cache_read(uint64_t key, size_t *size)
{
    char path[PATH_SIZE];
    FILE *file = find_entry(key, path) ? fopen(path, "rb") : NULL;
    unsigned char *bytes = file ? read_entry(file, key, size) : NULL;
    if (file) {
        fclose(file);
    }
    return bytes;
}

void tx_opencl_cache_write(uint64_t key, const void *bytes, size_t size)
{
    head h = {.key = key, .size = size, .sum = tx_opencl_sum(bytes, size)};
    char folder[PATH_SIZE], path[PATH_SIZE], aside[PATH_SIZE + 32];
    if (!find_folder(folder) || !find_entry(key, path)) {
        return;
    }
    memcpy(h.mark, mark, sizeof mark);
    make_folder(folder);
    snprintf(aside, sizeof aside, "%s.%ld", path, (long)getpid());
    FILE *file = fopen(aside, "wb");
    if (!file) {
        return;
    }
    const bool written = fwrite(&h, sizeof h, 1, file) == 1 && fwrite(bytes, size, 1, file) == 1;
    if (fclose(file) != 0 || !written || rename(aside, path) != 0) {
        unlink(aside);
    }
}
