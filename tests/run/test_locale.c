/* A program around the library that has set a locale with a comma for a point, and with Turkish letters: the same bytes, the same
 * words. */
#include <ctype.h>
#include <locale.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "file/folder.h"
#include "trainax/trainax.h"

static tx_registry *registry;
static tx_parallel *parallel;

static const char text[] =
    "data: {type: advection_1d_periodic, num_samples: 2, temporal_horizon: 20, dt: 0.125, key: 0}\n"
    "network: {type: conv_net, hidden_channels: 2, depth: 1, activation: Sigmoid, final_activation: IDENTITY, key: 1}\n"
    "trainer: {num_rollout_steps: 2, optimizer: {type: ADAM, learning_rate: {type: exponential_decay, init_value: "
    "2.5e-3, transition_steps: 10, decay_rate: 0.9}}, num_training_steps: 12, batch_size: 8, key: 2}\n"
    "callbacks: [{type: metrics, every: 5}, learning_rate]\n"
    "evaluation: {metrics: ['mean_fourier_nRMSE;0;3;0.5']}\n"
    "parallel: {memory: 1.5 GiB, block: AUTO}\n";

/* ---- A locale of one's own: Debian's may not be there ---- */

static void write_charmap(const char *path)
{
    FILE *file = fopen(path, "w");
    fputs("<code_set_name> ASCII\n<escape_char> /\n<comment_char> %\nCHARMAP\n", file);
    for (int c = 0; c < 128; c++) {
        fprintf(file, "<U%04X> /x%02x C%d\n", (unsigned)c, (unsigned)c, c);
    }
    fputs("END CHARMAP\n", file);
    fclose(file);
}

static void write_letters(FILE *file, const char *keyword, int first, int second)
{
    fprintf(file, "%s ", keyword);
    for (int k = 0; k < 26; k++) { /* all but I, whose small letter is another one */
        if (k != 'I' - 'A') {
            fprintf(file, second ? "%s(<U%04X>,<U%04X>)" : "%s<U%04X>", k ? ";" : "", (unsigned)(first + k),
                    (unsigned)(second + k));
        }
    }
    fputs("\n", file);
}

static void write_source(const char *path)
{
    FILE *file = fopen(path, "w");
    fputs("comment_char %\nescape_char /\nLC_CTYPE\n", file);
    write_letters(file, "upper", 'A', 0);
    write_letters(file, "lower", 'a', 0);
    write_letters(file, "tolower", 'A', 'a');
    write_letters(file, "toupper", 'a', 'A');
    fputs("END LC_CTYPE\nLC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n", file);
    fclose(file);
}

/* From here on the process has that locale. */
static void set_locale(const folder *folder)
{
    char command[800], number[8];
    write_charmap(folder_file(folder, "map").path);
    write_source(folder_file(folder, "source").path);
    snprintf(command, sizeof command, "cd '%s' && localedef -c -i ./source -f ./map ./comma >/dev/null 2>&1", folder->path);
    (void)!system(command); /* warns of what is not there: its status says nothing */
    setenv("LOCPATH", folder->path, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(setlocale(LC_ALL, "comma"));
    snprintf(number, sizeof number, "%.1f", 0.5);
    CU_ASSERT_STRING_EQUAL(number, "0,5");
    CU_ASSERT_EQUAL(tolower('I'), 'I');
}

/* ---- What a run leaves ---- */

enum { NUM_FILES = 3, NUM_TEXTS = NUM_FILES + 3 };

typedef struct result {
    char *texts[NUM_TEXTS];
    size_t sizes[NUM_TEXTS];
} result;

static void read_file(const char *path, char **out, size_t *size)
{
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    CU_ASSERT_EQUAL_FATAL(tx_allocate(*size + 1, NULL, out), TX_OK);
    CU_ASSERT_EQUAL(fread(*out, 1, *size, file), *size);
    fclose(file);
}

static void add_text(result *result, int k, char *made)
{
    result->texts[k] = made;
    result->sizes[k] = strlen(made);
}

/* A message with numbers in it. */
static char *say_wrong(void)
{
    static const char *const required[] = {"data", NULL};
    char *out;
    tx_error error = {0};
    tx_config *config;
    const tx_config_source source = {.name = "run.yaml",
                                     .text = "data: {type: advection_1d_periodic, key: 0}\nevaluation: {num_steps: 0.5}\n",
                                     .required = required};
    CU_ASSERT_EQUAL(tx_config_create(registry, &source, &error, &config), TX_INVALID);
    CU_ASSERT_EQUAL_FATAL(tx_duplicate(error.message, NULL, &out), TX_OK);
    return out;
}

static result run(const folder *folder)
{
    static const char *const names[NUM_FILES] = {"run/history.csv", "run/config.yaml", "run/network.h5"};
    const file_name directory = folder_file(folder, "run");
    const tx_config_source source = {.name = "run.yaml", .text = text};
    const tx_train_options options = {.output = directory.path, .start = TX_START_OVERWRITE};
    tx_config *config = NULL;
    tx_error error = {0};
    result result;
    char *made;
    CU_ASSERT_EQUAL(tx_config_create(registry, &source, &error, &config), TX_OK);
    CU_ASSERT_STRING_EQUAL_FATAL(error.message, "");
    CU_ASSERT_EQUAL_FATAL(tx_train(config, parallel, &options, &error), TX_OK);
    for (int k = 0; k < NUM_FILES; k++) {
        const file_name name = folder_file(folder, names[k]);
        read_file(name.path, &result.texts[k], &result.sizes[k]);
    }
    CU_ASSERT_EQUAL_FATAL(tx_inspect_config(config, 1, false, NULL, &made), TX_OK);
    *strstr(made, "memory bytes") = '\0'; /* as the allocator has rounded */
    add_text(&result, NUM_FILES, made);
    CU_ASSERT_EQUAL_FATAL(tx_inspect_file(registry, folder_file(folder, names[2]).path, false, NULL, &made), TX_OK);
    add_text(&result, NUM_FILES + 1, made);
    add_text(&result, NUM_FILES + 2, say_wrong());
    tx_config_destroy(config);
    return result;
}

static void same_bytes_in_any_locale(void)
{
    const folder folder = folder_make();
    result expected = run(&folder);
    double seconds, real;
    uint64_t bytes;
    set_locale(&folder);
    result found = run(&folder);
    for (int k = 0; k < NUM_TEXTS; k++) {
        CU_ASSERT_EQUAL(found.sizes[k], expected.sizes[k]);
        CU_ASSERT(found.sizes[k] == expected.sizes[k] && !memcmp(found.texts[k], expected.texts[k], expected.sizes[k]));
        tx_free(found.texts[k]);
        tx_free(expected.texts[k]);
    }
    CU_ASSERT(tx_parse_real("-2.5e-1", &real) && real == -0.25);
    CU_ASSERT(!tx_parse_real("0,5", &real) && !tx_parse_real("1.000,5", &real));
    CU_ASSERT(tx_parse_bytes("0.5 MIB", &bytes) && bytes == 512 << 10);
    CU_ASSERT(tx_parse_duration("0:01:30", &seconds) && seconds == 90);
    CU_ASSERT_PTR_NOT_NULL(setlocale(LC_ALL, "C"));
    folder_remove(&folder);
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) || tx_parallel_create(NULL, NULL, &parallel)) {
        return 1;
    }
    const suite_test tests[] = {{"the same bytes in any locale", same_bytes_in_any_locale}, {0}};
    const int code = suite_run("locale", tests);
    tx_parallel_destroy(parallel);
    tx_registry_destroy(registry);
    return code;
}
