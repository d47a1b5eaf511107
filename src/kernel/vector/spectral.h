/* A truncated Fourier transform as it is computed: axis by axis, first to last, each a product of rows with a real matrix.
 *
 * Along an axis, cosines and sines of K wavenumbers are sums over N points. Both are even or odd under n -> N - n, and where
 * N is even also under n -> N/2 - n: so the points are FOLDED first (2 parts for odd N, 4 for even: cos of even k, cos of odd
 * k, sin of even k, sin of odd k), and each part is a product with a matrix of about K / 2 rows and N / 4 columns. What varies
 * along the other axes, channels and samples is the LANES of this product: everything in it is whole vectors. Lanes that lie
 * in pieces shorter than a vector (the samples of a point) are brought together first, a strip of them at a time.
 *
 * Products of cosines and sines of all axes give the complex modes at the end: (C0 - i s S0)(C1 - i S1), s the sign of k0. */
#pragma once

#include "kernel/kernel.h"
#include "kernel/vector/vector.h"

/* The largest tiles of the products: rows of two parts by vectors of lanes, columns of all parts by one vector. The sums, a
 * weight and what it multiplies fill the registers: 32 with AVX-512, else 16. */
#if TX_VECTOR_BYTES == 64
enum { STAGE_ROWS = 7, STAGE_COLUMNS = 6, STAGE_VECTORS = 2 };
#else
enum { STAGE_ROWS = 3, STAGE_COLUMNS = 3, STAGE_VECTORS = 2 };
#endif

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
    real *to_rows;         /* [pair of parts][block of rows][column][part][row] */
    real *to_columns;      /* [block of columns][row][part][column] */
} stage;

/* A run of wavenumbers of the last axis, at fixed ones of the others: which combinations of rows (of the axes before) make
 * it: cos + sign[1] * second, and sign[2] * third + sign[3] * fourth for the odd part. */
typedef struct mode_run {
    int64_t combination[4];
    real sign[4];
    int64_t group, at;
    int64_t line; /* of the last axis, in the whole spectrum */
} mode_run;

/* What a combination's cosines and sines get back from a run: factor times the reals at an offset in the modes. */
typedef struct mode_share {
    int64_t offset[2], weight;
    real factor[2];
} mode_share;

struct tx_spectral {
    struct spectral_fft *fft; /* NULL: all below, by matrices */
    int axes;
    bool weighted;
    tx_layout x, modes;
    int64_t channels, samples; /* of x; channels: those of a slice, which goes through all axes before the next begins */
    int64_t slices;
    int64_t last;      /* wavenumbers of the last axis */
    int64_t num_modes; /* of one group */
    stage stages[TX_MAX_AXES];
    int64_t num_runs;
    mode_run *runs;
    real *weight; /* [run][last] what a mode counts in the inverse */
    int64_t num_combinations;
    mode_share *shares;   /* of each combination in turn */
    int64_t *first_share; /* [combinations + 1] */
    /* The last stage's result with wavenumbers innermost: [lane][cos, sin]. */
    int64_t spectrum_pitch, spectrum_lanes;
    /* offsets in the scratch */
    int64_t spectrum, straight, unused_row, scratch;
};

/* spectral_fft.c; runs and weights are there, too */
bool VARIANT(fft_is_faster)(const tx_spectral_shape *shape);
tx_status VARIANT(fft_create)(tx_spectral *t, tx_error *error); /* fft and scratch; the layouts are there */
void VARIANT(fft_destroy)(struct spectral_fft *fft);
void VARIANT(fft_analyse)(const tx_spectral *t, tx_part part, const real *x, real *modes, real *scratch);
void VARIANT(fft_synthesise)(const tx_spectral *t, tx_part part, const real *modes, real *x, real *scratch);

/* The row of cos (sin) of wavenumber k in a stage's result; sin of 0 has one too where there are four parts. */
INLINE int64_t stage_row(const stage *s, bool sine, int64_t k)
{
    return s->parts == 4 ? ((sine ? 2 : 0) + k % 2) * s->rows + k / 2 : (sine ? s->rows : 0) + k;
}

/* Of a run's real parts in the modes, for the first channel and sample. */
INLINE int64_t run_offset(const tx_spectral *t, const mode_run *r)
{
    return t->modes.origin + r->group * t->slices * t->channels * 2 * t->modes.channel + r->at;
}

/* `total` rows or columns are cut into blocks of at most `most`, nearly equal: where block k begins. */
INLINE int64_t num_cuts(int64_t total, int64_t most)
{
    return (total + most - 1) / most;
}
INLINE int64_t cut(int64_t total, int64_t most, int64_t k)
{
    return total * k / num_cuts(total, most);
}

/* Between the points of a strip: its lanes, and room for whole vectors. */
INLINE int64_t straight_pitch(const stage *s)
{
    return (s->together * s->chunk + 2 * VL - 1) / VL * VL;
}
