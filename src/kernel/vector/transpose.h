/* Transposes in registers: `wide` holds WIDE reals, `half` HALF; a block of WIDE x WIDE (or HALF x HALF) reals is loaded from
 * rows, transposed by shuffles and handed back as rows. */
#pragma once

#include "kernel/vector/vector.h"

enum { WIDE = (TX_VECTOR_BYTES > 32 ? 32 : TX_VECTOR_BYTES) / sizeof(real), HALF = WIDE / 2 };
typedef real wide __attribute__((vector_size(WIDE * sizeof(real))));
typedef real unaligned_wide __attribute__((vector_size(WIDE * sizeof(real)), aligned(sizeof(real)), may_alias));

#define SHUFFLE __builtin_shufflevector
#define LOAD_AS(type, p) (*(const type *)(p))

/* 4 x 4 inside each group of four lanes, of rows a, b, c, d */
#define LO4(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define HI4(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#define LL4(a, b) SHUFFLE(a, b, 0, 1, 4, 5)
#define HH4(a, b) SHUFFLE(a, b, 2, 3, 6, 7)

#if TX_REAL_BITS == 32
typedef real four __attribute__((vector_size(16)));
typedef real unaligned_four __attribute__((vector_size(16), aligned(4), may_alias));

INLINE void transpose_4(const real *const from[4], real *const to[4])
{
    const four a = LOAD_AS(unaligned_four, from[0]), b = LOAD_AS(unaligned_four, from[1]), c = LOAD_AS(unaligned_four, from[2]),
               d = LOAD_AS(unaligned_four, from[3]);
    const four p = LO4(a, b), q = HI4(a, b), r = LO4(c, d), s = HI4(c, d);
    *(unaligned_four *)to[0] = LL4(p, r);
    *(unaligned_four *)to[1] = HH4(p, r);
    *(unaligned_four *)to[2] = LL4(q, s);
    *(unaligned_four *)to[3] = HH4(q, s);
}
#endif

#if TX_REAL_BITS == 32 && TX_VECTOR_BYTES >= 32
/* Rows k and k + 4 share a register (the second half comes straight from memory); then both halves are transposed as 4 x 4. */
#define JOIN8(k, at)                                                                                                               \
    (wide) _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from[k] + at)), _mm_loadu_ps(from[k + 4] + at), 1)
#define LO8(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HI8(a, b) SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LL8(a, b) SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HH8(a, b) SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15)

INLINE void transpose_wide(const real *const from[WIDE], real *const to[WIDE])
{
    UNROLL for (int at = 0; at < 8; at += 4)
    {
        const wide a = JOIN8(0, at), b = JOIN8(1, at), c = JOIN8(2, at), d = JOIN8(3, at);
        const wide p = LO8(a, b), q = HI8(a, b), r = LO8(c, d), s = HI8(c, d);
        *(unaligned_wide *)to[at] = LL8(p, r);
        *(unaligned_wide *)to[at + 1] = HH8(p, r);
        *(unaligned_wide *)to[at + 2] = LL8(q, s);
        *(unaligned_wide *)to[at + 3] = HH8(q, s);
    }
}
INLINE void transpose_half(const real *const from[HALF], real *const to[HALF])
{
    transpose_4(from, to);
}

#elif TX_REAL_BITS == 32
INLINE void transpose_wide(const real *const from[WIDE], real *const to[WIDE])
{
    transpose_4(from, to);
}
INLINE void transpose_half(const real *const from[HALF], real *const to[HALF])
{
    for (int j = 0; j < HALF; j++) {
        for (int k = 0; k < HALF; k++) {
            to[j][k] = from[k][j];
        }
    }
}

#else
typedef real two __attribute__((vector_size(16)));
typedef real unaligned_two __attribute__((vector_size(16), aligned(8), may_alias));

INLINE void transpose_2(const real *const from[2], real *const to[2])
{
    const two a = LOAD_AS(unaligned_two, from[0]), b = LOAD_AS(unaligned_two, from[1]);
    *(unaligned_two *)to[0] = SHUFFLE(a, b, 0, 2);
    *(unaligned_two *)to[1] = SHUFFLE(a, b, 1, 3);
}

#if TX_VECTOR_BYTES >= 32
/* Rows k and k + 2 share a register. */
#define JOIN4(k, at)                                                                                                               \
    (wide) _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(from[k] + at)), _mm_loadu_pd(from[k + 2] + at), 1)

INLINE void transpose_wide(const real *const from[WIDE], real *const to[WIDE])
{
    UNROLL for (int at = 0; at < 4; at += 2)
    {
        const wide a = JOIN4(0, at), b = JOIN4(1, at);
        *(unaligned_wide *)to[at] = SHUFFLE(a, b, 0, 4, 2, 6);
        *(unaligned_wide *)to[at + 1] = SHUFFLE(a, b, 1, 5, 3, 7);
    }
}
INLINE void transpose_half(const real *const from[HALF], real *const to[HALF])
{
    transpose_2(from, to);
}
#else
INLINE void transpose_wide(const real *const from[WIDE], real *const to[WIDE])
{
    transpose_2(from, to);
}
INLINE void transpose_half(const real *const from[HALF], real *const to[HALF])
{
    to[0][0] = from[0][0];
}
#endif
#endif
