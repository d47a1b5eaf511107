/* Several predictions of one state. */
#include "evaluation/spread.h"

#include <math.h>

#include "base/real.h"

/* In rising order; those that are no numbers wherever they come to stand: they spoil all sums. */
static void sort(int count, double *values)
{
    for (int k = 1; k < count; k++) {
        const double value = values[k];
        int at = k;
        for (; at > 0 && values[at - 1] > value; at--) {
            values[at] = values[at - 1];
        }
        values[at] = value;
    }
}

/* Of equal values exactly theirs. */
static double mean_of(int count, const double *values)
{
    double sum = 0;
    for (int k = 1; k < count; k++) {
        sum += values[k] - values[0];
    }
    return values[0] + sum / count;
}

static double variance_of(int count, const double *values, double mean)
{
    double sum = 0;
    for (int k = 0; k < count; k++) {
        sum += (values[k] - mean) * (values[k] - mean);
    }
    return count > 1 ? sum / (count - 1) : 0;
}

/* sum_m |x_m - y| / M - sum_{m,l} |x_m - x_l| / (2 M (M - 1)). Of sorted values the double sum is 2 sum_m (2 m - M + 1) x_m, to
 * which a shift of all adds nothing. */
static double crps_of(int count, const double *sorted, double reference)
{
    double errors = 0, distances = 0;
    for (int k = 0; k < count; k++) {
        errors += fabs(sorted[k] - reference);
        distances += (2 * k - count + 1) * (sorted[k] - sorted[0]);
    }
    return errors / count - (count > 1 ? distances / ((double)count * (count - 1)) : 0);
}

static void gather(const tx_predictions *all, int64_t at, double *out)
{
    for (int k = 0; k < all->count; k++) {
        out[k] = tx_real_get(all->precision, all->states[k], at);
    }
}

static bool counts(const tx_predictions *all, int64_t at)
{
    return !all->inside || tx_real_get(all->precision, all->inside, at % all->points) != 0;
}

tx_spread tx_spread_of(const tx_predictions *all, double *sorted, void *mean)
{
    tx_spread spread = {0};
    int64_t counted = 0;
    for (int64_t i = 0; i < all->size; i++) {
        gather(all, i, sorted);
        const double middle = mean_of(all->count, sorted);
        tx_real_put(all->precision, mean, i, middle);
        if (counts(all, i)) {
            spread.variance += variance_of(all->count, sorted, middle);
            sort(all->count, sorted);
            spread.crps += crps_of(all->count, sorted, tx_real_get(all->precision, all->reference, i));
            counted++;
        }
    }
    spread.variance /= (double)counted;
    spread.crps /= (double)counted;
    return spread;
}

void tx_spread_each(const tx_predictions *all, double *numbers, void *mean, void *deviation)
{
    for (int64_t i = 0; i < all->size; i++) {
        gather(all, i, numbers);
        const double middle = mean_of(all->count, numbers);
        tx_real_put(all->precision, mean, i, middle);
        tx_real_put(all->precision, deviation, i, sqrt(variance_of(all->count, numbers, middle)));
    }
}
