/* The registry, `trainax help` and `trainax list`. */
#include "component/fake.h"

static void check_help(const tx_registry *registry, const char *name, const char *expected)
{
    char *text = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, name, &error, &text), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, expected);
    if (strcmp(text, expected)) {
        fprintf(stderr, "\n%s", text);
    }
    tx_free(text);
}

static void check_refusal(const tx_registry *registry, const char *name, const char *message)
{
    char *text = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_registry_help(registry, name, &error, &text), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, message);
    CU_ASSERT_PTR_NULL(text);
    if (strcmp(error.message, message)) {
        fprintf(stderr, "\n  got: %s\n", error.message);
    }
}

static void help_of_components(void)
{
    tx_registry *registry = fake_registry();
    char *text;
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "network/CONV", NULL, &text), TX_OK);
    CU_ASSERT(!strncmp(text, "conv (network): one convolution\n\n  option        type", 53));
    CU_ASSERT(strstr(text, "\n  padding       integer or list or same|same_lower|valid  0 ") != NULL);
    CU_ASSERT(strstr(text, "\n  padding_mode  zeros|circular|reflect|replicate          zeros ") != NULL);
    CU_ASSERT(strstr(text, "\n  key           key                                       required, or parameters ") != NULL);
    CU_ASSERT(strstr(text, " \n") == NULL);
    tx_free(text);
    check_help(registry, "callback/loss",
               "loss (callback): a loss\n\n"
               "  option         type           default   unit   text\n"
               "  configuration  configuration  required         evaluated\n"
               "  every          integer        1         steps  runs at every n-th step\n"
               "  name           text           -                name of its column in history.csv\n");
    check_help(registry, "adam",
               "adam (optimizer): Adam\n\n"
               "  option         type                default   text\n"
               "  learning_rate  number or schedule  required  the rate\n"
               "  b1             number              0.9       decay\n"
               "  momentum       number              -         momentum\n");
    check_help(registry, "mse", "mse (loss): squares\n\n  no options\n");
    check_help(registry, "optimizers", "adam  Adam\nsgd   gradient descent\n");
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "trainer", NULL, &text), TX_OK);
    CU_ASSERT(strstr(text, "\n  type                configuration ") != NULL);
    CU_ASSERT(strstr(text, "  num_training_steps  integer        required    steps ") != NULL);
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "run", NULL, &text), TX_OK);
    CU_ASSERT(strstr(text, "\n  callbacks    list of callbacks ") != NULL);
    tx_free(text);
    tx_registry_destroy(registry);
}

static void help_refused(void)
{
    tx_registry *registry = fake_registry();
    check_refusal(registry, "adamm", "nothing is called 'adamm' (did you mean 'adam'?)");
    check_refusal(registry, "qqqqqqqqqqqq", "nothing is called 'qqqqqqqqqqqq'; `trainax list` shows what there is");
    check_refusal(registry, "composite", "'composite' is several things: ask for one of configuration/composite, loss/composite");
    check_refusal(registry, "network/con", "unknown network 'con' (did you mean 'conv'? There are: conv, linear)");
    check_refusal(registry, "stepper/fou", "unknown stepper 'fou': no steppers are built into this program yet");
    check_refusal(registry, "netwrk/conv", "unknown kind 'netwrk' (did you mean 'networks'?)");
    check_refusal(registry, "/",
                  "unknown kind '' (known: sections, data, networks, blocks, steppers, residua, configurations, losses, "
                  "optimizers, schedules, callbacks, weights, initial_conditions)");
    tx_registry_destroy(registry);
}

static void lists(void)
{
    tx_registry *registry = fake_registry();
    char *text;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_registry_list(registry, "networks", NULL, &text), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, "conv    one convolution\nlinear  a matrix\n");
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_list(registry, "steppers", NULL, &text), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, "no steppers are built into this program yet\n");
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_list(registry, NULL, NULL, &text), TX_OK);
    CU_ASSERT(strstr(text, "\nnetworks\n  conv    one convolution\n  linear  a matrix\n\nconfigurations\n") != NULL);
    tx_free(text);
    CU_ASSERT_EQUAL(tx_registry_list(registry, "optimisers", &error, &text), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "unknown kind 'optimisers' (did you mean 'optimizers'?)");
    tx_registry_destroy(registry);
}

static void registry_itself(void)
{
    tx_registry *registry = fake_registry();
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_registry_add(registry, &fakes[2], &error), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "there is a network 'conv' already");
    CU_ASSERT_EQUAL(tx_registry_count(registry, TX_KIND_NETWORK), 2);
    CU_ASSERT_PTR_EQUAL(tx_registry_at(registry, TX_KIND_NETWORK, 1), tx_registry_find(registry, TX_KIND_NETWORK, "Linear"));
    CU_ASSERT_PTR_NULL(tx_registry_find(registry, TX_KIND_NETWORK, "adam"));
    CU_ASSERT_STRING_EQUAL(tx_registry_shared(registry, TX_KIND_DATA)->name, "dt");
    CU_ASSERT_STRING_EQUAL(tx_kind_plural(TX_KIND_RESIDUUM), "residua");
    tx_registry_destroy(registry);
    tx_registry_destroy(NULL);
}

int main(void)
{
    return suite_run("help", (suite_test[]){{"help of components", help_of_components},
                                            {"help refused", help_refused},
                                            {"lists", lists},
                                            {"the registry itself", registry_itself},
                                            {0}});
}
