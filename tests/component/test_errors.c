/* Wrong configurations: the whole message of each, with its place. */
#include <stdlib.h>
#include <unistd.h>

#include "component/fake.h"

/* The good configuration with `line` (1-based) replaced by `text`, or left out where text is NULL. */
typedef struct wrong_line {
    int line;
    const char *text, *message;
} wrong_line;

static const wrong_line wrong_lines[] = {
    /* unknown keys */
    {14, "  optimizer: {type: adam, learningrat: 1e-2}",
     "some/run.yaml:14:27: unknown key 'learningrat' in trainer.optimizer (did you mean 'learning_rate'?)"},
    {16, "  batchsiz: 32", "some/run.yaml:16:3: unknown key 'batchsiz' in trainer (did you mean 'batch_size'?)"},
    {12, "  num_rollout_step: 5",
     "some/run.yaml:12:3: unknown key 'num_rollout_step' in trainer (did you mean 'num_rollout_steps'?)"},
    {21, "paralel: {threads: 2}", "some/run.yaml:21:1: unknown key 'paralel' (did you mean 'parallel'?)"},
    {19, "  - {type: weight_norm, evry: 2}", "some/run.yaml:19:25: unknown key 'evry' in callbacks.0 (did you mean 'every'?)"},
    {21, "random: {zzzzzzzzz: 1}", "some/run.yaml:21:10: unknown key 'zzzzzzzzz' in random (known: stream)"},
    {10, "  key: {seed: 73, spilt: 2, index: 1}",
     "some/run.yaml:10:19: unknown key 'spilt' in network.key (did you mean 'split'?)"},
    {21, "random: {every: 1}", "some/run.yaml:21:10: unknown key 'every' in random (known: stream)"},
    {21, "random: {batchSize: 1}", "some/run.yaml:21:10: unknown key 'batchSize' in random (did you mean 'trainer.batch_size'?)"},
    {18, "  callback_fn:", "some/run.yaml:18:3: unknown key 'callback_fn' in trainer (did you mean 'callbacks' at the top level?)"},
    {13, "  zzzzzzzzz: 1",
     "some/run.yaml:13:3: unknown key 'zzzzzzzzz' in trainer (known: type, num_training_steps, batch_size, optimizer, key, "
     "record_loss_every, do_sub_stacking, time_level_loss, ref_stepper, residuum_fn, accumulate_grad_batches, freeze, ema, "
     "input_noise, augmentation, num_rollout_steps, cut_bptt, time_level_weights)"},
    {17, "  key: 42\n  shuffle_key: 42", "some/run.yaml:18:3: 'shuffle_key' and 'key' in trainer are the same key"},
    {17, "  key: 42\ncallback: []", "some/run.yaml:18:1: 'callback' and 'callbacks' are the same key"},
    {16, "  batch_size: 32\n  batchSize: 32",
     "some/run.yaml:17:3: duplicate key 'batchSize' (it stands in line 16 too, as batch_size)"},
    {14, "  optimizer: {adam: {learning_rate: 1e-2}}",
     "some/run.yaml:14:15: trainer.optimizer.type is required: write {type: adam, …}"},
    {21, "? [a, b]\n: 1", "some/run.yaml:21:3: a key must be a word, not a list"},
    /* wrong types */
    {16, "  batch_size: many", "some/run.yaml:16:15: trainer.batch_size must be an integer, not 'many'"},
    {16, "  batch_size: 2.5", "some/run.yaml:16:15: trainer.batch_size must be an integer, not '2.5'"},
    {16, "  batch_size: 1e3", "some/run.yaml:16:15: trainer.batch_size must be an integer, not '1e3' (write 1000)"},
    {16, "  batch_size: \"32\"", "some/run.yaml:16:15: trainer.batch_size must be an integer, not the text \"32\""},
    {16, "  batch_size: [32]", "some/run.yaml:16:15: trainer.batch_size must be an integer, not a list"},
    {16, "  batch_size: {a: 1}", "some/run.yaml:16:15: trainer.batch_size must be an integer, not a mapping"},
    {16, "  batch_size: 99999999999999999999",
     "some/run.yaml:16:15: trainer.batch_size must be a 64-bit integer, not 99999999999999999999"},
    {14, "  optimizer: {type: adam, learning_rate: fast}",
     "some/run.yaml:14:42: trainer.optimizer.learning_rate must be a number or a schedule, not 'fast'"},
    {14, "  optimizer: {type: adam, learning_rate: .inf}",
     "some/run.yaml:14:42: trainer.optimizer.learning_rate must be a number or a schedule, not '.inf'"},
    {14, "  optimizer: {type: adam, learning_rate: 1e999}",
     "some/run.yaml:14:42: trainer.optimizer.learning_rate must be a finite number, not 1e999"},
    {14, "  optimizer: {type: adam, learning_rate: 0x10}",
     "some/run.yaml:14:42: trainer.optimizer.learning_rate must be a number or a schedule, not '0x10'"},
    {9, "  use_bias: yes", "some/run.yaml:9:13: network.use_bias must be true or false, not 'yes'"},
    {9, "  use_bias: 0", "some/run.yaml:9:13: network.use_bias must be true or false, not '0'"},
    {6, "  kernel_size: [2, x]", "some/run.yaml:6:20: network.kernel_size must be an integer or a list of integers, not 'x'"},
    {7, "  padding: some",
     "some/run.yaml:7:12: network.padding must be an integer or a list of integers or one of same, same_lower, valid, not 'some'"},
    {7, "  padding: [[1, 2], 3]", "some/run.yaml:7:21: network.padding must be a list of numbers or of lists of 2, not both"},
    {7, "  padding: [[1, 2, 3]]", "some/run.yaml:7:13: network.padding must be a list of numbers or of lists of 2, not both"},
    {10, "  key: seven", "some/run.yaml:10:8: network.key must be an integer or {seed, split, index}, not 'seven'"},
    {10, "  key: [1, 2]", "some/run.yaml:10:8: network.key must be an integer or {seed, split, index}, not a list"},
    {13, "  time_level_weights: [1, none]",
     "some/run.yaml:13:27: trainer.time_level_weights must be a number or a list of numbers or a weights rule, not 'none'"},
    {21, "parallel: {memory: 3 apples}",
     "some/run.yaml:21:20: parallel.memory must be an amount of memory such as 512 MiB or unlimited, not '3 apples'"},
    {21, "parallel: {block: small}", "some/run.yaml:21:19: parallel.block must be an integer or auto, not 'small'"},
    {21, "output: [runs]", "some/run.yaml:21:9: output must be a mapping, not a list"},
    {21, "output: {directory: [a]}", "some/run.yaml:21:21: output.directory must be a path, not a list"},
    {21, "output: {directory: \"\"}", "some/run.yaml:21:21: output.directory must not be empty"},
    {2, "data: [sine]", "some/run.yaml:2:7: data must be a mapping with `type`, or the name of a data source, not a list"},
    {19, "  - [weight_norm]",
     "some/run.yaml:19:5: callbacks.0 must be a mapping with `type`, or the name of a callback, not a list"},
    /* closed sets */
    {1, "precision: double", "some/run.yaml:1:12: precision must be one of float32, float64, not 'double'"},
    {8, "  padding_mode: periodic",
     "some/run.yaml:8:17: network.padding_mode must be one of zeros, circular, reflect, replicate, not 'periodic'"},
    {21, "random: {stream: numpy}", "some/run.yaml:21:18: random.stream must be one of jax_partitionable, jax_legacy, not 'numpy'"},
    /* bounds */
    {16, "  batch_size: 0", "some/run.yaml:16:15: trainer.batch_size must be at least 1, not 0"},
    {15, "  num_training_steps: -1",
     "some/run.yaml:15:23: trainer.num_training_steps must be between 0 and 1000000000000000, not -1"},
    {14, "  optimizer: {type: adam, learning_rate: 0}",
     "some/run.yaml:14:42: trainer.optimizer.learning_rate must be above 0, not 0"},
    {14, "  optimizer: {type: adam, learning_rate: 1, b1: 1.5}",
     "some/run.yaml:14:49: trainer.optimizer.b1 must be between 0 and 1, not 1.5"},
    {6, "  kernel_size: [2, 0]", "some/run.yaml:6:20: network.kernel_size must be at least 1, not 0"},
    {7, "  padding: -1", "some/run.yaml:7:12: network.padding must be at least 0, not -1"},
    {10, "  key: {seed: 0, split: 2, index: 2}",
     "some/run.yaml:10:35: network.key.index must be at least 0 and below split, which is 2, not 2"},
    {10, "  key: {seed: 0, split: 2, index: -1}",
     "some/run.yaml:10:35: network.key.index must be at least 0 and below split, which is 2, not -1"},
    {10, "  key: {seed: 0, split: 0, index: 0}", "some/run.yaml:10:25: network.key.split must be between 1 and 2147483647, not 0"},
    {10, "  key: {seed: 0, split: 2}", "some/run.yaml:10:8: network.key needs index beside split: {seed: 0, split: 2, index: 1}"},
    {10, "  key: {split: 2, index: 1}", "some/run.yaml:10:8: network.key.seed is required"},
    {10, "  key: {seed: 0.5}", "some/run.yaml:10:15: network.key.seed must be an integer, not '0.5'"},
    /* missing */
    {2, NULL, "some/run.yaml:1:1: missing section 'data' (reference trajectories)"},
    {2, "data:", "some/run.yaml:2:1: missing section 'data' (reference trajectories)"},
    {16, NULL, "some/run.yaml:11:1: trainer.batch_size is required (windows in a minibatch)"},
    {16, "  batch_size:", "some/run.yaml:16:3: trainer.batch_size is required and must not be null"},
    {16, "  batch_size: null", "some/run.yaml:16:15: trainer.batch_size is required and must not be null"},
    {14, "  optimizer: {type: adam}", "some/run.yaml:14:3: trainer.optimizer.learning_rate is required (the rate)"},
    {14, "  optimizer: adam", "some/run.yaml:14:3: trainer.optimizer.learning_rate is required (the rate)"},
    {14, "  optimizer: {learning_rate: 1}", "some/run.yaml:14:3: trainer.optimizer.type is required (there are: adam, sgd)"},
    {10, NULL, "some/run.yaml:3:1: network.key is required, or parameters (initial parameters)"},
    {19, "  - {every: 2}", "some/run.yaml:19:5: callbacks.0.type is required (there are: weight_norm, loss, save_network)"},
    {19, "  - loss", "some/run.yaml:19:5: callbacks.0.configuration is required (evaluated)"},
    {9, "  use_bias: null", "some/run.yaml:9:13: network.use_bias must be true or false, not null"},
    /* as Python has it */
    {16, "  batch_size: 10_000", "some/run.yaml:16:15: trainer.batch_size must be an integer, not '10_000' (write 10000)"},
    {17, "  key: jax.random.PRNGKey(2)",
     "some/run.yaml:17:8: trainer.key must be an integer or {seed, split, index}, not 'jax.random.PRNGKey(2)' (write 2)"},
    {12, "  residuum_fn: None", "some/run.yaml:12:16: trainer.residuum_fn must be the name of a residuum, not 'None' (write null)"},
    {14, "  optimizer: optax.adam(1e-3, b1=0.9)",
     "some/run.yaml:14:14: trainer.optimizer must be written {type: adam, learning_rate: …}, not 'optax.adam(1e-3, b1=0.9)'"},
    {14, "  optimizer: {type: adam, learning_rate: optax.constant_schedule(1e-3)}",
     "some/run.yaml:14:42: trainer.optimizer.learning_rate must be written {type: constant, value: …}, not "
     "'optax.constant_schedule(1e-3)'"},
    {14, "  optimizer: {type: adam, lr: 1}",
     "some/run.yaml:14:27: unknown key 'lr' in trainer.optimizer (did you mean 'learning_rate'?)"},
    {16, "  learning_rate: 1",
     "some/run.yaml:16:3: unknown key 'learning_rate' in trainer (did you mean 'trainer.optimizer.learning_rate'?)"},
    {16, "  batch_size_fn: 1", "some/run.yaml:16:3: unknown key 'batch_size_fn' in trainer (did you mean 'batch_size'?)"},
    {14, "  optimizer: [adam]",
     "some/run.yaml:14:14: trainer.optimizer must be a mapping with `type`, or the name of an optimizer, not a list"},
    {12, "  type: GeneralTrainer",
     "some/run.yaml:12:9: unknown configuration 'GeneralTrainer': the section trainer is Trainax's GeneralTrainer; its type is "
     "that "
     "of the loss_configuration, such as supervised, or all of that stands under trainer.loss_configuration"},
    /* unknown components */
    {14, "  optimizer: {type: adamm, learning_rate: 1}",
     "some/run.yaml:14:21: unknown optimizer 'adamm' (did you mean 'adam'? There are: adam, sgd)"},
    {2, "data: {type: cosinusoidal_waves}", "some/run.yaml:2:14: unknown data source 'cosinusoidal_waves' (there are: sine, file)"},
    {12, "  type: supervized",
     "some/run.yaml:12:9: unknown configuration 'supervized' (did you mean 'supervised'? There are: supervised, composite)"},
    {12, "  type: [supervised]", "some/run.yaml:12:9: trainer.type must be the name of a configuration, not a list"},
    {12, "  type: SupervizedTrainer",
     "some/run.yaml:12:9: unknown configuration 'SupervizedTrainer' (did you mean 'supervised'? There are: supervised, composite)"},
    {19, "  - {type: GetWeightNorm}",
     "some/run.yaml:19:12: unknown callback 'GetWeightNorm' (did you mean 'weight_norm'? There are: weight_norm, loss, "
     "save_network)"},
    {12, "  time_level_loss: msee", "some/run.yaml:12:20: unknown loss 'msee' (did you mean 'mse'? There are: mse, composite)"},
    {12, "  ref_stepper: {type: fou}", "some/run.yaml:12:23: unknown stepper 'fou': this program has no steppers"},
    {12, "  ref_stepper: {cfl: 1}", "some/run.yaml:12:3: trainer.ref_stepper.type is required"},
    {4, "  type: 5", "some/run.yaml:4:9: unknown network '5' (there are: conv, linear)"},
    {4, "  type: Conv;34;10;relu", "some/run.yaml:4:9: unknown network 'Conv;34;10;relu' (there are: conv, linear)"},
    /* twice */
    {17, "  batch_size: 64", "some/run.yaml:17:3: duplicate key 'batch_size' (it stands in line 16 too)"},
    {21, "data: {}", "some/run.yaml:21:1: duplicate key 'data' (it stands in line 2 too)"},
    {20, "  - {type: loss, loss_configuration: supervised, configuration: supervised}",
     "some/run.yaml:20:18: 'loss_configuration' and 'configuration' in callbacks.1 are the same key"},
    /* syntax */
    {16, "\tbatch_size: 32", "some/run.yaml:16:2: not valid YAML: a tab cannot indent YAML; use spaces"},
    {6, "  kernel_size: [2", "some/run.yaml:8:15: not valid YAML: a ',' or the closing ']' is missing"},
    {16, "    batch_size: 32",
     "some/run.yaml:15:23: not valid YAML: no 'key: value' here (is a ':', the space after it, or some indentation missing?)"},
    {21, "a: @b", "some/run.yaml:21:4: not valid YAML: plain scalar cannot start with '@'"},
    {21, "a: \"b", "some/run.yaml:21:5: not valid YAML: double-quoted scalar without closing quote"},
    {21, "a: *b", "some/run.yaml:21:4: there is no anchor &b above"},
    {21, "a: &b [*b]", "some/run.yaml:21:8: *b stands inside of &b"},
    {21, "<<: 5", "some/run.yaml:21:5: << merges mappings, and this is none"},
    {21, "---\na: 1", "some/run.yaml:21:1: a second YAML document begins here (---); only one is read"},
    {21, "name: caf\xe9", "some/run.yaml:21:10: this is not text (byte 0xe9 is not UTF-8)"},
    {21, "name: a\x01", "some/run.yaml:21:8: this is not text (it holds the control character 0x01)"},
    {21, "name: \"a\\0b\"", "some/run.yaml:21:7: a text must not hold the character \\0"},
    /* a message stays on one line and of bearable length */
    {16, "  batch_size: \"a\\nb\"", "some/run.yaml:16:15: trainer.batch_size must be an integer, not the text \"a\\nb\""},
};

static void replace_line(const char *text, int line, const char *with, char *out)
{
    for (int k = 1; *text; k++) {
        const size_t length = strcspn(text, "\n") + 1;
        if (k != line) {
            memcpy(out, text, length);
            out += length;
        } else if (with) {
            out += sprintf(out, "%s\n", with);
        }
        text += length;
    }
    *out = '\0';
}

static void expect(const tx_registry *registry, const char *text, const char *override, const char *message)
{
    const size_t before = tx_memory_live();
    fake_read read = fake_config(registry, text, override ? 1 : 0, &override);
    CU_ASSERT_EQUAL(read.status, TX_INVALID);
    CU_ASSERT_PTR_NULL(read.config);
    CU_ASSERT_STRING_EQUAL(read.error.message, message);
    if (strcmp(read.error.message, message)) {
        fprintf(stderr, "\n  got:  %s\n  want: %s\n", read.error.message, message);
    }
    tx_config_destroy(read.config);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

static void one_wrong_line(void)
{
    tx_registry *registry = fake_registry();
    for (size_t k = 0; k < sizeof wrong_lines / sizeof *wrong_lines; k++) {
        char text[4096];
        replace_line(fake_text, wrong_lines[k].line, wrong_lines[k].text, text);
        expect(registry, text, NULL, wrong_lines[k].message);
    }
    tx_registry_destroy(registry);
}

static void wrong_files(void)
{
    static const char *const cases[][2] = {
        {"", "some/run.yaml:1:1: there is nothing in this file; a configuration has data, network and trainer"},
        {"# only a remark\n", "some/run.yaml:1:1: there is nothing in this file; a configuration has data, network and trainer"},
        {"~\n", "some/run.yaml:1:1: there is nothing in this file; a configuration has data, network and trainer"},
        {"- data\n- network\n", "some/run.yaml:1:1: a configuration must be a mapping (key: value), not a list"},
        {"\n  data\n", "some/run.yaml:2:3: a configuration must be a mapping (key: value), not 'data'"},
        {"{}\n", "some/run.yaml:1:1: missing section 'data' (reference trajectories)"},
        {"network: \"Conv;34;10;relu\"\ndata: {type: sine, num_points: 3, key: 0}\n",
         "some/run.yaml:1:10: unknown network 'Conv;34;10;relu' (there are: conv, linear)"},
        {"\xff\xfe"
         "d",
         "some/run.yaml:1:1: this is not text (byte 0xff is not UTF-8)"},
        {"\x89HDF\r\n\x1a\n", "some/run.yaml:1:1: this is not text (byte 0x89 is not UTF-8)"},
        {"data: 1: 2\n", "some/run.yaml:1:8: not valid YAML: a second ':' in one line (a text with ': ' in it needs quotes)"},
        {"data\nnetwork: 1\n",
         "some/run.yaml:1:1: not valid YAML: no 'key: value' here (is a ':', the space after it, or some indentation missing?)"},
        {"data: {type: sine\n", "some/run.yaml:2:1: not valid YAML: a ',' or the closing '}' is missing"},
        {"data:\n  samples: -3:\n  path: x.h5\n",
         "some/run.yaml:2:14: not valid YAML: a text that ends with ':' needs quotes, as in \"-3:\""},
        {"data: {samples: 10:, path: x.h5}\n",
         "some/run.yaml:1:19: not valid YAML: a text that ends with ':' needs quotes, as in \"-3:\""},
        {"data: {path: ${HOME}/x.h5}\n", "some/run.yaml:1:15: not valid YAML: a text with ${…} needs quotes here"},
        {"data: {samples: '0:', rates: {500: 0.1}\n", "some/run.yaml:2:1: not valid YAML: a ',' or the closing '}' is missing"},
        {"data: {type: file, path: x.h5, samples: {-3: }}\nnetwork: linear\ntrainer: {}\n",
         "some/run.yaml:1:41: data.samples must be a text, not a mapping (a text that ends with ':' needs quotes: \"-3:\")"},
        {"data: 1\n---\ndata: 2\n", "some/run.yaml:2:1: a second YAML document begins here (---); only one is read"},
    };
    tx_registry *registry = fake_registry();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        expect(registry, cases[k][0], NULL, cases[k][1]);
    }
    tx_registry_destroy(registry);
}

static void wrong_overrides(void)
{
    static const char *const cases[][2] = {
        {"trainer.batch_size", "--set trainer.batch_size: KEY=VALUE is expected, as in trainer.batch_size=32"},
        {"=5", "--set =5: KEY=VALUE is expected, as in trainer.batch_size=32"},
        {"trainer..batch_size=5", "--set trainer..batch_size=5: KEY=VALUE is expected, as in trainer.batch_size=32"},
        {".a=5", "--set .a=5: KEY=VALUE is expected, as in trainer.batch_size=32"},
        {"trainer.=5", "--set trainer.=5: KEY=VALUE is expected, as in trainer.batch_size=32"},
        {"trainer. x=5", "--set trainer. x=5: KEY=VALUE is expected, as in trainer.batch_size=32"},
        {"", "--set : KEY=VALUE is expected, as in trainer.batch_size=32"},
        {"trainer.batch_size=x", "--set trainer.batch_size: trainer.batch_size must be an integer, not 'x'"},
        {"trainer.batch_size=", "--set trainer.batch_size: trainer.batch_size is required and must not be null"},
        {"trainer.batch_size=[1", "--set trainer.batch_size: not valid YAML: a '[' has no closing ']'"},
        {"trainer.optimizer.learningrat=1",
         "--set trainer.optimizer.learningrat: unknown key 'learningrat' in trainer.optimizer (did you mean 'learning_rate'?)"},
        {"trainr.key=1", "--set trainr.key: unknown key 'trainr' (did you mean 'trainer'?)"},
        {"callbacks.2.every=5", "--set callbacks.2.every: callbacks has 2 items, counted from 0: there is no item 2"},
        {"callbacks.-1.every=5", "--set callbacks.-1.every: callbacks has 2 items, counted from 0: there is no item -1"},
        {"callbacks.every=5", "--set callbacks.every: callbacks is a list: 'every' must be the number of an item"},
        {"trainer.key.seed=5", "--set trainer.key.seed: trainer.key is '42', which has no keys"},
        {"trainer={}",
         "--set trainer: trainer.num_training_steps is required (updates of the parameters; 0 writes the initial ones)"},
        {"network={type: conv, a: 1, a: 2}", "--set network: duplicate key 'a'"},
    };
    tx_registry *registry = fake_registry();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        expect(registry, fake_text, cases[k][0], cases[k][1]);
    }
    tx_registry_destroy(registry);
}

static void unreadable_files(void)
{
    tx_registry *registry = fake_registry();
    tx_error error = {0};
    tx_config *config = NULL;
    CU_ASSERT_EQUAL(tx_config_read(registry, "/no/such.yaml", NULL, 0, fake_train, &error, &config), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "/no/such.yaml: cannot be read: No such file or directory");
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_config_read(registry, "/", NULL, 0, fake_train, &error, &config), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "/: cannot be read: Is a directory");
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_config_read(registry, "/dev/zero", NULL, 0, fake_train, &error, &config), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "/dev/zero: larger than 16 MiB; that is no configuration");
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_config_read(registry, "/proc/self/environ", NULL, 0, fake_train, &error, &config), TX_INVALID);
    CU_ASSERT(strstr(error.message, ": a NUL byte: this is no text in UTF-8, but a binary file or another encoding") != NULL);
    tx_registry_destroy(registry);
}

static void zeros_and_links(void)
{
    char folder[] = "/tmp/trainax-XXXXXX", path[64], link[64], expected[200], *text = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/zero.yaml", folder);
    snprintf(link, sizeof link, "%s/link.yaml", folder);
    FILE *file = fopen(path, "w");
    fwrite("data:\n  ty\0pe: file\n", 1, 20, file);
    fclose(file);
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_config_load(path, &error, &text), TX_INVALID);
    snprintf(expected, sizeof expected, "%s:2:5: a NUL byte: this is no text in UTF-8, but a binary file or another encoding",
             path);
    CU_ASSERT_STRING_EQUAL(error.message, expected);
    CU_ASSERT_EQUAL_FATAL(symlink("no/such.yaml", link), 0);
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_config_load(link, &error, &text), TX_INVALID);
    snprintf(expected, sizeof expected, "%s: cannot be read: it is a link to 'no/such.yaml', which does not exist", link);
    CU_ASSERT_STRING_EQUAL(error.message, expected);
    unlink(path);
    unlink(link);
    rmdir(folder);
}

/* Deep, wide and exponential texts end with a message, soon. */
static void hostile_texts(void)
{
    tx_registry *registry = fake_registry();
    enum { SIZE = 1 << 20 };
    char *text;
    CU_ASSERT_EQUAL_FATAL(tx_allocate(SIZE + 1, NULL, &text), TX_OK);
    memset(text, '[', SIZE);
    fake_read read = fake_config(registry, text, 0, NULL);
    CU_ASSERT_EQUAL(read.status, TX_INVALID);
    for (size_t k = 0; k < SIZE; k++) {
        text[k] = k % 2 ? ' ' : '-';
    }
    read = fake_config(registry, text, 0, NULL);
    CU_ASSERT_EQUAL(read.status, TX_INVALID);
    size_t used = 0;
    for (int k = 0; used < SIZE - 100; k++) {
        used += (size_t)sprintf(text + used, "key_%d: 1\n", k);
    }
    read = fake_config(registry, text, 0, NULL);
    CU_ASSERT_STRING_EQUAL(read.error.message, "some/run.yaml:4097:1: more than 4096 keys in one mapping");
    used = (size_t)sprintf(text, "data: {type: sine, num_points: 3, key: 0}\na0: &a0 supervised\n");
    for (int k = 1; k < 40; k++) {
        used += (size_t)sprintf(text + used, "a%d: &a%d {type: composite, configurations: [*a%d, *a%d, *a%d]}\n", k, k, k - 1,
                                k - 1, k - 1);
    }
    sprintf(text + used, "trainer: {type: composite, configurations: [*a39]}\n");
    read = fake_config(registry, text, 0, NULL);
    CU_ASSERT(strstr(read.error.message, "some/run.yaml:2:1: unknown key 'a0'") == read.error.message);
    /* the same within one value, where no unknown key ends it early */
    used = (size_t)sprintf(text, "data: {type: sine, num_points: 3, key: 0}\nnetwork: linear\ntrainer: {type: composite, "
                                 "configurations: [&a0 {type: supervised}");
    for (int k = 1; k < 12; k++) {
        used +=
            (size_t)sprintf(text + used, ",\n &a%d {type: composite, configurations: [*a%d, *a%d, *a%d]}", k, k - 1, k - 1, k - 1);
    }
    sprintf(text + used, "]}\n");
    read = fake_config(registry, text, 0, NULL);
    CU_ASSERT_EQUAL(read.status, TX_INVALID);
    CU_ASSERT(strstr(read.error.message, "more than 10000 sections") != NULL);
    /* one merge of many aliases */
    used = (size_t)sprintf(text, "a: &a {");
    for (int k = 0; k < 4000; k++) {
        used += (size_t)sprintf(text + used, "k%d: 1, ", k);
    }
    used += (size_t)sprintf(text + used, "}\nb: {<<: [*a");
    for (int k = 0; k < 3000; k++) {
        used += (size_t)sprintf(text + used, ", *a");
    }
    sprintf(text + used, "]}\n");
    read = fake_config(registry, text, 0, NULL);
    CU_ASSERT_STRING_EQUAL(read.error.message, "some/run.yaml:1:7: << merges more than 100000 keys");
    /* merged keys count as any others */
    used = 0;
    for (int of = 0; of < 2; of++) {
        used += (size_t)sprintf(text + used, "a%d: &a%d {", of, of);
        for (int k = 0; k < 4000; k++) {
            used += (size_t)sprintf(text + used, "k%d_%d: 1, ", of, k);
        }
        used += (size_t)sprintf(text + used, "}\n");
    }
    sprintf(text + used, "b: {<<: [*a0, *a1]}\n");
    read = fake_config(registry, text, 0, NULL);
    CU_ASSERT_STRING_EQUAL(read.error.message, "some/run.yaml:2:9: more than 4096 keys in one mapping");
    tx_free(text);
    tx_registry_destroy(registry);
}

/* What rooms say about a value stands at the value, and a default's at its section. */
static void errors_about_values(void)
{
    tx_registry *registry = fake_registry();
    const char *const set = "network.in_channels=4";
    fake_read read = fake_config(registry, fake_text, 1, &set);
    CU_ASSERT_EQUAL_FATAL(read.status, TX_OK);
    const tx_section *network = tx_get_section(tx_config_root(read.config), "network");
    static const struct {
        const char *option, *message;
    } cases[] = {
        {"kernel_size", "some/run.yaml:6:16: network.kernel_size: too large by 3"},
        {"in_channels", "--set network.in_channels: too large by 3"},
        {"parameters", "some/run.yaml:3:1: network.parameters: too large by 3"},
        {NULL, "some/run.yaml:3:1: network: too large by 3"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_section_error(network, cases[k].option, &error, TX_BAD_DATA, "too large by %d", 3), TX_BAD_DATA);
        CU_ASSERT_STRING_EQUAL(error.message, cases[k].message);
    }
    tx_config_destroy(read.config);
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("errors", (suite_test[]){{"one wrong line", one_wrong_line},
                                              {"wrong files", wrong_files},
                                              {"wrong overrides", wrong_overrides},
                                              {"unreadable files", unreadable_files},
                                              {"zeros and links", zeros_and_links},
                                              {"hostile texts", hostile_texts},
                                              {"errors about values", errors_about_values},
                                              {0}});
}
