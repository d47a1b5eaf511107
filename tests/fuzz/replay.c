/* Runs a fuzz target on the files of a folder: main where libFuzzer's is not linked. */
#include <dirent.h>

#include "fuzz/fuzz.h"

static void replay(const char *folder, const char *name)
{
    char path[4096];
    static uint8_t data[1 << 20];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file);
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
}

int main(int count, char **arguments)
{
    DIR *folder = count == 2 ? opendir(arguments[1]) : NULL;
    FUZZ_CHECK(folder);
    int inputs = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] != '.') {
            replay(arguments[1], entry->d_name);
            inputs++;
        }
    }
    closedir(folder);
    return inputs ? 0 : 1;
}
