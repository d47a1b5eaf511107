/* What follows from a configuration alone. */
#pragma once

#include "trainax/component.h"
#include "trainax/random.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Precision and streams of a configuration. */
tx_random tx_config_random(const tx_config *config);

#ifdef __cplusplus
}
#endif
