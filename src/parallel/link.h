/* Connections to other machines: those of TCP that this process has. Others (InfiniBand's) have a bound in their hardware. */
#pragma once

#include <stdbool.h>

enum { TX_LINK_NAME = 48 };

/* Is there one over which nothing has been heard for so many seconds? Its address. Each that is met is asked for signs of life from
 * then on: what was silent before the first call, a living peer may have been. */
bool tx_link_find_dead(double bound, char peer[TX_LINK_NAME]);
