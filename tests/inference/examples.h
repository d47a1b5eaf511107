/* Networks that the tests here open, in files: put where network_path says. */
#pragma once

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/real.h"
#include "data/beside.h"
#include "problem/network_file.h"
#include "suite.h"
#include "trainax/trainax.h"

enum { STATES = 7, MOST = 1024 };

typedef struct example {
    tx_precision precision;
    tx_shape state;
    const char *network;
} example;

static const example examples[] = {
    {TX_FLOAT32, {1, 1, {160}}, "{type: conv_net, hidden_channels: 34, depth: 10, key: 0}"},
    {TX_FLOAT32, {3, 0, {0}}, "{type: mlp, num_spatial_dims: 0, width_size: 60, depth: 6, activation: tanh, key: 1}"},
    {TX_FLOAT64, {2, 1, {24}}, "{type: modern_u_net, hidden_channels: 5, num_levels: 2, activation: gelu, key: 2}"},
    {TX_FLOAT32, {2, 2, {12, 8}}, "{type: classic_u_net, hidden_channels: 5, num_levels: 2, boundary_mode: neumann, key: 3}"},
    {TX_FLOAT64, {1, 2, {8, 9}}, "{type: classic_fno, hidden_channels: 3, num_modes: [3, 4], num_blocks: 2, key: 4}"},
    {TX_FLOAT32, {1, 1, {320}}, "{type: classic_fno, hidden_channels: 2, num_modes: 120, num_blocks: 1, key: 4}"}, /* by FFTW */
    {TX_FLOAT64, {2, 3, {4, 5, 6}}, "{type: dilated_res_net, hidden_channels: 4, dilation_rates: [1, 2], key: 5}"},
    {TX_FLOAT32, {2, 1, {20}}, "{type: mlp, num_points: 20, width_size: 11, depth: 2, key: 6}"},
};
enum { NUM_EXAMPLES = sizeof examples / sizeof *examples };

static tx_registry *registry;
static char network_path[64];
static const double *normalization; /* of the data, in what is put next: means, then what was divided by; NULL: none */

static size_t numbers_of(const example *e)
{
    return (size_t)(e->state.channels * tx_shape_points(&e->state));
}

static void check(tx_status status, const tx_error *error)
{
    CU_ASSERT_EQUAL(status, TX_OK);
    if (status != TX_OK) {
        printf("\n%s\n", error->message);
    }
}

static void put_network(const example *e)
{
    const tx_random random = {.precision = e->precision};
    tx_error error = {0};
    tx_config *section;
    tx_network *network;
    tx_file *file;
    void *parameters;
    check(tx_section_read(registry, TX_KIND_NETWORK, "net.yaml", e->network, &error, &section), &error);
    check(tx_network_create(tx_config_root(section), e->state, &error, &network), &error);
    check(tx_allocate_array((size_t)network->num_parameters, 8, &error, &parameters), &error);
    check(tx_network_initialise(network, random, parameters, &error), &error);
    check(tx_file_create(&error, &file), &error);
    check(tx_network_file_put(file, network, e->precision, parameters, &error), &error);
    if (normalization) {
        const tx_normalization units = {
            .channels = e->state.channels, .mean = (double *)normalization, .std = (double *)normalization + e->state.channels};
        check(tx_normalization_write(&units, file, &error), &error);
    }
    check(tx_file_save(file, network_path, NULL, &error), &error);
    tx_file_close(file);
    tx_free(parameters);
    tx_network_destroy(network);
    tx_config_destroy(section);
}

static void fill(const example *e, int count, void *states)
{
    for (size_t k = 0; k < (size_t)count * numbers_of(e); k++) {
        const double value = sin(1.7 * (double)k) + 0.3 * cos(0.11 * (double)(k * k));
        if (e->precision == TX_FLOAT32) {
            ((float *)states)[k] = (float)value;
        } else {
            ((double *)states)[k] = value;
        }
    }
}
