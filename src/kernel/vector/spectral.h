/* A truncated Fourier transform as it is computed: axis by axis, first to last, each a product of rows with a real matrix.
 *
 * Along an axis, cosines and sines of K wavenumbers are sums over N points. Both are even or odd under n -> N - n, and where
 * N is even also under n -> N/2 - n: so the points are FOLDED first (2 parts for odd N, 4 for even: cos of even k, cos of odd
 * k, sin of even k, sin of odd k), and each part is a product with a matrix of about K / 2 rows and N / 4 columns. What varies
 * along the other axes, channels and samples is the LANES of this product: everything in it is whole vectors, and the product
 * is the dense form of the convolution kernel (its block: a strip of lanes).
 *
 * Products of cosines and sines of all axes give the complex modes at the end: (C0 - i s S0)(C1 - i S1), s the sign of k0. */
#pragma once

#include "kernel/kernel.h"
#include "kernel/vector/vector.h"

/* Strips come in two widths, the whole one and what is left; each has its products in both directions. */
typedef struct strip_product {
    int64_t width;      /* lanes; 0: does not occur */
    int64_t fold_pitch; /* between the columns of the folded points */
    tx_conv *analyse, *synthesise;
    real *to_rows, *to_columns; /* their packed matrices */
} strip_product;

typedef struct stage {
    int64_t points, stride; /* along the axis, and reals between neighbours in the source */
    int parts;
    int64_t columns, rows; /* of one part */
    int64_t wavenumbers;   /* K: 0 … K - 1 */
    int64_t count, chunk;  /* lanes are `count` pieces of the source, `chunk` contiguous reals each */
    int64_t *outer;        /* [count] where they begin */
    int64_t pitch;         /* between rows of the result, a tensor [parts * rows][count * chunk] */
    int64_t result;        /* its offset in the scratch */
    int64_t together;      /* pieces in a strip */
    strip_product strips[2];
} stage;

/* A run of wavenumbers of the last axis, at fixed ones of the others: which combinations of rows (of the axes before) make
 * it: cos + sign[1] * second, and sign[2] * third + sign[3] * fourth for the odd part. */
typedef struct mode_run {
    int64_t combination[4];
    real sign[4];
    int64_t group, at;
} mode_run;

struct tx_spectral {
    int axes;
    bool weighted;
    tx_layout x, modes;
    int64_t channels, samples; /* of x */
    int64_t last;              /* wavenumbers of the last axis */
    int64_t num_modes;         /* of one group */
    stage stages[TX_MAX_AXES];
    int64_t num_runs;
    mode_run *runs;
    real *weight; /* [run][last] what a mode counts in the inverse */
    /* The last stage's result with wavenumbers innermost: [lane][cos, sin]. */
    int64_t spectrum_pitch, spectrum_lanes;
    /* offsets in the scratch */
    int64_t spectrum, folded, straight, unused_row, scratch;
};

/* The row of cos (sin) of wavenumber k in a stage's result; sin of 0 has one too where there are four parts. */
INLINE int64_t stage_row(const stage *s, bool sine, int64_t k)
{
    return s->parts == 4 ? ((sine ? 2 : 0) + k % 2) * s->rows + k / 2 : (sine ? s->rows : 0) + k;
}
