/* Sums in fixed point: a scale a leaf, integers whose order does not matter. */
#include "parallel/fixed.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const double MAGIC = 0x1.8p52;

static double power_of_two(int exponent)
{
    const int64_t bits = (int64_t)(exponent + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define FIXED(name) name##_any
#define FIXED_TARGET
#define FIXED_BYTES 16
#include "parallel/fixed_loops.h"

#ifdef __x86_64__
#define FIXED(name) name##_avx2
#define FIXED_TARGET __attribute__((target("avx2,fma")))
#define FIXED_BYTES 32
#include "parallel/fixed_loops.h"

#define FIXED(name) name##_avx512
#define FIXED_TARGET __attribute__((target("avx512f,fma")))
#define FIXED_BYTES 64
#include "parallel/fixed_loops.h"

static bool has_level(int level)
{
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return level == 0 || (level == 1 && avx2) || (level == 2 && avx2 && __builtin_cpu_supports("avx512f"));
}
#else
static bool has_level(int level)
{
    return level == 0;
}
#endif

#define ROWS(isa)                                                                                                                  \
    {                                                                                                                              \
        {.limbs = 1, .top = top_float##isa, .add = add_float##isa, .get = get_float##isa},                                         \
            {.limbs = 2, .top = top_double##isa, .add = add_double##isa, .get = get_double##isa},                                  \
    }
static const tx_fixed table[][2] = {
    ROWS(_any),
#ifdef __x86_64__
    ROWS(_avx2),
    ROWS(_avx512),
#endif
};

const tx_fixed *tx_fixed_at(tx_precision precision, int level)
{
    return has_level(level) ? &table[level][precision == TX_FLOAT64] : NULL;
}

const tx_fixed *tx_fixed_best(tx_precision precision)
{
    int level = (int)(sizeof table / sizeof *table) - 1;
    while (!has_level(level)) {
        level--;
    }
    return tx_fixed_at(precision, level);
}
