/* Base: statuses, memory and its failure injection, numbers as users write them, nearest names, checksums. */
#include <stdint.h>
#include <string.h>

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

int main(void)
{
    return suite_run("base", (suite_test[]){{"the first error stays", first_error_stays},
                                            {"memory is aligned, zeroed, counted", memory_is_aligned_zeroed_counted},
                                            {"memory fails on demand", memory_fails_on_demand},
                                            {"arrays grow", arrays_grow},
                                            {"numbers", numbers},
                                            {"nearest names", nearest},
                                            {"same names", same_names},
                                            {"checksums are sums of parts", checksums_are_sums_of_parts},
                                            {0}});
}
