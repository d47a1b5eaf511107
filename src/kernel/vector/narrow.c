/* A dense layer of so few samples that they leave most of a vector empty: lanes are output channels instead, one sample after the
 * other. Each sum has the terms of conv_apply's, in its order: the same bits. */
#include "kernel/vector/conv.h"
#include "kernel/vector/variant.h"

/* What a sample has of a tensor's channels, one behind the other. */
INLINE void gather(int count, const real *from, int64_t channel, real *to)
{
    for (int o = 0; o < count; o++) {
        to[o] = from[o * channel];
    }
}

/* sum = what the `count` outputs begin with, in VECTORS vectors. */
INLINE void begin(const int VECTORS, int count, const tx_conv *conv, const conv_arrays *a, vec *sum)
{
    real added[NARROW_OUT];
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        const int left = count - v * VL;
        sum[v] = !a->bias ? (vec){0} : left < VL ? load_exactly(a->bias + v * VL, left) : load(a->bias + v * VL);
    }
    if (a->add) {
        gather(count, a->add, conv->y_channel, added);
        UNROLL for (int v = 0; v < VECTORS; v++) sum[v] += load(added + v * VL);
    }
}

/* The last vector of a row of weights goes on into the next one: nobody reads these lanes. */
INLINE void products(const int VECTORS, int count, const tx_conv *conv, const conv_arrays *a, real *y)
{
    vec sum[NARROW_OUT / VL];
    const real *w = a->packed, *x = a->x;
    begin(VECTORS, count, conv, a, sum);
    for (int i = 0; i < conv->in; i++, w += count, x += conv->x_channel) {
        const vec xi = splat(*x);
        UNROLL for (int v = 0; v < VECTORS; v++) sum[v] += load(w + v * VL) * xi;
    }
    UNROLL for (int v = 0; v < VECTORS; v++) store(y + v * VL, sum[v]);
}

typedef void products_fn(int count, const tx_conv *conv, const conv_arrays *a, real *y);
#define PRODUCTS(V)                                                                                                                \
    static void products_##V(int count, const tx_conv *conv, const conv_arrays *a, real *y)                                        \
    {                                                                                                                              \
        products(V, count, conv, a, y);                                                                                            \
    }
PRODUCTS(1)
PRODUCTS(2)
PRODUCTS(3)
PRODUCTS(4)
PRODUCTS(5)
PRODUCTS(6)
PRODUCTS(7)
PRODUCTS(8)
static products_fn *const products_table[] = {products_1, products_2, products_3, products_4,
                                              products_5, products_6, products_7, products_8};
_Static_assert(sizeof products_table / sizeof *products_table == NARROW_OUT / VL, "one for each number of vectors");

static void finish(int count, const tx_conv *conv, const real *m, real *sums, real *y)
{
    if (conv->activation != TX_IDENTITY) {
        VARIANT(activate_row)(conv->activation, count, sums, sums);
    }
    for (int o = 0; o < count; o++) {
        y[o * conv->y_channel] = m && !(m[o * conv->y_channel] > 0) ? 0 : sums[o];
    }
}

void VARIANT(narrow_apply)(const tx_conv *conv, const conv_block *block, int64_t samples, const conv_arrays *a)
{
    real sums[NARROW_OUT + VL] __attribute__((aligned(64)));
    for (int64_t s = 0; s < samples; s++) {
        const conv_arrays own = {a->x + s, a->packed, a->bias, a->m ? a->m + s : NULL, a->add ? a->add + s : NULL, a->y + s};
        products_table[(block->count - 1) / VL](block->count, conv, &own, sums);
        finish(block->count, conv, own.m, sums, own.y);
    }
}
