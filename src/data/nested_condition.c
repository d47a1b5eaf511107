/* Initial conditions made of others: exponax.ic.ScaledICGenerator, ClampingICGenerator, RandomMultiChannelICGenerator. */
#include <math.h>

#include "data/initial.h"

/* ---- One, changed ---- */

static tx_status create_around(tx_condition *condition, tx_error *error)
{
    const tx_section *section = tx_get_section(condition->section, "ic_gen");
    TX_TRY(tx_condition_add(condition, &section, 1, error));
    condition->whole = condition->inner[0]->whole;
    condition->samples = condition->inner[0]->samples;
    return TX_OK;
}

static tx_status draw_scaled(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const double scale = tx_get_real(condition->section, "scale");
    TX_TRY(tx_condition_draw(condition->inner[0], which, out, error));
    for (int64_t k = 0; k < tx_condition_size(condition); k++) {
        out[k] *= scale;
    }
    return TX_OK;
}

static tx_status create_clamping(tx_condition *condition, tx_error *error)
{
    const double *limits;
    return tx_get_reals(condition->section, "limits", &limits) == 2
               ? create_around(condition, error)
               : tx_section_error(condition->section, "limits", error, TX_INVALID, "limits are two numbers: [low, high]");
}

static tx_status draw_clamping(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    const int64_t size = tx_condition_size(condition);
    const double *limits;
    double low = INFINITY, most = 0.0;
    tx_get_reals(condition->section, "limits", &limits);
    TX_TRY(tx_condition_draw(condition->inner[0], which, out, error));
    for (int64_t k = 0; k < size; k++) {
        low = fmin(low, out[k]);
    }
    for (int64_t k = 0; k < size; k++) {
        most = fmax(most, out[k] - low);
    }
    for (int64_t k = 0; k < size; k++) {
        out[k] = (out[k] - low) / most * (limits[1] - limits[0]) + limits[0];
    }
    return TX_OK;
}

static const tx_condition_class scaled_class = {.create = create_around, .draw = draw_scaled};
static const tx_condition_class clamping_class = {.create = create_clamping, .draw = draw_clamping};

#define OPTION_INNER                                                                                                               \
    {                                                                                                                              \
        .name = "ic_gen", .type = TX_TYPE_SECTION, .unit = "", .text = "whose states", .kind = TX_KIND_INITIAL_CONDITION           \
    }

static const tx_option scaled_options[] = {
    OPTION_INNER,
    {.name = "scale", .type = TX_TYPE_REAL, .unit = "", .text = "what they are multiplied with"},
    {0},
};
static const tx_option clamping_options[] = {
    OPTION_INNER,
    TX_OPTION_RANGE("limits", "[0.0, 1.0]", "", "the least and the largest number of each state"),
    {0},
};
const tx_component tx_initial_condition_scaled_ic_generator = TX_CONDITION(
    "scaled_ic_generator", "states of another one times a number (exponax.ic.ScaledICGenerator)", scaled_options, &scaled_class);
const tx_component tx_initial_condition_clamping_ic_generator =
    TX_CONDITION("clamping_ic_generator",
                 "states of another one, shifted and stretched to lie between two limits (exponax.ic.ClampingICGenerator)",
                 clamping_options, &clamping_class);

/* ---- One a channel ---- */

static tx_status create_channels(tx_condition *condition, tx_error *error)
{
    const tx_section *const *sections;
    const int count = tx_get_sections(condition->section, "ic_generators", &sections);
    if (count != condition->state.channels) {
        return tx_section_error(condition->section, "ic_generators", error, TX_INVALID,
                                "%d generator%s, but the states have %ld channel%s", count, count == 1 ? "" : "s",
                                (long)condition->state.channels, condition->state.channels == 1 ? "" : "s");
    }
    TX_TRY(tx_condition_add(condition, sections, count, error));
    condition->whole = true;
    for (int k = 0; k < count; k++) {
        if (condition->inner[k]->whole) {
            return tx_section_error(sections[k], NULL, error, TX_INVALID, "%s makes whole states, not one channel of them",
                                    tx_section_name(sections[k]));
        }
    }
    return TX_OK;
}

int64_t tx_initial_channels(const tx_section *section)
{
    const tx_section *const *sections;
    while (tx_knows(section, "ic_gen")) {
        section = tx_get_section(section, "ic_gen");
    }
    return tx_knows(section, "ic_generators") ? tx_get_sections(section, "ic_generators", &sections) : -1;
}

static tx_status draw_channels(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error)
{
    for (int k = 0; k < condition->num_inner; k++) {
        const size_t count = (size_t)condition->num_inner;
        const tx_draw own = {which->sample, tx_key_split_at(condition->random, which->key, count, (size_t)k)};
        TX_TRY(tx_condition_draw(condition->inner[k], &own, out + k * tx_condition_size(condition->inner[k]), error));
    }
    return TX_OK;
}

static const tx_condition_class channels_class = {.create = create_channels, .draw = draw_channels};

static const tx_option channels_options[] = {
    {.name = "ic_generators",
     .type = TX_TYPE_SECTIONS,
     .unit = "",
     .text = "one for each channel",
     .kind = TX_KIND_INITIAL_CONDITION},
    {0},
};
const tx_component tx_initial_condition_random_multi_channel_ic_generator = TX_CONDITION(
    "random_multi_channel_ic_generator", "channels each of its own initial condition (exponax.ic.RandomMultiChannelICGenerator)",
    channels_options, &channels_class);
