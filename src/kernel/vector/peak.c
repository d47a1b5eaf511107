/* The yardstick of the benchmark: independent chains of multiplications and additions that fill the core's FMA units. */
#include "kernel/vector/variant.h"

double VARIANT(peak)(int64_t iterations)
{
    enum { CHAINS = TX_VECTOR_BYTES == 64 ? 24 : 12 };
    vec a[CHAINS], factor = splat((real)1.0000001), summand = splat((real)1e-9);
    UNROLL for (int k = 0; k < CHAINS; k++)
    {
        a[k] = splat((real)k);
        KEEP(a[k]);
    }
    KEEP(factor);
    KEEP(summand);
    for (int64_t i = 0; i < iterations; i++) {
        UNROLL for (int k = 0; k < CHAINS; k++)
        {
            a[k] = a[k] * factor + summand;
            KEEP(a[k]);
        }
    }
    vec sum = {0};
    UNROLL for (int k = 0; k < CHAINS; k++) sum += a[k];
    return sum[0] == -1 ? 0 : 2.0 * CHAINS * VL * (double)iterations; /* never: but the chains must not be left out */
}
