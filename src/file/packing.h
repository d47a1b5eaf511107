/* The CF conventions on what a dataset's numbers mean (cfconventions.org, 2.5.1 and 8.1): packed ones are value * scale_factor +
 * add_offset; _FillValue and missing_value stand for no value at all. */
#pragma once

#include "file/handle.h"

enum { TX_MOST_MISSING = 16 };

typedef struct tx_packing {
    bool any; /* is there something to do? */
    double scale, offset;
    double wrap; /* added to negative numbers: integers without sign, stored with one */
    int num_missing;
    double missing[TX_MOST_MISSING]; /* as stored, wrapped */
} tx_packing;

/* `native`: the type of this machine that holds what is stored. TX_BAD_DATA where attributes make no sense. */
tx_status tx_packing_read(const tx_file *file, const char *path, hid_t dataset, hid_t native, tx_error *error, tx_packing *out);

/* From stored numbers to their values, in double and rounded once; NaN where there is none. */
void tx_packing_undo(const tx_packing *packing, const double *stored, size_t count, tx_precision precision, void *out);
