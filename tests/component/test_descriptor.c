/* A component written as a short text: where its key and its errors stand, and what the resolved configuration says. */
#include "component/fake.h"

/* "NAME;CHANNELS" */
static tx_status rule(const char *descriptor, size_t size, char *section, tx_error *error)
{
    const char *end = strchr(descriptor, ';');
    if (!strcmp(end, ";bad")) {
        return tx_error_set(error, TX_INVALID, "'bad' is no number");
    }
    snprintf(section, size, "{type: %.*s, in_channels: %s, kernel_size: 2}", (int)(end - descriptor), descriptor, end + 1);
    return TX_OK;
}

static fake_read read_text(const tx_registry *registry, const char *text)
{
    return fake_config(registry, text, 0, NULL);
}

#define DATA "data: {type: sine, num_points: 3, key: 0}\n"
#define TRAINER "trainer: {num_training_steps: 1, batch_size: 2, key: 0, optimizer: {type: adam, learning_rate: 1}}\n"

static void stands_for_a_section(void)
{
    tx_registry *registry = fake_registry();
    tx_registry_describe(registry, TX_KIND_NETWORK, rule, NULL);
    fake_read read = read_text(registry, DATA TRAINER "network: conv;5\nnetwork_key: {seed: 0, split: 2, index: 1}\n");
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    const tx_section *network = tx_get_section(tx_config_root(read.config), "network");
    CU_ASSERT_STRING_EQUAL(tx_section_name(network), "conv");
    CU_ASSERT_EQUAL(tx_get_integer(network, "in_channels"), 5);
    CU_ASSERT_EQUAL(tx_get_key(network, "key").index, 1);
    char *resolved = NULL; /* says it in full, and reads back to the same */
    CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(read.config), NULL, &resolved), TX_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(resolved, "type: conv"));
    fake_read again = read_text(registry, resolved);
    CU_ASSERT_EQUAL_FATAL(again.status, TX_OK);
    CU_ASSERT_EQUAL(tx_section_same_run(tx_config_root(again.config), tx_config_root(read.config), NULL), TX_OK);
    tx_free(resolved);
    tx_config_destroy(read.config);
    tx_config_destroy(again.config);
    tx_registry_destroy(registry);
}

static void starts_from_stored_parameters(void)
{
    tx_registry *registry = fake_registry();
    tx_registry_describe(registry, TX_KIND_NETWORK, rule, NULL);
    fake_read read = read_text(registry, DATA TRAINER "network: conv;5\nnetworkParameters: init.h5\n");
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    const tx_section *network = tx_get_section(tx_config_root(read.config), "network");
    const char *path = tx_get_string(network, "parameters");
    CU_ASSERT_EQUAL(path[0], '/');
    CU_ASSERT_PTR_NOT_NULL(strstr(path, "/some/init.h5"));
    CU_ASSERT_FALSE(tx_has(network, "key"));
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

static void errors_have_its_place(void)
{
    static const char *const cases[][2] = {
        {DATA TRAINER "network: conv;bad\nnetwork_key: 1\n", "some/run.yaml:3:10: network: 'bad' is no number"},
        {DATA TRAINER "network: conv;0\nnetwork_key: 1\n", "some/run.yaml:3:10: network.in_channels must be at least 1, not 0"},
        {DATA TRAINER "network: later;3\nnetwork_key: 1\n",
         "some/run.yaml:3:10: network: 'later;3' is the network later, which this program does not have"},
        {DATA TRAINER "network: conv;3\n",
         "some/run.yaml:3:10: network_key is required, or network_parameters (initial parameters of 'conv;3')"},
        {DATA TRAINER "network: conv;3\nnetwork_key:\nnetwork_parameters: null\n", "some/run.yaml:3:10: network_key is required"},
        {DATA TRAINER "network: conv;3\nnetwork_parameters: [1]\n", "some/run.yaml:4:21: network.parameters must be a path"},
        {DATA TRAINER "network: conv;3\nnetwork_key: a\n", "some/run.yaml:4:14: network.key must be"},
        {DATA TRAINER "network: {type: conv, in_channels: 1, kernel_size: 1, key: 0}\nnetwork_key: 1\n",
         "some/run.yaml:4:1: network_key is for a network that is written as its descriptor: write network.key"},
        {DATA TRAINER "network: {type: conv, in_channels: 1, kernel_size: 1, key: 0}\nnetwork_parameters: x.h5\n",
         "some/run.yaml:4:1: network_parameters is for a network that is written as its descriptor: write network.parameters"},
        {DATA TRAINER "network: {type: conv;3}\n", "some/run.yaml:3:17: unknown network 'conv;3'"},
    };
    tx_registry *registry = fake_registry();
    tx_registry_describe(registry, TX_KIND_NETWORK, rule, NULL);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        fake_read read = read_text(registry, cases[k][0]);
        CU_ASSERT_EQUAL(read.status, TX_INVALID);
        const bool right = strstr(read.error.message, cases[k][1]) == read.error.message;
        CU_ASSERT(right);
        if (!right) {
            printf("\n  got:  %s\n  want: %s\n", read.error.message, cases[k][1]);
        }
        tx_config_destroy(read.config);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("component/descriptor", (suite_test[]){{"stands for a section", stands_for_a_section},
                                                            {"starts from stored parameters", starts_from_stored_parameters},
                                                            {"errors have its place", errors_have_its_place},
                                                            {0}});
}
