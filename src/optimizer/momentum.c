/* Traces and running means of the updates: trace, ema. */
#include "options.h"
#include "power.h"
#include "rule.h"
#include "stage.h"

/* a = 1 - decay; f = 1 / (1 - decay^count), or 1 */
TX_CONSTANTS(decay, a, f);

/* The trace is not dampened. */
TX_RULE(heavy_ball, 1, {
    m = g + c.decay * m;
    u = m;
})
TX_RULE(nesterov, 1, {
    m = g + c.decay * m;
    u = g + c.decay * m;
})
TX_RULE(ema, 1, {
    m = c.a * g + c.decay * m;
    u = m * c.f;
})

typedef struct momentum_state {
    const tx_rule *rule;
    constants_double constants;
    bool debias;
    tx_power power;
} momentum_state;

static tx_status update_momentum(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const momentum_state *state = stage->state;
    constants_double constants = state->constants;
    if (state->debias) {
        constants.f = tx_bias_correction(&state->power, stage->optimizer->precision, update->count + 1);
    }
    return tx_rule_run(state->rule, stage, update, &constants, error);
}

static tx_status add(tx_optimizer *optimizer, const tx_rule *rule, double decay, tx_error *error, tx_stage **out)
{
    TX_TRY(tx_stage_add(optimizer, update_momentum, sizeof(momentum_state), error, out));
    momentum_state *state = (*out)->state;
    state->rule = rule;
    state->constants = (constants_double){.decay = decay, .a = 1 - decay, .f = 1};
    return TX_OK;
}

tx_status tx_stage_add_trace(tx_optimizer *optimizer, double decay, bool looks_ahead, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, looks_ahead ? &nesterov : &heavy_ball, decay, error, &stage));
    return tx_stage_keep(stage, "trace", 0, error);
}

static tx_status create_trace(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_trace(optimizer, tx_get_real(section, "decay"), tx_get_boolean(section, "nesterov"), error);
}

tx_status tx_stage_add_ema(tx_optimizer *optimizer, double decay, bool debias, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, &ema, decay, error, &stage));
    momentum_state *state = stage->state;
    state->debias = debias;
    tx_power_prepare(&state->power, decay, optimizer->precision);
    return tx_stage_keep(stage, "ema", 0, error);
}

static tx_status create_ema(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_ema(optimizer, tx_get_real(section, "decay"), tx_get_boolean(section, "debias"), error);
}

/* clang-format off */
static const tx_option trace_options[] = {
    TX_OPTION_REAL("decay", NULL, "of the trace"), TX_OPTION_NESTEROV("false"), {0},
};
static const tx_option ema_options[] = {
    TX_OPTION_REAL("decay", NULL, "of the running mean"), TX_OPTION_BOOLEAN("debias", "true", "corrects the mean for its start at 0"), {0},
};

static const tx_optimizer_class traces = {create_trace}, emas = {create_ema};
const tx_component tx_transform_trace = TX_TRANSFORM("trace", "a decaying sum of the updates, as optax.trace", trace_options, &traces);
const tx_component tx_transform_ema = TX_TRANSFORM("ema", "a running mean of the updates, as optax.ema", ema_options, &emas);
