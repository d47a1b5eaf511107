/* Lines and tables in the width of a terminal. */
#include <string.h>

#include "base/memory.h"
#include "component/buffer.h"
#include "suite.h"

static void check(tx_buffer *text, const char *expected)
{
    char *out = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_buffer_finish(text, &out), TX_OK);
    CU_ASSERT_STRING_EQUAL(out, expected);
    if (strcmp(out, expected)) {
        fprintf(stderr, "\n%s", out);
    }
    tx_free(out);
}

static void check_wrap(int width, size_t at, size_t hang, const char *words, const char *expected)
{
    tx_buffer text = {0};
    tx_buffer_wrap(&text, width, at, hang, words);
    check(&text, expected);
}

static void lines(void)
{
    check_wrap(0, 4, 2, "any number of words", "any number of words");
    check_wrap(10, 0, 0, "12345 7890 12", "12345 7890\n12");
    check_wrap(10, 4, 2, "12345 7890 12", "12345\n  7890 12");
    check_wrap(5, 0, 0, "abcdefghijkl", "abcde\nfghij\nkl");
    check_wrap(6, 0, 0, "ab abcdefghijkl", "ab\nabcdef\nghijkl");
    check_wrap(8, 0, 0, "one|two|three", "one|two|\nthree");
    check_wrap(8, 0, 0, "A;ONE;TWO", "A;ONE;\nTWO");
    check_wrap(8, 0, 0, "such as f;0;5;0", "such as\nf;0;5;0");
    check_wrap(2, 0, 0, "\u00e4\u00f6 \u00fc\u00df\u00e9", "\u00e4\u00f6\n\u00fc\u00df\n\u00e9"); /* characters, not bytes */
    check_wrap(3, 9, 0, "ab c", "a\nb c");                                                        /* no room: one character */
    check_wrap(10, 0, 0, "  blanks  ", "blanks  ");
    check_wrap(10, 0, 0, "", "");
}

static void check_table(int width, const char *indent, size_t rows, size_t columns, const char *const *cells, const char *expected)
{
    tx_buffer text = {0};
    tx_buffer_table(&text, indent, width, rows, columns, cells);
    check(&text, expected);
}

static void tables(void)
{
    static const char *const two[] = {"a", "first", "name", "the text of the second goes on here", "b", ""};
    static const char *const three[] = {"padding", "integer or same|valid", "points added"};
    check_table(0, "  ", 3, 2, two, "  a     first\n  name  the text of the second goes on here\n  b\n");
    check_table(43, "  ", 3, 2, two, "  a     first\n  name  the text of the second goes on here\n  b\n");
    check_table(42, "  ", 3, 2, two, "  a     first\n  name  the text of the second goes on\n        here\n  b\n");
    check_table(24, "  ", 3, 2, two, "  a\n      first\n  name\n      the text of the\n      second goes on\n      here\n  b\n");
    check_table(36, "", 1, 3, three, "padding  integer or     points added\n         same|valid\n");
    check_table(20, "", 1, 3, three, "padding  integer or\n    same|valid\n    points added\n");
}

int main(void)
{
    return suite_run("wrap", (suite_test[]){{"lines", lines}, {"tables", tables}, {0}});
}
