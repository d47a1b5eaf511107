/* The shape of a state in a text: channels, then the points of each axis: "3,64,64". */
#pragma once

#include "trainax/shape.h"
#include "trainax/status.h"

enum { TX_SHAPE_TEXT = 24 * (1 + TX_MAX_AXES) };
void tx_shape_write(const tx_shape *shape, char text[TX_SHAPE_TEXT]);
bool tx_shape_is_good(const tx_shape *shape); /* positive numbers, whose product is one of TX_MOST_NUMBERS; axes that there are */
tx_status tx_shape_check(const tx_shape *shape, tx_error *error); /* TX_INVALID: it is not */
bool tx_shape_read(const char *text, tx_shape *out);              /* false on junk, too many axes, numbers that are not positive */
