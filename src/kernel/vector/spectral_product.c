/* What happens to modes between the transforms: for each a complex matrix over channels, and its gradient. Modes are
 * innermost, in the weights (G, C_out, C_in, *modes) as in the spectra ([group][channel][re, im], rows of [sample][mode]): so
 * vectors are vectors of modes, and no weight is packed and no gradient summed across lanes. */
#include "kernel/vector/variant.h"

/* Tiles of few modes hold several outputs and samples; those of many (LONG vectors or more) one of each and up to MOST_RUN
 * vectors, so that weights and gradients pass as streams. */
#if TX_VECTOR_BYTES == 64
enum { MOST_OUT = 2, MOST_SAMPLES = 5, MOST_PAIR = 4, MOST_RUN = 9, LONG = 4 };
#else
enum { MOST_OUT = 2, MOST_SAMPLES = 2, MOST_PAIR = 2, MOST_RUN = 5, LONG = 4 };
#endif

/* The spectra of one group and the weights between them, from mode `at` on. */
typedef struct product {
    const real *x, *real_weight, *imaginary_weight, *end[2]; /* ends of the arrays of weights */
    real *y;
    int64_t in, of_in, of_out;                 /* weights between inputs and between outputs */
    int64_t x_channel, y_channel, modes, left; /* left: modes from `at` on */
} product;

INLINE vec load_weights(const real *w, const real *end, int64_t n)
{
    return w + VL <= end ? load(w) : load_exactly(w, n);
}

INLINE void store_modes(real *y, vec v, int64_t n)
{
    if (n >= VL) {
        store(y, v);
    } else {
        store_first(y, v, n);
    }
}

/* y[o][s] = sum of w[o][i] x[i][s], or of conj(w[i][o]) x[i][s], for OUT outputs and SAMPLES samples of one vector of modes. */
INLINE void product_tile(const int OUT, const int SAMPLES, const bool ADJOINT, const product *p, int64_t out, int64_t sample)
{
    vec re[MOST_OUT][MOST_SAMPLES], im[MOST_OUT][MOST_SAMPLES];
    UNROLL for (int o = 0; o < OUT; o++)
    {
        UNROLL for (int s = 0; s < SAMPLES; s++) re[o][s] = im[o][s] = (vec){0};
    }
    for (int64_t i = 0; i < p->in; i++) {
        vec wr[MOST_OUT], wi[MOST_OUT];
        UNROLL for (int o = 0; o < OUT; o++)
        {
            const int64_t at = i * p->of_in + (out + o) * p->of_out;
            wr[o] = load_weights(p->real_weight + at, p->end[0], p->left);
            wi[o] = load_weights(p->imaginary_weight + at, p->end[1], p->left);
            KEEP(wr[o]);
            KEEP(wi[o]);
        }
        UNROLL for (int s = 0; s < SAMPLES; s++)
        {
            const real *x = p->x + 2 * i * p->x_channel + (sample + s) * p->modes;
            const vec xr = fetch(x), xi = fetch(x + p->x_channel);
            UNROLL for (int o = 0; o < OUT; o++)
            {
                re[o][s] += wr[o] * xr;
                im[o][s] += wr[o] * xi;
                re[o][s] = ADJOINT ? re[o][s] + wi[o] * xi : re[o][s] - wi[o] * xi;
                im[o][s] = ADJOINT ? im[o][s] - wi[o] * xr : im[o][s] + wi[o] * xr;
            }
        }
    }
    UNROLL for (int o = 0; o < OUT; o++)
    {
        UNROLL for (int s = 0; s < SAMPLES; s++)
        {
            real *y = p->y + 2 * (out + o) * p->y_channel + (sample + s) * p->modes;
            store_modes(y, re[o][s], p->left);
            store_modes(y + p->y_channel, im[o][s], p->left);
        }
    }
}

typedef void product_fn(const product *p, int64_t out, int64_t sample);
#define PRODUCT_FUNCTION(OUT, SAMPLES)                                                                                             \
    static void product_##OUT##_##SAMPLES(const product *p, int64_t out, int64_t sample)                                           \
    {                                                                                                                              \
        product_tile(OUT, SAMPLES, false, p, out, sample);                                                                         \
    }                                                                                                                              \
    static void adjoint_##OUT##_##SAMPLES(const product *p, int64_t out, int64_t sample)                                           \
    {                                                                                                                              \
        product_tile(OUT, SAMPLES, true, p, out, sample);                                                                          \
    }
#define PRODUCT_ENTRY(OUT, SAMPLES) [0][OUT - 1][SAMPLES - 1] = product_##OUT##_##SAMPLES,
#define ADJOINT_ENTRY(OUT, SAMPLES) [1][OUT - 1][SAMPLES - 1] = adjoint_##OUT##_##SAMPLES,
#if TX_VECTOR_BYTES == 64
#define PRODUCTS(F) F(1, 1) F(1, 2) F(1, 3) F(1, 4) F(1, 5) F(2, 1) F(2, 2) F(2, 3) F(2, 4) F(2, 5)
#else
#define PRODUCTS(F) F(1, 1) F(1, 2) F(2, 1) F(2, 2)
#endif
PRODUCTS(PRODUCT_FUNCTION)
static product_fn *const products[2][MOST_OUT][MOST_SAMPLES] = {PRODUCTS(PRODUCT_ENTRY) PRODUCTS(ADJOINT_ENTRY)};

/* The same for one output, one sample and VECTORS vectors, of which the last may be short. */
INLINE void product_run(const int VECTORS, const bool ADJOINT, const product *p, int64_t out, int64_t sample)
{
    const int64_t left = p->left - (VECTORS - 1) * VL;
    vec re[MOST_RUN], im[MOST_RUN];
    UNROLL for (int v = 0; v < VECTORS; v++) re[v] = im[v] = (vec){0};
    for (int64_t i = 0; i < p->in; i++) {
        const int64_t at = i * p->of_in + out * p->of_out;
        const real *real_weight = p->real_weight + at, *imaginary_weight = p->imaginary_weight + at;
        const real *x = p->x + 2 * i * p->x_channel + sample * p->modes;
        UNROLL for (int v = 0; v < VECTORS; v++)
        {
            const bool last = v == VECTORS - 1;
            vec wr = last ? load_weights(real_weight + v * VL, p->end[0], left) : load(real_weight + v * VL);
            vec wi = last ? load_weights(imaginary_weight + v * VL, p->end[1], left) : load(imaginary_weight + v * VL);
            KEEP(wr);
            KEEP(wi);
            const vec xr = fetch(x + v * VL), xi = fetch(x + p->x_channel + v * VL);
            re[v] += wr * xr;
            im[v] += wr * xi;
            re[v] = ADJOINT ? re[v] + wi * xi : re[v] - wi * xi;
            im[v] = ADJOINT ? im[v] - wi * xr : im[v] + wi * xr;
        }
    }
    real *y = p->y + 2 * out * p->y_channel + sample * p->modes;
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        store_modes(y + v * VL, re[v], v == VECTORS - 1 ? left : VL);
        store_modes(y + p->y_channel + v * VL, im[v], v == VECTORS - 1 ? left : VL);
    }
}

#define RUN_FUNCTION(VECTORS)                                                                                                      \
    static void product_run_##VECTORS(const product *p, int64_t out, int64_t sample)                                               \
    {                                                                                                                              \
        product_run(VECTORS, false, p, out, sample);                                                                               \
    }                                                                                                                              \
    static void adjoint_run_##VECTORS(const product *p, int64_t out, int64_t sample)                                               \
    {                                                                                                                              \
        product_run(VECTORS, true, p, out, sample);                                                                                \
    }
#define PRODUCT_RUN_ENTRY(VECTORS) [0][VECTORS - 1] = product_run_##VECTORS,
#define ADJOINT_RUN_ENTRY(VECTORS) [1][VECTORS - 1] = adjoint_run_##VECTORS,
#if TX_VECTOR_BYTES == 64
#define RUNS(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9)
#else
#define RUNS(F) F(1) F(2) F(3) F(4) F(5)
#endif
RUNS(RUN_FUNCTION)
static product_fn *const product_runs[2][MOST_RUN] = {RUNS(PRODUCT_RUN_ENTRY) RUNS(ADJOINT_RUN_ENTRY)};

/* All modes and samples of `out` outputs: their weights stay in cache while samples pass. */
static void product_outputs(bool adjoint, product p, int64_t first, int64_t out, int64_t samples)
{
    const int64_t vectors = (p.modes + VL - 1) / VL, most = vectors < LONG ? MOST_SAMPLES : 1, tiles = (samples + most - 1) / most;
    const int64_t runs = vectors < LONG ? vectors : (vectors + MOST_RUN - 1) / MOST_RUN;
    int64_t v = 0;
    for (int64_t k = 1; k <= runs; k++) {
        const int64_t next = vectors * k / runs;
        p.left = p.modes - v * VL;
        for (int64_t r = 0; r < tiles; r++) {
            const int64_t s = samples * r / tiles, count = samples * (r + 1) / tiles - s;
            if (vectors < LONG) {
                products[adjoint][out - 1][count - 1](&p, first, s);
            } else {
                product_runs[adjoint][next - v - 1](&p, first, s);
            }
        }
        p.x += (next - v) * VL, p.y += (next - v) * VL, p.real_weight += (next - v) * VL, p.imaginary_weight += (next - v) * VL;
        v = next;
    }
}

void VARIANT(spectral_multiply)(tx_part part, bool adjoint, int64_t groups, const tx_layout *lx, const void *x,
                                const void *real_weight, const void *imaginary_weight, const tx_layout *ly, void *y)
{
    const int64_t modes = lx->shape.n[0], in = lx->shape.channels / (2 * groups), out = ly->shape.channels / (2 * groups);
    const int64_t matrix = in * out * modes, most = modes > (LONG - 1) * VL ? 1 : MOST_OUT, tiles = (out + most - 1) / most;
    product p = {.in = in,
                 .of_in = adjoint ? out * modes : modes,
                 .of_out = adjoint ? modes : in * modes,
                 .x_channel = lx->channel,
                 .y_channel = ly->channel,
                 .modes = modes,
                 .end = {(const real *)real_weight + groups * matrix, (const real *)imaginary_weight + groups * matrix}};
    for (int64_t g = 0; g < groups; g++) {
        p.x = (const real *)x + lx->origin + 2 * g * in * lx->channel;
        p.y = (real *)y + ly->origin + 2 * g * out * ly->channel;
        p.real_weight = (const real *)real_weight + g * matrix;
        p.imaginary_weight = (const real *)imaginary_weight + g * matrix;
        for (int64_t q = tx_part_begin(part, tiles); q < tx_part_end(part, tiles); q++) {
            const int64_t o = out * q / tiles;
            product_outputs(adjoint, p, o, out * (q + 1) / tiles - o, lx->block);
        }
    }
}

/* ---- gradients of the weights ---- */

/* The spectra of one group and the gradient between them. */
typedef struct pairs {
    const real *x, *dy;
    real *dw;
    int64_t in, out, x_channel, dy_channel, modes, samples;
} pairs;

INLINE void add_modes(real *y, vec v, int64_t n)
{
    if (n >= VL) {
        store(y, load(y) + v);
    } else {
        store_first(y, load_exactly(y, n) + v, n);
    }
}

/* dw[o][i] += sum over samples of re(dy conj(x)), or im of it, for OUT x IN pairs of one vector of modes, of which `left` are
 * there. x, dy, dw: of the first pair and mode. */
INLINE void gradient_tile(const int OUT, const int IN, const bool IMAGINARY, const pairs *p, int64_t left, const real *x,
                          const real *dy, real *dw)
{
    const int64_t x_channel = p->x_channel, dy_channel = p->dy_channel, modes = p->modes, of_out = p->in * modes;
    vec sum[MOST_PAIR][MOST_PAIR];
    UNROLL for (int o = 0; o < OUT; o++)
    {
        UNROLL for (int i = 0; i < IN; i++) sum[o][i] = (vec){0};
    }
    for (int64_t s = 0, samples = p->samples; s < samples; s++, x += modes, dy += modes) {
        vec dr[MOST_PAIR], di[MOST_PAIR];
        UNROLL for (int o = 0; o < OUT; o++)
        {
            dr[o] = fetch(dy + 2 * o * dy_channel);
            di[o] = fetch(dy + (2 * o + 1) * dy_channel);
        }
        UNROLL for (int i = 0; i < IN; i++)
        {
            const vec xr = fetch(x + 2 * i * x_channel), xi = fetch(x + (2 * i + 1) * x_channel);
            UNROLL for (int o = 0; o < OUT; o++)
            {
                sum[o][i] += (IMAGINARY ? di[o] : dr[o]) * xr;
                sum[o][i] = IMAGINARY ? sum[o][i] - dr[o] * xi : sum[o][i] + di[o] * xi;
            }
        }
    }
    UNROLL for (int o = 0; o < OUT; o++)
    {
        UNROLL for (int i = 0; i < IN; i++) add_modes(dw + o * of_out + i * modes, sum[o][i], left);
    }
}

typedef void gradient_fn(const pairs *p, int64_t left, const real *x, const real *dy, real *dw);
#define GRADIENT_FUNCTION(OUT, IN, NAME, IMAGINARY)                                                                                \
    static void NAME##_##OUT##_##IN(const pairs *p, int64_t left, const real *x, const real *dy, real *dw)                         \
    {                                                                                                                              \
        gradient_tile(OUT, IN, IMAGINARY, p, left, x, dy, dw);                                                                     \
    }
#define GRADIENT_ENTRY(OUT, IN, NAME, IMAGINARY) [IMAGINARY][OUT - 1][IN - 1] = NAME##_##OUT##_##IN,
#if TX_VECTOR_BYTES == 64
#define GRADIENT_ROW(F, OUT, NAME, PART) F(OUT, 1, NAME, PART) F(OUT, 2, NAME, PART) F(OUT, 3, NAME, PART) F(OUT, 4, NAME, PART)
#define GRADIENTS(F, NAME, PART)                                                                                                   \
    GRADIENT_ROW(F, 1, NAME, PART) GRADIENT_ROW(F, 2, NAME, PART) GRADIENT_ROW(F, 3, NAME, PART) GRADIENT_ROW(F, 4, NAME, PART)
#else
#define GRADIENTS(F, NAME, PART) F(1, 1, NAME, PART) F(1, 2, NAME, PART) F(2, 1, NAME, PART) F(2, 2, NAME, PART)
#endif
GRADIENTS(GRADIENT_FUNCTION, of_real, 0)
GRADIENTS(GRADIENT_FUNCTION, of_imaginary, 1)
static gradient_fn *const gradients[2][MOST_PAIR][MOST_PAIR] = {GRADIENTS(GRADIENT_ENTRY, of_real, 0)
                                                                    GRADIENTS(GRADIENT_ENTRY, of_imaginary, 1)};

/* The same for one pair and VECTORS vectors, of which the last may be short. */
INLINE void gradient_run(const int VECTORS, const bool IMAGINARY, const pairs *p, int64_t left, const real *x, const real *dy,
                         real *dw)
{
    const int64_t x_channel = p->x_channel, dy_channel = p->dy_channel, modes = p->modes;
    vec sum[MOST_RUN];
    UNROLL for (int v = 0; v < VECTORS; v++) sum[v] = (vec){0};
    for (int64_t s = 0, samples = p->samples; s < samples; s++, x += modes, dy += modes) {
        UNROLL for (int v = 0; v < VECTORS; v++)
        {
            const vec xr = fetch(x + v * VL), xi = fetch(x + x_channel + v * VL);
            const vec dr = fetch(dy + v * VL), di = fetch(dy + dy_channel + v * VL);
            sum[v] += (IMAGINARY ? di : dr) * xr;
            sum[v] = IMAGINARY ? sum[v] - dr * xi : sum[v] + di * xi;
        }
    }
    UNROLL for (int v = 0; v < VECTORS; v++) add_modes(dw + v * VL, sum[v], v == VECTORS - 1 ? left - v * VL : VL);
}

#define GRADIENT_RUN(VECTORS, NAME, IMAGINARY)                                                                                     \
    static void NAME##_run_##VECTORS(const pairs *p, int64_t left, const real *x, const real *dy, real *dw)                        \
    {                                                                                                                              \
        gradient_run(VECTORS, IMAGINARY, p, left, x, dy, dw);                                                                      \
    }
#define GRADIENT_RUNS(VECTORS) GRADIENT_RUN(VECTORS, of_real, 0) GRADIENT_RUN(VECTORS, of_imaginary, 1)
#define REAL_RUN_ENTRY(VECTORS) [0][VECTORS - 1] = of_real_run_##VECTORS,
#define IMAGINARY_RUN_ENTRY(VECTORS) [1][VECTORS - 1] = of_imaginary_run_##VECTORS,
RUNS(GRADIENT_RUNS)
static gradient_fn *const gradient_runs[2][MOST_RUN] = {RUNS(REAL_RUN_ENTRY) RUNS(IMAGINARY_RUN_ENTRY)};

static void few_modes(tx_part part, bool imaginary, const pairs *p)
{
    const int64_t in_tiles = (p->in + MOST_PAIR - 1) / MOST_PAIR, out_tiles = (p->out + MOST_PAIR - 1) / MOST_PAIR;
    for (int64_t q = tx_part_begin(part, out_tiles); q < tx_part_end(part, out_tiles); q++) {
        const int64_t o = p->out * q / out_tiles, outs = p->out * (q + 1) / out_tiles - o;
        for (int64_t r = 0; r < in_tiles; r++) {
            const int64_t i = p->in * r / in_tiles, ins = p->in * (r + 1) / in_tiles - i;
            for (int64_t v = 0; v < p->modes; v += VL) {
                gradients[imaginary][outs - 1][ins - 1](p, p->modes - v, p->x + 2 * i * p->x_channel + v,
                                                        p->dy + 2 * o * p->dy_channel + v, p->dw + (o * p->in + i) * p->modes + v);
            }
        }
    }
}

static void many_modes(tx_part part, bool imaginary, const pairs *p)
{
    const int64_t vectors = (p->modes + VL - 1) / VL, runs = (vectors + MOST_RUN - 1) / MOST_RUN;
    for (int64_t k = tx_part_begin(part, p->out * p->in); k < tx_part_end(part, p->out * p->in); k++) {
        const real *x = p->x + k % p->in * 2 * p->x_channel, *dy = p->dy + k / p->in * 2 * p->dy_channel;
        for (int64_t r = 0; r < runs; r++) {
            const int64_t v = vectors * r / runs, count = vectors * (r + 1) / runs - v, at = v * VL;
            gradient_runs[imaginary][count - 1](p, p->modes - at, x + at, dy + at, p->dw + k * p->modes + at);
        }
    }
}

void VARIANT(spectral_weights)(tx_part part, bool imaginary, int64_t groups, const tx_layout *lx, const void *x,
                               const tx_layout *ldy, const void *dy, void *dw)
{
    pairs p = {.x = (const real *)x + lx->origin,
               .dy = (const real *)dy + ldy->origin,
               .dw = dw,
               .in = lx->shape.channels / (2 * groups),
               .out = ldy->shape.channels / (2 * groups),
               .x_channel = lx->channel,
               .dy_channel = ldy->channel,
               .modes = lx->shape.n[0],
               .samples = lx->block};
    for (int64_t g = 0; g < groups; g++) {
        (p.modes > (LONG - 1) * VL ? many_modes : few_modes)(part, imaginary, &p);
        p.x += 2 * p.in * p.x_channel;
        p.dy += 2 * p.out * p.dy_channel;
        p.dw += p.in * p.out * p.modes;
    }
}
