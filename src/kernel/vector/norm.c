/* Group norm. One number a sample (a mean, a deviation) meets a tensor as a pattern: the samples' numbers repeated over the
 * columns of a segment. All passes go down columns with the pattern in registers: sums keep one order whatever the vector
 * length, and a row is read once. */
#include <math.h>

#include "kernel/vector/columns.h"
#include "kernel/vector/variant.h"

/* Columns at a time, and the reals of x whose mean is taken before their squares are summed: they stay in L1. */
enum { WIDE = 4, PIECE = 16384 / sizeof(real), MOST_PATTERNS = 4 };

/* A part of the columns of a segment: all of them, unless a long block is its own segment. */
typedef struct strip {
    int64_t first, columns; /* reals of a segment */
    int64_t lane, lanes;    /* the samples they belong to */
} strip;

INLINE int64_t num_strips(const tx_layout *l)
{
    return l->period > l->block ? 1 : (l->block + MOST_COLUMNS - 1) / MOST_COLUMNS;
}

INLINE strip strip_at(const tx_layout *l, int64_t index)
{
    const int64_t first = index * MOST_COLUMNS, left = l->block - first, columns = left < MOST_COLUMNS ? left : MOST_COLUMNS;
    return l->period > l->block ? (strip){0, l->row < l->period ? l->row : l->period, 0, l->block}
                                : (strip){first, columns, first, columns};
}

/* s[0 … lanes) over and over, `columns` reals; s may be the pattern's own beginning. */
INLINE void repeat_over(const strip *t, const real *s, real *pattern)
{
    if (s != pattern) {
        copy_reals(pattern, s, t->lanes);
    }
    for (int64_t have = t->lanes; have < t->columns; have *= 2) {
        copy_reals(pattern + have, pattern, have < t->columns - have ? have : t->columns - have);
    }
}

/* Lane scalars: channel `channel` of a tensor without axes. */
INLINE real *lanes_of(tx_tensor s, int64_t channel)
{
    return (real *)s.data + s.layout->origin + channel * s.layout->channel;
}

/* Row r of a tensor, counted through its channels. */
INLINE int64_t row_at(const tx_layout *l, int64_t r)
{
    if (l->outer[0] * l->outer[1] == 1) {
        return l->origin + r * l->channel;
    }
    const int64_t j = r % l->outer[1], rest = r / l->outer[1];
    return l->origin + rest / l->outer[0] * l->channel + rest % l->outer[0] * l->outer_stride[0] + j * l->outer_stride[1];
}

/* ---- sums down the columns ---- */

/* Adds what x and d hold, p the pattern, to one or two sums. */
typedef void gather_fn(vec x, vec d, vec p, vec *s, vec *t);
INLINE void plain(vec x, vec d, vec p, vec *s, vec *t)
{
    (void)d, (void)p, (void)t;
    *s += x;
}
INLINE void square(vec x, vec d, vec p, vec *s, vec *t)
{
    (void)d, (void)t;
    *s += (x - p) * (x - p);
}
INLINE void moments(vec x, vec d, vec p, vec *s, vec *t)
{
    *s += d;
    *t += d * (x - p);
}

/* Columns of x and d with a pattern, and sums over them; t NULL: there is one sum only. */
typedef struct columns {
    const real *x, *d, *p;
    real *s, *t;
} columns;

/* VECTORS vectors of columns from `first` on, or (n < VL) a part of one, over `segments` segments. */
INLINE void gather_columns(const int VECTORS, const bool WHOLE, int64_t n, gather_fn *f, int64_t segments, int64_t period,
                           columns c, int64_t first)
{
    vec sv[WIDE], tv[WIDE], pv[WIDE];
    const real *x = c.x + first, *d = c.d + first, *p = c.p + first;
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        sv[v] = load(c.s + first + v * VL);
        tv[v] = c.t ? load(c.t + first + v * VL) : (vec){0};
        pv[v] = load(p + v * VL);
    }
    for (int64_t k = 0; k < segments; k++, x += period, d += period) {
        UNROLL for (int v = 0; v < VECTORS; v++)
            f(WHOLE ? load(x + v * VL) : load_first(x, n), WHOLE ? load(d + v * VL) : load_first(d, n),
              WHOLE ? pv[v] : load_first(p, n), &sv[v], &tv[v]);
    }
    UNROLL for (int v = 0; v < VECTORS; v++) store(c.s + first + v * VL, sv[v]);
    if (c.t) {
        UNROLL for (int v = 0; v < VECTORS; v++) store(c.t + first + v * VL, tv[v]);
    }
}

INLINE void gather_segments(gather_fn *f, int64_t count, int64_t segments, int64_t period, columns c)
{
    int64_t j = 0;
    for (; j + WIDE * VL <= count; j += WIDE * VL) {
        gather_columns(WIDE, true, VL, f, segments, period, c, j);
    }
    for (; j + VL <= count; j += VL) {
        gather_columns(1, true, VL, f, segments, period, c, j);
    }
    if (j < count) {
        gather_columns(1, false, count - j, f, segments, period, c, j);
    }
}

/* One row's part of a strip. The sums have room for a vector more. */
INLINE void gather_row(gather_fn *f, const tx_layout *l, const strip *strip, columns c)
{
    const int64_t segments = l->row / l->period, done = segments * l->period;
    if (segments) {
        gather_segments(f, strip->columns, segments, l->period, (columns){c.x + strip->first, c.d + strip->first, c.p, c.s, c.t});
    }
    if (done < l->row) {
        gather_segments(f, l->row - done, 1, l->period, (columns){c.x + done, c.d + done, c.p, c.s, c.t});
    }
}

/* ---- statistics ---- */

typedef real columns_buffer[MOST_COLUMNS + 64 / sizeof(real)] __attribute__((aligned(64)));

typedef struct spread { /* of the numbers met so far: how many, their mean, the sum of squares around it */
    int64_t count;
    columns_buffer mean, square;
} spread;

/* Takes in `count` numbers a sample with the given mean and sum of squares (Chan, Golub, LeVeque 1979). */
INLINE void merge(spread *all, int64_t count, int64_t lanes, const real *mean, const real *sum)
{
    const real share = (real)count / (real)(all->count + count), both = (real)all->count * share;
    for (int64_t j = 0; j < lanes; j += VL) {
        const vec delta = load(mean + j) - load(all->mean + j);
        store(all->mean + j, load(all->mean + j) + share * delta);
        store(all->square + j, load(all->square + j) + load(sum + j) + both * (delta * delta));
    }
    all->count += count;
}

/* Rows first … end of x. */
INLINE void meet_rows(spread *all, const tx_layout *lx, const strip *strip, const real *x, int64_t first, int64_t end)
{
    columns_buffer sum, mean;
    const int64_t count = (end - first) * (lx->row / lx->block);
    zero_reals(sum, strip->columns);
    for (int64_t r = first; r < end; r++) {
        gather_row(plain, lx, strip, (columns){x + row_at(lx, r), x + row_at(lx, r), sum, sum, NULL});
    }
    sum_samples(strip->lanes, strip->columns, sum);
    const real share = 1 / (real)count;
    for (int64_t j = 0; j < strip->lanes; j += VL) {
        store(mean + j, share * load(sum + j));
    }
    repeat_over(strip, mean, mean);
    zero_reals(sum, strip->columns);
    for (int64_t r = first; r < end; r++) {
        gather_row(square, lx, strip, (columns){x + row_at(lx, r), x + row_at(lx, r), mean, sum, NULL});
    }
    sum_samples(strip->lanes, strip->columns, sum);
    merge(all, count, strip->lanes, mean, sum);
}

INLINE vec inverse_root(vec v)
{
    real t[VL];
    store(t, v);
    UNROLL for (int k = 0; k < VL; k++) t[k] =
        1 / (sizeof(real) == 4 ? (real)__builtin_sqrtf((float)t[k]) : (real)__builtin_sqrt((double)t[k]));
    return load(t);
}

void VARIANT(group_statistics)(int groups, double eps, tx_tensor x, tx_tensor s)
{
    const tx_layout *lx = x.layout;
    const int64_t rows = lx->shape.channels / groups * lx->outer[0] * lx->outer[1];
    const int64_t piece = lx->row < PIECE ? PIECE / lx->row : 1;
    for (int64_t k = 0; k < groups * num_strips(lx); k++) {
        const int64_t g = k % groups;
        const strip strip = strip_at(lx, k / groups);
        spread all = {.count = 0};
        for (int64_t r = 0; r < rows; r += piece) {
            meet_rows(&all, lx, &strip, x.data, g * rows + r, g * rows + (rows - r < piece ? rows : r + piece));
        }
        const real share = 1 / (real)all.count;
        for (int64_t j = 0; j < strip.lanes; j += VL) {
            store(all.square + j, inverse_root(share * load(all.square + j) + (real)eps));
        }
        copy_reals(lanes_of(s, g) + strip.lane, all.mean, strip.lanes);
        copy_reals(lanes_of(s, groups + g) + strip.lane, all.square, strip.lanes);
    }
}

/* ---- maps ---- */

/* A result from x, d and add, patterns p and numbers of the channel w. */
typedef vec spread_fn(vec x, vec d, vec add, const vec *p, const vec *w);
INLINE vec normalised(vec x, vec d, vec add, const vec *p, const vec *w)
{
    (void)d, (void)add;
    return (x - p[0]) * (p[1] * w[0]) + w[1];
}
INLINE vec normalised_add(vec x, vec d, vec add, const vec *p, const vec *w)
{
    return normalised(x, d, add, p, w) + add;
}
INLINE vec normalised_relu(vec x, vec d, vec add, const vec *p, const vec *w)
{
    return positive(normalised(x, d, add, p, w));
}
INLINE vec normalised_add_relu(vec x, vec d, vec add, const vec *p, const vec *w)
{
    return positive(normalised_add(x, d, add, p, w));
}
/* p: 1 / deviation, mean, q, t */
INLINE vec gradient(vec x, vec d, vec add, const vec *p, const vec *w)
{
    (void)add;
    return (p[0] * w[0]) * d + (p[2] * (x - p[1]) + p[3]);
}
INLINE vec gradient_add(vec x, vec d, vec add, const vec *p, const vec *w)
{
    return gradient(x, d, add, p, w) + add;
}
INLINE vec gradient_masked(vec x, vec d, vec add, const vec *p, const vec *w)
{
    return keep_if(x > (vec){0}, gradient(x, d, add, p, w));
}
INLINE vec gradient_add_masked(vec x, vec d, vec add, const vec *p, const vec *w)
{
    return keep_if(x > (vec){0}, gradient_add(x, d, add, p, w));
}

typedef struct operands { /* of a row, or of a part of it */
    const real *x, *d, *add;
    real *y;
    const vec *w; /* of the channel */
} operands;

INLINE operands move(operands o, int64_t by)
{
    return (operands){o.x + by, o.d + by, o.add + by, o.y + by, o.w};
}

/* pattern: the first of PATTERNS, from the columns on that the operands begin with. */
INLINE void map_columns(const int PATTERNS, const int VECTORS, int64_t n, spread_fn *f, int64_t segments, int64_t period,
                        operands o, const real *pattern)
{
    enum { APART = sizeof(columns_buffer) / sizeof(real) };
    vec p[WIDE][MOST_PATTERNS];
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        UNROLL for (int k = 0; k < PATTERNS; k++) p[v][k] = load(pattern + k * APART + v * VL);
    }
    for (int64_t k = 0; k < segments; k++, o = move(o, period)) {
        UNROLL for (int v = 0; v < VECTORS; v++)
        {
            const int64_t at = v * VL;
            const vec y = f(load(o.x + at), load(o.d + at), load(o.add + at), p[v], o.w);
            if (n < VL) {
                store_first(o.y, y, n);
            } else {
                store(o.y + at, y);
            }
        }
    }
}

INLINE void map_segments(const int PATTERNS, spread_fn *f, int64_t count, int64_t segments, int64_t period, operands o,
                         const real *pattern)
{
    enum { VECTORS = TX_VECTOR_BYTES == 64 ? 4 : 2 };
    int64_t j = 0;
    for (; j + VECTORS * VL <= count; j += VECTORS * VL) {
        map_columns(PATTERNS, VECTORS, VL, f, segments, period, move(o, j), pattern + j);
    }
    for (; j + VL <= count; j += VL) {
        map_columns(PATTERNS, 1, VL, f, segments, period, move(o, j), pattern + j);
    }
    if (j < count) {
        map_columns(PATTERNS, 1, count - j, f, segments, period, move(o, j), pattern + j);
    }
}

typedef struct tensors {
    tx_tensor x, d, add, y;
    const real *w, *b; /* numbers of each channel */
} tensors;

#define TENSOR_ROW(t) ROW((t).layout, (real *)(t).data)

INLINE void map_strip(const int PATTERNS, spread_fn *f, const tensors *t, const strip *strip, int64_t first, int64_t end,
                      const real *pattern)
{
    const tx_layout *ly = t->y.layout;
    const int64_t segments = ly->row / ly->period, done = segments * ly->period;
    FOR_ROWS_OF(ly, first, end)
    {
        const vec of_channel[2] = {splat(t->w[c]), splat(t->b[c])};
        const operands o = {TENSOR_ROW(t->x), TENSOR_ROW(t->d), TENSOR_ROW(t->add), TENSOR_ROW(t->y), of_channel};
        if (segments) {
            map_segments(PATTERNS, f, strip->columns, segments, ly->period, move(o, strip->first), pattern);
        }
        if (done < ly->row) {
            map_segments(PATTERNS, f, ly->row - done, 1, ly->period, move(o, done), pattern);
        }
    }
}

/* Every group, with its PATTERNS lane scalars: channel k * groups + g of s. */
INLINE void map_groups(const int PATTERNS, spread_fn *f, int groups, tensors t, tx_tensor s)
{
    columns_buffer pattern[MOST_PATTERNS];
    const int64_t channels = t.y.layout->shape.channels / groups;
    for (int64_t n = 0; n < groups * num_strips(t.y.layout); n++) {
        const int64_t g = n % groups;
        const strip strip = strip_at(t.y.layout, n / groups);
        for (int k = 0; k < PATTERNS; k++) {
            repeat_over(&strip, lanes_of(s, k * groups + g) + strip.lane, pattern[k]);
        }
        map_strip(PATTERNS, f, &t, &strip, g * channels, (g + 1) * channels, pattern[0]);
    }
}

INLINE void activate_rows(tx_activation e, tx_tensor y)
{
    FOR_ROWS(y.layout) VARIANT(activate_row)(e, y.layout->row, TENSOR_ROW(y), TENSOR_ROW(y));
}

void VARIANT(group_norm)(int groups, tx_activation e, tx_tensor x, tx_tensor s, const void *w, const void *b, tx_tensor add,
                         tx_tensor y)
{
    const tensors t = {x, x, add.data ? add : x, y, w, b};
    if (add.data && e == TX_RELU) {
        map_groups(2, normalised_add_relu, groups, t, s);
    } else if (add.data) {
        map_groups(2, normalised_add, groups, t, s);
    } else if (e == TX_RELU) {
        map_groups(2, normalised_relu, groups, t, s);
    } else {
        map_groups(2, normalised, groups, t, s);
    }
    if (e != TX_IDENTITY && e != TX_RELU) {
        activate_rows(e, y);
    }
}

/* ---- the adjoint ---- */

/* Channels whose columns are added up together: each addition waits for the one before. */
enum { TOGETHER = 4 };

INLINE void write_moments(const strip *strip, columns_buffer *s, int count, int64_t channel, const real *inverse, tx_tensor m)
{
    for (int k = 0; k < count; k++) {
        real *sum = s[2 * k], *product = s[2 * k + 1];
        for (int64_t j = 0; j < strip->lanes; j += VL) {
            store(product + j, load(product + j) * load(inverse + j));
        }
        copy_reals(lanes_of(m, channel + k) + strip->lane, sum, strip->lanes);
        copy_reals(lanes_of(m, m.layout->shape.channels / 2 + channel + k) + strip->lane, product, strip->lanes);
    }
}

/* Sums over the rows of each of `count` channels. */
INLINE void moments_of_channels(const strip *strip, int64_t channel, int count, tx_tensor dy, tx_tensor x, const real *mean,
                                const real *inverse, tx_tensor m)
{
    columns_buffer s[2 * TOGETHER];
    for (int k = 0; k < 2 * count; k++) {
        zero_reals(s[k], strip->columns);
    }
    FOR_ROWS_OF(x.layout, channel, channel + count)
    gather_row(moments, x.layout, strip,
               (columns){TENSOR_ROW(x), TENSOR_ROW(dy), mean, s[2 * (c - channel)], s[2 * (c - channel) + 1]});
    sum_samples_of(2 * count, (int64_t)(sizeof s[0] / sizeof s[0][0]), strip->lanes, strip->columns, s[0]);
    write_moments(strip, s, count, channel, inverse, m);
}

void VARIANT(group_moments)(int groups, tx_tensor dy, tx_tensor x, tx_tensor s, tx_tensor m)
{
    const int64_t channels = x.layout->shape.channels / groups;
    columns_buffer mean;
    for (int64_t n = 0; n < groups * num_strips(x.layout); n++) {
        const int64_t g = n % groups, end = (g + 1) * channels;
        const strip strip = strip_at(x.layout, n / groups);
        repeat_over(&strip, lanes_of(s, g) + strip.lane, mean);
        for (int64_t c = g * channels; c < end; c += TOGETHER) {
            moments_of_channels(&strip, c, (int)(end - c < TOGETHER ? end - c : TOGETHER), dy, x, mean,
                                lanes_of(s, groups + g) + strip.lane, m);
        }
    }
}

void VARIANT(group_pull)(int groups, double share, tx_tensor m, tx_tensor s, const void *w, tx_tensor p)
{
    const int64_t channels = m.layout->shape.channels / 2, each = channels / groups, block = m.layout->block;
    for (int64_t g = 0; g < groups; g++) {
        for (int64_t j = 0; j < block; j += VL) {
            vec sum = {0}, product = {0};
            for (int64_t c = g * each; c < (g + 1) * each; c++) {
                const vec weight = splat(((const real *)w)[c]);
                sum += weight * load(lanes_of(m, c) + j);
                product += weight * load(lanes_of(m, channels + c) + j);
            }
            const vec inverse = load(lanes_of(s, groups + g) + j), mean = load(lanes_of(s, g) + j);
            const vec out[4] = {inverse, mean, -(real)share * inverse * inverse * product, -(real)share * inverse * sum};
            for (int k = 0; k < 4; k++) {
                real *to = lanes_of(p, k * groups + g) + j;
                if (block - j < VL) {
                    store_first(to, out[k], block - j);
                } else {
                    store(to, out[k]);
                }
            }
        }
    }
}

void VARIANT(group_norm_gradient)(int groups, bool masked, tx_tensor dy, tx_tensor x, tx_tensor p, const void *w, tx_tensor add,
                                  tx_tensor dx)
{
    const tensors t = {x, dy, add.data ? add : x, dx, w, w};
    if (add.data && masked) {
        map_groups(4, gradient_add_masked, groups, t, p);
    } else if (add.data) {
        map_groups(4, gradient_add, groups, t, p);
    } else if (masked) {
        map_groups(4, gradient_masked, groups, t, p);
    } else {
        map_groups(4, gradient, groups, t, p);
    }
}
