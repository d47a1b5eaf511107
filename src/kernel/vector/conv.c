/* Making a convolution: its shape becomes tables of offsets, so that the kernels know no axes, dilation or boundary. */
#include "kernel/vector/conv.h"

#include "base/memory.h"
#include "kernel/taps.h"
#include "kernel/vector/tile.h"
#include "kernel/vector/variant.h"
#include "kernel/vector/winograd.h"

static void list_taps(tx_conv *conv, const tx_conv_shape *shape, const int64_t *r)
{
    int used = 0;
    for (int64_t t = 0; t < conv->kernel_taps; t++) {
        int64_t offset;
        if (tx_conv_tap(shape, r, t, &offset)) {
            conv->tap[used] = offset;
            conv->tap_weight[used++] = shape->flip ? conv->kernel_taps - 1 - t : t;
        }
    }
    VARIANT(conv_list_pairs)(conv, 0, conv->listed, conv->pair, conv->pair_weight);
}

void VARIANT(conv_list_pairs)(const tx_conv *conv, int first, int count, int64_t *offset, int64_t *place)
{
    for (int k = 0; k < count; k++) {
        const int64_t i = (first + k) / conv->taps, t = (first + k) % conv->taps;
        offset[k] = i * conv->x_channel + conv->tap[t];
        place[k] = i * conv->kernel_taps + conv->tap_weight[t];
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

/* As many tiles of a row as keep their inputs (all channels, all rows that taps read) in 20 KB of L1. */
static int64_t strip_length(const tx_conv *conv, int64_t rows, int64_t span)
{
    enum { ROOM = 20480 };
    if (conv->dense || conv->taps == 0) {
        return ROOM;
    }
    const int64_t tile = tile_vectors((conv->out + conv->num_blocks - 1) / conv->num_blocks) * VL;
    const int64_t room = ROOM / (int64_t)sizeof(real) / (conv->in * rows) - span;
    return room < tile ? tile : room / tile * tile;
}

/* Are vectors of output channels, sample by sample, at most half the work of vectors of samples? */
static bool is_narrow(const tx_conv *conv)
{
    return conv->dense && 2 * conv->length * ((conv->out + VL - 1) / VL) <= conv->out * ((conv->length + VL - 1) / VL);
}

static void describe(tx_conv *conv, const tx_conv_shape *shape, int groups, const int64_t *r)
{
    const int axes = shape->y.shape.axes, x_phases = tx_conv_phases(shape->x_phases, axes);
    *conv = (tx_conv){.groups = groups,
                      .in = (int)(shape->x.shape.channels / groups / x_phases),
                      .out = (int)(shape->y.shape.channels / groups),
                      .kernel_taps = 1,
                      .rows = shape->y.outer[0] * shape->y.outer[1],
                      .length = shape->y.row,
                      .x_channel = shape->x.channel * x_phases,
                      .y_channel = shape->y.channel,
                      .flip = shape->flip,
                      .masked = shape->masked,
                      .dense = axes == 0,
                      .activation = shape->activation};
    for (int d = 0; d < axes; d++) {
        conv->kernel_taps *= shape->kernel[d];
    }
    conv->narrow = is_narrow(conv);
    int64_t offset;
    for (int64_t t = 0; t < conv->kernel_taps; t++) {
        conv->taps += tx_conv_tap(shape, r, t, &offset);
    }
}

/* More would take longer to list than to look at: a convolution so large may be planned only to be found too large. */
enum { MOST_LISTED = 1 << 16 };

tx_status VARIANT(conv_tables)(tx_conv *conv, int64_t rows, int64_t span, tx_error *error)
{
    conv->num_blocks =
        conv->narrow ? (conv->out + NARROW_OUT - 1) / NARROW_OUT : tile_blocks(conv->out, (conv->length + VL - 1) / VL);
    const size_t taps = (size_t)conv->taps, pairs = taps * (size_t)conv->in;
    conv->listed = pairs <= MOST_LISTED ? (int)pairs : 0;
    TX_TRY(tx_allocate_array((size_t)conv->rows, sizeof *conv->row, error, &conv->row));
    TX_TRY(tx_allocate_array(taps, sizeof *conv->tap, error, &conv->tap));
    TX_TRY(tx_allocate_array(taps, sizeof *conv->tap_weight, error, &conv->tap_weight));
    TX_TRY(tx_allocate_array((size_t)conv->listed, sizeof *conv->pair, error, &conv->pair));
    TX_TRY(tx_allocate_array((size_t)conv->listed, sizeof *conv->pair_weight, error, &conv->pair_weight));
    TX_TRY(tx_allocate_array((size_t)conv->num_blocks, sizeof *conv->block, error, &conv->block));
    list_blocks(conv);
    conv->strip = strip_length(conv, rows, span);
    return TX_OK;
}

/* The same for a convolution of some shape: an axis' taps lie in one row, or in one for each phase. */
static tx_status make_tables(tx_conv *conv, const tx_conv_shape *shape, tx_error *error)
{
    const int d = shape->y.shape.axes - 1;
    if (d < 0) {
        return VARIANT(conv_tables)(conv, 1, 0, error);
    }
    const int64_t sx = tx_conv_phases_of(shape->x_phases, d), sy = tx_conv_phases_of(shape->y_phases, d);
    const int64_t taps_of_row = (shape->kernel[d] + sy - 1) / sy, phases = sx < taps_of_row ? sx : taps_of_row;
    return VARIANT(conv_tables)(conv, (conv->taps + taps_of_row - 1) / taps_of_row * phases,
                                (shape->kernel[d] - 1) * shape->dilation[d] / (sx * sy) * shape->x.stride[d], error);
}

/* The convolution onto phase r of y: y's channels are that phase's. */
static tx_status create_phase(const tx_conv_shape *shape, int groups, const int64_t *r, tx_error *error, tx_conv **out)
{
    tx_conv *conv;
    TX_TRY(tx_allocate(sizeof *conv, error, &conv));
    describe(conv, shape, groups, r);
    tx_status status = make_tables(conv, shape, error);
    if (status == TX_OK) {
        list_taps(conv, shape, r);
        list_rows(conv, shape);
        status = VARIANT(winograd_create)(shape, conv, error);
    }
    if (status != TX_OK) {
        VARIANT(conv_destroy)(conv);
        return status;
    }
    *out = conv;
    return TX_OK;
}

/* One phase of y as a tensor of its own. */
static tx_conv_shape phase_shape(const tx_conv_shape *shape, int phases, int phase)
{
    tx_conv_shape part = *shape;
    part.y.shape.channels /= phases;
    part.y.origin += phase * part.y.channel;
    part.y.channel *= phases;
    return part;
}

tx_status VARIANT(conv_create)(const tx_conv_shape *shape, tx_error *error, tx_conv **out)
{
    const int groups = shape->groups ? shape->groups : 1, axes = shape->y.shape.axes;
    TX_TRY(tx_conv_check(shape, groups, error));
    const int phases = tx_conv_phases(shape->y_phases, axes);
    tx_conv *first = NULL;
    for (int phase = phases - 1; phase >= 0; phase--) {
        int64_t r[TX_MAX_AXES];
        tx_conv_phase(shape, phase, r);
        const tx_conv_shape part = phase_shape(shape, phases, phase);
        tx_conv *conv;
        const tx_status status = create_phase(&part, groups, r, error, &conv);
        if (status != TX_OK) {
            VARIANT(conv_destroy)(first);
            return status;
        }
        conv->next = first;
        first = conv;
    }
    *out = first;
    return TX_OK;
}

void VARIANT(conv_free_tables)(tx_conv *conv)
{
    tx_free(conv->row);
    tx_free(conv->tap);
    tx_free(conv->tap_weight);
    tx_free(conv->pair);
    tx_free(conv->pair_weight);
    tx_free(conv->block);
}

void VARIANT(conv_destroy)(tx_conv *conv)
{
    while (conv) {
        tx_conv *next = conv->next;
        VARIANT(winograd_destroy)(conv->winograd);
        VARIANT(conv_free_tables)(conv);
        tx_free(conv);
        conv = next;
    }
}

/* Of what goes tap by tap: nothing where all rows go in pairs. */
size_t VARIANT(conv_direct_size)(const tx_conv *conv)
{
    return conv->rows == 0 ? 0 : (size_t)conv->groups * (size_t)conv->out * (size_t)conv->in * (size_t)conv->taps;
}

size_t VARIANT(conv_packed_size)(const tx_conv *conv)
{
    size_t size = conv->narrow ? VL : 0; /* that are read behind the last */
    for (; conv; conv = conv->next) {
        size += VARIANT(conv_direct_size)(conv) + VARIANT(winograd_packed_size)(conv);
    }
    return size;
}

/* w -> [group][block][input channel][tap][output channel in block], the order in which apply reads. A flipped convolution
 * reads the forward one's weights, [its output channel = our input][its input = our output]. */
static void pack_phase(const tx_conv *conv, const real *w, real *to)
{
    const int64_t in = conv->in, out = conv->out, taps = conv->kernel_taps;
    const int64_t of_out = conv->flip ? taps : in * taps, of_in = conv->flip ? out * taps : taps;
    for (int g = 0; g < conv->groups; g++, w += out * in * taps) {
        for (const conv_block *block = conv->block; block < conv->block + conv->num_blocks; block++) {
            for (int64_t i = 0; i < in; i++) {
                for (int t = 0; t < conv->taps; t++) {
                    const real *from = w + block->start * of_out + i * of_in + conv->tap_weight[t];
                    for (int o = 0; o < block->count; o++) {
                        *to++ = from[o * of_out];
                    }
                }
            }
        }
    }
}

void VARIANT(conv_pack)(const tx_conv *conv, const void *w, void *packed)
{
    real *to = packed;
    for (; conv; conv = conv->next) {
        if (conv->rows) {
            pack_phase(conv, w, to);
        }
        to += VARIANT(conv_direct_size)(conv);
        if (conv->winograd) {
            VARIANT(winograd_pack)(conv, w, to);
            to += VARIANT(winograd_packed_size)(conv);
        }
    }
}

size_t VARIANT(conv_scratch)(const tx_conv *conv)
{
    return VARIANT(winograd_scratch)(conv); /* of a phase there is none */
}
