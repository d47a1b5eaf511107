/* The table of quantities and how a name is read. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/memory.h"
#include "base/name.h"
#include "base/number.h"
#include "metric/quantity.h"

/* What is written around a name, as options: for help alone. */
#define STATISTIC                                                                                                                  \
    {                                                                                                                              \
        .name = "STATISTIC", .type = TX_TYPE_WORD, .initial = "mean", .words = "mean q10 q50 q90",                                 \
        .text = "over the samples; stands first in the name, as in q90_nRMSE"                                                      \
    }
static const tx_option plain_options[] = {STATISTIC, {0}};
static const tx_option band_options[] = {
    STATISTIC,
    {.name = "LOW",
     .type = TX_TYPE_INTEGER,
     .text = "smallest wavenumber, inclusive; behind the name, as in mean_fourier_nRMSE;0;5;0"},
    {.name = "HIGH", .type = TX_TYPE_INTEGER, .text = "largest wavenumber, inclusive"},
    {.name = "DERIVATIVE",
     .type = TX_TYPE_REAL,
     .text = "its order; errors of the derivatives along all axes are added, also of order 0"},
    {0},
};

#define METRIC(name_, text_)                                                                                                       \
    .name = name_, .component.kind = TX_KIND_METRIC, .component.name = "mean_" name_, .component.summary = text_
#define SPATIAL(scaling_, power_, root_)                                                                                           \
    .component.options = plain_options, .evaluate = tx_metric_spatial, .scaling = scaling_, .power = power_, .root = root_
#define FOURIER(scaling_, power_, root_)                                                                                           \
    .component.options = band_options, .evaluate = tx_metric_fourier, .scaling = scaling_, .power = power_, .root = root_,         \
    .spectral = true, .band = true
#define H1(scaling_, power_, root_)                                                                                                \
    .component.options = plain_options, .evaluate = tx_metric_h1, .scaling = scaling_, .power = power_, .root = root_,             \
    .spectral = true

const tx_metric_class tx_metric_classes[] = {
    {METRIC("MAE", "mean |d|, d = prediction - reference"), SPATIAL(TX_METRIC_ABSOLUTE, 1, false)},
    {METRIC("nMAE", "mean |d| / mean |reference|"), SPATIAL(TX_METRIC_NORMALISED, 1, false)},
    {METRIC("sMAE", "2 mean |d| / (mean |prediction| + mean |reference|)"), SPATIAL(TX_METRIC_SYMMETRIC, 1, false)},
    {METRIC("MSE", "mean d^2, d = prediction - reference"), SPATIAL(TX_METRIC_ABSOLUTE, 2, false)},
    {METRIC("nMSE", "mean d^2 / mean reference^2"), SPATIAL(TX_METRIC_NORMALISED, 2, false)},
    {METRIC("sMSE", "2 mean d^2 / (mean prediction^2 + mean reference^2)"), SPATIAL(TX_METRIC_SYMMETRIC, 2, false)},
    {METRIC("RMSE", "sqrt(mean d^2), d = prediction - reference"), SPATIAL(TX_METRIC_ABSOLUTE, 2, true)},
    {METRIC("nRMSE", "sqrt(mean d^2 / mean reference^2)"), SPATIAL(TX_METRIC_NORMALISED, 2, true)},
    {METRIC("sRMSE", "2 rms d / (rms prediction + rms reference)"), SPATIAL(TX_METRIC_SYMMETRIC, 2, true)},
    {METRIC("fourier_MAE", "as mean_MAE, of the modes from LOW to HIGH, differentiated"), FOURIER(TX_METRIC_ABSOLUTE, 1, false)},
    {METRIC("fourier_nMAE", "as mean_nMAE, of the modes from LOW to HIGH, differentiated"),
     FOURIER(TX_METRIC_NORMALISED, 1, false)},
    {METRIC("fourier_MSE", "as mean_MSE, of the modes from LOW to HIGH, differentiated"), FOURIER(TX_METRIC_ABSOLUTE, 2, false)},
    {METRIC("fourier_nMSE", "as mean_nMSE, of the modes from LOW to HIGH, differentiated"),
     FOURIER(TX_METRIC_NORMALISED, 2, false)},
    {METRIC("fourier_RMSE", "as mean_RMSE, of the modes from LOW to HIGH, differentiated"), FOURIER(TX_METRIC_ABSOLUTE, 2, true)},
    {METRIC("fourier_nRMSE", "as mean_nRMSE, of the modes from LOW to HIGH, differentiated"),
     FOURIER(TX_METRIC_NORMALISED, 2, true)},
    {METRIC("H1_MAE", "as mean_MAE, of all modes, plus that of the first derivative"), H1(TX_METRIC_ABSOLUTE, 1, false)},
    {METRIC("H1_nMAE", "as mean_nMAE, of all modes, plus that of the first derivative"), H1(TX_METRIC_NORMALISED, 1, false)},
    {METRIC("H1_MSE", "as mean_MSE, of all modes, plus that of the first derivative"), H1(TX_METRIC_ABSOLUTE, 2, false)},
    {METRIC("H1_nMSE", "as mean_nMSE, of all modes, plus that of the first derivative"), H1(TX_METRIC_NORMALISED, 2, false)},
    {METRIC("H1_RMSE", "as mean_RMSE, of all modes, plus that of the first derivative"), H1(TX_METRIC_ABSOLUTE, 2, true)},
    {METRIC("H1_nRMSE", "as mean_nRMSE, of all modes, plus that of the first derivative"), H1(TX_METRIC_NORMALISED, 2, true)},
    {METRIC("correlation", "inner product of prediction and reference, each divided by its norm"),
     .component.options = plain_options, .evaluate = tx_metric_correlation, .channel_mean = true},
    {.name = "vrmse",
     .component = {.kind = TX_KIND_METRIC,
                   .name = "vrmse",
                   .summary = "The Well's: sqrt(mean d^2 / (var reference + 1e-7)), mean over samples and channels"},
     .evaluate = tx_metric_vrmse,
     .channel_mean = true,
     .alone = true},
    {0},
};

static const char *const statistics[] = {"mean_", "q10_", "q50_", "q90_"};
enum { NUM_STATISTICS = 4, NAME_SIZE = 40, NUM_CLASSES = sizeof tx_metric_classes / sizeof *tx_metric_classes - 1 };

const tx_component *tx_metric_component(int index)
{
    return index < NUM_CLASSES ? &tx_metric_classes[index].component : NULL;
}

tx_short_form tx_metric_form(int index)
{
    static const tx_short_form forms[] = {
        {"q10_X, q50_X, q90_X", "for each mean_X: its quantile over the samples"},
        {"mean_fourier_X;LOW;HIGH;DERIVATIVE", "such as mean_fourier_nRMSE;0;5;0"},
        {0},
    };
    return forms[index];
}

typedef struct metric_name {
    char text[NAME_SIZE];
} metric_name;

static metric_name spell(const tx_metric_class *class, tx_metric_statistic statistic)
{
    metric_name name;
    snprintf(name.text, sizeof name.text, "%s%s", class->alone ? "" : statistics[statistic], class->name);
    return name;
}

/* What stands before the first semicolon; of a longer text the beginning. */
static metric_name head_of(const char *name)
{
    metric_name head;
    snprintf(head.text, sizeof head.text, "%.*s", (int)strcspn(name, ";"), name);
    return head;
}

static bool find(const char *head, tx_metric_statistic *statistic, const tx_metric_class **out)
{
    for (const tx_metric_class *class = tx_metric_classes; class->name; class ++) {
        for (int k = 0; k < (class->alone ? 1 : NUM_STATISTICS); k++) {
            if (tx_same_name(head, spell(class, (tx_metric_statistic)k).text, "")) {
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

/* A name with no statistic or with two: the class behind them, under the first. */
static const tx_metric_class *find_behind(const char *head, tx_metric_statistic *statistic)
{
    const tx_metric_class *class = tx_metric_classes;
    int first = -1;
    for (int k = 0; k < NUM_STATISTICS; k++) {
        if (!strncmp(head, statistics[k], strlen(statistics[k]))) {
            first = first < 0 ? k : first;
            head += strlen(statistics[k]);
            k = -1;
        }
    }
    *statistic = first < 0 ? TX_METRIC_MEAN : (tx_metric_statistic)first;
    while (class->name && !tx_same_name(head, class->name, "")) {
        class ++;
    }
    return class->name ? class : NULL;
}

static tx_status unknown(const char *head, tx_error *error)
{
    metric_name texts[NUM_STATISTICS * NUM_CLASSES];
    const char *names[NUM_STATISTICS * NUM_CLASSES];
    tx_metric_statistic statistic;
    const tx_metric_class *meant = find_behind(head, &statistic);
    int count = 0;
    for (const tx_metric_class *class = tx_metric_classes; class->name; class ++) {
        for (int k = 0; k < (class->alone ? 1 : NUM_STATISTICS); k++, count++) {
            texts[count] = spell(class, (tx_metric_statistic)k);
            names[count] = texts[count].text;
        }
    }
    texts[0] = meant ? spell(meant, statistic) : texts[0];
    const char *nearest = meant ? texts[0].text : tx_nearest_name(head, names, count);
    return nearest ? tx_error_set(error, TX_INVALID, "unknown metric '%s' (did you mean '%s'?)", head, nearest)
                   : unlike_any(head, error);
}

/* Copies the next ';' field without blanks around it, one that is too long so that it is no number; NULL behind the last. */
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
    const bool fits = length < size;
    snprintf(out, size, "%.*s%s", (int)(fits ? length : size - sizeof "…"), at, fits ? "" : "…");
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
    const metric_name head = head_of(name);
    tx_quantity quantity = {.low = 0, .high = INT64_MAX, .order = 1};
    if (!find(head.text, statistic, &quantity.class_)) {
        return unknown(head.text, error);
    }
    if (quantity.class_->band) {
        TX_TRY(parse_band(name, name + length, error, &quantity));
    } else if (name[length]) {
        return tx_error_set(error, TX_INVALID, "metric '%s': %.*s takes no ;LOW;HIGH;DERIVATIVE", name, (int)length, name);
    }
    *out = quantity;
    return TX_OK;
}

tx_status tx_metric_describe(const char *name, size_t size, char *section, tx_error *error)
{
    tx_metric_statistic statistic;
    tx_quantity quantity;
    char band[96] = "";
    TX_TRY(tx_metric_parse(name, error, &statistic, &quantity));
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): parsed */
    if (quantity.class_->band) {
        tx_format(band, sizeof band, ", LOW: %lld, HIGH: %lld, DERIVATIVE: %g", (long long)quantity.low, (long long)quantity.high,
                  quantity.order);
    }
    const bool alone = quantity.class_->alone;
    snprintf(section, size, "{type: %s%s%.*s%s}", quantity.class_->component.name,
             alone ? "" : ", STATISTIC: ", alone ? 0 : (int)strcspn(statistics[statistic], "_"), statistics[statistic], band);
    return TX_OK;
}

tx_status tx_metric_spell(const char *name, tx_metric_statistic statistic, const tx_metric_class *class, tx_error *error,
                          char **out)
{
    const char *band = strchr(name, ';') ? strchr(name, ';') : "";
    const size_t size = NAME_SIZE + strlen(band) + 1;
    TX_TRY(tx_allocate(size, error, out));
    snprintf(*out, size, "%s%s", spell(class, statistic).text, band);
    return TX_OK;
}

bool tx_metric_same(const tx_quantity *a, const tx_quantity *b)
{
    return a->class_ == b->class_ && a->low == b->low && a->high == b->high && a->order == b->order;
}
