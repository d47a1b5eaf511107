/* SIMD in plain C by the vector extensions of gcc and clang: one source for every precision and instruction set. The build
 * gives TX_REAL_BITS (32, 64), TX_VECTOR_BYTES (16, 32, 64), TX_VARIANT (the suffix of names) and TX_ISA. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined __AVX2__
#include <immintrin.h>
#endif

#if TX_REAL_BITS == 32
typedef float real;
typedef int32_t lane;
#else
typedef double real;
typedef int64_t lane;
#endif

enum { VL = TX_VECTOR_BYTES * 8 / TX_REAL_BITS }; /* reals per vector */
typedef real vec __attribute__((vector_size(TX_VECTOR_BYTES)));
typedef lane mask __attribute__((vector_size(TX_VECTOR_BYTES)));
typedef real unaligned_vec __attribute__((vector_size(TX_VECTOR_BYTES), aligned(sizeof(real)), may_alias));

#define TX_JOIN_(a, b) a##_##b
#define TX_JOIN(a, b) TX_JOIN_(a, b)
#define VARIANT(name) TX_JOIN(TX_JOIN(tx, name), TX_VARIANT) /* tx_conv_apply_v3_f32 */

#define INLINE static inline __attribute__((always_inline))
#if defined __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Holds a value in a register: else gcc repeats one load as the memory operand of many multiplications. */
#if defined __AVX512F__
#define KEEP(v) __asm__("" : "+v"(v))
#elif defined __SSE2__
#define KEEP(v) __asm__("" : "+x"(v))
#else
#define KEEP(v) ((void)0)
#endif

INLINE vec load(const real *p)
{
    return *(const unaligned_vec *)p;
}
INLINE void store(real *p, vec v)
{
    *(unaligned_vec *)p = v;
}

INLINE vec fetch(const real *p) /* one load instruction, here */
{
    vec v = load(p);
    KEEP(v);
    return v;
}

INLINE vec splat(real s)
{
    return s - (vec){0};
} /* not 0 + s, which costs an addition */

INLINE vec keep_if(mask m, vec v)
{
    return (vec)(m & (mask)v);
} /* 0 elsewhere, whatever v holds there */
INLINE vec blend(mask m, vec a, vec b)
{
    return (vec)((m & (mask)a) | (~m & (mask)b));
}
INLINE vec absolute(vec v)
{
    return (vec)((mask)v & (TX_REAL_BITS == 32 ? INT32_MAX : (lane)INT64_MAX));
}

/* max(v, 0), NaN where v is NaN. */
INLINE vec positive(vec v)
{
#if TX_VECTOR_BYTES == 64 && TX_REAL_BITS == 32
    return (vec)_mm512_max_ps((__m512){0}, (__m512)v);
#elif TX_VECTOR_BYTES == 64
    return (vec)_mm512_max_pd((__m512d){0}, (__m512d)v);
#elif TX_VECTOR_BYTES == 32 && TX_REAL_BITS == 32
    return (vec)_mm256_max_ps((__m256){0}, (__m256)v);
#elif TX_VECTOR_BYTES == 32
    return (vec)_mm256_max_pd((__m256d){0}, (__m256d)v);
#else
    return keep_if(~(v < (vec){0}), v);
#endif
}

/* Values out of bounds become the bound; NaN stays. */
INLINE vec clamp(vec v, real low, real high)
{
#if TX_VECTOR_BYTES == 64 && TX_REAL_BITS == 32
    return (vec)_mm512_min_ps((__m512)splat(high), _mm512_max_ps((__m512)splat(low), (__m512)v));
#elif TX_VECTOR_BYTES == 64
    return (vec)_mm512_min_pd((__m512d)splat(high), _mm512_max_pd((__m512d)splat(low), (__m512d)v));
#elif TX_VECTOR_BYTES == 32 && TX_REAL_BITS == 32
    return (vec)_mm256_min_ps((__m256)splat(high), _mm256_max_ps((__m256)splat(low), (__m256)v));
#elif TX_VECTOR_BYTES == 32
    return (vec)_mm256_min_pd((__m256d)splat(high), _mm256_max_pd((__m256d)splat(low), (__m256d)v));
#else
    v = blend(v < splat(low), splat(low), v);
    return blend(v > splat(high), splat(high), v);
#endif
}

INLINE mask first_lanes(int64_t n)
{
    lane k[VL];
    UNROLL for (int j = 0; j < VL; j++) k[j] = j;
    mask iota;
    __builtin_memcpy(&iota, k, sizeof iota);
    return iota < (lane)n - (mask){0};
}

/* The first n < VL reals, zeros behind. Reads a whole vector: for tensors, which have slack. */
INLINE vec load_first(const real *p, int64_t n)
{
    return keep_if(first_lanes(n), load(p));
}

/* A few reals by pieces of 32, 16, 8, 4 bytes: memcpy would be a call. */
#define COPY_PIECE(bytes)                                                                                                          \
    if (TX_VECTOR_BYTES > bytes && bytes >= sizeof(real) && (n & (bytes / (int64_t)sizeof(real)))) {                               \
        __builtin_memcpy(y, x, bytes);                                                                                             \
        x += bytes / sizeof(real), y += bytes / sizeof(real);                                                                      \
    }
INLINE void copy_few(real *y, const real *x, int64_t n){COPY_PIECE(32) COPY_PIECE(16) COPY_PIECE(8) COPY_PIECE(4)}

/* Exactly the first n < VL reals. */
INLINE void store_first(real *p, vec v, int64_t n)
{
#if TX_VECTOR_BYTES == 64 && TX_REAL_BITS == 32
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif TX_VECTOR_BYTES == 64
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v);
#else
    real t[VL];
    store(t, v);
    copy_few(p, t, n);
#endif
}

/* Exactly n < VL reals of an array without slack, zeros behind. */
INLINE vec load_exactly(const real *p, int64_t n)
{
#if TX_VECTOR_BYTES == 64 && TX_REAL_BITS == 32
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif TX_VECTOR_BYTES == 64
    return (vec)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
#else
    real t[VL] = {0};
    copy_few(t, p, n);
    return load(t);
#endif
}

/* y = x, n reals that do not overlap. */
INLINE void copy_reals(real *y, const real *x, int64_t n)
{
    int64_t k = 0;
    for (; k + VL <= n; k += VL) {
        store(y + k, load(x + k));
    }
    copy_few(y + k, x + k, n - k);
}

INLINE void zero_reals(real *y, int64_t n)
{
    int64_t k = 0;
    for (; k + VL <= n; k += VL) {
        store(y + k, (vec){0});
    }
    copy_few(y + k, (const real[VL]){0}, n - k);
}

/* Lane k is the sum over the pair of lanes k & ~s, k | s: of a where k & s is zero, else of b. */
#if TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 2
#define PAIRS_1(a, b) __builtin_shufflevector(a, b, 0, 2) + __builtin_shufflevector(a, b, 1, 3)
#elif TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 4
#define PAIRS_1(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6) + __builtin_shufflevector(a, b, 1, 5, 3, 7)
#define PAIRS_2(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7)
#elif TX_VECTOR_BYTES * 8 / TX_REAL_BITS == 8
#define PAIRS_1(a, b)                                                                                                              \
    __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14) + __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define PAIRS_2(a, b)                                                                                                              \
    __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) + __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define PAIRS_4(a, b)                                                                                                              \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#else
#define PAIRS_1(a, b)                                                                                                              \
    __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) +                                     \
        __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31)
#define PAIRS_2(a, b)                                                                                                              \
    __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +                                      \
        __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define PAIRS_4(a, b)                                                                                                              \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) +                                      \
        __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31)
#define PAIRS_8(a, b)                                                                                                              \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +                                        \
        __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#endif

/* Lane k of the result is the sum of all lanes of v[k], k < n <= VL: a tree of pairs. */
INLINE vec lane_sums(const vec *v, const int n)
{
    vec t[VL];
    UNROLL for (int k = 0; k < VL; k++) t[k] = k < n ? v[k] : (vec){0};
    UNROLL for (int k = 0; k < VL / 2; k++) t[k] = PAIRS_1(t[2 * k], t[2 * k + 1]);
#ifdef PAIRS_2
    UNROLL for (int k = 0; k < VL / 4; k++) t[k] = PAIRS_2(t[2 * k], t[2 * k + 1]);
#endif
#ifdef PAIRS_4
    UNROLL for (int k = 0; k < VL / 8; k++) t[k] = PAIRS_4(t[2 * k], t[2 * k + 1]);
#endif
#ifdef PAIRS_8
    t[0] = PAIRS_8(t[0], t[1]);
#endif
    return t[0];
}
