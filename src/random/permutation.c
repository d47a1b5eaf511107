/* jax.random.permutation: rounds of a stable sort by fresh random 32-bit keys. */
#include "trainax/random.h"

#include <math.h>
#include <string.h>

/* Keys are uniform, so that sorting by a few leading bits leaves runs of a handful of elements that one insertion pass puts
 * right. Digits are the leading bits, taken from the least significant one. */
enum { DIGIT_BITS = 11, BUCKETS = 1 << DIGIT_BITS, MAX_DIGITS = 3 };
static const int shifts[MAX_DIGITS] = {21, 10, 0}; /* the last digit overlaps the one before by a bit, harmlessly */

typedef struct records {
    uint32_t *key, *value;
} records;

/* Stable counting sort by one digit. */
static void sort_by_digit(uint32_t n, int shift, records from, records to)
{
    uint32_t position[BUCKETS] = {0}, sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        position[from.key[i] >> shift & (BUCKETS - 1)]++;
    }
    for (int k = 0; k < BUCKETS; k++) {
        const uint32_t count = position[k];
        position[k] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t key = from.key[i], place = position[key >> shift & (BUCKETS - 1)]++;
        to.key[place] = key;
        to.value[place] = from.value[i];
    }
}

static void sort_by_insertion(uint32_t n, records r)
{
    for (uint32_t i = 1; i < n; i++) {
        const uint32_t key = r.key[i], value = r.value[i];
        uint32_t place = i;
        for (; place && r.key[place - 1] > key; place--) {
            r.key[place] = r.key[place - 1];
            r.value[place] = r.value[place - 1];
        }
        r.key[place] = key;
        r.value[place] = value;
    }
}

static int digits_for(uint32_t n)
{
    return n <= 4u * BUCKETS ? 1 : n <= 4u * BUCKETS * BUCKETS ? 2 : MAX_DIGITS;
}

static void sort(uint32_t n, records *sorted, records *spare)
{
    for (int digit = digits_for(n) - 1; digit >= 0; digit--) {
        sort_by_digit(n, shifts[digit], *sorted, *spare);
        const records swap = *sorted;
        *sorted = *spare;
        *spare = swap;
    }
    sort_by_insertion(n, *sorted);
}

static int rounds_for(uint32_t n)
{
    return n ? (int)ceil(3.0 * log((double)n) / log((double)UINT32_MAX)) : 0;
}

void tx_random_permutation(tx_random random, tx_key key, uint32_t n, uint32_t *out, uint32_t *scratch)
{
    records sorted = {scratch, out}, spare = {scratch + n, scratch + 2 * (size_t)n};
    for (uint32_t i = 0; i < n; i++) {
        out[i] = i;
    }
    const int rounds = rounds_for(n);
    for (int round = 0; round < rounds; round++) {
        tx_key pair[2];
        tx_key_split(random, key, 2, pair);
        key = pair[0];
        tx_random_bits32(random, pair[1], n, sorted.key);
        sort(n, &sorted, &spare);
    }
    if (sorted.value != out) {
        memcpy(out, sorted.value, 4 * (size_t)n);
    }
}
