/* The Euclidean norm of all parameters together: sqrt(sum w^2). */
#include <math.h>

#include "base/memory.h"
#include "callback/options.h"

static double sum_square_float(const float *w, int64_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) {
        sum += (double)w[i] * (double)w[i];
    }
    return sum;
}

static double sum_square_double(const double *w, int64_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) {
        sum += w[i] * w[i];
    }
    return sum;
}

double tx_sum_of_squares(tx_precision precision, const void *values, int64_t count)
{
    return precision == TX_FLOAT32 ? sum_square_float(values, count) : sum_square_double(values, count);
}

static tx_status create(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    (void)setup;
    bool *squared;
    TX_TRY(tx_allocate(sizeof *squared, error, &squared));
    *squared = tx_get_boolean(callback->section, "squared");
    callback->state = squared;
    return TX_OK;
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    (void)error;
    const double square = tx_sum_of_squares(seen->precision, seen->parameters, seen->network->num_parameters);
    tx_cell_set(cells, 0, *(const bool *)callback->state ? square : sqrt(square));
    return TX_OK;
}

static const tx_option options[] = {TX_OPTION_SQUARED, {0}};
static const tx_callback_class class_ = {.create = create, .observe = observe, .column = "weight_norm"};
const tx_component tx_callback_weight_norm = {
    .kind = TX_KIND_CALLBACK,
    .name = "weight_norm",
    .summary = "Euclidean norm of the network's parameters",
    .options = options,
    .implementation = &class_,
};
