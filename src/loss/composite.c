/* A weighted sum of losses, sample by sample; its own batch_reduction then makes one number of the samples. */
#include "loss/options.h"

static int children(const tx_section *section, const tx_section *const **out)
{
    return tx_get_sections(section, "losses", out);
}

static tx_status check(const tx_section *section, tx_error *error)
{
    const tx_section *const *child;
    const int count = children(section, &child);
    if (count == 0) {
        return tx_section_error(section, "losses", error, TX_INVALID, "the list is empty");
    }
    for (int k = 0; k < count; k++) {
        TX_TRY(tx_loss_check(child[k], error));
    }
    return TX_OK;
}

static tx_node apply(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    const tx_section *const *child;
    const int count = children(section, &child);
    tx_node sum = -1;
    for (int k = 0; k < count; k++) {
        const tx_node term =
            tx_scale(graph, tx_loss_of_sample(child[k], graph, prediction, target), tx_get_real(child[k], "weight"));
        sum = sum < 0 ? term : tx_add(graph, sum, term);
    }
    return sum;
}

static void residuals(const tx_section *section, tx_graph *graph, double weight, tx_node prediction, tx_node target,
                      tx_residuals *out)
{
    const tx_section *const *child;
    const int count = children(section, &child);
    for (int k = 0; k < count; k++) {
        const double part = tx_get_real(child[k], "weight");
        tx_residuals_check_weight(out, child[k], part);
        tx_loss_residuals_of_sample(child[k], graph, weight * part, prediction, target, out);
    }
}

static bool needs_target(const tx_section *section)
{
    const tx_section *const *child;
    const int count = children(section, &child);
    bool needs = false;
    for (int k = 0; k < count; k++) {
        needs |= tx_loss_needs_target(child[k]);
    }
    return needs;
}

static const tx_option each[] = {
    {.name = "weight", .type = TX_TYPE_REAL, .initial = "1", .unit = "", .text = "factor of this loss in the sum"},
    {.name = NULL},
};
static const tx_option options[] = {
    TX_LOSS_OPTIONS,
    {.name = "losses",
     .type = TX_TYPE_SECTIONS,
     .unit = "",
     .text = "the summands, each with a weight",
     .kind = TX_KIND_LOSS,
     .each = each},
    {.name = NULL},
};

static const tx_loss_class class_ = {.apply = apply, .residuals = residuals, .needs_target = needs_target, .check = check};
const tx_component tx_loss_composite = {.kind = TX_KIND_LOSS,
                                        .name = "composite",
                                        .summary = "a weighted sum of losses",
                                        .options = options,
                                        .implementation = &class_};
