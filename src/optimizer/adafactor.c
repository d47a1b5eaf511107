/* Adafactor (Shazeer & Stern 2018, arXiv:1804.04235): of the running mean squares of a matrix only the means of its rows and of
 * its columns are kept, whose product stands for them. */
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "rule.h"
#include "schedule.h"
#include "stage.h"

/* a = 1 - decay */
TX_CONSTANTS(decay, a, eps);

/* A leaf that has no two long axes. */
TX_RULE(unfactored, 1, {
    m = c.decay * m + c.a * (g * g + c.eps);
    u = g / TX_ROOT(m);
})

/* A leaf as (outer, low, middle, high, inner): low and high are its two longest axes, in their order. Kept are the means along the
 * longest, `v_row`, and along the other one, `v_col`. */
typedef struct cut {
    int first;           /* of the stage's arrays: v_row and v_col, or v alone */
    int longest, second; /* axes */
    bool factored, longest_is_high;
    int64_t outer, low, middle, high, inner;
} cut;

typedef struct factored_state { /* one allocation with what its pointers lead to */
    double exponent, eps;
    int64_t offset;
    double *sums; /* of a leaf's rows, then columns; afterwards the factors that they give */
    cut cuts[];   /* [leaves] */
} factored_state;

static int64_t over_high(const cut *c) /* numbers that are left when the high axis is averaged over */
{
    return c->outer * c->low * c->middle * c->inner;
}

static int64_t over_low(const cut *c)
{
    return c->outer * c->middle * c->high * c->inner;
}

/* ---- A leaf ---- */

/* `row` and `column` are the places of an element in the arrays over_high and over_low. */
#define EACH_ELEMENT(cut, i, row, column)                                                                                          \
    for (int64_t i = 0, outer = 0; outer < (cut)->outer; outer++)                                                                  \
        for (int64_t low = 0; low < (cut)->low; low++)                                                                             \
            for (int64_t middle = 0; middle < (cut)->middle; middle++)                                                             \
                for (int64_t high = 0; high < (cut)->high; high++)                                                                 \
                    for (int64_t inner = 0, row = ((outer * (cut)->low + low) * (cut)->middle + middle) * (cut)->inner,            \
                                 column = ((outer * (cut)->middle + middle) * (cut)->high + high) * (cut)->inner;                  \
                         inner < (cut)->inner; inner++, row++, column++, i++)

/* Sums over a leaf are in double and in its order. */
#define FACTORED(real)                                                                                                             \
    static void add_squares_##real(const cut *cut, const real *g, real eps, double *rows, double *columns)                         \
    {                                                                                                                              \
        EACH_ELEMENT(cut, i, row, column)                                                                                          \
        {                                                                                                                          \
            const double square = (double)(g[i] * g[i] + eps);                                                                     \
            rows[row] += square;                                                                                                   \
            columns[column] += square;                                                                                             \
        }                                                                                                                          \
    }                                                                                                                              \
                                                                                                                                   \
    static void average_##real(const constants_double *constants, const double *sums, int64_t each, int64_t count,                 \
                               const tx_state_array *array)                                                                        \
    {                                                                                                                              \
        const real decay = (real)constants->decay, a = (real)constants->a;                                                         \
        const real *old = array->values;                                                                                           \
        real *next = array->next;                                                                                                  \
        for (int64_t i = 0; i < count; i++) {                                                                                      \
            next[i] = decay * old[i] + a * (real)(sums[i] / (double)each);                                                         \
        }                                                                                                                          \
    }                                                                                                                              \
                                                                                                                                   \
    /* One over the root of each number, divided by the mean along the axis of `count`. */                                         \
    static void relate_##real(const real *v, int64_t outer, int64_t count, int64_t inner, double *factors)                         \
    {                                                                                                                              \
        for (int64_t o = 0; o < outer; o++) {                                                                                      \
            for (int64_t i = 0; i < inner; i++) {                                                                                  \
                const int64_t first = o * count * inner + i;                                                                       \
                double sum = 0;                                                                                                    \
                for (int64_t k = 0; k < count; k++) {                                                                              \
                    sum += (double)v[first + k * inner];                                                                           \
                }                                                                                                                  \
                const real mean = (real)(sum / (double)count);                                                                     \
                for (int64_t k = 0; k < count; k++) {                                                                              \
                    factors[first + k * inner] = (double)(1 / TX_ROOT(v[first + k * inner] / mean));                               \
                }                                                                                                                  \
            }                                                                                                                      \
        }                                                                                                                          \
    }                                                                                                                              \
                                                                                                                                   \
    static void invert_##real(const real *v, int64_t count, double *factors)                                                       \
    {                                                                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                                                      \
            factors[i] = (double)(1 / TX_ROOT(v[i]));                                                                              \
        }                                                                                                                          \
    }                                                                                                                              \
                                                                                                                                   \
    static bool apply_##real(const cut *cut, const tx_update *update, const double *rows, const double *columns)                   \
    {                                                                                                                              \
        const real keep = (real)update->keep, scale = (real)update->scale, decay = (real)update->decay;                            \
        const real *g = update->gradient, *p = update->parameters;                                                                 \
        real *next = update->next_parameters;                                                                                      \
        int bad = 0;                                                                                                               \
        EACH_ELEMENT(cut, i, row, column)                                                                                          \
        {                                                                                                                          \
            next[i] = TX_NEXT(p[i], g[i] * (real)rows[row] * (real)columns[column]);                                               \
            bad |= !TX_IS_FINITE(next[i]);                                                                                         \
        }                                                                                                                          \
        return !bad;                                                                                                               \
    }                                                                                                                              \
                                                                                                                                   \
    static bool factored_##real(const cut *cut, const tx_update *update, const constants_double *constants, double *sums)          \
    {                                                                                                                              \
        const int64_t num_rows = over_high(cut), num_columns = over_low(cut);                                                      \
        double *rows = sums, *columns = sums + num_rows;                                                                           \
        const tx_state_array *of_rows = &update->arrays[!cut->longest_is_high];                                                    \
        const tx_state_array *of_columns = &update->arrays[cut->longest_is_high];                                                  \
        memset(sums, 0, (size_t)(num_rows + num_columns) * sizeof *sums);                                                          \
        add_squares_##real(cut, update->gradient, (real)constants->eps, rows, columns);                                            \
        average_##real(constants, rows, cut->high, num_rows, of_rows);                                                             \
        average_##real(constants, columns, cut->low, num_columns, of_columns);                                                     \
        if (cut->longest_is_high) {                                                                                                \
            relate_##real(of_rows->next, cut->outer, cut->low, cut->middle * cut->inner, rows);                                    \
            invert_##real(of_columns->next, num_columns, columns);                                                                 \
        } else {                                                                                                                   \
            invert_##real(of_rows->next, num_rows, rows);                                                                          \
            relate_##real(of_columns->next, cut->outer * cut->middle, cut->high, cut->inner, columns);                             \
        }                                                                                                                          \
        return apply_##real(cut, update, rows, columns);                                                                           \
    }
FACTORED(float)
FACTORED(double)

/* ---- An update ---- */

/* The decay rises from 0 as 1 - t^-exponent. */
static constants_double prepare(const factored_state *state, tx_precision precision, int64_t count)
{
    const double t = (double)(count - state->offset + 1);
    constants_double c = {.eps = state->eps};
    if (precision == TX_FLOAT32) {
        const float decay = 1 - (float)tx_power_of_real(t, -(double)(float)state->exponent);
        c.decay = (double)decay;
        c.a = (double)(1 - decay);
    } else {
        c.decay = 1 - tx_power_of_real(t, -state->exponent);
        c.a = 1 - c.decay;
    }
    return c;
}

static bool update_leaf(const tx_stage *stage, const tx_update *part, const constants_double *constants, const cut *cut,
                        int64_t size)
{
    const factored_state *state = stage->state;
    if (!cut->factored) {
        return tx_rule_run_leaf(&unfactored, stage, part, constants, &(tx_leaf){.size = size});
    }
    return (stage->optimizer->precision == TX_FLOAT32 ? factored_float : factored_double)(cut, part, constants, state->sums);
}

static tx_status update_factored(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const factored_state *state = stage->state;
    const constants_double constants = prepare(state, optimizer->precision, update->count);
    bool finite = true;
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        const tx_update part = tx_update_of_leaf(update, leaf, optimizer->precision, state->cuts[k].first);
        finite &= update_leaf(stage, &part, &constants, &state->cuts[k], leaf->size);
    }
    return tx_stage_status(finite, error);
}

/* ---- Creation ---- */

typedef struct settings {
    bool factored;
    int64_t offset, min_size;
    double exponent, eps;
} settings;

static int64_t count_between(const tx_leaf *leaf, int begin, int end)
{
    int64_t count = 1;
    for (int k = begin; k < end; k++) {
        count *= leaf->shape[k];
    }
    return count;
}

/* The longest axis but `other`, of equal ones the last. */
static int longest_axis(const tx_leaf *leaf, int other)
{
    int longest = -1;
    for (int k = 0; k < leaf->rank; k++) {
        longest = k != other && (longest < 0 || leaf->shape[k] >= leaf->shape[longest]) ? k : longest;
    }
    return longest;
}

static cut cut_leaf(const tx_leaf *leaf, const settings *s)
{
    const int longest = longest_axis(leaf, -1), second = longest_axis(leaf, longest);
    if (!s->factored || leaf->rank < 2 || leaf->shape[second] < s->min_size) {
        return (cut){.factored = false};
    }
    const int low = longest < second ? longest : second, high = longest < second ? second : longest;
    return (cut){
        .longest = longest,
        .second = second,
        .factored = true,
        .longest_is_high = longest == high,
        .outer = count_between(leaf, 0, low),
        .low = leaf->shape[low],
        .middle = count_between(leaf, low + 1, high),
        .high = leaf->shape[high],
        .inner = count_between(leaf, high + 1, leaf->rank),
    };
}

/* An array of the leaf's shape without one of its axes. */
static tx_status keep(tx_stage *stage, const char *what, const tx_leaf *leaf, int without, tx_error *error)
{
    tx_state_array array = {.rank = 0};
    for (int k = 0; k < leaf->rank; k++) {
        if (k != without) {
            array.shape[array.rank++] = leaf->shape[k];
        }
    }
    snprintf(array.name, sizeof array.name, "%s/%s", what, leaf->name);
    return tx_stage_keep_array(stage, &array, error);
}

static tx_status keep_leaf(tx_stage *stage, const tx_leaf *leaf, const cut *cut, tx_error *error)
{
    if (!cut->factored) {
        return tx_stage_keep_leaf(stage, "v", leaf, error);
    }
    TX_TRY(keep(stage, "v_row", leaf, cut->longest, error));
    return keep(stage, "v_col", leaf, cut->second, error);
}

static tx_status add_factored(tx_optimizer *optimizer, const settings *s, tx_error *error)
{
    const size_t cuts = sizeof(factored_state) + (size_t)optimizer->num_leaves * sizeof(cut);
    int64_t most = 0;
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const cut c = cut_leaf(&optimizer->leaves[k], s);
        const int64_t sums = c.factored ? over_high(&c) + over_low(&c) : 0;
        most = sums > most ? sums : most;
    }
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update_factored, cuts + (size_t)most * sizeof(double), error, &stage));
    factored_state *state = stage->state;
    *state =
        (factored_state){.exponent = s->exponent, .eps = s->eps, .offset = s->offset, .sums = (double *)((char *)state + cuts)};
    for (int k = 0; k < optimizer->num_leaves; k++) {
        state->cuts[k] = cut_leaf(&optimizer->leaves[k], s);
        state->cuts[k].first = stage->num_arrays;
        TX_TRY(keep_leaf(stage, &optimizer->leaves[k], &state->cuts[k], error));
    }
    return TX_OK;
}

static settings read_settings(const tx_section *section, const char *offset, const char *eps)
{
    return (settings){
        .factored = tx_get_boolean(section, "factored"),
        .offset = tx_get_integer(section, offset),
        .min_size = tx_get_integer(section, "min_dim_size_to_factor"),
        .exponent = tx_get_real(section, "decay_rate"),
        .eps = tx_get_real(section, eps),
    };
}

static tx_status create_factored(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const settings s = read_settings(section, "step_offset", "epsilon");
    return add_factored(optimizer, &s, error);
}

static tx_status create_adafactor(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const settings s = read_settings(section, "decay_offset", "eps");
    TX_TRY(add_factored(optimizer, &s, error));
    TX_TRY(tx_has(section, "clipping_threshold")
               ? tx_stage_add_clip_by_block_rms(optimizer, tx_get_real(section, "clipping_threshold"), error)
               : TX_OK);
    TX_TRY(tx_has(section, "learning_rate") ? tx_stage_add_rate(optimizer, section, false, error) : TX_OK);
    TX_TRY(tx_get_boolean(section, "multiply_by_parameter_scale") ? tx_stage_add_param_block_rms(optimizer, 1e-3, error) : TX_OK);
    TX_TRY(tx_has(section, "momentum") ? tx_stage_add_ema(optimizer, tx_get_real(section, "momentum"), false, error) : TX_OK);
    TX_TRY(tx_has(section, "weight_decay_rate")
               ? tx_stage_add_decayed_weights(optimizer, tx_rate_read(section, "weight_decay_rate"), error)
               : TX_OK);
    return tx_stage_add_scale(optimizer, (tx_rate){.number = -1}, error);
}

/* clang-format off */
#define MIN_DIM_SIZE                                                                                                           \
    {.name = "min_dim_size_to_factor", .type = TX_TYPE_INTEGER, .initial = "128", .minimum = 1,                                \
     .text = "means of rows and columns are kept of leaves with two axes of this length; of several the longest, of equal ones the last"}
#define DECAY_RATE TX_OPTION_REAL("decay_rate", "0.8", "the running mean of update t, from 1, decays by 1 - t^-decay_rate")
/* A count that starts at 0 has no power before 1. */
#define OFFSET(option_name)                                                                                                    \
    {.name = option_name, .type = TX_TYPE_INTEGER, .initial = "0", .unit = "steps", .minimum = -INFINITY,                      \
     .text = "what is taken off the count of updates in that: 0 or less"}
#define EPS(option_name) TX_OPTION_REAL(option_name, "1e-30", "added to the squared gradient")
#define FACTORED_FLAG TX_OPTION_BOOLEAN("factored", "true", "false: of every element a mean of its own is kept")

static const tx_option factored_options[] = {
    FACTORED_FLAG, DECAY_RATE, OFFSET("step_offset"), MIN_DIM_SIZE, EPS("epsilon"), {0},
};
static const tx_option adafactor_options[] = {
    {.name = "learning_rate", .type = TX_TYPE_REAL, .kind = TX_KIND_SCHEDULE, .initial = "null",
     .text = "a number, or a schedule of the count of updates; null: 1"},
    MIN_DIM_SIZE,
    DECAY_RATE,
    OFFSET("decay_offset"),
    TX_OPTION_BOOLEAN("multiply_by_parameter_scale", "true", "the step of a leaf is scaled by its root mean square, of at least 1e-3"),
    {.name = "clipping_threshold", .type = TX_TYPE_REAL, .initial = "1.0", .above_minimum = true, .or_null = true,
     .text = "largest root mean square of a leaf's direction; null: any"},
    TX_OPTION_REAL("momentum", "null", "decay of a running mean of the steps; null: none is kept"),
    {.name = "weight_decay_rate", .type = TX_TYPE_REAL, .kind = TX_KIND_SCHEDULE, .initial = "null",
     .text = "times the parameters, taken off whatever the learning rate"},
    EPS("eps"),
    FACTORED_FLAG,
    {0},
};

static const tx_optimizer_class factoreds = {create_factored}, adafactors = {create_adafactor};
const tx_component tx_optimizer_adafactor = TX_OPTIMIZER(
    "adafactor", "by mean squares of rows and columns, in little memory, as optax.adafactor", adafactor_options, &adafactors);
const tx_component tx_transform_scale_by_factored_rms = TX_TRANSFORM(
    "scale_by_factored_rms", "the direction of adafactor, as optax.scale_by_factored_rms", factored_options, &factoreds);
