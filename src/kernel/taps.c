/* What a convolution's shape must keep to, and where its taps read. */
#include "kernel/taps.h"

#include <limits.h>

int tx_conv_phases(const int64_t *phases, int axes)
{
    int64_t product = 1;
    for (int d = 0; d < axes; d++) {
        product *= tx_conv_phases_of(phases, d);
    }
    return (int)product;
}

void tx_conv_phase(const tx_conv_shape *shape, int phase, int64_t r[TX_MAX_AXES])
{
    for (int d = shape->y.shape.axes - 1; d >= 0; phase /= (int)tx_conv_phases_of(shape->y_phases, d), d--) {
        r[d] = phase % tx_conv_phases_of(shape->y_phases, d);
    }
}

/* Rounds towards -infinity. */
static int64_t divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Where tap t along an axis reads x for cell 0 of y's phase r: a cell and a phase of x. False: nowhere. */
static bool tap_place(const tx_conv_shape *shape, int axis, int64_t r, int64_t t, int64_t *cell, int64_t *phase)
{
    const int64_t sx = tx_conv_phases_of(shape->x_phases, axis), sy = tx_conv_phases_of(shape->y_phases, axis);
    const int64_t at = r + shape->shift[axis] + t * shape->dilation[axis];
    *cell = divide(at, sx * sy); /* one of them is 1 */
    *phase = sx > 1 ? at - *cell * sx : 0;
    return sy == 1 || *cell * sy == at;
}

/* The taps of an axis must stay in x's interior and halo. */
static tx_status check_axis(const tx_conv_shape *shape, int axis, tx_error *error)
{
    int64_t first = 0, last = 0, cell, phase;
    bool any = false;
    for (int64_t r = 0; r < tx_conv_phases_of(shape->y_phases, axis); r++) {
        for (int64_t t = 0; t < shape->kernel[axis]; t++) {
            if (tap_place(shape, axis, r, t, &cell, &phase)) {
                first = !any || cell < first ? cell : first;
                last = !any || cell > last ? cell : last;
                any = true;
            }
        }
    }
    last += shape->y.shape.n[axis] - 1;
    if (any && (first < -shape->x.low[axis] || last >= shape->x.shape.n[axis] + shape->x.high[axis])) {
        return tx_error_set(error, TX_FAILURE, "convolution reads cells %ld to %ld of axis %d, which has %ld and halos %ld, %ld",
                            (long)first, (long)last, axis, (long)shape->x.shape.n[axis], (long)shape->x.low[axis],
                            (long)shape->x.high[axis]);
    }
    return TX_OK;
}

/* Whatever is made of channels and taps can be counted in an int. */
enum { MOST_CHANNELS = 1 << 27 };

tx_status tx_conv_check(const tx_conv_shape *shape, int groups, tx_error *error)
{
    if (shape->x.shape.axes != shape->y.shape.axes || shape->x.block != shape->y.block) {
        return tx_error_set(error, TX_FAILURE, "convolution between %d and %d axes, blocks of %d and %d", shape->x.shape.axes,
                            shape->y.shape.axes, shape->x.block, shape->y.block);
    }
    const int axes = shape->y.shape.axes, x_phases = tx_conv_phases(shape->x_phases, axes),
              y_phases = tx_conv_phases(shape->y_phases, axes);
    if (shape->x.shape.channels % (groups * x_phases) || shape->y.shape.channels % (groups * y_phases) ||
        (x_phases > 1 && y_phases > 1)) {
        return tx_error_set(error, TX_FAILURE, "convolution of %ld to %ld channels in %d groups, %d and %d phases",
                            (long)shape->x.shape.channels, (long)shape->y.shape.channels, groups, x_phases, y_phases);
    }
    double pairs = (double)(shape->x.shape.channels / groups / x_phases);
    for (int d = 0; d < axes; d++) {
        pairs *= (double)shape->kernel[d];
    }
    if (pairs > INT_MAX || shape->x.shape.channels > MOST_CHANNELS || shape->y.shape.channels > MOST_CHANNELS) {
        return tx_error_set(error, TX_INVALID, "a convolution of %ld to %ld channels with %.3g weights for each output: too large",
                            (long)shape->x.shape.channels, (long)shape->y.shape.channels, pairs);
    }
    for (int d = 0; d < axes; d++) {
        TX_TRY(check_axis(shape, d, error));
    }
    return TX_OK;
}

bool tx_conv_tap(const tx_conv_shape *shape, const int64_t *r, int64_t t, int64_t *offset)
{
    int64_t phase = 0, step = 1;
    *offset = 0;
    for (int d = shape->y.shape.axes - 1; d >= 0; t /= shape->kernel[d], d--) {
        int64_t cell, part;
        if (!tap_place(shape, d, r[d], t % shape->kernel[d], &cell, &part)) {
            return false;
        }
        *offset += cell * shape->x.stride[d];
        phase += part * step;
        step *= tx_conv_phases_of(shape->x_phases, d);
    }
    *offset += phase * shape->x.channel;
    return true;
}
