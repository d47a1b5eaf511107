/* Numbers as printf writes them, and rows of history.csv. */
#include "training/history.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/file.h"
#include "training/decimal.h"

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

static void test_rows(void)
{
    static const char *const names[] = {"weight_norm", "two"};
    char path[] = "/tmp/trainax_history_XXXXXX", *text;
    tx_history *history;
    const int file = mkstemp(path);
    CU_ASSERT_FATAL(file >= 0);
    CU_ASSERT_EQUAL_FATAL(tx_history_create(TX_FLOAT32, 3, 2, names, NULL, &history), TX_OK);
    CU_ASSERT_EQUAL(tx_history_add(history, 0, 7, (const double[]){0.1, 1, 2}, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_open(history, path, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_add(history, 3, 2, (const double[]){0.1, 0.5, 2}, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_add(history, 5, 5, (const double[]){0.2, 9, NAN}, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_history_flush(history, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_text_read(path, NULL, &text), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, "step,epoch,batch,loss,weight_norm,two\n"
                                 "0,0,0,0.100000001,1,2\n"
                                 "3,1,0,,0.5,\n"
                                 "5,1,2,0.200000003,,nan\n");
    CU_ASSERT_EQUAL(tx_history_num_losses(history), 2);
    float losses[2];
    tx_history_losses(history, losses);
    CU_ASSERT_EQUAL(losses[0], 0.1f);
    CU_ASSERT_EQUAL(losses[1], 0.2f);
    tx_free(text);
    tx_history_destroy(history);
    remove(path);
}

int main(void)
{
    static const suite_test tests[] = {{"decimal", test_decimal}, {"rows", test_rows}, {0}};
    return suite_run("history", tests);
}
