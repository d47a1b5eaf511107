/* Numbers as printf writes them, and rows of history.csv. */
#include "history/history.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/file.h"
#include "base/decimal.h"

static void check_decimal(double value, int digits)
{
    char text[TX_DECIMAL_SIZE + 1], expected[64];
    text[tx_decimal_write(text, value, digits)] = '\0';
    snprintf(expected, sizeof expected, "%.*g", digits, value);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void test_decimal(void)
{
    static const double values[] = {
        0,      -0.0,    1,          0.1,       -0.5,      123456789, 1234567890, 999999999.5, 9999999995,
        0.0001, 1e-5,    9.99999e-5, 1e16,      1e17,      1e22,      1e23,       5e-324,      2.2250738585072014e-308,
        1e300,  -1e-300, 0.3,        2.0 / 3.0, 1e15 + .5, INFINITY,  -INFINITY,  99999999.95, 1.7976931348623157e308};
    uint64_t state = 88172645463325252u;
    for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
        check_decimal(values[k], 9);
        check_decimal(values[k], 17);
    }
    for (int k = 0; k < 200000; k++) { /* all bit patterns, then such as losses have */
        double value;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(&value, &state, sizeof value);
        if (isfinite(value)) {
            check_decimal(value, k % 2 ? 9 : 17);
        }
        value = ldexp((double)(state >> 11), -(int)(state % 90));
        check_decimal((double)(float)value, 9);
        check_decimal(value, 17);
    }
    char text[TX_DECIMAL_SIZE + 1];
    text[tx_decimal_write(text, -NAN, 9)] = '\0';
    CU_ASSERT_STRING_EQUAL(text, "nan");
}

/* ---- Rows ---- */

static char folder[64], path[96];
static tx_history *history;

static void enter(tx_precision precision, int num_columns, const char *const *names)
{
    char *header = NULL;
    strcpy(folder, "/tmp/trainax_history_XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/history.csv", folder);
    CU_ASSERT_EQUAL_FATAL(tx_history_header(num_columns, names, NULL, &header), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_history_create(precision, 3, num_columns, header, path, NULL, &history), TX_OK);
    tx_free(header);
}

/* Only history.csv may lie there. */
static void leave(void)
{
    tx_history_destroy(history);
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void check_text(const char *expected)
{
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_text_read(path, NULL, &text), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, expected);
    tx_free(text);
}

static void test_rows(void)
{
    static const char *const names[] = {"weight_norm", "two"};
    enter(TX_FLOAT32, 2, names);
    CU_ASSERT_EQUAL(tx_history_add(history, 0, 7, (const double[]){0.1, 1, 2}, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_open(history, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_add(history, 3, 2, (const double[]){0.1, 0.5, 2}, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_add(history, 5, 5, (const double[]){0.2, 9, NAN}, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_flush(history, NULL), TX_OK);
    check_text("step,epoch,batch,loss,weight_norm,two\n"
               "0,0,0,0.100000001,1,2\n"
               "3,1,0,,0.5,\n"
               "5,1,2,0.200000003,,nan\n");
    CU_ASSERT_EQUAL(history->num_losses, 2);
    leave();
}

/* ---- More rows than memory holds: value k of row r is a formula, so that any of them can be told ---- */

enum { MANY = 20000, EVERY = 3 }; /* the loss is there at every third step */

static double value_of(int64_t row, int column)
{
    return (double)(row * 7 + column) / 16;
}

static void add_many(int64_t first, int64_t end)
{
    for (int64_t row = first; row < end; row++) {
        const double values[2] = {value_of(row, 0), value_of(row, 1)};
        CU_ASSERT_EQUAL_FATAL(tx_history_add(history, row, row % EVERY ? 2 : 3, values, NULL), TX_OK);
    }
}

static char *text_of_many(int64_t count)
{
    char *text = malloc((size_t)count * 64 + 64), *end = text + sprintf(text, "step,epoch,batch,loss,one\n");
    for (int64_t row = 0; row < count; row++) {
        end += sprintf(end, "%d,%d,%d,", (int)row, (int)row / 3, (int)row % 3);
        end += row % EVERY ? sprintf(end, ",%.17g\n", value_of(row, 1))
                           : sprintf(end, "%.17g,%.17g\n", value_of(row, 0), value_of(row, 1));
    }
    return text;
}

static void check_many(int64_t count)
{
    char *expected = text_of_many(count);
    check_text(expected);
    free(expected);
}

static void enter_many(void)
{
    static const char *const names[] = {"one"};
    const size_t before = tx_memory_live();
    enter(TX_FLOAT64, 1, names);
    add_many(0, MANY / 2);
    CU_ASSERT_EQUAL_FATAL(tx_history_open(history, NULL), TX_OK);
    add_many(MANY / 2, MANY);
    CU_ASSERT(tx_memory_live() - before <= tx_history_bytes(1) + 1024);
}

static void test_many(void)
{
    enter_many();
    CU_ASSERT_EQUAL(tx_history_flush(history, NULL), TX_OK);
    check_many(MANY);
    leave();
}

/* Whatever is done to history.csv during a run. */
static void remove_it(void)
{
    unlink(path);
}
static void truncate_it(void)
{
    CU_ASSERT_EQUAL(truncate(path, 100), 0);
}
static void replace_it(void)
{
    unlink(path);
    CU_ASSERT_EQUAL(tx_text_save(path, "mine", 4, NULL), TX_OK);
}
static void link_it(void)
{
    unlink(path);
    CU_ASSERT_EQUAL(symlink("/nowhere/else", path), 0);
}

static void test_harm(void)
{
    static void (*const harms[])(void) = {remove_it, truncate_it, replace_it, link_it};
    for (size_t k = 0; k < sizeof harms / sizeof *harms; k++) {
        enter_many();
        CU_ASSERT_EQUAL(tx_history_flush(history, NULL), TX_OK);
        harms[k]();
        add_many(MANY, MANY + 5);
        CU_ASSERT_EQUAL(tx_history_flush(history, NULL), TX_OK);
        check_many(MANY + 5);
        leave();
    }
}

/* A folder there cannot be replaced. */
static void test_refused(void)
{
    tx_error error = {0};
    enter(TX_FLOAT64, 0, NULL);
    CU_ASSERT_EQUAL(mkdir(path, 0777), 0);
    CU_ASSERT_EQUAL(tx_history_open(history, &error), TX_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "history.csv"));
    rmdir(path);
    leave();
}

/* ---- In a file ---- */

/* What it has of the history, without our reader: all at once. */
static void check_file(const char *name, int64_t count)
{
    tx_file *file;
    const int64_t losses = (count - 1) / EVERY + 1, size[2] = {count, 2};
    int64_t *steps = malloc(8 * (size_t)count), *present = malloc(8 * (size_t)count);
    double *values = malloc(16 * (size_t)count), *loss = malloc(8 * (size_t)losses);
    CU_ASSERT_EQUAL_FATAL(tx_file_open_checked(name, NULL, &file), TX_OK);
    CU_ASSERT_EQUAL(tx_file_read_integers(file, "/history/step", 1, size, steps, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_file_read_integers(file, "/history/present", 1, size, present, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_file_read_reals(file, "/history/values", 2, size, TX_FLOAT64, values, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_file_read_reals(file, "/history/loss", 1, &losses, TX_FLOAT64, loss, NULL), TX_OK);
    int64_t wrong = 0;
    for (int64_t row = 0; row < count; row++) {
        const bool recorded = row % EVERY == 0;
        wrong += steps[row] != row || present[row] != (recorded ? 3 : 2) || values[2 * row + 1] != value_of(row, 1) ||
                 values[2 * row] != (recorded ? value_of(row, 0) : 0) || (recorded && loss[row / EVERY] != value_of(row, 0));
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tx_file_close(file);
    free(steps), free(present), free(values), free(loss);
}

static void save_history(const char *name)
{
    tx_file *file;
    CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
    CU_ASSERT_EQUAL(tx_history_put_losses(history, file, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_put(history, file, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_file_save(file, name, NULL, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_file_save(file, name, NULL, NULL), TX_OK); /* once more: the losses are sought from the first on */
    tx_file_close(file);
}

static tx_status count_row(void *user, const tx_history_row *row, tx_error *error)
{
    (void)error;
    CU_ASSERT_EQUAL(row->step, *(int64_t *)user);
    CU_ASSERT_EQUAL(row->values[1], value_of(row->step, 1));
    ++*(int64_t *)user;
    return TX_OK;
}

static void test_file(void)
{
    char name[96];
    tx_file *file;
    tx_stored_history stored;
    int64_t visited = 0;
    enter_many();
    snprintf(name, sizeof name, "%s/history.h5", folder);
    save_history(name);
    check_file(name, MANY);
    CU_ASSERT_EQUAL_FATAL(tx_file_open(name, NULL, &file), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_stored_history_open(file, MANY, EVERY, NULL, &stored), TX_OK);
    CU_ASSERT_EQUAL(tx_stored_history_visit(&stored, 1234, count_row, &visited, NULL), TX_OK);
    CU_ASSERT_EQUAL(visited, 1234);
    CU_ASSERT_EQUAL(tx_stored_history_open(file, MANY - 1, EVERY, NULL, &stored), TX_OK); /* the last one diverged */
    CU_ASSERT_EQUAL(tx_stored_history_open(file, MANY - 2, EVERY, NULL, &stored), TX_BAD_DATA);
    CU_ASSERT_EQUAL(tx_stored_history_open(file, MANY + 9, EVERY, NULL, &stored), TX_BAD_DATA);
    CU_ASSERT_EQUAL(tx_stored_history_open(file, INT64_MAX, EVERY, NULL, &stored), TX_BAD_DATA);
    CU_ASSERT_EQUAL(tx_stored_history_open(file, -1, EVERY, NULL, &stored), TX_BAD_DATA);
    CU_ASSERT_EQUAL(tx_stored_history_open(file, MANY, 1, NULL, &stored), TX_BAD_DATA);
    tx_file_close(file);
    unlink(name);
    leave();
}

/* A history of four rows, of which something is wrong; its checksum would be right. */
typedef struct wrong_history {
    int64_t count[3]; /* of steps, present, values */
    int64_t steps[4], present[4];
    int64_t step; /* of the state */
    tx_status expected;
} wrong_history;

static void check_stored(const wrong_history *wrong)
{
    static const double values[8] = {0};
    const int64_t size[2] = {wrong->count[2], 2};
    tx_file *file;
    tx_stored_history stored;
    CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
    CU_ASSERT_EQUAL(tx_file_write_integers(file, "/history/step", 1, &wrong->count[0], wrong->steps, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_file_write_integers(file, "/history/present", 1, &wrong->count[1], wrong->present, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_file_write_reals(file, "/history/values", 2, size, TX_FLOAT64, values, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_stored_history_open(file, wrong->step, 2, NULL, &stored), wrong->expected);
    tx_file_close(file);
}

static void test_wrong(void)
{
    static const wrong_history cases[] = {
        {{4, 4, 4}, {0, 1, 2, 3}, {1, 2, 3, 2}, 4, TX_OK},
        {{4, 4, 4}, {0, 1, 2, 4}, {1, 2, 3, 1}, 4, TX_OK}, /* diverged at step 4 */
        {{0, 0, 0}, {0}, {0}, 0, TX_OK},
        {{0, 0, 0}, {0}, {0}, 1, TX_BAD_DATA},
        {{4, 3, 4}, {0, 1, 2, 3}, {1, 2, 3, 2}, 4, TX_BAD_DATA},
        {{3, 4, 4}, {0, 1, 2, 3}, {1, 2, 3, 2}, 4, TX_BAD_DATA},
        {{4, 4, 3}, {0, 1, 2, 3}, {1, 2, 3, 2}, 4, TX_BAD_DATA},
        {{4, 4, 4}, {0, 2, 1, 3}, {1, 3, 2, 2}, 4, TX_BAD_DATA},
        {{4, 4, 4}, {0, 2, 2, 3}, {1, 3, 3, 2}, 4, TX_BAD_DATA},
        {{4, 4, 4}, {-2, 0, 2, 3}, {1, 1, 1, 2}, 4, TX_BAD_DATA},
        {{4, 4, 4}, {0, 1, 2, 3}, {1, 2, 5, 2}, 4, TX_BAD_DATA},
        {{4, 4, 4}, {0, 1, 2, 3}, {1, 2, INT64_MIN + 1, 2}, 4, TX_BAD_DATA},
        {{4, 4, 4}, {0, 1, 2, 3}, {1, 2, 2, 2}, 4, TX_BAD_DATA}, /* the loss of step 2 is lost */
        {{4, 4, 4}, {0, 1, 2, 3}, {1, 3, 3, 2}, 4, TX_BAD_DATA},
        {{4, 4, 4}, {0, 1, 4, 5}, {1, 2, 1, 2}, 6, TX_BAD_DATA},
        {{4, 4, 4}, {0, 1, 2, INT64_MAX}, {1, 2, 3, 2}, 4, TX_BAD_DATA},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        check_stored(&cases[k]);
    }
}

int main(void)
{
    static const suite_test tests[] = {
        {"decimal", test_decimal}, {"rows", test_rows},      {"many rows", test_many},   {"harm", test_harm},
        {"refused", test_refused}, {"in a file", test_file}, {"wrong ones", test_wrong}, {0}};
    return suite_run("history", tests);
}
