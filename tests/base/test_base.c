/* Base: statuses, memory and its failure injection, numbers as users write them, nearest names, checksums. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/escape.h"
#include "base/finite.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/name.h"
#include "base/number.h"
#include "suite.h"

static void first_error_stays(void)
{
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_error_set(&error, TX_INVALID, "no %s", "good"), TX_INVALID);
    CU_ASSERT_EQUAL(tx_error_set(&error, TX_FAILURE, "later"), TX_FAILURE);
    CU_ASSERT_EQUAL(tx_error_prefix(&error, "here"), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "here: no good");
}

static void memory_is_aligned_zeroed_counted(void)
{
    const size_t before = tx_memory_live();
    char *a;
    CU_ASSERT_EQUAL(tx_allocate(1000, NULL, &a), TX_OK);
    CU_ASSERT_EQUAL((uintptr_t)a % 64, 0);
    CU_ASSERT_EQUAL(a[999], 0);
    CU_ASSERT(tx_memory_live() >= before + 1000);
    tx_free(a);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_allocate_array(SIZE_MAX / 2, 4, &error, &a), TX_FAILURE);
    CU_ASSERT(strstr(error.message, "out of memory") != NULL);
}

static void memory_fails_on_demand(void)
{
    void *a = NULL, *b = NULL;
    tx_memory_fail_after(1);
    CU_ASSERT_EQUAL(tx_allocate(8, NULL, &a), TX_FAILURE);
    CU_ASSERT_EQUAL(tx_allocate(8, NULL, &b), TX_FAILURE);
    tx_memory_fail_after(-1);
    CU_ASSERT_EQUAL(tx_allocate(8, NULL, &a), TX_OK);
    tx_free(a);
}

static void arrays_grow(void)
{
    int *array = NULL;
    size_t capacity = 0;
    for (int k = 0; k < 100; k++) {
        CU_ASSERT_EQUAL(tx_reserve((size_t)k + 1, sizeof *array, &capacity, NULL, &array), TX_OK);
        array[k] = k;
    }
    CU_ASSERT_EQUAL(array[0] + array[99], 99);
    tx_free(array);
}

static void numbers(void)
{
    int64_t i;
    double x;
    uint64_t bytes;
    CU_ASSERT(tx_parse_integer("-12", &i) && i == -12);
    CU_ASSERT(!tx_parse_integer("2.5", &i) && !tx_parse_integer("1e3", &i) && !tx_parse_integer("", &i));
    CU_ASSERT(!tx_parse_integer("99999999999999999999", &i));
    CU_ASSERT(tx_parse_real("1e-3", &x) && x == 1e-3);
    CU_ASSERT(!tx_parse_real("1e-3x", &x) && !tx_parse_real("", &x));
    CU_ASSERT(tx_parse_bytes("512 MiB", &bytes) && bytes == 512u << 20);
    CU_ASSERT(tx_parse_bytes("2GB", &bytes) && bytes == 2000000000u);
    CU_ASSERT(!tx_parse_bytes("-1", &bytes) && !tx_parse_bytes("3 apples", &bytes));
    CU_ASSERT(tx_parse_duration("1:02:03", &x) && x == 3723);
    CU_ASSERT(tx_parse_duration("2-01:00:00", &x) && x == 49 * 3600);
    CU_ASSERT(!tx_parse_duration("5", &x) && !tx_parse_duration("0:61:00", &x) && !tx_parse_duration("1:2:3x", &x));
}

static void nearest(void)
{
    static const char *const names[] = {"learning_rate", "momentum", "nesterov"};
    static const char *const networks[] = {"conv", "classic_fno", "classic_u_net", "modern_u_net"};
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("learningrate", names, 3), "learning_rate");
    CU_ASSERT_PTR_NULL(tx_nearest_name("zzz", names, 3));
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("ClasicUNet", networks, 4), "classic_u_net");
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("FNO", networks, 4), "classic_fno");
    static const char *const schedules[] = {"warmup_constant", "warmup_cosine_decay"};
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("warmup_cosine", schedules, 2), "warmup_cosine_decay");
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("warmup_konstant", schedules, 2), "warmup_constant");
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("unet", networks, 4), "classic_u_net");
    CU_ASSERT_PTR_NULL(tx_nearest_name("fn", networks, 4));
    CU_ASSERT_PTR_NULL(tx_nearest_name("", networks, 4));
    CU_ASSERT_PTR_NULL(tx_nearest_name("coovTrainer", networks, 4));
    CU_ASSERT_STRING_EQUAL(tx_nearest_name_of("coovTrainer", "trainer", networks, 4), "conv");
    static const char *const metrics[] = {"vrmse", "mean_MAE", "mean_nRMSE"};
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("nRMSE", metrics, 3), "mean_nRMSE"); /* whole words before wrong letters */
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("vrms", metrics, 3), "vrmse");
    CU_ASSERT_STRING_EQUAL(tx_nearest_name("GetMeanMAE", metrics, 3), "mean_MAE");
    static const char *const others[] = {"type", "lion", "sign_sgd", "kernel_size"}; /* near in letters, far in meaning */
    static const char *const unknown[] = {"mu_dtype", "muon", "noisy_sgd", "hidden_size"};
    for (int k = 0; k < 4; k++) {
        CU_ASSERT_PTR_NULL(tx_nearest_name(unknown[k], others, 4));
    }
}

static void same_names(void)
{
    static const struct {
        const char *a, *b, *endings;
        bool same;
    } cases[] = {
        {"ClassicUNet", "classic_u_net", "", true},
        {"MSELoss", "mse", "loss", true},
        {"Normalized_MSELoss", "normalized_mse", "loss", true},
        {"warmup_cosine_decay_schedule", "warmup_cosine_decay", "schedule", true},
        {"LinearConvBlockFactory", "linear_conv_block", "factory block", true},
        {"SupervisedTrainer", "supervised", "configuration trainer", true},
        {"mse_", "_mse", "", true},
        {"MSELoss()", "mse", "loss", true},
        {"mse(2)", "mse", "loss", false},
        {"()", "mse", "mse", false},
        {"mse_loss", "mse", "", false},
        {"mse", "mae", "loss", false},
        {"mse", "ms", "e", true},
        {"mseee", "msee", "e", true},
        {"mse", "mse", "e", true},
        {"ms", "mse", "", false},
        {"loss", "", "loss", false}, /* something is always left */
        {"_loss", "loss", "loss", true},
        {"net_1d", "net_2d", "1d 2d", false},
        {"net2D", "net", "1d 2d", true},
        {"lossless", "less", "loss", false},
        {"glossloss", "gloss", "loss", true},
        {"", "", "loss", true},
        {"", "a", "", false},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        CU_ASSERT_EQUAL(tx_same_name(cases[k].a, cases[k].b, cases[k].endings), cases[k].same);
        CU_ASSERT(!cases[k].same || tx_name_hash(cases[k].a, cases[k].endings) == tx_name_hash(cases[k].b, cases[k].endings));
    }
    CU_ASSERT_STRING_EQUAL(tx_name_after_module("jax.nn.relu"), "relu");
    CU_ASSERT_STRING_EQUAL(tx_name_after_module("relu"), "relu");
    CU_ASSERT_STRING_EQUAL(tx_name_after_module("optax.adam(0.1)"), "adam(0.1)");
    CU_ASSERT_STRING_EQUAL(tx_name_after_module("jax."), "");
}

/* Expected are sums that Python's integers give. */
static void checksums_are_sums_of_parts(void)
{
    enum { COUNT = 5000 };
    static uint32_t words[COUNT];
    tx_hash hash;
    tx_hash_begin(&hash);
    for (uint32_t k = 0; k < COUNT; k++) {
        words[k] = k * 2654435761u + 12345u;
    }
    const uint64_t whole = tx_hash_part(&hash, words, 0, COUNT);
    CU_ASSERT_EQUAL(whole, 0xc1a2580034bda082u);
    CU_ASSERT_EQUAL(tx_hash_part(&hash, (const uint32_t[]){1, 2, 3}, 1022, 3), 0xea4c2bc2da20ceaeu);
    CU_ASSERT_EQUAL(tx_hash_part(&hash, NULL, 7, 0), 0);
    for (uint64_t cut = 0; cut <= COUNT; cut += 311) {
        CU_ASSERT_EQUAL(tx_hash_part(&hash, words + cut, cut, COUNT - cut) + tx_hash_part(&hash, words, 0, cut), whole);
    }
    for (int bit = 0; bit < 32 * COUNT; bit += 331) {
        words[bit / 32] ^= 1u << bit % 32;
        CU_ASSERT_NOT_EQUAL(tx_hash_part(&hash, words, 0, COUNT), whole);
        words[bit / 32] ^= 1u << bit % 32;
    }
}

static void every_number_is_looked_at(void)
{
    enum { COUNT = 1100 };
    static const double good[] = {0.0, -0.0, 1.5, -FLT_MAX, FLT_MAX, FLT_MIN / 8}, bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    static double wide[COUNT];
    static float narrow[COUNT];
    for (int k = 0; k < COUNT; k++) {
        wide[k] = k % 7 == 6 ? -DBL_MAX : good[k % 6];
        narrow[k] = (float)good[k % 6];
    }
    for (int count = 0; count <= COUNT; count++) {
        CU_ASSERT(tx_all_finite(TX_FLOAT64, wide, count) && tx_all_finite(TX_FLOAT32, narrow, count));
    }
    for (int k = 0; k < COUNT; k++) {
        const double before[] = {wide[k], narrow[k]};
        wide[k] = bad[k % 4];
        narrow[k] = (float)bad[k % 4];
        CU_ASSERT(tx_all_finite(TX_FLOAT64, wide, k) && tx_all_finite(TX_FLOAT32, narrow, k));
        CU_ASSERT(!tx_all_finite(TX_FLOAT64, wide, k + 1) && !tx_all_finite(TX_FLOAT32, narrow, k + 1));
        CU_ASSERT(!tx_all_finite(TX_FLOAT64, wide, COUNT) && !tx_all_finite(TX_FLOAT32, narrow, COUNT));
        const bool nan = k % 4 < 2;
        CU_ASSERT(!tx_any_nan(TX_FLOAT64, wide, k) && !tx_any_nan(TX_FLOAT32, narrow, k));
        CU_ASSERT(tx_any_nan(TX_FLOAT64, wide, k + 1) == nan && tx_any_nan(TX_FLOAT32, narrow, COUNT) == nan);
        wide[k] = before[0];
        narrow[k] = (float)before[1];
    }
}

static void one_line(void)
{
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"plain é…𝄞 \\n", "plain é…𝄞 \\n"},
        {"a\nb\tc\rd\x1b[0m\x7f", "a\\nb\\tc\\rd\\x1b[0m\\x7f"},
        {"\xff\xc3(\xe2\x82", "\\xff\\xc3(\\xe2\\x82"},
        {"\xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80", "\\xc0\\x80 \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80"},
        {"\xc2\x85\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae", "\\u0085\xc2\xa0\\u2028\\u2029\\u202e"},
        {"\xef\xbb\xbf\xe2\x80\x8b\xe2\x80\x8c\xe2\x81\xa0", "\\ufeff\\u200b\xe2\x80\x8c\\u2060"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_error error = {0};
        tx_error_set(&error, TX_INVALID, "%s", cases[k].text);
        CU_ASSERT_STRING_EQUAL(error.message, cases[k].line);
        tx_error_prefix(&error, "%s", cases[k].text);
        char line[sizeof error.message];
        snprintf(line, sizeof line, "%s: %s", cases[k].line, cases[k].line);
        CU_ASSERT_STRING_EQUAL(error.message, line);
    }
}

/* Any bytes, in room of any size: characters by the C library's rules, none of them a control, no more than fit. */
static void one_line_of_anything(void)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(setlocale(LC_CTYPE, "C.UTF-8"));
    static const char alphabet[] = "a\n\x1b\x7f\x80\x85\xa8\xbf\xc2\xc3\xe2\xed\xf0\xf4\xff";
    uint32_t random = 1;
    for (size_t size = 8; size < 400; size++) {
        char text[200] = {0}, line[400];
        wchar_t characters[400];
        for (size_t k = 0; k + 1 < sizeof text; k++) {
            random = random * 1664525 + 1013904223;
            text[k] = alphabet[(random >> 16) % (sizeof alphabet - 1)];
        }
        memset(line, 'x', sizeof line);
        tx_escape(text, line, size);
        CU_ASSERT(strlen(line) < size && strlen(line) + 10 > size);
        CU_ASSERT_STRING_EQUAL(line + strlen(line) - 3, "…");
        const size_t count = mbstowcs(characters, line, 400);
        CU_ASSERT_NOT_EQUAL_FATAL(count, (size_t)-1);
        for (size_t k = 0; k < count; k++) {
            CU_ASSERT_FALSE(iswcntrl((wint_t)characters[k]));
        }
    }
    setlocale(LC_CTYPE, "C");
}

static void long_messages_are_cut(void)
{
    tx_error error = {0};
    tx_error_set(&error, TX_INVALID, "%1022sé", "");
    CU_ASSERT(strlen(error.message) < sizeof error.message);
    CU_ASSERT_STRING_EQUAL(error.message + 1017, "   …"); /* never half a character */
}

int main(void)
{
    return suite_run("base", (suite_test[]){{"the first error stays", first_error_stays},
                                            {"memory is aligned, zeroed, counted", memory_is_aligned_zeroed_counted},
                                            {"memory fails on demand", memory_fails_on_demand},
                                            {"arrays grow", arrays_grow},
                                            {"numbers", numbers},
                                            {"nearest names", nearest},
                                            {"a message is one line", one_line},
                                            {"a line of anything", one_line_of_anything},
                                            {"long messages are cut", long_messages_are_cut},
                                            {"same names", same_names},
                                            {"checksums are sums of parts", checksums_are_sums_of_parts},
                                            {"every number is looked at", every_number_is_looked_at},
                                            {0}});
}
