/* What inspect says of trajectories and parameters that are no numbers. */
#include "base/memory.h"
#include "file/folder.h"
#include "problem/network_file.h"
#include "trainax/trainax.h"

/* A file of another program: one dataset of zeros, beside the text that makes it a network's if it is not the trajectories. */
static void write_file(const char *path, const char *dataset, int rank, hid_t type)
{
    const hsize_t size[] = {1, 2, 1, 3};
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE), space = H5Screate_simple(rank, size, NULL), one = H5Screate(H5S_SCALAR);
    H5Pset_create_intermediate_group(links, 1);
    H5Dclose(H5Dcreate2(file, dataset, type, space, links, H5P_DEFAULT, H5P_DEFAULT));
    if (rank < 4) {
        const hid_t network = H5Acreate2(file, "network", H5T_C_S1, one, H5P_DEFAULT, H5P_DEFAULT);
        H5Awrite(network, H5T_C_S1, "?");
        H5Aclose(network);
    }
    H5Sclose(space), H5Sclose(one), H5Pclose(links), H5Fclose(file);
}

static void says(const char *path, const char *line)
{
    char *text = NULL;
    ASSERT_WORKS(tx_inspect_file(NULL, path, false, &error, &text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, line));
    tx_free(text);
}

static void refuses(const char *path, const char *words)
{
    tx_error wrong = {0};
    char *text = NULL;
    CU_ASSERT_EQUAL(tx_inspect_file(NULL, path, false, &wrong, &text), TX_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(wrong.message, words));
}

static void types_have_names(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    const hid_t complex = H5Tcreate(H5T_COMPOUND, 8); /* as many bytes as float64 */
    H5Tinsert(complex, "r", 0, H5T_NATIVE_FLOAT);
    H5Tinsert(complex, "i", 4, H5T_NATIVE_FLOAT);
    write_file(name.path, "/trajectories", 4, complex);
    says(name.path, "shape: (1, 2, 1, 3)\ntype: complex64\n");
    write_file(name.path, "/trajectories", 4, H5T_C_S1);
    says(name.path, "\ntype: text\n");
    write_file(name.path, "/trajectories", 4, H5T_IEEE_F64BE);
    says(name.path, "\ntype: float64\n");
    write_file(name.path, "/parameters/weight", 2, complex);
    says(name.path, "\n  weight (1, 2): complex64\nparameters: 2\n");
    write_file(name.path, "/trajectories", 4, H5T_NATIVE_LDOUBLE);
    says(name.path, "\ntype: long double\n");
    H5Tclose(complex);
    folder_remove(&folder);
}

static void others_are_listed(void)
{
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    write_file(name.path, "/fields/u", 4, H5T_IEEE_F64LE);
    refuses(name.path, "no dataset '/trajectories'");
    refuses(name.path, "(it has: /fields), and it is no network either");
    write_file(name.path, "/trajectories", 1, H5T_IEEE_F64LE);
    refuses(name.path, "/trajectories has 1 axis, at least 3");
    folder_remove(&folder);
}

/* States (32, 3) could be 32 points of three channels. */
static void channels_last_are_asked_about(void)
{
    static const double values[2 * 4 * 32 * 3] = {0};
    const folder folder = folder_make();
    const file_name name = folder_file(&folder, "a.h5");
    for (int last = 0; last < 2; last++) {
        const int64_t size[] = {2, 4, last ? 32 : 3, last ? 3 : 32};
        char *text = NULL;
        tx_file *file;
        CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
        ASSERT_WORKS(tx_file_write_reals(file, "/trajectories", 4, size, TX_FLOAT64, values, &error));
        ASSERT_WORKS(tx_file_save(file, name.path, NULL, &error));
        tx_file_close(file);
        ASSERT_WORKS(tx_inspect_file(NULL, name.path, false, &error, &text));
        const char *note =
            strstr(text, "\nnote: channels last? The last axis of the data has 3 elements, that of the channels 32;");
        CU_ASSERT_EQUAL(note != NULL, last);
        CU_ASSERT(last || !strstr(text, "channels last"));
        tx_free(text);
    }
    folder_remove(&folder);
}

/* Files of programs that are not known yet are not taken for float32. */
static void precision_is_known(void)
{
    static const struct {
        const char *text;
        tx_status status;
        tx_precision precision;
    } cases[] = {
        {"float32", TX_OK, TX_FLOAT32}, {"float64", TX_OK, TX_FLOAT64}, {"bfloat16", TX_BAD_DATA, 0}, {"", TX_BAD_DATA, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_precision precision = TX_FLOAT32;
        tx_error error = {0};
        tx_file *file;
        CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_file_set_text(file, "/", "precision", cases[k].text, NULL), TX_OK);
        CU_ASSERT_EQUAL(tx_network_file_precision(file, &error, &precision), cases[k].status);
        CU_ASSERT_EQUAL(precision, cases[k].precision);
        CU_ASSERT(cases[k].status == TX_OK || strstr(error.message, "not float32 or float64"));
        tx_file_close(file);
    }
}

int main(void)
{
    const suite_test tests[] = {{"types have names", types_have_names},
                                {"other files' content is listed", others_are_listed},
                                {"channels last are asked about", channels_last_are_asked_about},
                                {"precision is known", precision_is_known},
                                {0}};
    return suite_run("inspect", tests);
}
