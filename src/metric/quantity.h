/* Quantities: one number a sample and channel. A class is a row of one table; a quantity is a class with its parameters. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "trainax/metric.h"

typedef enum tx_metric_scaling { TX_METRIC_ABSOLUTE, TX_METRIC_NORMALISED, TX_METRIC_SYMMETRIC } tx_metric_scaling;

/* What numbers of the run's precision can hold: below `tiny` in magnitude they are zero, above `huge` infinite. */
typedef struct tx_metric_range {
    double tiny, huge;
} tx_metric_range;

static inline double tx_metric_fit(tx_metric_range range, double magnitude)
{
    return magnitude < range.tiny ? 0 : magnitude > range.huge ? __builtin_inf() : magnitude;
}

/* One channel of one sample, with what quantities share. */
typedef struct tx_metric_channel {
    tx_metric_range range;
    int axes;
    int64_t n;          /* points along the last axis, for spectra along each */
    int64_t points;     /* of all axes */
    double scale;       /* n^-axes */
    int64_t inside;     /* points that count: all, or those of a mask, outside of which the numbers are 0 */
    const double *mask; /* 1 where they count; NULL: all do */
    const double *prediction, *reference, *difference;
    const double *difference_modes, *reference_modes; /* magnitudes of rfftn's coefficients; NULL where nobody asks */
} tx_metric_channel;

typedef struct tx_metric_class tx_metric_class;
typedef struct tx_quantity {
    const tx_metric_class *class_;
    int64_t low, high; /* largest wavenumber of a mode: inclusive */
    double order;      /* of the derivative */
    double *factors;   /* |2 pi k|^order for k = 0 … n / 2 */
} tx_quantity;

struct tx_metric_class {
    const char *name;       /* behind mean_ */
    tx_component component; /* for help and lists */
    double (*evaluate)(const tx_quantity *quantity, const tx_metric_channel *channel);
    tx_metric_scaling scaling;
    int power;         /* p */
    bool root;         /* q = 1 / 2, else 1 */
    bool spectral;     /* needs modes */
    bool band;         /* takes ;LOW;HIGH;DERIVATIVE */
    bool channel_mean; /* else channels are summed */
    bool alone;        /* has no statistic before its name: its mean is meant */
};
extern const tx_metric_class tx_metric_classes[]; /* ends with a class without name */

double tx_metric_spatial(const tx_quantity *quantity, const tx_metric_channel *channel);
double tx_metric_correlation(const tx_quantity *quantity, const tx_metric_channel *channel);
double tx_metric_vrmse(const tx_quantity *quantity, const tx_metric_channel *channel);
double tx_metric_fourier(const tx_quantity *quantity, const tx_metric_channel *channel);
double tx_metric_h1(const tx_quantity *quantity, const tx_metric_channel *channel);

/* (scale * sum)^q, with what the precision can hold on the way. */
double tx_metric_norm(const tx_quantity *quantity, const tx_metric_channel *channel, double sum);
/* Partial sums of a fixed number of lanes: the same bits everywhere, and fast. */
double tx_metric_sum(const double *values, int64_t count);

/* A name "mean_X;LOW;HIGH;DERIVATIVE" taken apart. */
typedef enum tx_metric_statistic { TX_METRIC_MEAN, TX_METRIC_Q10, TX_METRIC_Q50, TX_METRIC_Q90 } tx_metric_statistic;
tx_status tx_metric_parse(const char *name, tx_error *error, tx_metric_statistic *statistic, tx_quantity *out);
/* The same name as the table spells it, what follows ';' as it is; freed with tx_free. */
tx_status tx_metric_spell(const char *name, tx_metric_statistic statistic, const tx_metric_class *class_, tx_error *error,
                          char **out);
bool tx_metric_same(const tx_quantity *a, const tx_quantity *b);

/* Spectra of channels of one shape. Creating and destroying plans is for one thread at a time, transforming is not. */
typedef struct tx_spectrum tx_spectrum;
tx_status tx_spectrum_create(int axes, int64_t n, tx_error *error, tx_spectrum **out);
void tx_spectrum_destroy(tx_spectrum *spectrum);
int64_t tx_spectrum_modes(const tx_spectrum *spectrum);
/* values: n^axes numbers from tx_allocate, kept. work: 2 * modes numbers from tx_allocate. modes: the magnitudes; those below
 * 1e-5 zero, nan where a coefficient is not finite in `range`. */
void tx_spectrum_transform(const tx_spectrum *spectrum, tx_metric_range range, const double *values, double *work, double *modes);
