/* The shape of a state in a text: channels, then the points of each axis: "3,64,64". */
#pragma once

#include "trainax/shape.h"

enum { TX_SHAPE_TEXT = 24 * (1 + TX_MAX_AXES) };
void tx_shape_write(const tx_shape *shape, char text[TX_SHAPE_TEXT]);
bool tx_shape_read(const char *text, tx_shape *out); /* false on junk, too many axes, numbers that are not positive */
