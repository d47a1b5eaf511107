/* What is in data of any source. */
#pragma once

#include "base/text.h"
#include "trainax/data.h"

/* Adds it, a line each: shape, names, what stands beside; the range of all numbers, and how many are not finite; or all that of
 * each channel. name NULL: of our own files, whose shape has been told. */
tx_status tx_inspect_source(tx_data_source *source, const char *name, bool statistics, tx_text *text, tx_error *error);
/* Of the source of that name that is made of what lies at `path`. */
tx_status tx_inspect_data(const tx_registry *registry, const char *name, const char *path, bool statistics, tx_text *text,
                          tx_error *error);
