/* Where windows lie in the trajectories. */
#include "trainax/data.h"

#include <inttypes.h>

tx_status tx_windows_make(const tx_data_shape *shape, int length, bool do_sub_stacking, tx_error *error, tx_windows *out)
{
    if (length > shape->num_levels) {
        return tx_error_set(error, TX_INVALID,
                            "a window holds %d time levels (the initial state and what is rolled out), but the trajectories have "
                            "only %" PRId64,
                            length, shape->num_levels);
    }
    const int64_t starts = do_sub_stacking ? shape->num_levels - length + 1 : 1;
    *out = (tx_windows){
        .num_levels = shape->num_levels, .length = length, .per_trajectory = starts, .count = starts * shape->num_trajectories};
    return TX_OK;
}
