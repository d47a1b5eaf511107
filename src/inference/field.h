/* States of fields, as kernels want them: contiguous in C order, in a run's precision. */
#pragma once

#include "trainax/inference.h"

/* States one behind the other. */
tx_field tx_field_plain(const tx_shape *state, const void *data, tx_precision precision);
/* Is each of its states one already, in that precision? */
bool tx_field_is_plain(const tx_field *field, const tx_shape *state, tx_precision precision);
/* TX_INVALID: there is none, or no data, or no such precision. */
tx_status tx_field_check(const tx_field *field, tx_error *error);
/* State `sample` to a plain one, and back. */
void tx_field_read(const tx_field *field, const tx_shape *state, int64_t sample, tx_precision precision, void *plain);
void tx_field_write(const tx_field *field, const tx_shape *state, int64_t sample, tx_precision precision, const void *plain);
