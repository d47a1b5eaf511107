/* Which instruction sets this build holds and this machine runs. The x86-64 levels are those of the psABI, told by the
 * features that gcc and clang both can ask for. */
#include <stdlib.h>
#include <string.h>

#include "kernel/cpu.h"

extern const tx_kernels tx_kernels_portable_f32, tx_kernels_portable_f64;
static bool always(void)
{
    return true;
}

#if TX_KERNEL_LEVELS
extern const tx_kernels tx_kernels_v3_f32, tx_kernels_v3_f64, tx_kernels_v4_f32, tx_kernels_v4_f64;

static bool runs_v3(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

static bool runs_v4(void)
{
    return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

#define CPU(level, name)                                                                                                           \
    {                                                                                                                              \
        [TX_FLOAT32] = {&tx_cpu_class, TX_FLOAT32, level, (void *)&tx_kernels_##name##_f32},                                       \
        [TX_FLOAT64] = {&tx_cpu_class, TX_FLOAT64, level, (void *)&tx_kernels_##name##_f64},                                       \
    }

/* Each level runs only where the one before does. */
static const struct {
    bool (*runs)(void);
    tx_backend backends[2];
} levels[] = {
    {always, CPU(0, portable)},
#if TX_KERNEL_LEVELS
    {runs_v3, CPU(1, v3)},
    {runs_v4, CPU(2, v4)},
#endif
};

static const tx_kernels *kernels_of(int level, tx_precision precision)
{
    return levels[level].backends[precision].context;
}

int tx_isa_count(void)
{
    const char *most = getenv("TRAINAX_ISA");
    bool enough = false;
    int count = 0;
    while (!enough && count < (int)(sizeof levels / sizeof *levels) && levels[count].runs()) {
        enough = most && strcmp(kernels_of(count, TX_FLOAT32)->isa, most) == 0;
        count++;
    }
    return count;
}

tx_status tx_isa_check(tx_error *error)
{
    const char *wanted = getenv("TRAINAX_ISA"), *best = tx_isa_name(tx_isa_count() - 1);
    return !wanted || !*wanted || strcmp(wanted, best) == 0
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "TRAINAX_ISA is '%s', but the best that this machine runs of this build is %s",
                              wanted, best);
}

const char *tx_isa_name(int level)
{
    const tx_kernels *kernels = tx_kernels_get(level, TX_FLOAT32);
    return kernels ? kernels->isa : NULL;
}

int tx_isa_find(const char *name)
{
    for (int level = tx_isa_count() - 1; level >= 0; level--) {
        if (!strcmp(tx_isa_name(level), name)) {
            return level;
        }
    }
    return -1;
}

const tx_backend *tx_backend_cpu(int level, tx_precision precision)
{
    return level >= 0 && level < tx_isa_count() ? &levels[level].backends[precision] : NULL;
}

const tx_kernels *tx_kernels_get(int level, tx_precision precision)
{
    const tx_backend *cpu = tx_backend_cpu(level, precision);
    return cpu ? cpu->context : NULL;
}
