/* Losses that are a norm, scaled by the number of entries: rmse = (mean d^2)^(1/2), lp = (mean |d|^p)^(1/p). */
#include <math.h>

#include "loss/options.h"
#include "loss/weights.h"

static tx_node norm(tx_graph *graph, tx_node prediction, tx_node target, double p)
{
    return tx_power(graph, tx_loss_mean_power(graph, prediction, target, p), 1 / p);
}

static tx_node rmse(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    return (void)section, norm(graph, prediction, target, 2);
}

static tx_node lp(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    return norm(graph, prediction, target, tx_get_real(section, "p"));
}

static double two(const tx_section *section)
{
    return (void)section, 2;
}

static double exponent(const tx_section *section)
{
    return tx_get_real(section, "p");
}

static const tx_option rmse_options[] = {TX_LOSS_OPTIONS, TX_LOSS_WEIGHTS, {.name = NULL}};
static const tx_option lp_options[] = {
    TX_LOSS_OPTIONS,
    TX_LOSS_WEIGHTS,
    {.name = "p",
     .type = TX_TYPE_REAL,
     .initial = "2.0",
     .unit = "",
     .text = "exponent of the norm",
     .minimum = 0,
     .above_minimum = true},
    {.name = NULL},
};

static const tx_loss_class rmse_class = {.apply = rmse, .exponent = two}, lp_class = {.apply = lp, .exponent = exponent};
const tx_component tx_loss_rmse = {.kind = TX_KIND_LOSS,
                                   .name = "rmse",
                                   .summary = "root of the mean squared error over channels and points",
                                   .options = rmse_options,
                                   .implementation = &rmse_class};
const tx_component tx_loss_lp = {.kind = TX_KIND_LOSS,
                                 .name = "lp",
                                 .summary = "p-norm of the difference, scaled by the number of entries",
                                 .options = lp_options,
                                 .implementation = &lp_class};
