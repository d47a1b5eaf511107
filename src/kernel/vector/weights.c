/* Gradients with respect to weights and biases: dot products of rows of dy with shifted rows of x. A tile of OUT output
 * channels x PAIRS pairs (input channel, tap) shares its loads; where it has too few sums to hide latency, UNROLLED vectors of
 * a row are summed apart. */
#include "kernel/vector/conv.h"
#include "kernel/vector/variant.h"
#include "kernel/vector/winograd.h"

#if TX_VECTOR_BYTES == 64
enum { DOT_OUT = 4, DOT_PAIRS = 8 };
static const int8_t dot_pairs[] = {8, 6, 6, 6}; /* the most pairs for 1 … DOT_OUT output channels */
#else
enum { DOT_OUT = 4, DOT_PAIRS = 8 };
static const int8_t dot_pairs[] = {8, 4, 3, 3};
#endif

/* The piece of rows that a tile goes over: dy's rows stay in L1 while all pairs pass. A constant: sums keep their order. */
enum { PIECE = 4096 / sizeof(real) };

/* Where a step reads: shifted rows of x from their real `at` on, rows of dy. */
typedef struct dot_place {
    const real *const *x;
    int64_t at;
    const real *dy;
    int64_t dy_channel;
} dot_place;

/* Adds one vector of n <= VL valid lanes to the sums. */
INLINE void dot_step(const int OUT, const int PAIRS, const bool WHOLE, const int64_t n, dot_place p, vec *sum)
{
    vec xv[DOT_PAIRS];
    UNROLL for (int j = 0; j < PAIRS; j++)
    {
        xv[j] = WHOLE ? load(p.x[j] + p.at) : load_first(p.x[j] + p.at, n);
        KEEP(xv[j]);
    }
    UNROLL for (int o = 0; o < OUT; o++)
    {
        vec d = WHOLE ? load(p.dy + o * p.dy_channel) : load_first(p.dy + o * p.dy_channel, n);
        KEEP(d);
        UNROLL for (int j = 0; j < PAIRS; j++) sum[o * PAIRS + j] += d * xv[j];
    }
}

/* A piece of some rows: `length` reals of each, from x and dy on. */
typedef struct dot_piece {
    const conv_row *row, *end;
    int64_t length;
    const real *x, *dy;
} dot_piece;

/* dw[o][place[j]] += sums over a piece; dy, dw: of the first of the output channels. */
INLINE void dots(const int OUT, const int PAIRS, const tx_conv *conv, const dot_piece *piece, const int64_t *pair,
                 const int64_t *place, const real *dy, real *dw)
{
    enum { MOST = DOT_OUT * DOT_PAIRS };
    const int SUMS = OUT * PAIRS, UNROLLED = SUMS >= 8 ? 1 : SUMS >= 4 ? 2 : 4;
    const int64_t length = piece->length, whole = length / VL * VL, unrolled = whole / (UNROLLED * VL) * (UNROLLED * VL);
    const int64_t dw_row = conv->in * conv->kernel_taps;
    vec sum[MOST];
    UNROLL for (int k = 0; k < SUMS * UNROLLED; k++) sum[k] = (vec){0};
    const real *xj[DOT_PAIRS];
    UNROLL for (int j = 0; j < PAIRS; j++) xj[j] = piece->x + pair[j];
    for (const conv_row *row = piece->row; row < piece->end; row++) {
        const real *d = dy + row->y;
        int64_t p = 0;
        for (; p < unrolled; p += UNROLLED * VL) {
            UNROLL for (int u = 0; u < UNROLLED; u++) dot_step(
                OUT, PAIRS, true, VL, (dot_place){xj, row->x + p + u * VL, d + p + u * VL, conv->y_channel}, sum + u * SUMS);
        }
        for (; p < whole; p += VL) {
            dot_step(OUT, PAIRS, true, VL, (dot_place){xj, row->x + p, d + p, conv->y_channel}, sum);
        }
        if (p < length) {
            dot_step(OUT, PAIRS, false, length - p, (dot_place){xj, row->x + p, d + p, conv->y_channel}, sum);
        }
    }
    UNROLL for (int u = UNROLLED / 2; u; u /= 2)
    {
        UNROLL for (int k = 0; k < u * SUMS; k++) sum[k] += sum[k + u * SUMS];
    }
    real total[MOST + VL];
    UNROLL for (int k = 0; k < SUMS; k += VL) store(total + k, lane_sums(sum + k, SUMS - k < VL ? SUMS - k : VL));
    UNROLL for (int o = 0; o < OUT; o++)
    {
        UNROLL for (int j = 0; j < PAIRS; j++) dw[o * dw_row + place[j]] += total[o * PAIRS + j];
    }
}

typedef void dots_fn(const tx_conv *conv, const dot_piece *piece, const int64_t *pair, const int64_t *place, const real *dy,
                     real *dw);
#define DOTS_FUNCTION(OUT, PAIRS)                                                                                                  \
    static void dots_##OUT##_##PAIRS(const tx_conv *conv, const dot_piece *piece, const int64_t *pair, const int64_t *place,       \
                                     const real *dy, real *dw)                                                                     \
    {                                                                                                                              \
        dots(OUT, PAIRS, conv, piece, pair, place, dy, dw);                                                                        \
    }
#define DOTS_ENTRY(OUT, PAIRS) [OUT - 1][PAIRS - 1] = dots_##OUT##_##PAIRS,
/* clang-format off */
#if TX_VECTOR_BYTES == 64
#define DOTS(D)                                                                                                                    \
    D(1, 1)                                                                                                                        \
    D(1, 2)                                                                                                                        \
    D(1, 3)                                                                                                                        \
    D(1, 4)                                                                                                                        \
    D(1, 5)                                                                                                                        \
    D(1, 6) D(1, 7) D(1, 8) D(2, 1) D(2, 2) D(2, 3) D(2, 4) D(2, 5) D(2, 6) D(3, 1) D(3, 2) D(3, 3) D(3, 4) D(3, 5) D(3, 6)        \
        D(4, 1) D(4, 2) D(4, 3) D(4, 4) D(4, 5) D(4, 6)
#else
#define DOTS(D)                                                                                                                    \
    D(1, 1)                                                                                                                        \
    D(1, 2)                                                                                                                        \
    D(1, 3) D(1, 4) D(1, 5) D(1, 6) D(1, 7) D(1, 8) D(2, 1) D(2, 2) D(2, 3) D(2, 4) D(3, 1) D(3, 2) D(3, 3) D(4, 1) D(4, 2) D(4, 3)
#endif
/* clang-format on */
DOTS(DOTS_FUNCTION)
static dots_fn *const dots_table[DOT_OUT][DOT_PAIRS] = {DOTS(DOTS_ENTRY)};

static int out_tiles(const tx_conv *conv)
{
    return (conv->out + DOT_OUT - 1) / DOT_OUT;
}

/* Where output channels are cut into tiles of nearly equal size. */
static int out_cut(const tx_conv *conv, int64_t tile)
{
    return (int)(conv->out * tile / out_tiles(conv));
}

conv_range VARIANT(conv_out_range)(const tx_conv *conv, tx_part part)
{
    const int tiles = out_tiles(conv);
    return (conv_range){out_cut(conv, tx_part_begin(part, tiles)), out_cut(conv, tx_part_end(part, tiles))};
}

/* A part's output channels of a group x all pairs, over one piece; pairs are cut into nearly equal tiles as well. */
INLINE void weights_piece(const tx_conv *conv, tx_part part, const dot_piece *piece, real *dw)
{
    const int pairs = conv->in * conv->taps;
    for (int64_t q = tx_part_begin(part, out_tiles(conv)); q < tx_part_end(part, out_tiles(conv)); q++) {
        const int o = out_cut(conv, q), out = out_cut(conv, q + 1) - o;
        const int pair_tiles = (pairs + dot_pairs[out - 1] - 1) / dot_pairs[out - 1];
        int j = 0;
        for (int r = 1; r <= pair_tiles; r++) {
            const int next = (int)((int64_t)pairs * r / pair_tiles);
            int64_t some[DOT_PAIRS], places[DOT_PAIRS];
            if (!conv->listed) {
                VARIANT(conv_list_pairs)(conv, j, next - j, some, places);
            }
            dots_table[out - 1][next - j - 1](conv, piece, conv->listed ? conv->pair + j : some,
                                              conv->listed ? conv->pair_weight + j : places, piece->dy + o * conv->y_channel,
                                              dw + o * conv->in * conv->kernel_taps);
            j = next;
        }
    }
}

void VARIANT(conv_sums)(const tx_conv *conv, tx_part part, int64_t n, const real *x, const real *dy, real *dw)
{
    static const conv_row row = {0, 0};
    weights_piece(conv, part, &(dot_piece){&row, &row + 1, n, x, dy}, dw);
}

/* Long rows are cut into pieces, short ones taken together. */
static void weights_group(const tx_conv *conv, tx_part part, const real *x, const real *dy, real *dw)
{
    const int64_t rows = conv->length >= PIECE ? 1 : PIECE / conv->length, cuts = (conv->length + PIECE - 1) / PIECE;
    for (int64_t r = 0; r < conv->rows; r += rows) {
        const conv_row *row = conv->row + r, *end = row + (conv->rows - r < rows ? conv->rows - r : rows);
        for (int64_t k = 0; k < cuts; k++) {
            const int64_t p = conv->length / VL * k / cuts * VL;
            const int64_t next = k < cuts - 1 ? conv->length / VL * (k + 1) / cuts * VL : conv->length;
            weights_piece(conv, part, &(dot_piece){row, end, next - p, x + p, dy + p}, dw);
        }
    }
}

void VARIANT(conv_weights)(const tx_conv *conv, tx_part part, const void *x, const void *dy, void *dw, void *scratch)
{
    if (conv->dense) {
        if (part.index == 0) {
            VARIANT(dense_weights)(conv, x, dy, dw);
        }
        return;
    }
    for (; conv; conv = conv->next) {
        for (int g = 0; g < conv->groups; g++) {
            const real *xg = (const real *)x + (int64_t)g * conv->in * conv->x_channel;
            const real *dyg = (const real *)dy + (int64_t)g * conv->out * conv->y_channel;
            real *dwg = (real *)dw + (int64_t)g * conv->out * conv->in * conv->kernel_taps;
            weights_group(conv, part, xg, dyg, dwg);
            if (conv->winograd) {
                VARIANT(winograd_weights)(conv, part, xg, dyg, dwg, scratch);
            }
        }
    }
}

/* Sums of CHANNELS channels side by side: each is a chain of additions, all of them together hide its latency. */
enum { BIAS_CHANNELS = 8 };

INLINE void bias_step(const int CHANNELS, const bool WHOLE, int64_t n, const real *dy, int64_t channel, vec *sum)
{
    UNROLL for (int c = 0; c < CHANNELS; c++) sum[c] += WHOLE ? load(dy + c * channel) : load_first(dy + c * channel, n);
}

INLINE void bias_channels(const int CHANNELS, const tx_layout *layout, const real *dy, real *db)
{
    const int64_t whole = layout->row / VL * VL;
    vec sum[BIAS_CHANNELS + VL] = {{0}};
    for (int64_t i = 0; i < layout->outer[0]; i++) {
        for (int64_t j = 0; j < layout->outer[1]; j++) {
            const real *row = dy + i * layout->outer_stride[0] + j * layout->outer_stride[1];
            for (int64_t p = 0; p < whole; p += VL) {
                bias_step(CHANNELS, true, VL, row + p, layout->channel, sum);
            }
            if (whole < layout->row) {
                bias_step(CHANNELS, false, layout->row - whole, row + whole, layout->channel, sum);
            }
        }
    }
    real total[BIAS_CHANNELS + VL];
    UNROLL for (int c = 0; c < CHANNELS; c += VL) store(total + c, lane_sums(sum + c, CHANNELS < VL ? CHANNELS : VL));
    UNROLL for (int c = 0; c < CHANNELS; c++) db[c] += total[c];
}

void VARIANT(bias_gradient)(const tx_layout *layout, const void *dy_data, void *db)
{
    const real *dy = (const real *)dy_data + layout->origin;
    int64_t c = 0;
    for (; c + BIAS_CHANNELS <= layout->shape.channels; c += BIAS_CHANNELS) {
        bias_channels(BIAS_CHANNELS, layout, dy + c * layout->channel, (real *)db + c);
    }
    for (; c + 4 <= layout->shape.channels; c += 4) {
        bias_channels(4, layout, dy + c * layout->channel, (real *)db + c);
    }
    for (; c < layout->shape.channels; c++) {
        bias_channels(1, layout, dy + c * layout->channel, (real *)db + c);
    }
}
