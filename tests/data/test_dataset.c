/* ranks: 1 2 3
 * Data spread over ranks and written by them together: the same numbers as one process reads, and the same errors on all. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/memory.h"
#include "data/section.h"
#include "suite.h"
#include "trainax/file.h"

static tx_parallel *parallel;
static char folder[64], path[96];

static const char advection[] = "{type: advection_1d_periodic, num_samples: 5, temporal_horizon: 11, num_points: 9, "
                                "highest_init_mode: 3, dt: 0.5, key: 1}";
static const char rollout[] = "{type: rollout, stepper: {type: advection_1d_spectral, cfl: 0.4}, initial_condition: "
                              "random_truncated_fourier_series, num_samples: 5, temporal_horizon: 11, num_points: 9, "
                              "num_warmup_steps: 2, dt: 0.5, key: 1}";
static const char diverging[] = "{type: lorenz_rk4, num_samples: 4, temporal_horizon: 30, num_warmup_steps: 0, dt: 1.0, key: 1}";

/* All numbers of a source, read by this process alone. */
static void *read_all(const tx_section *section, tx_random random, tx_data_shape *shape)
{
    tx_data_source *source;
    CU_ASSERT_EQUAL_FATAL(tx_data_source_create(section, (tx_data_setup){.random = random}, NULL, &source), TX_OK);
    *shape = source->shape;
    const int64_t levels = shape->num_trajectories * shape->num_levels;
    void *values = malloc((size_t)(levels * tx_data_level_size(shape)) * tx_real_bytes(random.precision));
    CU_ASSERT_EQUAL(tx_data_source_read(source, 0, levels, values, NULL), TX_OK);
    tx_data_source_destroy(source);
    return values;
}

/* Fetches every window of `length` levels on every rank and compares it. */
static void windows_hold(tx_dataset *dataset, const char *expected, int length)
{
    tx_windows windows;
    CU_ASSERT_EQUAL_FATAL(tx_windows_make(&dataset->shape, length, true, NULL, &windows), TX_OK);
    const size_t bytes = (size_t)tx_data_level_size(&dataset->shape) * tx_real_bytes(dataset->precision);
    CU_ASSERT_EQUAL(tx_store_reserve(dataset->store, 1, length, NULL), TX_OK);
    for (int64_t k = 0; k < windows.count; k++) {
        const int64_t first = tx_windows_first_level(&windows, k);
        const void *const *window;
        CU_ASSERT_EQUAL(tx_store_fetch(dataset->store, 0, 1, length, &first, NULL), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_store_wait(dataset->store, 0, &window, NULL), TX_OK);
        CU_ASSERT_EQUAL(memcmp(*window, expected + (size_t)first * bytes, (size_t)length * bytes), 0);
    }
}

static uint64_t checksum_of(const void *values, size_t bytes)
{
    tx_hash hash;
    tx_hash_begin(&hash);
    return tx_hash_part(&hash, values, 0, bytes / 4);
}

static void datasets_hold_their_source(void)
{
    for (int k = 0; k < 8; k++) {
        const tx_random random = {TX_STREAM_LEGACY, k % 2 ? TX_FLOAT64 : TX_FLOAT32};
        data_section section;
        tx_data_shape shape;
        tx_dataset *dataset;
        tx_error error = {0};
        CU_ASSERT_EQUAL_FATAL(data_section_open(k / 4 ? rollout : advection, NULL, &section), TX_OK);
        void *expected = read_all(section.section, random, &shape);
        CU_ASSERT_EQUAL_FATAL(tx_dataset_create(parallel, section.section, (tx_data_setup){.random = random, .threads = 2},
                                                k / 2 % 2 ? TX_REPLICATED : TX_SHARDED, &error, &dataset),
                              TX_OK);
        CU_ASSERT(dataset->shape.num_trajectories == 5 && dataset->shape.num_levels == 11 && dataset->shape.dt == 0.5);
        windows_hold(dataset, expected, 4);
        CU_ASSERT_EQUAL(dataset->checksum, checksum_of(expected, 5 * 11 * 9 * tx_real_bytes(random.precision)));
        tx_dataset_destroy(dataset);
        free(expected);
        data_section_close(&section);
    }
}

static tx_status write_file(const tx_section *section, tx_data_setup setup, const char *where, tx_error *error)
{
    tx_data_source *source;
    TX_TRY(tx_data_source_open(parallel, section, setup, error, &source));
    const tx_status status = tx_dataset_write(parallel, source, &(tx_output){where, true}, error);
    tx_data_source_destroy(source);
    return status;
}

/* Written by all, read back by each through the file source. */
static void files_hold_their_source(void)
{
    for (int k = 0; k < 4; k++) {
        const tx_random random = {TX_STREAM_PARTITIONABLE, k % 2 ? TX_FLOAT64 : TX_FLOAT32};
        data_section section, written;
        tx_data_shape shape, again;
        char text[160];
        CU_ASSERT_EQUAL_FATAL(data_section_open(k / 2 ? rollout : advection, NULL, &section), TX_OK);
        CU_ASSERT_EQUAL_FATAL(write_file(section.section, (tx_data_setup){.random = random, .threads = 2}, path, NULL), TX_OK);
        char *expected = read_all(section.section, random, &shape);
        snprintf(text, sizeof text, "{type: file, path: %s}", path);
        CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &written), TX_OK);
        char *values = read_all(written.section, random, &again);
        CU_ASSERT(again.dt == 0.5 && tx_shape_equal(&again.state, &shape.state) && again.num_levels == shape.num_levels);
        const int64_t count = shape.num_trajectories * shape.num_levels * tx_data_level_size(&shape);
        CU_ASSERT_EQUAL(memcmp(values, expected, (size_t)count * tx_real_bytes(random.precision)), 0);
        free(values);
        free(expected);
        data_section_close(&section);
        data_section_close(&written);
        CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    }
}

/* The checksum is that of the numbers that are delivered: whatever part of a file they are, stored however, on any ranks. */
static void checksums_are_those_of_the_numbers(void)
{
    enum { SAMPLES = 5, LEVELS = 3, POINTS = 100003 };
    static const struct {
        const char *slices;
        tx_precision precision;
        int64_t first, count, step; /* points */
        int64_t sample, samples;
    } cases[] = {{"", TX_FLOAT32, 0, POINTS, 1, 0, SAMPLES},
                 {"", TX_FLOAT64, 0, POINTS, 1, 0, SAMPLES},
                 {", samples: '2:'", TX_FLOAT32, 0, POINTS, 1, 2, SAMPLES - 2},
                 {", points: '1::2'", TX_FLOAT32, 1, POINTS / 2, 2, 0, SAMPLES}};
    const tx_random random = {TX_STREAM_LEGACY, TX_FLOAT32};
    const int64_t size[] = {SAMPLES, LEVELS, 1, POINTS}, per_sample = LEVELS * POINTS;
    float *values = malloc(SAMPLES * per_sample * sizeof *values);
    double *chosen = malloc(SAMPLES * per_sample * sizeof *chosen);
    for (int64_t k = 0; k < SAMPLES * per_sample; k++) {
        values[k] = (float)(k * 7919 % 100003) / 64.0f;
    }
    for (int sealed = 0; sealed < 2; sealed++) {
        if (tx_parallel_rank(parallel) == 0) {
            tx_file_writer *writer;
            tx_file *file;
            CU_ASSERT_EQUAL(tx_file_create(NULL, &file), TX_OK);
            CU_ASSERT_EQUAL(tx_file_write_reals(file, "/trajectories", 4, size, TX_FLOAT32, values, NULL), TX_OK);
            CU_ASSERT_EQUAL(tx_file_save(file, path, NULL, NULL), TX_OK);
            tx_file_close(file);
            if (sealed) {
                CU_ASSERT_EQUAL_FATAL(tx_file_writer_create(NULL, path, 4, size, TX_FLOAT32, NULL, &writer), TX_OK);
                CU_ASSERT_EQUAL(tx_file_writer_write(writer, 0, SAMPLES * LEVELS, values, NULL), TX_OK);
                CU_ASSERT_EQUAL(tx_file_writer_finish(writer, NULL), TX_OK);
            }
        }
        CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            const tx_random wanted = {random.stream, cases[k].precision};
            int64_t count = 0;
            for (int64_t level = cases[k].sample * LEVELS; level < (cases[k].sample + cases[k].samples) * LEVELS; level++) {
                for (int64_t i = 0; i < cases[k].count; i++, count++) {
                    const float value = values[level * POINTS + cases[k].first + i * cases[k].step];
                    if (wanted.precision == TX_FLOAT32) {
                        ((float *)chosen)[count] = value;
                    } else {
                        chosen[count] = value;
                    }
                }
            }
            data_section section;
            tx_dataset *dataset;
            char text[200];
            snprintf(text, sizeof text, "{type: file, path: %s%s}", path, cases[k].slices);
            CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &section), TX_OK);
            CU_ASSERT_EQUAL_FATAL(
                tx_dataset_create(parallel, section.section, (tx_data_setup){.random = wanted}, TX_SHARDED, NULL, &dataset), TX_OK);
            CU_ASSERT_EQUAL(dataset->checksum, checksum_of(chosen, (size_t)count * tx_real_bytes(wanted.precision)));
            tx_dataset_destroy(dataset);
            data_section_close(&section);
        }
        CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    }
    free(chosen);
    free(values);
}

/* A file source from which others are made: what stands beside its trajectories goes along, by the chosen samples. */
static void what_stands_beside_goes_along(void)
{
    static const struct {
        const char *slice;
        int64_t count, start, step;
    } cases[] = {{":", 6, 0, 1}, {"::-2", 3, 5, -2}, {"4:", 2, 4, 1}};
    const int64_t size[] = {6, 2, 1}, rows[] = {6, 2};
    const double values[12] = {0};
    for (int k = 0; k < 6; k++) {
        const tx_precision precision = k % 2 ? TX_FLOAT64 : TX_FLOAT32;
        if (tx_parallel_rank(parallel) == 0) {
            tx_file *file;
            CU_ASSERT_EQUAL(tx_file_create(NULL, &file), TX_OK);
            tx_file_write_reals(file, "/trajectories", 3, size, TX_FLOAT64, values, NULL);
            tx_file_write_reals(file, "/parameters", 2, rows, precision, /* exact in both */
                                k % 2 ? (const void *)(double[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
                                      : (const void *)(float[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                                NULL);
            tx_file_set_text(file, "/", "channel_names", "temperature", NULL);
            CU_ASSERT_EQUAL(tx_file_save(file, path, NULL, NULL), TX_OK);
            tx_file_close(file);
        }
        CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
        char text[160], copy[128], *names;
        data_section section;
        tx_file *file;
        tx_array_shape shape;
        double parameters[12];
        snprintf(text, sizeof text, "{type: file, path: %s, samples: '%s'}", path, cases[k / 2].slice);
        snprintf(copy, sizeof copy, "%s/copy.h5", folder);
        CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &section), TX_OK);
        CU_ASSERT_EQUAL_FATAL(write_file(section.section, (tx_data_setup){0}, copy, NULL), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_file_open(copy, NULL, &file), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_file_shape(file, "/parameters", NULL, &shape), TX_OK);
        CU_ASSERT(shape.rank == 2 && shape.size[0] == cases[k / 2].count && shape.size[1] == 2 && shape.is_float);
        CU_ASSERT_EQUAL(shape.bytes, 4); /* the run's precision */
        CU_ASSERT_EQUAL(tx_file_read_reals(file, "/parameters", 2, shape.size, TX_FLOAT64, parameters, NULL), TX_OK);
        for (int64_t j = 0; j < 2 * cases[k / 2].count; j++) {
            CU_ASSERT_EQUAL(parameters[j], (double)(2 * (cases[k / 2].start + j / 2 * cases[k / 2].step) + j % 2));
        }
        CU_ASSERT_EQUAL_FATAL(tx_file_get_text(file, "/", "channel_names", NULL, &names), TX_OK);
        CU_ASSERT_STRING_EQUAL(names, "temperature");
        tx_free(names);
        tx_file_close(file);
        data_section_close(&section);
        CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
        unlink(copy);
    }
}

/* Rows for other trajectories than there are, or without numbers: an error on all ranks, and no file. */
static void parameters_that_do_not_fit(void)
{
    static const struct {
        int64_t rows[2];
        double last;
        const char *message;
    } cases[] = {{{5, 1}, 0.0, "has 5 trajectories, where others have 6"}, {{6, 1}, NAN, "a number is missing, or not finite"}};
    const int64_t size[] = {6, 2, 1};
    for (int k = 0; k < 2; k++) {
        char text[160], copy[128];
        data_section section;
        tx_error error = {0};
        if (tx_parallel_rank(parallel) == 0) {
            const double values[12] = {[5] = cases[k].last};
            tx_file *file;
            CU_ASSERT_EQUAL(tx_file_create(NULL, &file), TX_OK);
            tx_file_write_reals(file, "/trajectories", 3, size, TX_FLOAT64, (double[12]){0}, NULL);
            tx_file_write_reals(file, "/parameters", 2, cases[k].rows, TX_FLOAT64, values, NULL);
            CU_ASSERT_EQUAL(tx_file_save(file, path, NULL, NULL), TX_OK);
            tx_file_close(file);
        }
        CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
        snprintf(text, sizeof text, "{type: file, path: %s}", path);
        snprintf(copy, sizeof copy, "%s/copy.h5", folder);
        CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &section), TX_OK);
        CU_ASSERT_EQUAL(write_file(section.section, (tx_data_setup){0}, copy, &error), TX_BAD_DATA);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[k].message));
        CU_ASSERT_NOT_EQUAL(access(copy, F_OK), 0);
        data_section_close(&section);
        CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    }
}

/* Ranks that read finite numbers fail with those that do not; nothing is left behind. */
static void failures_are_common(void)
{
    data_section section;
    tx_dataset *dataset = NULL;
    tx_error error = {0}, same = {0};
    const size_t before = tx_memory_live();
    if (tx_parallel_rank(parallel) == 0) {
        unlink(path);
    }
    CU_ASSERT_EQUAL_FATAL(data_section_open(diverging, NULL, &section), TX_OK);
    CU_ASSERT_EQUAL(tx_dataset_create(parallel, section.section, (tx_data_setup){0}, TX_SHARDED, &error, &dataset), TX_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "trajectory 0, level"));
    CU_ASSERT_EQUAL(write_file(section.section, (tx_data_setup){0}, path, &same), TX_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(same.message, "trajectory 0, level"));
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    data_section_close(&section);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

/* One rank alone cannot make its source: all get its message. */
static void one_rank_without_memory(void)
{
    const int last = tx_parallel_size(parallel) - 1;
    data_section section;
    CU_ASSERT_EQUAL_FATAL(data_section_open(advection, NULL, &section), TX_OK);
    for (long n = 0; n < 8; n++) { /* the allocations of a source */
        tx_dataset *dataset = NULL;
        tx_error error = {0};
        if (tx_parallel_rank(parallel) == last) {
            tx_memory_fail_after(n);
        }
        const tx_status status = tx_dataset_create(parallel, section.section, (tx_data_setup){0}, TX_SHARDED, &error, &dataset);
        tx_memory_fail_after(-1);
        CU_ASSERT_EQUAL(status, TX_FAILURE);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "out of memory"));
    }
    data_section_close(&section);
}

int main(void)
{
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    int process = (int)getpid();
    tx_parallel_broadcast(parallel, &process, sizeof process, NULL);
    snprintf(folder, sizeof folder, "/tmp/trainax_dataset_%d", process);
    snprintf(path, sizeof path, "%s/ref.h5", folder);
    tx_directory_make(folder, NULL);
    tx_parallel_barrier(parallel, NULL);
    const int code = suite_run("dataset", (suite_test[]){{"datasets hold their source", datasets_hold_their_source},
                                                         {"files hold their source", files_hold_their_source},
                                                         {"checksums are those of the numbers", checksums_are_those_of_the_numbers},
                                                         {"what stands beside goes along", what_stands_beside_goes_along},
                                                         {"parameters that do not fit", parameters_that_do_not_fit},
                                                         {"failures are common", failures_are_common},
                                                         {"one rank without memory", one_rank_without_memory},
                                                         {0}});
    tx_parallel_barrier(parallel, NULL);
    if (tx_parallel_rank(parallel) == 0) {
        unlink(path);
        rmdir(folder);
    }
    tx_parallel_destroy(parallel);
    return code;
}
