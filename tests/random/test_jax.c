/* Known answers: every bit of JAX's random streams, from the table that scripts/generate_random_tables.py writes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "trainax/random.h"

typedef struct question {
    tx_random random;
    char operation[16];
    int64_t seed;
    size_t n;
    double minval, maxval;
} question;

/* Returns where the expected words begin; NULL for a comment or a line that cannot be read. */
static const char *parse(const char *line, question *q)
{
    char stream[16], precision[16], minval[64] = "0", maxval[64] = "1";
    const char *equals = strchr(line, '=');
    if (*line == '#' || !equals ||
        sscanf(line, "%15s %15s %15s %" SCNd64 " %zu %63[^ =] %63[^ =]", stream, precision, q->operation, &q->seed, &q->n, minval,
               maxval) < 5) {
        return NULL;
    }
    q->random.stream = strcmp(stream, "legacy") ? TX_STREAM_PARTITIONABLE : TX_STREAM_LEGACY;
    q->random.precision = strcmp(precision, "float64") ? TX_FLOAT32 : TX_FLOAT64;
    q->minval = strtod(minval, NULL);
    q->maxval = strtod(maxval, NULL);
    return equals + 2;
}

/* Fills out (room for 2 n + 1 64-bit numbers); returns the bytes of one word and sets how many there are. */
static size_t answer(const question *q, void *out, size_t *count)
{
    const tx_key key = tx_key_make(q->random, q->seed);
    const size_t real = tx_real_bytes(q->random.precision);
    *count = q->n;
    if (!strcmp(q->operation, "key")) {
        *count = 2;
        memcpy(out, key.word, sizeof key);
        return 4;
    }
    if (!strcmp(q->operation, "split")) {
        *count = 2 * q->n;
        tx_key_split(q->random, key, q->n, out);
        return 4;
    }
    if (!strcmp(q->operation, "fold_in")) {
        const tx_key folded = tx_key_fold_in(key, (uint32_t)q->n);
        *count = 2;
        memcpy(out, folded.word, sizeof folded);
        return 4;
    }
    if (!strcmp(q->operation, "bits32")) {
        tx_random_bits32(q->random, key, q->n, out);
        return 4;
    }
    if (!strcmp(q->operation, "bits64")) {
        tx_random_bits64(q->random, key, q->n, out);
        return 8;
    }
    if (!strcmp(q->operation, "uniform")) {
        tx_random_uniform(q->random, key, q->n, q->minval, q->maxval, out);
        return real;
    }
    if (!strcmp(q->operation, "normal")) {
        tx_random_normal(q->random, key, q->n, out);
        return real;
    }
    if (!strcmp(q->operation, "permutation")) {
        uint32_t *scratch = malloc(4 * tx_random_permutation_scratch((uint32_t)q->n));
        tx_random_permutation(q->random, key, (uint32_t)q->n, out, scratch);
        free(scratch);
        return 4;
    }
    return 0;
}

/* The words as the table writes them. */
static void print_words(const unsigned char *words, size_t bytes, size_t count, char *text)
{
    if (count > 64) {
        uint64_t digest = 0xCBF29CE484222325u;
        for (size_t i = 0; i < bytes * count; i++) {
            digest = (digest ^ words[i]) * 0x100000001B3u;
        }
        sprintf(text, "#%016" PRIx64, digest);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t low;
        uint64_t word;
        if (bytes == 4) {
            memcpy(&low, words + 4 * i, 4);
            text += sprintf(text, i ? " %08" PRIx32 : "%08" PRIx32, low);
        } else {
            memcpy(&word, words + 8 * i, 8);
            text += sprintf(text, i ? " %016" PRIx64 : "%016" PRIx64, word);
        }
    }
}

static void known_answers(void)
{
    static char line[4096], text[4096];
    FILE *file = fopen(TESTS_DIR "/random/jax.txt", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    int checked = 0;
    while (fgets(line, sizeof line, file)) {
        question q;
        const char *expected = parse(line, &q);
        if (!expected) {
            continue;
        }
        line[strcspn(line, "\n")] = '\0';
        void *words = malloc(16 * q.n + 16);
        size_t count;
        const size_t bytes = answer(&q, words, &count);
        print_words(words, bytes, count, text);
        if (!bytes || strcmp(text, expected)) {
            fprintf(stderr, "%s\n  but got %s\n", line, text);
            CU_FAIL("a known answer differs");
        }
        free(words);
        checked++;
    }
    fclose(file);
    CU_ASSERT(checked > 150);
}

static const tx_random layouts[] = {{TX_STREAM_PARTITIONABLE, TX_FLOAT32}, {TX_STREAM_LEGACY, TX_FLOAT32}};

static void one_of_a_split(void)
{
    for (int l = 0; l < 2; l++) {
        const tx_key key = tx_key_make(layouts[l], 11);
        for (size_t n = 1; n < 40; n++) {
            tx_key all[40];
            tx_key_split(layouts[l], key, n, all);
            for (size_t i = 0; i < n; i++) {
                const tx_key one = tx_key_split_at(layouts[l], key, n, i);
                CU_ASSERT_EQUAL(memcmp(&one, all + i, sizeof one), 0);
            }
        }
    }
}

static void keys_from_a_configuration(void)
{
    const tx_random random = {TX_STREAM_PARTITIONABLE, TX_FLOAT32};
    const tx_key plain = tx_key_from_spec(random, (tx_key_spec){.seed = 73});
    CU_ASSERT(plain.word[0] == 0 && plain.word[1] == 73);
    const tx_key part = tx_key_from_spec(random, (tx_key_spec){.seed = 0, .split = 2, .index = 1});
    const tx_key same = tx_key_split_at(random, tx_key_make(random, 0), 2, 1);
    CU_ASSERT_EQUAL(memcmp(&part, &same, sizeof part), 0);
}

/* Few and many buckets, against what a permutation is. */
static void permutations_are_permutations(void)
{
    static const uint32_t sizes[] = {0, 1, 4096, 4097, 100000, 3000000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const uint32_t n = sizes[k];
        uint32_t *out = malloc(4 * n + 4), *scratch = malloc(4 * tx_random_permutation_scratch(n) + 4);
        unsigned char *seen = calloc(n + 1, 1);
        uint32_t *behind = scratch + tx_random_permutation_scratch(n);
        out[n] = *behind = 12345;
        tx_random_permutation(layouts[0], tx_key_make(layouts[0], 5), n, out, scratch);
        uint32_t distinct = 0;
        for (uint32_t i = 0; i < n; i++) {
            distinct += out[i] < n && !seen[out[i]]++;
        }
        CU_ASSERT_EQUAL(distinct, n);
        CU_ASSERT(out[n] == 12345 && *behind == 12345);
        free(out);
        free(scratch);
        free(seen);
    }
}

/* Single words of the stream are those of all of them. */
static void words_at_places(void)
{
    enum { MOST = 101 };
    for (int k = 0; k < 2; k++) {
        const tx_random random = {.stream = k ? TX_STREAM_LEGACY : TX_STREAM_PARTITIONABLE};
        for (uint32_t n = 1; n <= MOST; n++) {
            uint32_t all[MOST], some[MOST], index[MOST];
            for (uint32_t i = 0; i < n; i++) {
                index[i] = (i * 7 + 3) % n;
            }
            tx_random_bits32(random, tx_key_make(random, 5), n, all);
            tx_random_bits32_at(random, tx_key_make(random, 5), n, n, index, some);
            for (uint32_t i = 0; i < n; i++) {
                CU_ASSERT_EQUAL(some[i], all[index[i]]);
            }
        }
    }
}

int main(void)
{
    return suite_run("random", (suite_test[]){{"known answers of JAX", known_answers},
                                              {"one key of a split", one_of_a_split},
                                              {"keys from a configuration", keys_from_a_configuration},
                                              {"permutations are permutations", permutations_are_permutations},
                                              {"words at places", words_at_places},
                                              {0}});
}
