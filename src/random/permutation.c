/* jax.random.permutation: rounds of a stable sort by fresh random 32-bit keys.
 *
 * Keys are computed again wherever they are needed, so that nobody has to hold them: places are dealt out to buckets by the leading
 * bits of their keys, and a bucket is sorted in a cache. */
#include "trainax/random.h"

#include <math.h>
#include <string.h>

#include "base/expect.h"

/* Keys are uniform: of MOST elements in a bucket, few would be 32 standard deviations too many. */
enum { ALONE = 4096, USUAL = 512, MOST_BITS = 20, MOST = 6144, MOST_DIGIT_BITS = 11, PIECE = 2048 };

/* One round of the sort. */
typedef struct sorting {
    tx_random random;
    tx_key key;
    uint32_t n;
    int bits;           /* that choose the bucket */
    uint32_t *position; /* [1 << bits]: where the next of a bucket goes, then where it ends */
} sorting;

static int bits_for(uint32_t n)
{
    int bits = 0;
    while (n > ALONE && bits < MOST_BITS && n >> bits > USUAL) {
        bits++;
    }
    return bits;
}

size_t tx_random_permutation_scratch(uint32_t n)
{
    return (size_t)n + ((size_t)1 << bits_for(n));
}

/* ---- Into buckets ---- */

static void put_places(uint32_t first, uint32_t count, uint32_t *out)
{
    for (uint32_t k = 0; k < count; k++) {
        out[k] = first + k;
    }
}

/* The buckets of places first, first + 1, … */
static void find_buckets(const sorting *s, uint32_t first, uint32_t count, uint32_t *out)
{
    uint32_t places[PIECE];
    put_places(first, count, places);
    tx_random_bits32_at(s->random, s->key, s->n, count, places, out);
    for (uint32_t k = 0; k < count; k++) {
        out[k] = (uint32_t)((uint64_t)out[k] << s->bits >> 32);
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void count_buckets(const sorting *s)
{
    uint32_t bucket[PIECE], sum = 0;
    memset(s->position, 0, sizeof *s->position << s->bits);
    for (uint32_t first = 0, count; first < s->n; first += count) {
        count = least(PIECE, s->n - first);
        find_buckets(s, first, count, bucket);
        for (uint32_t k = 0; k < count; k++) {
            s->position[bucket[k]]++;
        }
    }
    for (uint32_t b = 0; b < 1u << s->bits; b++) {
        const uint32_t count = s->position[b];
        s->position[b] = sum;
        sum += count;
    }
}

/* Places, in their order within each bucket. */
static void deal_places(const sorting *s, uint32_t *out)
{
    uint32_t bucket[PIECE];
    count_buckets(s);
    for (uint32_t first = 0, count; first < s->n; first += count) {
        count = least(PIECE, s->n - first);
        find_buckets(s, first, count, bucket);
        for (uint32_t k = 0; k < count; k++) {
            out[s->position[bucket[k]]++] = first + k;
        }
    }
}

/* ---- Within a bucket: key and place in a word, all different, so that any order of equal ones is the stable one ---- */

/* By the bits of the keys behind the first `bits`: so many that few share a digit. */
static void sort_by_digit(uint32_t n, int bits, const uint32_t *keys, const uint32_t *places, uint64_t *pairs)
{
    const int digit_bits = n > 2 * USUAL ? MOST_DIGIT_BITS : 9, shift = 32 - bits - digit_bits, last = (1 << digit_bits) - 1;
    uint32_t position[1 << MOST_DIGIT_BITS], sum = 0;
    memset(position, 0, sizeof *position << digit_bits);
    for (uint32_t k = 0; k < n; k++) {
        position[keys[k] >> shift & (uint32_t)last]++;
    }
    for (int k = 0; k <= last; k++) {
        const uint32_t count = position[k];
        position[k] = sum;
        sum += count;
    }
    for (uint32_t k = 0; k < n; k++) {
        pairs[position[keys[k] >> shift & (uint32_t)last]++] = (uint64_t)keys[k] << 32 | places[k];
    }
}

static void sort_by_insertion(uint32_t n, uint64_t *pairs)
{
    for (uint32_t i = 1; i < n; i++) {
        const uint64_t pair = pairs[i];
        uint32_t place = i;
        for (; place && pairs[place - 1] > pair; place--) {
            pairs[place] = pairs[place - 1];
        }
        pairs[place] = pair;
    }
}

/* places: of one bucket; what stood there before the round takes their place. */
static void sort_bucket(const sorting *s, uint32_t n, uint32_t *places, const uint32_t *before)
{
    uint32_t keys[MOST];
    uint64_t pairs[MOST];
    TX_EXPECT(n <= MOST);
    if (s->bits) {
        tx_random_bits32_at(s->random, s->key, s->n, n, places, keys);
    } else { /* all of them */
        tx_random_bits32(s->random, s->key, n, keys);
    }
    sort_by_digit(n, s->bits, keys, places, pairs);
    sort_by_insertion(n, pairs);
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t place = (uint32_t)pairs[k];
        places[k] = before ? before[place] : place;
    }
}

/* ---- All of it ---- */

/* before NULL: 0, 1, 2, … */
static void sort(const sorting *s, const uint32_t *before, uint32_t *out)
{
    uint32_t begin = 0;
    if (s->bits) {
        deal_places(s, out);
    } else {
        put_places(0, s->n, out);
        s->position[0] = s->n;
    }
    for (uint32_t b = 0; b < 1u << s->bits; b++) {
        sort_bucket(s, s->position[b] - begin, out + begin, before);
        begin = s->position[b];
    }
}

static int rounds_for(uint32_t n)
{
    return n ? (int)ceil(3.0 * log((double)n) / log((double)UINT32_MAX)) : 0;
}

void tx_random_permutation(tx_random random, tx_key key, uint32_t n, uint32_t *out, uint32_t *scratch)
{
    sorting s = {.random = random, .n = n, .bits = bits_for(n), .position = scratch + n};
    const int rounds = rounds_for(n);
    const uint32_t *before = NULL;
    for (int round = 0; round < rounds; round++) {
        uint32_t *to = (rounds - round) % 2 ? out : scratch;
        tx_key pair[2];
        tx_key_split(random, key, 2, pair);
        key = pair[0];
        s.key = pair[1];
        sort(&s, before, to);
        before = to;
    }
    if (n && !rounds) { /* one alone */
        *out = 0;
    }
}
