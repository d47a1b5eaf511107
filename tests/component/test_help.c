/* The registry, `trainax help` and `trainax list`. */
#include "component/fake.h"

static void check_help(const tx_registry *registry, const char *name, const char *expected)
{
    char *text = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, name, 0, &error, &text), TX_OK);
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
    CU_ASSERT_EQUAL(tx_registry_help(registry, name, 0, &error, &text), TX_INVALID);
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
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "network/CONV", 0, NULL, &text), TX_OK);
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
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "trainer", 0, NULL, &text), TX_OK);
    CU_ASSERT(strstr(text, "\n  type                     configuration ") != NULL);
    CU_ASSERT(strstr(text, "  num_training_steps       integer                        required    steps ") != NULL);
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "run", 0, NULL, &text), TX_OK);
    CU_ASSERT(strstr(text, "\n  callbacks           list of callbacks, or one ") != NULL);
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
    check_refusal(registry, "stepper/fou", "unknown stepper 'fou': this program has no steppers");
    check_refusal(registry, "netwrk/conv", "unknown kind 'netwrk' (did you mean 'networks'?)");
    check_refusal(registry, "/",
                  "unknown kind '' (known: sections, data, networks, blocks, steppers, residua, configurations, losses, "
                  "optimizers, transforms, schedules, callbacks, weights, initial_conditions, metrics, baselines, "
                  "augmentations, scenarios)");
    tx_registry_destroy(registry);
}

static void help_of_options(void)
{
    tx_registry *registry = fake_registry();
    char *text;
    check_help(registry, "trainer.optimizer",
               "  option             type       default   text\n"
               "  trainer.optimizer  optimizer  required  makes updates of gradients\n\n"
               "optimizers\n  adam  Adam\n  sgd   gradient descent\n");
    check_help(registry, "network_key",
               "  option       type  default  text\n"
               "  network_key  key   -        key of a network that is written as its APEBench descriptor\n");
    check_help(registry, "adam.b1",
               "  option   type    default  text\n"
               "  adam.b1  number  0.9      decay\n");
    check_help(registry, "trainer.num_rollout_steps", /* of the configuration, which stands in the same mapping */
               "  option                     type     default  unit   text\n"
               "  trainer.num_rollout_steps  integer  1        steps  rollout\n");
    check_help(registry, "B1",
               "  option  type    default  text\n"
               "  b1      number  0.9      decay (in optimizer/adam, optimizer/sgd)\n");
    check_help(registry, "trainer.configurations.weight",
               "  option                         type    default  text\n"
               "  trainer.configurations.weight  number  1        weight of the part\n");
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "data", 0, NULL, &text), TX_OK);
    CU_ASSERT(strstr(text, "\n  data    data source  -        reference trajectories\n\ndata\n  sine  sines\n") != NULL);
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "key", 0, NULL, &text), TX_OK);
    CU_ASSERT(strstr(text, "{seed: 0, split: 2, index: 1} is jax.random.split(PRNGKey(0), 2)[1]") != NULL);
    tx_free(text);
    check_refusal(registry, "adam.b9", "nothing is called 'adam.b9' (did you mean 'adam'?)");
    check_refusal(registry, "num_rollot_steps", "nothing is called 'num_rollot_steps' (did you mean 'num_rollout_steps'?)");
    tx_registry_destroy(registry);
}

static tx_status rule(const char *descriptor, size_t size, char *section, tx_error *error)
{
    int kernel;
    if (sscanf(descriptor, "Conv;%d", &kernel) != 1) {
        return tx_error_set(error, TX_INVALID, "no");
    }
    snprintf(section, size, "{type: conv, kernel_size: %d}", kernel);
    return TX_OK;
}

static tx_short_form forms(int index)
{
    return index == 0 ? (tx_short_form){"Lin;SIZE", "linear"} : (tx_short_form){0};
}

static void short_forms(void)
{
    tx_registry *registry = fake_registry();
    char *text;
    tx_registry_describe(registry, TX_KIND_NETWORK, rule, forms);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "Conv;3", 0, NULL, &text), TX_OK);
    CU_ASSERT(!strncmp(text, "Conv;3 is short for\n  {type: conv, kernel_size: 3}\n\nconv (network): one convolution\n", 82));
    tx_free(text);
    check_help(registry, "lin", "Lin;SIZE  linear\n\nlinear (network): a matrix\n\n  no options\n");
    check_help(registry, "networks", "conv    one convolution\nlinear  a matrix\n\nalso written\n  Lin;SIZE  linear\n");
    tx_registry_destroy(registry);
}

static void lists(void)
{
    tx_registry *registry = fake_registry();
    char *text;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_registry_list(registry, "networks", 0, NULL, &text), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, "conv    one convolution\nlinear  a matrix\n");
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_list(registry, "steppers", 0, NULL, &text), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, "this program has no steppers\n");
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_list(registry, NULL, 0, NULL, &text), TX_OK);
    CU_ASSERT(strstr(text, "\nnetworks\n  conv    one convolution\n  linear  a matrix\n\nconfigurations\n") != NULL);
    tx_free(text);
    CU_ASSERT_EQUAL(tx_registry_list(registry, "optimisers", 0, &error, &text), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "unknown kind 'optimisers' (did you mean 'optimizers'?)");
    tx_registry_destroy(registry);
}

static void registry_itself(void)
{
    tx_registry *registry = fake_registry();
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_registry_add(registry, &fakes[2], &error), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "there is a network 'conv' already");
    tx_option options[102] = {0};
    char names[101][8];
    for (int k = 0; k < 101; k++) { /* the 101st is one too many: none is dropped without a word */
        snprintf(names[k], sizeof names[k], "o%d", k);
        options[k] = (tx_option){.name = names[k], .type = TX_TYPE_STRING, .initial = "null"};
    }
    const tx_component many = {.kind = TX_KIND_NETWORK, .name = "many", .summary = "", .options = options};
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_registry_add(registry, &many, &error), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "the network 'many' has 101 options, more than 100");
    CU_ASSERT_EQUAL(tx_registry_count(registry, TX_KIND_NETWORK), 2);
    CU_ASSERT_PTR_EQUAL(tx_registry_at(registry, TX_KIND_NETWORK, 1), tx_registry_find(registry, TX_KIND_NETWORK, "Linear"));
    CU_ASSERT_PTR_NULL(tx_registry_find(registry, TX_KIND_NETWORK, "adam"));
    CU_ASSERT_STRING_EQUAL(tx_registry_shared(registry, TX_KIND_DATA)->name, "dt");
    CU_ASSERT_STRING_EQUAL(tx_kind_plural(TX_KIND_RESIDUUM), "residua");
    tx_registry_destroy(registry);
    tx_registry_destroy(NULL);
}

static void schema_needs_run(void)
{
    tx_registry *registry = NULL;
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create(NULL, &registry), TX_OK);
    CU_ASSERT_EQUAL(tx_registry_schema(registry, NULL, &text), TX_INVALID);
    CU_ASSERT_PTR_NULL(text);
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("help", (suite_test[]){{"help of components", help_of_components},
                                            {"help of options", help_of_options},
                                            {"short forms", short_forms},
                                            {"help refused", help_refused},
                                            {"lists", lists},
                                            {"the registry itself", registry_itself},
                                            {"a schema needs run", schema_needs_run},
                                            {0}});
}
