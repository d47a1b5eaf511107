/* Files that are sound HDF5, but not what this program writes: a stored file of trajectories, a network or a checkpoint, of which
 * some objects are missing or hold something else. The first byte chooses the file; then edits follow, of which each names an
 * object and what becomes of it. (Bytes at random would try HDF5, not us.) */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <hdf5.h>
#include <unistd.h>

#include "file/seal.h"

static const char *const datasets[] = {"/trajectories",
                                       "/parameters/layers.0.weight",
                                       "/parameters/layers.1.bias",
                                       "/history/loss",
                                       "/history/present",
                                       "/history/step",
                                       "/history/values",
                                       "/optimizer/count",
                                       "/optimizer/mu",
                                       "/best/parameters",
                                       "/best/step",
                                       "/best/value",
                                       "/data/shape",
                                       "/data/checksum",
                                       "/evaluation/shape",
                                       "/evaluation/data",
                                       "/reduction/scales",
                                       "/parameters/added",
                                       "/history/added"};
static const char *const groups[] = {"/parameters", "/history", "/optimizer", "/best", "/data", "/reduction"};
static const struct {
    const char *object, *name;
} attributes[] = {{"/", "configuration"},
                  {"/", "format"},
                  {"/", "format_version"},
                  {"/", "isa"},
                  {"/", "network"},
                  {"/", "precision"},
                  {"/", "step"},
                  {"/", "version"},
                  {"/history", "header"},
                  {"/history", "minibatches"},
                  {"/trajectories", "scale_factor"},
                  {"/trajectories", "add_offset"},
                  {"/trajectories", "_FillValue"},
                  {"/", "dt"},
                  {"/", "metric"},
                  {"/", "value"}};
enum {
    NUM_DATASETS = sizeof datasets / sizeof *datasets,
    NUM_GROUPS = sizeof groups / sizeof *groups,
    NUM_ATTRIBUTES = sizeof attributes / sizeof *attributes,
    MOST = 4096
};

static char folder[64], path[128], output[128];
static tx_parallel *parallel;
static tx_config *config;

static void empty_folder(void)
{
    DIR *stream = opendir(folder);
    FUZZ_CHECK(stream);
    for (struct dirent *entry; (entry = readdir(stream));) {
        unlinkat(dirfd(stream), entry->d_name, 0);
    }
    closedir(stream);
}

static void finish(void)
{
    empty_folder();
    rmdir(folder);
    tx_config_destroy(config);
    tx_registry_destroy(fuzz_registry());
    tx_parallel_destroy(parallel);
}

static void prepare(void)
{
    static const char *const one_more[] = {"trainer.num_training_steps=13"};
    const char *const memory = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
    tx_error error = {0};
    snprintf(folder, sizeof folder, "%s/trainax_fuzz_XXXXXX", memory);
    FUZZ_CHECK(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/checkpoint.h5", folder);
    snprintf(output, sizeof output, "%s/rollout.h5", folder);
    FUZZ_CHECK(tx_parallel_create(NULL, NULL, &parallel) == TX_OK);
    FUZZ_CHECK(tx_config_read(fuzz_registry(), TESTS_DIR "/stored/0.1.0/adam.yaml", one_more, 1, NULL, &error, &config) == TX_OK);
    atexit(finish);
}

static void copy(const char *name)
{
    static char bytes[1 << 16];
    char from[256];
    snprintf(from, sizeof from, TESTS_DIR "/stored/0.1.0/%s", name);
    FILE *in = fopen(from, "rb"), *out = fopen(path, "wb");
    FUZZ_CHECK(in && out);
    fwrite(bytes, 1, fread(bytes, 1, sizeof bytes, in), out);
    fclose(in);
    fclose(out);
}

/* ---- Edits ---- */

typedef struct input {
    const uint8_t *data;
    size_t size;
} input;

static uint8_t next(input *in)
{
    in->size -= in->size > 0;
    return in->size ? *in->data++ : 0;
}

/* A text up to the next zero, as it lies in the input. */
static void put_text(hid_t file, int which, input *in)
{
    char *text = fuzz_text(&in->data, &in->size);
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, strlen(text) + 1);
    hid_t attribute = H5Acreate_by_name(file, attributes[which].object, attributes[which].name, type, space, H5P_DEFAULT,
                                        H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, text);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    free(text);
}

/* Numbers of some type, with one byte each that says which. */
static hid_t next_type(input *in)
{
    const hid_t types[] = {H5T_NATIVE_INT64, H5T_NATIVE_FLOAT, H5T_NATIVE_DOUBLE, H5T_NATIVE_UINT8, H5T_NATIVE_UINT64, H5T_C_S1};
    return types[next(in) % 6];
}

static const int64_t *next_numbers(input *in)
{
    static const int64_t special[] = {0, 1, -1, INT64_MAX, INT64_MIN, 12, 1 << 30, 0x7ff0000000000000, 0x3ff0000000000000};
    static int64_t numbers[MOST];
    for (int k = 0; k < MOST; k++) {
        numbers[k] = in->size > 1 ? (int64_t)((uint64_t)special[next(in) % 9] + next(in)) : 0;
    }
    return numbers;
}

static void put_number(hid_t file, int which, input *in)
{
    const hid_t type = next_type(in), space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate_by_name(file, attributes[which].object, attributes[which].name, type, space, H5P_DEFAULT,
                                        H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, next_numbers(in));
    H5Aclose(attribute);
    H5Sclose(space);
}

static void put_dataset(hid_t file, int which, input *in)
{
    const hid_t type = next_type(in);
    const int rank = next(in) % 8;
    hsize_t size[8], count = 1;
    for (int a = 0; a < rank; a++) {
        size[a] = next(in) % 17;
        count *= size[a];
    }
    if (count > MOST) {
        return;
    }
    const hid_t space = rank ? H5Screate_simple(rank, size, NULL) : H5Screate(H5S_SCALAR);
    const hid_t dataset = H5Dcreate2(file, datasets[which], type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (next(in) % 8) {
        H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, next_numbers(in));
    }
    H5Dclose(dataset);
    H5Sclose(space);
}

static void edit(hid_t file, input *in)
{
    const int what = next(in) % 5, which = next(in);
    switch (what) {
    case 0:
        H5Ldelete(file, groups[which % NUM_GROUPS], H5P_DEFAULT);
        break;
    case 1:
    case 2:
        H5Ldelete(file, datasets[which % NUM_DATASETS], H5P_DEFAULT);
        if (what == 2) {
            put_dataset(file, which % NUM_DATASETS, in);
        }
        break;
    default:
        H5Adelete_by_name(file, attributes[which % NUM_ATTRIBUTES].object, attributes[which % NUM_ATTRIBUTES].name, H5P_DEFAULT);
        (what == 3 ? put_text : put_number)(file, which % NUM_ATTRIBUTES, in);
    }
}

static void edit_all(input *in)
{
    H5E_auto2_t function;
    void *user;
    H5Eget_auto2(H5E_DEFAULT, &function, &user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    FUZZ_CHECK(file >= 0);
    while (in->size > 1) {
        edit(file, in);
    }
    H5Fclose(file);
    H5Eset_auto2(H5E_DEFAULT, function, user);
}

/* A checkpoint without its seal is damaged, and no more is looked at. */
static void seal(void)
{
    tx_error error = {0};
    FUZZ_CHECK(tx_seal_append(path, path, NULL, NULL, &error) == TX_OK);
}

/* ---- Reading ---- */

static void inspect(void)
{
    tx_error error = {0};
    char *text = NULL;
    fuzz_check_status(tx_inspect_file(fuzz_registry(), path, true, &error, &text), &error);
    tx_free(text);
}

static void roll_out(const char *network, const char *initial)
{
    tx_error error = {0};
    const tx_output to = {.path = output, .overwrite = true};
    fuzz_check_status(tx_rollout(parallel, fuzz_registry(), network, initial, 1, NULL, &to, &error), &error);
}

static void resume(void)
{
    tx_error error = {0};
    const tx_train_options options = {.output = folder, .start = TX_START_RESUME};
    fuzz_check_status(tx_train(config, parallel, &options, &error), &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"trajectories.h5", "adam/network.h5", "adam/checkpoint.h5"};
    input in = {data, size};
    if (!parallel) {
        prepare();
    }
    const size_t before = tx_memory_live();
    const int kind = next(&in) % 3;
    copy(names[kind]);
    edit_all(&in);
    inspect();
    if (kind == 0) {
        roll_out(TESTS_DIR "/stored/0.1.0/adam/network.h5", path);
    } else if (kind == 1) {
        roll_out(path, TESTS_DIR "/stored/0.1.0/trajectories.h5");
    } else {
        seal();
        resume();
    }
    empty_folder();
    FUZZ_CHECK(tx_memory_live() == before);
    return 0;
}
