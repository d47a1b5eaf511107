/* Between samples (each contiguous) and the block layout (samples innermost): one transpose for each row. */
#include "kernel/vector/transpose.h"

#include "kernel/vector/variant.h"

/* A row of the tensor as a matrix: points x samples, `stride` reals between points. Without axes the channels are its points. */
typedef struct matrix {
    int64_t points, stride;
    int64_t channels, channel;
    int64_t outer[2], outer_stride[2];
} matrix;

INLINE matrix matrix_of(const tx_layout *layout)
{
    const bool dense = layout->shape.axes == 0;
    return (matrix){.points = dense ? layout->shape.channels : layout->row / layout->block,
                    .stride = dense ? layout->channel : layout->block,
                    .channels = dense ? 1 : layout->shape.channels,
                    .channel = layout->channel,
                    .outer = {layout->outer[0], layout->outer[1]},
                    .outer_stride = {layout->outer_stride[0], layout->outer_stride[1]}};
}

/* SIZE samples from sample k on; rows shorter than a block go one by one, the last block overlaps the one before. */
INLINE void load_strip(const int SIZE, const real *const *sample, int64_t points, int64_t stride, real *y)
{
    const real *from[WIDE];
    real *to[WIDE];
    if (points < SIZE || SIZE == 1) {
        for (int64_t p = 0; p < points; p++) {
            UNROLL for (int k = 0; k < SIZE; k++) y[p * stride + k] = sample[k][p];
        }
        return;
    }
    for (int64_t next = 0; next < points; next += SIZE) {
        const int64_t p = next + SIZE <= points ? next : points - SIZE;
        UNROLL for (int k = 0; k < SIZE; k++)
        {
            from[k] = sample[k] + p;
            to[k] = y + (p + k) * stride;
        }
        if (SIZE == WIDE) {
            transpose_wide(from, to);
        } else {
            transpose_half(from, to);
        }
    }
}

INLINE void store_strip(const int SIZE, const real *x, int64_t points, int64_t stride, real *const *sample)
{
    const real *from[WIDE];
    real *to[WIDE];
    if (points < SIZE || SIZE == 1) {
        for (int64_t p = 0; p < points; p++) {
            UNROLL for (int k = 0; k < SIZE; k++) sample[k][p] = x[p * stride + k];
        }
        return;
    }
    for (int64_t next = 0; next < points; next += SIZE) {
        const int64_t p = next + SIZE <= points ? next : points - SIZE;
        UNROLL for (int k = 0; k < SIZE; k++)
        {
            from[k] = x + (p + k) * stride;
            to[k] = sample[k] + p;
        }
        if (SIZE == WIDE) {
            transpose_wide(from, to);
        } else {
            transpose_half(from, to);
        }
    }
}

/* The rows of one strip of SIZE lanes; at[k] moves along sample k. */
INLINE void load_lanes(const int SIZE, const matrix *m, const real **at, real *y)
{
    for (int64_t c = 0; c < m->channels; c++) {
        for (int64_t i = 0; i < m->outer[0]; i++) {
            for (int64_t j = 0; j < m->outer[1]; j++) {
                load_strip(SIZE, at, m->points, m->stride, y + c * m->channel + i * m->outer_stride[0] + j * m->outer_stride[1]);
                UNROLL for (int k = 0; k < SIZE; k++) at[k] += m->points;
            }
        }
    }
}

INLINE void store_lanes(const int SIZE, const matrix *m, const real *x, real **at)
{
    for (int64_t c = 0; c < m->channels; c++) {
        for (int64_t i = 0; i < m->outer[0]; i++) {
            for (int64_t j = 0; j < m->outer[1]; j++) {
                store_strip(SIZE, x + c * m->channel + i * m->outer_stride[0] + j * m->outer_stride[1], m->points, m->stride, at);
                UNROLL for (int k = 0; k < SIZE; k++) at[k] += m->points;
            }
        }
    }
}

INLINE void load_size(const int SIZE, const matrix *m, const void *const *sample, int64_t offset, int first, int count, real *y)
{
    const real *at[WIDE];
    UNROLL for (int k = 0; k < SIZE; k++) at[k] = (const real *)sample[first + k < count ? first + k : 0] + offset;
    load_lanes(SIZE, m, at, y + first);
}

INLINE void store_size(const int SIZE, const matrix *m, const real *x, int first, void *const *sample, int64_t offset)
{
    real *at[WIDE];
    UNROLL for (int k = 0; k < SIZE; k++) at[k] = (real *)sample[first + k] + offset;
    store_lanes(SIZE, m, x + first, at);
}

/* Strips of WIDE lanes, or of HALF, or single ones; the last overlaps the one before. */
INLINE int strip_size(int lanes)
{
    return lanes >= WIDE ? WIDE : lanes >= HALF ? HALF : 1;
}

void VARIANT(load)(const tx_layout *ly, const void *const *sample, int64_t offset, int count, void *y)
{
    const matrix m = matrix_of(ly);
    const int lanes = ly->block, size = strip_size(lanes);
    for (int next = 0; next < lanes; next += size) {
        const int first = next + size <= lanes ? next : lanes - size;
        if (size == WIDE) {
            load_size(WIDE, &m, sample, offset, first, count, (real *)y + ly->origin);
        } else if (size == HALF) {
            load_size(HALF, &m, sample, offset, first, count, (real *)y + ly->origin);
        } else {
            load_size(1, &m, sample, offset, first, count, (real *)y + ly->origin);
        }
    }
}

void VARIANT(store)(const tx_layout *lx, const void *x, void *const *sample, int64_t offset, int count)
{
    const matrix m = matrix_of(lx);
    const int size = strip_size(count);
    for (int next = 0; next < count; next += size) {
        const int first = next + size <= count ? next : count - size;
        if (size == WIDE) {
            store_size(WIDE, &m, (const real *)x + lx->origin, first, sample, offset);
        } else if (size == HALF) {
            store_size(HALF, &m, (const real *)x + lx->origin, first, sample, offset);
        } else {
            store_size(1, &m, (const real *)x + lx->origin, first, sample, offset);
        }
    }
}
