/* The Well's stats.yaml: for each statistic, for each field, a number or a list of them, one for each component. */
#pragma once

#include "trainax/status.h"

#include <stdint.h>

typedef struct tx_stats_yaml tx_stats_yaml;
typedef struct tx_stats_range {
    const char *field;
    int64_t components;   /* that the field has */
    int64_t first, count; /* of them wanted */
} tx_stats_range;

/* Of data at `path`, a file or folder: beside the file or in the folder, or one or two folders above. TX_BAD_DATA: there is none,
 * or it is no YAML. */
tx_status tx_stats_yaml_open(const char *path, tx_error *error, tx_stats_yaml **out);
void tx_stats_yaml_close(tx_stats_yaml *stats);
/* TX_BAD_DATA: not there, no finite numbers, or not one for each component. */
tx_status tx_stats_yaml_read(const tx_stats_yaml *stats, const char *statistic, const tx_stats_range *range, double *out,
                             tx_error *error);
