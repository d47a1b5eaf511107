/* Schedules by pieces: constant, piecewise_constant, piecewise_interpolate, linear_onecycle, cosine_onecycle, join_schedules. */
#include <string.h>

#include "schedule.h"

static double constant(const tx_section *section, int64_t count)
{
    (void)count;
    return tx_get_real(section, "value");
}

static double piecewise_constant(const tx_section *section, int64_t count)
{
    const int64_t *boundaries;
    const double *scales;
    const int pieces = tx_get_map(section, "boundaries_and_scales", &boundaries, &scales);
    double value = tx_get_real(section, "init_value");
    for (int k = 0; k < pieces && boundaries[k] <= count; k++) {
        value *= scales[k];
    }
    return value;
}

/* From knot to knot: the first is (0, value), at each of the others the value is scaled. Knots before 0 have no way to them. */
static double interpolate(bool cosine, double value, int knots, const int64_t *boundaries, const double *scales, int64_t count)
{
    int64_t from = 0;
    double sum = 0;
    for (int k = 0; k < knots; k++) {
        const double next = value * scales[k];
        if (from <= count && count < boundaries[k]) {
            const double way = (double)(count - from) / (double)(boundaries[k] - from);
            sum += cosine ? next + (value - next) / 2 * (tx_cosine_of_pi(way) + 1) : (next - value) * way + value;
        }
        from = boundaries[k];
        value = next;
    }
    return sum + (from <= count ? value : 0);
}

static double piecewise_interpolate(const tx_section *section, int64_t count)
{
    const int64_t *boundaries;
    const double *scales;
    const int knots = tx_get_map(section, "boundaries_and_scales", &boundaries, &scales);
    const bool cosine = !strcmp(tx_get_word(section, "interpolate_type"), "cosine");
    return interpolate(cosine, tx_get_real(section, "init_value"), knots, boundaries, scales, count);
}

/* Smith & Topin 2018 (arXiv:1708.07120). Knots that fall on the same step are one, as keys of a Python dictionary are: the
 * later scale counts. pct_start and pct_final are not put in order by Optax's caller but by its keys. */
typedef struct cycle {
    int knots;
    int64_t boundaries[3];
    double scales[3];
} cycle;

static void add_knot(cycle *c, double boundary, double scale)
{
    const int64_t at = (int64_t)boundary;
    int k = 0;
    while (k < c->knots && c->boundaries[k] < at) {
        k++;
    }
    if (k == c->knots || c->boundaries[k] != at) {
        memmove(c->boundaries + k + 1, c->boundaries + k, (size_t)(c->knots - k) * sizeof *c->boundaries);
        memmove(c->scales + k + 1, c->scales + k, (size_t)(c->knots - k) * sizeof *c->scales);
        c->knots++;
    }
    c->boundaries[k] = at;
    c->scales[k] = scale;
}

static double linear_onecycle(const tx_section *section, int64_t count)
{
    const double steps = (double)tx_get_integer(section, "transition_steps"), divisor = tx_get_real(section, "div_factor");
    cycle c = {.knots = 0};
    add_knot(&c, tx_get_real(section, "pct_start") * steps, divisor);
    add_knot(&c, tx_get_real(section, "pct_final") * steps, 1 / divisor);
    add_knot(&c, steps, 1 / tx_get_real(section, "final_div_factor"));
    return interpolate(false, tx_get_real(section, "peak_value") / divisor, c.knots, c.boundaries, c.scales, count);
}

static double cosine_onecycle(const tx_section *section, int64_t count)
{
    const double steps = (double)tx_get_integer(section, "transition_steps"), divisor = tx_get_real(section, "div_factor");
    cycle c = {.knots = 0};
    add_knot(&c, tx_get_real(section, "pct_start") * steps, divisor);
    add_knot(&c, steps, 1 / (divisor * tx_get_real(section, "final_div_factor")));
    return interpolate(true, tx_get_real(section, "peak_value") / divisor, c.knots, c.boundaries, c.scales, count);
}

/* ---- Schedules one after the other, each counting from its own beginning ---- */

static double join(const tx_section *section, int64_t count)
{
    const tx_section *const *schedules;
    const int64_t *boundaries;
    const int parts = tx_get_sections(section, "schedules", &schedules);
    int k = parts - 1;
    tx_get_integers(section, "boundaries", &boundaries);
    while (k > 0 && count < boundaries[k - 1]) {
        k--;
    }
    return tx_rate_at((tx_rate){.schedule = schedules[k]}, k ? count - boundaries[k - 1] : count);
}

static tx_status check_join(const tx_section *section, tx_error *error)
{
    const tx_section *const *schedules;
    const int64_t *boundaries;
    const int parts = tx_get_sections(section, "schedules", &schedules);
    const int bounds = tx_get_integers(section, "boundaries", &boundaries);
    if (bounds != parts - 1) {
        return tx_section_error(section, "boundaries", error, TX_INVALID, "%d boundaries do not join %d schedules", bounds, parts);
    }
    for (int k = 0; k < parts; k++) {
        TX_TRY(tx_rate_check((tx_rate){.schedule = schedules[k]}, error));
    }
    return TX_OK;
}

/* clang-format off */
#define INIT_VALUE TX_OPTION_REAL("init_value", NULL, "the value at the start")
#define SCALES(description)                                                                                                    \
    {.name = "boundaries_and_scales", .type = TX_TYPE_MAP, .initial = "null", .minimum = 0, .maximum = INFINITY, .text = description}
#define STEPS {.name = "transition_steps", .type = TX_TYPE_INTEGER, .unit = "steps", .minimum = 1, .text = "length of the whole"}
#define PEAK_VALUE TX_OPTION_REAL("peak_value", NULL, "the largest value")
#define PCT_START TX_OPTION_REAL("pct_start", "0.3", "fraction of the steps in which the value rises")
#define DIVISORS                                                                                                               \
    TX_OPTION_REAL("div_factor", "25.0", "the value at the start is peak_value divided by this"),                              \
    TX_OPTION_REAL("final_div_factor", "10000.0", "the value at the end is that at the start divided by this")

static const tx_option constant_options[] = {TX_OPTION_REAL("value", NULL, "the value of all steps"), {0}};
static const tx_option piecewise_options[] = {
    INIT_VALUE, SCALES("from each of these steps on, the value is multiplied by the factor behind it"), {0},
};
static const tx_option interpolate_options[] = {
    {.name = "interpolate_type", .type = TX_TYPE_WORD, .words = "linear cosine", .text = "the way from one value to the next"},
    INIT_VALUE, SCALES("at each of these steps, the value has been multiplied by the factor behind it"), {0},
};
static const tx_option linear_onecycle_options[] = {
    STEPS, PEAK_VALUE, PCT_START, TX_OPTION_REAL("pct_final", "0.85", "fraction of the steps after which it falls on below its start"),
    DIVISORS, {0},
};
static const tx_option cosine_onecycle_options[] = {STEPS, PEAK_VALUE, PCT_START, DIVISORS, {0}};
static const tx_option join_options[] = {
    {.name = "schedules", .type = TX_TYPE_SECTIONS, .kind = TX_KIND_SCHEDULE, .text = "one after the other"},
    {.name = "boundaries", .type = TX_TYPE_INTEGERS, .unit = "steps", .text = "where each but the first begins, and counts from 0"},
    {0},
};

static const tx_schedule_class constants = {constant, NULL}, piecewise_constants = {piecewise_constant, NULL};
static const tx_schedule_class interpolates = {piecewise_interpolate, NULL}, joins = {join, check_join};
static const tx_schedule_class linear_onecycles = {linear_onecycle, NULL}, cosine_onecycles = {cosine_onecycle, NULL};
const tx_component tx_schedule_constant =
    TX_SCHEDULE("constant", "the same value at every step, as optax.constant_schedule", constant_options, &constants);
const tx_component tx_schedule_piecewise_constant =
    TX_SCHEDULE("piecewise_constant", "scaled at given steps, as optax.piecewise_constant_schedule", piecewise_options, &piecewise_constants);
const tx_component tx_schedule_piecewise_interpolate =
    TX_SCHEDULE("piecewise_interpolate", "scaled on the way to given steps, as optax.schedules.piecewise_interpolate_schedule",
                interpolate_options, &interpolates);
const tx_component tx_schedule_linear_onecycle =
    TX_SCHEDULE("linear_onecycle", "up and down on straight lines, as optax.linear_onecycle_schedule", linear_onecycle_options, &linear_onecycles);
const tx_component tx_schedule_cosine_onecycle =
    TX_SCHEDULE("cosine_onecycle", "up and down on cosines, as optax.cosine_onecycle_schedule", cosine_onecycle_options, &cosine_onecycles);
const tx_component tx_schedule_join_schedules =
    TX_SCHEDULE("join_schedules", "schedules one after the other, as optax.join_schedules", join_options, &joins);
