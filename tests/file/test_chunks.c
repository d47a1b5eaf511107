/* Datasets in chunks, through a filter that counts how often it is undone: once for each chunk, whatever the chunks, the type and
 * the order of what is asked for; and the numbers are those that were written. */
#include "base/memory.h"
#include "file/folder.h"

enum { AXES = 3, FILTER = 256 /* free for tests */ };

static int undone;

static size_t count_undone(unsigned flags, size_t values, const unsigned *of, size_t bytes, size_t *room, void **buffer)
{
    (void)values, (void)of, (void)room, (void)buffer;
    undone += (flags & H5Z_FLAG_REVERSE) != 0;
    return bytes;
}

static const H5Z_class2_t counting = {
    H5Z_CLASS_T_VERS, FILTER, 1, 1, "counts", NULL, NULL, (H5Z_func_t)count_undone,
};

typedef struct layout {
    const char *what;
    int64_t chunk[AXES];
    bool big_endian, narrow; /* what is stored: float64 or float32 */
} layout;

static const int64_t size[AXES] = {10, 60, 1200};
enum { NUMBERS = 10 * 60 * 1200 };

static const layout layouts[] = {
    {"a trajectory each", {1, 60, 1200}, false, true},
    {"a level of all", {10, 1, 1200}, true, true},
    {"everything in one", {10, 60, 1200}, true, false},
    {"small ones that do not fit", {3, 7, 500}, true, false},
    {"the same in the machine's own type", {3, 7, 500}, false, false},
    {"tiny ones", {1, 1, 40}, false, true},
    {"parts of rows", {4, 60, 100}, true, true},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static void write_file(const char *path, const layout *layout)
{
    const hsize_t extent[AXES] = {(hsize_t)size[0], (hsize_t)size[1], (hsize_t)size[2]};
    const hsize_t chunk[AXES] = {(hsize_t)layout->chunk[0], (hsize_t)layout->chunk[1], (hsize_t)layout->chunk[2]};
    const hid_t stored = layout->narrow       ? layout->big_endian ? H5T_IEEE_F32BE : H5T_IEEE_F32LE
                         : layout->big_endian ? H5T_IEEE_F64BE
                                              : H5T_IEEE_F64LE;
    double *values;
    ASSERT_WORKS(tx_allocate_array(NUMBERS, sizeof *values, &error, &values));
    for (int k = 0; k < NUMBERS; k++) {
        values[k] = k;
    }
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(AXES, extent, NULL);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, AXES, chunk);
    H5Pset_filter(creation, FILTER, 0, 0, NULL);
    const hid_t dataset = H5Dcreate2(file, "/u", stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    CU_ASSERT(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(dataset), H5Pclose(creation), H5Sclose(space), H5Fclose(file);
    tx_free(values);
}

/* How many of an axis's chunks hold some of first … first + count - 1. */
static int64_t meets(const layout *layout, int axis, int64_t first, int64_t count)
{
    return (first + count - 1) / layout->chunk[axis] - first / layout->chunk[axis] + 1;
}

static int chunks_of(const layout *layout, const int64_t *first, const int64_t *count)
{
    int64_t chunks = 1;
    for (int a = 0; a < AXES; a++) {
        chunks *= meets(layout, a, first[a], count[a]);
    }
    return (int)chunks;
}

/* Of all that are in the box, how many numbers are not where they belong. */
static int64_t count_wrong(const int64_t *first, const int64_t *count, const float *found)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < count[0]; i++) {
        for (int64_t j = 0; j < count[1]; j++) {
            for (int64_t k = 0; k < count[2]; k++) {
                const int64_t there = ((first[0] + i) * size[1] + first[1] + j) * size[2] + first[2] + k;
                wrong += *found++ != (float)there;
            }
        }
    }
    return wrong;
}

static void read_box(const tx_file *file, const int64_t *first, const int64_t *count)
{
    float *found;
    ASSERT_WORKS(tx_allocate_array((size_t)(count[0] * count[1] * count[2]), sizeof *found, &error, &found));
    ASSERT_WORKS(tx_file_read_slab(file, "/u", &(tx_slab){AXES, first, count}, TX_FLOAT32, NULL, found, &error));
    CU_ASSERT_EQUAL(count_wrong(first, count, found), 0);
    tx_free(found);
}

static void for_each_layout(void (*test)(const layout *, const char *))
{
    folder folder = folder_make();
    const file_name name = folder_file(&folder, "u.h5");
    CU_ASSERT(H5Zregister(&counting) >= 0);
    for (int k = 0; k < LAYOUTS; k++) {
        write_file(name.path, &layouts[k]);
        test(&layouts[k], name.path);
        CU_ASSERT_EQUAL(open_ids(), 0);
    }
    H5Zunregister(FILTER);
    folder_remove(&folder);
}

static void read_boxes(const layout *layout, const char *path)
{
    static const int64_t boxes[][2][AXES] = {
        {{0, 0, 0}, {10, 60, 1200}}, {{2, 0, 0}, {5, 60, 1200}}, {{0, 13, 0}, {10, 21, 1200}},
        {{1, 5, 77}, {8, 50, 1003}}, {{3, 59, 1199}, {1, 1, 1}}, {{4, 0, 600}, {1, 60, 1}},
    };
    for (size_t k = 0; k < sizeof boxes / sizeof *boxes; k++) {
        tx_file *file;
        ASSERT_WORKS(tx_file_open(path, &error, &file));
        undone = 0;
        read_box(file, boxes[k][0], boxes[k][1]);
        CU_ASSERT_EQUAL(undone, chunks_of(layout, boxes[k][0], boxes[k][1]));
        tx_file_close(file);
    }
}

static void boxes_are_read_once(void)
{
    for_each_layout(read_boxes);
}

/* As who copies a file does, a few levels at a time. */
static void read_levels(const layout *layout, const char *path)
{
    const int64_t none[AXES] = {0};
    enum { LEVELS = 8 };
    tx_file *file;
    ASSERT_WORKS(tx_file_open(path, &error, &file));
    undone = 0;
    for (int64_t trajectory = 0; trajectory < size[0]; trajectory++) {
        for (int64_t level = 0; level < size[1]; level += LEVELS) {
            const int64_t first[AXES] = {trajectory, level, 0}, left = size[1] - level;
            read_box(file, first, (int64_t[AXES]){1, left < LEVELS ? left : LEVELS, size[2]});
        }
    }
    CU_ASSERT_EQUAL(undone, chunks_of(layout, none, size));
    tx_file_close(file);
}

static void levels_are_read_once(void)
{
    for_each_layout(read_levels);
}

/* What is staged beside the result: no more than a piece, for chunks of any size. */
static void check_memory(const layout *layout, const char *path)
{
    const int64_t first[AXES] = {0}, part[AXES] = {10, 60, 1199};
    float *found;
    tx_file *file;
    (void)layout;
    ASSERT_WORKS(tx_file_open(path, &error, &file));
    ASSERT_WORKS(tx_allocate_array(NUMBERS, sizeof *found, &error, &found));
    tx_memory_reset_peak();
    const size_t before = tx_memory_live();
    ASSERT_WORKS(tx_file_read_slab(file, "/u", &(tx_slab){AXES, first, part}, TX_FLOAT32, NULL, found, &error));
    CU_ASSERT(tx_memory_peak() - before <= (size_t)8 << 20);
    tx_free(found);
    tx_file_close(file);
}

static void little_is_staged(void)
{
    for_each_layout(check_memory);
}

int main(void)
{
    return suite_run("chunks", (suite_test[]){{"of a box, each is undone once", boxes_are_read_once},
                                              {"of levels one after the other too", levels_are_read_once},
                                              {"little is staged", little_is_staged},
                                              {0}});
}
