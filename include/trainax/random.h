/* JAX's random streams, bit for bit: threefry2x32 with 20 rounds, in both layouts that JAX has used.
 * Nothing here allocates, fails or communicates unless said so; all functions are pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tx_stream { TX_STREAM_PARTITIONABLE, TX_STREAM_LEGACY } tx_stream;

/* How JAX would be set up: jax_threefry_partitionable, and jax_enable_x64 (float64). */
typedef struct tx_random {
    tx_stream stream;
    tx_precision precision;
} tx_random;

typedef struct tx_key {
    uint32_t word[2];
} tx_key;

/* A key as a configuration writes it: PRNGKey(seed), or split(PRNGKey(seed), split)[index] where split > 0. */
typedef struct tx_key_spec {
    int64_t seed;
    int64_t split;
    int64_t index;
} tx_key_spec;

tx_key tx_key_make(tx_random random, int64_t seed); /* jax.random.PRNGKey */
tx_key tx_key_from_spec(tx_random random, tx_key_spec spec);
void tx_key_split(tx_random random, tx_key key, size_t n, tx_key *out);       /* out[n] = jax.random.split(key, n) */
tx_key tx_key_split_at(tx_random random, tx_key key, size_t n, size_t index); /* split(key, n)[index] alone */

tx_key tx_key_fold_in(tx_key key, uint32_t number); /* jax.random.fold_in, the same in either stream */

void tx_random_bits32(tx_random random, tx_key key, size_t n, uint32_t *out); /* jax.random.bits(key, (n,), uint32) */
/* Some of these, out[k] the index[k]-th of n < 2^32. */
void tx_random_bits32_at(tx_random random, tx_key key, size_t n, size_t count, const uint32_t *index, uint32_t *out);
void tx_random_bits64(tx_random random, tx_key key, size_t n, uint64_t *out);

/* jax.random.uniform(key, (n,), minval, maxval): out holds n float or double, as random.precision says; the same bits as
 * XLA's on a CPU, which computes unit * (maxval - minval) + minval with one rounding (fma). */
void tx_random_uniform(tx_random random, tx_key key, size_t n, double minval, double maxval, void *out);
/* jax.random.normal(key, (n,)): the same bits as XLA's on a CPU with fma (found equal in 4 million draws of each
 * precision; in double the C library's log may differ by an ulp on other machines). */
void tx_random_normal(tx_random random, tx_key key, size_t n, void *out);

/* jax.random.permutation(key, n), n < 2^32. scratch: so many words of the caller's (so that a training loop allocates nothing),
 * little more than n. */
size_t tx_random_permutation_scratch(uint32_t n);
void tx_random_permutation(tx_random random, tx_key key, uint32_t n, uint32_t *out, uint32_t *scratch);

#ifdef __cplusplus
}
#endif
