/* For the classes: the stages that a component appends to an optimizer, and what they share. */
#pragma once

#include "trainax/optimizer.h"

/* Appends a stage with `bytes` zeroed bytes of state, whose scale is 1 and whose decay 0. It belongs to the optimizer. */
tx_status tx_stage_add(tx_optimizer *optimizer, tx_stage_update *update, size_t bytes, tx_error *error, tx_stage **out);
/* The same with one number as its state. */
tx_status tx_stage_add_number(tx_optimizer *optimizer, tx_stage_update *update, double number, tx_error *error);
/* The stage's next array: num_parameters reals of the run's precision, … */
tx_status tx_stage_keep(tx_stage *stage, const char *name, double initial, tx_error *error);
/* … or what `array` says, for whose name a transform's number in its chain is put. */
tx_status tx_stage_keep_array(tx_stage *stage, const tx_state_array *array, tx_error *error);
/* Where the section has a learning rate: the last stage so far is scaled by it, downhill. */
void tx_optimizer_descend(tx_optimizer *optimizer, const tx_section *section);
/* The stages of a section: of the whole optimizer, or of one transform of its chain. */
tx_status tx_optimizer_add(tx_optimizer *optimizer, const tx_section *section, tx_error *error);

/* What a stage will ask of tasks, beside the gradient that they come with, TX_ASKS_…: TX_INVALID, at the section, where one of
 * these is lacking; else what the task's preparing says. */
tx_status tx_optimizer_ask(const tx_optimizer *optimizer, const tx_section *section, unsigned what, tx_error *error);

/* TX_OK or TX_DIVERGED. */
tx_status tx_stage_status(bool finite, tx_error *error);
/* The update of stages without a rule: the updates as they are. Such a stage has no functions of its own. */
tx_stage_update tx_stage_plain;

/* Stages of more than one component. */
tx_status tx_stage_add_clip(tx_optimizer *optimizer, double max_delta, tx_error *error);
tx_status tx_stage_add_clip_by_global_norm(tx_optimizer *optimizer, double max_norm, tx_error *error);
tx_status tx_stage_add_decayed_weights(tx_optimizer *optimizer, tx_rate weight_decay, tx_error *error);
tx_status tx_stage_add_scale(tx_optimizer *optimizer, tx_rate scale, tx_error *error);
/* By the section's learning rate; flip_sign: downhill. */
tx_status tx_stage_add_rate(tx_optimizer *optimizer, const tx_section *section, bool flip_sign, tx_error *error);
tx_status tx_stage_add_trace(tx_optimizer *optimizer, double decay, bool nesterov, tx_error *error);
tx_status tx_stage_add_ema(tx_optimizer *optimizer, double decay, bool debias, tx_error *error);
tx_status tx_stage_add_clip_by_block_rms(tx_optimizer *optimizer, double threshold, tx_error *error);
tx_status tx_stage_add_param_block_rms(tx_optimizer *optimizer, double min_scale, tx_error *error);
typedef struct tx_trust {
    double min_norm, coefficient, eps;
} tx_trust;
tx_status tx_stage_add_trust_ratio(tx_optimizer *optimizer, tx_trust trust, tx_error *error);

/* The Euclidean norm, in the run's precision, of `count` reals from `begin` on. Summed in double in an order that count
 * alone decides: the same on every rank. */
double tx_stage_norm(tx_precision precision, const void *values, int64_t begin, int64_t count);
