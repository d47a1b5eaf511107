/* Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3. SC 2011), and the
 * two ways in which JAX numbers its counters. */
#include "trainax/random.h"

#include <stdbool.h>
#include <string.h>

/* Counters are hashed in batches: enough independent work to hide the latency of a round. */
enum { BATCH = 16 };
typedef struct batch {
    _Alignas(32) uint32_t first[BATCH], second[BATCH]; /* words of the counters, then of the results */
} batch;

/* Where the two words of the i-th counter come from. */
typedef struct counters {
    tx_stream stream;
    uint64_t half;  /* legacy: the counters 0 … total - 1 are paired (i, half + i) … */
    uint64_t total; /* … and a missing last one is 0 */
} counters;

static counters make_counters(tx_random random, size_t words)
{
    return (counters){random.stream, ((uint64_t)words + 1) / 2, words};
}

#define ROUND(r)                                                                                                                   \
    for (int j = 0; j < vectors; j++) {                                                                                            \
        x[j] += y[j];                                                                                                              \
        y[j] = (y[j] << (r)) | (y[j] >> (32 - (r)));                                                                               \
        y[j] ^= x[j];                                                                                                              \
    }
#define INJECT(n)                                                                                                                  \
    for (int j = 0; j < vectors; j++) {                                                                                            \
        x[j] += k[(n) % 3];                                                                                                        \
        y[j] += k[((n) + 1) % 3] + (n);                                                                                            \
    }
#define ODD_GROUP(n) ROUND(13) ROUND(15) ROUND(26) ROUND(6) INJECT(n)
#define EVEN_GROUP(n) ROUND(17) ROUND(29) ROUND(16) ROUND(24) INJECT(n)

/* The same text for vectors of two widths. */
#define THREEFRY(name, target, width)                                                                                              \
    target static void name(tx_key key, batch *b)                                                                                  \
    {                                                                                                                              \
        typedef uint32_t lanes __attribute__((vector_size(4 * (width))));                                                          \
        enum { vectors = BATCH / (width) };                                                                                        \
        const uint32_t k[3] = {key.word[0], key.word[1], key.word[0] ^ key.word[1] ^ 0x1BD11BDAu};                                 \
        lanes x[vectors], y[vectors];                                                                                              \
        memcpy(x, b->first, sizeof x);                                                                                             \
        memcpy(y, b->second, sizeof y);                                                                                            \
        INJECT(0u)                                                                                                                 \
        ODD_GROUP(1u) EVEN_GROUP(2u) ODD_GROUP(3u) EVEN_GROUP(4u) ODD_GROUP(5u) memcpy(b->first, x, sizeof x);                     \
        memcpy(b->second, y, sizeof y);                                                                                            \
    }

THREEFRY(threefry_any, , 4)

#if defined(__x86_64__)
THREEFRY(threefry_avx2, __attribute__((target("avx2"))), 8)

static void threefry(tx_key key, batch *b)
{
    if (__builtin_cpu_supports("avx2")) {
        threefry_avx2(key, b);
    } else {
        threefry_any(key, b);
    }
}
#else
static void threefry(tx_key key, batch *b)
{
    threefry_any(key, b);
}
#endif

/* Hashes the counters start … start + BATCH - 1; start is a multiple of BATCH. */
static void hash(tx_key key, const counters *c, uint64_t start, batch *b)
{
    const bool legacy = c->stream == TX_STREAM_LEGACY;
    const uint32_t low = (uint32_t)start, high = legacy ? 0 : (uint32_t)(start >> 32), half = legacy ? (uint32_t)c->half : 0;
    for (uint32_t i = 0; i < BATCH; i++) {
        b->first[i] = legacy ? low + i : high;
        b->second[i] = low + half + i;
    }
    if (legacy && c->total % 2 && c->half - 1 - start < BATCH) {
        b->second[c->half - 1 - start] = 0;
    }
    threefry(key, b);
}

tx_key tx_key_make(tx_random random, int64_t seed)
{
    const uint32_t high = random.precision == TX_FLOAT64 ? (uint32_t)((uint64_t)seed >> 32) : 0;
    return (tx_key){{high, (uint32_t)(uint64_t)seed}};
}

tx_key tx_key_from_spec(tx_random random, tx_key_spec spec)
{
    const tx_key key = tx_key_make(random, spec.seed);
    return spec.split > 0 ? tx_key_split_at(random, key, (size_t)spec.split, (size_t)spec.index) : key;
}

/* One counter pair. */
static tx_key hash_one(tx_key key, uint32_t first, uint32_t second)
{
    batch b = {.first = {first}, .second = {second}};
    threefry(key, &b);
    return (tx_key){{b.first[0], b.second[0]}};
}

tx_key tx_key_split_at(tx_random random, tx_key key, size_t n, size_t index)
{
    if (random.stream == TX_STREAM_PARTITIONABLE) {
        return hash_one(key, (uint32_t)((uint64_t)index >> 32), (uint32_t)index);
    }
    tx_key out;
    for (size_t k = 0; k < 2; k++) { /* words 2 index and 2 index + 1 of 2 n */
        const size_t word = 2 * index + k, pair = word < n ? word : word - n;
        out.word[k] = hash_one(key, (uint32_t)pair, (uint32_t)(n + pair)).word[word >= n];
    }
    return out;
}

void tx_key_split(tx_random random, tx_key key, size_t n, tx_key *out)
{
    const counters c = make_counters(random, 2 * n);
    batch b;
    for (size_t start = 0; start < n; start += BATCH) {
        hash(key, &c, start, &b);
        for (size_t k = 0; k < BATCH && start + k < n; k++) {
            const size_t i = start + k;
            if (random.stream == TX_STREAM_PARTITIONABLE) {
                out[i] = (tx_key){{b.first[k], b.second[k]}};
            } else { /* 2 n words in a row */
                out[i / 2].word[i % 2] = b.first[k];
                out[(n + i) / 2].word[(n + i) % 2] = b.second[k];
            }
        }
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void legacy_bits32(const counters *c, tx_key key, uint32_t *out)
{
    batch b;
    for (size_t start = 0; start < c->half; start += BATCH) {
        hash(key, c, start, &b);
        const size_t second = c->half + start;
        memcpy(out + start, b.first, 4 * least(BATCH, c->half - start));
        memcpy(out + second, b.second, second < c->total ? 4 * least(BATCH, c->total - second) : 0);
    }
}

tx_key tx_key_fold_in(tx_key key, uint32_t number)
{
    const tx_random counting = {.stream = TX_STREAM_PARTITIONABLE};
    return tx_key_split_at(counting, key, (size_t)number + 1, number);
}

void tx_random_bits32(tx_random random, tx_key key, size_t n, uint32_t *out)
{
    const counters c = make_counters(random, n);
    if (random.stream == TX_STREAM_LEGACY) {
        legacy_bits32(&c, key, out);
        return;
    }
    batch b;
    for (size_t start = 0; start < n; start += BATCH) {
        hash(key, &c, start, &b);
        for (int k = 0; k < BATCH; k++) {
            b.first[k] ^= b.second[k];
        }
        memcpy(out + start, b.first, 4 * least(BATCH, n - start));
    }
}

/* The counter of which word `index` is a part, and which of its two. */
static bool find_counter(const counters *c, uint32_t index, uint32_t *first, uint32_t *second)
{
    if (c->stream == TX_STREAM_PARTITIONABLE) {
        *first = 0;
        *second = index;
        return false;
    }
    const bool upper = index >= c->half;
    *first = upper ? index - (uint32_t)c->half : index;
    *second = *first + c->half < c->total ? *first + (uint32_t)c->half : 0;
    return upper;
}

void tx_random_bits32_at(tx_random random, tx_key key, size_t n, size_t count, const uint32_t *index, uint32_t *out)
{
    const counters c = make_counters(random, n);
    bool upper[BATCH];
    batch b = {0};
    for (size_t done = 0; done < count; done += BATCH) {
        const size_t now = least(BATCH, count - done);
        for (size_t k = 0; k < now; k++) {
            upper[k] = find_counter(&c, index[done + k], &b.first[k], &b.second[k]);
        }
        threefry(key, &b);
        for (size_t k = 0; k < now; k++) {
            const uint32_t both = b.first[k] ^ b.second[k];
            out[done + k] = random.stream == TX_STREAM_PARTITIONABLE ? both : upper[k] ? b.second[k] : b.first[k];
        }
    }
}

void tx_random_bits64(tx_random random, tx_key key, size_t n, uint64_t *out)
{
    const counters c = make_counters(random, 2 * n);
    batch b;
    for (size_t start = 0; start < n; start += BATCH) {
        hash(key, &c, start, &b);
        for (size_t k = 0; k < BATCH && start + k < n; k++) {
            out[start + k] = (uint64_t)b.first[k] << 32 | b.second[k];
        }
    }
}
