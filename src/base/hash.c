/* A checksum of numbers, fast and the same on every machine. */
#include "base/hash.h"

#include <string.h>

#include "base/wide.h"

/* The finaliser of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t scramble(uint64_t x)
{
    x = (x + 1) * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* Odd, so that no change of a word is lost modulo 2^64. */
void tx_hash_begin(tx_hash *hash)
{
    for (unsigned k = 0; k < TX_HASH_BLOCK; k++) {
        hash->keys[k] = (uint32_t)(scramble(k) >> 32) | 1;
    }
}

TX_LOOP uint64_t sum(const uint32_t *keys, const char *words, size_t count)
{
    uint64_t sum = 0;
    for (size_t k = 0; k < count; k++) {
        uint32_t word;
        memcpy(&word, words + 4 * k, sizeof word);
        sum += (uint64_t)word * keys[k];
    }
    return sum;
}

static uint64_t sum_some(const uint32_t *keys, const char *words, size_t count)
{
    return sum(keys, words, count);
}
static uint64_t sum_block(const uint32_t *keys, const char *words)
{
    return sum(keys, words, TX_HASH_BLOCK);
}
TX_WIDE uint64_t sum_block_wide(const uint32_t *keys, const char *words)
{
    return sum(keys, words, TX_HASH_BLOCK);
}

uint64_t tx_hash_part(const tx_hash *hash, const void *words, uint64_t first, size_t count)
{
    uint64_t (*const whole)(const uint32_t *, const char *) = TX_IS_WIDE ? sum_block_wide : sum_block;
    const char *next = words;
    uint64_t sum = 0;
    while (count) {
        const uint64_t block = first / TX_HASH_BLOCK;
        const size_t begin = (size_t)(first % TX_HASH_BLOCK), rest = TX_HASH_BLOCK - begin, now = count < rest ? count : rest;
        const uint64_t part = now == TX_HASH_BLOCK ? whole(hash->keys, next) : sum_some(hash->keys + begin, next, now);
        sum += part * (scramble(~block) | 1);
        next += 4 * now;
        first += now;
        count -= now;
    }
    return sum;
}
