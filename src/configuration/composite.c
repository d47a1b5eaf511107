/* A weighted sum of configurations on the same windows. Their common parts are computed once: equal nodes merge. */
#include "configuration/options.h"

static int children(const tx_section *section, const tx_section *const **out)
{
    return tx_get_sections(section, "configurations", out);
}

static double weight(const tx_section *section, const tx_section *child, int k)
{
    const double *weights;
    return tx_get_reals(section, "weights", &weights) ? weights[k] : tx_get_real(child, "weight");
}

static tx_status check_weights(const tx_section *section, const tx_section *const *child, int count, tx_error *error)
{
    const double *weights;
    const int given = tx_get_reals(section, "weights", &weights);
    if (tx_has(section, "weights") && given != count) {
        return tx_section_error(section, "weights", error, TX_INVALID, "%d given, but a composite of %d needs as many", given,
                                count);
    }
    for (int k = 0; given && k < count; k++) {
        if (tx_given(child[k], "weight") && tx_get_real(child[k], "weight") != 1) {
            return tx_section_error(child[k], "weight", error, TX_INVALID, "stands in `weights` beside the list too");
        }
    }
    return TX_OK;
}

static tx_status check(const tx_section *section, tx_error *error)
{
    const tx_section *const *child;
    const int count = children(section, &child);
    if (count == 0) {
        return tx_section_error(section, "configurations", error, TX_INVALID, "the list is empty");
    }
    TX_TRY(check_weights(section, child, count, error));
    for (int k = 0; k < count; k++) {
        TX_TRY(tx_configuration_check(child[k], error));
    }
    return TX_OK;
}

static int most(const tx_section *section, int (*of)(const tx_section *))
{
    const tx_section *const *child;
    const int count = children(section, &child);
    int result = 0;
    for (int k = 0; k < count; k++) {
        const int value = of(child[k]);
        result = value > result ? value : result;
    }
    return result;
}

static int window_length(const tx_section *section)
{
    return most(section, tx_configuration_window_length);
}
static int levels_read(const tx_section *section)
{
    return most(section, tx_configuration_levels_read);
}

static unsigned needs(const tx_section *section)
{
    const tx_section *const *child;
    const int count = children(section, &child);
    unsigned all = 0;
    for (int k = 0; k < count; k++) {
        all |= tx_configuration_needs(child[k]);
    }
    return all;
}

static int64_t rollout(const tx_section *section, int64_t step, int64_t *until)
{
    const tx_section *const *child;
    const int count = children(section, &child);
    int64_t sum = 0;
    for (int k = 0; k < count; k++) {
        sum += tx_configuration_rollout(child[k], step, until);
    }
    return sum;
}

static void build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms)
{
    const tx_section *const *child;
    const int count = children(parts->section, &child);
    for (int k = 0; k < count; k++) {
        tx_configuration_parts part = *parts;
        part.section = child[k];
        part.loss = tx_configuration_time_level_loss(child[k]);
        tx_terms summand = tx_terms_begin(terms, &part, weight(parts->section, child[k], k));
        tx_configuration_build(&part, graph, &summand);
        tx_terms_end(terms, graph, &summand);
    }
}

static const tx_configuration_class composite = {
    .check = check, .window_length = window_length, .levels_read = levels_read, .needs = needs, .build = build, .rollout = rollout};

static const tx_option each[] = {
    {.name = "weight", .type = TX_TYPE_REAL, .initial = "1", .unit = "", .text = "factor of this configuration in the sum"},
    {.name = NULL},
};

static const tx_option options[] = {
    {.name = "configurations",
     .type = TX_TYPE_SECTIONS,
     .unit = "",
     .text = "the summands, each with a weight",
     .kind = TX_KIND_CONFIGURATION,
     .each = each},
    {.name = "weights",
     .type = TX_TYPE_REALS,
     .initial = "null",
     .unit = "",
     .text = "one factor a configuration, instead of a weight in each"},
    {.name = NULL},
};

const tx_component tx_configuration_composite = {.kind = TX_KIND_CONFIGURATION,
                                                 .name = "composite",
                                                 .summary = "a weighted sum of configurations",
                                                 .options = options,
                                                 .implementation = &composite};
