/* The loops of fixed.c for one instruction set: included once for each, with FIXED(name), FIXED_TARGET and FIXED_BYTES (of a
 * vector) defined. A rest that does not fill a vector goes through a padded one, so that there is one arithmetic only.
 * Integers are unsigned where they may wrap (in blocks that break the bound). */

#define REALS FIXED(reals)
#define WORDS FIXED(words)
#define SIGNED FIXED(signed_words)
#define FLOATS FIXED(floats)
#define FLOAT_BITS FIXED(float_bits)
enum { FIXED(LANES) = FIXED_BYTES / 8 };
#define LANES FIXED(LANES)
typedef double REALS __attribute__((vector_size(FIXED_BYTES), aligned(8), may_alias));
typedef uint64_t WORDS __attribute__((vector_size(FIXED_BYTES), aligned(8), may_alias));
typedef int64_t SIGNED __attribute__((vector_size(FIXED_BYTES), aligned(8), may_alias));
typedef float FLOATS __attribute__((vector_size(FIXED_BYTES / 2), aligned(4), may_alias));
typedef int32_t FLOAT_BITS __attribute__((vector_size(FIXED_BYTES / 2), aligned(4), may_alias));
#define INLINE FIXED_TARGET static inline __attribute__((always_inline))

/* ---- Rounding to integers ---- */

/* round(v) for |v| <= 2^51; *rest, if asked for, is what it leaves of v, exactly. */
INLINE WORDS FIXED(round)(REALS v, REALS *rest)
{
    const REALS shifted = v + MAGIC;
    if (rest) {
        *rest = v - (shifted - MAGIC);
    }
    return (WORDS)shifted - (WORDS)(MAGIC + (REALS){0});
}

/* int64 to double, rounded once: the upper half on top of 2^84, the lower on top of 2^52. */
INLINE REALS FIXED(to_real)(SIGNED s)
{
    const REALS high0 = 0x1p84 + 0x1p63 - (REALS){0}, low0 = 0x1p52 - (REALS){0};
    const REALS low = (REALS)((s & 0xffffffff) | (SIGNED)low0), high = (REALS)(((s >> 32) & 0xffffffff) ^ (SIGNED)high0);
    return (high - (0x1p84 + 0x1p63 + 0x1p52)) + low;
}

/* Drops `bits` low bits to zero where `where` is set, but keeps it odd if they were not zero ("round to odd"): a second
 * rounding, at least two bits higher, then is as good as one. */
INLINE SIGNED FIXED(to_odd)(SIGNED s, int bits, SIGNED where)
{
    const int64_t unit = (int64_t)1 << bits;
    const SIGNED odd = (s & -unit) | (((s & (unit - 1)) != 0) & unit);
    return (where & odd) | (~where & s);
}

/* ---- float: one limb ---- */

INLINE WORDS FIXED(float_term)(FLOATS x, double factor)
{
    return FIXED(round)(__builtin_convertvector(x, REALS) * factor, NULL);
}

INLINE FLOAT_BITS FIXED(float_max)(FLOAT_BITS top, FLOATS x)
{
    const FLOAT_BITS bits = (FLOAT_BITS)x & 0x7fffffff, more = bits > top;
    return (more & bits) | (~more & top);
}

INLINE int64_t FIXED(float_top)(FLOAT_BITS tops)
{
    int32_t bits = 0;
    for (int l = 0; l < LANES; l++) {
        bits = tops[l] > bits ? tops[l] : bits;
    }
    if (bits >= 0x7f800000) { /* inf or NaN: no conversion, it could raise a flag */
        return INT64_MAX;
    }
    float top;
    memcpy(&top, &bits, sizeof top);
    const double wide = (double)top;
    int64_t out;
    memcpy(&out, &wide, sizeof out);
    return out;
}

FIXED_TARGET static int64_t FIXED(top_float)(int64_t n, const void *values)
{
    const float *x = values;
    FLOAT_BITS tops = {0};
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        tops = FIXED(float_max)(tops, *(const FLOATS *)(x + k));
    }
    for (FLOATS rest = {0}; k < n; k++) {
        rest[0] = x[k];
        tops = FIXED(float_max)(tops, rest);
    }
    return FIXED(float_top)(tops);
}

FIXED_TARGET static int64_t FIXED(add_float)(int64_t n, const void *values, tx_fixed_format format, int64_t keep, int64_t *high,
                                             int64_t *low)
{
    (void)low;
    const double factor = power_of_two(format.scale);
    const float *x = values;
    FLOAT_BITS tops = {0};
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        const FLOATS v = *(const FLOATS *)(x + k);
        tops = FIXED(float_max)(tops, v);
        WORDS *sum = (WORDS *)(high + k);
        *sum = (*sum & (uint64_t)keep) + FIXED(float_term)(v, factor);
    }
    FLOATS v = {0};
    for (int l = 0; k + l < n; l++) {
        v[l] = x[k + l];
    }
    tops = FIXED(float_max)(tops, v);
    const WORDS term = FIXED(float_term)(v, factor);
    for (int l = 0; k < n; l++, k++) {
        high[k] = (int64_t)((uint64_t)(high[k] & keep) + term[l]);
    }
    return FIXED(float_top)(tops);
}

INLINE FLOATS FIXED(float_value)(SIGNED s, double factor)
{
    const SIGNED wide = ((s ^ (s >> 63)) >> 52) != 0; /* more than a double's bits */
    return __builtin_convertvector(FIXED(to_real)(FIXED(to_odd)(s, 11, wide)) * factor, FLOATS);
}

FIXED_TARGET static void FIXED(get_float)(int64_t n, const int64_t *high, const int64_t *low, tx_fixed_format format, void *out)
{
    (void)low;
    const double factor = power_of_two(-format.scale);
    float *x = out;
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        *(FLOATS *)(x + k) = FIXED(float_value)(*(const SIGNED *)(high + k), factor);
    }
    SIGNED rest = {0};
    for (int l = 0; k + l < n; l++) {
        rest[l] = high[k + l];
    }
    const FLOATS value = FIXED(float_value)(rest, factor);
    for (int l = 0; k < n; l++, k++) {
        x[k] = value[l];
    }
}

/* ---- double: two limbs ---- */

INLINE WORDS FIXED(double_terms)(REALS x, double factor, double low_factor, WORDS *low)
{
    REALS rest;
    const WORDS high = FIXED(round)(x * factor, &rest);
    *low = FIXED(round)(rest * low_factor, NULL);
    return high;
}

INLINE SIGNED FIXED(double_max)(SIGNED top, REALS x)
{
    const SIGNED bits = (SIGNED)x & INT64_MAX, more = bits > top;
    return (more & bits) | (~more & top);
}

INLINE int64_t FIXED(double_top)(SIGNED tops)
{
    int64_t bits = 0;
    for (int l = 0; l < LANES; l++) {
        bits = tops[l] > bits ? tops[l] : bits;
    }
    return bits;
}

FIXED_TARGET static int64_t FIXED(top_double)(int64_t n, const void *values)
{
    const double *x = values;
    SIGNED tops = {0};
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        tops = FIXED(double_max)(tops, *(const REALS *)(x + k));
    }
    for (REALS rest = {0}; k < n; k++) {
        rest[0] = x[k];
        tops = FIXED(double_max)(tops, rest);
    }
    return FIXED(double_top)(tops);
}

FIXED_TARGET static int64_t FIXED(add_double)(int64_t n, const void *values, tx_fixed_format format, int64_t keep, int64_t *high,
                                              int64_t *low)
{
    const double factor = power_of_two(format.scale), low_factor = power_of_two(format.low_bits);
    const double *x = values;
    SIGNED tops = {0};
    WORDS low_term;
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        const REALS v = *(const REALS *)(x + k);
        tops = FIXED(double_max)(tops, v);
        WORDS *sum = (WORDS *)(high + k), *low_sum = (WORDS *)(low + k);
        *sum = (*sum & (uint64_t)keep) + FIXED(double_terms)(v, factor, low_factor, &low_term);
        *low_sum = (*low_sum & (uint64_t)keep) + low_term;
    }
    REALS v = {0};
    for (int l = 0; k + l < n; l++) {
        v[l] = x[k + l];
    }
    tops = FIXED(double_max)(tops, v);
    const WORDS term = FIXED(double_terms)(v, factor, low_factor, &low_term);
    for (int l = 0; k < n; l++, k++) {
        high[k] = (int64_t)((uint64_t)(high[k] & keep) + term[l]);
        low[k] = (int64_t)((uint64_t)(low[k] & keep) + low_term[l]);
    }
    return FIXED(double_top)(tops);
}

/* (high + low * 2^-low_bits) / 2^scale. high is split into the double nearest to it and an integer rest; the rest and low
 * make one integer below 2^60, odd-rounded to a double's bits where it has more; the last sum is the one rounding. */
INLINE REALS FIXED(double_value)(SIGNED high, SIGNED low, int low_bits, double low_factor, double factor)
{
    const SIGNED carry = (low + ((int64_t)1 << (low_bits - 1))) >> low_bits;
    high += carry;
    low -= carry << low_bits;
    const REALS upper = FIXED(to_real)(high & ~(int64_t)0xffffffff), lower = FIXED(to_real)(high & 0xffffffff);
    const REALS nearest = upper + lower, rest = lower - (nearest - upper);
    const SIGNED rest_word = (SIGNED)FIXED(round)(rest, NULL);
    const SIGNED tail = FIXED(to_odd)((rest_word << low_bits) + low, 9, rest_word != 0);
    return (nearest + FIXED(to_real)(tail) * low_factor) * factor;
}

FIXED_TARGET static void FIXED(get_double)(int64_t n, const int64_t *high, const int64_t *low, tx_fixed_format format, void *out)
{
    const double factor = power_of_two(-format.scale), low_factor = power_of_two(-format.low_bits);
    double *x = out;
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        *(REALS *)(x + k) =
            FIXED(double_value)(*(const SIGNED *)(high + k), *(const SIGNED *)(low + k), format.low_bits, low_factor, factor);
    }
    SIGNED rest = {0}, low_rest = {0};
    for (int l = 0; k + l < n; l++) {
        rest[l] = high[k + l];
        low_rest[l] = low[k + l];
    }
    const REALS value = FIXED(double_value)(rest, low_rest, format.low_bits, low_factor, factor);
    for (int l = 0; k < n; l++, k++) {
        x[k] = value[l];
    }
}

#undef REALS
#undef WORDS
#undef SIGNED
#undef FLOATS
#undef FLOAT_BITS
#undef LANES
#undef INLINE
#undef FIXED
#undef FIXED_TARGET
#undef FIXED_BYTES
