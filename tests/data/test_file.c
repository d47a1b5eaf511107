/* Trajectories from files: states of every rank, number types, slices against a naive reference, and what is refused. */
#include <hdf5.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/section.h"
#include "data/slice.h"
#include "suite.h"
#include "trainax/file.h"

static char folder[] = "/tmp/trainax_data_XXXXXX";
static char path[64];

/* What lies at an index (s, t, c, i, j, k): different everywhere, exact in float. */
static double value_at(const int64_t *index)
{
    return (double)((((((index[0] * 8 + index[1]) * 4 + index[2]) * 8 + index[3]) * 8 + index[4]) * 8) + index[5]) + 0.5;
}

static int64_t product(int rank, const int64_t *size)
{
    int64_t count = 1;
    for (int a = 0; a < rank; a++) {
        count *= size[a];
    }
    return count;
}

static double *make_values(int rank, const int64_t *size)
{
    const int64_t count = product(rank, size);
    double *values = malloc((size_t)count * sizeof *values);
    for (int64_t flat = 0; flat < count; flat++) {
        int64_t index[6] = {0}, rest = flat;
        for (int a = rank - 1; a >= 0; a--) {
            index[a] = rest % size[a];
            rest /= size[a];
        }
        values[flat] = value_at(index);
    }
    return values;
}

/* A dataset of any HDF5 type, through the library itself. */
static void write_dataset(const char *name, int rank, const int64_t *size, hid_t stored, const double *values)
{

    hsize_t extent[8];
    for (int a = 0; a < rank; a++) {
        extent[a] = (hsize_t)size[a];
    }
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(rank, extent, NULL);
    const hid_t dataset = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(dataset >= 0);
    CU_ASSERT(!values || H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Fclose(file);
}

static void write_trajectories(int rank, const int64_t *size, hid_t stored)
{
    double *values = make_values(rank, size);
    write_dataset("/trajectories", rank, size, stored, values);
    free(values);
}

static void set_attribute(const char *name, double value)
{
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT(H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Fclose(file);
}

typedef struct opened {
    data_section section;
    tx_data_source *source;
} opened;

/* options: what follows the path in the section, such as ", levels: '::2'". */
static tx_status open_source(const char *options, tx_precision precision, tx_error *error, opened *out)
{
    char text[256];
    snprintf(text, sizeof text, "{type: file, path: %s%s}", path, options);
    *out = (opened){0};
    TX_TRY(data_section_open(text, error, &out->section));
    return tx_data_source_create(out->section.section, (tx_data_setup){.random.precision = precision}, error, &out->source);
}

static void close_source(opened *o)
{
    tx_data_source_destroy(o->source);
    data_section_close(&o->section);
}

/* Reads levels first … first + count - 1 and compares each number with the one that the slices choose. */
static bool range_is_right(const opened *o, const tx_slice *slices, int64_t first, int64_t count)
{
    const tx_data_shape *shape = &o->source->shape;
    const int64_t size = tx_data_level_size(shape);
    const bool single = o->source->setup.random.precision == TX_FLOAT32;
    void *values = malloc((size_t)(count * size) * 8 + 8);
    bool right = tx_data_source_read(o->source, first, count, values, NULL) == TX_OK;
    for (int64_t flat = 0; right && flat < count * size; flat++) {
        const int64_t chosen[6] = {shape->num_trajectories, shape->num_levels, shape->state.channels,
                                   slices[3].count,         slices[4].count,   slices[5].count};
        int64_t index[6], rest = flat + first * size;
        for (int a = 5; a >= 0; a--) {
            index[a] = slices[a].start + rest % chosen[a] * slices[a].step;
            rest /= chosen[a];
        }
        right = (single ? (double)((float *)values)[flat] : ((double *)values)[flat]) == value_at(index);
    }
    free(values);
    return right;
}

static void check(int rank, const int64_t *size, const char *samples, const char *levels, const char *points,
                  tx_precision precision)
{
    char options[128];
    opened o;
    tx_error error = {0};
    snprintf(options, sizeof options, ", samples: '%s', levels: '%s', points: '%s'", samples, levels, points);
    if (open_source(options, precision, &error, &o) != TX_OK) {
        fprintf(stderr, "%s\n", error.message);
        CU_FAIL_FATAL("cannot open");
    }
    tx_slice slices[6] = {[2] = {0, 1, 0}};
    for (int a = 0; a < 6; a++) {
        slices[a] = (tx_slice){0, 1, 1};
        if (a < rank) {
            CU_ASSERT(tx_slice_parse(a == 0 ? samples : a == 1 ? levels : a == 2 ? ":" : points, size[a], &slices[a]));
        }
    }
    const tx_data_shape *shape = &o.source->shape;
    CU_ASSERT(shape->num_trajectories == slices[0].count && shape->num_levels == slices[1].count);
    CU_ASSERT(shape->state.channels == size[2] && shape->state.axes == rank - 3);
    for (int d = 0; d < rank - 3; d++) {
        CU_ASSERT_EQUAL(shape->state.n[d], slices[3 + d].count);
    }
    const int64_t all = shape->num_trajectories * shape->num_levels;
    CU_ASSERT(range_is_right(&o, slices, 0, all));
    for (int64_t first = 0; first < all; first++) {
        for (int64_t count = 1; first + count <= all; count += 3) {
            CU_ASSERT(range_is_right(&o, slices, first, count));
        }
    }
    close_source(&o);
}

static const int64_t sizes[6] = {3, 5, 2, 6, 4, 5};

static void states_of_every_rank(void)
{
    for (int rank = 3; rank <= 6; rank++) {
        write_trajectories(rank, sizes, H5T_IEEE_F64LE);
        check(rank, sizes, ":", ":", ":", TX_FLOAT64);
        check(rank, sizes, ":", ":", ":", TX_FLOAT32);
    }
}

static void every_number_type(void)
{
    const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE};
    for (int k = 0; k < 4; k++) {
        write_trajectories(4, sizes, types[k]);
        check(4, sizes, ":", ":", ":", TX_FLOAT64);
        check(4, sizes, ":", ":", ":", TX_FLOAT32);
    }
    const int64_t size[3] = {1, 2, 1};
    write_dataset("/trajectories", 3, size, H5T_STD_I16BE, (double[]){-7, 300});
    opened o;
    double values[2];
    CU_ASSERT_EQUAL_FATAL(open_source("", TX_FLOAT64, NULL, &o), TX_OK);
    CU_ASSERT_EQUAL(tx_data_source_read(o.source, 0, 2, values, NULL), TX_OK);
    CU_ASSERT(values[0] == -7.0 && values[1] == 300.0);
    close_source(&o);
}

static void slices_choose(void)
{
    static const char *const texts[][3] = {{"1:", ":", ":"},        {"::2", ":", ":"},        {"::-1", ":", ":"},
                                           {":", "1:4", ":"},       {":", "::2", ":"},        {":", "::-1", ":"},
                                           {":", ":", "1:-1"},      {":", ":", "::2"},        {":", ":", "::-1"},
                                           {"-1:", "3:0:-2", "2:"}, {"::-2", "1::3", "::-3"}, {":1", "-1:", ":1"}};
    for (int rank = 3; rank <= 6; rank++) {
        write_trajectories(rank, sizes, H5T_IEEE_F32LE);
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
            check(rank, sizes, texts[k][0], texts[k][1], texts[k][2], TX_FLOAT64);
        }
    }
}

/* Levels so large that the staging buffer holds few of them. */
static void levels_larger_than_the_staging_buffer(void)
{
    const int64_t size[4] = {2, 7, 1, 600000};
    double *values = malloc((size_t)product(4, size) * sizeof *values);
    for (int64_t k = 0; k < product(4, size); k++) {
        values[k] = (double)(k % 1000003);
    }
    write_dataset("/trajectories", 4, size, H5T_IEEE_F32LE, values);
    opened o;
    CU_ASSERT_EQUAL_FATAL(open_source(", levels: '::-2'", TX_FLOAT32, NULL, &o), TX_OK);
    float *read = malloc((size_t)(8 * size[3]) * sizeof *read);
    CU_ASSERT_EQUAL(tx_data_source_read(o.source, 0, 8, read, NULL), TX_OK);
    int64_t wrong = 0;
    for (int64_t level = 0; level < 8; level++) {
        const double *expected = values + (level / 4 * 7 + 6 - 2 * (level % 4)) * size[3];
        for (int64_t k = 0; k < size[3]; k++) {
            wrong += (double)read[level * size[3] + k] != expected[k];
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    close_source(&o);
    free(read);
    free(values);
}

static void spacing_and_extent(void)
{
    static const struct {
        const char *options;
        double dt, domain_extent;
    } cases[] = {{"", 0.5, 3.0},
                 {", levels: '::3'", 1.5, 3.0},
                 {", dt: 2.0", 2.0, 3.0},
                 {", dt: 2.0, levels: '1::2'", 4.0, 3.0},
                 {", points: '::2'", 0.5, 3.0},
                 {", points: '0:2'", 0.5, 1.0}};
    write_trajectories(4, sizes, H5T_IEEE_F64LE);
    set_attribute("dt", 0.5);
    set_attribute("domain_extent", 3.0);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        opened o;
        CU_ASSERT_EQUAL_FATAL(open_source(cases[k].options, TX_FLOAT64, NULL, &o), TX_OK);
        CU_ASSERT_DOUBLE_EQUAL(o.source->shape.dt, cases[k].dt, 1e-15);
        CU_ASSERT_DOUBLE_EQUAL(o.source->shape.domain_extent, cases[k].domain_extent, 1e-15);
        close_source(&o);
    }
}

/* ---- What numbers mean by the CF conventions ---- */

static void add_attribute(const char *name, hid_t type, int count, const double *values)
{
    const hsize_t size = (hsize_t)count;
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, NULL);
    const hid_t attribute = H5Acreate_by_name(file, "/trajectories", name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    double copy[8];
    memcpy(copy, values, (size_t)count * sizeof *copy);
    H5Tconvert(H5T_NATIVE_DOUBLE, type, (size_t)count, copy, NULL, H5P_DEFAULT);
    CU_ASSERT(H5Awrite(attribute, type, copy) >= 0);
    H5Aclose(attribute), H5Sclose(space), H5Fclose(file);
}

/* Expected: rounded once, from double. */
static void packed_numbers(void)
{
    static const double stored[4] = {-30000, 7, 0, 29999};
    const int64_t size[3] = {1, 4, 1};
    const hid_t types[] = {H5T_STD_I16BE, H5T_STD_I32LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE};
    for (int k = 0; k < 4; k++) {
        float narrow[4];
        double wide[4];
        opened o;
        write_dataset("/trajectories", 3, size, types[k], stored);
        add_attribute("scale_factor", H5T_NATIVE_DOUBLE, 1, (double[]){0.001});
        add_attribute("add_offset", H5T_NATIVE_FLOAT, 1, (double[]){0.5});
        add_attribute("_FillValue", types[k], 1, (double[]){-32768});
        CU_ASSERT_EQUAL_FATAL(open_source("", TX_FLOAT32, NULL, &o), TX_OK);
        CU_ASSERT_EQUAL(tx_data_source_read(o.source, 0, 4, narrow, NULL), TX_OK);
        close_source(&o);
        CU_ASSERT_EQUAL_FATAL(open_source("", TX_FLOAT64, NULL, &o), TX_OK);
        CU_ASSERT_EQUAL(tx_data_source_read(o.source, 0, 4, wide, NULL), TX_OK);
        close_source(&o);
        for (int n = 0; n < 4; n++) {
            CU_ASSERT_DOUBLE_EQUAL(wide[n], stored[n] * 0.001 + 0.5, 4e-15); /* fused or not */
            CU_ASSERT_EQUAL(narrow[n], (float)wide[n]);
        }
    }
}

static void missing_numbers_are_found(void)
{
    static const struct {
        const char *name;
        int count;
        double values[2];
    } cases[] = {{"_FillValue", 1, {1e20}}, {"missing_value", 1, {1e20}}, {"missing_value", 2, {-999, 1e20}}};
    const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F64BE};
    for (int k = 0; k < 6; k++) {
        double *values = make_values(4, sizes), read[360];
        opened o;
        tx_error error = {0};
        values[(2 * 5 + 3) * 12 + 11] = 1e20;
        write_dataset("/trajectories", 4, sizes, types[k / 3], values);
        free(values);
        add_attribute(cases[k % 3].name, types[k / 3], cases[k % 3].count, cases[k % 3].values);
        CU_ASSERT_EQUAL_FATAL(open_source("", TX_FLOAT64, NULL, &o), TX_OK);
        CU_ASSERT_EQUAL(tx_data_source_read(o.source, 0, 13, read, NULL), TX_OK);
        CU_ASSERT_EQUAL(tx_data_source_read(o.source, 10, 5, read, &error), TX_BAD_DATA);
        CU_ASSERT(strstr(error.message, "trajectory 2, level 3") && strstr(error.message, path));
        close_source(&o);
    }
}

static void add_text(const char *name, const char *value)
{
    const hid_t text = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    H5Tset_size(text, strlen(value));
    const hid_t attribute = H5Acreate_by_name(file, "/trajectories", name, text, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT(H5Awrite(attribute, text, value) >= 0);
    H5Aclose(attribute), H5Fclose(file), H5Tclose(text), H5Sclose(space);
}

/* What an integer of the stored type cannot be stands for none of them; without sign, both ways of writing one are meant. */
static void missing_numbers_of_integers(void)
{
    static const struct {
        double stored, fill;
        bool is_unsigned, found;
    } cases[] = {{0, 0.5, false, false},  {0, NAN, false, false},      {32767, 1e20, false, false}, {0, -70000, false, false},
                 {-1, -1, false, true},   {-1, 65535, false, false},   {-1, 65535, true, true},     {-1, -1, true, true},
                 {1, 65535, true, false}, {-9999, -9999, false, true}, {0, 0, false, true}};
    const int64_t size[3] = {1, 1, 1};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double read;
        opened o;
        write_dataset("/trajectories", 3, size, k % 2 ? H5T_STD_I16BE : H5T_STD_I16LE, &cases[k].stored);
        add_attribute("_FillValue", H5T_IEEE_F64LE, 1, &cases[k].fill);
        if (cases[k].is_unsigned) {
            add_text("_Unsigned", "true");
        }
        CU_ASSERT_EQUAL_FATAL(open_source("", TX_FLOAT64, NULL, &o), TX_OK);
        CU_ASSERT_EQUAL(tx_data_source_read(o.source, 0, 1, &read, NULL), cases[k].found ? TX_BAD_DATA : TX_OK);
        close_source(&o);
    }
}

static void unsigned_numbers(void)
{
    const int64_t size[3] = {1, 2, 1};
    double read[2];
    opened o;
    write_dataset("/trajectories", 3, size, H5T_STD_I8LE, (double[]){-1, 127});
    add_text("_Unsigned", "true");
    CU_ASSERT_EQUAL_FATAL(open_source("", TX_FLOAT64, NULL, &o), TX_OK);
    CU_ASSERT_EQUAL(tx_data_source_read(o.source, 0, 2, read, NULL), TX_OK);
    CU_ASSERT(read[0] == 255.0 && read[1] == 127.0);
    close_source(&o);
}

static void refused(const char *options, tx_status status, const char *part, const char *other_part)
{
    opened o;
    tx_error error = {0};
    CU_ASSERT_EQUAL(open_source(options, TX_FLOAT32, &error, &o), status);
    if (!strstr(error.message, part) || !strstr(error.message, other_part)) {
        fprintf(stderr, "'%s' does not name '%s' and '%s'\n", error.message, part, other_part);
        CU_FAIL("an unclear message");
    }
    CU_ASSERT_PTR_NULL(strchr(error.message, '\n'));
    close_source(&o);
}

static void refused_reading(const char *part)
{
    float read[360];
    opened o;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(open_source("", TX_FLOAT32, NULL, &o), TX_OK);
    CU_ASSERT_EQUAL(tx_data_source_read(o.source, 0, 1, read, &error), TX_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, part));
    close_source(&o);
}

static void files_that_are_refused(void)
{
    unlink(path);
    refused("", TX_BAD_DATA, path, "");
    FILE *text = fopen(path, "w");
    fputs("not HDF5", text);
    fclose(text);
    refused("", TX_BAD_DATA, path, "HDF5");
    const int64_t size[7] = {2, 2, 2, 2, 2, 2, 2};
    write_dataset("/states", 4, size, H5T_IEEE_F32LE, NULL);
    refused("", TX_BAD_DATA, path, "/trajectories");
    write_dataset("/trajectories", 2, size, H5T_IEEE_F32LE, NULL);
    refused("", TX_BAD_DATA, path, "2 axes");
    write_dataset("/trajectories", 7, size, H5T_IEEE_F32LE, NULL);
    refused("", TX_BAD_DATA, path, "7 axes");
    write_dataset("/trajectories", 3, size, H5T_C_S1, NULL);
    refused("", TX_BAD_DATA, path, "is of type text: numbers are needed");
    write_dataset("/trajectories", 3, (int64_t[]){2, 0, 2}, H5T_IEEE_F32LE, NULL);
    refused("", TX_BAD_DATA, path, "empty");
    write_dataset("/trajectories", 3, size, H5T_IEEE_F32LE, NULL);
    refused("", TX_BAD_DATA, path, "nothing was ever written");
    write_trajectories(4, sizes, H5T_IEEE_F32LE);
    for (int k = 0; k < 3; k++) {
        write_trajectories(4, sizes, H5T_IEEE_F32LE);
        add_attribute("scale_factor", H5T_NATIVE_DOUBLE, k < 2 ? 1 : 2, (double[]){k ? 0.0 : (double)NAN, 1.0});
        refused_reading("'scale_factor'");
    }
    static const char *const names[] = {"scale_factor", "add_offset", "_FillValue", "missing_value"};
    for (int k = 0; k < 4; k++) {
        write_trajectories(4, sizes, H5T_IEEE_F32LE);
        add_text(names[k], "-999");
        refused_reading("makes no sense: it is no number");
    }
    write_trajectories(4, sizes, H5T_IEEE_F32LE);
    set_attribute("dt", NAN);
    refused("", TX_BAD_DATA, path, "'dt'");
    write_trajectories(4, sizes, H5T_IEEE_F32LE);
    set_attribute("domain_extent", -1.0);
    refused("", TX_BAD_DATA, path, "not positive");
}

static void slices_that_are_refused(void)
{
    write_trajectories(4, sizes, H5T_IEEE_F64LE);
    refused(", samples: '5'", TX_INVALID, "samples", "slice");
    refused(", levels: '::0'", TX_INVALID, "levels", "slice");
    refused(", points: 'a:b'", TX_INVALID, "points", "slice");
    refused(", samples: '3:'", TX_INVALID, "samples", "none of the 3");
    refused(", levels: '2:2'", TX_INVALID, "levels", "none of the 5");
}

/* Where the number that is not finite lies, in terms of the file. */
static void non_finite_numbers_are_found(void)
{
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e300};
    for (int k = 0; k < 4; k++) {
        double *values = make_values(4, sizes);
        values[(2 * 5 + 3) * 12 + 11] = bad[k];
        write_dataset("/trajectories", 4, sizes, H5T_IEEE_F64LE, values);
        free(values);
        opened o;
        tx_error error = {0};
        float read[180];
        CU_ASSERT_EQUAL_FATAL(open_source(", samples: '1:', levels: '::-1'", TX_FLOAT32, NULL, &o), TX_OK);
        CU_ASSERT_EQUAL(tx_data_source_read(o.source, 4, 4, read, &error), TX_BAD_DATA);
        CU_ASSERT(strstr(error.message, "trajectory 2, level 3") && strstr(error.message, path));
        close_source(&o);
    }
}

int main(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    if (!mkdtemp(folder)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/ref.h5", folder);
    const int code = suite_run("file", (suite_test[]){{"states of every rank", states_of_every_rank},
                                                      {"every number type", every_number_type},
                                                      {"slices choose", slices_choose},
                                                      {"large levels", levels_larger_than_the_staging_buffer},
                                                      {"packed numbers", packed_numbers},
                                                      {"missing numbers are found", missing_numbers_are_found},
                                                      {"missing numbers of integers", missing_numbers_of_integers},
                                                      {"unsigned numbers", unsigned_numbers},
                                                      {"spacing and extent", spacing_and_extent},
                                                      {"files that are refused", files_that_are_refused},
                                                      {"slices that are refused", slices_that_are_refused},
                                                      {"numbers that are not finite are found", non_finite_numbers_are_found},
                                                      {0}});
    unlink(path);
    rmdir(folder);
    return code;
}
