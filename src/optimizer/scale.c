/* Transforms that are one factor or one summand, or nothing: scale, scale_by_learning_rate, scale_by_schedule,
 * add_decayed_weights, identity. Their stage has no rule, so that the one before takes it over. */
#include "options.h"
#include "rule.h"
#include "stage.h"

TX_CONSTANTS(none);

TX_RULE(plain, 0, { u = g; })

tx_status tx_stage_plain(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    return tx_rule_run(&plain, stage, update, &(constants_double){0}, error);
}

tx_status tx_stage_add_decayed_weights(tx_optimizer *optimizer, tx_rate weight_decay, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, tx_stage_plain, 0, error, &stage));
    stage->decay = weight_decay;
    return TX_OK;
}

static tx_status create_decay(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_decayed_weights(optimizer, tx_rate_read(section, "weight_decay"), error);
}

tx_status tx_stage_add_scale(tx_optimizer *optimizer, tx_rate scale, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, tx_stage_plain, 0, error, &stage));
    stage->scale = scale;
    return TX_OK;
}

static tx_status create_scale(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_scale(optimizer, tx_rate_read(section, "step_size"), error);
}

static tx_status create_schedule(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_scale(optimizer, tx_rate_read(section, "step_size_fn"), error);
}

tx_status tx_stage_add_rate(tx_optimizer *optimizer, const tx_section *section, bool flip_sign, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, tx_stage_plain, 0, error, &stage));
    tx_optimizer_descend(optimizer, section);
    stage->descends = flip_sign;
    return TX_OK;
}

static tx_status create_rate(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    return tx_stage_add_rate(optimizer, section, tx_get_boolean(section, "flip_sign"), error);
}

static tx_status create_identity(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    (void)section;
    return tx_stage_add_scale(optimizer, (tx_rate){.number = 1}, error);
}

/* clang-format off */
static const tx_option decay_options[] = {TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters, added to the updates"), {0}};
static const tx_option scale_options[] = {TX_OPTION_REAL("step_size", NULL, "factor of the updates"), {0}};
static const tx_option schedule_options[] = {
    {.name = "step_size_fn", .type = TX_TYPE_REAL, .kind = TX_KIND_SCHEDULE, .text = "factor of the updates: a schedule of their count"},
    {0},
};
static const tx_option rate_options[] = {
    TX_OPTION_LEARNING_RATE, TX_OPTION_BOOLEAN("flip_sign", "true", "scales by minus the learning rate: downhill"), {0},
};

static const tx_optimizer_class decays = {create_decay}, scales = {create_scale}, schedules = {create_schedule};
static const tx_optimizer_class rates = {create_rate}, identities = {create_identity};
const tx_component tx_transform_add_decayed_weights =
    TX_TRANSFORM("add_decayed_weights", "adds a share of the parameters, as optax.add_decayed_weights", decay_options, &decays);
const tx_component tx_transform_scale = TX_TRANSFORM("scale", "times a number, as optax.scale", scale_options, &scales);
const tx_component tx_transform_scale_by_learning_rate = TX_TRANSFORM(
    "scale_by_learning_rate", "times minus the learning rate, as optax.scale_by_learning_rate", rate_options, &rates);
const tx_component tx_transform_scale_by_schedule =
    TX_TRANSFORM("scale_by_schedule", "times a schedule, as optax.scale_by_schedule", schedule_options, &schedules);
const tx_component tx_transform_identity = TX_TRANSFORM("identity", "nothing, as optax.identity", NULL, &identities);
