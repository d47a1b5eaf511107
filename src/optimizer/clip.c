/* Updates kept small: clip, clip_by_global_norm, adaptive_grad_clip. */
#include <inttypes.h>

#include "base/real.h"
#include "options.h"
#include "rule.h"
#include "stage.h"

TX_CONSTANTS(limit, divisor, factor);

TX_RULE(clip, 0, {
    const real above = g < -c.limit ? -c.limit : g;
    u = above > c.limit ? c.limit : above;
})
TX_RULE(scaled, 0, { u = g / c.divisor * c.factor; })

/* The state of both is the largest magnitude or norm. */
static tx_status update_clip(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    return tx_rule_run(&clip, stage, update, &(constants_double){.limit = *(const double *)stage->state}, error);
}

static tx_status update_norm(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const double most = *(const double *)stage->state;
    const double norm = tx_stage_norm(optimizer->precision, update->gradient, 0, optimizer->num_parameters);
    const bool small = norm < most;
    return tx_rule_run(&scaled, stage, update, &(constants_double){.divisor = small ? 1 : norm, .factor = small ? 1 : most}, error);
}

tx_status tx_stage_add_clip(tx_optimizer *optimizer, double max_delta, tx_error *error)
{
    return tx_stage_add_number(optimizer, update_clip, max_delta, error);
}

tx_status tx_stage_add_clip_by_global_norm(tx_optimizer *optimizer, double max_norm, tx_error *error)
{
    return tx_stage_add_number(optimizer, update_norm, max_norm, error);
}

static tx_status create_clip(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_clip(optimizer, tx_get_real(section, "max_delta"), error);
}

static tx_status create_norm(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_clip_by_global_norm(optimizer, tx_get_real(section, "max_norm"), error);
}

/* ---- Unit by unit (Brock et al. 2021, arXiv:2102.06171) ---- */

/* A unit is what has the same place along the axes that are not summed over. */
typedef struct unit {
    double updates, parameters; /* squared norms */
} unit;

typedef struct adaptive_state { /* one allocation with what its pointers lead to */
    double clipping, eps;
    int num_units;
    unit *units;
    void *clipped;
    int32_t *unit_of; /* each parameter */
} adaptive_state;

static double real_at(tx_precision precision, const void *values, int64_t i)
{
    return tx_real_get(precision, values, i);
}

static void measure(const tx_optimizer *optimizer, const adaptive_state *state, const tx_update *update)
{
    for (int k = 0; k < state->num_units; k++) {
        state->units[k] = (unit){0};
    }
    for (int64_t i = 0; i < optimizer->num_parameters; i++) {
        unit *of = &state->units[state->unit_of[i]];
        const double g = real_at(optimizer->precision, update->gradient, i);
        const double p = real_at(optimizer->precision, update->parameters, i);
        of->updates += g * g;
        of->parameters += p * p;
    }
}

static double factor(const adaptive_state *state, int64_t i)
{
    const unit *of = &state->units[state->unit_of[i]];
    const double norm = sqrt(of->updates), most = state->clipping * fmax(sqrt(of->parameters), state->eps);
    return norm < most ? 1 : most / fmax(norm, 1e-6);
}

static tx_status update_adaptive(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const adaptive_state *state = stage->state;
    tx_update clipped = *update;
    clipped.gradient = state->clipped;
    measure(optimizer, state, update);
    for (int64_t i = 0; i < optimizer->num_parameters; i++) {
        const double value = factor(state, i) * real_at(optimizer->precision, update->gradient, i);
        tx_real_put(optimizer->precision, state->clipped, i, value);
    }
    return tx_stage_plain(stage, &clipped, error);
}

/* Which axes of a leaf are summed over, as bits. Where the user names none: all of a vector (axes of length 1 do not count),
 * the first one of two or three, all but the last of four or five. */
static unsigned usual_axes(const tx_leaf *leaf)
{
    static const unsigned axes[] = {0, 1, 1, 1, 7, 15};
    int long_axes = 0;
    for (int k = 0; k < leaf->rank; k++) {
        long_axes += leaf->shape[k] != 1;
    }
    return long_axes <= 1 ? ~0u : axes[leaf->rank];
}

static tx_status read_axes(const tx_section *section, const tx_leaf *leaf, tx_error *error, unsigned *out)
{
    const int64_t *given;
    const int count = tx_get_integers(section, "axis", &given);
    unsigned axes = 0;
    if (!given && leaf->rank > 5) {
        return tx_section_error(section, "axis", error, TX_INVALID, "is needed for %s, which has %d axes", leaf->name, leaf->rank);
    }
    for (int k = 0; k < count; k++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): count is 0 where none are given */
        const int64_t axis = given[k] < 0 ? given[k] + leaf->rank : given[k];
        if (axis < 0 || axis >= leaf->rank) {
            return tx_section_error(section, "axis", error, TX_INVALID, "%s has no axis %" PRId64, leaf->name, given[k]);
        }
        axes |= 1u << axis;
    }
    *out = given ? axes : usual_axes(leaf);
    return TX_OK;
}

/* The place of a leaf's element among the leaf's units. */
static int64_t unit_at(const tx_leaf *leaf, unsigned axes, int64_t element)
{
    int64_t stride = 1, index = 0;
    for (int k = leaf->rank - 1; k >= 0; element /= leaf->shape[k--]) {
        if (!(axes >> k & 1)) {
            index += stride * (element % leaf->shape[k]);
            stride *= leaf->shape[k];
        }
    }
    return index;
}

/* Into unit_of unless that is NULL. */
static tx_status number_units(const tx_optimizer *optimizer, const tx_section *section, tx_error *error, int32_t *unit_of, int *out)
{
    int64_t i = 0, num_units = 0;
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        unsigned axes = 0;
        TX_TRY(read_axes(section, leaf, error, &axes));
        for (int64_t element = 0; unit_of && element < leaf->size; element++) {
            unit_of[i++] = (int32_t)(num_units + unit_at(leaf, axes, element));
        }
        num_units += unit_at(leaf, axes, leaf->size - 1) + 1;
    }
    *out = (int)num_units;
    return TX_OK;
}

static tx_status create_adaptive(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const size_t count = (size_t)optimizer->num_parameters, real = tx_real_bytes(optimizer->precision);
    int num_units;
    tx_stage *stage;
    TX_TRY(number_units(optimizer, section, error, NULL, &num_units));
    const size_t bytes = sizeof(adaptive_state) + (size_t)num_units * sizeof(unit) + count * (real + sizeof(int32_t));
    TX_TRY(tx_stage_add(optimizer, update_adaptive, bytes, error, &stage));
    adaptive_state *state = stage->state;
    state->clipping = tx_get_real(section, "clipping");
    state->eps = tx_get_real(section, "eps");
    state->units = (unit *)(state + 1);
    state->clipped = state->units + num_units;
    state->unit_of = (int32_t *)((char *)state->clipped + count * real);
    return number_units(optimizer, section, error, state->unit_of, &state->num_units);
}

/* clang-format off */
static const tx_option clip_options[] = {
    {.name = "max_delta", .type = TX_TYPE_REAL, .above_minimum = true, .text = "largest magnitude of an element"}, {0},
};
static const tx_option norm_options[] = {
    {.name = "max_norm", .type = TX_TYPE_REAL, .above_minimum = true, .text = "largest norm of all updates together"}, {0},
};
static const tx_option adaptive_options[] = {
    {.name = "clipping", .type = TX_TYPE_REAL, .above_minimum = true, .text = "largest norm of a unit's updates, in norms of its parameters"},
    TX_OPTION_REAL("eps", "1e-3", "smallest norm of its parameters that counts"),
    {.name = "axis", .type = TX_TYPE_INTEGERS, .initial = "null",
     .text = "axes of a parameter along which a unit lies; null: the first of 2 or 3, all but the last of 4 or 5"},
    {0},
};

static const tx_optimizer_class clips = {create_clip}, norm_clips = {create_norm}, adaptive_clips = {create_adaptive};
const tx_component tx_transform_clip = TX_TRANSFORM("clip", "each element to a largest magnitude, as optax.clip", clip_options, &clips);
const tx_component tx_transform_clip_by_global_norm = TX_TRANSFORM(
    "clip_by_global_norm", "all scaled down to a largest norm, as optax.clip_by_global_norm", norm_options, &norm_clips);
const tx_component tx_transform_adaptive_grad_clip = TX_TRANSFORM(
    "adaptive_grad_clip", "each unit to a share of its parameters' norm, as optax.adaptive_grad_clip", adaptive_options, &adaptive_clips);
