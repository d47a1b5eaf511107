/* Along the gradient itself or along its sign: sgd, sign_sgd, signum, lion, rprop. */
#include "base/memory.h"
#include "options.h"
#include "rule.h"

/* a = 1 - b */
TX_CONSTANTS(b1, b2, a1, a2, eta_minus, eta_plus, min_step_size, max_step_size);

TX_RULE(plain, 0, { u = g; })

/* The trace is not dampened. */
TX_RULE(heavy_ball, 1, {
    m = g + c.b1 * m;
    u = m;
})
TX_RULE(nesterov, 1, {
    m = g + c.b1 * m;
    u = g + c.b1 * m;
})

/* Bernstein et al. 2018 (arXiv:1802.04434) */
TX_RULE(sign_sgd, 0, { u = TX_SIGN(g); })
TX_RULE(signum, 1, {
    m = c.a1 * g + c.b1 * m;
    u = TX_SIGN(m);
})

/* Chen et al. 2023 (arXiv:2302.06675) */
TX_RULE(lion, 1, {
    const real blend = c.a1 * g + c.b1 * m;
    u = TX_SIGN(blend);
    m = c.a2 * g + c.b2 * m;
})

/* Riedmiller & Braun 1993, as Optax has it: what it applies is the step found one update earlier. Slots: the step sizes, and
 * that step. Where the gradient changes its sign there is no step, and the next one is found as the first was. */
TX_RULE(rprop, 2, {
    const real agreement = g * v;
    const real scaled = TX_MIN(TX_MAX(m * (agreement > 0 ? c.eta_plus : c.eta_minus), c.min_step_size), c.max_step_size);
    u = agreement < 0 ? 0 : v;
    m = agreement == 0 ? m : scaled;
    v = agreement < 0 ? 0 : m * TX_SIGN(g);
})

typedef struct descent_state {
    const tx_rule *rule;
    constants_double constants;
} descent_state;

static bool update_descent(const tx_optimizer *optimizer, const tx_update *update)
{
    const descent_state *state = optimizer->state;
    return tx_rule_run(state->rule, optimizer->precision, update, &state->constants, 0, optimizer->num_parameters);
}

static tx_status create_state(tx_optimizer *optimizer, const tx_rule *rule, constants_double constants, tx_error *error)
{
    descent_state *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    *state = (descent_state){.rule = rule, .constants = constants};
    optimizer->state = state;
    return TX_OK;
}

static tx_status create_sgd(tx_optimizer *optimizer, tx_error *error)
{
    const tx_rule *rule = &plain;
    if (tx_has(optimizer->section, "momentum")) {
        rule = tx_get_boolean(optimizer->section, "nesterov") ? &nesterov : &heavy_ball;
        tx_optimizer_add_slot(optimizer, "trace", 0);
    }
    return create_state(optimizer, rule, (constants_double){.b1 = tx_get_real(optimizer->section, "momentum")}, error);
}

static tx_status create_sign_sgd(tx_optimizer *optimizer, tx_error *error)
{
    return create_state(optimizer, &sign_sgd, (constants_double){0}, error);
}

static tx_status create_signum(tx_optimizer *optimizer, tx_error *error)
{
    const double beta = tx_get_real(optimizer->section, "beta");
    tx_optimizer_add_slot(optimizer, "ema", 0);
    return create_state(optimizer, &signum, (constants_double){.b1 = beta, .a1 = 1 - beta}, error);
}

static tx_status create_lion(tx_optimizer *optimizer, tx_error *error)
{
    const double b1 = tx_get_real(optimizer->section, "b1"), b2 = tx_get_real(optimizer->section, "b2");
    optimizer->decay = tx_rate_read(optimizer->section, "weight_decay");
    tx_optimizer_add_slot(optimizer, "mu", 0);
    return create_state(optimizer, &lion, (constants_double){.b1 = b1, .b2 = b2, .a1 = 1 - b1, .a2 = 1 - b2}, error);
}

/* The learning rate is the first step size; it scales nothing afterwards. */
static tx_status create_rprop(tx_optimizer *optimizer, tx_error *error)
{
    const tx_section *section = optimizer->section;
    tx_optimizer_add_slot(optimizer, "step_sizes", optimizer->rate.number);
    tx_optimizer_add_slot(optimizer, "prev_updates", 0);
    optimizer->rate = (tx_rate){.number = 1};
    return create_state(optimizer, &rprop,
                        (constants_double){.eta_minus = tx_get_real(section, "eta_minus"),
                                           .eta_plus = tx_get_real(section, "eta_plus"),
                                           .min_step_size = tx_get_real(section, "min_step_size"),
                                           .max_step_size = tx_get_real(section, "max_step_size")},
                        error);
}

/* clang-format off */
static const tx_option sgd_options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_REAL("momentum", "null", "decay of the trace; null: none is kept"),
    TX_OPTION_NESTEROV("false"),
    {0},
};
static const tx_option sign_sgd_options[] = {TX_OPTION_LEARNING_RATE, {0}};
static const tx_option signum_options[] = {
    TX_OPTION_LEARNING_RATE, TX_OPTION_REAL("beta", "0.9", "decay of the running mean of the gradient"), {0},
};
static const tx_option lion_options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_REAL("b1", "0.9", "weight of the running mean in the direction"),
    TX_OPTION_REAL("b2", "0.99", "decay of the running mean of the gradient"),
    TX_OPTION_WEIGHT_DECAY("1e-3", "times the parameters, taken off at the learning rate"),
    {0},
};
static const tx_option rprop_options[] = {
    TX_OPTION_REAL("learning_rate", NULL, "the first step size, a number"),
    TX_OPTION_REAL("eta_minus", "0.5", "factor of a step size where the gradient changes its sign"),
    TX_OPTION_REAL("eta_plus", "1.2", "factor of a step size where it does not"),
    TX_OPTION_REAL("min_step_size", "1e-6", "the smallest step size"),
    TX_OPTION_REAL("max_step_size", "50.0", "the largest step size"),
    {0},
};

static const tx_optimizer_class sgds = {create_sgd, update_descent}, sign_sgds = {create_sign_sgd, update_descent};
static const tx_optimizer_class signums = {create_signum, update_descent}, lions = {create_lion, update_descent};
static const tx_optimizer_class rprops = {create_rprop, update_descent};
const tx_component tx_optimizer_sgd =
    TX_OPTIMIZER("sgd", "stochastic gradient descent with optional momentum, as optax.sgd", sgd_options, &sgds);
const tx_component tx_optimizer_sign_sgd =
    TX_OPTIMIZER("sign_sgd", "along the sign of the gradient, as optax.sign_sgd", sign_sgd_options, &sign_sgds);
const tx_component tx_optimizer_signum =
    TX_OPTIMIZER("signum", "along the sign of the gradient's running mean, as optax.signum", signum_options, &signums);
const tx_component tx_optimizer_lion =
    TX_OPTIMIZER("lion", "along the sign of a momentum, with weight decay, as optax.lion", lion_options, &lions);
const tx_component tx_optimizer_rprop =
    TX_OPTIMIZER("rprop", "step sizes by agreement of signs, for full batches, as optax.rprop", rprop_options, &rprops);
