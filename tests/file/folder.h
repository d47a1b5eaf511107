/* A folder of its own for each test program, and small things to look at files with. */
#pragma once

#include <dirent.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trainax/file.h"
#include "suite.h"

typedef struct folder {
    char path[512];
} folder;

static inline folder folder_make(void)
{
    folder folder;
    snprintf(folder.path, sizeof folder.path, "%s/file-XXXXXX", BUILD_DIR);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder.path));
    return folder;
}

typedef struct file_name {
    char path[800];
} file_name;

static inline file_name folder_file(const folder *folder, const char *name)
{
    file_name file;
    snprintf(file.path, sizeof file.path, "%s/%s", folder->path, name);
    return file;
}

/* Number of files in it, hidden ones too. */
static inline int folder_count(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(directory);
    return count;
}

static inline void folder_remove(const folder *folder)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", folder->path);
    CU_ASSERT_EQUAL(system(command), 0);
}

static inline size_t file_read(const char *path, char *data, size_t most)
{
    FILE *stream = fopen(path, "rb");
    const size_t bytes = stream ? fread(data, 1, most, stream) : 0;
    if (stream) {
        fclose(stream);
    }
    return bytes;
}

static inline void file_write(const char *path, const void *data, size_t bytes)
{
    FILE *stream = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    CU_ASSERT_EQUAL(fwrite(data, 1, bytes, stream), bytes);
    fclose(stream);
}

static inline long open_ids(void)
{
    return (long)H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL);
}

/* The call must fail with this status and a message that holds `part`. */
#define ASSERT_FAILS(call, expected, part)                                                                                         \
    do {                                                                                                                           \
        tx_error error = {0};                                                                                                      \
        CU_ASSERT_EQUAL(call, expected);                                                                                           \
        CU_ASSERT(strstr(error.message, part) != NULL);                                                                            \
        if (!strstr(error.message, part)) {                                                                                        \
            printf("\n    message: %s\n    wanted:  %s\n", error.message, part);                                                   \
        }                                                                                                                          \
        CU_ASSERT_PTR_NULL(strchr(error.message, '\n'));                                                                           \
    } while (0)

#define ASSERT_WORKS(call)                                                                                                         \
    do {                                                                                                                           \
        tx_error error = {0};                                                                                                      \
        const tx_status status_ = (call);                                                                                          \
        CU_ASSERT_EQUAL_FATAL(status_, TX_OK);                                                                                     \
        (void)error;                                                                                                               \
    } while (0)
