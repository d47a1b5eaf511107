/* The table of quantities and how a name is read. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "metric/quantity.h"

#define SPATIAL(mode_, power_, root_) .evaluate = tx_metric_spatial, .mode = mode_, .power = power_, .root = root_
#define FOURIER(mode_, power_, root_)                                                                                              \
    .evaluate = tx_metric_fourier, .mode = mode_, .power = power_, .root = root_, .spectral = true, .band = true
#define H1(mode_, power_, root_) .evaluate = tx_metric_h1, .mode = mode_, .power = power_, .root = root_, .spectral = true

const tx_metric_class tx_metric_classes[] = {
    {.name = "MAE", SPATIAL(TX_METRIC_ABSOLUTE, 1, false)},
    {.name = "nMAE", SPATIAL(TX_METRIC_NORMALISED, 1, false)},
    {.name = "sMAE", SPATIAL(TX_METRIC_SYMMETRIC, 1, false)},
    {.name = "MSE", SPATIAL(TX_METRIC_ABSOLUTE, 2, false)},
    {.name = "nMSE", SPATIAL(TX_METRIC_NORMALISED, 2, false)},
    {.name = "sMSE", SPATIAL(TX_METRIC_SYMMETRIC, 2, false)},
    {.name = "RMSE", SPATIAL(TX_METRIC_ABSOLUTE, 2, true)},
    {.name = "nRMSE", SPATIAL(TX_METRIC_NORMALISED, 2, true)},
    {.name = "sRMSE", SPATIAL(TX_METRIC_SYMMETRIC, 2, true)},
    {.name = "fourier_MAE", FOURIER(TX_METRIC_ABSOLUTE, 1, false)},
    {.name = "fourier_nMAE", FOURIER(TX_METRIC_NORMALISED, 1, false)},
    {.name = "fourier_MSE", FOURIER(TX_METRIC_ABSOLUTE, 2, false)},
    {.name = "fourier_nMSE", FOURIER(TX_METRIC_NORMALISED, 2, false)},
    {.name = "fourier_RMSE", FOURIER(TX_METRIC_ABSOLUTE, 2, true)},
    {.name = "fourier_nRMSE", FOURIER(TX_METRIC_NORMALISED, 2, true)},
    {.name = "H1_MAE", H1(TX_METRIC_ABSOLUTE, 1, false)},
    {.name = "H1_nMAE", H1(TX_METRIC_NORMALISED, 1, false)},
    {.name = "H1_MSE", H1(TX_METRIC_ABSOLUTE, 2, false)},
    {.name = "H1_nMSE", H1(TX_METRIC_NORMALISED, 2, false)},
    {.name = "H1_RMSE", H1(TX_METRIC_ABSOLUTE, 2, true)},
    {.name = "H1_nRMSE", H1(TX_METRIC_NORMALISED, 2, true)},
    {.name = "correlation", .evaluate = tx_metric_correlation, .channel_mean = true},
    {.name = "vrmse", .evaluate = tx_metric_vrmse, .channel_mean = true, .alone = true},
    {0},
};

static const char *const statistics[] = {"mean_", "q10_", "q50_", "q90_"};
enum { NUM_STATISTICS = 4, NAME_SIZE = 32, MAX_CLASSES = 32 };

static bool find(const char *name, size_t length, tx_metric_statistic *statistic, const tx_metric_class **out)
{
    for (const tx_metric_class *class = tx_metric_classes; class->name; class ++) {
        for (int k = 0; k < (class->alone ? 1 : NUM_STATISTICS); k++) {
            const char *prefix = class->alone ? "" : statistics[k];
            const size_t skip = strlen(prefix), rest = strlen(class->name);
            if (length == skip + rest && !strncmp(name, prefix, skip) && !strncmp(name + skip, class->name, rest)) {
                *statistic = (tx_metric_statistic)k;
                *out = class;
                return true;
            }
        }
    }
    return false;
}

/* Lists what there is. */
static tx_status unlike_any(const char *name, tx_error *error)
{
    char list[512] = "";
    size_t used = 0;
    for (const tx_metric_class *class = tx_metric_classes; class->name && used < sizeof list; class ++) {
        if (!class->alone) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s%s", used ? ", " : "", class->name,
                                     class->band ? ";LOW;HIGH;DERIVATIVE" : "");
        }
    }
    return tx_error_set(error, TX_INVALID, "unknown metric '%s': there are vrmse, and behind mean_, q10_, q50_ or q90_: %s", name,
                        list);
}

static tx_status unknown(const char *name, size_t length, tx_error *error)
{
    char texts[NUM_STATISTICS * MAX_CLASSES][NAME_SIZE], head[64];
    const char *names[NUM_STATISTICS * MAX_CLASSES];
    int count = 0;
    for (const tx_metric_class *class = tx_metric_classes; class->name; class ++) {
        for (int k = 0; k < (class->alone ? 1 : NUM_STATISTICS); k++, count++) {
            snprintf(texts[count], NAME_SIZE, "%s%s", class->alone ? "" : statistics[k], class->name);
            names[count] = texts[count];
        }
    }
    snprintf(head, sizeof head, "%.*s", (int)(length < sizeof head ? length : sizeof head - 1), name);
    const char *nearest = tx_nearest_name(head, names, count);
    return nearest ? tx_error_set(error, TX_INVALID, "unknown metric '%s' (did you mean '%s'?)", head, nearest)
                   : unlike_any(head, error);
}

/* Copies the next ';' field without blanks around it; NULL behind the last. */
static const char *take_field(const char *at, char *out, size_t size)
{
    at += *at == ';';
    size_t length = strcspn(at, ";");
    const char *next = at + length;
    for (; length && (*at == ' ' || *at == '\t'); length--) {
        at++;
    }
    for (; length && (at[length - 1] == ' ' || at[length - 1] == '\t');) {
        length--;
    }
    snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), at);
    return next;
}

static tx_status parse_wavenumber(const char *name, const char *what, const char *text, tx_error *error, int64_t *out)
{
    if (!tx_parse_integer(text, out)) {
        return tx_error_set(error, TX_INVALID, "metric '%s': %s must be an integer, not '%s'", name, what, text);
    }
    if (*out < 0) {
        return tx_error_set(error, TX_INVALID, "metric '%s': %s is a wavenumber, at least 0, not %s", name, what, text);
    }
    return TX_OK;
}

static tx_status parse_band(const char *name, const char *tail, tx_error *error, tx_quantity *quantity)
{
    char low[NAME_SIZE], high[NAME_SIZE], order[NAME_SIZE];
    int fields = 0;
    for (const char *at = tail; (at = strchr(at, ';')); at++) {
        fields++;
    }
    if (fields != 3) {
        return tx_error_set(error, TX_INVALID,
                            "metric '%s': is written %.*s;LOW;HIGH;DERIVATIVE, such as mean_fourier_nRMSE;0;5;0 (wavenumbers, "
                            "inclusive, and the order of a derivative)",
                            name, (int)(tail - name), name);
    }
    take_field(take_field(take_field(tail, low, sizeof low), high, sizeof high), order, sizeof order);
    TX_TRY(parse_wavenumber(name, "LOW", low, error, &quantity->low));
    TX_TRY(parse_wavenumber(name, "HIGH", high, error, &quantity->high));
    if (quantity->low > quantity->high) {
        return tx_error_set(error, TX_INVALID, "metric '%s': LOW is above HIGH, so there is no mode between them", name);
    }
    if (!tx_parse_real(order, &quantity->order) || !isfinite(quantity->order)) {
        return tx_error_set(error, TX_INVALID, "metric '%s': DERIVATIVE must be a real number, not '%s'", name, order);
    }
    return TX_OK;
}

tx_status tx_metric_parse(const char *name, tx_error *error, tx_metric_statistic *statistic, tx_quantity *out)
{
    const size_t length = strcspn(name, ";");
    tx_quantity quantity = {.low = 0, .high = INT64_MAX, .order = 1};
    if (!find(name, length, statistic, &quantity.class_)) {
        return unknown(name, length, error);
    }
    if (quantity.class_->band) {
        TX_TRY(parse_band(name, name + length, error, &quantity));
    } else if (name[length]) {
        return tx_error_set(error, TX_INVALID, "metric '%s': %.*s takes no ;LOW;HIGH;DERIVATIVE", name, (int)length, name);
    }
    *out = quantity;
    return TX_OK;
}

bool tx_metric_same(const tx_quantity *a, const tx_quantity *b)
{
    return a->class_ == b->class_ && a->low == b->low && a->high == b->high && a->order == b->order;
}
