/* Checkpoints that are whole, and hold what no run can go on from: refused as damaged, whoever sealed them. */
#include <math.h>

#include "file/folder.h"
#include "file/seal.h"
#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"

static tx_parallel *parallel;

static tx_status train_with(const char *optimizer, const char *directory, int num_steps, tx_start start, tx_error *error)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    char steps[64];
    snprintf(steps, sizeof steps, "trainer.num_training_steps=%d", num_steps);
    const char *const overrides[] = {steps, optimizer, "callbacks=[]", "output.checkpoint_interval=0"};
    const tx_config_source source = {
        .name = "test.yaml", .text = advection, .overrides = overrides, .num_overrides = 4, .required = required};
    tx_registry *registry = NULL;
    tx_config *config = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(NULL, &registry), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    const tx_train_options options = {.output = directory, .start = start};
    const tx_status status = tx_train(config, parallel, &options, error);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    return status;
}

static tx_status train(const char *directory, int num_steps, tx_start start, tx_error *error)
{
    return train_with("trainer.optimizer.type=adam", directory, num_steps, start, error);
}

typedef struct content {
    size_t bytes;
    unsigned char data[1 << 18];
} content;

static void write_sealed(const char *path, content *c)
{
    const size_t bytes = c->bytes - TX_SEAL_BYTES;
    tx_seal_make(c->data, bytes, c->data + bytes);
    file_write(path, c->data, c->bytes);
}

/* The first bytes of an array. */
static void put(const char *path, content *c, const char *array, const void *value, size_t bytes)
{
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, array, H5P_DEFAULT);
    const haddr_t offset = H5Dget_offset(dataset);
    CU_ASSERT_FATAL(dataset >= 0 && offset < c->bytes);
    memcpy(c->data + offset, value, bytes);
    H5Dclose(dataset);
    H5Fclose(file);
}

static const struct {
    const char *text, *instead; /* with the zero before them */
    const char *array;          /* or this one begins with a value */
    const void *value;
    size_t bytes;
    const char *message;
} damages[] = {
    {"\0float32", "\0float16", .message = "its `precision` is 'float16'"},
    {"\0float32", "\0float64", .message = "its `precision` is not that of its configuration"},
    {"\0trainax network", "\0trainax natwork", .message = "its `format` is another"},
    {.array = "/optimizer/mu", .value = &(float){NAN}, .bytes = sizeof(float), .message = "/optimizer/mu holds NaN"},
    {.array = "/optimizer/count", .value = &(int64_t){4}, .bytes = 8, .message = "its step is 3, but its optimizer has done 4"},
    {.array = "/optimizer/count", .value = &(int64_t){-1}, .bytes = 8, .message = "its step is 3, but its optimizer has done -1"},
};

static void what_it_says_is_checked(void)
{
    static content whole, changed;
    const folder folder = folder_make();
    const file_name run = folder_file(&folder, "run"), path = folder_file(&folder, "run/checkpoint.h5");
    CU_ASSERT_EQUAL_FATAL(train(run.path, 3, TX_START_NEW, NULL), TX_OK);
    whole.bytes = file_read(path.path, (char *)whole.data, sizeof whole.data);
    CU_ASSERT_FATAL(whole.bytes > TX_SEAL_BYTES && whole.bytes < sizeof whole.data);
    for (size_t k = 0; k < sizeof damages / sizeof *damages; k++) {
        tx_error error = {0};
        changed = whole;
        if (damages[k].text) {
            const size_t length = 1 + strlen(damages[k].text + 1);
            unsigned char *at = memmem(changed.data, changed.bytes, damages[k].text, length);
            CU_ASSERT_PTR_NOT_NULL_FATAL(at);
            memcpy(at, damages[k].instead, length);
        } else {
            put(path.path, &changed, damages[k].array, damages[k].value, damages[k].bytes);
        }
        write_sealed(path.path, &changed);
        CU_ASSERT_EQUAL(train(run.path, 6, TX_START_RESUME, &error), TX_BAD_DATA);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, damages[k].message));
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "damaged"));
        write_sealed(path.path, &whole);
    }
    put(path.path, &whole, "/optimizer/count", &(int64_t){1}, sizeof(int64_t)); /* three steps for an update is no damage */
    write_sealed(path.path, &whole);
    CU_ASSERT_EQUAL(train(run.path, 6, TX_START_RESUME, NULL), TX_OK);
    folder_remove(&folder);
}

/* Where a run goes on and diverges at once, its checkpoint is that of the run that was never interrupted: with the row of that
 * step. */
static void what_diverges_at_once_is_recorded(void)
{
    static const char far[] = "trainer.optimizer.learning_rate=3.0e+38";
    static content whole, resumed;
    const folder folder = folder_make();
    const file_name one = folder_file(&folder, "one"), two = folder_file(&folder, "two");
    CU_ASSERT_EQUAL(train_with(far, one.path, 6, TX_START_NEW, NULL), TX_DIVERGED);
    CU_ASSERT_EQUAL(train_with(far, two.path, 1, TX_START_NEW, NULL), TX_OK);
    for (int again = 0; again < 2; again++) {
        CU_ASSERT_EQUAL(train_with(far, two.path, 6, TX_START_RESUME, NULL), TX_DIVERGED);
        whole.bytes = file_read(folder_file(&folder, "one/checkpoint.h5").path, (char *)whole.data, sizeof whole.data);
        resumed.bytes = file_read(folder_file(&folder, "two/checkpoint.h5").path, (char *)resumed.data, sizeof resumed.data);
        CU_ASSERT_EQUAL(whole.bytes, resumed.bytes);
        CU_ASSERT_EQUAL(memcmp(whole.data, resumed.data, whole.bytes), 0);
    }
    folder_remove(&folder);
}

int main(void)
{
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code =
        suite_run("run/checkpoint", (suite_test[]){{"what it says is checked", what_it_says_is_checked},
                                                   {"what diverges at once is recorded", what_diverges_at_once_is_recorded},
                                                   {0}});
    tx_parallel_destroy(parallel);
    return code;
}
