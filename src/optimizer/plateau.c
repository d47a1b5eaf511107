/* reduce_on_plateau: updates are scaled down where the loss does not fall any more, as optax.contrib.reduce_on_plateau. */
#include <math.h>
#include <stdio.h>

#include "base/real.h"
#include "options.h"
#include "rule.h"
#include "stage.h"

TX_CONSTANTS(factor);

TX_RULE(scaled, 0, { u = c.factor * g; })

/* What is kept, in this order. */
typedef struct plateau {
    double scale, best_value, avg_value;
    int64_t plateau_count, cooldown_count, count; /* bad averages in a row; good or bad ones to wait; values of this average */
} plateau;
enum { SCALE, BEST_VALUE, AVG_VALUE, PLATEAU_COUNT, COOLDOWN_COUNT, COUNT, NUM_KEPT };

typedef struct plateau_state {
    double factor, rtol, atol, min_scale;
    int64_t patience, cooldown, accumulation_size;
    bool stops;
} plateau_state;

static void *place_of(const tx_state_array *arrays, int k, bool next)
{
    return next ? arrays[k].next : arrays[k].values;
}

static plateau get(const tx_state_array *arrays, tx_precision precision)
{
    double reals[PLATEAU_COUNT];
    int64_t counts[NUM_KEPT];
    for (int k = 0; k < PLATEAU_COUNT; k++) {
        reals[k] = tx_real_get(precision, place_of(arrays, k, false), 0);
    }
    for (int k = PLATEAU_COUNT; k < NUM_KEPT; k++) {
        counts[k] = *(const int64_t *)place_of(arrays, k, false);
    }
    return (plateau){reals[SCALE],          reals[BEST_VALUE],      reals[AVG_VALUE],
                     counts[PLATEAU_COUNT], counts[COOLDOWN_COUNT], counts[COUNT]};
}

static void put(const tx_state_array *arrays, tx_precision precision, const plateau *now)
{
    const double reals[] = {now->scale, now->best_value, now->avg_value};
    const int64_t counts[] = {now->plateau_count, now->cooldown_count, now->count};
    for (int k = 0; k < PLATEAU_COUNT; k++) {
        tx_real_put(precision, place_of(arrays, k, true), 0, reals[k]);
    }
    for (int k = PLATEAU_COUNT; k < NUM_KEPT; k++) {
        *(int64_t *)place_of(arrays, k, true) = counts[k - PLATEAU_COUNT];
    }
}

/* An average is complete. Each operation in the run's precision. */
static void judge(const plateau_state *state, tx_precision precision, plateau *now)
{
    const double kept = tx_real_round(precision, 1 - state->rtol);
    const double least =
        tx_real_round(precision, tx_real_round(precision, kept * now->best_value) - tx_real_round(precision, state->atol));
    const bool improved = now->avg_value < least;
    const int64_t bad = improved ? 0 : now->plateau_count + 1;
    now->best_value = improved ? now->avg_value : now->best_value;
    now->avg_value = 0;
    now->count = 0;
    if (now->cooldown_count > 0) {
        now->plateau_count = 0;
        now->cooldown_count--;
        return;
    }
    const bool stuck = bad == state->patience;
    const double scale = stuck ? tx_real_round(precision, now->scale * tx_real_round(precision, state->factor)) : now->scale;
    now->plateau_count = stuck ? 0 : bad;
    now->scale = fmax(scale, tx_real_round(precision, state->min_scale));
    now->cooldown_count = stuck ? state->cooldown : 0;
}

static plateau count_value(const plateau_state *state, tx_precision precision, plateau now, double value)
{
    const double sum = tx_real_round(precision, tx_real_round(precision, (double)now.count * now.avg_value) + value);
    now.avg_value = tx_real_round(precision, sum / (double)++now.count);
    if (now.count == state->accumulation_size) {
        judge(state, precision, &now);
    }
    return now;
}

static tx_status update_plateau(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const plateau_state *state = stage->state;
    const tx_precision precision = stage->optimizer->precision;
    const plateau now = count_value(state, precision, get(update->arrays, precision), update->task->value);
    put(update->arrays, precision, &now);
    if (state->stops && now.scale <= tx_real_round(precision, state->min_scale)) {
        *update->ends = true;
    }
    return tx_rule_run(&scaled, stage, update, &(constants_double){.factor = now.scale}, error);
}

static double factor(const tx_stage *stage)
{
    return tx_real_get(stage->optimizer->precision, stage->arrays[SCALE].values, 0);
}

/* ---- Creation ---- */

static tx_status check(const tx_section *section, const plateau_state *state, tx_error *error)
{
    if (state->factor >= 1) {
        return tx_section_error(section, "factor", error, TX_INVALID, "must be below 1, not %.16g", state->factor);
    }
    if (state->rtol == 0 && state->atol == 0) {
        return tx_section_error(section, NULL, error, TX_INVALID, "rtol and atol must not both be 0");
    }
    return state->stops && state->min_scale == 0
               ? tx_section_error(section, "stop_at_min_scale", error, TX_INVALID, "needs a min_scale above 0")
               : TX_OK;
}

static tx_status keep(tx_stage *stage, const char *name, tx_number number, double initial, tx_error *error)
{
    tx_state_array array = {.number = number, .initial = initial};
    snprintf(array.name, sizeof array.name, "plateau/%s", name);
    return tx_stage_keep_array(stage, &array, error);
}

static tx_status keep_all(tx_stage *stage, tx_error *error)
{
    TX_TRY(keep(stage, "scale", TX_NUMBER_REAL, 1, error));
    TX_TRY(keep(stage, "best_value", TX_NUMBER_REAL, INFINITY, error));
    TX_TRY(keep(stage, "avg_value", TX_NUMBER_REAL, 0, error));
    TX_TRY(keep(stage, "plateau_count", TX_NUMBER_INTEGER, 0, error));
    TX_TRY(keep(stage, "cooldown_count", TX_NUMBER_INTEGER, 0, error));
    return keep(stage, "count", TX_NUMBER_INTEGER, 0, error);
}

tx_status tx_stage_add_plateau(tx_optimizer *optimizer, const tx_section *section, int number, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update_plateau, sizeof(plateau_state), error, &stage));
    plateau_state *state = stage->state;
    *state = (plateau_state){.factor = tx_get_real(section, "factor"),
                             .rtol = tx_get_real(section, "rtol"),
                             .atol = tx_get_real(section, "atol"),
                             .min_scale = tx_get_real(section, "min_scale"),
                             .patience = tx_get_integer(section, "patience"),
                             .cooldown = tx_get_integer(section, "cooldown"),
                             .accumulation_size = tx_get_integer(section, "accumulation_size"),
                             .stops = tx_get_boolean(section, "stop_at_min_scale")};
    TX_TRY(check(section, state, error));
    stage->number = number;
    stage->factor = factor;
    return keep_all(stage, error);
}

static tx_status create(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_plateau(optimizer, section, optimizer->num_sections - 2, error);
}

/* clang-format off */
static const tx_option options[] = {
    {.name = "factor", .type = TX_TYPE_REAL, .initial = "0.1", .above_minimum = true, .text = "of the scale, below 1"},
    {.name = "patience", .type = TX_TYPE_INTEGER, .initial = "10", .unit = "values", .maximum = INFINITY,
     .text = "so many in a row without an improvement, and the scale falls"},
    {.name = "rtol", .type = TX_TYPE_REAL, .initial = "1e-4", .maximum = 1, .text = "an improvement is below (1 - rtol) times the best value"},
    {.name = "atol", .type = TX_TYPE_REAL, .initial = "0.0", .maximum = INFINITY, .text = "and lower than that by more than this"},
    {.name = "cooldown", .type = TX_TYPE_INTEGER, .initial = "0", .unit = "values", .maximum = INFINITY,
     .text = "after the scale has fallen, so many do not count"},
    {.name = "accumulation_size", .type = TX_TYPE_INTEGER, .initial = "1", .unit = "updates", .minimum = 1,
     .text = "a value is the mean of so many losses"},
    {.name = "min_scale", .type = TX_TYPE_REAL, .initial = "0.0", .maximum = INFINITY, .text = "the scale does not fall below"},
    TX_OPTION_BOOLEAN("stop_at_min_scale", "false", "the run ends, as finished, with the update whose scale is min_scale"),
    {0},
};

static const tx_optimizer_class plateaus = {create};
const tx_component tx_transform_reduce_on_plateau = TX_TRANSFORM(
    "reduce_on_plateau", "scales down where the loss of the steps stays, as optax.contrib.reduce_on_plateau", options, &plateaus);
