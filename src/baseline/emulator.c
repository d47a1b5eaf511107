/* Baselines as networks: a section made of text, and parameters put in one by one. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "base/text.h"
#include "baseline/baseline.h"

const tx_baseline_class *tx_baseline_class_of(const tx_baseline *baseline)
{
    return tx_section_component(baseline->section)->implementation;
}

static tx_status create(tx_baseline *baseline, const tx_fit *fit, const char *text, tx_error *error)
{
    TX_TRY(tx_section_read(fit->registry, TX_KIND_NETWORK, baseline->name, text, error, &baseline->config));
    TX_TRY(tx_network_create(tx_config_root(baseline->config), fit->state, error, &baseline->network));
    return tx_allocate_array((size_t)baseline->network->num_parameters, tx_real_bytes(fit->precision), error,
                             &baseline->parameters);
}

static tx_status write_states(const tx_shape *state, const char *type, tx_text *text, tx_error *error)
{
    const bool flat = strcmp(type, "mlp") == 0;
    TX_TRY(tx_text_add(text, error, "{type: %s, num_spatial_dims: %d, in_channels: %lld, out_channels: %lld, ", type, state->axes,
                       (long long)state->channels, (long long)state->channels));
    for (int d = 0; d < (flat ? state->axes : 0); d++) {
        TX_TRY(tx_text_add(text, error, "%s%lld%s", d ? ", " : "num_points: [", (long long)state->n[d],
                           d == state->axes - 1 ? "], " : ""));
    }
    return TX_OK;
}

tx_status tx_baseline_make(tx_baseline *baseline, const tx_fit *fit, tx_error *error, const char *type, const char *format, ...)
{
    enum { ROOM = 256 };
    char own[ROOM];
    tx_text text = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(own, sizeof own, format, arguments);
    va_end(arguments);
    tx_status status =
        fit->state.axes ? write_states(&fit->state, type, &text, error) : tx_text_add(&text, error, "{type: %s, ", type);
    status = status ? status : tx_text_add(&text, error, "%s, key: 0}", own);
    status = status ? status : create(baseline, fit, text.data, error);
    tx_free(text.data);
    return status;
}

void tx_baseline_put(tx_baseline *baseline, const tx_fit *fit, int64_t index, double value)
{
    tx_real_put(fit->precision, baseline->parameters, index, value);
}

tx_status tx_baseline_linear(tx_baseline *baseline, const tx_fit *fit, const double *matrix, const double *bias, tx_error *error)
{
    const long long n = fit->state.channels;
    TX_TRY(tx_baseline_make(baseline, fit, error, "linear", "in_features: %lld, out_features: %lld, use_bias: %s", n, n,
                            bias ? "true" : "false"));
    for (int64_t k = 0; matrix && k < n * n; k++) {
        tx_baseline_put(baseline, fit, k, matrix[k]);
    }
    for (int64_t k = 0; bias && k < n; k++) {
        tx_baseline_put(baseline, fit, n * n + k, bias[k]);
    }
    return TX_OK;
}
