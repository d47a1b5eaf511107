/* Norms over the points of a channel. */
#include <math.h>

#include "metric/quantity.h"

enum { LANES = 8 };

static double add_lanes(const double *lanes)
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* Sums term(i) over i < count: lane i % LANES each, then the lanes. */
#define SUM_LANES(count, term)                                                                                                     \
    double lanes[LANES] = {0};                                                                                                     \
    int64_t i = 0;                                                                                                                 \
    for (; i + LANES <= (count); i += LANES) {                                                                                     \
        for (int lane = 0; lane < LANES; lane++) {                                                                                 \
            const int64_t at = i + lane;                                                                                           \
            lanes[lane] += (term);                                                                                                 \
        }                                                                                                                          \
    }                                                                                                                              \
    for (int lane = 0; i + lane < (count); lane++) {                                                                               \
        const int64_t at = i + lane;                                                                                               \
        lanes[lane] += (term);                                                                                                     \
    }                                                                                                                              \
    return add_lanes(lanes)

double tx_metric_sum(const double *values, int64_t count)
{
    SUM_LANES(count, values[at]);
}

/* An element that the precision cannot hold overflows in its sum, which is larger: only the small ones need a look each. */
static double flushed(double value, double tiny)
{
    return value < tiny ? 0 : value;
}

static double sum_absolute(const double *values, int64_t count, double tiny)
{
    SUM_LANES(count, flushed(fabs(values[at]), tiny));
}

static double sum_squares(const double *values, int64_t count, double tiny)
{
    SUM_LANES(count, flushed(values[at] * values[at], tiny));
}

static double dot(const double *a, double a_norm, const double *b, double b_norm, int64_t count)
{
    SUM_LANES(count, a[at] / a_norm * (b[at] / b_norm));
}

static double sum_deviations(const double *values, double mean, int64_t count)
{
    SUM_LANES(count, (values[at] - mean) * (values[at] - mean));
}

static double sum_deviations_inside(const double *values, const double *mask, double mean, int64_t count)
{
    SUM_LANES(count, mask[at] * (values[at] - mean) * (values[at] - mean));
}

double tx_metric_norm(const tx_quantity *quantity, const tx_metric_channel *channel, double sum)
{
    const double scaled = tx_metric_fit(channel->range, channel->scale * tx_metric_fit(channel->range, sum));
    return quantity->class_->root ? sqrt(scaled) : scaled;
}

static double norm(const tx_quantity *quantity, const tx_metric_channel *channel, const double *values)
{
    double (*const sum)(const double *, int64_t, double) = quantity->class_->power == 1 ? sum_absolute : sum_squares;
    tx_metric_channel counted = *channel;
    counted.scale = channel->mask ? 1 / (double)channel->inside : channel->scale;
    return tx_metric_norm(quantity, &counted, sum(values, channel->points, channel->range.tiny));
}

double tx_metric_spatial(const tx_quantity *quantity, const tx_metric_channel *channel)
{
    const double difference = norm(quantity, channel, channel->difference);
    if (quantity->class_->scaling == TX_METRIC_ABSOLUTE) {
        return difference;
    }
    const double reference = norm(quantity, channel, channel->reference);
    if (quantity->class_->scaling == TX_METRIC_NORMALISED) {
        return tx_metric_fit(channel->range, difference / reference);
    }
    const double both = norm(quantity, channel, channel->prediction) + reference;
    return tx_metric_fit(channel->range, 2 * difference) / tx_metric_fit(channel->range, both);
}

static double length(const tx_metric_channel *channel, const double *values)
{
    return sqrt(tx_metric_fit(channel->range, sum_squares(values, channel->points, channel->range.tiny)));
}

/* Divided before multiplying, as in the original: where a norm overflows the correlation is 0. */
double tx_metric_correlation(const tx_quantity *quantity, const tx_metric_channel *channel)
{
    (void)quantity;
    return dot(channel->prediction, length(channel, channel->prediction), channel->reference, length(channel, channel->reference),
               channel->points);
}

double tx_metric_vrmse(const tx_quantity *quantity, const tx_metric_channel *channel)
{
    (void)quantity;
    const double count = (double)channel->inside, mean = tx_metric_sum(channel->reference, channel->points) / count;
    const double deviations = channel->mask ? sum_deviations_inside(channel->reference, channel->mask, mean, channel->points)
                                            : sum_deviations(channel->reference, mean, channel->points);
    const double variance = deviations / (count - 1);
    const double error = tx_metric_fit(channel->range, sum_squares(channel->difference, channel->points, 0) / count);
    return sqrt(error / (variance + 1e-7));
}
