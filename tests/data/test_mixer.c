/* The order of samples against Trainax's PermutationMixer, where windows lie, and Python's slices. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "data/table.h"
#include "data/slice.h"
#include "suite.h"
#include "trainax/data.h"

static void check_mixer(char **fields)
{
    int64_t seed, windows, batch_size;
    CU_ASSERT_EQUAL_FATAL(sscanf(fields[3], "%" SCNd64 " %" SCNd64 " %" SCNd64, &seed, &windows, &batch_size), 3);
    const tx_random random = table_random(fields[1], fields[2]);
    tx_mixer *mixer;
    CU_ASSERT_EQUAL_FATAL(tx_mixer_create(random, tx_key_make(random, seed), windows, batch_size, NULL, &mixer), TX_OK);
    for (char *answer = strtok(fields[4], ","); answer; answer = strtok(NULL, ",")) {
        int64_t step, epoch, batch, count, first, last, weighted;
        CU_ASSERT_EQUAL(sscanf(answer, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &step,
                               &epoch, &batch, &count, &first, &last, &weighted),
                        7);
        tx_minibatch got;
        tx_mixer_minibatch(mixer, step, &got);
        CU_ASSERT(got.epoch == epoch && got.batch == batch && got.count == count);
        CU_ASSERT(got.windows[0] == first && got.windows[count - 1] == last);
        for (int64_t k = 0; k < got.count; k++) {
            weighted -= (k + 1) * got.windows[k];
        }
        CU_ASSERT_EQUAL(weighted, 0);
    }
    tx_mixer_destroy(mixer);
}

static void mixer_of_trainax(void)
{
    CU_ASSERT_EQUAL(table_each("mixer", check_mixer), 16);
}

static const tx_random random_ = {TX_STREAM_PARTITIONABLE, TX_FLOAT32};

/* Steps one after the other, across the ends of epochs. */
static void steps_in_order(void)
{
    tx_mixer *mixer;
    CU_ASSERT_EQUAL_FATAL(tx_mixer_create(random_, (tx_key){{0, 4}}, 10, 4, NULL, &mixer), TX_OK);
    CU_ASSERT_EQUAL(tx_mixer_minibatches(mixer), 3);
    for (int64_t epoch = 0; epoch < 5; epoch++) {
        int seen[10] = {0};
        for (int batch = 0; batch < 3; batch++) {
            tx_minibatch got;
            tx_mixer_minibatch(mixer, 3 * epoch + batch, &got);
            CU_ASSERT(got.epoch == epoch && got.batch == batch && got.count == (batch == 2 ? 2 : 4));
            for (int64_t k = 0; k < got.count; k++) {
                CU_ASSERT_EQUAL_FATAL(got.windows[k] < 10, true);
                seen[got.windows[k]]++;
            }
        }
        for (int k = 0; k < 10; k++) {
            CU_ASSERT_EQUAL(seen[k], 1);
        }
    }
    tx_mixer_destroy(mixer);
}

static void steps_in_any_order(void)
{
    tx_mixer *mixer, *fresh;
    CU_ASSERT_EQUAL_FATAL(tx_mixer_create(random_, (tx_key){{0, 4}}, 10, 4, NULL, &mixer), TX_OK);
    static const int64_t steps[] = {14, 3, 2, 14, 0, 7, 8, 9, 8, 100, 1};
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
        tx_minibatch got, expected;
        CU_ASSERT_EQUAL_FATAL(tx_mixer_create(random_, (tx_key){{0, 4}}, 10, 4, NULL, &fresh), TX_OK);
        tx_mixer_minibatch(mixer, steps[k], &got);
        tx_mixer_minibatch(fresh, steps[k], &expected);
        CU_ASSERT_EQUAL(memcmp(got.windows, expected.windows, (size_t)expected.count * 4), 0);
        tx_mixer_destroy(fresh);
    }
    tx_mixer_destroy(mixer);
}

static void batch_is_clipped(void)
{
    tx_mixer *mixer;
    CU_ASSERT_EQUAL_FATAL(tx_mixer_create(random_, (tx_key){{0, 4}}, 7, 50, NULL, &mixer), TX_OK);
    CU_ASSERT(tx_mixer_batch_size(mixer) == 7 && tx_mixer_minibatches(mixer) == 1);
    tx_mixer_destroy(mixer);
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_mixer_create(random_, (tx_key){{0, 4}}, INT64_C(1) << 32, 50, &error, &mixer), TX_INVALID);
}

static void mixer_without_memory(void)
{
    tx_mixer *mixer;
    const size_t before = tx_memory_live();
    for (long n = 0; n < 4; n++) {
        tx_memory_fail_after(n);
        CU_ASSERT_EQUAL(tx_mixer_create(random_, (tx_key){{0, 4}}, 7, 5, NULL, &mixer), TX_FAILURE);
        tx_memory_fail_after(-1);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
}

static void windows_are_sample_major(void)
{
    const tx_data_shape shape = {.num_trajectories = 3, .num_levels = 10};
    tx_windows windows;
    CU_ASSERT_EQUAL(tx_windows_make(&shape, 4, true, NULL, &windows), TX_OK);
    CU_ASSERT_EQUAL(windows.count, 21);
    int64_t index = 0;
    for (int64_t trajectory = 0; trajectory < 3; trajectory++) {
        for (int64_t start = 0; start + 4 <= 10; start++) {
            CU_ASSERT_EQUAL(tx_windows_first_level(&windows, index++), 10 * trajectory + start);
        }
    }
    CU_ASSERT_EQUAL(tx_windows_make(&shape, 10, false, NULL, &windows), TX_OK);
    CU_ASSERT(windows.count == 3 && tx_windows_first_level(&windows, 2) == 20);
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_windows_make(&shape, 11, true, &error, &windows), TX_INVALID);
    CU_ASSERT(strstr(error.message, "11") && strstr(error.message, "10"));
}

static void check_slice(char **fields)
{
    tx_slice slice;
    CU_ASSERT_FATAL(tx_slice_parse(fields[2], atoll(fields[1]), &slice));
    int64_t k = 0, low = INT64_MAX, high = INT64_MIN;
    for (char *index = strtok(fields[3], " "); index; index = strtok(NULL, " "), k++) {
        const int64_t expected = atoll(index);
        CU_ASSERT_EQUAL(slice.start + k * slice.step, expected);
        low = expected < low ? expected : low;
        high = expected > high ? expected : high;
    }
    CU_ASSERT_EQUAL(slice.count, k);
    if (k) {
        CU_ASSERT(tx_slice_low(&slice) == low && tx_slice_extent(&slice) == high - low + 1);
    }
}

static void slices_of_python(void)
{
    CU_ASSERT(table_each("slice", check_slice) > 60);
    static const char *const wrong[] = {"", "3", "a:b", "1:2:3:4", "::0", "1.5:2", "1:2:", ": :x", "99999999999999999999:"};
    tx_slice slice;
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        CU_ASSERT_EQUAL(tx_slice_parse(wrong[k], 5, &slice), !strcmp(wrong[k], "1:2:"));
    }
}

int main(void)
{
    return suite_run("mixer", (suite_test[]){{"the mixer is Trainax's", mixer_of_trainax},
                                             {"the next minibatch leaves the last one", steps_in_order},
                                             {"steps in any order", steps_in_any_order},
                                             {"a large batch is clipped", batch_is_clipped},
                                             {"no memory", mixer_without_memory},
                                             {"windows are sample-major", windows_are_sample_major},
                                             {"slices are Python's", slices_of_python},
                                             {0}});
}
