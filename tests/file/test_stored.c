/* What HDF5 would answer for with fill values, or cannot decode, is refused before it is read; what is stored, in whatever way,
 * comes back. Files as other programs write them, through the library itself. */
#include <math.h>
#include <sys/wait.h>

#include "file/folder.h"

enum { ROWS = 6, COLUMNS = 40, ELEMENTS = ROWS * COLUMNS };
static const hsize_t extent[] = {ROWS, COLUMNS}, half[] = {ROWS / 2, COLUMNS};
static double values[ELEMENTS], back[ELEMENTS];

typedef struct made {
    hid_t file, creation, space, type;
} made;

static made begin(const char *path)
{
    return (made){.file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                  .creation = H5Pcreate(H5P_DATASET_CREATE),
                  .space = H5Screate_simple(2, extent, NULL),
                  .type = H5T_IEEE_F64BE};
}

/* Creates the dataset and writes some of its rows. */
static void finish(made m, const char *name, int first, int count)
{
    const hsize_t start[] = {(hsize_t)first, 0}, size[] = {(hsize_t)count, COLUMNS};
    const hid_t dataset = H5Dcreate2(m.file, name, m.type, m.space, H5P_DEFAULT, m.creation, H5P_DEFAULT);
    CU_ASSERT_FATAL(dataset >= 0);
    if (count) {
        const hid_t memory = H5Screate_simple(2, size, NULL);
        H5Sselect_hyperslab(m.space, H5S_SELECT_SET, start, NULL, size, NULL);
        CU_ASSERT(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, m.space, H5P_DEFAULT, values + first * COLUMNS) >= 0);
        H5Sclose(memory);
    }
    H5Dclose(dataset), H5Sclose(m.space), H5Pclose(m.creation), H5Fclose(m.file);
}

static void read_rows(const char *path, int first, int count, const char *message)
{
    const int64_t from[] = {first, 0}, many[] = {count, COLUMNS};
    tx_file *file;
    ASSERT_WORKS(tx_file_open(path, &error, &file));
    if (message) {
        ASSERT_FAILS(tx_file_read_slab(file, "/u", &(tx_slab){2, from, many}, TX_FLOAT64, NULL, back, &error), TX_BAD_DATA,
                     message);
        ASSERT_FAILS(tx_file_stored(file, "/u", from, many, &error), TX_BAD_DATA, message);
    } else {
        ASSERT_WORKS(tx_file_stored(file, "/u", from, many, &error));
        ASSERT_WORKS(tx_file_read_slab(file, "/u", &(tx_slab){2, from, many}, TX_FLOAT64, NULL, back, &error));
        CU_ASSERT_EQUAL(memcmp(back, values + first * COLUMNS, (size_t)(count * COLUMNS) * sizeof *back), 0);
    }
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
}

/* Is it there? Whatever the numbers are. */
static void check_rows(const char *path, int first, int count, const char *message)
{
    const int64_t from[] = {first, 0}, many[] = {count, COLUMNS};
    tx_file *file;
    ASSERT_WORKS(tx_file_open(path, &error, &file));
    if (message) {
        ASSERT_FAILS(tx_file_stored(file, "/u", from, many, &error), TX_BAD_DATA, message);
    } else {
        ASSERT_WORKS(tx_file_stored(file, "/u", from, many, &error));
    }
    tx_file_close(file);
}

static void nothing_written(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    finish(begin(name.path), "/u", 0, 0);
    read_rows(name.path, 0, ROWS, "nothing was ever written to it");
    finish(begin(name.path), "/u", 0, ROWS);
    read_rows(name.path, 0, ROWS, NULL);
    folder_remove(&folder);
}

/* A value that the file gives for what was not written makes it no more stored. */
static void chunks_never_written(void)
{
    static const struct {
        hsize_t chunk[2];
        bool compressed, latest, filled;
    } cases[] = {{{1, COLUMNS}, false, false, false},
                 {{2, 7}, true, false, true},
                 {{2, 16}, false, true, true},
                 {{6, 40}, true, true, false}};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (int rows = ROWS; rows >= 0; rows -= 2) {
            made m = begin(name.path);
            const double fill = 1.0;
            if (cases[k].latest) {
                H5Fset_libver_bounds(m.file, H5F_LIBVER_V110, H5F_LIBVER_V110);
            }
            H5Pset_chunk(m.creation, 2, cases[k].chunk);
            if (cases[k].compressed) {
                H5Pset_shuffle(m.creation);
                H5Pset_deflate(m.creation, 1);
            }
            if (cases[k].filled) {
                H5Pset_fill_value(m.creation, H5T_NATIVE_DOUBLE, &fill);
            }
            finish(m, "/u", 0, rows);
            if (rows) {
                read_rows(name.path, 0, rows, NULL);
            }
            if (rows < ROWS && cases[k].chunk[0] < ROWS) {
                read_rows(name.path, 0, ROWS, "was never written");
                read_rows(name.path, rows, 1, "was never written");
            }
        }
    }
    folder_remove(&folder);
}

static void external_files(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), other = folder_file(&folder, "numbers");
    for (int missing = 0; missing < 2; missing++) {
        made m = begin(name.path);
        H5Pset_external(m.creation, other.path, 16, missing ? H5F_UNLIMITED : sizeof values);
        finish(m, "/u", 0, ROWS);
        read_rows(name.path, 0, ROWS, NULL);
        CU_ASSERT_EQUAL(truncate(other.path, 16 + sizeof values - 1), 0);
        read_rows(name.path, 0, ROWS, "is missing or too short (1935 bytes, where 1936 are needed)");
        read_rows(name.path, 0, ROWS - 1, NULL);
        unlink(other.path);
        read_rows(name.path, 0, 1, "is missing or too short (0 bytes");
    }
    folder_remove(&folder);
}

static void halves(const char *folder_path, bool second)
{
    char path[900];
    for (int k = 0; k < (second ? 2 : 1); k++) {
        snprintf(path, sizeof path, "%s/half%d.h5", folder_path, k);
        const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(2, half, NULL);
        const hid_t dataset = H5Dcreate2(file, "/h", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values + k * ELEMENTS / 2);
        H5Dclose(dataset), H5Sclose(space), H5Fclose(file);
    }
}

/* Rows from, from + 1, … of the virtual dataset are the first `count` rows of a source. */
static void map(made *m, int from, int count, const char *file, const char *dataset, const hsize_t *source_size)
{
    const hsize_t start[] = {(hsize_t)from, 0}, origin[] = {0, 0}, size[] = {(hsize_t)count, COLUMNS};
    const hid_t source = H5Screate_simple(2, source_size, NULL);
    H5Sselect_hyperslab(m->space, H5S_SELECT_SET, start, NULL, size, NULL);
    H5Sselect_hyperslab(source, H5S_SELECT_SET, origin, NULL, size, NULL);
    CU_ASSERT(H5Pset_virtual(m->creation, m->space, file, dataset, source) >= 0);
    H5Sclose(source);
    H5Sselect_all(m->space);
}

static void virtual_datasets(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), upper = folder_file(&folder, "b.h5");
    halves(folder.path, true);
    made m = begin(name.path);
    map(&m, 0, 3, "half0.h5", "/h", half);
    map(&m, 3, 3, "half1.h5", "/h", half);
    finish(m, "/u", 0, 0);
    read_rows(name.path, 0, ROWS, NULL);
    m = begin(upper.path); /* of virtual datasets */
    map(&m, 0, ROWS, "a.h5", "/u", extent);
    finish(m, "/u", 0, 0);
    read_rows(upper.path, 0, ROWS, NULL);
    char moved[900], now[900];
    snprintf(moved, sizeof moved, "%s/half1.h5", folder.path);
    snprintf(now, sizeof now, "%s/away.h5", folder.path);
    CU_ASSERT_EQUAL(rename(moved, now), 0);
    read_rows(name.path, 0, ROWS, "half1.h5': No such file or directory");
    read_rows(upper.path, 0, ROWS, "half1.h5': No such file or directory");
    read_rows(name.path, 0, 3, NULL);
    folder_remove(&folder);
}

/* Every second row from `row` on, as it stands in the source. */
static void map_alternate(made *m, int row, const char *file, const char *dataset)
{
    const hsize_t start[] = {(hsize_t)row, 0}, stride[] = {2, 1}, size[] = {ROWS / 2, COLUMNS};
    H5Sselect_hyperslab(m->space, H5S_SELECT_SET, start, stride, size, NULL);
    CU_ASSERT(H5Pset_virtual(m->creation, m->space, file, dataset, m->space) >= 0);
    H5Sselect_all(m->space);
}

/* Parts that one source, or none of those before, has something of: HDF5 1.10 crashes when it intersects with nothing. */
static void parts_of_virtual_datasets(void)
{
    const folder folder = folder_make();
    const file_name halved = folder_file(&folder, "a.h5"), striped = folder_file(&folder, "b.h5");
    halves(folder.path, true);
    made m = begin(halved.path);
    map(&m, 0, 3, "half0.h5", "/h", half);
    map(&m, 3, 3, "half1.h5", "/h", half);
    finish(m, "/u", 0, 0);
    m = begin(striped.path);
    map_alternate(&m, 1, "a.h5", "/u");
    map_alternate(&m, 0, "a.h5", "/u");
    finish(m, "/u", 0, 0);
    for (int first = 0; first < ROWS; first++) {
        for (int count = 1; first + count <= ROWS; count++) {
            read_rows(halved.path, first, count, NULL);
            read_rows(striped.path, first, count, NULL);
        }
    }
    folder_remove(&folder);
}

/* Rows that their source lacks: the last of the upper half, and one between others. */
static void parts_of_unfinished_sources(void)
{
    const folder folder = folder_make();
    const file_name halved = folder_file(&folder, "a.h5"), striped = folder_file(&folder, "b.h5");
    const file_name sources[] = {folder_file(&folder, "whole.h5"), folder_file(&folder, "upper.h5")};
    const hsize_t chunk[] = {1, 7};
    for (int k = 0; k < 2; k++) {
        made m = begin(sources[k].path);
        H5Pset_chunk(m.creation, 2, chunk);
        finish(m, "/u", 0, k ? 2 : ROWS);
    }
    made m = begin(halved.path);
    map(&m, 0, 3, "upper.h5", "/u", extent);
    map(&m, 3, 3, "whole.h5", "/u", extent);
    finish(m, "/u", 0, 0);
    m = begin(striped.path);
    map_alternate(&m, 0, "upper.h5", "/u");
    map_alternate(&m, 1, "whole.h5", "/u");
    finish(m, "/u", 0, 0);
    for (int first = 0; first < ROWS; first++) {
        for (int count = 1; first + count <= ROWS; count++) {
            const bool meets[] = {first <= 2 && first + count > 2,
                                  first + count > 4 ? first <= 4 : first <= 2 && first + count > 2};
            check_rows(halved.path, first, count, meets[0] ? "was never written" : NULL);
            check_rows(striped.path, first, count, meets[1] ? "was never written" : NULL);
        }
    }
    folder_remove(&folder);
}

static void virtual_datasets_with_gaps(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    halves(folder.path, true);
    made m = begin(name.path);
    map(&m, 0, 3, "half0.h5", "/h", half);
    map(&m, 4, 2, "half1.h5", "/h", half);
    finish(m, "/u", 0, 0);
    read_rows(name.path, 0, ROWS, "a part of it has no source");
    read_rows(name.path, 0, 3, NULL);
    m = begin(name.path); /* more rows than the source has */
    map(&m, 0, ROWS, "half0.h5", "/h", extent);
    finish(m, "/u", 0, 0);
    read_rows(name.path, 0, ROWS, "a source is smaller than its place");
    m = begin(name.path);
    map(&m, 0, 3, "half0.h5", "/elsewhere", half);
    finish(m, "/u", 0, 0);
    read_rows(name.path, 0, 3, "no dataset '/elsewhere'");
    m = begin(name.path);
    map(&m, 0, ROWS, ".", "/u", extent);
    finish(m, "/u", 0, 0);
    read_rows(name.path, 0, 1, "so are its sources without end");
    folder_remove(&folder);
}

static size_t keep_all(unsigned flags, size_t count, const unsigned *parameters, size_t bytes, size_t *size, void **buffer)
{
    (void)flags, (void)count, (void)parameters, (void)size, (void)buffer;
    return bytes;
}

/* Stored through a filter that only this program had. */
static void missing_filters(void)
{
    static const struct {
        H5Z_filter_t id;
        const char *name, *message;
    } filters[] = {{32015, "Zstandard", "filter 32015 (Zstandard), which is not installed: install "},
                   {307, "", "filter 307 (bzip2), which is not installed: install hdf5-filter-plugin"},
                   {40000, "", "filter 40000 (of an unknown kind)"}};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    for (int k = 0; k < 3; k++) {
        const H5Z_class2_t class = {H5Z_CLASS_T_VERS, filters[k].id, 1, 1, filters[k].name, NULL, NULL, keep_all};
        made m = begin(name.path);
        CU_ASSERT_FATAL(H5Zregister(&class) >= 0);
        H5Pset_chunk(m.creation, 2, half);
        H5Pset_filter(m.creation, filters[k].id, H5Z_FLAG_MANDATORY, 0, NULL);
        finish(m, "/u", 0, ROWS);
        read_rows(name.path, 0, ROWS, NULL);
        H5Zunregister(filters[k].id);
        read_rows(name.path, 0, ROWS, filters[k].message);
    }
    folder_remove(&folder);
}

/* Another process has it open, as HDF5 locks it by default. */
static void files_open_for_writing(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    int ready[2], done[2], code;
    char byte = 0;
    tx_file *file;
    finish(begin(name.path), "/u", 0, ROWS);
    CU_ASSERT_FATAL(pipe(ready) == 0 && pipe(done) == 0);
    const pid_t writer = fork();
    if (writer == 0) {
        const hid_t open = H5Fopen(name.path, H5F_ACC_RDWR, H5P_DEFAULT);
        close(done[1]);
        (void)!write(ready[1], &byte, 1);
        (void)!read(done[0], &byte, 1); /* the end of the pipe */
        _exit(open < 0 || H5Fclose(open) < 0);
    }
    CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
    ASSERT_FAILS(tx_file_open(name.path, &error, &file), TX_BAD_DATA, "is open for writing by another program");
    close(done[1]);
    CU_ASSERT(waitpid(writer, &code, 0) == writer && code == 0);
    close(done[0]), close(ready[0]), close(ready[1]);
    read_rows(name.path, 0, ROWS, NULL);
    folder_remove(&folder);
}

static void links_into_other_files(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), other = folder_file(&folder, "b.h5");
    tx_file *opened;
    tx_array_shape shape;
    finish(begin(other.path), "/far", 0, ROWS);
    const hid_t file = H5Fcreate(name.path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("b.h5", "/far", file, "/u", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    read_rows(name.path, 0, ROWS, NULL);
    finish(begin(other.path), "/far", 0, 0);
    read_rows(name.path, 0, ROWS, "b.h5' is not all stored");
    CU_ASSERT_EQUAL(truncate(other.path, 100), 0);
    ASSERT_WORKS(tx_file_open(name.path, &error, &opened));
    ASSERT_FAILS(tx_file_shape(opened, "/u", &error, &shape), TX_BAD_DATA, "b.h5' is damaged: it is cut off");
    tx_file_close(opened);
    folder_remove(&folder);
}

/* By other names, and from file to file: what is read is never replaced. */
static void what_inputs_are_made_of(void)
{
    static const char *const parts[] = {"a.h5", "half0.h5", "half1.h5", "up.h5", "numbers", "far.h5"};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), upper = folder_file(&folder, "up.h5"),
                    far = folder_file(&folder, "far.h5"), raw = folder_file(&folder, "numbers"),
                    link = folder_file(&folder, "link");
    halves(folder.path, true);
    made m = begin(upper.path);
    map(&m, 0, 3, "half0.h5", "/h", half);
    map(&m, 3, 3, "half1.h5", "/h", half);
    finish(m, "/u", 0, 0);
    m = begin(far.path);
    H5Pset_external(m.creation, raw.path, 0, H5F_UNLIMITED);
    finish(m, "/r", 0, ROWS);
    const hid_t file = H5Fcreate(name.path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), group = H5Gcreate2(file, "/in", 0, 0, 0);
    H5Lcreate_external("up.h5", "/u", file, "/u", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("far.h5", "/", group, "far", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("a.h5", "/", group, "round", H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(group), H5Fclose(file);
    const char *const inputs[] = {name.path, NULL}, *const folders[] = {folder.path, NULL}, *const others[] = {raw.path, NULL};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        const file_name part = folder_file(&folder, parts[k]);
        CU_ASSERT_EQUAL(symlink(parts[k], link.path), 0);
        ASSERT_FAILS(tx_input_check(part.path, inputs, &error), TX_INVALID, k ? "a part of an input" : "is an input");
        ASSERT_FAILS(tx_input_check(link.path, inputs, &error), TX_INVALID, "which is never replaced");
        ASSERT_FAILS(tx_input_check(part.path, folders, &error), TX_INVALID, "a part of an input");
        CU_ASSERT_EQUAL(tx_input_check(part.path, others, NULL), strcmp(parts[k], "numbers") ? TX_OK : TX_INVALID);
        unlink(link.path);
    }
    ASSERT_WORKS(tx_input_check(link.path, inputs, &error));
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

/* A numbered name stands for as many files as there are blocks. */
static void numbered_inputs(void)
{
    const hsize_t without_end[] = {H5S_UNLIMITED, COLUMNS}, start[] = {0, 0}, stride[] = {3, COLUMNS}, one[] = {3, COLUMNS},
                  count[] = {H5S_UNLIMITED, 1};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), second = folder_file(&folder, "half1.h5");
    const char *const inputs[] = {name.path, NULL};
    halves(folder.path, true);
    made m = begin(name.path);
    H5Sclose(m.space);
    m.space = H5Screate_simple(2, extent, without_end);
    const hid_t source = H5Screate_simple(2, half, NULL);
    H5Sselect_hyperslab(m.space, H5S_SELECT_SET, start, stride, count, one);
    CU_ASSERT(H5Pset_virtual(m.creation, m.space, "half%b.h5", "/h", source) >= 0);
    H5Sclose(source);
    finish(m, "/u", 0, 0);
    ASSERT_FAILS(tx_input_check(second.path, inputs, &error), TX_INVALID, "a part of an input");
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

/* Products that are no size, or few or 0 after an overflow: found where the shape is asked for. HDF5 writes no such file, so
 * other sizes take the place of those that it wrote. */
/* Its first byte of a version says one that this HDF5 does not know. */
static void files_of_a_newer_library(void)
{
    enum { MOST = 1 << 14, VERSION = 8 };
    static char data[MOST];
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    tx_file *file;
    finish(begin(name.path), "/u", 0, ROWS);
    const size_t bytes = file_read(name.path, data, MOST);
    data[VERSION] = 99;
    file_write(name.path, data, bytes);
    ASSERT_FAILS(tx_file_open(name.path, &error, &file), TX_BAD_DATA, "(written for a newer HDF5 than ");
    folder_remove(&folder);
}

static void sizes_that_no_file_has(void)
{
    static const hsize_t sizes[][4] = {{(hsize_t)1 << 63, 2, 2, 2}, /* HDF5 itself finds the first two */
                                       {~(hsize_t)0, 1, 1, 1},
                                       {(hsize_t)1 << 58, 4, 1, 8},
                                       {(hsize_t)1 << 32, (hsize_t)1 << 32, 1, 1},
                                       {((hsize_t)1 << 61) + 1, 8, 1, 1},
                                       {((hsize_t)1 << 50) + 1, 1, 1, 1},
                                       {0, (hsize_t)1 << 40, (hsize_t)1 << 40, 1}};
    enum { MOST = 1 << 14 };
    static char data[MOST];
    const hsize_t written[] = {1237, 1, 3, 5};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        tx_array_shape found;
        tx_file *file;
        made m = begin(name.path);
        H5Sclose(m.space);
        m.space = H5Screate_simple(4, written, NULL);
        finish(m, "/u", 0, 0);
        const size_t bytes = file_read(name.path, data, MOST);
        char *place = memmem(data, bytes, written, sizeof written);
        CU_ASSERT_PTR_NOT_NULL_FATAL(place);
        memcpy(place, sizes[k], sizeof sizes[k]);
        file_write(name.path, data, bytes);
        ASSERT_WORKS(tx_file_open(name.path, &error, &file));
        ASSERT_FAILS(tx_file_shape(file, "/u", &error, &found), TX_BAD_DATA,
                     k < 2 ? "cannot open '/u' in '" : "more numbers than any file could");
        tx_file_close(file);
    }
    folder_remove(&folder);
}

int main(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    for (int k = 0; k < ELEMENTS; k++) {
        values[k] = sin(k) + 2;
    }
    return suite_run("stored", (suite_test[]){{"nothing written", nothing_written},
                                              {"chunks never written", chunks_never_written},
                                              {"external files", external_files},
                                              {"virtual datasets", virtual_datasets},
                                              {"virtual datasets with gaps", virtual_datasets_with_gaps},
                                              {"parts of virtual datasets", parts_of_virtual_datasets},
                                              {"parts of unfinished sources", parts_of_unfinished_sources},
                                              {"missing filters", missing_filters},
                                              {"files open for writing", files_open_for_writing},
                                              {"links into other files", links_into_other_files},
                                              {"files of a newer library", files_of_a_newer_library},
                                              {"what inputs are made of", what_inputs_are_made_of},
                                              {"numbered inputs", numbered_inputs},
                                              {"sizes that no file has", sizes_that_no_file_has},
                                              {0}});
}
