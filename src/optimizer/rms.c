/* The gradient divided by the root of its mean or summed square: rmsprop, adagrad, adadelta. */
#include "base/memory.h"
#include "options.h"
#include "power.h"
#include "rule.h"

/* a = 1 - decay; f = 1 / (1 - decay^count), or 1. Where eps stands under the root, outside it is 0, and the other way. */
TX_CONSTANTS(decay, a, f, eps_root, eps, weights);

/* Hinton 2012; the slots are nu, or mu and nu. */
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

static bool update_rms(const tx_optimizer *optimizer, const tx_update *update)
{
    const rms_state *state = optimizer->state;
    constants_double constants = state->constants;
    constants.f = state->correct ? tx_bias_correction(&state->power, optimizer->precision, update->count + 1) : 1;
    constants.weights = tx_rate_at(state->weights, update->count);
    return tx_rule_run(state->rule, optimizer->precision, update, &constants, 0, optimizer->num_parameters);
}

static tx_status create_state(tx_optimizer *optimizer, const tx_rule *rule, const char *decay, tx_error *error, rms_state **out)
{
    rms_state *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    optimizer->state = state;
    state->rule = rule;
    state->constants.decay = tx_optimizer_real(optimizer, decay, 0);
    state->constants.a = 1 - state->constants.decay;
    state->constants.eps = tx_get_real(optimizer->section, "eps");
    *out = state;
    return TX_OK;
}

static tx_status create_rmsprop(tx_optimizer *optimizer, tx_error *error)
{
    const tx_section *section = optimizer->section;
    const bool is_centered = tx_get_boolean(section, "centered");
    rms_state *state;
    TX_TRY(create_state(optimizer, is_centered ? &centered : &rmsprop, "decay", error, &state));
    state->correct = tx_get_boolean(section, "bias_correction");
    tx_power_prepare(&state->power, state->constants.decay, optimizer->precision);
    if (tx_get_boolean(section, "eps_in_sqrt")) {
        state->constants.eps_root = state->constants.eps;
        state->constants.eps = 0;
    }
    if (is_centered) {
        tx_optimizer_add_slot(optimizer, "mu", 0);
    }
    tx_optimizer_add_slot(optimizer, "nu", tx_get_real(section, "initial_scale"));
    optimizer->trace = tx_has(section, "momentum");
    if (optimizer->trace) {
        tx_optimizer_add_slot(optimizer, "trace", 0);
    }
    optimizer->momentum = tx_get_real(section, "momentum");
    optimizer->nesterov = tx_get_boolean(section, "nesterov");
    return TX_OK;
}

static tx_status create_adagrad(tx_optimizer *optimizer, tx_error *error)
{
    rms_state *state;
    tx_optimizer_add_slot(optimizer, "sum_of_squares", tx_get_real(optimizer->section, "initial_accumulator_value"));
    return create_state(optimizer, &adagrad, "", error, &state);
}

static tx_status create_adadelta(tx_optimizer *optimizer, tx_error *error)
{
    rms_state *state;
    TX_TRY(create_state(optimizer, &adadelta, "rho", error, &state));
    state->weights = tx_rate_read(optimizer->section, "weight_decay");
    tx_optimizer_add_slot(optimizer, "e_g", 0);
    tx_optimizer_add_slot(optimizer, "e_x", 0);
    return TX_OK;
}

/* clang-format off */
static const tx_option rmsprop_options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_REAL("decay", "0.9", "of the running mean of the squared gradient"),
    TX_OPTION_REAL("eps", "1e-8", "added to the denominator"),
    TX_OPTION_REAL("initial_scale", "0.0", "what the running mean starts from"),
    TX_OPTION_BOOLEAN("eps_in_sqrt", "true", "eps stands under the root"),
    TX_OPTION_BOOLEAN("centered", "false", "by the variance of the gradient instead of its square"),
    TX_OPTION_REAL("momentum", "null", "decay of the trace of the steps; null: none is kept"),
    TX_OPTION_NESTEROV("false"),
    TX_OPTION_BOOLEAN("bias_correction", "false", "corrects the running means for their start"),
    {0},
};
static const tx_option adagrad_options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_REAL("initial_accumulator_value", "0.1", "what the sum of squares starts from"),
    TX_OPTION_REAL("eps", "1e-7", "added to the denominator, under the root"),
    {0},
};
static const tx_option adadelta_options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_REAL("rho", "0.9", "decay of the running means"),
    TX_OPTION_REAL("eps", "1e-6", "added under both roots"),
    TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters, added to the gradient"),
    {0},
};

static const tx_optimizer_class rmsprops = {create_rmsprop, update_rms}, adagrads = {create_adagrad, update_rms};
static const tx_optimizer_class adadeltas = {create_adadelta, update_rms};
const tx_component tx_optimizer_rmsprop =
    TX_OPTIMIZER("rmsprop", "by the running mean of the squared gradient, as optax.rmsprop", rmsprop_options, &rmsprops);
const tx_component tx_optimizer_adagrad =
    TX_OPTIMIZER("adagrad", "by the sum of squared gradients, as optax.adagrad", adagrad_options, &adagrads);
const tx_component tx_optimizer_adadelta =
    TX_OPTIMIZER("adadelta", "by the running means of squared gradient and step, as optax.adadelta", adadelta_options, &adadeltas);
