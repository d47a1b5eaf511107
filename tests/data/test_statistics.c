/* ranks: 1 2 3
 * Statistics of channels: against plain sums in extended precision, on numbers whose mean is large beside their spread; the same
 * bits on any number of ranks. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/section.h"
#include "data/statistics.h"
#include "suite.h"
#include "trainax/file.h"

enum { SAMPLES = 4, LEVELS = 9, CHANNELS = 3, POINTS = 11, STRIDE = 2, NUMBERS = SAMPLES * LEVELS * CHANNELS * POINTS };

static tx_parallel *parallel;
static char folder[64], path[96];
static const int64_t lengths[SAMPLES] = {9, 1, 5, 2};
static double values[NUMBERS];

static double value_at(int s, int t, int c, int k)
{
    return values[((s * LEVELS + t) * CHANNELS + c) * POINTS + k];
}

/* A large mean, an ordinary one, tiny numbers; behind the lengths there is nothing finite. */
static void write_data(void)
{
    static const double scale[CHANNELS] = {1e-3, 1.0, 1e-140}, offset[CHANNELS] = {1e5, -0.3, 0.0};
    const int64_t size[] = {SAMPLES, LEVELS, CHANNELS, POINTS}, samples = SAMPLES;
    tx_file *file;
    srand(1);
    for (int k = 0; k < NUMBERS; k++) {
        const int c = k / POINTS % CHANNELS, t = k / POINTS / CHANNELS % LEVELS, s = k / POINTS / CHANNELS / LEVELS;
        values[k] = t < lengths[s] ? offset[c] + scale[c] * ((double)rand() / RAND_MAX - 0.5) : (double)NAN;
    }
    if (tx_parallel_rank(parallel) == 0) {
        CU_ASSERT_EQUAL(tx_file_create(NULL, &file), TX_OK);
        tx_file_write_reals(file, "/trajectories", 4, size, TX_FLOAT64, values, NULL);
        tx_file_write_integers(file, "/lengths", 1, &samples, lengths, NULL);
        CU_ASSERT_EQUAL(tx_file_save(file, path, NULL, NULL), TX_OK);
        tx_file_close(file);
    }
    CU_ASSERT_EQUAL(tx_parallel_barrier(parallel, NULL), TX_OK);
}

/* Of x, or of x[t + STRIDE] - x[t]: twice over the numbers, as one would write it down. */
static void naive(int channel, bool deltas, double *mean, double *std, double *rms)
{
    long double sum = 0, squares = 0, spread = 0;
    int64_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int s = 0; s < SAMPLES; s++) {
            for (int t = 0; t + (deltas ? STRIDE : 0) < lengths[s]; t++) {
                for (int k = 0; k < POINTS; k++) {
                    const double here = value_at(s, t, channel, k);
                    const long double x = deltas ? (long double)(value_at(s, t + STRIDE, channel, k) - here) : here;
                    sum += pass ? 0 : x;
                    squares += pass ? 0 : x * x;
                    count += !pass;
                    spread += pass ? (x - sum / count) * (x - sum / count) : 0;
                }
            }
        }
    }
    *mean = (double)(sum / count);
    *std = (double)sqrtl(spread / count);
    *rms = (double)sqrtl(squares / count);
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-14 * fabs(b); /* extended sums of 200 numbers, rounded */
}

static void statistics_are_right(void)
{
    char text[160];
    data_section section;
    tx_data_source *source;
    tx_channel_statistics found[CHANNELS], alone[CHANNELS];
    write_data();
    snprintf(text, sizeof text, "{type: file, path: %s, dt_stride: %d}", path, STRIDE);
    CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &section), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_data_source_create(section.section, (tx_data_setup){.random.precision = TX_FLOAT64}, NULL, &source),
                          TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_data_statistics(parallel, source, true, true, NULL, found), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_data_statistics(NULL, source, true, true, NULL, alone), TX_OK);
    CU_ASSERT_EQUAL(memcmp(found, alone, sizeof found), 0);
    for (int c = 0; c < CHANNELS; c++) {
        double mean, std, rms, mean_delta, std_delta, rms_delta;
        naive(c, false, &mean, &std, &rms);
        naive(c, true, &mean_delta, &std_delta, &rms_delta);
        CU_ASSERT(near(found[c].mean, mean) && near(found[c].std, std) && near(found[c].rms, rms));
        CU_ASSERT(near(found[c].std_delta, std_delta) && near(found[c].rms_delta, rms_delta));
        CU_ASSERT_EQUAL(found[c].count, (9 + 1 + 5 + 2) * POINTS);
        CU_ASSERT_EQUAL(found[c].not_finite, 0);
    }
    tx_data_source_destroy(source);
    data_section_close(&section);
}

int main(void)
{
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    char name[64] = "/tmp/trainax_statistics_XXXXXX";
    if (tx_parallel_rank(parallel) == 0 && !mkdtemp(name)) {
        return 1;
    }
    tx_parallel_broadcast(parallel, name, sizeof name, NULL);
    memcpy(folder, name, sizeof name);
    snprintf(path, sizeof path, "%s/ref.h5", folder);
    const int code = suite_run("statistics", (suite_test[]){{"statistics are right", statistics_are_right}, {0}});
    tx_parallel_barrier(parallel, NULL);
    if (tx_parallel_rank(parallel) == 0) {
        unlink(path);
        rmdir(folder);
    }
    tx_parallel_destroy(parallel);
    return code;
}
