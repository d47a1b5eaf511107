/* Group norm as a layer. */
#include <stdio.h>

#include "base/real.h"
#include "network/block.h"

#define GROUP_NORM_EPS 1e-5 /* Equinox's default, which PDEquinox keeps */

tx_norm tx_norm_of(const tx_block_plan *plan, int64_t channels)
{
    return (tx_norm){.use = tx_block_switch(&plan->factory, "use_norm"),
                     .channels = channels,
                     .groups = tx_block_integer(&plan->factory, "num_groups")};
}

tx_status tx_norm_declare(tx_norm *norm, const tx_block_plan *plan, tx_network *network, const char *prefix, tx_error *error)
{
    char name[TX_LEAF_NAME];
    if (!norm->use) {
        return TX_OK;
    }
    if (norm->channels % norm->groups) {
        return tx_section_error(plan->factory.section, "num_groups", error, TX_INVALID,
                                "%lld channels cannot be divided into %lld equal groups", (long long)norm->channels,
                                (long long)norm->groups);
    }
    snprintf(name, sizeof name, "%sweight", prefix);
    TX_TRY(tx_network_add_leaf(network, name, 1, &norm->channels, error, &norm->weight));
    snprintf(name, sizeof name, "%sbias", prefix);
    return tx_network_add_leaf(network, name, 1, &norm->channels, error, &norm->bias);
}

tx_node tx_norm_apply(const tx_norm *norm, const tx_network *network, tx_graph *graph, tx_node x)
{
    if (!norm->use) {
        return x;
    }
    return tx_group_norm(graph, x, norm->groups, GROUP_NORM_EPS, tx_network_leaf(network, graph, norm->weight),
                         tx_network_leaf(network, graph, norm->bias));
}

static void fill(const tx_network *network, int index, tx_random random, double value, void *values)
{
    const tx_leaf *leaf = &network->leaves[index];
    for (int64_t k = leaf->offset; k < leaf->offset + leaf->size; k++) {
        tx_real_put(random.precision, values, k, value);
    }
}

void tx_norm_initialise(const tx_norm *norm, const tx_network *network, tx_random random, void *values)
{
    if (norm->use) {
        fill(network, norm->weight, random, 1, values);
        fill(network, norm->bias, random, 0, values);
    }
}
