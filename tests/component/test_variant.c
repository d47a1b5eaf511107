/* Variants of a configuration: which keys a seed sets, what seeds may be written as, in which order an ensemble has its members,
 * and that the configuration that they are made of stays as it was. */
#include "component/fake.h"

#include "component/ensemble.h"

/* ---- Seeds ---- */

static const tx_yaml *parse(tx_pool *pool, const char *text)
{
    tx_yaml *root = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_yaml_read(pool, "x.yaml", true, text, NULL, &root), TX_OK);
    return root;
}

static void innermost_network(void)
{
    static const struct {
        const char *text, *network, *trainer;
    } cases[] = {
        {"{network: {type: conv}, trainer: {}}", "network.key", "trainer.key"},
        {"{network: conv, trainer: {}}", "network.key", "trainer.key"},
        {"{network: 'Conv;34;10;relu', trainer: {}}", "network_key", "trainer.key"},
        {"{network: {type: a, network: {type: b, network: {type: conv}}}}", "network.network.network.key", ""},
        {"{network: {type: a, Network: {type: b, network: 'Conv;34;10;relu'}}}", "network_key", ""},
        {"{network: null, trainer: {}}", "", "trainer.key"},
    };
    tx_registry *registry = fake_registry();
    tx_registry_describe(registry, TX_KIND_NETWORK, (tx_descriptor_rule *)1, (tx_short_form_rule *)1); /* not called */
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_pool pool = {0};
        const tx_seeded_keys keys = tx_seeded_keys_of(registry, parse(&pool, cases[k].text));
        CU_ASSERT_STRING_EQUAL(keys.path[0], cases[k].network);
        CU_ASSERT_STRING_EQUAL(keys.path[1], cases[k].trainer);
        tx_pool_release(&pool);
    }
    tx_registry_destroy(registry);
}

static void ranges(void)
{
    static const char *const bad[] = {"", ":", "1:", ":2", "1:2:3", "a", "1.5", "9223372036854775808"};
    int64_t start, stop;
    CU_ASSERT(tx_seed_range("7", &start, &stop) && start == 7 && stop == 8);
    CU_ASSERT(tx_seed_range("-2:3", &start, &stop) && start == -2 && stop == 3);
    CU_ASSERT(tx_seed_range("5:4", &start, &stop) && start == 5 && stop == 4);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        CU_ASSERT_FALSE(tx_seed_range(bad[k], &start, &stop));
    }
}

/* ---- Members ---- */

static fake_read read_ensemble(const tx_registry *registry, const char *ensemble)
{
    return fake_config(registry, fake_text, 1, &ensemble);
}

static char *write_root(const tx_config *config)
{
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(config), NULL, &text), TX_OK);
    return text;
}

static double rate_of(const tx_config *config)
{
    return tx_get_real(tx_get_section(tx_get_section(tx_config_root(config), "trainer"), "optimizer"), "learning_rate");
}

static void product(void)
{
    tx_registry *registry = fake_registry();
    fake_read read =
        read_ensemble(registry, "ensemble={vary: {trainer.optimizer.learning_rate: [1, 2], network.kernel_size: [3, 4]}, "
                                "seeds: ['5:7', 9]}");
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    char *before = write_root(read.config);
    tx_ensemble *ensemble = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_ensemble_create(read.config, NULL, &ensemble), TX_OK);
    CU_ASSERT_EQUAL_FATAL(ensemble->count, 12);
    for (int k = 0; k < ensemble->count; k++) {
        static const int64_t seeds[] = {5, 6, 9};
        const int64_t *kernel;
        char name[TX_MEMBER_NAME], expected[TX_MEMBER_NAME];
        tx_config *config = NULL;
        CU_ASSERT_EQUAL_FATAL(tx_ensemble_member(ensemble, k, "/runs/x", NULL, &config), TX_OK);
        const tx_section *root = tx_config_root(config), *network = tx_get_section(root, "network");
        const tx_key_spec key = tx_get_key(network, "key"), shuffle = tx_get_key(tx_get_section(root, "trainer"), "key");
        tx_ensemble_name(ensemble, k, name);
        snprintf(expected, sizeof expected, "member_%03d", k);
        CU_ASSERT_STRING_EQUAL(name, expected);
        CU_ASSERT_TRUE(tx_is_member(name));
        CU_ASSERT_EQUAL(rate_of(config), 1 + k / 6);
        CU_ASSERT_EQUAL(tx_get_integers(network, "kernel_size", &kernel), 1);
        CU_ASSERT_EQUAL(kernel[0], 3 + k / 3 % 2);
        CU_ASSERT(key.seed == seeds[k % 3] && key.split == 2 && key.index == 0);
        CU_ASSERT(shuffle.seed == seeds[k % 3] && shuffle.split == 2 && shuffle.index == 1);
        CU_ASSERT_FALSE(tx_has(root, "ensemble"));
        CU_ASSERT_STRING_EQUAL(tx_get_string(tx_get_section(root, "output"), "directory"), "/runs/x");
        tx_config_destroy(config);
    }
    tx_ensemble_destroy(ensemble);
    char *after = write_root(read.config);
    CU_ASSERT_STRING_EQUAL(before, after);
    tx_free(before);
    tx_free(after);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void names_of_others(void)
{
    static const char *const others[] = {"member_", "member_0a", "member", "members.csv", "xmember_000"};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        CU_ASSERT_FALSE(tx_is_member(others[k]));
    }
    tx_ensemble many = {.count = 1001};
    char name[TX_MEMBER_NAME];
    tx_ensemble_name(&many, 7, name);
    CU_ASSERT_STRING_EQUAL(name, "member_0007");
}

/* What is written reads back to the same members. */
static void written(void)
{
    tx_registry *registry = fake_registry();
    fake_read read = read_ensemble(registry, "ensemble={vary: {network.padding_mode: [zeros, \"circular\"], network.kernel_size: "
                                             "[[1, 2], 3]}, seeds: '0:2', groups: 3}");
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    char *text = write_root(read.config);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "  vary: {network.padding_mode: [zeros, \"circular\"], network.kernel_size: [[1, 2], 3]}\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  seeds: [\"0:2\"]\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  groups: 3\n"));
    fake_read again = fake_config(registry, text, 0, NULL);
    CU_ASSERT_EQUAL_FATAL(again.status, TX_OK);
    char *twice = write_root(again.config);
    CU_ASSERT_STRING_EQUAL(text, twice);
    tx_free(text);
    tx_free(twice);
    tx_config_destroy(again.config);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

/* The n-th allocation fails: nothing is left, and it is told. */
static void no_memory(void)
{
    tx_registry *registry = fake_registry();
    fake_read read = read_ensemble(registry, "ensemble={vary: {network.kernel_size: [3, 4]}, seeds: '0:2'}");
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    for (long n = 0; status != TX_OK && n < 10000; n++) {
        tx_ensemble *ensemble = NULL;
        tx_config *config = NULL;
        tx_error error = {0};
        tx_memory_fail_after(n);
        status = tx_ensemble_create(read.config, &error, &ensemble);
        status = status ? status : tx_ensemble_member(ensemble, 3, "/runs/x", &error, &config);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || error.message[0]);
        tx_config_destroy(config);
        tx_ensemble_destroy(ensemble);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"the innermost network", innermost_network},
                                       {"ranges", ranges},
                                       {"the product", product},
                                       {"names", names_of_others},
                                       {"written", written},
                                       {"no memory", no_memory},
                                       {0}};
    return suite_run("variant", tests);
}
