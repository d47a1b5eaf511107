/* By norms of whole leaves: lars and novograd (lamb, which is adam and then a norm, stands with adam). */
#include "base/memory.h"
#include "options.h"
#include "rule.h"
#include "stage.h"

/* keep, add: of the running mean of squared norms, nu = keep * nu + add * |g|^2. */
TX_CONSTANTS(b1, keep, add, square, eps, eps_root, weights);

TX_RULE(plain, 0, { u = g; })

/* Ginsburg et al. 2019 (arXiv:1905.11286). The second slot holds one number a leaf, repeated for each of its elements. */
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

static bool update_novograd(const tx_optimizer *optimizer, const tx_update *update)
{
    const novograd_state *state = optimizer->state;
    constants_double constants = state->constants;
    bool finite = true;
    int64_t begin = 0;
    constants.keep = update->count ? state->b2 : 0;
    constants.add = update->count ? 1 - state->b2 : 1;
    constants.weights = tx_rate_at(state->weights, update->count);
    for (int k = 0; k < optimizer->num_leaves; begin += optimizer->leaf_sizes[k++]) {
        const double norm = tx_stage_norm(optimizer->precision, update->gradient, begin, optimizer->leaf_sizes[k]);
        constants.square = norm * norm;
        finite &= tx_rule_run(&novograd, optimizer->precision, update, &constants, begin, optimizer->leaf_sizes[k]);
    }
    return finite;
}

static tx_status create_novograd(tx_optimizer *optimizer, tx_error *error)
{
    const tx_section *section = optimizer->section;
    novograd_state *state;
    TX_TRY(tx_allocate(sizeof *state, error, &state));
    optimizer->state = state;
    *state = (novograd_state){
        .constants = {.b1 = tx_get_real(section, "b1"),
                      .eps = tx_get_real(section, "eps"),
                      .eps_root = tx_get_real(section, "eps_root")},
        .b2 = tx_get_real(section, "b2"),
        .weights = tx_rate_read(section, "weight_decay"),
    };
    tx_optimizer_add_slot(optimizer, "mu", 0);
    tx_optimizer_add_slot(optimizer, "nu", 0);
    return TX_OK;
}

/* You et al. 2017 (arXiv:1708.03888): decay, trust ratio, rate and then momentum, all of which stand after the rule. */
static bool update_lars(const tx_optimizer *optimizer, const tx_update *update)
{
    return tx_rule_run(&plain, optimizer->precision, update, &(constants_double){0}, 0, optimizer->num_parameters);
}

static tx_status create_lars(tx_optimizer *optimizer, tx_error *error)
{
    const tx_section *section = optimizer->section;
    (void)error;
    optimizer->decay = tx_rate_read(section, "weight_decay");
    optimizer->trust = true;
    optimizer->trust_coefficient = tx_get_real(section, "trust_coefficient");
    optimizer->trust_eps = tx_get_real(section, "eps");
    optimizer->trace = true;
    optimizer->momentum = tx_get_real(section, "momentum");
    optimizer->nesterov = tx_get_boolean(section, "nesterov");
    tx_optimizer_add_slot(optimizer, "trace", 0);
    return TX_OK;
}

/* clang-format off */
static const tx_option lars_options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters, added to the gradient"),
    TX_OPTION_REAL("trust_coefficient", "0.001", "factor of the trust ratio"),
    TX_OPTION_REAL("eps", "0.0", "added to the denominator of the trust ratio"),
    TX_OPTION_REAL("momentum", "0.9", "decay of the trace of the steps"),
    TX_OPTION_NESTEROV("false"),
    {0},
};
static const tx_option novograd_options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_REAL("b1", "0.9", "decay of the trace"),
    TX_OPTION_REAL("b2", "0.25", "decay of the running mean of each leaf's squared norm"),
    TX_OPTION_REAL("eps", "1e-6", "added to the denominator, outside the root"),
    TX_OPTION_REAL("eps_root", "0.0", "added to the denominator, under the root"),
    TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters, added before the momentum"),
    {0},
};

static const tx_optimizer_class larses = {create_lars, update_lars}, novograds = {create_novograd, update_novograd};
const tx_component tx_optimizer_lars =
    TX_OPTIMIZER("lars", "momentum scaled to the norm of each leaf, as optax.lars", lars_options, &larses);
const tx_component tx_optimizer_novograd =
    TX_OPTIMIZER("novograd", "momentum of gradients divided by their leaf's norm, as optax.novograd", novograd_options, &novograds);
