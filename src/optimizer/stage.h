/* For the classes of this room: the stages of more than one component, and what they share. */
#pragma once

#include "trainax/optimizer.h"

/* tx_stage_add with one number as its state. */
tx_status tx_stage_add_number(tx_optimizer *optimizer, tx_stage_update *update, double number, tx_error *error);
/* The stages of a section: of the whole optimizer, or of one transform of its chain. */
tx_status tx_optimizer_add(tx_optimizer *optimizer, const tx_section *section, tx_error *error);

/* The update of stages without a rule: the updates as they are. Such a stage has no functions of its own. */
tx_stage_update tx_stage_plain;

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

/* By the section of reduce_on_plateau; number: as a stage's. */
tx_status tx_stage_add_plateau(tx_optimizer *optimizer, const tx_section *section, int number, tx_error *error);

/* accumulate.c: adds a minibatch's gradient to those of its update. Their mean where it was the last one, else NULL. */
const void *tx_optimizer_accumulate(tx_optimizer *optimizer, const void *gradient);

/* The Euclidean norm, in the run's precision, of `count` reals from `begin` on. Summed in double in an order that count
 * alone decides: the same on every rank. */
double tx_stage_norm(tx_precision precision, const void *values, int64_t begin, int64_t count);

/* The stage's next array: of the leaf's shape, with its name: "mu/blocks.0.weight". */
tx_status tx_stage_keep_leaf(tx_stage *stage, const char *what, const tx_leaf *leaf, tx_error *error);
/* What is read and written of one leaf, whose own arrays begin with the stage's `first`. */
tx_update tx_update_of_leaf(const tx_update *update, const tx_leaf *leaf, tx_precision precision, int first);
/* Of that, a rule's direction alone, made of another gradient and put elsewhere. */
tx_update tx_update_between(const tx_update *part, const void *gradient, void *direction);
