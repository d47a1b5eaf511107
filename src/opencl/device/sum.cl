/* Gradients of blocks added up as integers, exactly as the host does (parallel/fixed.h): in integers alone, so that no device's
 * floating-point arithmetic has a say in it. */

#if DOUBLES
#define BITS as_ulong
#define MANTISSA 52
#define EXPONENTS 0x7ff
#define BIAS 1023
#else
#define BITS as_uint
#define MANTISSA 23
#define EXPONENTS 0xff
#define BIAS 127
#endif

/* m / 2^bits to the nearest, ties to even, m below 2^53 */
ulong divided(ulong m, int bits)
{
    if (bits > 63) {
        return 0;
    }
    const ulong q = m >> bits, rest = m & ((1UL << bits) - 1), half_unit = 1UL << bits >> 1;
    return q + (rest > half_unit || (half_unit && rest == half_unit && (q & 1)) ? 1 : 0);
}

ulong shifted(ulong m, int bits)
{
    return bits < 0 ? divided(m, -bits) : bits < 64 ? m << bits : 0;
}

/* x 2^scale: its integer, and what that leaves times 2^low_bits */
ulong2 integers(REAL x, int scale, int low_bits)
{
    const ulong bits = BITS(x), fraction = bits & ((1UL << MANTISSA) - 1);
    const int biased = bits >> MANTISSA & EXPONENTS, power = max(biased, 1) - BIAS - MANTISSA + scale;
    const ulong m = biased ? fraction | 1UL << MANTISSA : fraction, high = shifted(m, power);
    const ulong whole = power > -64 && power < 0 ? high << -power : 0;
    const bool above = whole > m;
    const ulong rest = power < 0 ? (above ? whole - m : m - whole) : 0, low = shifted(rest, power + low_bits);
    const bool negative = bits >> (8 * sizeof(REAL) - 1);
    return (ulong2)(negative ? -high : high, negative != above ? -low : low);
}

/* The bits of a magnitude as a double; of what is not finite all ones but the sign. */
long top_of(REAL x)
{
    const ulong bits = BITS(x) & ((1UL << (8 * sizeof(REAL) - 1)) - 1);
    const int biased = bits >> MANTISSA;
    if (biased == EXPONENTS) {
        return LONG_MAX;
    }
    if (DOUBLES || bits == 0) {
        return bits;
    }
    const ulong m = biased ? bits & ((1UL << MANTISSA) - 1) | 1UL << MANTISSA : bits;
    const int lead = 63 - clz(m);
    return (ulong)(max(biased, 1) - BIAS - MANTISSA + lead + 1023) << 52 | (m << (52 - lead) & ((1UL << 52) - 1));
}

/* A group takes a chunk of a leaf. table: its leaf, its first and last but one parameter; `to`, in integers: scales, sums, tops of
 * chunks. more: parameters, blocks, bits of the second integers, where sums begin, where tops do. */
SUMMING(add_gradients)
{
    local long part[SUM];
    const long size = c.more[0], leaf = table[3 * ROW], j = get_local_id(0);
    const long scale = ((global const long *)to)[leaf];
    global long *sums = (global long *)to + c.more[3];
    long top = 0;
    for (long k = table[3 * ROW + 1] + j; k < table[3 * ROW + 2]; k += SUM) {
        ulong2 sum = 0;
        for (long block = 0; block < c.more[1]; block++) {
            const REAL x = IN(0)[block * c.next[0] + k];
            top = max(top, top_of(x));
            sum += scale == LONG_MIN ? (ulong2)0 : integers(x, (int)scale, (int)c.more[2]);
        }
        sums[k] = sum.x;
#if DOUBLES
        sums[size + k] = sum.y;
#endif
    }
    part[j] = top;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 1; j == 0 && k < SUM; k++) {
        top = max(top, part[k]);
    }
    if (j == 0) {
        ((global long *)to)[c.more[4] + ROW] = top;
    }
}
