/* Text as numbers, whatever the locale. */
#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/name.h"

/* What strtod and strtoll skip. */
static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool tx_parse_integer(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || is_blank(*text)) {
        return false;
    }
    *out = value;
    return true;
}

bool tx_parse_real(const char *text, double *out)
{
    char *end;
    const double value = tx_scan_real(text, &end);
    if (end == text || *end || is_blank(*text)) {
        return false;
    }
    *out = value;
    return true;
}

bool tx_parse_bytes(const char *text, uint64_t *out)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {{"", 1},         {"B", 1},    {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30},
                 {"TiB", 0x1p40}, {"kB", 1e3}, {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12}};
    char *end;
    const double value = tx_scan_real(text, &end);
    if (end == text || !(value >= 0)) {
        return false;
    }
    while (*end == ' ') {
        end++;
    }
    for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
        if (tx_same_word(end, units[k].name)) {
            const double bytes = value * units[k].factor;
            if (bytes > 0x1p62) {
                return false;
            }
            *out = (uint64_t)bytes;
            return true;
        }
    }
    return false;
}

/* One field of a duration: only digits, at most `digits` of them. */
static bool parse_field(const char **text, int digits, double *out)
{
    int used = 0;
    *out = 0;
    for (; isdigit((unsigned char)**text) && used < digits; used++, (*text)++) {
        *out = 10 * *out + (**text - '0');
    }
    return used > 0;
}

bool tx_parse_duration(const char *text, double *seconds)
{
    double days = 0, hours, minutes, rest;
    if (strchr(text, '-') && (!parse_field(&text, 6, &days) || *text++ != '-')) {
        return false;
    }
    if (!parse_field(&text, 9, &hours) || *text++ != ':' || !parse_field(&text, 2, &minutes) || *text++ != ':' ||
        !parse_field(&text, 2, &rest) || *text || minutes >= 60 || rest >= 60) {
        return false;
    }
    *seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest;
    return true;
}
