/* Names from Python are taken as they are, mean one thing each, and are canonical in the resolved configuration. */
#include "component/fake.h"

#include "base/name.h"
#include "component/registry.h"
#include "component/yaml.h"
#include "trainax/trainax.h"

static char *resolved(const tx_registry *registry, const char *text, int num_overrides, const char *const *overrides)
{
    char *out = NULL;
    fake_read read = fake_config(registry, text, num_overrides, overrides);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_section_write(tx_config_root(read.config), NULL, &out), TX_OK);
    tx_config_destroy(read.config);
    return out;
}

static void same_configuration(const char *text, int num_overrides, const char *const *overrides)
{
    tx_registry *registry = fake_registry();
    char *expected = resolved(registry, fake_text, 0, NULL), *got = resolved(registry, text, num_overrides, overrides);
    CU_ASSERT_STRING_EQUAL(got, expected);
    tx_free(expected);
    tx_free(got);
    tx_registry_destroy(registry);
}

static void other_spellings(void)
{
    same_configuration("Precision: jnp.float64\n"
                       "DATA: {Type: Sine, numPoints: 30, key: 0}\n"
                       "network_fn:\n"
                       "  type: eqx.nn.Conv\n"
                       "  inChannels: 1\n"
                       "  kernelsize: 2\n"
                       "  padding: SAME\n"
                       "  paddingMode_fn: 'jnp.Circular'\n"
                       "  useBias: False\n"
                       "  key: {Seed: 73, SPLIT: 2, index_: 1}\n"
                       "trainer:\n"
                       "  type: tx.trainer.SupervisedTrainer\n"
                       "  loss_fn: MSELoss\n"
                       "  num_rollout_steps: 5\n"
                       "  timeLevelWeights: [1, 0.5, 1e-3, 0, 2]\n"
                       "  optimizer: {type: optax.Adam, learningRate: 1e-2}\n"
                       "  num_minibatches: 1000\n"
                       "  batchSize: 32\n"
                       "  shuffle_key: 42\n"
                       "callback_fn:\n"
                       "  - WeightNormCallback\n"
                       "  - {type: tx.callback.Loss, every: 10, name: five, lossConfiguration: {type: SupervisedConfiguration}}\n"
                       "parallel: {memory: 512 MiB, Threads: 2}\n",
                       0, NULL);
}

static void other_spellings_of_overrides(void)
{
    static const char *const set[] = {"trainer.batchSize=32", "trainer.num_minibatches=1000", "Network.key.SEED=73",
                                      "trainer.optimizer.Type=optax.Adam"};
    char text[2048];
    snprintf(text, sizeof text, "%s", fake_text);
    memcpy(strstr(text, "32"), "99", 2);
    memcpy(strstr(text, "1000"), "9999", 4);
    memcpy(strstr(text, "73"), "99", 2);
    same_configuration(text, sizeof set / sizeof *set, set);
}

/* What Trainax 0.0.2, PDEquinox 0.1.2, Optax 0.2.8 and Equinox 0.13.8 call them, as their documentation writes it. */
static const struct {
    tx_kind kind;
    const char *python, *ours;
} python_names[] = {
    {TX_KIND_CONFIGURATION, "tx.trainer.SupervisedTrainer", "supervised"},
    {TX_KIND_CONFIGURATION, "DivertedChainBranchOneTrainer", "diverted_chain_branch_one"},
    {TX_KIND_CONFIGURATION, "ResiduumTrainer", "residuum"},
    {TX_KIND_CONFIGURATION, "tx.configuration.DivertedChain", "diverted_chain"},
    {TX_KIND_CONFIGURATION, "MixChainPostPhysics", "mix_chain_post_physics"},
    {TX_KIND_CONFIGURATION, "Composite", "composite"},
    {TX_KIND_LOSS, "MSELoss", "mse"},
    {TX_KIND_LOSS, "Normalized_MSELoss", "normalized_mse"},
    {TX_KIND_LOSS, "trainax.loss.Normalized_MAELoss", "normalized_mae"},
    {TX_KIND_CALLBACK, "WeightNorm", "weight_norm"},
    {TX_KIND_CALLBACK, "GradNorm", "grad_norm"},
    {TX_KIND_CALLBACK, "Loss", "loss"},
    {TX_KIND_CALLBACK, "GetNetwork", "get_network"},
    {TX_KIND_CALLBACK, "SaveNetwork", "save_network"},
    {TX_KIND_CALLBACK, "CompositeCallback", "composite"},
    {TX_KIND_DATA, "tx.sample_data.advection_1d_periodic", "advection_1d_periodic"},
    {TX_KIND_DATA, "lorenz_rk4", "lorenz_rk4"},
    {TX_KIND_NETWORK, "ClassicUNet", "classic_u_net"},
    {TX_KIND_NETWORK, "pdeqx.arch.ModernUNet", "modern_u_net"},
    {TX_KIND_NETWORK, "ClassicFNO", "classic_fno"},
    {TX_KIND_NETWORK, "ClassicResNet", "classic_res_net"},
    {TX_KIND_NETWORK, "ModernResNet", "modern_res_net"},
    {TX_KIND_NETWORK, "DilatedResNet", "dilated_res_net"},
    {TX_KIND_NETWORK, "ConvNet", "conv_net"},
    {TX_KIND_NETWORK, "MLP", "mlp"},
    {TX_KIND_NETWORK, "pdequinox.Hierarchical", "hierarchical"},
    {TX_KIND_NETWORK, "Sequential", "sequential"},
    {TX_KIND_NETWORK, "eqx.nn.Conv1d", "conv"},
    {TX_KIND_NETWORK, "equinox.nn.Conv3d", "conv"},
    {TX_KIND_NETWORK, "eqx.nn.Linear", "linear"},
    {TX_KIND_BLOCK, "ClassicDoubleConvBlockFactory", "classic_double_conv_block"},
    {TX_KIND_BLOCK, "pdeqx.blocks.LinearChannelAdjustBlock", "linear_channel_adjust_block"},
    {TX_KIND_BLOCK, "LinearConvDownBlockFactory", "linear_conv_down_block"},
    {TX_KIND_BLOCK, "LinearConvUpBlockFactory", "linear_conv_up_block"},
    {TX_KIND_BLOCK, "LinearConvBlock", "linear_conv_block"},
    {TX_KIND_BLOCK, "ClassicSpectralBlockFactory", "classic_spectral_block"},
    {TX_KIND_BLOCK, "DilatedResBlock", "dilated_res_block"},
    {TX_KIND_BLOCK, "ModernResBlockFactory", "modern_res_block"},
    {TX_KIND_BLOCK, "ClassicResBlock", "classic_res_block"},
    {TX_KIND_OPTIMIZER, "optax.adam", "adam"},
    {TX_KIND_OPTIMIZER, "optax.sign_sgd", "sign_sgd"},
    {TX_KIND_SCHEDULE, "optax.warmup_cosine_decay_schedule", "warmup_cosine_decay"},
    {TX_KIND_SCHEDULE, "optax.schedules.exponential_decay", "exponential_decay"},
    {TX_KIND_SCHEDULE, "piecewise_interpolate_schedule", "piecewise_interpolate"},
    {TX_KIND_SCHEDULE, "join_schedules", "join_schedules"},
    {TX_KIND_SCHEDULE, "sgdr_schedule", "sgdr"},
    {TX_KIND_INITIAL_CONDITION, "exponax.ic.RandomTruncatedFourierSeries", "random_truncated_fourier_series"},
};

static tx_registry *builtin(void)
{
    tx_registry *registry = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(NULL, &registry), TX_OK);
    return registry;
}

static void names_from_python(void)
{
    tx_registry *registry = builtin();
    for (size_t k = 0; k < sizeof python_names / sizeof *python_names; k++) {
        const tx_component *found = tx_registry_find(registry, python_names[k].kind, python_names[k].python);
        CU_ASSERT_STRING_EQUAL(found ? found->name : python_names[k].python, python_names[k].ours);
    }
    CU_ASSERT_PTR_NULL(tx_registry_find(registry, TX_KIND_LOSS, "mse_schedule"));
    CU_ASSERT_PTR_NULL(tx_registry_find(registry, TX_KIND_LOSS, "loss"));
    tx_registry_destroy(registry);
}

/* -- every name means one thing -- */

typedef struct spellings {
    const char *names[256];
    int count;
} spellings;

static void add_once(spellings *all, const char *name)
{
    for (int k = 0; name && k < all->count; k++) {
        CU_ASSERT_FALSE(tx_same_key(all->names[k], name));
    }
    if (name) {
        all->names[all->count++] = name;
    }
}

static void check_words(const tx_option *option)
{
    spellings words = {.count = 0};
    char text[512];
    snprintf(text, sizeof text, "%s", option->words ? option->words : "");
    for (char *rest, *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        CU_ASSERT_STRING_EQUAL(tx_name_after_module(word), word);
        add_once(&words, word);
    }
}

static bool has(const tx_option *options, const char *name)
{
    while (options && options->name && strcmp(options->name, name)) {
        options++;
    }
    return options && options->name;
}

/* Options of `hidden` have been taken already, under the very same name. */
static void take_options(spellings *keys, const tx_option *options, const tx_option *hidden, const tx_option *also)
{
    for (; options && options->name; options++) {
        check_words(options);
        if (!has(hidden, options->name) && !has(also, options->name)) {
            add_once(keys, options->name);
            add_once(keys, options->alias);
        }
    }
}

/* The keys of every component with all that may stand beside them: its kind's, those of a list, those of an inline one. */
static void check_keys(const tx_registry *registry, const tx_component *component, const tx_option *outer)
{
    spellings keys = {.count = 0};
    const tx_option *shared = tx_registry_shared_by(registry, component);
    if (!has(outer, "type") && !has(component->options, "type")) {
        add_once(&keys, "type");
    }
    take_options(&keys, outer, NULL, NULL);
    take_options(&keys, component->options, outer, NULL);
    take_options(&keys, shared, component->options, outer);
    for (const tx_option *option = outer ? NULL : component->options; option && option->name; option++) {
        for (int k = 0; option->type == TX_TYPE_INLINE && k < tx_registry_count(registry, option->kind); k++) {
            check_keys(registry, tx_registry_at(registry, option->kind, k), component->options);
        }
        for (int k = 0; option->each && k < tx_registry_count(registry, option->kind); k++) {
            check_keys(registry, tx_registry_at(registry, option->kind, k), option->each);
        }
    }
}

static void one_meaning_each(void)
{
    tx_registry *registry = builtin();
    for (int kind = 0; kind < TX_KIND_COUNT; kind++) {
        for (int k = 0; k < tx_registry_count(registry, (tx_kind)kind); k++) {
            const tx_component *component = tx_registry_at(registry, (tx_kind)kind, k);
            for (int other = 0; other < k; other++) {
                const char *name = tx_registry_at(registry, (tx_kind)kind, other)->name;
                CU_ASSERT_FALSE(tx_same_name(name, component->name, tx_kind_endings((tx_kind)kind)));
                CU_ASSERT_FALSE(tx_same_name(component->name, name, tx_kind_endings((tx_kind)kind)));
            }
            check_keys(registry, component, NULL);
        }
    }
    tx_registry_destroy(registry);
}

static void no_second_component_of_a_name(void)
{
    static const tx_component second = {TX_KIND_LOSS, "MSE_Loss", "again", NULL, NULL, false, false, NULL};
    tx_error error = {0};
    tx_registry *registry = fake_registry();
    CU_ASSERT_EQUAL(tx_registry_add(registry, &second, &error), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "there is a loss 'MSE_Loss' already");
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_registry_add_for(registry, &second, TX_ABI + 1, &error), TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "compile it again"));
    tx_registry_destroy(registry);
}

static void help_by_any_name(void)
{
    tx_registry *registry = builtin();
    char *text, *same;
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "tx.trainer.SupervisedTrainer", 0, NULL, &text), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "supervised", 0, NULL, &same), TX_OK);
    CU_ASSERT_STRING_EQUAL(text, same);
    tx_free(text);
    tx_free(same);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "shuffleKey", 0, NULL, &text), TX_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  key     key   required  shuffles the windows (in section/trainer)"));
    tx_free(text);
    CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, "InitialCondition/Normal", 0, NULL, &text), TX_OK);
    tx_free(text);
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("component/names", (suite_test[]){{"other spellings", other_spellings},
                                                       {"other spellings of overrides", other_spellings_of_overrides},
                                                       {"names from Python", names_from_python},
                                                       {"one meaning each", one_meaning_each},
                                                       {"no second component of a name", no_second_component_of_a_name},
                                                       {"help by any name", help_by_any_name},
                                                       {0}});
}
