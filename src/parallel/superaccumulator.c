/* Sums of doubles over their whole range, as integers. */
#include "parallel/superaccumulator.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const int32_t MOST_PENDING = 1 << 30; /* a term adds less than 2^32 to a word */
static const int64_t NAN_TERM = 1, PLUS_TERM = (int64_t)1 << 21, MINUS_TERM = (int64_t)1 << 42, FIELD = ((int64_t)1 << 21) - 1;

void tx_super_clear(tx_super *super)
{
    if (super->low < super->high) {
        memset(super->words + super->low, 0, (size_t)(super->high - super->low) * sizeof *super->words);
    }
    super->words[TX_SUPER_DIGITS] = 0;
    super->low = TX_SUPER_DIGITS;
    super->high = 0;
    super->pending = 0;
}

static void touch(tx_super *super, int low, int high)
{
    super->low = low < super->low ? low : super->low;
    super->high = high > super->high ? high : super->high;
}

void tx_super_touched(tx_super *super)
{
    touch(super, 0, TX_SUPER_DIGITS);
}

/* A flag a rank, not a count: the fields of three ranks' words must add up without meeting. */
static void mark(tx_super *super, double term)
{
    const int64_t flag = isnan(term) ? NAN_TERM : term > 0 ? PLUS_TERM : MINUS_TERM;
    super->words[TX_SUPER_DIGITS] |= flag;
}

void tx_super_add(tx_super *super, double term)
{
    uint64_t bits;
    memcpy(&bits, &term, sizeof bits);
    const int exponent = (int)(bits >> 52 & 0x7ff);
    if (exponent == 0x7ff) {
        mark(super, term);
        return;
    }
    const uint64_t mantissa = (bits & 0xfffffffffffff) | (uint64_t)(exponent != 0) << 52;
    const int shift = exponent ? exponent - 1 : 0, word = shift >> 5;
    const unsigned __int128 digits = (unsigned __int128)mantissa << (shift & 31);
    const int64_t sign = -(int64_t)(bits >> 63);
    for (int k = 0; k < 3; k++) {
        super->words[word + k] += ((int64_t)(uint32_t)(digits >> 32 * k) ^ sign) - sign;
    }
    touch(super, word, word + 3);
    if (++super->pending == MOST_PENDING) {
        tx_super_carry(super);
    }
}

void tx_super_carry(tx_super *super)
{
    int64_t carry = 0;
    int k = super->low;
    for (; k < super->high && k < TX_SUPER_DIGITS - 1; k++) {
        const int64_t digit = super->words[k] + carry;
        super->words[k] = digit & 0xffffffff;
        carry = digit >> 32;
    }
    if (carry) { /* the topmost digit in use keeps the sign */
        super->words[k] += carry;
        touch(super, k, k + 1);
    }
    super->pending = 0;
}

void tx_super_merge(tx_super *super, tx_super *other)
{
    tx_super_carry(super);
    tx_super_carry(other);
    for (int k = other->low; k < other->high; k++) {
        super->words[k] += other->words[k];
    }
    super->words[TX_SUPER_DIGITS] |= other->words[TX_SUPER_DIGITS];
    touch(super, other->low, other->high);
    super->pending++;
}

/* ---- Rounding ---- */

static double not_finite(int64_t counts)
{
    const bool nan = counts & FIELD, plus = counts >> 21 & FIELD, minus = counts >> 42 & FIELD;
    return nan || (plus && minus) ? NAN : plus ? INFINITY : -INFINITY;
}

static int bit_length(unsigned __int128 x)
{
    const uint64_t high = (uint64_t)(x >> 64), low = (uint64_t)x;
    return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

/* x * 2^exponent, to the nearest double, ties to even; `more`: something non-zero lies below x. */
static double rounded(unsigned __int128 x, bool more, int exponent)
{
    const int drop = bit_length(x) - 53;
    if (drop <= 0) { /* then exponent is -1074 and nothing lies below: exact, subnormal or not */
        return ldexp((double)(uint64_t)x, exponent);
    }
    uint64_t kept = (uint64_t)(x >> drop);
    const unsigned __int128 half = (unsigned __int128)1 << (drop - 1), rest = x & (2 * half - 1);
    kept += rest > half || (rest == half && (more || (kept & 1)));
    return ldexp((double)kept, exponent + drop);
}

/* Digits are carried: all but the top one are in [0, 2^32), the top one is positive. */
static double magnitude(const int64_t *digits, int low, int top)
{
    const int base = top < 2 ? 0 : top - 2;
    unsigned __int128 x = 0;
    for (int k = top; k >= base; k--) {
        x = (x << 32) + (uint64_t)digits[k];
    }
    bool more = false;
    for (int k = low; k < base; k++) {
        more |= digits[k] != 0;
    }
    return rounded(x, more, 32 * base - 1074);
}

static int top_digit(const tx_super *super)
{
    int top = super->high - 1;
    while (top >= super->low && !super->words[top]) {
        top--;
    }
    return top;
}

static double negative_value(const tx_super *super)
{
    int64_t words[TX_SUPER_WORDS] = {0};
    tx_super negated = {.words = words, .low = super->low, .high = super->high};
    for (int k = super->low; k < super->high; k++) {
        words[k] = -super->words[k];
    }
    tx_super_carry(&negated);
    return -magnitude(words, negated.low, top_digit(&negated));
}

double tx_super_value(tx_super *super)
{
    if (super->words[TX_SUPER_DIGITS]) {
        return not_finite(super->words[TX_SUPER_DIGITS]);
    }
    tx_super_carry(super);
    const int top = top_digit(super);
    if (top < super->low) {
        return 0;
    }
    return super->words[top] < 0 ? negative_value(super) : magnitude(super->words, super->low, top);
}
