/* A transfer function: for each wavenumber the matrix of channels that is best in least squares, H_k = C_k P_k^+ with the means
 * C_k of Y_k X_k^H and P_k of X_k X_k^H over the pairs. */
#include <fftw3.h>
#include <math.h>
#include <string.h>

#include "algebra/dense.h"
#include "base/memory.h"
#include "base/text.h"
#include "baseline/baseline.h"
#include "baseline/options.h"
#include "parallel/communicator.h"

typedef struct transfer {
    const tx_fit *fit;
    tx_baseline *baseline;
    int64_t channels, points, modes; /* of the real transform of a channel */
    fftw_plan plan;
    fftw_complex *x, *y;     /* [channels][modes] */
    double *power, *cross;   /* [modes][channels][channels] complex numbers */
    double *p, *vectors, *h; /* [2 channels][2 channels]: complex matrices as real ones */
    double *values;          /* [2 channels] */
    double largest;          /* eigenvalue of any P_k */
} transfer;

static int64_t modes_of(const tx_shape *state)
{
    const int64_t last = state->n[state->axes - 1];
    return tx_shape_points(state) / last * (last / 2 + 1);
}

static tx_status allocate(transfer *t, tx_error *error)
{
    const size_t modes = (size_t)(t->channels * t->modes), sums = 2 * modes * (size_t)t->channels,
                 whole = 4 * (size_t)(t->channels * t->channels);
    int n[TX_MAX_AXES];
    for (int d = 0; d < t->fit->state.axes; d++) {
        n[d] = (int)t->fit->state.n[d];
    }
    TX_TRY(tx_allocate_array(modes, sizeof *t->x, error, &t->x));
    TX_TRY(tx_allocate_array(modes, sizeof *t->y, error, &t->y));
    TX_TRY(tx_allocate_array(sums, sizeof(double), error, &t->power));
    TX_TRY(tx_allocate_array(sums, sizeof(double), error, &t->cross));
    TX_TRY(tx_allocate_array(whole, sizeof(double), error, &t->p));
    TX_TRY(tx_allocate_array(whole, sizeof(double), error, &t->vectors));
    TX_TRY(tx_allocate_array(whole, sizeof(double), error, &t->h));
    TX_TRY(tx_allocate_array(2 * (size_t)t->channels, sizeof(double), error, &t->values));
    t->plan =
        fftw_plan_dft_r2c(t->fit->state.axes, n, t->fit->pairs->x, t->x, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT | FFTW_UNALIGNED);
    return t->plan ? TX_OK : tx_error_set(error, TX_FAILURE, "FFTW has no transform of states of this shape");
}

static void tear_down(transfer *t)
{
    fftw_destroy_plan(t->plan);
    tx_free(t->x);
    tx_free(t->y);
    tx_free(t->power);
    tx_free(t->cross);
    tx_free(t->p);
    tx_free(t->vectors);
    tx_free(t->h);
    tx_free(t->values);
}

/* ---- Sums over pairs ---- */

static void analyse(const transfer *t, double *state, fftw_complex *modes)
{
    for (int64_t c = 0; c < t->channels; c++) {
        fftw_execute_dft_r2c(t->plan, state + c * t->points, modes + c * t->modes);
    }
}

/* a b^H of each wavenumber. */
static void add_products(const transfer *t, fftw_complex *a, fftw_complex *b, double *sums)
{
    for (int64_t k = 0; k < t->modes; k++) {
        for (int64_t entry = 0; entry < t->channels * t->channels; entry++, sums += 2) {
            const double *u = a[entry / t->channels * t->modes + k], *v = b[entry % t->channels * t->modes + k];
            sums[0] += u[0] * v[0] + u[1] * v[1];
            sums[1] += u[1] * v[0] - u[0] * v[1];
        }
    }
}

static tx_status sum_pairs(const transfer *t, tx_error *error)
{
    tx_pairs *pairs = t->fit->pairs;
    const size_t sums = 2 * (size_t)(t->modes * t->channels * t->channels);
    for (int64_t round = 0; round < tx_pairs_rounds(pairs); round++) {
        int64_t count;
        TX_TRY(tx_pairs_read(pairs, round, error, &count));
        for (int64_t k = 0; k < count; k++) {
            analyse(t, pairs->x + k * pairs->size, t->x);
            analyse(t, pairs->y + k * pairs->size, t->y);
            add_products(t, t->x, t->x, t->power);
            add_products(t, t->y, t->x, t->cross);
        }
    }
    TX_TRY(tx_parallel_add(pairs->parallel, t->power, sums, error));
    return tx_parallel_add(pairs->parallel, t->cross, sums, error);
}

/* ---- Wavenumbers ---- */

/* A complex matrix as a real one twice as large: [Re, -Im; Im, Re]. */
static void embed(const transfer *t, const double *sums, int64_t mode, double *out)
{
    const int64_t channels = t->channels, width = 2 * channels;
    const double *from = sums + 2 * mode * channels * channels;
    for (int64_t i = 0; i < channels; i++) {
        for (int64_t j = 0; j < channels; j++, from += 2) {
            out[i * width + j] = out[(i + channels) * width + j + channels] = from[0];
            out[i * width + j + channels] = -from[1];
            out[(i + channels) * width + j] = from[1];
        }
    }
}

static tx_status find_largest(transfer *t, tx_error *error)
{
    const int64_t width = 2 * t->channels;
    for (int64_t k = 0; k < t->modes; k++) {
        embed(t, t->power, k, t->vectors);
        TX_TRY(tx_dense_eigen(width, t->vectors, error, t->values));
        t->largest = fmax(t->largest, t->values[width - 1]);
    }
    return TX_OK;
}

/* h = C_k P_k^+ */
static tx_status divide(transfer *t, int64_t mode, tx_error *error)
{
    const int64_t width = 2 * t->channels;
    const double rcond = tx_get_real(t->baseline->section, "rcond");
    const tx_product back = {.rows = width, .columns = width, .inner = width, .turned_a = true},
                     product = {.rows = width, .columns = width, .inner = width};
    embed(t, t->power, mode, t->vectors);
    TX_TRY(tx_dense_eigen(width, t->vectors, error, t->values));
    for (int64_t k = 0; k < width * width; k++) {
        const double value = t->values[k / width];
        t->h[k] = value > rcond * rcond * t->largest ? t->vectors[k] / value : 0;
    }
    tx_dense_multiply(&back, t->vectors, t->h, t->p);
    embed(t, t->cross, mode, t->vectors);
    tx_dense_multiply(&product, t->vectors, t->p, t->h);
    return TX_OK;
}

/* Wavenumbers of an axis that a block of modes holds: the first ones, or, but for the last axis, the last ones. */
static int64_t kept_modes(const tx_shape *state, int d)
{
    return d == state->axes - 1 ? state->n[d] / 2 + 1 : (state->n[d] + 1) / 2;
}

/* Where that wavenumber stands in a block; -1: nowhere. */
static int64_t place_of(const tx_shape *state, int64_t block, int64_t mode)
{
    int64_t place = 0, stride = 1;
    for (int d = state->axes - 1; d >= 0; d--) {
        const bool last = d == state->axes - 1;
        const int64_t kept = kept_modes(state, d), all = last ? kept : state->n[d];
        const int64_t at = mode % all - (!last && (block >> d & 1) ? all - kept : 0);
        if (at < 0 || at >= kept) {
            return -1;
        }
        place += at * stride;
        stride *= kept;
        mode /= all;
    }
    return place;
}

/* Blocks overlap where an axis has an odd number of points. */
static void put(const transfer *t, int64_t mode)
{
    const tx_shape *state = &t->fit->state;
    const int64_t channels = t->channels, half = t->baseline->network->num_parameters / 2, blocks = (int64_t)1 << (state->axes - 1);
    const int64_t kept = half / (blocks * channels * channels);
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t place = place_of(state, block, mode);
        for (int64_t entry = 0; place >= 0 && entry < channels * channels; entry++) {
            const int64_t at = (block * channels * channels + entry) * kept + place;
            const int64_t row = entry / channels, column = entry % channels;
            tx_baseline_put(t->baseline, t->fit, at, t->h[row * 2 * channels + column]);
            tx_baseline_put(t->baseline, t->fit, half + at, t->h[(row + channels) * 2 * channels + column]);
        }
    }
}

static tx_status make_network(const transfer *t, tx_error *error)
{
    const tx_shape *state = &t->fit->state;
    long long modes[TX_MAX_AXES] = {0};
    for (int d = 0; d < state->axes; d++) {
        modes[d] = kept_modes(state, d);
    }
    static const char *const formats[] = {"num_modes: %lld", "num_modes: [%lld, %lld]", "num_modes: [%lld, %lld, %lld]"};
    char text[96];
    snprintf(text, sizeof text, formats[state->axes - 1], modes[0], modes[1], modes[2]);
    return tx_baseline_make(t->baseline, t->fit, error, "spectral_conv", "%s", text);
}

/* What a rank does alone. */
static tx_status make(transfer *t, tx_error *error)
{
    t->baseline->value = tx_get_real(t->baseline->section, "rcond");
    TX_TRY(make_network(t, error));
    TX_TRY(find_largest(t, error));
    for (int64_t k = 0; k < t->modes; k++) {
        double radius;
        TX_TRY(divide(t, k, error));
        put(t, k);
        TX_TRY(tx_dense_spectral_radius(2 * t->channels, t->h, error, &radius));
        t->baseline->spectral_radius = fmax(t->baseline->spectral_radius, radius);
    }
    return TX_OK;
}

static tx_status fit_(tx_baseline *baseline, const tx_fit *fit, tx_error *error)
{
    transfer t = {.fit = fit,
                  .baseline = baseline,
                  .channels = fit->state.channels,
                  .points = tx_shape_points(&fit->state),
                  .modes = modes_of(&fit->state)};
    tx_status status = tx_parallel_agree(fit->parallel, allocate(&t, error), error);
    status = status ? status : sum_pairs(&t, error);
    status = status ? status : tx_parallel_agree(fit->parallel, make(&t, error), error);
    tear_down(&t);
    return status;
}

static tx_status check(const tx_section *section, const tx_shape *state, tx_error *error)
{
    if (!state->axes) {
        return tx_section_error(section, NULL, error, TX_INVALID,
                                "spectral needs spatial axes, and the states of the data have none");
    }
    return tx_get_real(section, "rcond") < 1 ? TX_OK : tx_section_error(section, "rcond", error, TX_INVALID, "must be below 1");
}

static int64_t count(const tx_shape *state)
{
    int64_t numbers = state->channels * state->channels << state->axes;
    for (int d = 0; d < state->axes; d++) {
        numbers *= kept_modes(state, d);
    }
    return numbers;
}

static const tx_baseline_class spectral = {.check = check, .fit = fit_, .count = count};

static const tx_option options[] = {
    TX_OPTION_RCOND(NULL),
    {0},
};

const tx_component tx_baseline_spectral = {.kind = TX_KIND_BASELINE,
                                           .name = "spectral",
                                           .summary = "a transfer function per wavenumber, on periodic axes",
                                           .options = options,
                                           .implementation = &spectral};
