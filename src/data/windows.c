/* Where windows lie in the trajectories. */
#include "trainax/data.h"

#include <inttypes.h>
#include <math.h>

#include "base/memory.h"

/* Levels from the first to the last one of the narrowest window. */
static int64_t extent(const tx_windows *windows)
{
    return (windows->length - 1) * windows->stride[0] + 1;
}

static int64_t starts(const tx_windows *windows, int64_t levels, bool do_sub_stacking)
{
    const int64_t room = levels - extent(windows) + 1;
    return room < 1 ? 0 : do_sub_stacking ? room : 1;
}

/* Of trajectories of unequal length. */
static tx_status count_each(tx_windows *windows, const tx_data_shape *shape, bool do_sub_stacking, tx_error *error)
{
    const int64_t count = shape->num_trajectories;
    TX_TRY(tx_allocate_array(2 * (size_t)count + 1, sizeof(int64_t), error, &windows->lengths));
    windows->before = windows->lengths + count;
    windows->count = 0;
    for (int64_t k = 0; k < count; k++) {
        const int64_t here = starts(windows, shape->lengths[k], do_sub_stacking);
        windows->lengths[k] = shape->lengths[k];
        windows->count += here;
        windows->before[k + 1] = windows->count;
        windows->too_short += here == 0;
    }
    return TX_OK;
}

static tx_status too_few(const tx_windows *windows, tx_error *error)
{
    if (windows->stride[0] > 1) {
        return tx_error_set(error, TX_INVALID,
                            "a window holds %d time levels, %" PRId64 " apart (dt_stride), but the trajectories have only %" PRId64,
                            windows->length, windows->stride[0], windows->num_levels);
    }
    return tx_error_set(error, TX_INVALID,
                        "a window holds %d time levels (the initial state and what is rolled out), but the trajectories have "
                        "only %" PRId64,
                        windows->length, windows->num_levels);
}

tx_status tx_windows_make(const tx_data_shape *shape, int length, bool do_sub_stacking, tx_error *error, tx_windows *out)
{
    const int64_t stride = tx_data_stride(shape);
    tx_windows windows = {.num_levels = shape->num_levels,
                          .length = length,
                          .stride = {stride, shape->stride[1] > stride ? shape->stride[1] : stride},
                          .num_trajectories = shape->num_trajectories};
    if (length > 1 && stride > shape->num_levels) { /* no product of both overflows then */
        return too_few(&windows, error);
    }
    windows.per_trajectory = starts(&windows, shape->num_levels, do_sub_stacking);
    windows.count = windows.per_trajectory * shape->num_trajectories;
    if (!windows.count) {
        return too_few(&windows, error);
    }
    TX_TRY(shape->lengths ? count_each(&windows, shape, do_sub_stacking, error) : TX_OK);
    *out = windows;
    return TX_OK;
}

void tx_windows_free(tx_windows *windows)
{
    tx_free(windows->lengths);
    *windows = (tx_windows){0};
}

int64_t tx_windows_trajectory(const tx_windows *windows, int64_t index)
{
    int64_t low = 0, high = windows->num_trajectories; /* before[low] <= index < before[high] */
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        *(windows->before[middle] <= index ? &low : &high) = middle;
    }
    return low;
}

/* The largest one with which the window still lies in its trajectory. */
static int64_t most_stride(const tx_windows *windows, int64_t index)
{
    const int64_t level = tx_windows_first_level(windows, index), trajectory = level / windows->num_levels;
    const int64_t length = windows->lengths ? windows->lengths[trajectory] : windows->num_levels;
    const int64_t room =
        windows->length > 1 ? (length - 1 - level % windows->num_levels) / (windows->length - 1) : windows->stride[1];
    return room < windows->stride[1] ? room : windows->stride[1];
}

int64_t tx_windows_draw_stride(const tx_windows *windows, tx_random random, tx_key key, int64_t index)
{
    float narrow;
    double wide;
    const bool single = random.precision == TX_FLOAT32;
    if (windows->stride[0] == windows->stride[1]) {
        return windows->stride[0];
    }
    tx_random_uniform(random, tx_key_fold_in(key, (uint32_t)index), 1, 0.0, 1.0, single ? (void *)&narrow : &wide);
    const double v = single ? (double)narrow : wide;
    return windows->stride[0] + (int64_t)floor(v * (double)(most_stride(windows, index) - windows->stride[0] + 1));
}
