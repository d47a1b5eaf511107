/* jax.random.uniform: random mantissas in [1, 2), minus 1, stretched. XLA's compiler fuses the multiplication and the
 * addition of the stretch on every machine with fused multiply-add, and so do we on all. */
#include "trainax/random.h"

#include <math.h>
#include <string.h>

static void uniform32(tx_random random, tx_key key, size_t n, float minval, float maxval, float *out)
{
    const float scale = maxval - minval;
    tx_random_bits32(random, key, n, (uint32_t *)out);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        float unit;
        memcpy(&bits, out + i, sizeof bits);
        bits = bits >> 9 | 0x3F800000u;
        memcpy(&unit, &bits, sizeof unit);
        const float value = fmaf(unit - 1.0f, scale, minval);
        out[i] = value > minval ? value : minval;
    }
}

static void uniform64(tx_random random, tx_key key, size_t n, double minval, double maxval, double *out)
{
    const double scale = maxval - minval;
    tx_random_bits64(random, key, n, (uint64_t *)out);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        double unit;
        memcpy(&bits, out + i, sizeof bits);
        bits = bits >> 12 | 0x3FF0000000000000u;
        memcpy(&unit, &bits, sizeof unit);
        const double value = fma(unit - 1.0, scale, minval);
        out[i] = value > minval ? value : minval;
    }
}

void tx_random_uniform(tx_random random, tx_key key, size_t n, double minval, double maxval, void *out)
{
    if (random.precision == TX_FLOAT32) {
        uniform32(random, key, n, (float)minval, (float)maxval, out);
    } else {
        uniform64(random, key, n, minval, maxval, out);
    }
}
