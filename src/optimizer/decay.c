/* Schedules of one curve: linear, polynomial, exponential_decay, cosine_decay. */
#include "schedule.h"

double tx_polynomial_at(const tx_polynomial *curve, int64_t count)
{
    if (curve->transition_steps <= 0) {
        return curve->init_value;
    }
    const int64_t since = count - (curve->transition_begin > 0 ? curve->transition_begin : 0);
    const int64_t now = since < 0 ? 0 : since > curve->transition_steps ? curve->transition_steps : since;
    const double left = 1 - (double)now / (double)curve->transition_steps;
    return (curve->init_value - curve->end_value) * tx_power_of_real(left, curve->power) + curve->end_value;
}

double tx_cosine_decay_at(const tx_cosine_decay *curve, int64_t count)
{
    const int64_t now = count < curve->decay_steps ? count : curve->decay_steps;
    const double cosine = 0.5 * (1 + tx_cosine_of_pi((double)now / (double)curve->decay_steps));
    return curve->init_value * ((1 - curve->alpha) * tx_power_of_real(cosine, curve->exponent) + curve->alpha);
}

double tx_exponential_decay_at(const tx_exponential_decay *curve, int64_t count)
{
    if (curve->transition_steps <= 0 || curve->decay_rate == 0) {
        return curve->init_value;
    }
    const int64_t since = count - (curve->transition_begin > 0 ? curve->transition_begin : 0);
    const double exact = (double)since / (double)curve->transition_steps, exponent = curve->staircase ? floor(exact) : exact;
    const double value = since <= 0 ? curve->init_value : curve->init_value * tx_power_of_real(curve->decay_rate, exponent);
    if (!curve->ends) {
        return value;
    }
    return curve->decay_rate < 1 ? fmax(value, curve->end_value) : fmin(value, curve->end_value);
}

tx_exponential_decay tx_exponential_decay_read(const tx_section *section)
{
    return (tx_exponential_decay){
        .decay_rate = tx_get_real(section, "decay_rate"),
        .end_value = tx_get_real(section, "end_value"),
        .transition_steps = tx_get_integer(section, "transition_steps"),
        .transition_begin = tx_get_integer(section, "transition_begin"),
        .staircase = tx_get_boolean(section, "staircase"),
        .ends = tx_has(section, "end_value"),
    };
}

/* ---- Schedules ---- */

static double polynomial_of_power(const tx_section *section, int64_t count, double power)
{
    const tx_polynomial curve = {
        .init_value = tx_get_real(section, "init_value"),
        .end_value = tx_get_real(section, "end_value"),
        .power = power,
        .transition_steps = tx_get_integer(section, "transition_steps"),
        .transition_begin = tx_get_integer(section, "transition_begin"),
    };
    return tx_polynomial_at(&curve, count);
}

static double linear(const tx_section *section, int64_t count)
{
    return polynomial_of_power(section, count, 1);
}

static double polynomial(const tx_section *section, int64_t count)
{
    return polynomial_of_power(section, count, tx_get_real(section, "power"));
}

static double exponential_decay(const tx_section *section, int64_t count)
{
    tx_exponential_decay curve = tx_exponential_decay_read(section);
    curve.init_value = tx_get_real(section, "init_value");
    return tx_exponential_decay_at(&curve, count);
}

static double cosine_decay(const tx_section *section, int64_t count)
{
    const tx_cosine_decay curve = {
        .init_value = tx_get_real(section, "init_value"),
        .alpha = tx_get_real(section, "alpha"),
        .exponent = tx_get_real(section, "exponent"),
        .decay_steps = tx_get_integer(section, "decay_steps"),
    };
    return tx_cosine_decay_at(&curve, count);
}

/* clang-format off */
#define INIT_VALUE TX_OPTION_REAL("init_value", NULL, "the value at the start")
#define END_VALUE TX_OPTION_REAL("end_value", NULL, "the value at the end")
#define TRANSITION_STEPS TX_OPTION_STEPS("transition_steps", NULL, "length of the way from one to the other; 0: the value stays")
#define TRANSITION_BEGIN TX_OPTION_STEPS("transition_begin", "0", "steps before it begins")

static const tx_option linear_options[] = {INIT_VALUE, END_VALUE, TRANSITION_STEPS, TRANSITION_BEGIN, {0}};
static const tx_option polynomial_options[] = {
    INIT_VALUE, END_VALUE, TX_OPTION_REAL("power", NULL, "1 is linear"), TRANSITION_STEPS, TRANSITION_BEGIN, {0},
};
static const tx_option exponential_options[] = {INIT_VALUE, TX_OPTIONS_EXPONENTIAL_DECAY, {0}};
static const tx_option cosine_options[] = {
    INIT_VALUE,
    {.name = "decay_steps", .type = TX_TYPE_INTEGER, .unit = "steps", .minimum = 1, .text = "length of the decay"},
    TX_OPTION_REAL("alpha", "0.0", "the end as a fraction of init_value"),
    TX_OPTION_REAL("exponent", "1.0", "of the cosine"),
    {0},
};

static const tx_schedule_class linears = {linear, NULL}, polynomials = {polynomial, NULL};
static const tx_schedule_class exponentials = {exponential_decay, NULL}, cosines = {cosine_decay, NULL};
const tx_component tx_schedule_linear =
    TX_SCHEDULE("linear", "from one value to another, as optax.linear_schedule", linear_options, &linears);
const tx_component tx_schedule_polynomial =
    TX_SCHEDULE("polynomial", "from one value to another by a power, as optax.polynomial_schedule", polynomial_options, &polynomials);
const tx_component tx_schedule_exponential_decay =
    TX_SCHEDULE("exponential_decay", "by a factor each transition_steps, as optax.exponential_decay", exponential_options, &exponentials);
const tx_component tx_schedule_cosine_decay =
    TX_SCHEDULE("cosine_decay", "down half a cosine, as optax.cosine_decay_schedule", cosine_options, &cosines);
