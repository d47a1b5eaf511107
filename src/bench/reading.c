/* Reading trajectories: all of a file by all ranks together, beside h5py reading the same file where Python has it, else beside
 * HDF5's own H5Dread, the only reason why this file knows of HDF5. What both deliver is compared. */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "bench/bench.h"
#include "file/lzf.h"

enum { AXES = 5, TRAJECTORIES = 64, LEVELS = 16, WIDTH = 128, REPETITIONS = 5 };
static const hsize_t shape[AXES] = {TRAJECTORIES, LEVELS, 1, WIDTH, WIDTH};
enum { NUMBERS = TRAJECTORIES * LEVELS * WIDTH * WIDTH };

typedef struct bench_reading {
    const tx_bench_job *job;
    char folder[200], path[256];
    tx_config *config;
    uint64_t checksum; /* of what was read last */
    tx_status status;  /* of that */
    tx_error *error;
} bench_reading;

/* ---- The file: numbers of two decimal digits, of which gzip leaves about a third ---- */

static hid_t create_properties(const tx_bench_case *self)
{
    const hsize_t chunk[AXES] = {(hsize_t)self->block, LEVELS, 1, WIDTH, WIDTH};
    const unsigned values[] = {4, 0x0105, (unsigned)self->block * LEVELS * WIDTH * WIDTH * sizeof(float)}; /* as h5py's */
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (self->block) {
        H5Pset_chunk(creation, AXES, chunk);
    }
    if (self->part == TX_READING_LZF) {
        tx_lzf_register();
        H5Pset_filter(creation, TX_LZF_FILTER, H5Z_FLAG_OPTIONAL, 3, values);
    } else if (self->block) {
        H5Pset_deflate(creation, 1);
    }
    return creation;
}

static bool write_numbers(const char *path, const tx_bench_case *self, const float *numbers)
{
    const hid_t stored = self->part == TX_READING_FOREIGN ? H5T_IEEE_F32BE : H5T_IEEE_F32LE;
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(AXES, shape, NULL);
    const hid_t creation = create_properties(self);
    const hid_t dataset = H5Dcreate2(file, "/trajectories", stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    const bool good = H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0;
    H5Dclose(dataset);
    H5Pclose(creation);
    H5Sclose(space);
    return H5Fclose(file) >= 0 && good;
}

static tx_status write_file(const tx_bench_case *self, const bench_reading *r, tx_error *error)
{
    const tx_random random = {.stream = TX_STREAM_PARTITIONABLE, .precision = TX_FLOAT32};
    float *numbers;
    TX_TRY(tx_allocate_array(NUMBERS, sizeof *numbers, error, &numbers));
    tx_random_uniform(random, tx_key_make(random, 0), NUMBERS, -1, 1, numbers);
    for (int k = 0; k < NUMBERS; k++) {
        numbers[k] = roundf(100 * numbers[k]) / 100;
    }
    const bool good = write_numbers(r->path, self, numbers);
    tx_free(numbers);
    return good ? TX_OK : tx_error_set(error, TX_BAD_DATA, "cannot write '%s'", r->path);
}

/* Rank 0's, for all. */
static tx_status make_file(const tx_bench_case *self, bench_reading *r, tx_error *error)
{
    const char *folder = getenv("TMPDIR");
    tx_status status = TX_OK;
    if (tx_parallel_rank(r->job->parallel) == 0) {
        snprintf(r->folder, sizeof r->folder, "%s/trainax-bench-XXXXXX", folder && *folder ? folder : "/tmp");
        status = mkdtemp(r->folder) ? TX_OK : tx_error_set(error, TX_FAILURE, "cannot make a temporary folder '%s'", r->folder);
        snprintf(r->path, sizeof r->path, "%s/read.h5", r->folder);
        status = status ? status : write_file(self, r, error);
    }
    TX_TRY(tx_parallel_agree(r->job->parallel, status, error));
    return tx_parallel_broadcast(r->job->parallel, r->path, sizeof r->path, error);
}

static void remove_file(const bench_reading *r)
{
    if (r->folder[0]) {
        unlink(r->path);
        rmdir(r->folder);
    }
}

/* ---- Others ---- */

static double seconds_of_python(const char *path)
{
    static const char script[] = "\"${PYTHON:-python3}\" -c '"
                                 "import h5py, os, time\n"
                                 "def read():\n"
                                 "    start = time.perf_counter()\n"
                                 "    with h5py.File(os.environ[\"TRAINAX_BENCH_FILE\"], \"r\") as file:\n"
                                 "        file[\"trajectories\"][()]\n"
                                 "    return time.perf_counter() - start\n"
                                 "print(min(read() for _ in range(5)))' 2>/dev/null";
    double seconds = 0;
    setenv("TRAINAX_BENCH_FILE", path, 1);
    FILE *python = popen(script, "r");
    const bool known = python && fscanf(python, "%lf", &seconds) == 1;
    if (python) {
        pclose(python);
    }
    unsetenv("TRAINAX_BENCH_FILE");
    return known ? seconds : 0;
}

static double read_plainly(const char *path, uint64_t *checksum)
{
    const double start = tx_clock();
    float *numbers = malloc(NUMBERS * sizeof *numbers);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, "/trajectories", H5P_DEFAULT);
    const bool good = numbers && H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0;
    H5Dclose(dataset);
    H5Fclose(file);
    const double seconds = tx_clock() - start;
    tx_hash hash;
    tx_hash_begin(&hash);
    *checksum = good ? tx_hash_part(&hash, numbers, 0, NUMBERS) : 0;
    free(numbers);
    return seconds;
}

static void time_others(const bench_reading *r, tx_measurement *out, uint64_t *checksum)
{
    double plainly = HUGE_VAL;
    for (int k = 0; k < REPETITIONS; k++) {
        const double seconds = read_plainly(r->path, checksum);
        plainly = seconds < plainly ? seconds : plainly;
    }
    const double python = seconds_of_python(r->path);
    out->other = python > 0 ? "h5py" : "H5Dread";
    out->other_rate = NUMBERS * sizeof(float) / (python > 0 ? python : plainly);
}

/* ---- Ours ---- */

static tx_status read_once(bench_reading *r)
{
    const tx_section *data = tx_get_section(tx_config_root(r->config), "data");
    const tx_data_setup setup = {.random = {.precision = TX_FLOAT32}};
    tx_dataset *dataset;
    TX_TRY(tx_dataset_create(r->job->parallel, data, setup, TX_SHARDED, r->error, &dataset));
    r->checksum = dataset->checksum;
    tx_dataset_destroy(dataset);
    return TX_OK;
}

static void read_all(void *state)
{
    bench_reading *r = state;
    r->status = r->status ? r->status : read_once(r);
}

static tx_status configure(bench_reading *r)
{
    char path[300];
    const char *const overrides[] = {path};
    snprintf(path, sizeof path, "data.path=%s", r->path);
    const tx_config_source source = {.name = "reading", .text = "data: {type: file}\n", .overrides = overrides, .num_overrides = 1};
    return tx_config_create(r->job->registry, &source, r->error, &r->config);
}

static tx_status measure(const tx_bench_case *self, bench_reading *r, tx_measurement *m)
{
    tx_parallel *parallel = r->job->parallel;
    uint64_t expected = 0;
    TX_TRY(make_file(self, r, r->error));
    TX_TRY(tx_parallel_agree(parallel, configure(r), r->error));
    if (tx_parallel_rank(parallel) == 0) {
        time_others(r, m, &expected);
    }
    TX_TRY(tx_parallel_broadcast(parallel, &expected, sizeof expected, r->error));
    TX_TRY(tx_bench_measure(tx_kernels_get(tx_isa_count() - 1, TX_FLOAT32), parallel, read_all, r, r->error, m));
    m->rate = NUMBERS * sizeof(float) / m->seconds;
    m->bytes = NUMBERS * sizeof(float) / (size_t)m->cores;
    m->error = r->checksum != expected;
    return tx_parallel_agree(parallel, r->status, r->error);
}

tx_status tx_bench_reading(const tx_bench_case *self, const tx_bench_job *job, tx_error *error, tx_measurement *out)
{
    bench_reading r = {.job = job, .error = error};
    tx_measurement m = {.cores = tx_parallel_size(job->parallel)};
    const tx_status status = measure(self, &r, &m);
    tx_config_destroy(r.config);
    remove_file(&r);
    if (status == TX_OK) {
        *out = m;
    }
    return status;
}
