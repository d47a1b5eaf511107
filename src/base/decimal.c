/* One multiplication by an exact power of ten in extended precision gives the digits, unless the rest lies so near to one
 * half that its rounding error could decide: those few go to snprintf. */
#include "base/decimal.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"

/* 10^k is exact in 64 bits of mantissa up to 5^27. */
enum { MAX_POWER = 27 };

static const long double powers[MAX_POWER + 1] = {
    1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
    1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L,
};

typedef struct decimal {
    uint64_t mantissa; /* exactly `digits` digits */
    int exponent;      /* of the first one */
} decimal;

static bool scale(double magnitude, int power, long double *out)
{
    if (power > MAX_POWER || power < -MAX_POWER) {
        return false;
    }
    *out = power >= 0 ? magnitude * powers[power] : magnitude / powers[-power];
    return true;
}

static bool convert(double magnitude, int digits, decimal *out)
{
    int exponent = (int)floor(ilogb(magnitude) * 0.30102999566398120), up = 0;
    long double scaled;
    if (LDBL_MANT_DIG < 64 || !scale(magnitude, digits - 1 - exponent, &scaled)) {
        return false;
    }
    if (scaled >= powers[digits]) { /* the estimate is at most one too small */
        exponent++;
        if (!scale(magnitude, digits - 1 - exponent, &scaled)) {
            return false;
        }
    }
    uint64_t mantissa = (uint64_t)scaled;
    const long double rest = scaled - (long double)mantissa, doubt = scaled * 0x1p-62L;
    if (rest > 0.5L - doubt && rest < 0.5L + doubt) {
        return false;
    }
    mantissa += rest > 0.5L;
    if (mantissa >= (uint64_t)powers[digits]) {
        mantissa /= 10;
        up = 1;
    }
    *out = (decimal){.mantissa = mantissa, .exponent = exponent + up};
    return true;
}

/* The digits without trailing zeros; returns how many are left. */
static int write_digits(uint64_t mantissa, int digits, char *out)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + mantissa % 10);
        mantissa /= 10;
    }
    while (digits > 1 && out[digits - 1] == '0') {
        digits--;
    }
    return digits;
}

static char *write_exponential(char *out, const char *digits, int count, int exponent)
{
    *out++ = digits[0];
    if (count > 1) {
        *out++ = '.';
        memcpy(out, digits + 1, (size_t)count - 1);
        out += count - 1;
    }
    return out + sprintf(out, "e%c%02d", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static char *write_fixed(char *out, const char *digits, int count, int exponent)
{
    if (exponent < 0) {
        *out++ = '0';
        *out++ = '.';
        for (int i = -1; i > exponent; i--) {
            *out++ = '0';
        }
    }
    for (int i = 0; i < count || i <= exponent; i++) {
        if (exponent >= 0 && i == exponent + 1) {
            *out++ = '.';
        }
        *out++ = i < count ? digits[i] : '0';
    }
    return out;
}

static int write_slowly(char *out, double value, int digits)
{
    return tx_format(out, TX_DECIMAL_SIZE, "%.*g", digits, value);
}

static int write_word(char *out, const char *word)
{
    const size_t length = strlen(word);
    memcpy(out, word, length);
    return (int)length;
}

int tx_decimal_write(char *out, double value, int digits)
{
    decimal d;
    if (isnan(value)) {
        return write_word(out, "nan");
    }
    if (isinf(value)) {
        return write_word(out, value < 0 ? "-inf" : "inf");
    }
    if (value == 0) {
        return write_word(out, signbit(value) ? "-0" : "0");
    }
    if (!convert(fabs(value), digits, &d)) {
        return write_slowly(out, value, digits);
    }
    char text[20] = "0", *end = out;
    const int count = write_digits(d.mantissa, digits, text);
    if (value < 0) {
        *end++ = '-';
    }
    end = d.exponent < -4 || d.exponent >= digits ? write_exponential(end, text, count, d.exponent)
                                                  : write_fixed(end, text, count, d.exponent);
    return (int)(end - out);
}
