/* The gradient divided by the root of its mean or summed square: rmsprop, adagrad, adadelta. */
#include "options.h"
#include "power.h"
#include "rule.h"
#include "stage.h"

/* a = 1 - decay; f = 1 / (1 - decay^count), or 1. Where eps stands under the root, outside it is 0, and the other way. */
TX_CONSTANTS(decay, a, f, eps_root, eps, weights);

/* Hinton 2012; the arrays are nu, or mu and nu. */
TX_RULE(rmsprop, 1, {
    m = c.a * (g * g) + c.decay * m;
    u = 1 / (TX_ROOT(m * c.f + c.eps_root) + c.eps) * g;
})
TX_RULE(centered, 2, {
    m = c.a * g + c.decay * m;
    v = c.a * (g * g) + c.decay * v;
    const real mean = m * c.f;
    u = 1 / (TX_ROOT(v * c.f - mean * mean + c.eps_root) + c.eps) * g;
})

/* Duchi et al. 2011 */
TX_RULE(adagrad, 1, {
    m = g * g + m;
    u = m > 0 ? 1 / TX_ROOT(m + c.eps) * g : 0;
})

/* Zeiler 2012 (arXiv:1212.5701): the running means of the squared gradient and of the squared step. */
TX_RULE(adadelta, 2, {
    const real h = g + c.weights * p;
    m = c.a * (h * h) + c.decay * m;
    u = TX_ROOT(v + c.eps) / TX_ROOT(m + c.eps) * h;
    v = c.a * (u * u) + c.decay * v;
})

typedef struct rms_state {
    const tx_rule *rule;
    constants_double constants;
    bool correct;
    tx_power power;
    tx_rate weights;
} rms_state;

static tx_status update_rms(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const rms_state *state = stage->state;
    constants_double constants = state->constants;
    constants.f = state->correct ? tx_bias_correction(&state->power, stage->optimizer->precision, update->count + 1) : 1;
    constants.weights = tx_rate_at(state->weights, update->count);
    return tx_rule_run(state->rule, stage, update, &constants, error);
}

static tx_status add(tx_optimizer *optimizer, const tx_section *section, const tx_rule *rule, const char *decay, tx_error *error,
                     tx_stage **out)
{
    TX_TRY(tx_stage_add(optimizer, update_rms, sizeof(rms_state), error, out));
    rms_state *state = (*out)->state;
    state->rule = rule;
    state->constants.decay = tx_option_real(section, decay, 0);
    state->constants.a = 1 - state->constants.decay;
    state->constants.eps = tx_get_real(section, "eps");
    return TX_OK;
}

static tx_status add_rms(tx_optimizer *optimizer, const tx_section *section, bool is_centered, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, section, is_centered ? &centered : &rmsprop, "decay", error, &stage));
    rms_state *state = stage->state;
    state->correct = tx_get_boolean(section, "bias_correction");
    tx_power_prepare(&state->power, state->constants.decay, optimizer->precision);
    if (tx_get_boolean(section, "eps_in_sqrt")) {
        state->constants.eps_root = state->constants.eps;
        state->constants.eps = 0;
    }
    if (is_centered) {
        TX_TRY(tx_stage_keep(stage, "mu", 0, error));
    }
    TX_TRY(tx_stage_keep(stage, "nu", tx_get_real(section, "initial_scale"), error));
    return TX_OK;
}

static tx_status create_rmsprop(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    TX_TRY(add_rms(optimizer, section, tx_get_boolean(section, "centered"), error));
    tx_optimizer_descend(optimizer, section);
    return tx_has(section, "momentum")
               ? tx_stage_add_trace(optimizer, tx_get_real(section, "momentum"), tx_get_boolean(section, "nesterov"), error)
               : TX_OK;
}

static tx_status create_rms(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return add_rms(optimizer, section, false, error);
}

static tx_status create_stddev(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return add_rms(optimizer, section, true, error);
}

static tx_status create_adagrad(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, section, &adagrad, "", error, &stage));
    TX_TRY(tx_stage_keep(stage, "sum_of_squares", tx_get_real(section, "initial_accumulator_value"), error));
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

static tx_status create_adadelta(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, section, &adadelta, "rho", error, &stage));
    ((rms_state *)stage->state)->weights = tx_rate_read(section, "weight_decay");
    TX_TRY(tx_stage_keep(stage, "e_g", 0, error));
    TX_TRY(tx_stage_keep(stage, "e_x", 0, error));
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

/* clang-format off */
#define DECAY TX_OPTION_REAL("decay", "0.9", "of the running mean of the squared gradient")
#define EPS TX_OPTION_REAL("eps", "1e-8", "added to the denominator")
#define INITIAL_SCALE TX_OPTION_REAL("initial_scale", "0.0", "what the running mean starts from")
#define EPS_IN_SQRT TX_OPTION_BOOLEAN("eps_in_sqrt", "true", "eps stands under the root")
#define BIAS_CORRECTION TX_OPTION_BOOLEAN("bias_correction", "false", "corrects the running means for their start")
#define ADAGRAD_OPTIONS                                                                                                        \
    TX_OPTION_REAL("initial_accumulator_value", "0.1", "what the sum of squares starts from"),                                 \
    TX_OPTION_REAL("eps", "1e-7", "added to the denominator, under the root")
#define ADADELTA_OPTIONS                                                                                                       \
    TX_OPTION_REAL("rho", "0.9", "decay of the running means"), TX_OPTION_REAL("eps", "1e-6", "added under both roots")

static const tx_option rmsprop_options[] = {
    TX_OPTION_LEARNING_RATE, DECAY, EPS, INITIAL_SCALE, EPS_IN_SQRT,
    TX_OPTION_BOOLEAN("centered", "false", "by the variance of the gradient instead of its square"),
    TX_OPTION_REAL("momentum", "null", "decay of the trace of the steps; null: none is kept"),
    TX_OPTION_NESTEROV("false"), BIAS_CORRECTION, {0},
};
static const tx_option scale_by_rms_options[] = {DECAY, EPS, INITIAL_SCALE, EPS_IN_SQRT, BIAS_CORRECTION, {0}};
static const tx_option adagrad_options[] = {TX_OPTION_LEARNING_RATE, ADAGRAD_OPTIONS, {0}};
static const tx_option scale_by_rss_options[] = {ADAGRAD_OPTIONS, {0}};
static const tx_option adadelta_options[] = {
    TX_OPTION_LEARNING_RATE, ADADELTA_OPTIONS, TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters, added to the gradient"), {0},
};
static const tx_option scale_by_adadelta_options[] = {ADADELTA_OPTIONS, {0}};

static const tx_optimizer_class rmsprops = {create_rmsprop}, adagrads = {create_adagrad}, adadeltas = {create_adadelta};
static const tx_optimizer_class rmses = {create_rms}, stddevs = {create_stddev};
const tx_component tx_optimizer_rmsprop =
    TX_OPTIMIZER("rmsprop", "by the running mean of the squared gradient, as optax.rmsprop", rmsprop_options, &rmsprops);
const tx_component tx_optimizer_adagrad =
    TX_OPTIMIZER("adagrad", "by the sum of squared gradients, as optax.adagrad", adagrad_options, &adagrads);
const tx_component tx_optimizer_adadelta =
    TX_OPTIMIZER("adadelta", "by the running means of squared gradient and step, as optax.adadelta", adadelta_options, &adadeltas);

const tx_component tx_transform_scale_by_rms =
    TX_TRANSFORM("scale_by_rms", "by the running mean of the squares, as optax.scale_by_rms", scale_by_rms_options, &rmses);
const tx_component tx_transform_scale_by_stddev =
    TX_TRANSFORM("scale_by_stddev", "by the running variance, as optax.scale_by_stddev", scale_by_rms_options, &stddevs);
const tx_component tx_transform_scale_by_rss =
    TX_TRANSFORM("scale_by_rss", "by the sum of all squares, as optax.scale_by_rss", scale_by_rss_options, &adagrads);
const tx_component tx_transform_scale_by_adadelta =
    TX_TRANSFORM("scale_by_adadelta", "the direction of adadelta, as optax.scale_by_adadelta", scale_by_adadelta_options, &adadeltas);
