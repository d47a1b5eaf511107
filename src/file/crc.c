/* CRC-64/XZ: by carry-less products where the processor has them, else by tables. */
#include "file/crc.h"

#include <stdbool.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* ECMA-182; as everywhere here, the lowest bit is the coefficient of the highest power. */
static const uint64_t polynomial = 0xC96C5795D7870F42u;

/* Times x, modulo the polynomial. */
static uint64_t shift(uint64_t rest)
{
    return rest >> 1 ^ (rest & 1 ? polynomial : 0);
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t rest = 0;
    for (uint64_t bit = (uint64_t)1 << 63; bit; bit >>= 1) {
        rest ^= a & bit ? b : 0;
        b = shift(b);
    }
    return rest;
}

/* x^n modulo the polynomial. */
static uint64_t power(uint64_t n)
{
    uint64_t rest = (uint64_t)1 << 63;
    for (uint64_t square = rest >> 1; n; n >>= 1) {
        rest = n & 1 ? times(rest, square) : rest;
        square = times(square, square);
    }
    return rest;
}

/* ---- Tables: eight, so that eight bytes are taken at once (Kounavis and Berry, "A systematic approach to building high
 * performance, software-based, CRC generators", 2005). They are cheaper to make than to keep. ---- */

static void make_tables(tx_crc *crc)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t rest = byte;
        for (int bit = 0; bit < 8; bit++) {
            rest = shift(rest);
        }
        crc->table[0][byte] = rest;
    }
    for (int k = 1; k < 8; k++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            const uint64_t before = crc->table[k - 1][byte];
            crc->table[k][byte] = before >> 8 ^ crc->table[0][before & 255];
        }
    }
}

static uint64_t add_by_tables(const tx_crc *crc, uint64_t state, const unsigned char *data, size_t bytes)
{
    for (; bytes >= 8; bytes -= 8, data += 8) {
        uint64_t next = 0;
        for (int k = 0; k < 8; k++) {
            next ^= crc->table[7 - k][(state >> 8 * k & 255) ^ data[k]];
        }
        state = next;
    }
    for (; bytes; bytes--, data++) {
        state = state >> 8 ^ crc->table[0][(state ^ *data) & 255];
    }
    return state;
}

/* ---- Carry-less products: what is `distance` bits ahead becomes what has the same rest here (Gopal et al., "Fast CRC
 * computation for generic polynomials using PCLMULQDQ instruction", Intel 2009). A product comes out times x. ---- */

enum { PIECE = 16, PIECES = 8, ROUND = PIECE * PIECES /* bytes */ };

static void make_fold(uint64_t fold[2], unsigned distance)
{
    fold[0] = power(distance + 63);
    fold[1] = power(distance - 1);
}

#ifdef __x86_64__
#define BY_PRODUCTS __attribute__((target("pclmul")))

static bool has_products(void)
{
    return __builtin_cpu_supports("pclmul");
}

BY_PRODUCTS static inline __m128i load(const void *data)
{
    return _mm_loadu_si128(data);
}

BY_PRODUCTS static inline __m128i ahead(__m128i piece, __m128i fold, __m128i next)
{
    const __m128i first = _mm_clmulepi64_si128(piece, fold, 0x00), second = _mm_clmulepi64_si128(piece, fold, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, second), next);
}

/* Rounds, at least one, become a piece that has the same rest. */
BY_PRODUCTS static void reduce(const tx_crc *crc, const unsigned char *data, size_t rounds, unsigned char out[PIECE])
{
    const __m128i far = load(crc->fold[0]), near = load(crc->fold[1]);
    __m128i pieces[PIECES];
    for (int k = 0; k < PIECES; k++) {
        pieces[k] = load(data + PIECE * k);
    }
    pieces[0] = _mm_xor_si128(pieces[0], _mm_cvtsi64_si128((long long)crc->state));
    while (--rounds) {
        data += ROUND;
        for (int k = 0; k < PIECES; k++) {
            pieces[k] = ahead(pieces[k], far, load(data + PIECE * k));
        }
    }
    for (int k = 1; k < PIECES; k++) {
        pieces[0] = ahead(pieces[0], near, pieces[k]);
    }
    _mm_storeu_si128((__m128i *)(void *)out, pieces[0]);
}
#else
static bool has_products(void)
{
    return false;
}
static void reduce(const tx_crc *crc, const unsigned char *data, size_t rounds, unsigned char out[PIECE])
{
    (void)crc, (void)data, (void)rounds, (void)out;
}
#endif

/* ---- All of it ---- */

void tx_crc_begin(tx_crc *crc)
{
    make_tables(crc);
    make_fold(crc->fold[0], 8 * ROUND);
    make_fold(crc->fold[1], 8 * PIECE);
    crc->state = ~(uint64_t)0;
}

void tx_crc_add(tx_crc *crc, const void *data, size_t bytes)
{
    const size_t rounds = has_products() ? bytes / ROUND : 0;
    unsigned char piece[PIECE];
    if (rounds) {
        reduce(crc, data, rounds, piece);
        crc->state = add_by_tables(crc, 0, piece, PIECE);
    }
    crc->state = add_by_tables(crc, crc->state, (const unsigned char *)data + rounds * ROUND, bytes - rounds * ROUND);
}

void tx_crc_add_known(tx_crc *crc, uint64_t checksum, size_t bytes)
{
    crc->state = ~(times(power(8 * (uint64_t)bytes), ~crc->state) ^ checksum);
}

uint64_t tx_crc_end(const tx_crc *crc)
{
    return ~crc->state;
}
