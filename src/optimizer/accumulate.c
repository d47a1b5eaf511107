/* Means of several minibatches' gradients, as optax.MultiSteps makes them: acc + (g - acc) / (j + 1). */
#include <string.h>

#include "base/real.h"
#include "stage.h"

#define ACCUMULATE(real)                                                                                                           \
    static void accumulate_##real(const real *old, const real *gradient, real number, int64_t count, real *restrict out)           \
    {                                                                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                                                      \
            out[i] = old[i] + (gradient[i] - old[i]) / number;                                                                     \
        }                                                                                                                          \
    }
ACCUMULATE(float)
ACCUMULATE(double)

static void set_step(const tx_optimizer *optimizer, int64_t step)
{
    *(int64_t *)optimizer->gathered[TX_MINI_STEP].next = step;
}

const void *tx_optimizer_accumulate(tx_optimizer *optimizer, const void *gradient)
{
    const int64_t step = *(const int64_t *)optimizer->gathered[TX_MINI_STEP].values, count = optimizer->num_parameters;
    const void *old = optimizer->gathered[TX_ACCUMULATED].values;
    void *next = optimizer->gathered[TX_ACCUMULATED].next;
    if (step == 0) {
        memcpy(next, gradient, (size_t)count * tx_real_bytes(optimizer->precision));
    } else if (optimizer->precision == TX_FLOAT32) {
        accumulate_float(old, gradient, (float)(step + 1), count, next);
    } else {
        accumulate_double(old, gradient, (double)(step + 1), count, next);
    }
    const bool all = step + 1 == optimizer->every;
    set_step(optimizer, all ? 0 : step + 1);
    return all ? next : NULL;
}
