/* The interface of time-level losses: dispatch through the component, and the batch reduction that all have. */
#include "trainax/loss.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "loss/weights.h"

static const tx_loss_class *class_of(const tx_section *section)
{
    return tx_section_component(section)->implementation;
}

tx_status tx_loss_check(const tx_section *section, tx_error *error)
{
    return class_of(section)->check ? class_of(section)->check(section, error) : TX_OK;
}

static void weigh(const tx_section *section, tx_graph *graph, tx_node *prediction, tx_node *target)
{
    if (class_of(section)->exponent) {
        tx_loss_weigh(section, graph, class_of(section)->exponent(section), prediction, target);
    }
}

tx_node tx_loss_of_sample(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    weigh(section, graph, &prediction, &target);
    return class_of(section)->apply(section, graph, prediction, target);
}

static bool is_sum(const tx_section *section)
{
    return strcmp(tx_get_word(section, "batch_reduction"), "sum") == 0;
}

/* A program averages over the batch: for a sum, a sample counts as often as there are samples. */
tx_node tx_loss_apply(const tx_section *section, tx_graph *graph, tx_node prediction, tx_node target)
{
    const char *before = tx_enter_part(graph, "loss");
    tx_node loss = tx_loss_of_sample(section, graph, prediction, target);
    if (is_sum(section)) {
        loss = tx_multiply(graph, loss, tx_batch_size(graph));
    }
    tx_enter_part(graph, before);
    return loss;
}

/* ---- As residual rows ---- */

void tx_residuals_add(tx_residuals *residuals, tx_graph *graph, double weight, tx_node node)
{
    const size_t count = (size_t)residuals->count + 1;
    if (tx_reserve(count, sizeof(tx_node), &residuals->capacity, &residuals->error, &residuals->nodes) == TX_OK) {
        residuals->nodes[residuals->count++] = tx_scale(graph, node, sqrt(weight));
    }
}

/* The option by which a section has a weight; NULL: several may be meant. */
static const char *weight_option(const tx_section *section)
{
    static const char *const names[] = {"time_level_weights", "branch_level_weights", "weights", "weight"};
    const char *found = NULL;
    int count = 0;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (tx_knows(section, names[k]) && tx_given(section, names[k])) {
            found = names[k];
            count++;
        }
    }
    return count == 1 ? found : NULL;
}

void tx_residuals_check_weight(tx_residuals *residuals, const tx_section *section, double weight)
{
    if (weight < 0 && !residuals->error.status) {
        tx_section_error(section, weight_option(section), &residuals->error, TX_INVALID,
                         "%s needs a sum of squares; a weight of %g makes none", residuals->asker, weight);
    }
}

void tx_loss_residuals_of_sample(const tx_section *section, tx_graph *graph, double weight, tx_node prediction, tx_node target,
                                 tx_residuals *out)
{
    if (out->error.status) {
        return;
    }
    if (!class_of(section)->residuals) {
        tx_section_error(section, NULL, &out->error, TX_INVALID, "%s needs a sum of squares; %s is none", out->asker,
                         tx_section_name(section));
    } else if (weight > 0) {
        weigh(section, graph, &prediction, &target);
        class_of(section)->residuals(section, graph, weight, prediction, target, out);
    }
}

/* The sum over the batch is divided by its size before squares are taken. */
void tx_loss_residuals(const tx_section *section, tx_graph *graph, double weight, tx_node prediction, tx_node target,
                       tx_residuals *out)
{
    const char *before = tx_enter_part(graph, "loss");
    const int first = out->count;
    tx_loss_residuals_of_sample(section, graph, weight, prediction, target, out);
    for (int k = first; k < out->count && !is_sum(section); k++) {
        out->nodes[k] = tx_multiply(graph, out->nodes[k], tx_power(graph, tx_batch_size(graph), -0.5));
    }
    tx_enter_part(graph, before);
}

bool tx_loss_needs_target(const tx_section *section)
{
    return class_of(section)->needs_target && class_of(section)->needs_target(section);
}
