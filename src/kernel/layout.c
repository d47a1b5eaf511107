/* How a tensor of a block lies in memory, and views of it. */
#include "kernel/layout.h"

static int64_t round_up(int64_t n, int64_t multiple)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there are columns */
    return (n + multiple - 1) / multiple * multiple;
}

static int64_t gcd(int64_t a, int64_t b)
{
    return b ? gcd(b, a % b) : a;
}

/* Rows are walked as outer[0] x outer[1] x row; axes that are missing count as one. */
static void describe_rows(tx_layout *layout)
{
    const int axes = layout->shape.axes;
    layout->row = axes ? layout->shape.n[axes - 1] * layout->block : layout->block;
    for (int k = 0; k < 2; k++) {
        const int axis = axes - 3 + k;
        layout->outer[k] = axis >= 0 ? layout->shape.n[axis] : 1;
        layout->outer_stride[k] = axis >= 0 ? layout->stride[axis] : 0;
    }
}

/* At least eight 64-byte vectors, so that additions do not wait for each other; at most a page of partial sums. A block that
 * has no such common multiple is its own period: it is long enough. */
static int64_t column_period(int64_t block, int64_t line)
{
    const int64_t common = block / gcd(block, line) * line;
    const int64_t period = round_up(8 * line, common);
    return period <= 64 * line ? period : block;
}

tx_layout tx_layout_make(size_t real_bytes, tx_shape shape, int block, const int64_t low[TX_MAX_AXES],
                         const int64_t high[TX_MAX_AXES])
{
    const int64_t line = 64 / (int64_t)real_bytes;
    tx_layout layout = {.shape = shape, .block = block, .period = column_period(block, line)};
    int64_t extent = block;
    for (int d = shape.axes - 1; d >= 0; d--) {
        layout.low[d] = low ? low[d] : 0;
        layout.high[d] = high ? high[d] : 0;
        layout.stride[d] = extent;
        layout.origin += layout.low[d] * extent;
        extent *= layout.low[d] + shape.n[d] + layout.high[d];
        if (d == shape.axes - 1 && d > 0) {
            extent = round_up(extent, line);
        }
    }
    const int64_t first = round_up(layout.origin, line);
    layout.channel = round_up(extent + line, line);
    if (layout.channel / line % 2 == 0) {
        layout.channel += line;
    }
    layout.size = layout.channel * shape.channels + (first - layout.origin > 0 ? line : 0);
    layout.origin = first;
    describe_rows(&layout);
    return layout;
}

tx_layout tx_layout_view(const tx_layout *layout, const int64_t before[TX_MAX_AXES], const int64_t after[TX_MAX_AXES])
{
    tx_layout view = *layout;
    for (int d = 0; d < layout->shape.axes; d++) {
        view.shape.n[d] += before[d] + after[d];
        view.low[d] -= before[d];
        view.high[d] -= after[d];
        view.origin -= before[d] * layout->stride[d];
    }
    describe_rows(&view);
    return view;
}

tx_layout tx_layout_channels(const tx_layout *layout, int64_t first, int64_t count)
{
    tx_layout part = *layout;
    part.shape.channels = count;
    part.origin += first * layout->channel;
    return part;
}
