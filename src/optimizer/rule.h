/* Rules: what a stage does with one parameter, written once for both precisions.
 *
 * A file that has rules says first which constants they read, TX_CONSTANTS(b1, b2, …): numbers computed in double once a
 * step, which a rule finds in the run's precision as c.b1. Then
 *
 *     TX_RULE(name, number of arrays, { statements })
 *
 * defines `static const tx_rule name`. The statements see, in the run's precision `real`: the update so far g, the parameter p,
 * the constants c, the stage's arrays m, v, x, y in their order (as they were, to be set anew), and set the direction u. They are
 * the body of a vectorised loop: no branches but ?:, no constants of type double. */
#pragma once

#include <float.h>
#include <math.h>

#include "stage.h"

/* constants: the file's constants_double; the parameters [begin, begin + count) */
typedef bool (*tx_rule_loop)(const tx_update *update, const void *constants, int64_t begin, int64_t count);
typedef struct tx_rule {
    tx_rule_loop narrow, wide; /* float, double */
} tx_rule;

static inline bool tx_rule_run_leaf(const tx_rule *rule, const tx_stage *stage, const tx_update *update, const void *constants,
                                    const tx_leaf *leaf)
{
    return (stage->optimizer->precision == TX_FLOAT32 ? rule->narrow : rule->wide)(update, constants, leaf->offset, leaf->size);
}

/* Of all leaves at once. */
static inline tx_status tx_rule_run(const tx_rule *rule, const tx_stage *stage, const tx_update *update, const void *constants,
                                    tx_error *error)
{
    const tx_leaf all = {.size = stage->optimizer->num_parameters};
    return tx_stage_status(tx_rule_run_leaf(rule, stage, update, constants, &all), error);
}

#define TX_ROOT(number) _Generic((number), float : sqrtf, double : sqrt)(number)
#define TX_ABS(number) _Generic((number), float : fabsf, double : fabs)(number)
#define TX_LARGEST(number) _Generic((number), float : FLT_MAX, double : DBL_MAX)
#define TX_MAX(a, b) ((a) > (b) ? (a) : (b))
#define TX_MIN(a, b) ((a) < (b) ? (a) : (b))
#define TX_IS_FINITE(number) (TX_ABS(number) <= TX_LARGEST(number))
/* What a stage makes of a parameter and its direction, by the update's factors. */
#define TX_NEXT(parameter, direction) (keep * (parameter) + scale * ((direction) + decay * (parameter)))
#define TX_SIGN(number) ((real)((number) > 0) - (real)((number) < 0))

/* clang-format off */
#define TX_CONSTANTS(...)                                                                                                      \
    typedef struct constants_float { float __VA_ARGS__; } constants_float;                                                     \
    typedef struct constants_double { double __VA_ARGS__; } constants_double

#define TX_RULE(name, num, ...)                                                                                                \
    TX_RULE_LOOP(name, num, float, __VA_ARGS__)                                                                                \
    TX_RULE_LOOP(name, num, double, __VA_ARGS__)                                                                               \
    static const tx_rule name = {name##_float, name##_double};

#define TX_BUFFER(of, k, num) ((num) > (k) ? (real *)update->arrays[k].of + begin : NULL)
#define TX_UNUSED __attribute__((unused))

#define TX_RULE_LOOP(name, num, precision, ...)                                                                                \
    static bool name##_##precision(const tx_update *update, const void *constants, int64_t begin, int64_t count)               \
    {                                                                                                                          \
        typedef precision real;                                                                                                \
        constants_##precision c;                                                                                               \
        _Pragma("omp simd")                                                                                                    \
        for (size_t k = 0; k < sizeof c / sizeof(real); k++) {                                                                 \
            ((real *)&c)[k] = (real)((const double *)constants)[k];                                                            \
        }                                                                                                                      \
        const real keep = (real)update->keep, scale = (real)update->scale, decay = (real)update->decay;                        \
        const real *restrict gradient = (const real *)update->gradient + begin;                                                \
        const real *restrict parameters = (const real *)update->parameters + begin;                                            \
        TX_UNUSED const real *restrict m_old = TX_BUFFER(values, 0, num);                                                      \
        TX_UNUSED const real *restrict v_old = TX_BUFFER(values, 1, num);                                                      \
        TX_UNUSED const real *restrict x_old = TX_BUFFER(values, 2, num);                                                      \
        TX_UNUSED const real *restrict y_old = TX_BUFFER(values, 3, num);                                                      \
        TX_UNUSED real *restrict m_new = TX_BUFFER(next, 0, num);                                                              \
        TX_UNUSED real *restrict v_new = TX_BUFFER(next, 1, num);                                                              \
        TX_UNUSED real *restrict x_new = TX_BUFFER(next, 2, num);                                                              \
        TX_UNUSED real *restrict y_new = TX_BUFFER(next, 3, num);                                                              \
        real *restrict next = (real *)update->next_parameters + begin;                                                         \
        int bad = 0;                                                                                                           \
        _Pragma("omp simd reduction(| : bad)")                                                                                 \
        for (int64_t i = 0; i < count; i++) {                                                                                  \
            const real g = gradient[i], p = parameters[i];                                                                     \
            TX_UNUSED real m = (num) > 0 ? m_old[i] : 0, v = (num) > 1 ? v_old[i] : 0;                                         \
            TX_UNUSED real x = (num) > 2 ? x_old[i] : 0, y = (num) > 3 ? y_old[i] : 0;                                         \
            real u;                                                                                                            \
            __VA_ARGS__                                                                                                        \
            if ((num) > 0) { m_new[i] = m; }                                                                                   \
            if ((num) > 1) { v_new[i] = v; }                                                                                   \
            if ((num) > 2) { x_new[i] = x; }                                                                                   \
            if ((num) > 3) { y_new[i] = y; }                                                                                   \
            const real value = TX_NEXT(p, u);                                                                                  \
            next[i] = value;                                                                                                   \
            bad |= !TX_IS_FINITE(value);                                                                                       \
        }                                                                                                                      \
        return !bad;                                                                                                           \
    }
/* clang-format on */
