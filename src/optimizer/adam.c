/* Adam (Kingma & Ba 2015, arXiv:1412.6980) and what descends from it: running means of the gradient and of its size, the
 * first divided by the root of the second. Arithmetic in the order of Optax, except that a bias correction is multiplied
 * with instead of divided by. */
#include "options.h"
#include "power.h"
#include "rule.h"
#include "stage.h"

/* a = 1 - b, which Optax forms from the Python number; f = 1 / (1 - b^count). */
TX_CONSTANTS(b1, b2, b3, a1, a2, a3, f1, f1_next, f2, f3, eps, eps_root, rectification, rectified, later);

#define MEAN (m * c.f1)
#define NESTEROV_MEAN (c.b1 * (m * c.f1_next) + c.a1 * (g * c.f1)) /* Dozat 2016 */
#define UPDATE_MOMENTS                                                                                                             \
    m = c.a1 * g + c.b1 * m;                                                                                                       \
    v = c.a2 * (g * g) + c.b2 * v;

#define ADAM(mean)                                                                                                                 \
    {                                                                                                                              \
        UPDATE_MOMENTS                                                                                                             \
        u = mean / (TX_ROOT(v * c.f2 + c.eps_root) + c.eps);                                                                       \
    }
TX_RULE(adam, 2, ADAM(MEAN))
TX_RULE(nadam, 2, ADAM(NESTEROV_MEAN))

/* Liu et al. 2020 (arXiv:1908.03265): plain momentum until the variance of the second mean is known. */
#define RADAM(mean)                                                                                                                \
    {                                                                                                                              \
        UPDATE_MOMENTS                                                                                                             \
        const real along = mean;                                                                                                   \
        u = c.rectified > 0 ? c.rectification * along / (TX_ROOT(v * c.f2 + c.eps_root) + c.eps) : along;                          \
    }
TX_RULE(radam, 2, RADAM(MEAN))
TX_RULE(radam_nesterov, 2, RADAM(NESTEROV_MEAN))

/* Zhuang et al. 2020 (arXiv:2010.07468): the size of what the first mean did not predict. */
#define ADABELIEF(mean)                                                                                                            \
    {                                                                                                                              \
        m = c.a1 * g + c.b1 * m;                                                                                                   \
        const real error = g - m;                                                                                                  \
        v = (c.a2 * (error * error) + c.b2 * v) + c.eps_root;                                                                      \
        u = mean / (TX_ROOT(v * c.f2) + c.eps);                                                                                    \
    }
TX_RULE(adabelief, 2, ADABELIEF(MEAN))
TX_RULE(adabelief_nesterov, 2, ADABELIEF(NESTEROV_MEAN))

/* Reddi et al. 2018 (arXiv:1904.09237): the size never falls. */
TX_RULE(amsgrad, 3, {
    UPDATE_MOMENTS
    const real size = v * c.f2;
    x = TX_MAX(x, size);
    u = MEAN / (TX_ROOT(x + c.eps_root) + c.eps);
})

/* Zaheer et al. 2018: the size moves by a step that does not depend on its distance. */
TX_RULE(yogi, 2, {
    m = c.a1 * g + c.b1 * m;
    v = v - c.a2 * TX_SIGN(v - g * g) * (g * g);
    u = MEAN / (TX_ROOT(v * c.f2 + c.eps_root) + c.eps);
})

/* Kingma & Ba's second algorithm: the largest magnitude, fading. */
TX_RULE(adamax, 2, {
    m = c.a1 * g + c.b1 * m;
    v = TX_MAX(TX_ABS(g) + c.eps, c.b2 * v);
    u = MEAN / v;
})

/* Xie et al. 2022 (arXiv:2208.06677): arrays m, v (of the gradient's change), n, and the gradient before. */
TX_RULE(adan, 4, {
    const real change = c.later * (g - y);
    const real ahead = g + c.a2 * change;
    m = c.a1 * g + c.b1 * m;
    v = c.a2 * change + c.b2 * v;
    x = c.a3 * (ahead * ahead) + c.b3 * x;
    y = g;
    u = (MEAN + c.a2 * (v * c.f2)) / (TX_ROOT(x * c.f3 + c.eps_root) + c.eps);
})

/* ---- The family ---- */

typedef struct member {
    tx_optimizer_class class_;
    const tx_rule *rule, *nesterov;
    const char *arrays[5]; /* names of what it keeps, NULL behind the last */
    double initial;        /* of these, unless the user says it */
    bool trust;
} member;

typedef struct adam_state {
    const tx_rule *rule;
    constants_double constants; /* those that do not depend on count */
    double threshold;           /* of radam; -infinity: another */
    bool nesterov, correct_mu, correct_nu;
    tx_power power1, power2, power3;
} adam_state;

/* The length of the approximated moving average, and from it how much more the second mean varies now than it will. In
 * float the cancellation in it is part of Optax's result. */
#define RECTIFY(real)                                                                                                              \
    static bool rectify_##real(const adam_state *state, int64_t count, double *rectification)                                      \
    {                                                                                                                              \
        const double all = 2 / state->constants.a2 - 1;                                                                            \
        const real most = (real)all, power = (real)tx_power_at(&state->power2, count);                                             \
        const real length = most - 2 * (real)count * power / (1 - power);                                                          \
        const real part = (length - 4) * (length - 2) * most, whole = (real)((all - 4) * (all - 2)) * length;                      \
        *rectification = part / whole > 0 ? (double)TX_ROOT(part / whole) : 0;                                                     \
        return length >= (real)state->threshold;                                                                                   \
    }
RECTIFY(float)
RECTIFY(double)

static constants_double prepare(const tx_stage *stage, int64_t count)
{
    const adam_state *s = stage->state;
    const tx_precision precision = stage->optimizer->precision;
    constants_double c = s->constants;
    c.f1 = s->correct_mu ? tx_bias_correction(&s->power1, precision, count) : 1;
    c.f1_next = s->nesterov ? tx_bias_correction(&s->power1, precision, count + 1) : 1;
    c.f2 = s->correct_nu ? tx_bias_correction(&s->power2, precision, count) : 1;
    c.f3 = tx_bias_correction(&s->power3, precision, count);
    c.later = count > 1;
    if (s->threshold > -INFINITY) {
        c.rectified =
            precision == TX_FLOAT32 ? rectify_float(s, count, &c.rectification) : rectify_double(s, count, &c.rectification);
    }
    return c;
}

static tx_status update_adam(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const adam_state *state = stage->state;
    const constants_double constants = prepare(stage, update->count + 1);
    return tx_rule_run(state->rule, stage, update, &constants, error);
}

static void read_state(const tx_section *section, tx_precision precision, adam_state *state)
{
    const double b1 = tx_option_real(section, "b1", 0), b2 = tx_option_real(section, "b2", 0);
    const double b3 = tx_option_real(section, "b3", 0);
    const double eps = tx_option_real(section, "eps", 0), eps_root = tx_option_real(section, "eps_root", 0);
    state->constants = (constants_double){
        .b1 = b1, .b2 = b2, .b3 = b3, .a1 = 1 - b1, .a2 = 1 - b2, .a3 = 1 - b3, .eps = eps, .eps_root = eps_root};
    state->threshold = tx_option_real(section, "threshold", (double)-INFINITY);
    state->nesterov = tx_option_flag(section, "nesterov", false);
    state->correct_mu = tx_option_flag(section, "bias_correction_mu", true);
    state->correct_nu = tx_option_flag(section, "bias_correction_nu", true);
    tx_power_prepare(&state->power1, b1, precision);
    tx_power_prepare(&state->power2, b2, precision);
    tx_power_prepare(&state->power3, b3, precision);
}

static tx_status create_adam(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const member *which = tx_section_component(section)->implementation;
    const double initial = tx_option_real(section, "initial_accumulator_value", which->initial);
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update_adam, sizeof(adam_state), error, &stage));
    adam_state *state = stage->state;
    read_state(section, optimizer->precision, state);
    state->rule = state->nesterov ? which->nesterov : which->rule;
    for (int k = 0; which->arrays[k]; k++) {
        TX_TRY(tx_stage_keep(stage, which->arrays[k], initial, error));
    }
    stage->decay = tx_rate_read(section, "weight_decay");
    TX_TRY(which->trust ? tx_stage_add_trust_ratio(optimizer, (tx_trust){.coefficient = 1}, error) : TX_OK);
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

/* ---- Its tables ---- */

/* clang-format off */
#define B1(value) TX_OPTION_REAL("b1", value, "decay of the running mean of the gradient")
#define B2(value) TX_OPTION_REAL("b2", value, "decay of the running mean of its size")
#define EPS(value) TX_OPTION_REAL("eps", value, "added to the denominator, outside the root")
#define EPS_ROOT(value) TX_OPTION_REAL("eps_root", value, "added to the denominator, under the root")
#define DECAY(value) TX_OPTION_WEIGHT_DECAY(value, "times the parameters, taken off at the learning rate")
#define CLASS .class_ = {create_adam}

#define SCALE_OPTIONS(flag) B1("0.9"), B2("0.999"), EPS("1e-8"), EPS_ROOT("0.0"), TX_OPTION_NESTEROV(flag)
#define ADAM_OPTIONS(flag) TX_OPTION_LEARNING_RATE, SCALE_OPTIONS(flag)
#define THRESHOLD TX_OPTION_REAL("threshold", "5.0", "the length of the averages from which on the step is rectified")
#define BELIEF_OPTIONS B1("0.9"), B2("0.999"), EPS("1e-16"), EPS_ROOT("1e-16"), TX_OPTION_NESTEROV("false")
#define AMSGRAD_OPTIONS                                                                                                        \
    B1("0.9"), B2("0.999"), EPS("1e-8"), EPS_ROOT("0.0"),                                                                      \
    TX_OPTION_BOOLEAN("bias_correction_mu", "true", "corrects the mean of the gradient for its start at 0"),                   \
    TX_OPTION_BOOLEAN("bias_correction_nu", "true", "corrects the mean of its square for its start at 0")
#define YOGI_OPTIONS B1("0.9"), B2("0.999"), EPS("1e-3")
#define ADAMAX_OPTIONS B1("0.9"), B2("0.999"), EPS("1e-8")
#define ADAN_OPTIONS(root)                                                                                                     \
    B1("0.98"), TX_OPTION_REAL("b2", "0.92", "decay of the running mean of the gradient's change"),                            \
    TX_OPTION_REAL("b3", "0.99", "decay of the running mean of its square"), EPS("1e-8"), EPS_ROOT(root)
static const tx_option adam_options[] = {ADAM_OPTIONS("false"), {0}}, nadam_options[] = {ADAM_OPTIONS("true"), {0}};
static const tx_option adamw_options[] = {ADAM_OPTIONS("false"), DECAY("1e-4"), {0}};
static const tx_option nadamw_options[] = {ADAM_OPTIONS("true"), DECAY("1e-4"), {0}};
static const tx_option radam_options[] = {ADAM_OPTIONS("false"), THRESHOLD, {0}};
static const tx_option lamb_options[] = {
    TX_OPTION_LEARNING_RATE, B1("0.9"), B2("0.999"), EPS("1e-6"), EPS_ROOT("0.0"), DECAY("0.0"), {0},
};
static const tx_option adabelief_options[] = {TX_OPTION_LEARNING_RATE, BELIEF_OPTIONS, {0}};
static const tx_option amsgrad_options[] = {TX_OPTION_LEARNING_RATE, AMSGRAD_OPTIONS, {0}};
static const tx_option yogi_options[] = {TX_OPTION_LEARNING_RATE, YOGI_OPTIONS, {0}};
static const tx_option adamax_options[] = {TX_OPTION_LEARNING_RATE, ADAMAX_OPTIONS, {0}};
static const tx_option adamaxw_options[] = {TX_OPTION_LEARNING_RATE, ADAMAX_OPTIONS, DECAY("1e-4"), {0}};
static const tx_option adan_options[] = {TX_OPTION_LEARNING_RATE, ADAN_OPTIONS("1e-8"), DECAY("0.0"), {0}};

static const tx_option scale_by_adam_options[] = {SCALE_OPTIONS("false"), {0}};
static const tx_option scale_by_radam_options[] = {SCALE_OPTIONS("false"), THRESHOLD, {0}};
static const tx_option scale_by_belief_options[] = {BELIEF_OPTIONS, {0}};
static const tx_option scale_by_amsgrad_options[] = {AMSGRAD_OPTIONS, {0}};
static const tx_option scale_by_yogi_options[] = {
    YOGI_OPTIONS, EPS_ROOT("0.0"), TX_OPTION_REAL("initial_accumulator_value", "1e-6", "what both means start from"), {0},
};
static const tx_option scale_by_adamax_options[] = {ADAMAX_OPTIONS, {0}};
static const tx_option scale_by_adan_options[] = {ADAN_OPTIONS("0.0"), {0}};

static const member adams = {CLASS, .rule = &adam, .nesterov = &nadam, .arrays = {"mu", "nu"}};
static const member lambs = {CLASS, .rule = &adam, .arrays = {"mu", "nu"}, .trust = true};
static const member radams = {CLASS, .rule = &radam, .nesterov = &radam_nesterov, .arrays = {"mu", "nu"}};
static const member adabeliefs = {CLASS, .rule = &adabelief, .nesterov = &adabelief_nesterov, .arrays = {"mu", "nu"}};
static const member amsgrads = {CLASS, .rule = &amsgrad, .arrays = {"mu", "nu", "nu_max"}};
static const member yogis = {CLASS, .rule = &yogi, .arrays = {"mu", "nu"}, .initial = 1e-6};
static const member adamaxes = {CLASS, .rule = &adamax, .arrays = {"mu", "nu"}};
static const member adans = {CLASS, .rule = &adan, .arrays = {"m", "v", "n", "g"}};

const tx_component tx_optimizer_adam = TX_OPTIMIZER("adam", "adaptive moments, as optax.adam", adam_options, &adams);
const tx_component tx_optimizer_nadam = TX_OPTIMIZER("nadam", "adam with Nesterov momentum, as optax.nadam", nadam_options, &adams);
const tx_component tx_optimizer_adamw = TX_OPTIMIZER("adamw", "adam with weight decay, as optax.adamw", adamw_options, &adams);
const tx_component tx_optimizer_nadamw = TX_OPTIMIZER("nadamw", "nadam with weight decay, as optax.nadamw", nadamw_options, &adams);
const tx_component tx_optimizer_radam = TX_OPTIMIZER("radam", "rectified adam, as optax.radam", radam_options, &radams);
const tx_component tx_optimizer_lamb = TX_OPTIMIZER("lamb", "adam scaled to the norm of each leaf, as optax.lamb", lamb_options, &lambs);
const tx_component tx_optimizer_adabelief =
    TX_OPTIMIZER("adabelief", "adam by the error of its prediction, as optax.adabelief", adabelief_options, &adabeliefs);
const tx_component tx_optimizer_amsgrad =
    TX_OPTIMIZER("amsgrad", "adam by the largest size so far, as optax.amsgrad", amsgrad_options, &amsgrads);
const tx_component tx_optimizer_yogi = TX_OPTIMIZER("yogi", "adam with additive changes of the size, as optax.yogi", yogi_options, &yogis);
const tx_component tx_optimizer_adamax =
    TX_OPTIMIZER("adamax", "adam by the largest magnitude, as optax.adamax", adamax_options, &adamaxes);
const tx_component tx_optimizer_adamaxw =
    TX_OPTIMIZER("adamaxw", "adamax with weight decay, as optax.adamaxw", adamaxw_options, &adamaxes);
const tx_component tx_optimizer_adan =
    TX_OPTIMIZER("adan", "adam with a momentum of the gradient's change, as optax.adan", adan_options, &adans);

const tx_component tx_transform_scale_by_adam =
    TX_TRANSFORM("scale_by_adam", "the direction of adam, as optax.scale_by_adam", scale_by_adam_options, &adams);
const tx_component tx_transform_scale_by_radam =
    TX_TRANSFORM("scale_by_radam", "the direction of radam, as optax.scale_by_radam", scale_by_radam_options, &radams);
const tx_component tx_transform_scale_by_belief =
    TX_TRANSFORM("scale_by_belief", "the direction of adabelief, as optax.scale_by_belief", scale_by_belief_options, &adabeliefs);
const tx_component tx_transform_scale_by_amsgrad =
    TX_TRANSFORM("scale_by_amsgrad", "the direction of amsgrad, as optax.scale_by_amsgrad", scale_by_amsgrad_options, &amsgrads);
const tx_component tx_transform_scale_by_yogi =
    TX_TRANSFORM("scale_by_yogi", "the direction of yogi, as optax.scale_by_yogi", scale_by_yogi_options, &yogis);
const tx_component tx_transform_scale_by_adamax =
    TX_TRANSFORM("scale_by_adamax", "the direction of adamax, as optax.scale_by_adamax", scale_by_adamax_options, &adamaxes);
const tx_component tx_transform_scale_by_adan =
    TX_TRANSFORM("scale_by_adan", "the direction of adan, as optax.scale_by_adan", scale_by_adan_options, &adans);
