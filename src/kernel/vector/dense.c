/* Weights of a dense layer: dw = dy x^T sums over the samples of a block only, too short for dot products. With x transposed
 * into (sample, input) it is a product like conv_apply's: a column tile of inputs for each vector, a broadcast dy for each row. */
#include "kernel/vector/conv.h"
#include "kernel/vector/transpose.h"
#include "kernel/vector/variant.h"

enum { OUTER_SAMPLES = 32, OUTER_OUT = 6, OUTER_VECTORS = TX_VECTOR_BYTES == 64 ? 4 : 2, OUTER_IN = OUTER_VECTORS * VL };

/* Inputs of `samples` samples, transposed; zeros up to the end of the last vector. */
INLINE void gather_inputs(const real *x, int64_t channel, int inputs, int samples, real (*xt)[OUTER_IN])
{
    for (int s = 0; s < samples && inputs % VL; s++) {
        store(&xt[s][inputs / VL * VL], (vec){0});
    }
    for (int i = 0; i < inputs; i += WIDE) {
        for (int s = 0; s < samples; s += WIDE) {
            if (i + WIDE <= inputs && s + WIDE <= samples) {
                const real *from[WIDE];
                real *to[WIDE];
                UNROLL for (int k = 0; k < WIDE; k++)
                {
                    from[k] = x + (i + k) * channel + s;
                    to[k] = &xt[s + k][i];
                }
                transpose_wide(from, to);
            } else {
                for (int k = i; k < inputs && k < i + WIDE; k++) {
                    for (int r = s; r < samples && r < s + WIDE; r++) {
                        xt[r][k] = x[k * channel + r];
                    }
                }
            }
        }
    }
}

INLINE void add_vector(real *y, vec v, int64_t n)
{
    if (n >= VL) {
        store(y, load(y) + v);
    } else {
        store_first(y, load_exactly(y, n) + v, n);
    }
}

/* dw[o][i] += sum over samples of dy[o][s] * xt[s][i] for OUT rows and `inputs` columns in VECTORS vectors. */
INLINE void outer(const int OUT, const int VECTORS, const tx_conv *conv, int samples, int inputs, const real (*xt)[OUTER_IN],
                  const real *dy, real *dw)
{
    const int64_t dy_channel = conv->y_channel, dw_row = conv->in;
    vec sum[OUTER_OUT][OUTER_VECTORS];
    UNROLL for (int o = 0; o < OUT; o++)
    {
        UNROLL for (int v = 0; v < VECTORS; v++) sum[o][v] = (vec){0};
    }
    for (int s = 0; s < samples; s++) {
        vec xv[OUTER_VECTORS];
        UNROLL for (int v = 0; v < VECTORS; v++) xv[v] = fetch(xt[s] + v * VL);
        UNROLL for (int o = 0; o < OUT; o++)
        {
            const vec d = splat(dy[o * dy_channel + s]);
            UNROLL for (int v = 0; v < VECTORS; v++) sum[o][v] += d * xv[v];
        }
    }
    UNROLL for (int o = 0; o < OUT; o++)
    {
        UNROLL for (int v = 0; v < VECTORS; v++) add_vector(dw + o * dw_row + v * VL, sum[o][v], inputs - v * VL);
    }
}

typedef void outer_fn(const tx_conv *conv, int samples, int inputs, const real (*xt)[OUTER_IN], const real *dy, real *dw);
#define OUTER_FUNCTION(OUT, VECTORS)                                                                                               \
    static void outer_##OUT##_##VECTORS(const tx_conv *conv, int samples, int inputs, const real(*xt)[OUTER_IN], const real *dy,   \
                                        real *dw)                                                                                  \
    {                                                                                                                              \
        outer(OUT, VECTORS, conv, samples, inputs, xt, dy, dw);                                                                    \
    }
#define OUTER_ENTRY(OUT, VECTORS) [OUT - 1][VECTORS - 1] = outer_##OUT##_##VECTORS,
#define OUTER_ROWS(F, V) F(1, V) F(2, V) F(3, V) F(4, V) F(5, V) F(6, V)
#if TX_VECTOR_BYTES == 64
#define OUTERS(F) OUTER_ROWS(F, 1) OUTER_ROWS(F, 2) OUTER_ROWS(F, 3) OUTER_ROWS(F, 4)
#else
#define OUTERS(F) OUTER_ROWS(F, 1) OUTER_ROWS(F, 2)
#endif
OUTERS(OUTER_FUNCTION)
static outer_fn *const outers[OUTER_OUT][OUTER_VECTORS] = {OUTERS(OUTER_ENTRY)};

static void dense_columns(const tx_conv *conv, const real *x, const real *dy, int first, int inputs, real *dw)
{
    real xt[OUTER_SAMPLES][OUTER_IN] __attribute__((aligned(64)));
    const int vectors = (inputs + VL - 1) / VL, tiles = (conv->out + OUTER_OUT - 1) / OUTER_OUT;
    for (int64_t s = 0; s < conv->length; s += OUTER_SAMPLES) {
        const int samples = conv->length - s < OUTER_SAMPLES ? (int)(conv->length - s) : OUTER_SAMPLES;
        gather_inputs(x + first * conv->x_channel + s, conv->x_channel, inputs, samples, xt);
        for (int q = 0; q < tiles; q++) {
            const int o = conv->out * q / tiles, out = conv->out * (q + 1) / tiles - o;
            outers[out - 1][vectors - 1](conv, samples, inputs, (const real(*)[OUTER_IN])xt, dy + o * conv->y_channel + s,
                                         dw + (int64_t)o * conv->in + first);
        }
    }
}

void VARIANT(dense_weights)(const tx_conv *conv, const void *x, const void *dy, void *dw)
{
    for (int g = 0; g < conv->groups; g++) {
        for (int i = 0; i < conv->in; i += OUTER_IN) {
            dense_columns(conv, (const real *)x + conv->row->x + (int64_t)g * conv->in * conv->x_channel,
                          (const real *)dy + conv->row->y + (int64_t)g * conv->out * conv->y_channel, i,
                          conv->in - i < OUTER_IN ? conv->in - i : OUTER_IN, (real *)dw + (int64_t)g * conv->out * conv->in);
        }
    }
}
