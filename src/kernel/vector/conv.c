/* Making a convolution: its shape becomes tables of offsets, so that the kernels know no axes, dilation or boundary. */
#include "kernel/vector/conv.h"

#include "base/memory.h"
#include "kernel/vector/tile.h"
#include "kernel/vector/variant.h"

/* The taps of an axis must stay in x's interior and halo. */
static tx_status check_reach(const tx_conv_shape *shape, tx_error *error)
{
    for (int d = 0; d < shape->y.shape.axes; d++) {
        const int64_t first = shape->shift[d];
        const int64_t last = first + (shape->kernel[d] - 1) * shape->dilation[d] + shape->y.shape.n[d] - 1;
        if (first < -shape->x.low[d] || last >= shape->x.shape.n[d] + shape->x.high[d]) {
            return tx_error_set(error, TX_FAILURE,
                                "convolution reads cells %ld to %ld of axis %d, which has %ld and halos %ld, %ld", (long)first,
                                (long)last, d, (long)shape->x.shape.n[d], (long)shape->x.low[d], (long)shape->x.high[d]);
        }
    }
    return TX_OK;
}

static tx_status check_shape(const tx_conv_shape *shape, int groups, tx_error *error)
{
    if (shape->x.shape.axes != shape->y.shape.axes || shape->x.block != shape->y.block) {
        return tx_error_set(error, TX_FAILURE, "convolution between %d and %d axes, blocks of %d and %d", shape->x.shape.axes,
                            shape->y.shape.axes, shape->x.block, shape->y.block);
    }
    if (shape->x.shape.channels % groups || shape->y.shape.channels % groups) {
        return tx_error_set(error, TX_FAILURE, "convolution of %ld to %ld channels in %d groups", (long)shape->x.shape.channels,
                            (long)shape->y.shape.channels, groups);
    }
    return check_reach(shape, error);
}

static void list_taps(tx_conv *conv, const tx_conv_shape *shape)
{
    for (int t = 0; t < conv->taps; t++) {
        int64_t rest = t;
        conv->tap[t] = 0;
        for (int d = shape->y.shape.axes - 1; d >= 0; rest /= shape->kernel[d], d--) {
            conv->tap[t] += (shape->shift[d] + rest % shape->kernel[d] * shape->dilation[d]) * shape->x.stride[d];
        }
    }
    for (int j = 0; j < conv->in * conv->taps; j++) {
        conv->pair[j] = j / conv->taps * conv->x_channel + conv->tap[j % conv->taps];
    }
}

/* x's rows that lie where y's do: y's interior decides. */
static void list_rows(tx_conv *conv, const tx_conv_shape *shape)
{
    conv_row *row = conv->row;
    for (int64_t i = 0; i < shape->y.outer[0]; i++) {
        for (int64_t j = 0; j < shape->y.outer[1]; j++) {
            *row++ = (conv_row){shape->x.origin + i * shape->x.outer_stride[0] + j * shape->x.outer_stride[1],
                                shape->y.origin + i * shape->y.outer_stride[0] + j * shape->y.outer_stride[1]};
        }
    }
}

/* Cuts the output channels into blocks of nearly equal size. */
static void list_blocks(tx_conv *conv)
{
    for (int q = 0; q < conv->num_blocks; q++) {
        const int start = (int)((int64_t)conv->out * q / conv->num_blocks),
                  end = (int)((int64_t)conv->out * (q + 1) / conv->num_blocks);
        conv->block[q] = (conv_block){start, end - start, (int64_t)start * conv->in * conv->taps};
    }
}

/* As many tiles of a row as keep their inputs (all channels, all rows of taps) in 20 KB of L1. */
static int64_t strip_length(const tx_conv *conv, int largest_block, int64_t taps_of_row)
{
    const int64_t tile = tile_vectors(largest_block) * VL, rows_of_taps = conv->taps / taps_of_row;
    const int64_t span = conv->tap[taps_of_row - 1] - conv->tap[0];
    const int64_t room = 20480 / (int64_t)sizeof(real) / (conv->in * rows_of_taps) - span;
    return room < tile ? tile : room / tile * tile;
}

static void describe(tx_conv *conv, const tx_conv_shape *shape, int groups)
{
    const int axes = shape->y.shape.axes;
    *conv = (tx_conv){.groups = groups,
                      .in = (int)(shape->x.shape.channels / groups),
                      .out = (int)(shape->y.shape.channels / groups),
                      .taps = 1,
                      .rows = shape->y.outer[0] * shape->y.outer[1],
                      .length = shape->y.row,
                      .x_channel = shape->x.channel,
                      .y_channel = shape->y.channel,
                      .flip = shape->flip,
                      .masked = shape->masked,
                      .dense = axes == 0,
                      .activation = shape->activation};
    for (int d = 0; d < axes; d++) {
        conv->taps *= (int)shape->kernel[d];
    }
    conv->num_blocks = tile_blocks(conv->out, (conv->length + VL - 1) / VL);
}

static tx_status allocate_tables(tx_conv *conv, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)conv->rows, sizeof *conv->row, error, &conv->row));
    TX_TRY(tx_allocate_array((size_t)conv->taps, sizeof *conv->tap, error, &conv->tap));
    TX_TRY(tx_allocate_array((size_t)conv->taps * (size_t)conv->in, sizeof *conv->pair, error, &conv->pair));
    return tx_allocate_array((size_t)conv->num_blocks, sizeof *conv->block, error, &conv->block);
}

tx_status VARIANT(conv_create)(const tx_conv_shape *shape, tx_error *error, tx_conv **out)
{
    const int groups = shape->groups ? shape->groups : 1, axes = shape->y.shape.axes;
    tx_conv *conv;
    TX_TRY(check_shape(shape, groups, error));
    TX_TRY(tx_allocate(sizeof *conv, error, &conv));
    describe(conv, shape, groups);
    const tx_status status = allocate_tables(conv, error);
    if (status != TX_OK) {
        VARIANT(conv_destroy)(conv);
        return status;
    }
    list_taps(conv, shape);
    list_rows(conv, shape);
    list_blocks(conv);
    conv->strip = strip_length(conv, (conv->out + conv->num_blocks - 1) / conv->num_blocks, axes ? shape->kernel[axes - 1] : 1);
    *out = conv;
    return TX_OK;
}

void VARIANT(conv_destroy)(tx_conv *conv)
{
    if (conv) {
        tx_free(conv->row);
        tx_free(conv->tap);
        tx_free(conv->pair);
        tx_free(conv->block);
        tx_free(conv);
    }
}

size_t VARIANT(conv_packed_size)(const tx_conv *conv)
{
    return (size_t)conv->groups * (size_t)conv->out * (size_t)conv->in * (size_t)conv->taps;
}

/* w -> [group][block][input channel][tap][output channel in block], the order in which apply reads. A flipped convolution
 * reads the forward one's weights, [its output channel = our input][its input = our output][tap reversed]. */
void VARIANT(conv_pack)(const tx_conv *conv, const void *w, void *packed)
{
    const int in = conv->in, out = conv->out, taps = conv->taps;
    const int64_t of_out = conv->flip ? taps : (int64_t)in * taps, of_in = conv->flip ? (int64_t)out * taps : taps;
    const int64_t of_tap = conv->flip ? -1 : 1, first = conv->flip ? taps - 1 : 0;
    real *to = packed;
    for (int g = 0; g < conv->groups; g++) {
        const real *group = (const real *)w + (int64_t)g * out * in * taps + first;
        for (const conv_block *block = conv->block; block < conv->block + conv->num_blocks; block++) {
            for (int i = 0; i < in; i++) {
                for (int t = 0; t < taps; t++) {
                    const real *from = group + block->start * of_out + i * of_in + t * of_tap;
                    for (int o = 0; o < block->count; o++) {
                        *to++ = from[o * of_out];
                    }
                }
            }
        }
    }
}
