/* Datasets in chunks, through a filter that counts how often it is undone: once for each chunk, whatever the chunks, the type and
 * the order of what is asked for; and the numbers are those that were written. So they are through filters that are undone past
 * HDF5, which wrote them. */
#include <fcntl.h>

#include "base/memory.h"
#include "file/counting.h"
#include "file/folder.h"
#include "file/lzf.h"
#include "file/undo.h"

enum { AXES = 3 };

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

static void add_counting(hid_t creation)
{
    H5Pset_filter(creation, COUNTING, 0, 0, NULL);
}

static void add_gzip(hid_t creation)
{
    H5Pset_deflate(creation, 4);
}

static void add_shuffled_gzip(hid_t creation)
{
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 1);
}

static void add_lzf(hid_t creation)
{
    tx_lzf_register();
    H5Pset_filter(creation, TX_LZF_FILTER, H5Z_FLAG_OPTIONAL, 0, NULL);
}

static void (*const known_filters[])(hid_t creation) = {add_gzip, add_shuffled_gzip, add_lzf};
enum { KNOWN_FILTERS = sizeof known_filters / sizeof *known_filters };

static void write_file(const char *path, const layout *layout, void (*add_filters)(hid_t creation))
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
    add_filters(creation);
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
        write_file(name.path, &layouts[k], add_counting);
        test(&layouts[k], name.path);
        CU_ASSERT_EQUAL(open_ids(), 0);
    }
    H5Zunregister(COUNTING);
    folder_remove(&folder);
}

static const int64_t boxes[][2][AXES] = {
    {{0, 0, 0}, {10, 60, 1200}}, {{2, 0, 0}, {5, 60, 1200}}, {{0, 13, 0}, {10, 21, 1200}},
    {{1, 5, 77}, {8, 50, 1003}}, {{3, 59, 1199}, {1, 1, 1}}, {{4, 0, 600}, {1, 60, 1}},
};
enum { BOXES = sizeof boxes / sizeof *boxes };

static void read_boxes(const layout *layout, const char *path)
{
    for (int k = 0; k < BOXES; k++) {
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

/* ---- Past HDF5 ---- */

static void read_known(const char *path)
{
    tx_file *file;
    ASSERT_WORKS(tx_file_open(path, &error, &file));
    for (int k = 0; k < BOXES; k++) {
        read_box(file, boxes[k][0], boxes[k][1]);
    }
    tx_file_close(file);
}

/* How many chunks are undone to what HDF5 makes of them; -1: the filters are not known. */
static int count_right(const char *path, const layout *layout)
{
    const hsize_t chunk[AXES] = {(hsize_t)layout->chunk[0], (hsize_t)layout->chunk[1], (hsize_t)layout->chunk[2]};
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, "/u", H5P_DEFAULT);
    const hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), memory = H5Screate_simple(AXES, chunk, NULL);
    const size_t bytes = H5Tget_size(type) * (size_t)(chunk[0] * chunk[1] * chunk[2]);
    char *expected = malloc(bytes), *found = malloc(bytes);
    tx_undo *undo;
    int right = 0;
    ASSERT_WORKS(tx_undo_create(dataset, &error, &undo));
    for (int64_t k = 0; undo && (k + 1) * layout->chunk[0] <= size[0]; k++) { /* whole ones: the rest is not read */
        const int64_t first[AXES] = {k * layout->chunk[0], 0, 0};
        const hsize_t from[AXES] = {(hsize_t)first[0], 0, 0};
        H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, chunk, NULL);
        H5Dread(dataset, type, memory, space, H5P_DEFAULT, expected);
        right += tx_undo_chunk(undo, first, found) && memcmp(expected, found, bytes) == 0;
    }
    right = undo ? right : -1;
    tx_undo_destroy(undo);
    free(expected), free(found);
    H5Sclose(memory), H5Sclose(space), H5Tclose(type), H5Dclose(dataset), H5Fclose(file);
    return right;
}

static void known_filters_are_undone(void)
{
    folder folder = folder_make();
    const file_name name = folder_file(&folder, "u.h5");
    for (int k = 0; k < LAYOUTS * KNOWN_FILTERS; k++) {
        const layout *layout = &layouts[k % LAYOUTS];
        write_file(name.path, layout, known_filters[k / LAYOUTS]);
        const int64_t right = count_right(name.path, layout), all = size[0] / layout->chunk[0];
        CU_ASSERT(right == all || (right > 0 && known_filters[k / LAYOUTS] == add_lzf)); /* which leaves out what gets no shorter */
        read_known(name.path);
        CU_ASSERT_EQUAL(open_ids(), 0);
    }
    folder_remove(&folder);
}

/* The chunks of /u that hold the first trajectories, through `work`. */
static void change_chunks(const char *path, void (*work)(hid_t dataset, const hsize_t *first))
{
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), dataset = H5Dopen2(file, "/u", H5P_DEFAULT);
    for (hsize_t first[AXES] = {0}; first[0] < 2; first[0]++) {
        work(dataset, first);
    }
    H5Dclose(dataset), H5Fclose(file);
}

/* As HDF5 itself stores what an optional filter refuses. */
static void store_plainly(hid_t dataset, const hsize_t *first)
{
    float numbers[60 * 1200];
    for (int k = 0; k < 60 * 1200; k++) {
        numbers[k] = (float)(first[0] * 60 * 1200 + (hsize_t)k);
    }
    CU_ASSERT(H5Dwrite_chunk(dataset, H5P_DEFAULT, 1, first, sizeof numbers, numbers) >= 0);
}

static void chunks_may_be_left_as_they_are(void)
{
    folder folder = folder_make();
    const file_name name = folder_file(&folder, "u.h5");
    write_file(name.path, &layouts[0], add_gzip);
    change_chunks(name.path, store_plainly);
    CU_ASSERT_EQUAL(count_right(name.path, &layouts[0]), size[0] - 2); /* HDF5 reads these two */
    read_known(name.path);
    folder_remove(&folder);
}

static hsize_t where, how_long; /* a chunk of the file */
static void find(hid_t dataset, const hsize_t *first)
{
    unsigned mask;
    haddr_t address;
    H5Dget_chunk_info_by_coord(dataset, first, &mask, &address, &how_long);
    where = address;
}

/* gzip has a checksum of its own. */
static void damage_is_found(void)
{
    const int64_t first[AXES] = {0}, count[AXES] = {10, 60, 1200};
    folder folder = folder_make();
    const file_name name = folder_file(&folder, "u.h5");
    float *found = malloc(NUMBERS * sizeof *found);
    write_file(name.path, &layouts[0], add_shuffled_gzip);
    change_chunks(name.path, find);
    const int fd = open(name.path, O_RDWR);
    int failures = 0;
    for (hsize_t k = 0; k < how_long; k += how_long / 20) {
        unsigned char byte, other;
        tx_file *file;
        tx_error local = {0};
        CU_ASSERT_EQUAL(pread(fd, &byte, 1, (off_t)(where + k)), 1);
        other = byte ^ 16;
        CU_ASSERT_EQUAL(pwrite(fd, &other, 1, (off_t)(where + k)), 1);
        ASSERT_WORKS(tx_file_open(name.path, &error, &file));
        const tx_slab all = {AXES, first, count};
        const bool found_out = tx_file_read_slab(file, "/u", &all, TX_FLOAT32, NULL, found, &local) == TX_BAD_DATA;
        CU_ASSERT(found_out || count_wrong(first, count, found) == 0); /* some bits mean nothing */
        failures += found_out;
        tx_file_close(file);
        CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, (off_t)(where + k)), 1);
    }
    CU_ASSERT(failures > 10);
    close(fd);
    free(found);
    read_known(name.path);
    folder_remove(&folder);
}

int main(void)
{
    return suite_run("chunks", (suite_test[]){{"of a box, each is undone once", boxes_are_read_once},
                                              {"of levels one after the other too", levels_are_read_once},
                                              {"little is staged", little_is_staged},
                                              {"known filters are undone past HDF5", known_filters_are_undone},
                                              {"chunks may be left as they are", chunks_may_be_left_as_they_are},
                                              {"damage is found", damage_is_found},
                                              {0}});
}
