/* A list of metrics: names on one side, the quantities that they need on the other. */
#include "trainax/metric.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "metric/quantity.h"

enum { AVERAGED_STEPS = 100 };

typedef struct column {
    char *name;
    tx_metric_statistic statistic;
    int quantity;
} column;

struct tx_metrics {
    tx_precision precision;
    tx_metric_range range;
    int64_t channels, n, points; /* of a channel */
    int axes;
    double scale;
    int num_columns, num_quantities;
    size_t column_capacity, quantity_capacity;
    column *columns;
    tx_quantity *quantities;
    bool reference_modes;  /* does anybody need them? */
    tx_spectrum *spectrum; /* NULL: nobody needs one */
};

struct tx_metric_scratch {
    double *prediction, *reference, *difference; /* a channel */
    double *work, *difference_modes, *reference_modes;
    double *mask; /* of the sample */
    int64_t inside;
};

/* ---- Create ---- */

static void set_shape(tx_metrics *metrics, const tx_shape *state)
{
    metrics->axes = state->axes ? state->axes : 1;
    metrics->channels = state->axes ? state->channels : 1;
    metrics->points = state->axes ? tx_shape_points(state) : state->channels;
    metrics->n = state->axes ? state->n[state->axes - 1] : state->channels;
    metrics->scale = pow(1 / (double)metrics->n, metrics->axes);
}

/* |2 pi k|^order; at k = 0 a negative order has no value. */
static tx_status make_factors(const tx_metrics *metrics, tx_quantity *quantity, tx_error *error)
{
    const int64_t count = metrics->n / 2 + 1;
    TX_TRY(tx_allocate_array((size_t)count, sizeof(double), error, &quantity->factors));
    for (int64_t k = 0; k < count; k++) {
        quantity->factors[k] = pow(2 * M_PI * (double)k, quantity->order);
    }
    if (quantity->order < 0) {
        quantity->factors[0] = NAN;
    }
    return TX_OK;
}

static tx_status check_axes(const tx_metrics *metrics, const tx_shape *state, const char *name, tx_error *error)
{
    for (int d = 0; d < state->axes; d++) {
        if (state->n[d] != metrics->n) {
            return tx_error_set(error, TX_INVALID, "metric '%s': is for states with equally many points along all axes", name);
        }
    }
    return TX_OK;
}

static tx_status prepare_spectrum(tx_metrics *metrics, const tx_shape *state, const char *name, tx_quantity *quantity,
                                  tx_error *error)
{
    TX_TRY(check_axes(metrics, state, name, error));
    TX_TRY(metrics->spectrum ? TX_OK : tx_spectrum_create(metrics->axes, metrics->n, error, &metrics->spectrum));
    metrics->reference_modes |= quantity->class_->scaling != TX_METRIC_ABSOLUTE;
    return make_factors(metrics, quantity, error);
}

static tx_status add_quantity(tx_metrics *metrics, const tx_shape *state, const char *name, tx_quantity quantity, tx_error *error,
                              int *out)
{
    for (int k = 0; k < metrics->num_quantities; k++) {
        if (tx_metric_same(&metrics->quantities[k], &quantity)) {
            *out = k;
            return TX_OK;
        }
    }
    TX_TRY(
        tx_reserve((size_t)metrics->num_quantities + 1, sizeof quantity, &metrics->quantity_capacity, error, &metrics->quantities));
    if (quantity.class_->spectral) {
        TX_TRY(prepare_spectrum(metrics, state, name, &quantity, error));
    }
    metrics->quantities[metrics->num_quantities] = quantity;
    *out = metrics->num_quantities++;
    return TX_OK;
}

/* `name` is the table's. */
static tx_status add_column(tx_metrics *metrics, const tx_shape *state, const char *name, tx_metric_statistic statistic,
                            tx_quantity quantity, tx_error *error)
{
    column column = {.statistic = statistic};
    if (tx_metrics_find(metrics, name) >= 0) {
        return tx_error_set(error, TX_INVALID, "metric '%s' is listed twice", name);
    }
    TX_TRY(tx_reserve((size_t)metrics->num_columns + 1, sizeof column, &metrics->column_capacity, error, &metrics->columns));
    TX_TRY(add_quantity(metrics, state, name, quantity, error, &column.quantity));
    TX_TRY(tx_duplicate(name, error, &column.name));
    metrics->columns[metrics->num_columns++] = column;
    return TX_OK;
}

static tx_status add_name(tx_metrics *metrics, const tx_shape *state, const char *written, tx_error *error)
{
    tx_metric_statistic statistic;
    tx_quantity quantity;
    char *name;
    TX_TRY(tx_metric_parse(written, error, &statistic, &quantity));
    TX_TRY(tx_metric_spell(written, statistic, quantity.class_, error, &name));
    const tx_status status = add_column(metrics, state, name, statistic, quantity, error);
    tx_free(name);
    return status;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Cuts at commas; text is the caller's to spoil. */
static tx_status add_names(tx_metrics *metrics, const tx_shape *state, char *text, tx_error *error)
{
    for (char *name = text, *next; name; name = next) {
        next = strchr(name, ',');
        char *end = next ? next : name + strlen(name);
        next = next ? next + 1 : NULL;
        while (name < end && is_blank(*name)) {
            name++;
        }
        while (end > name && is_blank(end[-1])) {
            end--;
        }
        *end = '\0';
        if (!*name) {
            return tx_error_set(error, TX_INVALID, "an empty name in the list of metrics");
        }
        TX_TRY(add_name(metrics, state, name, error));
    }
    return TX_OK;
}

static tx_status add_text(tx_metrics *metrics, const tx_shape *state, const char *text, tx_error *error)
{
    char *copy;
    TX_TRY(tx_duplicate(text, error, &copy));
    const tx_status status = add_names(metrics, state, copy, error);
    tx_free(copy);
    return status;
}

static tx_status add_all(tx_metrics *metrics, int num_texts, const char *const *texts, const tx_shape *state, tx_error *error)
{
    for (int k = 0; k < num_texts; k++) {
        TX_TRY(add_text(metrics, state, texts[k], error));
    }
    return TX_OK;
}

tx_status tx_metrics_create(int num_texts, const char *const *texts, tx_shape state, tx_precision precision, tx_error *error,
                            tx_metrics **out)
{
    tx_metrics *metrics;
    TX_TRY(tx_allocate(sizeof *metrics, error, &metrics));
    metrics->precision = precision;
    metrics->range = precision == TX_FLOAT32 ? (tx_metric_range){FLT_MIN, FLT_MAX} : (tx_metric_range){DBL_MIN, DBL_MAX};
    set_shape(metrics, &state);
    const tx_status status = add_all(metrics, num_texts, texts, &state, error);
    if (status != TX_OK) {
        tx_metrics_destroy(metrics);
        return status;
    }
    *out = metrics;
    return TX_OK;
}

void tx_metrics_destroy(tx_metrics *metrics)
{
    if (!metrics) {
        return;
    }
    for (int k = 0; k < metrics->num_columns; k++) {
        tx_free(metrics->columns[k].name);
    }
    for (int k = 0; k < metrics->num_quantities; k++) {
        tx_free(metrics->quantities[k].factors);
    }
    tx_spectrum_destroy(metrics->spectrum);
    tx_free(metrics->columns);
    tx_free(metrics->quantities);
    tx_free(metrics);
}

int tx_metrics_count(const tx_metrics *metrics)
{
    return metrics->num_columns;
}

const char *tx_metrics_name(const tx_metrics *metrics, int metric)
{
    return metrics->columns[metric].name;
}

int tx_metrics_find(const tx_metrics *metrics, const char *name)
{
    for (int k = 0; k < metrics->num_columns; k++) {
        if (strcmp(metrics->columns[k].name, name) == 0) {
            return k;
        }
    }
    return -1;
}

int tx_metrics_quantities(const tx_metrics *metrics)
{
    return metrics->num_quantities;
}

/* ---- Measure ---- */

static tx_status allocate_scratch(const tx_metrics *metrics, tx_metric_scratch *scratch, tx_error *error)
{
    const size_t points = (size_t)metrics->points, modes = metrics->spectrum ? (size_t)tx_spectrum_modes(metrics->spectrum) : 0;
    TX_TRY(tx_allocate_array(points, sizeof(double), error, &scratch->prediction));
    TX_TRY(tx_allocate_array(points, sizeof(double), error, &scratch->reference));
    TX_TRY(tx_allocate_array(points, sizeof(double), error, &scratch->difference));
    TX_TRY(tx_allocate_array(points, sizeof(double), error, &scratch->mask));
    TX_TRY(tx_allocate_array(2 * modes, sizeof(double), error, &scratch->work));
    TX_TRY(tx_allocate_array(modes, sizeof(double), error, &scratch->difference_modes));
    return tx_allocate_array(modes, sizeof(double), error, &scratch->reference_modes);
}

size_t tx_metric_scratch_bytes(const tx_metrics *metrics)
{
    const size_t modes = metrics->spectrum ? (size_t)tx_spectrum_modes(metrics->spectrum) : 0;
    return sizeof(tx_metric_scratch) + (4 * (size_t)metrics->points + 4 * modes) * sizeof(double);
}

tx_status tx_metric_scratch_create(const tx_metrics *metrics, tx_error *error, tx_metric_scratch **out)
{
    tx_metric_scratch *scratch;
    TX_TRY(tx_allocate(sizeof *scratch, error, &scratch));
    const tx_status status = allocate_scratch(metrics, scratch, error);
    if (status != TX_OK) {
        tx_metric_scratch_destroy(scratch);
        return status;
    }
    *out = scratch;
    return TX_OK;
}

void tx_metric_scratch_destroy(tx_metric_scratch *scratch)
{
    if (!scratch) {
        return;
    }
    tx_free(scratch->prediction);
    tx_free(scratch->reference);
    tx_free(scratch->difference);
    tx_free(scratch->mask);
    tx_free(scratch->work);
    tx_free(scratch->difference_modes);
    tx_free(scratch->reference_modes);
    tx_free(scratch);
}

static void widen(tx_precision precision, const void *values, int64_t first, int64_t count, double *out)
{
    if (precision == TX_FLOAT64) {
        memcpy(out, (const double *)values + first, (size_t)count * sizeof *out);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        out[i] = ((const float *)values)[first + i];
    }
}

/* 1 where the field is not 0; all points count where there is none. */
static void load_mask(const tx_metrics *metrics, tx_metric_scratch *scratch, const void *field)
{
    scratch->inside = field ? 0 : metrics->points;
    if (field) {
        widen(metrics->precision, field, 0, metrics->points, scratch->mask);
    }
    for (int64_t i = 0; field && i < metrics->points; i++) {
        scratch->mask[i] = scratch->mask[i] != 0;
        scratch->inside += scratch->mask[i] != 0;
    }
}

static void cut(const tx_metric_scratch *scratch, int64_t points, double *values)
{
    for (int64_t i = 0; i < points; i++) {
        values[i] = scratch->mask[i] != 0 ? values[i] : 0;
    }
}

static tx_metric_channel load_channel(const tx_metrics *metrics, tx_metric_scratch *scratch, const void *prediction,
                                      const void *reference, int64_t index)
{
    const int64_t points = metrics->points;
    widen(metrics->precision, prediction, index * points, points, scratch->prediction);
    widen(metrics->precision, reference, index * points, points, scratch->reference);
    if (scratch->inside < points) {
        cut(scratch, points, scratch->prediction);
        cut(scratch, points, scratch->reference);
    }
    for (int64_t i = 0; i < points; i++) {
        scratch->difference[i] = scratch->prediction[i] - scratch->reference[i];
    }
    if (metrics->spectrum) {
        tx_spectrum_transform(metrics->spectrum, metrics->range, scratch->difference, scratch->work, scratch->difference_modes);
    }
    if (metrics->reference_modes) {
        tx_spectrum_transform(metrics->spectrum, metrics->range, scratch->reference, scratch->work, scratch->reference_modes);
    }
    return (tx_metric_channel){
        .range = metrics->range,
        .axes = metrics->axes,
        .n = metrics->n,
        .points = points,
        .scale = metrics->scale,
        .inside = scratch->inside,
        .mask = scratch->inside < points ? scratch->mask : NULL,
        .prediction = scratch->prediction,
        .reference = scratch->reference,
        .difference = scratch->difference,
        .difference_modes = scratch->difference_modes,
        .reference_modes = scratch->reference_modes,
    };
}

void tx_metrics_measure(const tx_metrics *metrics, tx_metric_scratch *scratch, const void *prediction, const void *reference,
                        double *quantities)
{
    tx_metrics_measure_inside(metrics, scratch, NULL, prediction, reference, quantities);
}

void tx_metrics_measure_inside(const tx_metrics *metrics, tx_metric_scratch *scratch, const void *field, const void *prediction,
                               const void *reference, double *quantities)
{
    load_mask(metrics, scratch, field);
    for (int k = 0; k < metrics->num_quantities; k++) {
        quantities[k] = 0;
    }
    for (int64_t index = 0; index < metrics->channels; index++) {
        const tx_metric_channel channel = load_channel(metrics, scratch, prediction, reference, index);
        for (int k = 0; k < metrics->num_quantities; k++) {
            const tx_quantity *quantity = &metrics->quantities[k];
            quantities[k] += quantity->class_->evaluate(quantity, &channel);
        }
    }
    for (int k = 0; k < metrics->num_quantities; k++) {
        quantities[k] /= metrics->quantities[k].class_->channel_mean ? (double)metrics->channels : 1;
    }
}

/* ---- Statistics ---- */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double tx_metric_quantile(double *values, int64_t count, double level)
{
    for (int64_t k = 0; k < count; k++) {
        if (isnan(values[k])) {
            return NAN;
        }
    }
    qsort(values, (size_t)count, sizeof *values, compare);
    const double at = level * (double)(count - 1);
    const int64_t below = (int64_t)floor(at), above = below + 1 < count ? below + 1 : below;
    const double rest = at - (double)below, low = values[below], high = values[above];
    return rest == 0 || low == high ? low : low + (high - low) * rest;
}

double tx_metric_average(const char *name, int64_t num_steps, const double *values, int64_t stride)
{
    const int64_t count = num_steps < AVERAGED_STEPS ? num_steps : AVERAGED_STEPS;
    const bool plain = strstr(name, "correlation");
    double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += plain ? values[k * stride] : log(values[k * stride]);
    }
    return plain ? sum / (double)count : exp(sum / (double)count);
}

/* inf beside -inf cannot occur: correlations are finite or nan, all others at least 0. */
static double statistic(const tx_metrics *metrics, tx_metric_statistic kind, double *values, int64_t count)
{
    static const double levels[] = {[TX_METRIC_Q10] = 0.1, [TX_METRIC_Q50] = 0.5, [TX_METRIC_Q90] = 0.9};
    if (kind == TX_METRIC_MEAN) {
        const double sum = tx_metric_sum(values, count);
        return (sum > metrics->range.huge ? INFINITY : sum) / (double)count;
    }
    return tx_metric_quantile(values, count, levels[kind]);
}

void tx_metrics_summarise(const tx_metrics *metrics, int64_t num_samples, const double *quantities, double *scratch, double *out)
{
    for (int k = 0; k < metrics->num_columns; k++) {
        const column *column = &metrics->columns[k];
        for (int64_t sample = 0; sample < num_samples; sample++) {
            scratch[sample] = quantities[sample * metrics->num_quantities + column->quantity];
        }
        out[k] = statistic(metrics, column->statistic, scratch, num_samples);
    }
}
