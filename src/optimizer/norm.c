/* Norms of leaves, and of all parameters. */
#include <math.h>

#include "stage.h"

#define SQUARES(real)                                                                                                              \
    static double squares_##real(const real *values, int64_t count)                                                                \
    {                                                                                                                              \
        double sum[8] = {0};                                                                                                       \
        int64_t i = 0;                                                                                                             \
        for (; i + 8 <= count; i += 8) {                                                                                           \
            for (int k = 0; k < 8; k++) {                                                                                          \
                sum[k] += (double)values[i + k] * (double)values[i + k];                                                           \
            }                                                                                                                      \
        }                                                                                                                          \
        for (; i < count; i++) {                                                                                                   \
            sum[i % 8] += (double)values[i] * (double)values[i];                                                                   \
        }                                                                                                                          \
        return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));                                  \
    }
SQUARES(float)
SQUARES(double)

double tx_stage_norm(tx_precision precision, const void *values, int64_t begin, int64_t count)
{
    return precision == TX_FLOAT32 ? (double)sqrtf((float)squares_float((const float *)values + begin, count))
                                   : sqrt(squares_double((const double *)values + begin, count));
}
