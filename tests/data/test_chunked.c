/* Trajectories that share chunks, more of which belong to one than are kept: a pass over all data, and a copy, undo each chunk
 * once, whether the dataset has the order that is asked for or not; the numbers are those that were written. */
#include <math.h>

#include "data/section.h"
#include "data/statistics.h"
#include "file/counting.h"
#include "file/folder.h"

enum { SAMPLES = 10, LEVELS = 64, SIDE = 112, POINTS = SIDE * SIDE, CHUNK = 8, CHUNKS = 2 * LEVELS };

static float value_at(int s, int t, int k)
{
    return (float)((s * LEVELS + t) * POINTS + k) / 1024;
}

/* A level of eight trajectories is a chunk of 392 KiB, or 784 KiB in double: all chunks of a trajectory are 49 MiB. */
static void write_file(const char *path)
{
    const hsize_t size[] = {SAMPLES, LEVELS, SIDE, SIDE}, chunk[] = {CHUNK, 1, SIDE, SIDE};
    double *values;
    ASSERT_WORKS(tx_allocate_array(SAMPLES * LEVELS * POINTS, sizeof *values, &error, &values));
    for (int k = 0; k < SAMPLES * LEVELS * POINTS; k++) {
        values[k] = (double)value_at(0, 0, k);
    }
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(4, size, NULL);
    const hid_t creation = counted_chunks(4, chunk);
    const hid_t dataset = H5Dcreate2(file, "/u", H5T_IEEE_F64LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    CU_ASSERT(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(dataset), H5Pclose(creation), H5Sclose(space), H5Fclose(file);
    tx_free(values);
}

static void check_statistics(tx_data_source *source)
{
    tx_channel_statistics all;
    undone = 0;
    ASSERT_WORKS(tx_data_statistics(NULL, source, true, true, &error, &all));
    CU_ASSERT_EQUAL(undone, CHUNKS);
    CU_ASSERT_EQUAL(all.least, 0);
    CU_ASSERT_EQUAL(all.most, (double)value_at(SAMPLES - 1, LEVELS - 1, POINTS - 1));
    CU_ASSERT_EQUAL(all.rms_delta, (double)POINTS / 1024);
}

/* How many numbers of a batch are not where they belong; `across` where the points' axes are swapped. */
static int count_wrong(const float *found, int first, int count, bool across)
{
    int wrong = 0;
    for (int level = first; level < first + count; level++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                wrong += *found++ != value_at(0, level, across ? j * SIDE + i : i * SIDE + j);
            }
        }
    }
    return wrong;
}

static void check_copy(tx_data_source *source, bool across)
{
    const int batch = (int)tx_data_source_batch(source, 1 << 20), all = SAMPLES * LEVELS;
    float *found;
    ASSERT_WORKS(tx_allocate_array((size_t)batch * POINTS, sizeof *found, &error, &found));
    undone = 0;
    for (int level = 0; level < all; level += batch) {
        const int count = all - level < batch ? all - level : batch;
        ASSERT_WORKS(tx_data_source_read(source, level, count, found, &error));
        CU_ASSERT_EQUAL(count_wrong(found, level, count, across), 0);
    }
    CU_ASSERT_EQUAL(undone, CHUNKS);
    tx_free(found);
}

static void check(const char *axes, bool across)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "u.h5");
    char text[1024];
    tx_error error = {0};
    data_section section;
    tx_data_source *source = NULL;
    CU_ASSERT(H5Zregister(&counting) >= 0);
    write_file(name.path);
    snprintf(text, sizeof text, "{type: file, path: %s, dataset: u, axes: %s}", name.path, axes);
    CU_ASSERT_EQUAL_FATAL(data_section_open(text, &error, &section), TX_OK);
    for (int pass = 0; pass < 2; pass++) { /* what the first has kept does not help the second */
        CU_ASSERT_EQUAL_FATAL(tx_data_source_create(section.section, (tx_data_setup){0}, &error, &source), TX_OK);
        pass ? check_copy(source, across) : check_statistics(source);
        tx_data_source_destroy(source);
    }
    data_section_close(&section);
    H5Zunregister(COUNTING);
    folder_remove(&folder);
}

static void in_order(void)
{
    check("s t x y", false);
}

static void put_in_order(void)
{
    check("s t y x", true);
}

int main(void)
{
    return suite_run("chunked",
                     (suite_test[]){{"trajectories share chunks", in_order}, {"whose axes are put in order", put_in_order}, {0}});
}
