/* Muon (Jordan et al. 2024): momentum of a matrix, made orthogonal by Newton-Schulz iterations; leaves that are no matrices are
 * Adam's. Arithmetic as in Optax. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "matrix.h"
#include "options.h"
#include "power.h"
#include "rule.h"
#include "stage.h"

/* a = 1 - b; of_m, of_g: what the mean and the gradient count in the direction, both corrected for the start at 0. */
TX_CONSTANTS(b1, b2, a1, a2, of_m, of_g, f2, eps, eps_root, of_p);

TX_RULE(momentum, 1, {
    m = c.a1 * g + c.b1 * m;
    u = c.of_m * m + c.of_g * g;
})
TX_RULE(adam, 2, {
    m = c.a1 * g + c.b1 * m;
    v = c.a2 * (g * g) + c.b2 * v;
    u = (c.of_m * m + c.of_g * g) / (TX_ROOT(v * c.f2 + c.eps_root) + c.eps);
})
TX_RULE(combined, 0, { u = c.of_g * g + c.of_p * p; })

typedef struct running_mean { /* of the gradient */
    double decay;
    tx_power power;
} running_mean;

typedef struct muon_state { /* one allocation with the leaves' first arrays */
    running_mean of_matrices, of_others;
    double b2, eps, eps_root, rms; /* rms: NaN: by the width */
    bool nesterov, has_rate;
    tx_rate rate, decay; /* of Adam */
    tx_power power2;
    int64_t size, shorter;           /* the most of any matrix: numbers, of its shorter side */
    int num_steps, num_coefficients; /* triples: one for all steps, or one a step */
    const double *coefficients;      /* the section's, or constant */
    char *buffers[3];                /* [size] each */
    char *squares[3];                /* [shorter^2] each */
    int first[];                     /* [leaves] of the stage's arrays: mu, and Adam's nu */
} muon_state;

/* Output is the first axis, reduction the others. */
static int64_t outputs(const tx_leaf *leaf)
{
    return leaf->rank ? leaf->shape[0] : 1;
}

static bool is_matrix(const tx_leaf *leaf)
{
    return outputs(leaf) > 1 && leaf->size / outputs(leaf) > 1;
}

/* One matrix in an update. */
typedef struct work {
    const tx_stage *stage;
    const muon_state *state;
    tx_precision precision;
    int64_t rows, columns; /* rows <= columns */
} work;

/* out = of_g a + of_p b, `count` numbers each; b may be a. */
static void combine(const work *w, int64_t count, double of_a, const void *a, double of_b, const void *b, void *out)
{
    const tx_update part = {.scale = 1, .gradient = a, .parameters = b, .next_parameters = out};
    tx_rule_run_leaf(&combined, w->stage, &part, &(constants_double){.of_g = of_a, .of_p = of_b}, &(tx_leaf){.size = count});
}

/* The singular values of what buffers[0] holds, a matrix of norm 1 with `outputs` rows, are drawn towards 1; returns the buffer
 * where it then lies. Both it and its transpose are at hand, so that all products are a' b. */
static const char *orthogonalise(const work *w, int64_t num_outputs)
{
    const int64_t r = w->rows, c = w->columns;
    char *const *squares = w->state->squares;
    char *given = w->state->buffers[0], *turned = w->state->buffers[1], *free = w->state->buffers[2];
    const bool is_wide = num_outputs == r && r < c;
    char *wide = is_wide ? given : turned, *tall = is_wide ? turned : given;
    tx_matrix_transpose(w->precision, num_outputs, r * c / num_outputs, given, turned);
    for (int k = 0; k < w->state->num_steps; k++) {
        const double *coefficients = w->state->coefficients + 3 * (k % w->state->num_coefficients);
        tx_matrix_product(w->precision, (tx_sizes){c, r, r}, tall, tall, squares[0]);
        tx_matrix_product(w->precision, (tx_sizes){r, r, r}, squares[0], squares[0], squares[1]);
        combine(w, r * r, coefficients[1], squares[0], coefficients[2], squares[1], squares[2]);
        tx_matrix_product(w->precision, (tx_sizes){r, r, c}, squares[2], wide, free);
        combine(w, r * c, coefficients[0], wide, 1, free, tall);
        tx_matrix_transpose(w->precision, r, c, tall, wide);
        char *const swapped = wide;
        wide = tall;
        tall = swapped;
    }
    return is_wide ? wide : tall;
}

/* Constants of update `count`, from 1, for leaves whose mean decays so. */
static constants_double prepare(const muon_state *s, const running_mean *mean, tx_precision precision, int64_t count)
{
    constants_double c = {
        .b1 = mean->decay, .a1 = 1 - mean->decay, .b2 = s->b2, .a2 = 1 - s->b2, .eps = s->eps, .eps_root = s->eps_root};
    const double now = tx_bias_correction(&mean->power, precision, count);
    c.of_m = s->nesterov ? c.b1 * tx_bias_correction(&mean->power, precision, count + 1) : now;
    c.of_g = s->nesterov ? c.a1 * now : 0;
    c.f2 = tx_bias_correction(&s->power2, precision, count);
    return c;
}

static double scale_of_shape(const muon_state *s, int64_t fan_out, int64_t fan_in)
{
    return isnan(s->rms) ? sqrt(fmax(1, (double)fan_out / (double)fan_in)) : sqrt(fmax((double)fan_out, (double)fan_in)) * s->rms;
}

static bool update_matrix(const tx_stage *stage, const tx_update *part, const tx_leaf *leaf)
{
    const muon_state *s = stage->state;
    const int64_t fan_out = outputs(leaf), fan_in = leaf->size / fan_out;
    const tx_leaf all = {.size = leaf->size};
    const tx_precision precision = stage->optimizer->precision;
    const work w = {stage, s, precision, TX_MIN(fan_out, fan_in), TX_MAX(fan_out, fan_in)};
    const constants_double constants = prepare(s, &s->of_matrices, precision, part->count + 1);
    const tx_update inner = tx_update_between(part, part->gradient, s->buffers[2]);
    tx_update outer = *part;
    tx_rule_run_leaf(&momentum, stage, &inner, &constants, &all);
    const double norm = tx_stage_norm(precision, s->buffers[2], 0, leaf->size);
    combine(&w, leaf->size, 1 / (norm + s->eps), s->buffers[2], 0, s->buffers[2], s->buffers[0]);
    outer.gradient = orthogonalise(&w, fan_out);
    return tx_rule_run_leaf(&combined, stage, &outer, &(constants_double){.of_g = scale_of_shape(s, fan_out, fan_in)}, &all);
}

static bool update_other(const tx_stage *stage, const tx_update *part, int64_t size)
{
    const muon_state *s = stage->state;
    const constants_double constants = prepare(s, &s->of_others, stage->optimizer->precision, part->count + 1);
    tx_update own = *part;
    own.scale = s->has_rate ? -tx_rate_at(s->rate, part->count) : part->scale;
    own.decay = tx_rate_at(s->decay, part->count);
    return tx_rule_run_leaf(&adam, stage, &own, &constants, &(tx_leaf){.size = size});
}

static tx_status update_muon(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const muon_state *state = stage->state;
    bool finite = true;
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        const tx_update part = tx_update_of_leaf(update, leaf, optimizer->precision, state->first[k]);
        finite &= is_matrix(leaf) ? update_matrix(stage, &part, leaf) : update_other(stage, &part, leaf->size);
    }
    return tx_stage_status(finite, error);
}

/* ---- Creation ---- */

static size_t scratch_bytes(const tx_stage *stage, int num_ranks)
{
    (void)num_ranks;
    const muon_state *state = stage->state;
    const size_t reals = (size_t)(3 * state->size + 3 * state->shorter * state->shorter);
    return reals * tx_real_bytes(stage->optimizer->precision);
}

static tx_status allocate_scratch(muon_state *state, size_t real, tx_error *error)
{
    for (int k = 0; k < 3; k++) {
        TX_TRY(tx_allocate_array((size_t)state->size, real, error, &state->buffers[k]));
        TX_TRY(tx_allocate_array((size_t)(state->shorter * state->shorter), real, error, &state->squares[k]));
    }
    return TX_OK;
}

static tx_status allocate(tx_stage *stage, const tx_task *task, tx_error *error)
{
    const tx_status status = allocate_scratch(stage->state, tx_real_bytes(task->precision), error);
    return task->parallel ? tx_parallel_agree(task->parallel, status, error) : status;
}

static void destroy(tx_stage *stage)
{
    muon_state *state = stage->state;
    for (int k = 0; k < 3; k++) {
        tx_free(state->buffers[k]);
        tx_free(state->squares[k]);
    }
}

static const double standard[] = {3.4445, -4.7750, 2.0315};
static const double dion[] = {4.0848, -6.8946, 2.9270, 3.9505, -6.3029, 2.6377, 3.7418, -5.5913, 2.3037, //
                              2.8769, -3.1427, 1.2046, 2.8366, -3.0525, 1.2012};

/* As many triples as there are must be made: Optax's, which takes no fewer steps. */
static tx_status read_coefficients(muon_state *s, const tx_section *section, tx_error *error)
{
    const char *word = tx_get_word(section, "ns_coeffs");
    const bool is_dion = word && !strcmp(word, "dion"), many = is_dion || tx_tuple_size(section, "ns_coeffs");
    int count = 3;
    s->num_steps = (int)tx_get_integer(section, "ns_steps");
    s->num_coefficients = 1;
    s->coefficients = is_dion ? dion : standard;
    if (!word) {
        count = tx_get_reals(section, "ns_coeffs", &s->coefficients);
    }
    if (many) {
        s->num_coefficients = is_dion ? 5 : count / 3;
        if (s->num_coefficients > s->num_steps) {
            return tx_section_error(section, "ns_steps", error, TX_INVALID, "ns_coeffs has coefficients of %d steps, not of %d",
                                    s->num_coefficients, s->num_steps);
        }
        s->num_steps = s->num_coefficients;
    } else if (count != 3) {
        return tx_section_error(section, "ns_coeffs", error, TX_INVALID, "three numbers, or a list of three a step, not %d", count);
    }
    return TX_OK;
}

static void read_mean(const tx_section *section, const char *option, tx_precision precision, running_mean *out)
{
    out->decay = tx_get_real(section, option);
    tx_power_prepare(&out->power, out->decay, precision);
}

static tx_status read_state(muon_state *s, const tx_section *section, tx_precision precision, tx_error *error)
{
    read_mean(section, "beta", precision, &s->of_matrices);
    read_mean(section, "adam_b1", precision, &s->of_others);
    s->b2 = tx_get_real(section, "adam_b2");
    tx_power_prepare(&s->power2, s->b2, precision);
    s->eps = tx_get_real(section, "eps");
    s->eps_root = tx_get_real(section, "adam_eps_root");
    s->rms = tx_option_real(section, "consistent_rms", (double)NAN);
    s->nesterov = tx_get_boolean(section, "nesterov");
    s->has_rate = tx_has(section, "adam_learning_rate");
    s->rate = tx_rate_read(section, "adam_learning_rate");
    s->decay = tx_rate_read(section, "adam_weight_decay");
    return read_coefficients(s, section, error);
}

static tx_status create_muon(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update_muon, sizeof(muon_state) + (size_t)optimizer->num_leaves * sizeof(int), error, &stage));
    muon_state *state = stage->state;
    stage->bytes = scratch_bytes;
    stage->allocate = allocate;
    stage->destroy = destroy;
    stage->decay = tx_rate_read(section, "weight_decay");
    TX_TRY(read_state(state, section, optimizer->precision, error));
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        const int64_t fan_out = outputs(leaf), fan_in = leaf->size / fan_out;
        state->first[k] = stage->num_arrays;
        TX_TRY(tx_stage_keep_leaf(stage, "mu", leaf, error));
        if (is_matrix(leaf)) {
            state->size = TX_MAX(state->size, leaf->size);
            state->shorter = TX_MAX(state->shorter, TX_MIN(fan_out, fan_in));
        } else {
            TX_TRY(tx_stage_keep_leaf(stage, "nu", leaf, error));
        }
    }
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

/* clang-format off */
static const tx_option options[] = {
    TX_OPTION_LEARNING_RATE,
    {.name = "ns_coeffs", .type = TX_TYPE_REALS, .initial = "[3.4445, -4.7750, 2.0315]", .words = "standard dion", .tuple = 3,
     .text = "of the polynomial of a Newton-Schulz step: three numbers, or a list of three a step"},
    {.name = "ns_steps", .type = TX_TYPE_INTEGER, .initial = "5", .maximum = 1000, .text = "Newton-Schulz steps"},
    TX_OPTION_REAL("beta", "0.95", "decay of the running mean of a matrix's gradient"),
    TX_OPTION_REAL("eps", "1e-8", "added to denominators, Adam's outside the root"),
    TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters of matrices, taken off at the learning rate"),
    TX_OPTION_NESTEROV("true"),
    {.name = "preconditioning", .type = TX_TYPE_WORD, .initial = "frobenius", .words = "frobenius",
     .text = "the norm that a matrix is divided by before the steps"},
    TX_OPTION_REAL("adam_b1", "0.9", "of leaves that are no matrices: decay of the running mean of the gradient"),
    TX_OPTION_REAL("adam_b2", "0.999", "of these: decay of the running mean of its square"),
    TX_OPTION_REAL("adam_eps_root", "0.0", "of these: added to the denominator, under the root"),
    {.name = "adam_weight_decay", .type = TX_TYPE_REAL, .kind = TX_KIND_SCHEDULE, .initial = "0.0",
     .text = "of these: times the parameters, taken off at the learning rate"},
    {.name = "adam_learning_rate", .type = TX_TYPE_REAL, .kind = TX_KIND_SCHEDULE, .initial = "null",
     .text = "of these: a number, or a schedule of the count of updates; null: learning_rate"},
    TX_OPTION_REAL("consistent_rms", "null", "the root mean square that a matrix's step has; null: its norm goes by its shape"),
    {0},
};

static const tx_optimizer_class muons = {create_muon};
const tx_component tx_optimizer_muon =
    TX_OPTIMIZER("muon", "momentum of matrices made orthogonal, as optax.contrib.muon", options, &muons);
