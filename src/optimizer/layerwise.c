/* By norms of whole leaves: trust ratios, lars and novograd (lamb, which is adam and then a trust ratio, stands with adam); by
 * their root mean squares: what adafactor consists of beside its own rule. */
#include "options.h"
#include "rule.h"
#include "stage.h"

/* keep, add: of the running mean of squared norms, nu = keep * nu + add * |g|^2. */
TX_CONSTANTS(ratio, divisor, b1, keep, add, square, eps, eps_root, weights);

TX_RULE(scaled, 0, { u = c.ratio * g; })
TX_RULE(divided, 0, { u = g / c.divisor; })

/* Ginsburg et al. 2019 (arXiv:1905.11286). The second array holds one number a leaf, repeated for each of its elements. */
TX_RULE(novograd, 2, {
    v = c.add * c.square + c.keep * v;
    m = c.b1 * m + (g / (TX_ROOT(v + c.eps_root) + c.eps) + c.weights * p);
    u = m;
})

typedef struct novograd_state {
    constants_double constants;
    double b2;
    tx_rate weights;
} novograd_state;

static tx_status update_novograd(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const novograd_state *state = stage->state;
    constants_double constants = state->constants;
    bool finite = true;
    constants.keep = update->count ? state->b2 : 0;
    constants.add = update->count ? 1 - state->b2 : 1;
    constants.weights = tx_rate_at(state->weights, update->count);
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        const double norm = tx_stage_norm(optimizer->precision, update->gradient, leaf->offset, leaf->size);
        constants.square = norm * norm;
        finite &= tx_rule_run_leaf(&novograd, stage, update, &constants, leaf);
    }
    return tx_stage_status(finite, error);
}

static tx_status create_novograd(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update_novograd, sizeof(novograd_state), error, &stage));
    *(novograd_state *)stage->state = (novograd_state){
        .constants = {.b1 = tx_get_real(section, "b1"),
                      .eps = tx_get_real(section, "eps"),
                      .eps_root = tx_get_real(section, "eps_root")},
        .b2 = tx_get_real(section, "b2"),
        .weights = tx_rate_read(section, "weight_decay"),
    };
    TX_TRY(tx_stage_keep(stage, "mu", 0, error));
    TX_TRY(tx_stage_keep(stage, "nu", 0, error));
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

static tx_status update_trust_ratio(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const tx_trust *trust = stage->state;
    bool finite = true;
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        const double weights = tx_stage_norm(optimizer->precision, update->parameters, leaf->offset, leaf->size);
        const double updates = tx_stage_norm(optimizer->precision, update->gradient, leaf->offset, leaf->size);
        const double above = fmax(weights, trust->min_norm), below = fmax(updates, trust->min_norm);
        const double ratio = above == 0 || below == 0 ? 1 : trust->coefficient * above / (below + trust->eps);
        finite &= tx_rule_run_leaf(&scaled, stage, update, &(constants_double){.ratio = ratio}, leaf);
    }
    return tx_stage_status(finite, error);
}

tx_status tx_stage_add_trust_ratio(tx_optimizer *optimizer, tx_trust trust, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update_trust_ratio, sizeof trust, error, &stage));
    *(tx_trust *)stage->state = trust;
    return TX_OK;
}

static tx_status create_trust_ratio(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const tx_trust trust = {.min_norm = tx_option_real(section, "min_norm", 0),
                            .coefficient = tx_get_real(section, "trust_coefficient"),
                            .eps = tx_get_real(section, "eps")};
    return tx_stage_add_trust_ratio(optimizer, trust, error);
}

/* You et al. 2017 (arXiv:1708.03888): decay, trust ratio, rate and then momentum. */
static tx_status create_lars(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    TX_TRY(tx_stage_add_decayed_weights(optimizer, tx_rate_read(section, "weight_decay"), error));
    TX_TRY(create_trust_ratio(optimizer, section, error));
    tx_optimizer_descend(optimizer, section);
    return tx_stage_add_trace(optimizer, tx_get_real(section, "momentum"), tx_get_boolean(section, "nesterov"), error);
}

/* ---- Root mean squares ---- */

static double root_mean_square(const tx_optimizer *optimizer, const void *values, const tx_leaf *leaf)
{
    return tx_stage_norm(optimizer->precision, values, leaf->offset, leaf->size) / sqrt((double)leaf->size);
}

/* The state of both is the threshold, or the smallest scale. */
static tx_status update_clip_by_block_rms(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const double threshold = *(const double *)stage->state;
    bool finite = true;
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        const double divisor = fmax(1, root_mean_square(optimizer, update->gradient, leaf) / threshold);
        finite &= tx_rule_run_leaf(&divided, stage, update, &(constants_double){.divisor = divisor}, leaf);
    }
    return tx_stage_status(finite, error);
}

static tx_status update_param_block_rms(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const double min_scale = *(const double *)stage->state;
    bool finite = true;
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        const double ratio = fmax(min_scale, root_mean_square(optimizer, update->parameters, leaf));
        finite &= tx_rule_run_leaf(&scaled, stage, update, &(constants_double){.ratio = ratio}, leaf);
    }
    return tx_stage_status(finite, error);
}

tx_status tx_stage_add_clip_by_block_rms(tx_optimizer *optimizer, double threshold, tx_error *error)
{
    return tx_stage_add_number(optimizer, update_clip_by_block_rms, threshold, error);
}

tx_status tx_stage_add_param_block_rms(tx_optimizer *optimizer, double min_scale, tx_error *error)
{
    return tx_stage_add_number(optimizer, update_param_block_rms, min_scale, error);
}

static tx_status create_clip_by_block_rms(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_clip_by_block_rms(optimizer, tx_get_real(section, "threshold"), error);
}

static tx_status create_param_block_rms(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_param_block_rms(optimizer, tx_get_real(section, "min_scale"), error);
}

/* clang-format off */
#define TRUST_OPTIONS(coefficient)                                                                                              \
    TX_OPTION_REAL("trust_coefficient", coefficient, "factor of the trust ratio"),                                             \
    TX_OPTION_REAL("eps", "0.0", "added to the denominator of the trust ratio")
static const tx_option lars_options[] = {
    TX_OPTION_LEARNING_RATE, TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters, added to the gradient"), TRUST_OPTIONS("0.001"),
    TX_OPTION_REAL("momentum", "0.9", "decay of the trace of the steps"), TX_OPTION_NESTEROV("false"), {0},
};
static const tx_option trust_options[] = {
    TX_OPTION_REAL("min_norm", "0.0", "smallest norm of parameters and updates that counts"), TRUST_OPTIONS("1.0"), {0},
};
#define NOVOGRAD_OPTIONS(eps)                                                                                                  \
    TX_OPTION_REAL("b1", "0.9", "decay of the trace"),                                                                         \
    TX_OPTION_REAL("b2", "0.25", "decay of the running mean of each leaf's squared norm"),                                     \
    TX_OPTION_REAL("eps", eps, "added to the denominator, outside the root"),                                                  \
    TX_OPTION_REAL("eps_root", "0.0", "added to the denominator, under the root"),                                             \
    TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters, added before the momentum")
static const tx_option novograd_options[] = {TX_OPTION_LEARNING_RATE, NOVOGRAD_OPTIONS("1e-6"), {0}};
static const tx_option scale_by_novograd_options[] = {NOVOGRAD_OPTIONS("1e-8"), {0}};

static const tx_option block_clip_options[] = {
    {.name = "threshold", .type = TX_TYPE_REAL, .above_minimum = true, .text = "largest root mean square of a leaf's updates"}, {0},
};
static const tx_option block_scale_options[] = {
    TX_OPTION_REAL("min_scale", "1e-3", "smallest root mean square of a leaf's parameters that counts"), {0},
};

static const tx_optimizer_class larses = {create_lars}, novograds = {create_novograd}, trusts = {create_trust_ratio};
static const tx_optimizer_class block_clips = {create_clip_by_block_rms}, block_scales = {create_param_block_rms};
const tx_component tx_optimizer_lars =
    TX_OPTIMIZER("lars", "momentum scaled to the norm of each leaf, as optax.lars", lars_options, &larses);
const tx_component tx_optimizer_novograd =
    TX_OPTIMIZER("novograd", "momentum of gradients divided by their leaf's norm, as optax.novograd", novograd_options, &novograds);

const tx_component tx_transform_scale_by_novograd =
    TX_TRANSFORM("scale_by_novograd", "the direction of novograd, as optax.scale_by_novograd", scale_by_novograd_options, &novograds);
const tx_component tx_transform_scale_by_trust_ratio =
    TX_TRANSFORM("scale_by_trust_ratio", "to the norm of each leaf, as optax.scale_by_trust_ratio", trust_options, &trusts);
const tx_component tx_transform_clip_by_block_rms =
    TX_TRANSFORM("clip_by_block_rms", "each leaf to a largest root mean square, as optax.clip_by_block_rms", block_clip_options, &block_clips);
const tx_component tx_transform_scale_by_param_block_rms = TX_TRANSFORM(
    "scale_by_param_block_rms", "to the root mean square of each leaf, as optax.scale_by_param_block_rms", block_scale_options, &block_scales);
