/* TX_EXPECT: what cannot be otherwise but for a bug. A Debug build ends there; any other goes on, for no library ends its host. */
#pragma once

#ifdef TX_DEBUG
#include <assert.h>
#define TX_EXPECT(condition) assert(condition)
#else
#define TX_EXPECT(condition) ((void)sizeof(condition))
#endif
