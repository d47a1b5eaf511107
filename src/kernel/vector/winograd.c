/* Convolutions in two rows at a time. See winograd.h. */
#include "kernel/vector/winograd.h"

#include "base/memory.h"
#include "kernel/vector/tile.h"
#include "kernel/vector/variant.h"

/* Reals of a channel that are transformed together, about, so that the buffers of all channels stay in the second-level cache;
 * sums over few reals would spend their time on adding up vectors. */
enum { APPLY_AT_ONCE = 1024 / sizeof(real), SUM_AT_ONCE = 4096 / sizeof(real), LEAST_CHANNELS = 8 };

/* ---- Making ---- */

/* Transforming a row costs what a few channels save. */
static bool is_faster(const tx_conv_shape *shape, const tx_conv *conv)
{
    const int d = shape->y.shape.axes - 2;
    bool strided = false;
    for (int k = 0; k < TX_MAX_AXES; k++) {
        strided |= shape->x_phases[k] > 1 || shape->y_phases[k] > 1;
    }
    return d >= 0 && shape->kernel[d] == 3 && !strided && conv->in >= LEAST_CHANNELS && conv->out >= LEAST_CHANNELS &&
           shape->y.outer[1] > shape->dilation[d];
}

/* Rows j and j + dilation are a pair; what has no partner remains among the rows. */
static void list_pairs(tx_conv *conv, const tx_conv_shape *shape, int64_t dilation)
{
    struct conv_winograd *w = conv->winograd;
    const int64_t n = shape->y.outer[1], third = shape->y.outer[0];
    int64_t left = 0;
    for (int64_t j = 0; j < n; j++) {
        const bool first = j % (2 * dilation) < dilation, paired = first && j + dilation < n;
        for (int64_t i = 0; i < third; i++) {
            if (paired) {
                w->pair[w->num_pairs++] = conv->row[i * n + j];
            }
        }
    }
    for (int64_t k = 0; k < conv->rows; k++) {
        const int64_t j = k % n;
        if (j % (2 * dilation) < dilation && j + dilation >= n) {
            conv->row[left++] = conv->row[k];
        }
    }
    conv->rows = left;
    w->column = shape->y.shape.axes == 3 ? third : w->num_pairs;
}

static void list_triples(tx_conv *conv, int64_t side, int64_t taps_of_row)
{
    for (int64_t s = 0; s < side; s++) {
        for (int k = 0; k < 3; k++) {
            conv->winograd->triple[s][k] = (int)conv->tap_weight[(s / taps_of_row * 3 + k) * taps_of_row + s % taps_of_row];
        }
    }
}

static void list_product_taps(const tx_conv *conv, const tx_conv_shape *shape, winograd_batch *batch)
{
    tx_conv *p = &batch->product;
    const int64_t taps_of_row = shape->kernel[shape->y.shape.axes - 1];
    for (int64_t s = 0; s < p->taps; s++) {
        const int64_t rows = s / taps_of_row * shape->dilation[0]; /* 0 but with a third axis */
        p->tap[s] = rows * batch->next + conv->tap[s % taps_of_row] - conv->tap[0];
        p->tap_weight[s] = s;
    }
    VARIANT(conv_list_pairs)(p, 0, p->listed, p->pair, p->pair_weight);
}

/* Which number of pairs of rows, up to a limit, fills tiles best. */
static int64_t best_pairs(const tx_conv *conv, int64_t next, int64_t span, int64_t most)
{
    int64_t best = 1, best_cost = INT64_MAX;
    for (int64_t pairs = 1; pairs <= most; pairs++) {
        const int64_t vectors = (pairs * next - span + VL - 1) / VL;
        const int64_t cost = blocks_cost(conv->out, tile_blocks(conv->out, vectors), vectors) * 1024 / pairs;
        if (cost < best_cost) {
            best = pairs;
            best_cost = cost;
        }
    }
    return best;
}

static tx_status make_batch(const tx_conv *conv, const tx_conv_shape *shape, int64_t at_once, bool by_tiles, winograd_batch *batch,
                            tx_error *error)
{
    const struct conv_winograd *w = conv->winograd;
    const int64_t fit = at_once / (conv->length + w->span), most = fit < w->column ? fit : w->column;
    const int axes = shape->y.shape.axes;
    batch->cuts = (conv->length + at_once - 1) / at_once;
    batch->pairs = most < 1 ? 1 : by_tiles ? best_pairs(conv, conv->length + w->span, w->span, most) : most;
    batch->next = (batch->cuts > 1 ? at_once + VL : conv->length) + w->span;
    const int64_t line = 64 / (int64_t)sizeof(real), lines = ((batch->pairs + w->reach) * batch->next + VL + line - 1) / line;
    batch->buffer = (lines | 1) * line; /* channels spread over the sets of the cache */
    const int side = (int)(shape->kernel[axes - 1] * (axes == 3 ? shape->kernel[0] : 1));
    batch->product = (tx_conv){.groups = 1,
                               .in = conv->in,
                               .out = conv->out,
                               .taps = side,
                               .kernel_taps = side,
                               .rows = 1,
                               .length = batch->pairs * batch->next - w->span,
                               .x_channel = batch->buffer,
                               .y_channel = batch->buffer};
    TX_TRY(VARIANT(conv_tables)(&batch->product, axes == 3 ? shape->kernel[0] : 1, w->span, error));
    list_product_taps(conv, shape, batch);
    return TX_OK;
}

static tx_status make_winograd(tx_conv *conv, const tx_conv_shape *shape, tx_error *error)
{
    struct conv_winograd *w = conv->winograd;
    const int axes = shape->y.shape.axes, d = axes - 2;
    const int64_t taps_of_row = shape->kernel[axes - 1], side = taps_of_row * (axes == 3 ? shape->kernel[0] : 1);
    w->span = conv->tap[taps_of_row - 1] - conv->tap[0];
    w->reach = axes == 3 ? (shape->kernel[0] - 1) * shape->dilation[0] : 0;
    w->third_step = axes == 3 ? shape->x.stride[0] : 0;
    w->x_step = shape->dilation[d] * shape->x.stride[d];
    w->y_step = shape->dilation[d] * shape->y.stride[d];
    TX_TRY(tx_allocate_array((size_t)side, sizeof *w->triple, error, &w->triple));
    TX_TRY(tx_allocate_array((size_t)conv->rows, sizeof *w->pair, error, &w->pair));
    list_triples(conv, side, taps_of_row);
    list_pairs(conv, shape, shape->dilation[d]);
    TX_TRY(make_batch(conv, shape, axes == 3 ? 2 * APPLY_AT_ONCE : APPLY_AT_ONCE, true, &w->apply, error));
    return make_batch(conv, shape, SUM_AT_ONCE, false, &w->sums, error);
}

tx_status VARIANT(winograd_create)(const tx_conv_shape *shape, tx_conv *conv, tx_error *error)
{
    if (!is_faster(shape, conv)) {
        return TX_OK;
    }
    TX_TRY(tx_allocate(sizeof *conv->winograd, error, &conv->winograd));
    return make_winograd(conv, shape, error);
}

void VARIANT(winograd_destroy)(struct conv_winograd *w)
{
    if (w) {
        tx_free(w->triple);
        tx_free(w->pair);
        VARIANT(conv_free_tables)(&w->apply.product);
        VARIANT(conv_free_tables)(&w->sums.product);
        tx_free(w);
    }
}

/* ---- Weights ---- */

/* One product's weights of one group. */
static size_t product_size(const tx_conv *conv)
{
    return (size_t)conv->out * (size_t)conv->in * (size_t)conv->winograd->apply.product.taps;
}

size_t VARIANT(winograd_packed_size)(const tx_conv *conv)
{
    return conv->winograd ? PRODUCTS * product_size(conv) * (size_t)conv->groups : 0;
}

/* w: of the group's channels -> [product][block][input channel][side tap][output channel in block] */
static void pack_group(const tx_conv *conv, const real *w, int64_t of_out, int64_t of_in, real *packed)
{
    const tx_conv *p = &conv->winograd->apply.product;
    const size_t size = product_size(conv);
    for (const conv_block *block = p->block; block < p->block + p->num_blocks; block++) {
        for (int64_t i = 0; i < p->in; i++) {
            for (int s = 0; s < p->taps; s++) {
                const int *triple = conv->winograd->triple[s];
                for (int o = 0; o < block->count; o++, packed++) {
                    const real *g = w + (block->start + o) * of_out + i * of_in;
                    const real ends = g[triple[0]] + g[triple[2]], middle = g[triple[1]];
                    packed[0] = g[triple[0]];
                    packed[size] = (ends + middle) / 2;
                    packed[2 * size] = (ends - middle) / 2;
                    packed[3 * size] = g[triple[2]];
                }
            }
        }
    }
}

void VARIANT(winograd_pack)(const tx_conv *conv, const real *w, real *packed)
{
    const int64_t in = conv->in, out = conv->out, taps = conv->kernel_taps;
    for (int g = 0; g < conv->groups; g++) {
        pack_group(conv, w + g * out * in * taps, conv->flip ? taps : in * taps, conv->flip ? out * taps : taps,
                   packed + (size_t)g * PRODUCTS * product_size(conv));
    }
}

/* ---- Pieces: some pairs of rows, or a cut of one ---- */

typedef struct piece {
    const conv_row *pair;
    int64_t pairs;
    int64_t at, row; /* first real of the rows, and how many */
    int64_t used;    /* reals of a channel in a buffer that are results, or between them */
} piece;

static int64_t pieces_of_column(const struct conv_winograd *w, const winograd_batch *batch)
{
    return (w->column + batch->pairs - 1) / batch->pairs * batch->cuts;
}

static int64_t count_pieces(const struct conv_winograd *w, const winograd_batch *batch)
{
    return w->num_pairs / w->column * pieces_of_column(w, batch);
}

static piece get_piece(const tx_conv *conv, const winograd_batch *batch, int64_t k)
{
    const struct conv_winograd *w = conv->winograd;
    const int64_t each = pieces_of_column(w, batch), cut = k % batch->cuts;
    const int64_t first = k % each / batch->cuts * batch->pairs, left = w->column - first;
    const int64_t begin = conv->length / VL * cut / batch->cuts * VL,
                  end = cut < batch->cuts - 1 ? conv->length / VL * (cut + 1) / batch->cuts * VL : conv->length;
    const int64_t pairs = left < batch->pairs ? left : batch->pairs;
    return (piece){.pair = w->pair + k / each * w->column + first,
                   .pairs = pairs,
                   .at = begin,
                   .row = end - begin,
                   .used = (pairs - 1) * batch->next + end - begin};
}

/* All four e of a vector of the rows. */
INLINE void transform_inputs(const real *x, int64_t step, real *e, int64_t product)
{
    const vec d0 = load(x), d1 = load(x + step), d2 = load(x + 2 * step), d3 = load(x + 3 * step);
    store(e, d0 - d2);
    store(e + product, d1 + d2);
    store(e + 2 * product, d2 - d1);
    store(e + 3 * product, d1 - d3);
}

/* One of them. */
INLINE void transform_input(const int K, const real *x, int64_t step, real *e)
{
    static const int8_t rows[PRODUCTS][2] = {{0, 2}, {1, 2}, {2, 1}, {1, 3}};
    const vec a = load(x + rows[K][0] * step), b = load(x + rows[K][1] * step);
    store(e, K == 1 ? a + b : a - b);
}

/* The piece's rows of all channels and those that side taps reach, for product K or (PRODUCTS) for all, `product` reals apart.
 * Writes up to VL reals more than there are. */
INLINE void transform_piece(const int K, const tx_conv *conv, const winograd_batch *batch, const piece *p, const real *x, real *e,
                            int64_t product)
{
    const struct conv_winograd *w = conv->winograd;
    const int64_t last = p->pairs - 1, reals = p->row + w->span;
    for (int i = 0; i < conv->in; i++, x += conv->x_channel, e += batch->buffer) {
        real *to = e;
        for (int64_t j = 0; j < p->pairs + w->reach; j++, to += batch->next) {
            const int64_t row = j < last ? p->pair[j].x : p->pair[last].x + (j - last) * w->third_step;
            const real *from = x + row + conv->tap[0] + p->at;
            for (int64_t n = 0; n < reals; n += VL) {
                if (K == PRODUCTS) {
                    transform_inputs(from + n, w->x_step, to + n, product);
                } else {
                    transform_input(K, from + n, w->x_step, to + n);
                }
            }
        }
    }
}

/* ---- Forward and backward-data ---- */

/* n reals of a row of y, the sum s of whose products is given. */
INLINE void finish_row(const tx_conv *conv, int64_t n, real bias, vec s, const real *m, const real *add, real *y)
{
    s += splat(bias);
    s = add ? s + load(add) : s;
    s = m ? keep_if(load(m) > (vec){0}, s) : conv->activation == TX_RELU ? positive(s) : s;
    if (n >= VL) {
        store(y, s);
    } else {
        store_first(y, s, n);
    }
}

/* Both rows of a pair, of one channel, of products that lie `product` reals apart. */
static void finish_pair(const tx_conv *conv, const piece *p, const real *products, int64_t product, real bias, const real *m,
                        const real *add, real *y)
{
    const int64_t second = conv->winograd->y_step;
    for (int64_t n = 0; n < p->row; n += VL) {
        const vec m0 = load(products + n), m1 = load(products + product + n), m2 = load(products + 2 * product + n),
                  m3 = load(products + 3 * product + n);
        finish_row(conv, p->row - n, bias, m0 + (m1 + m2), m ? m + n : NULL, add ? add + n : NULL, y + n);
        finish_row(conv, p->row - n, bias, m1 - m2 - m3, m ? m + second + n : NULL, add ? add + second + n : NULL, y + second + n);
    }
    if (conv->activation != TX_IDENTITY && conv->activation != TX_RELU) {
        VARIANT(activate_row)(conv->activation, p->row, y, y);
        VARIANT(activate_row)(conv->activation, p->row, y + second, y + second);
    }
}

static void finish_piece(const tx_conv *conv, const piece *p, const real *products, const conv_arrays *a)
{
    const int64_t buffer = conv->winograd->apply.buffer;
    for (int o = 0; o < conv->out; o++, products += buffer) {
        for (int64_t j = 0; j < p->pairs; j++) {
            const int64_t at = o * conv->y_channel + p->pair[j].y + p->at;
            finish_pair(conv, p, products + j * conv->winograd->apply.next, conv->out * buffer, a->bias ? a->bias[o] : 0,
                        a->m ? a->m + at : NULL, a->add ? a->add + at : NULL, a->y + at);
        }
    }
}

void VARIANT(winograd_apply)(const tx_conv *conv, tx_part part, const conv_arrays *a, real *scratch)
{
    const winograd_batch *batch = &conv->winograd->apply;
    const int64_t inputs = conv->in * batch->product.x_channel, outputs = conv->out * batch->buffer;
    real *e = scratch, *products = scratch + PRODUCTS * inputs;
    const int64_t pieces = count_pieces(conv->winograd, batch);
    for (int64_t r = tx_part_begin(part, pieces); r < tx_part_end(part, pieces); r++) {
        const piece p = get_piece(conv, batch, r);
        transform_piece(PRODUCTS, conv, batch, &p, a->x, e, inputs);
        for (int k = 0; k < PRODUCTS; k++) {
            VARIANT(conv_strips)
            (&batch->product, p.used, e + k * inputs, a->packed + (size_t)k * product_size(conv), products + k * outputs);
        }
        finish_piece(conv, &p, products, a);
    }
}

/* ---- Gradients with respect to weights: the transposes of these transforms, of dy to products and of u's gradient to g's ---- */

INLINE void transform_cotangents(const int K, const tx_conv *conv, const piece *p, int first, int end, const real *dy, real *dm)
{
    const struct conv_winograd *w = conv->winograd;
    for (int o = first; o < end; o++) {
        real *to = dm + o * w->sums.buffer;
        for (int64_t j = 0; j < p->pairs; j++, to += w->sums.next) {
            const real *a = dy + o * conv->y_channel + p->pair[j].y + p->at, *b = a + w->y_step;
            for (int64_t n = 0; n < p->row; n += VL) {
                store(to + n, K == 0   ? load(a + n)
                              : K == 1 ? load(a + n) + load(b + n)
                              : K == 2 ? load(a + n) - load(b + n)
                                       : -load(b + n));
            }
            zero_reals(to + p->row, w->sums.next - p->row);
        }
    }
}

/* What products are summed from and to: a group's x and dy, and buffers for e, the products' cotangents and u's gradient. */
typedef struct summing {
    const real *x, *dy;
    real *e, *dm, *du;
} summing;

/* Product K over one piece: its weights' gradient, of a part's own output channels. */
INLINE void sum_product(const int K, const tx_conv *conv, tx_part part, conv_range own, const piece *p, const summing *s)
{
    const winograd_batch *batch = &conv->winograd->sums;
    transform_piece(K, conv, batch, p, s->x, s->e, 0);
    transform_cotangents(K, conv, p, own.begin, own.end, s->dy, s->dm);
    VARIANT(conv_sums)(&batch->product, part, p->used, s->e, s->dm, s->du + (size_t)K * product_size(conv));
}

/* dw += the gradients of the four products' weights, as they depend on it. */
static void spread_gradients(const tx_conv *conv, int first, int end, const real *du, real *dw)
{
    const tx_conv *p = &conv->winograd->apply.product;
    const size_t size = product_size(conv);
    for (int64_t k = (int64_t)first * p->in; k < (int64_t)end * p->in; k++) {
        real *to = dw + k * conv->kernel_taps;
        for (int s = 0; s < p->taps; s++) {
            const int *triple = conv->winograd->triple[s];
            const real *from = du + k * p->taps + s;
            const real sum = (from[size] + from[2 * size]) / 2, difference = (from[size] - from[2 * size]) / 2;
            to[triple[0]] += from[0] + sum;
            to[triple[1]] += difference;
            to[triple[2]] += from[3 * size] + sum;
        }
    }
}

void VARIANT(winograd_weights)(const tx_conv *conv, tx_part part, const real *x, const real *dy, real *dw, real *scratch)
{
    const winograd_batch *batch = &conv->winograd->sums;
    const conv_range own = VARIANT(conv_out_range)(conv, part);
    real *dm = scratch + conv->in * batch->product.x_channel, *du = dm + conv->out * batch->buffer;
    const summing s = {.x = x, .dy = dy, .e = scratch, .dm = dm, .du = du};
    const int64_t pieces = count_pieces(conv->winograd, batch);
    zero_reals(du, (int64_t)(PRODUCTS * product_size(conv)));
    for (int64_t r = 0; r < pieces && own.begin < own.end; r++) {
        const piece p = get_piece(conv, batch, r);
        sum_product(0, conv, part, own, &p, &s);
        sum_product(1, conv, part, own, &p, &s);
        sum_product(2, conv, part, own, &p, &s);
        sum_product(3, conv, part, own, &p, &s);
    }
    spread_gradients(conv, own.begin, own.end, du, dw);
}

size_t VARIANT(winograd_scratch)(const tx_conv *conv)
{
    const struct conv_winograd *w = conv->winograd;
    if (!w) {
        return 0;
    }
    const int64_t apply = PRODUCTS * (conv->in * w->apply.product.x_channel + conv->out * w->apply.buffer);
    const int64_t sums = conv->in * w->sums.product.x_channel + conv->out * w->sums.buffer + PRODUCTS * (int64_t)product_size(conv);
    return (size_t)(apply > sums ? apply : sums) + VL;
}
