/* Shapes as texts. */
#include "base/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

void tx_shape_write(const tx_shape *shape, char text[TX_SHAPE_TEXT])
{
    int at = snprintf(text, TX_SHAPE_TEXT, "%" PRId64, shape->channels);
    for (int d = 0; d < shape->axes; d++) {
        at += snprintf(text + at, (size_t)(TX_SHAPE_TEXT - at), ",%" PRId64, shape->n[d]);
    }
}

bool tx_shape_is_good(const tx_shape *shape)
{
    int64_t numbers = shape->channels;
    bool good = shape->axes >= 0 && shape->axes <= TX_MAX_AXES && numbers >= 1 && numbers <= TX_MOST_NUMBERS;
    for (int d = 0; good && d < shape->axes; d++) {
        good = shape->n[d] >= 1 && shape->n[d] <= TX_MOST_NUMBERS / numbers;
        numbers = good ? numbers * shape->n[d] : numbers;
    }
    return good;
}

tx_status tx_shape_check(const tx_shape *shape, tx_error *error)
{
    return tx_shape_is_good(shape)
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "the shape of a state needs channels, and points along each of 0 to %d axes",
                              TX_MAX_AXES);
}

bool tx_shape_read(const char *text, tx_shape *out)
{
    char copy[TX_SHAPE_TEXT], *rest = copy, *word;
    int64_t number[1 + TX_MAX_AXES];
    int count = 0;
    if (strlen(text) >= sizeof copy) {
        return false;
    }
    strcpy(copy, text);
    while ((word = strsep(&rest, ","))) {
        if (count > TX_MAX_AXES || !tx_parse_integer(word, &number[count]) || number[count++] < 1) {
            return false;
        }
    }
    *out = (tx_shape){.channels = number[0], .axes = count - 1};
    memcpy(out->n, number + 1, (size_t)(count - 1) * sizeof *out->n);
    return true;
}
