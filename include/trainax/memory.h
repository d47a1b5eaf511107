/* Memory that crosses the library's border: texts and arrays that a caller frees, the state of a component of the caller's own. */
#pragma once

#include <stddef.h>

#include "trainax/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sets *(void **)out to `bytes` zeroed bytes on a 64-byte boundary (never NULL, even for 0 bytes). TX_FAILURE when
 * there is no memory: the message says how much was asked for; TX_INVALID for more at once than is free. Release with tx_free. */
tx_status tx_allocate(size_t bytes, tx_error *error, void *out);
void tx_free(void *memory); /* takes NULL */

#ifdef __cplusplus
}
#endif
