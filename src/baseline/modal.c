/* Baselines that weigh modes: the best weighting of held-out rollouts, and the emulator of one. */
#include <math.h>
#include <string.h>

#include "algebra/dense.h"
#include "base/memory.h"
#include "baseline/baseline.h"

static const tx_modal *modal_of(const tx_baseline *baseline)
{
    return tx_baseline_class_of(baseline)->modal;
}

/* ---- The best ---- */

static bool is_auto(const tx_baseline *baseline)
{
    return tx_get_word(baseline->section, modal_of(baseline)->option);
}

/* The first that is nearly as good as any. */
static int first_good(int count, const double *scores)
{
    double best = INFINITY;
    int first = 0;
    for (int k = 0; k < count; k++) {
        best = isfinite(scores[k]) && scores[k] < best ? scores[k] : best;
    }
    while (isfinite(best) && !(scores[first] <= 1.01 * best + 1e-10)) {
        first++;
    }
    return first;
}

static tx_status weigh_all(const tx_modal *modal, const tx_modes *modes, int count, const double *candidates, double *weights,
                           tx_error *error)
{
    for (int k = 0; k < count; k++) {
        TX_TRY(modal->weigh(modes, candidates[k], weights + k * modes->count, error));
    }
    return TX_OK;
}

tx_status tx_modal_choose(tx_baseline *baseline, const tx_fit *fit, const tx_modes *modes, int64_t first, tx_error *error)
{
    const tx_modal *modal = modal_of(baseline);
    double candidates[TX_MOST_CANDIDATES], scores[TX_MOST_CANDIDATES], *weights = NULL;
    if (!is_auto(baseline)) {
        return TX_OK;
    }
    const int count = modal->candidates(modes->count, candidates);
    tx_status status = tx_allocate_array((size_t)(count * modes->count), sizeof *weights, error, &weights);
    status = status ? status : weigh_all(modal, modes, count, candidates, weights, error);
    status = tx_parallel_agree(fit->parallel, status, error);
    const tx_contest contest = {
        .fit = fit, .modes = modes, .projected = modal->projected, .first = first, .count = count, .weights = weights};
    status = status ? status : tx_contest_run(&contest, error, scores);
    tx_free(weights);
    TX_TRY(status);
    baseline->value = candidates[first_good(count, scores)];
    return TX_OK;
}

/* ---- Its emulator ---- */

int64_t tx_modal_count(const tx_baseline *baseline, const tx_shape *state, int64_t modes)
{
    const int64_t n = state->channels * tx_shape_points(state), whole = n * n, factors = 2 * n * modes;
    return n + (state->axes && (modal_of(baseline)->projected || factors < whole) ? factors : whole);
}

size_t tx_modal_bytes(const tx_shape *state, int64_t modes)
{
    const size_t n = (size_t)(state->channels * tx_shape_points(state)), count = (size_t)modes;
    return (count * (n + count + 1) + n * n) * sizeof(double);
}

typedef struct emulator {
    tx_baseline *baseline;
    const tx_fit *fit;
    tx_modes modes;  /* behind the last that has a weight there are none */
    double *weights; /* [modes] */
    double *middle;  /* [modes][modes]: row i, column j: q_j'B q_i weight_i */
    double *outward; /* [modes][size]: what q_i becomes */
    double *bias;    /* NULL: none */
    double *matrix;  /* [size][size]; NULL: its factors will do */
} emulator;

/* What a mode becomes, in the modes' own space and in the states'. */
static void go_outward(emulator *e)
{
    const tx_modes *modes = &e->modes;
    const int64_t n = modes->size, count = modes->count;
    for (int64_t k = 0; k < count * n; k++) {
        e->outward[k] = modes->outward[k] * e->weights[k / n];
    }
    tx_modes_analyse(modes, count, e->outward, e->middle);
    if (modal_of(e->baseline)->projected) {
        tx_modes_synthesise(modes, modes->inward, count, e->middle, e->outward);
    }
}

/* b = mean y - A mean x */
static void find_bias(emulator *e, double *coefficients)
{
    const tx_modes *modes = &e->modes;
    tx_modes_analyse(modes, 1, modes->mean, coefficients);
    tx_modes_synthesise(modes, e->outward, 1, coefficients, e->bias);
    for (int64_t k = 0; k < modes->size; k++) {
        e->bias[k] = modes->mean[modes->size + k] - e->bias[k];
    }
}

static void put_all(emulator *e, int64_t *at, const double *values, int64_t count)
{
    for (int64_t k = 0; values && k < count; k++) {
        tx_baseline_put(e->baseline, e->fit, (*at)++, values[k]);
    }
}

static const char *flag(const void *bias)
{
    return bias ? "true" : "false";
}

/* A q_i one beside the other behind all q_i, one below the other. */
static tx_status make_factors(emulator *e, tx_error *error)
{
    const int64_t n = e->modes.size, count = e->modes.count, width = count ? count : 1;
    int64_t at = 0;
    TX_TRY(tx_baseline_make(e->baseline, e->fit, error, "mlp",
                            "width_size: %lld, depth: 1, activation: identity, use_bias: false, use_final_bias: %s",
                            (long long)width, flag(e->bias)));
    put_all(e, &at, e->modes.inward, count * n);
    for (int64_t k = 0; k < n * count; k++) {
        tx_baseline_put(e->baseline, e->fit, at + k, e->outward[k % count * n + k / count]);
    }
    at = 2 * width * n;
    put_all(e, &at, e->bias, n);
    return TX_OK;
}

static tx_status make_matrix(emulator *e, tx_error *error)
{
    const int64_t n = e->modes.size;
    const tx_product product = {.rows = n, .columns = n, .inner = e->modes.count, .turned_a = true};
    int64_t at = 0;
    tx_dense_multiply(&product, e->outward, e->modes.inward, e->matrix);
    if (!e->fit->state.axes) {
        return tx_baseline_linear(e->baseline, e->fit, e->matrix, e->bias, error);
    }
    TX_TRY(tx_baseline_make(e->baseline, e->fit, error, "mlp", "depth: 0, use_final_bias: %s", flag(e->bias)));
    put_all(e, &at, e->matrix, n * n);
    put_all(e, &at, e->bias, n);
    return TX_OK;
}

static tx_status allocate(emulator *e, tx_error *error)
{
    const size_t n = (size_t)e->modes.size, modes = (size_t)e->modes.count;
    TX_TRY(tx_allocate_array(modes * modes, sizeof(double), error, &e->middle));
    TX_TRY(tx_allocate_array(modes * n, sizeof(double), error, &e->outward));
    TX_TRY(e->modes.mean ? tx_allocate_array(n, sizeof(double), error, &e->bias) : TX_OK);
    const tx_shape *state = &e->fit->state;
    const bool whole = !state->axes || (!modal_of(e->baseline)->projected && 2 * e->modes.count >= e->modes.size);
    return whole ? tx_allocate_array(n * n, sizeof(double), error, &e->matrix) : TX_OK;
}

/* Eigenvalues of A that are not zero are those of q_j'A q_i. On the first rank: it takes long. */
static tx_status find_radius(emulator *e, tx_error *error)
{
    enum { MOST = 2048 };
    tx_baseline *baseline = e->baseline;
    tx_status status = TX_OK;
    if (e->modes.size > MOST && !modal_of(baseline)->projected) {
        return TX_OK;
    }
    if (tx_parallel_rank(e->fit->parallel) == 0) {
        status = tx_dense_spectral_radius(e->modes.count, e->middle, error, &baseline->spectral_radius);
    }
    TX_TRY(tx_parallel_agree(e->fit->parallel, status, error));
    return tx_parallel_broadcast(e->fit->parallel, &baseline->spectral_radius, sizeof(double), error);
}

/* What a rank does alone. */
static tx_status make(emulator *e, tx_error *error)
{
    int64_t *count = &e->modes.count;
    TX_TRY(tx_allocate_array((size_t)*count, sizeof(double), error, &e->weights));
    TX_TRY(modal_of(e->baseline)->weigh(&e->modes, e->baseline->value, e->weights, error));
    while (*count && e->weights[*count - 1] == 0) {
        --*count;
    }
    TX_TRY(allocate(e, error));
    go_outward(e);
    if (e->bias) {
        find_bias(e, e->weights); /* which are not needed any more */
    }
    return e->matrix ? make_matrix(e, error) : make_factors(e, error);
}

tx_status tx_modal_fit(tx_baseline *baseline, const tx_fit *fit, const tx_modes *modes, tx_error *error)
{
    const char *option = modal_of(baseline)->option;
    emulator e = {.baseline = baseline, .fit = fit, .modes = *modes};
    if (!is_auto(baseline)) {
        baseline->value = modal_of(baseline)->is_count ? (double)tx_get_integer(baseline->section, option)
                                                       : tx_get_real(baseline->section, option);
    }
    tx_status status = tx_parallel_agree(fit->parallel, make(&e, error), error);
    status = status ? status : find_radius(&e, error);
    tx_free(e.weights);
    tx_free(e.middle);
    tx_free(e.outward);
    tx_free(e.bias);
    tx_free(e.matrix);
    return status;
}
