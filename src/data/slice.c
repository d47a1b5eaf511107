/* Parts of a data set's axes: samples, levels, points. */
#include "data/slice.h"

#include <string.h>

#include "base/number.h"

/* The text between two colons: empty means absent. */
static bool parse_part(const char *text, size_t length, bool *given, int64_t *value)
{
    char part[24];
    while (length && *text == ' ') {
        text++;
        length--;
    }
    while (length && text[length - 1] == ' ') {
        length--;
    }
    *given = length > 0;
    if (length >= sizeof part) {
        return false;
    }
    memcpy(part, text, length);
    part[length] = '\0';
    return !*given || tx_parse_integer(part, value);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

bool tx_slice_parse(const char *text, int64_t size, tx_slice *out)
{
    int64_t value[3] = {0, 0, 1};
    bool given[3] = {false};
    int parts = 0;
    for (bool more = true; more; parts++) {
        const size_t length = strcspn(text, ":");
        if (parts == 3 || !parse_part(text, length, &given[parts], &value[parts])) {
            return false;
        }
        more = text[length] == ':';
        text += length + 1;
    }
    const int64_t step = given[2] ? value[2] : 1;
    if (parts < 2 || step == 0 || step < -INT32_MAX || step > INT32_MAX) {
        return false;
    }
    /* As slice.indices: negative bounds count from the end; a bound outside is moved to the nearest one inside. */
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    int64_t bound[2] = {step > 0 ? low : high, step > 0 ? high : low};
    for (int k = 0; k < 2; k++) {
        if (given[k]) {
            bound[k] = clamp(value[k] < 0 ? clamp(value[k], -size - 1, -1) + size : value[k], low, high);
        }
    }
    const int64_t distance = step > 0 ? bound[1] - bound[0] : bound[0] - bound[1], stride = step > 0 ? step : -step;
    *out = (tx_slice){.start = bound[0], .step = step, .count = distance > 0 ? (distance - 1) / stride + 1 : 0};
    return true;
}
