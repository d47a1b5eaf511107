/* HDF5 files: round trips, types and byte orders, order of creation, attributes, damage, memory. */
#include <math.h>

#include "base/memory.h"
#include "file/folder.h"

static const int64_t shape23[] = {2, 3};

static void numbers_come_back(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    const double reals[6] = {0.1, -2, 3e-310, INFINITY, 5e300, -0.0};
    const float singles[6] = {0.1f, -2, 3e-42f, INFINITY, 5e30f, -0.0f};
    const int64_t integers[3] = {INT64_MIN, 0, INT64_MAX}, three[] = {3}, none[] = {4, 0};
    const double scalar = 2.5;
    tx_file *file;
    ASSERT_WORKS(tx_file_create(&error, &file));
    ASSERT_WORKS(tx_file_write_reals(file, "/a/b/reals", 2, shape23, TX_FLOAT64, reals, &error));
    ASSERT_WORKS(tx_file_write_reals(file, "/a/singles", 2, shape23, TX_FLOAT32, singles, &error));
    ASSERT_WORKS(tx_file_write_integers(file, "/a/integers", 1, three, integers, &error));
    ASSERT_WORKS(tx_file_write_reals(file, "/scalar", 0, NULL, TX_FLOAT64, &scalar, &error));
    ASSERT_WORKS(tx_file_write_reals(file, "/none", 2, none, TX_FLOAT64, NULL, &error));
    ASSERT_WORKS(tx_file_save(file, name.path, NULL, &error));
    tx_file_close(file);
    CU_ASSERT_EQUAL(folder_count(folder.path), 1);

    double doubles[6] = {0};
    float floats[6] = {0};
    int64_t longs[3] = {0};
    ASSERT_WORKS(tx_file_open_checked(name.path, &error, &file));
    ASSERT_WORKS(tx_file_read_reals(file, "/a/b/reals", 2, shape23, TX_FLOAT64, doubles, &error));
    CU_ASSERT_EQUAL(memcmp(doubles, reals, sizeof reals), 0);
    ASSERT_WORKS(tx_file_read_reals(file, "/a/singles", 2, shape23, TX_FLOAT32, floats, &error));
    CU_ASSERT_EQUAL(memcmp(floats, singles, sizeof singles), 0);
    ASSERT_WORKS(tx_file_read_integers(file, "/a/integers", 1, three, longs, &error));
    CU_ASSERT_EQUAL(memcmp(longs, integers, sizeof integers), 0);
    ASSERT_WORKS(tx_file_read_reals(file, "/scalar", 0, NULL, TX_FLOAT64, doubles, &error));
    CU_ASSERT_EQUAL(doubles[0], 2.5);
    ASSERT_WORKS(tx_file_read_reals(file, "/none", 2, none, TX_FLOAT64, doubles, &error));
    /* Converted as the processor does it: to the nearest, too large ones to infinity. */
    ASSERT_WORKS(tx_file_read_reals(file, "/a/b/reals", 2, shape23, TX_FLOAT32, floats, &error));
    for (int k = 0; k < 6; k++) {
        CU_ASSERT_EQUAL(floats[k], (float)reals[k]);
    }
    ASSERT_WORKS(tx_file_read_reals(file, "/a/singles", 2, shape23, TX_FLOAT64, doubles, &error));
    CU_ASSERT_EQUAL(doubles[0], (double)0.1f);
    ASSERT_WORKS(tx_file_read_reals(file, "/a/integers", 1, three, TX_FLOAT64, doubles, &error));
    CU_ASSERT_EQUAL(doubles[2], 0x1p63);

    tx_array_shape found;
    ASSERT_WORKS(tx_file_shape(file, "/a/singles", &error, &found));
    CU_ASSERT(found.rank == 2 && found.size[1] == 3 && found.is_float && !found.is_integer && found.bytes == 4);
    ASSERT_WORKS(tx_file_shape(file, "/scalar", &error, &found));
    CU_ASSERT_EQUAL(found.rank, 0);
    CU_ASSERT(tx_file_has(file, "/") && tx_file_has(file, "/a/b") && tx_file_has(file, "/a/b/reals"));
    CU_ASSERT(!tx_file_has(file, "/b") && !tx_file_has(file, "/b/c") && !tx_file_has(file, "/scalar/x") && !tx_file_has(file, ""));
    tx_file_close(file);
    tx_file_close(NULL);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

static void slabs(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    const int64_t size[] = {3, 4, 2}, offset[] = {1, 2, 0}, count[] = {2, 2, 1}, beyond[] = {2, 3, 0};
    float all[24], part[4];
    for (int k = 0; k < 24; k++) {
        all[k] = (float)k;
    }
    tx_file *file;
    ASSERT_WORKS(tx_file_create(&error, &file));
    ASSERT_WORKS(tx_file_write_reals(file, "/x", 3, size, TX_FLOAT32, all, &error));
    ASSERT_WORKS(tx_file_save(file, name.path, NULL, &error));
    tx_file_close(file);
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    ASSERT_WORKS(tx_file_read_slab(file, "/x", &(tx_slab){3, offset, count}, TX_FLOAT32, NULL, part, &error));
    CU_ASSERT(part[0] == 12 && part[1] == 14 && part[2] == 20 && part[3] == 22);
    ASSERT_FAILS(tx_file_read_slab(file, "/x", &(tx_slab){3, beyond, count}, TX_FLOAT32, NULL, part, &error), TX_BAD_DATA,
                 "(3, 4, 2)");
    tx_file_close(file);
    folder_remove(&folder);
}

/* A file as others write it: big-endian, half precision, compressed, links in no order. */
static void write_foreign(const char *path, int64_t elements, const double *values)
{
    const hsize_t size[] = {(hsize_t)elements}, chunk[] = {elements < 1000 ? (hsize_t)elements : 1000};
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(1, size, NULL), packed = H5Pcreate(H5P_DATASET_CREATE), half = H5Tcopy(H5T_IEEE_F32BE);
    H5Pset_chunk(packed, 1, chunk);
    H5Pset_shuffle(packed);
    H5Pset_deflate(packed, 4);
    H5Tset_fields(half, 15, 10, 5, 0, 10); /* IEEE binary16 */
    H5Tset_size(half, 2);
    H5Tset_ebias(half, 15);
    const struct {
        const char *name;
        hid_t type, creation;
    } sets[] = {{"z_big", H5T_IEEE_F64BE, packed}, {"big_single", H5T_IEEE_F32BE, H5P_DEFAULT}, {"half", half, packed},
                {"long", H5T_STD_I64BE, packed},   {"short", H5T_STD_U16LE, H5P_DEFAULT},       {"little", H5T_IEEE_F64LE, packed}};
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        const hid_t set = H5Dcreate2(file, sets[k].name, sets[k].type, space, H5P_DEFAULT, sets[k].creation, H5P_DEFAULT);
        H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
        H5Dclose(set);
    }
    H5Tclose(half);
    H5Pclose(packed);
    H5Sclose(space);
    H5Fclose(file);
}

static void foreign_files(void)
{
    enum { N = 600000 }; /* more than is staged at once */
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "foreign.h5");
    const int64_t size[] = {N};
    double *values = malloc(N * sizeof *values), *doubles = malloc(N * sizeof *doubles);
    float *singles = malloc(N * sizeof *singles);
    int64_t *longs = malloc(N * sizeof *longs);
    for (int k = 0; k < N; k++) {
        values[k] = k % 1024 + (k % 2 ? 0x1p-14 : 3 * 0x1p-14) * (k >= 512); /* ties of float32 from 512 on */
    }
    write_foreign(name.path, N, values);
    tx_file *file;
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    ASSERT_FAILS(tx_file_open_checked(name.path, &error, &file), TX_BAD_DATA, "is damaged");
    for (int set = 0; set < 2; set++) {
        const char *path = set ? "/little" : "/z_big";
        int wrong = 0;
        ASSERT_WORKS(tx_file_read_reals(file, path, 1, size, TX_FLOAT64, doubles, &error));
        CU_ASSERT_EQUAL(memcmp(doubles, values, N * sizeof *values), 0);
        ASSERT_WORKS(tx_file_read_reals(file, path, 1, size, TX_FLOAT32, singles, &error));
        for (int k = 0; k < N; k++) {
            wrong += singles[k] != (float)values[k];
        }
        CU_ASSERT_EQUAL(wrong, 0);
    }
    ASSERT_WORKS(tx_file_read_reals(file, "/big_single", 1, size, TX_FLOAT64, doubles, &error));
    CU_ASSERT_EQUAL(doubles[257], 257);
    ASSERT_WORKS(tx_file_read_reals(file, "/half", 1, size, TX_FLOAT32, singles, &error));
    CU_ASSERT_EQUAL(singles[511], 511);
    ASSERT_WORKS(tx_file_read_integers(file, "/long", 1, size, longs, &error));
    CU_ASSERT(longs[1023] == 1023 && longs[N - 1] == (N - 1) % 1024);
    ASSERT_WORKS(tx_file_read_reals(file, "/short", 1, size, TX_FLOAT32, singles, &error));
    CU_ASSERT_EQUAL(singles[1000], 1000);
    ASSERT_FAILS(tx_file_read_integers(file, "/little", 1, size, longs, &error), TX_BAD_DATA,
                 "is of type float64: integers are needed");
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
    free(values), free(doubles), free(singles), free(longs);
    folder_remove(&folder);
}

static void members_in_order(void)
{
    static const char *const wanted[] = {"weight", "bias", "layers.10.x", "layers.2.x", "a"};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), foreign = folder_file(&folder, "foreign.h5");
    const double value = 1;
    tx_file *file;
    int count;
    char **names;
    ASSERT_WORKS(tx_file_create(&error, &file));
    for (int k = 0; k < 5; k++) {
        char path[64];
        snprintf(path, sizeof path, "/z/parameters/%s", wanted[k]);
        ASSERT_WORKS(tx_file_write_reals(file, path, 0, NULL, TX_FLOAT64, &value, &error));
    }
    ASSERT_WORKS(tx_file_set_integer(file, "/empty", "n", 1, &error)); /* makes the group */
    ASSERT_WORKS(tx_file_save(file, name.path, NULL, &error));
    tx_file_close(file);
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    ASSERT_WORKS(tx_file_members(file, "/z/parameters", &error, &count, &names));
    CU_ASSERT_EQUAL_FATAL(count, 5);
    for (int k = 0; k < 5; k++) {
        CU_ASSERT_STRING_EQUAL(names[k], wanted[k]);
    }
    tx_free(names);
    ASSERT_WORKS(tx_file_members(file, "/", &error, &count, &names));
    CU_ASSERT(count == 2 && strcmp(names[0], "z") == 0 && strcmp(names[1], "empty") == 0);
    tx_free(names);
    ASSERT_WORKS(tx_file_members(file, "/empty", &error, &count, &names));
    CU_ASSERT_EQUAL(count, 0);
    tx_free(names);
    ASSERT_FAILS(tx_file_members(file, "/nothing", &error, &count, &names), TX_BAD_DATA, "no group '/nothing'");
    ASSERT_FAILS(tx_file_members(file, "/z/parameters/a", &error, &count, &names), TX_BAD_DATA, "is no group");
    tx_file_close(file);
    write_foreign(foreign.path, 1, &value); /* by name where no order is tracked */
    ASSERT_WORKS(tx_file_open(foreign.path, &error, &file));
    ASSERT_WORKS(tx_file_members(file, "/", &error, &count, &names));
    CU_ASSERT(count == 6 && strcmp(names[0], "big_single") == 0 && strcmp(names[5], "z_big") == 0);
    tx_free(names);
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

/* ---- Attributes ---- */

static void attributes(void)
{
    enum { LONG = 200000 }; /* more than fits beside an object */
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    char *text = NULL, *large = malloc(LONG + 1);
    memset(large, 'y', LONG);
    large[LONG] = '\0';
    int64_t integer;
    double real;
    tx_file *file;
    ASSERT_WORKS(tx_file_create(&error, &file));
    ASSERT_WORKS(tx_file_set_text(file, "/", "format", "something else", &error));
    ASSERT_WORKS(tx_file_set_text(file, "/", "format", "trainax \xc3\xa9\xc3\xa8", &error));
    ASSERT_WORKS(tx_file_set_text(file, "/", "empty", "", &error));
    ASSERT_WORKS(tx_file_set_text(file, "/a/b", "large", large, &error));
    ASSERT_WORKS(tx_file_set_integer(file, "/", "version", INT64_MIN, &error));
    ASSERT_WORKS(tx_file_set_real(file, "/", "dt", 0.1, &error));
    ASSERT_WORKS(tx_file_save(file, name.path, NULL, &error));
    tx_file_close(file);
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    ASSERT_WORKS(tx_file_get_text(file, "/", "format", &error, &text));
    CU_ASSERT_STRING_EQUAL(text, "trainax \xc3\xa9\xc3\xa8");
    tx_free(text);
    ASSERT_WORKS(tx_file_get_text(file, "/", "empty", &error, &text));
    CU_ASSERT_STRING_EQUAL(text, "");
    tx_free(text);
    ASSERT_WORKS(tx_file_get_text(file, "/a/b", "large", &error, &text));
    CU_ASSERT_STRING_EQUAL(text, large);
    tx_free(text);
    free(large);
    ASSERT_WORKS(tx_file_get_integer(file, "/", "version", &error, &integer));
    CU_ASSERT_EQUAL(integer, INT64_MIN);
    ASSERT_WORKS(tx_file_get_real(file, "/", "dt", &error, &real));
    CU_ASSERT_EQUAL(real, 0.1);
    ASSERT_WORKS(tx_file_get_real(file, "/", "version", &error, &real));
    CU_ASSERT_EQUAL(real, -0x1p63);
    CU_ASSERT(tx_file_has_attribute(file, "/", "dt"));
    CU_ASSERT(!tx_file_has_attribute(file, "/", "dx") && !tx_file_has_attribute(file, "/c", "dt"));
    ASSERT_FAILS(tx_file_get_real(file, "/", "dx", &error, &real), TX_BAD_DATA, "no attribute 'dx' of '/' in '");
    ASSERT_FAILS(tx_file_get_integer(file, "/", "dt", &error, &integer), TX_BAD_DATA, "is not an integer");
    ASSERT_FAILS(tx_file_get_real(file, "/", "format", &error, &real), TX_BAD_DATA, "is not a number");
    ASSERT_FAILS(tx_file_get_text(file, "/", "dt", &error, &text), TX_BAD_DATA, "is not text");
    ASSERT_FAILS(tx_file_set_real(file, "/", "dx", 1, &error), TX_FAILURE, "reading only");
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

static void add_text(hid_t file, const char *name, size_t size, H5T_cset_t characters, H5T_str_t padding, const void *data)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    const hsize_t one[] = {1};
    const hid_t space = padding == H5T_STR_SPACEPAD ? H5Screate_simple(1, one, NULL) : H5Screate(H5S_SCALAR);
    H5Tset_size(type, size);
    H5Tset_cset(type, characters);
    H5Tset_strpad(type, padding);
    const hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, data);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

static void texts_of_others(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    const hid_t other = H5Fcreate(name.path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const char *variable = "variable";
    add_text(other, "ascii", 5, H5T_CSET_ASCII, H5T_STR_NULLPAD, "fixed");
    add_text(other, "utf8", 4, H5T_CSET_UTF8, H5T_STR_NULLTERM, "\xc3\xa9\0");
    add_text(other, "spaces", 6, H5T_CSET_ASCII, H5T_STR_SPACEPAD, "ab    ");
    add_text(other, "variable", H5T_VARIABLE, H5T_CSET_ASCII, H5T_STR_NULLTERM, &variable);
    H5Fclose(other);
    static const char *const expected[][2] = {{"ascii", "fixed"}, {"utf8", "\xc3\xa9"}, {"spaces", "ab"}, {"variable", "variable"}};
    tx_file *file;
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    for (int k = 0; k < 4; k++) {
        char *text;
        ASSERT_WORKS(tx_file_get_text(file, "/", expected[k][0], &error, &text));
        CU_ASSERT_STRING_EQUAL(text, expected[k][1]);
        tx_free(text);
    }
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

/* ---- Errors ---- */

/* Lists, texts of both kinds, numbers of any type, in the shape that they have. */
static void attributes_are_copied(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5"), again = folder_file(&folder, "b.h5");
    const char *names[] = {"u", "velocity_y", ""}, fixed[2][4] = {"ab", "cde"};
    const float numbers[] = {1, 2, 3};
    const hsize_t three = 3, two = 2, none = 0;
    const hid_t source = H5Fcreate(name.path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t variable = H5Tcopy(H5T_C_S1), four = H5Tcopy(H5T_C_S1);
    H5Tset_size(variable, H5T_VARIABLE), H5Tset_size(four, 4);
    const struct {
        const char *name;
        hid_t type;
        hid_t space;
        const void *data;
    } kinds[] = {{"names", variable, H5Screate_simple(1, &three, NULL), names},
                 {"fixed", four, H5Screate_simple(1, &two, NULL), fixed},
                 {"numbers", H5T_NATIVE_FLOAT, H5Screate_simple(1, &three, NULL), numbers},
                 {"one", H5T_NATIVE_FLOAT, H5Screate(H5S_SCALAR), numbers},
                 {"empty", H5T_NATIVE_FLOAT, H5Screate_simple(1, &none, NULL), numbers}};
    for (int k = 0; k < 5; k++) {
        const hid_t attribute = H5Acreate2(source, kinds[k].name, kinds[k].type, kinds[k].space, H5P_DEFAULT, H5P_DEFAULT);
        H5Awrite(attribute, kinds[k].type, kinds[k].data);
        H5Aclose(attribute), H5Sclose(kinds[k].space);
    }
    H5Tclose(variable), H5Tclose(four), H5Fclose(source);
    tx_file *from, *to;
    ASSERT_WORKS(tx_file_open(name.path, &error, &from));
    ASSERT_WORKS(tx_file_create(&error, &to));
    for (int k = 0; k < 5; k++) {
        ASSERT_WORKS(tx_file_copy_attribute(from, to, "/", kinds[k].name, &error));
        ASSERT_WORKS(tx_file_copy_attribute(from, to, "/", kinds[k].name, &error)); /* replaced */
    }
    ASSERT_FAILS(tx_file_copy_attribute(from, to, "/", "nothing", &error), TX_BAD_DATA, "no attribute 'nothing'");
    ASSERT_FAILS(tx_file_copy_attribute(to, from, "/", "names", &error), TX_FAILURE, "reading only");
    ASSERT_WORKS(tx_file_save(to, again.path, NULL, &error));
    tx_file_close(from);
    tx_file_close(to);
    char command[2000];
    snprintf(command, sizeof command,
             "for n in names fixed numbers one empty; do cmp <(h5dump -a /\\$n '%s' | tail -n +2) <(h5dump -a /\\$n '%s' | tail -n "
             "+2) || exit; done",
             name.path, again.path);
    char bash[2100];
    snprintf(bash, sizeof bash, "bash -c \"%s\"", command);
    CU_ASSERT_EQUAL(system(bash), 0);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

static void errors_of_content(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    const double values[6] = {0};
    const int64_t shape24[] = {2, 4};
    tx_array_shape shape;
    double out[8];
    tx_file *file;
    ASSERT_WORKS(tx_file_create(&error, &file));
    ASSERT_WORKS(tx_file_write_reals(file, "/data/u", 2, shape23, TX_FLOAT64, values, &error));
    ASSERT_WORKS(tx_file_write_reals(file, "/t", 2, shape23, TX_FLOAT64, values, &error));
    ASSERT_FAILS(tx_file_write_reals(file, "/t", 2, shape23, TX_FLOAT64, values, &error), TX_FAILURE, "exists already");
    ASSERT_WORKS(tx_file_save(file, name.path, NULL, &error));
    tx_file_close(file);
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    ASSERT_FAILS(tx_file_shape(file, "/trajectories", &error, &shape), TX_BAD_DATA, "no dataset '/trajectories' in '");
    ASSERT_FAILS(tx_file_shape(file, "/trajectories", &error, &shape), TX_BAD_DATA, "a.h5' (it has: /data, /t)");
    ASSERT_FAILS(tx_file_shape(file, "/data/v/w", &error, &shape), TX_BAD_DATA, "(it has: /data/u)");
    ASSERT_FAILS(tx_file_shape(file, "/data", &error, &shape), TX_BAD_DATA, "is a group, not a dataset");
    ASSERT_FAILS(tx_file_read_reals(file, "/t", 2, shape24, TX_FLOAT64, out, &error), TX_BAD_DATA,
                 "has the shape (2, 3), not (2, 4)");
    ASSERT_FAILS(tx_file_read_reals(file, "/t", 1, shape24, TX_FLOAT64, out, &error), TX_BAD_DATA, "has the shape (2, 3), not (2)");
    ASSERT_FAILS(tx_file_save(file, name.path, NULL, &error), TX_FAILURE, "reading only");
    ASSERT_FAILS(tx_file_write_reals(file, "/x", 0, NULL, TX_FLOAT64, values, &error), TX_FAILURE, "reading only");
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

static hid_t pair_type(hid_t part, const char *first, const char *second)
{
    const size_t bytes = H5Tget_size(part);
    const hid_t type = H5Tcreate(H5T_COMPOUND, 2 * bytes);
    H5Tinsert(type, first, 0, part);
    H5Tinsert(type, second, bytes, part);
    return type;
}

static hid_t enum_type(const char *first, const char *second)
{
    const hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    H5Tenum_insert(type, first, &(signed char){0});
    H5Tenum_insert(type, second, &(signed char){1});
    return type;
}

static hid_t text_type(size_t bytes)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes);
    return type;
}

static void other_types_are_named(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    const struct {
        hid_t type;
        const char *text;
    } types[] = {
        {pair_type(H5T_IEEE_F32LE, "r", "i"), "complex64"},
        {pair_type(H5T_IEEE_F64BE, "r", "i"), "complex128"},
        {pair_type(H5T_IEEE_F64LE, "real", "imag"), "complex128"},
        {pair_type(H5T_IEEE_F32LE, "mass", "charge"), "record"},
        {pair_type(H5T_STD_I32LE, "r", "i"), "record"},
        {enum_type("FALSE", "TRUE"), "mask (true or false)"}, /* as h5py writes booleans */
        {enum_type("solid", "fluid"), "enumeration"},
        {text_type(4), "text"},
        {text_type(H5T_VARIABLE), "text"},
        {H5Tvlen_create(H5T_NATIVE_DOUBLE), "list"},
        {H5Tcreate(H5T_OPAQUE, 8), "opaque bytes"},
        {H5Tcopy(H5T_STD_REF_OBJ), "reference"},
    };
    enum { COUNT = sizeof types / sizeof *types };
    const hid_t other = H5Fcreate(name.path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t scalar = H5Screate(H5S_SCALAR), null = H5Screate(H5S_NULL);
    char path[8];
    for (int k = 0; k < COUNT; k++) {
        snprintf(path, sizeof path, "/%d", k);
        H5Dclose(H5Dcreate2(other, path, types[k].type, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        H5Tclose(types[k].type);
    }
    H5Dclose(H5Dcreate2(other, "null", H5T_NATIVE_DOUBLE, null, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Lcreate_soft("/gone", other, "dangling", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("moved.h5", "/data", other, "outside", H5P_DEFAULT, H5P_DEFAULT);
    H5Sclose(scalar), H5Sclose(null), H5Fclose(other);
    tx_array_shape shape;
    double out;
    tx_file *file;
    ASSERT_WORKS(tx_file_open(name.path, &error, &file));
    for (int k = 0; k < COUNT; k++) {
        char message[64];
        snprintf(path, sizeof path, "/%d", k);
        snprintf(message, sizeof message, "is of type %s: numbers are needed", types[k].text);
        ASSERT_WORKS(tx_file_shape(file, path, &error, &shape));
        CU_ASSERT(!shape.is_float && !shape.is_integer);
        CU_ASSERT_STRING_EQUAL(shape.type, types[k].text);
        ASSERT_FAILS(tx_file_read_reals(file, path, 0, NULL, TX_FLOAT64, &out, &error), TX_BAD_DATA, message);
    }
    ASSERT_FAILS(tx_file_shape(file, "/null", &error, &shape), TX_BAD_DATA, "has no elements");
    ASSERT_FAILS(tx_file_shape(file, "/dangling", &error, &shape), TX_BAD_DATA, "a.h5' is a link to '/gone', which leads nowhere");
    ASSERT_FAILS(tx_file_shape(file, "/outside", &error, &shape), TX_BAD_DATA,
                 "a.h5' is a link to '/data' in 'moved.h5', which leads nowhere: cannot open '");
    tx_file_close(file);
    CU_ASSERT_EQUAL(open_ids(), 0);
    folder_remove(&folder);
}

static void the_programs_own_setting_stays(void)
{
    H5E_auto2_t before, after;
    void *data;
    tx_file *file;
    H5Eget_auto2(H5E_DEFAULT, &before, &data);
    ASSERT_FAILS(tx_file_open("/nowhere/at/all.h5", &error, &file), TX_BAD_DATA, "No such file");
    H5Eget_auto2(H5E_DEFAULT, &after, &data);
    CU_ASSERT(before && before == after);
}

int main(void)
{
    return suite_run("hdf5", (suite_test[]){{"numbers come back", numbers_come_back},
                                            {"slabs", slabs},
                                            {"foreign files", foreign_files},
                                            {"members in order of creation", members_in_order},
                                            {"attributes", attributes},
                                            {"texts of others", texts_of_others},
                                            {"attributes are copied", attributes_are_copied},
                                            {"errors of content", errors_of_content},
                                            {"other types are named", other_types_are_named},
                                            {"the program's own setting stays", the_programs_own_setting_stays},
                                            {0}});
}
