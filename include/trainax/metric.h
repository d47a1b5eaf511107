/* Metrics: how far a predicted state is from its reference, under APEBench's names and with Exponax's definitions.
 *
 * A name is a statistic of a quantity, and the quantity is one number a sample:
 *
 *     mean_X, q10_X, q50_X, q90_X      mean or quantile over the samples (linear between them, as numpy.quantile)
 *     X = MAE, nMAE, sMAE, MSE, nMSE, sMSE, RMSE, nRMSE, sRMSE, correlation,
 *         fourier_MAE, fourier_nMAE, fourier_MSE, fourier_nMSE, fourier_RMSE, fourier_nRMSE with ;LOW;HIGH;DERIVATIVE,
 *         H1_MAE, H1_nMAE, H1_MSE, H1_nMSE, H1_RMSE, H1_nRMSE
 *     vrmse                            The Well's: mean over samples and channels of sqrt(mean (u - r)^2 / (var r + 1e-7))
 *
 * With d = u - r, n points along an axis and D axes (domain extent 1), for each channel
 *
 *     spatial:  |v|_(p,q) = (n^-D sum |v_i|^p)^q,  absolute |d|, normalised |d| / |r|, symmetric 2 |d| / (|u| + |r|);
 *     fourier:  likewise over rfftn's coefficients, those below 1e-5 in magnitude taken as zero, with LOW <= max_a |k_a| <=
 *               HIGH alone, each divided by the multiplicity that makes p = 2 equal to the spatial sum (Parseval); with a
 *               DERIVATIVE (also of order 0) one such term for each axis a, of (2 pi i k_a)^DERIVATIVE times the coefficients;
 *     H1:       fourier over all modes without derivative + with derivative 1;
 *     correlation: of u / ||u|| and r / ||r||;
 *
 * where MAE is (p, q) = (1, 1), MSE (2, 1), RMSE (2, 1/2). Channels are summed, of correlation and vrmse averaged. n is the
 * length of the last axis, as in Exponax, also where the others differ; the fourier ones then are refused (Exponax fails).
 * A negative DERIVATIVE gives nan always, as there. The components of a state without spatial axes are the points of one
 * channel.
 *
 * Everything is computed in double. Numbers that the run's precision could not hold become inf or (below the smallest
 * normal number, as in XLA) zero at the same places as in the original, so that a diverging rollout has inf and nan in the
 * same cells. Nothing here communicates: a rank measures its own samples, and whoever has the numbers of all samples, in
 * order, gets the same statistics to the bit. Linking: FFTW in double. */
#pragma once

#include "trainax/component.h"
#include "trainax/shape.h"
#include "trainax/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What help and lists know of metrics, each under its name with mean_: a component without implementation, whose options are
 * what is written around the name; NULL behind the last. `describe` takes a name apart: {type: mean_nRMSE, STATISTIC: q10}. */
const tx_component *tx_metric_component(int index);
tx_status tx_metric_describe(const char *name, size_t size, char *section, tx_error *error); /* a tx_descriptor_rule */
tx_short_form tx_metric_form(int index);                                                     /* a tx_short_form_rule */

/* The list of metrics that somebody asked for, prepared for states of one shape. Constant after create: threads share it. */
typedef struct tx_metrics tx_metrics;

/* texts: each one name or several separated by commas (APEBench's form). TX_INVALID: an unknown name (the nearest is named), a
 * wrong LOW, HIGH or DERIVATIVE (which metric, which of them), the same name twice, a state that the metric is not for. */
tx_status tx_metrics_create(int num_texts, const char *const *texts, tx_shape state, tx_precision precision, tx_error *error,
                            tx_metrics **out);
void tx_metrics_destroy(tx_metrics *metrics);
int tx_metrics_count(const tx_metrics *metrics);                    /* names, in the order asked for */
const char *tx_metrics_name(const tx_metrics *metrics, int metric); /* as the tables spell it */
int tx_metrics_find(const tx_metrics *metrics, const char *name);   /* -1: not asked for */
int tx_metrics_quantities(const tx_metrics *metrics);               /* numbers a sample: names may share one */

/* What one thread needs to measure. */
typedef struct tx_metric_scratch tx_metric_scratch;
tx_status tx_metric_scratch_create(const tx_metrics *metrics, tx_error *error, tx_metric_scratch **out);
size_t tx_metric_scratch_bytes(const tx_metrics *metrics); /* that it takes */
void tx_metric_scratch_destroy(tx_metric_scratch *scratch);

/* One sample: two states (channels, *n) in the run's precision. quantities: tx_metrics_quantities numbers. */
void tx_metrics_measure(const tx_metrics *metrics, tx_metric_scratch *scratch, const void *prediction, const void *reference,
                        double *quantities);
/* The same of the points where a field, of as many numbers as a channel, is not 0 (NULL: all): means are over these, and to spectra
 * the others are 0. */
void tx_metrics_measure_inside(const tx_metrics *metrics, tx_metric_scratch *scratch, const void *field, const void *prediction,
                               const void *reference, double *quantities);
/* All samples: quantities[num_samples][tx_metrics_quantities]; scratch: room for num_samples numbers (of quantiles). out: a
 * number for each name. */
void tx_metrics_summarise(const tx_metrics *metrics, int64_t num_samples, const double *quantities, double *scratch, double *out);

/* Over the first 100 steps of a rollout, or all if fewer: the geometric mean of a metric, of a correlation the arithmetic one. Of
 * values[0], values[stride], … */
double tx_metric_average(const char *name, int64_t num_steps, const double *values, int64_t stride);
/* numpy.quantile's default: linear between the two neighbours of level * (count - 1). Sorts the values; nan if there is one. */
double tx_metric_quantile(double *values, int64_t count, double level);

#ifdef __cplusplus
}
#endif
