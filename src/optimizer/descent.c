/* Along the gradient itself or along its sign: sgd, sign_sgd, signum, lion, rprop. */
#include <string.h>

#include "options.h"
#include "rule.h"
#include "stage.h"

/* a = 1 - b */
TX_CONSTANTS(b1, b2, a1, a2, slope, eta_minus, eta_plus, min_step_size, max_step_size);

/* Bernstein et al. 2018 (arXiv:1802.04434) */
TX_RULE(sign_sgd, 0, { u = TX_SIGN(g); })
TX_RULE(signum, 1, {
    m = c.a1 * g + c.b1 * m;
    u = TX_SIGN(m);
})

/* Chen et al. 2023 (arXiv:2302.06675) */
#define LION(direction)                                                                                                            \
    {                                                                                                                              \
        const real blend = c.a1 * g + c.b1 * m;                                                                                    \
        u = direction;                                                                                                             \
        m = c.a2 * g + c.b2 * m;                                                                                                   \
    }
TX_RULE(lion, 1, LION(TX_SIGN(blend)))
TX_RULE(lion_refined, 1, LION(TX_ABS(blend) < 1 ? blend : TX_SIGN(blend)))
TX_RULE(lion_smooth, 1, LION((real)tanhl(blend *c.slope)))

/* Riedmiller & Braun 1993, as Optax has it: what it applies is the step found one update earlier. Arrays: the step sizes, and
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

static tx_status update_descent(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const descent_state *state = stage->state;
    return tx_rule_run(state->rule, stage, update, &state->constants, error);
}

static tx_status add(tx_optimizer *optimizer, const tx_rule *rule, constants_double constants, tx_error *error, tx_stage **out)
{
    TX_TRY(tx_stage_add(optimizer, update_descent, sizeof(descent_state), error, out));
    *(descent_state *)(*out)->state = (descent_state){.rule = rule, .constants = constants};
    return TX_OK;
}

static tx_status create_sgd(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const double momentum = tx_get_real(section, "momentum");
    tx_stage *stage;
    TX_TRY(tx_has(section, "momentum") ? tx_stage_add_trace(optimizer, momentum, tx_get_boolean(section, "nesterov"), error)
                                       : tx_stage_add(optimizer, tx_stage_plain, 0, error, &stage));
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

static tx_status create_sign(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, &sign_sgd, (constants_double){0}, error, &stage));
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

static tx_status create_signum(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const double beta = tx_get_real(section, "beta");
    tx_stage *stage;
    TX_TRY(add(optimizer, &signum, (constants_double){.b1 = beta, .a1 = 1 - beta}, error, &stage));
    TX_TRY(tx_stage_keep(stage, "ema", 0, error));
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

static const tx_rule *lion_rule(const tx_section *section)
{
    const char *mode = tx_knows(section, "mode") ? tx_get_word(section, "mode") : "hard";
    return !strcmp(mode, "smooth") ? &lion_smooth : !strcmp(mode, "refined") ? &lion_refined : &lion;
}

static tx_status create_lion(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const double b1 = tx_get_real(section, "b1"), b2 = tx_get_real(section, "b2");
    const double slope = tx_option_real(section, "smooth_beta", 1);
    tx_stage *stage;
    TX_TRY(add(optimizer, lion_rule(section), (constants_double){.b1 = b1, .b2 = b2, .a1 = 1 - b1, .a2 = 1 - b2, .slope = slope},
               error, &stage));
    stage->decay = tx_rate_read(section, "weight_decay");
    TX_TRY(tx_stage_keep(stage, "mu", 0, error));
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

/* The learning rate is the first step size; it scales nothing afterwards. */
static tx_status create_scale_by_rprop(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, &rprop,
               (constants_double){.eta_minus = tx_get_real(section, "eta_minus"),
                                  .eta_plus = tx_get_real(section, "eta_plus"),
                                  .min_step_size = tx_get_real(section, "min_step_size"),
                                  .max_step_size = tx_get_real(section, "max_step_size")},
               error, &stage));
    TX_TRY(tx_stage_keep(stage, "step_sizes", tx_get_real(section, "learning_rate"), error));
    TX_TRY(tx_stage_keep(stage, "prev_updates", 0, error));
    return TX_OK;
}

static tx_status create_rprop(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    TX_TRY(create_scale_by_rprop(optimizer, section, error));
    optimizer->stages[optimizer->num_stages - 1]->descends = true;
    return TX_OK;
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
#define LION_OPTIONS                                                                                                           \
    TX_OPTION_REAL("b1", "0.9", "weight of the running mean in the direction"),                                                \
    TX_OPTION_REAL("b2", "0.99", "decay of the running mean of the gradient")
static const tx_option lion_options[] = {
    TX_OPTION_LEARNING_RATE, LION_OPTIONS, TX_OPTION_WEIGHT_DECAY("1e-3", "times the parameters, taken off at the learning rate"), {0},
};
static const tx_option scale_by_lion_options[] = {
    LION_OPTIONS,
    {.name = "mode", .type = TX_TYPE_WORD, .initial = "hard", .words = "hard smooth refined",
     .text = "the sign, a tanh for it, or the sign from magnitude 1 on"},
    TX_OPTION_REAL("smooth_beta", "1.0", "slope of the tanh"),
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

static const tx_optimizer_class sgds = {create_sgd}, signs = {create_sign}, signums = {create_signum}, lions = {create_lion};
static const tx_optimizer_class rprops = {create_rprop}, scales_by_rprop = {create_scale_by_rprop};
const tx_component tx_optimizer_sgd =
    TX_OPTIMIZER("sgd", "stochastic gradient descent with optional momentum, as optax.sgd", sgd_options, &sgds);
const tx_component tx_optimizer_sign_sgd =
    TX_OPTIMIZER("sign_sgd", "along the sign of the gradient, as optax.sign_sgd", sign_sgd_options, &signs);
const tx_component tx_optimizer_signum =
    TX_OPTIMIZER("signum", "along the sign of the gradient's running mean, as optax.signum", signum_options, &signums);
const tx_component tx_optimizer_lion =
    TX_OPTIMIZER("lion", "along the sign of a momentum, with weight decay, as optax.lion", lion_options, &lions);
const tx_component tx_optimizer_rprop =
    TX_OPTIMIZER("rprop", "step sizes by agreement of signs, for full batches, as optax.rprop", rprop_options, &rprops);

const tx_component tx_transform_scale_by_sign =
    TX_TRANSFORM("scale_by_sign", "the sign of each element, as optax.scale_by_sign", NULL, &signs);
const tx_component tx_transform_scale_by_lion =
    TX_TRANSFORM("scale_by_lion", "the direction of lion, as optax.scale_by_lion", scale_by_lion_options, &lions);
const tx_component tx_transform_scale_by_rprop =
    TX_TRANSFORM("scale_by_rprop", "minus the step of rprop, as optax.scale_by_rprop", rprop_options, &scales_by_rprop);
