/* Constants of a network: from the data, into files, out of them. */
#include "problem/constants.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "base/real.h"
#include "data/statistics.h"

static const char group[] = "/constants";
enum { PATH_SIZE = TX_LEAF_NAME + 16 };

static void path_of(const tx_network_constant *constant, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s/%s", group, constant->name);
}

static void round_all(tx_network_whole *whole, tx_precision precision)
{
    for (int k = 0; k < whole->num_constants; k++) {
        tx_statistics_round(precision, -(double)INFINITY, whole->constants[k].count, whole->constants[k].values);
    }
}

/* ---- From the data ---- */

/* Of the whole network's conditions, over all trajectories and, of fields, over points; on every rank alike. */
static void measure_condition(const tx_network_whole *whole, const tx_dataset *dataset, int k, tx_channel_statistics *out)
{
    const int64_t points = k < whole->num_scalars ? 1 : tx_shape_points(&whole->state),
                  trajectories = dataset->shape.num_trajectories;
    const long double count = (long double)(points * trajectories);
    long double sum = 0, squares = 0, deviations = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t j = 0; j < points * trajectories; j++) {
            const void *row = tx_beside_of(&dataset->beside, j / points);
            const long double x = tx_real_get(dataset->precision, row, whole->conditions[k] + j % points);
            sum += pass ? 0 : x;
            squares += pass ? 0 : x * x;
            deviations += pass ? (x - sum / count) * (x - sum / count) : 0;
        }
    }
    *out = (tx_channel_statistics){
        .mean = (double)(sum / count), .std = (double)sqrtl(deviations / count), .rms = (double)sqrtl(squares / count)};
}

static bool is_of_data(const tx_network_constant *constant)
{
    return constant->statistic != TX_GIVEN;
}

bool tx_constants_follow_data(const tx_network *network)
{
    bool any = false;
    for (int k = 0; k < network->whole->num_constants; k++) {
        any = any || is_of_data(&network->whole->constants[k]);
    }
    return any;
}

static double number_of(const tx_channel_statistics *channel, tx_statistic statistic)
{
    const double numbers[] = {[TX_GIVEN] = 1,          [TX_MEAN] = channel->mean,           [TX_STD] = channel->std,
                              [TX_RMS] = channel->rms, [TX_STD_DELTA] = channel->std_delta, [TX_RMS_DELTA] = channel->rms_delta};
    return numbers[statistic];
}

/* Its unit, which comes before it, is there and not rounded yet. */
static void take(const tx_network_whole *whole, const tx_dataset *dataset, const tx_channel_statistics *channels,
                 tx_network_constant *constant)
{
    const double *unit = constant->unit < 0 ? NULL : whole->constants[constant->unit].values;
    for (int64_t k = 0; is_of_data(constant) && k < constant->count; k++) {
        tx_channel_statistics condition;
        if (constant->of_conditions) {
            measure_condition(whole, dataset, (int)k, &condition);
        }
        const double number = number_of(constant->of_conditions ? &condition : &channels[k], constant->statistic);
        constant->values[k] = (number < constant->least ? constant->least : number) / (unit ? unit[k] : 1);
    }
}

static bool is_empty(const tx_network *network, tx_precision precision, const void *row)
{
    const int64_t mask = network->whole->mask, points = tx_shape_points(&network->whole->state);
    int64_t k = 0;
    while (k < points && tx_real_get(precision, row, mask + k) == 0) {
        k++;
    }
    return k == points;
}

tx_status tx_mask_check(const tx_network *network, const tx_beside *beside, tx_precision precision, int64_t trajectories,
                        tx_error *error)
{
    const tx_network *masked = network;
    while (masked && strcmp(tx_section_name(masked->section), "masked") != 0) {
        masked = masked->inner;
    }
    for (int64_t k = 0; masked && k < trajectories; k++) {
        if (is_empty(network, precision, tx_beside_of(beside, k))) {
            return tx_section_error(masked->section, "field", error, TX_BAD_DATA,
                                    "'%s' of trajectory %lld (counted from 0) is 0 at all points",
                                    tx_get_string(masked->section, "field"), (long long)k);
        }
    }
    return TX_OK;
}

tx_status tx_constants_measure(tx_parallel *parallel, const tx_network *network, const tx_dataset *dataset, tx_error *error)
{
    tx_network_whole *whole = network->whole;
    tx_channel_statistics *channels;
    int64_t partial = dataset->partial;
    TX_TRY(tx_parallel_max(parallel, &partial, 1, error));
    if (partial) {
        return TX_OK; /* nothing will be trained on them */
    }
    whole->measured = true;
    TX_TRY(tx_mask_check(network, &dataset->beside, dataset->precision, dataset->shape.num_trajectories, error));
    if (tx_constants_follow_data(network)) {
        const tx_status mine = tx_allocate_array((size_t)whole->state.channels, sizeof *channels, error, &channels);
        tx_status status = tx_parallel_agree(parallel, mine, error);
        status = status ? status : tx_dataset_statistics(parallel, dataset, whole->mask, error, channels);
        for (int k = 0; status == TX_OK && k < whole->num_constants; k++) {
            take(whole, dataset, channels, &whole->constants[k]);
        }
        tx_free(mine ? NULL : channels);
        TX_TRY(status);
    }
    round_all(whole, dataset->precision);
    return TX_OK;
}

/* ---- Files ---- */

tx_status tx_constants_put(tx_file *file, const tx_network *network, tx_precision precision, tx_error *error)
{
    const bool known = network->whole->measured || !tx_constants_follow_data(network);
    for (int k = 0; known && k < network->whole->num_constants; k++) {
        const tx_network_constant *constant = &network->whole->constants[k];
        char path[PATH_SIZE];
        void *reals;
        path_of(constant, path);
        TX_TRY(tx_allocate_array((size_t)constant->count, tx_real_bytes(precision), error, &reals));
        for (int64_t j = 0; j < constant->count; j++) {
            tx_real_put(precision, reals, (size_t)j, constant->values[j]);
        }
        const tx_status status = tx_file_write_reals(file, path, 1, &constant->count, precision, reals, error);
        tx_free(reals);
        TX_TRY(status);
    }
    return TX_OK;
}

static bool has(const tx_file *file, const tx_network_constant *constant)
{
    char path[PATH_SIZE];
    tx_array_shape shape;
    path_of(constant, path);
    return tx_file_has(file, group) && tx_file_has(file, path) && tx_file_shape(file, path, NULL, &shape) == TX_OK &&
           shape.rank == 1 && shape.size[0] == constant->count;
}

static const tx_network_constant *first_missing(const tx_file *file, const tx_network *network)
{
    for (int k = 0; k < network->whole->num_constants; k++) {
        const tx_network_constant *constant = &network->whole->constants[k];
        if (is_of_data(constant) && !has(file, constant)) {
            return constant;
        }
    }
    return NULL;
}

bool tx_constants_in(const tx_file *file, const tx_network *network)
{
    return !first_missing(file, network);
}

static tx_status get(const tx_file *file, tx_network_constant *constant, tx_precision precision, tx_error *error)
{
    char path[PATH_SIZE];
    path_of(constant, path);
    TX_TRY(tx_file_read_reals(file, path, 1, &constant->count, TX_FLOAT64, constant->values, error));
    return tx_all_finite(TX_FLOAT64, constant->values, constant->count)
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "%s: the constant %s holds numbers that are not finite%s", tx_file_path(file),
                              constant->name, precision == TX_FLOAT32 ? " in float32" : "");
}

tx_status tx_constants_read(const tx_file *file, const tx_network *network, tx_precision precision, tx_error *error)
{
    tx_network_whole *whole = network->whole;
    const tx_network_constant *missing = first_missing(file, network);
    if (missing) {
        return tx_error_set(error, TX_BAD_DATA, "%s: the network has no constant %s of %lld numbers in /constants",
                            tx_file_path(file), missing->name, (long long)missing->count);
    }
    for (int k = 0; k < whole->num_constants; k++) {
        TX_TRY(is_of_data(&whole->constants[k]) ? get(file, &whole->constants[k], precision, error) : TX_OK);
    }
    round_all(whole, precision);
    whole->measured = true;
    return TX_OK;
}

void tx_constants_copy(const tx_network *from, const tx_network *to)
{
    for (int k = 0; k < to->whole->num_constants; k++) {
        const tx_network_constant *constant = &from->whole->constants[k];
        memcpy(to->whole->constants[k].values, constant->values, (size_t)constant->count * sizeof *constant->values);
    }
}

tx_status tx_constants_share(tx_parallel *parallel, const tx_network *network, tx_error *error)
{
    for (int k = 0; k < network->whole->num_constants; k++) {
        const tx_network_constant *constant = &network->whole->constants[k];
        TX_TRY(tx_parallel_broadcast(parallel, constant->values, (size_t)constant->count * sizeof *constant->values, error));
    }
    return TX_OK;
}
