/* What `samples`, `levels` and `points` choose of a source's own trajectories, and how it is read: in as large pieces as lie
 * together, or through a box of levels from which it is picked. */
#pragma once

#include "data/slice.h"
#include "trainax/data.h"

/* Parses the slices against source->whole; sets source->shape, lengths included. TX_INVALID: they are none, or
 * choose nothing. */
tx_status tx_choice_create(tx_data_source *source, tx_error *error);
void tx_choice_destroy(struct tx_choice *choice); /* takes NULL */
/* A trajectory or level of the source's own that a chosen one is. */
int64_t tx_choice_sample(const tx_data_source *source, int64_t trajectory);
int64_t tx_choice_level(const tx_data_source *source, int64_t trajectory, int64_t level);
/* Chosen levels, flattened; what lies behind a trajectory's length is zero. */
tx_status tx_choice_read(tx_data_source *source, int64_t first_level, int64_t num_levels, void *out, tx_error *error);
/* Constant fields of a chosen trajectory. */
tx_status tx_choice_constants(tx_data_source *source, int64_t trajectory, void *out, tx_error *error);
/* How many trajectories the source has before one chooses. */
int64_t tx_choice_samples(const tx_data_source *source);
