/* The interface of configurations: dispatch through the component, and level weights for all of them. */
#include "trainax/configuration.h"

#include <string.h>

#include "configuration/options.h"
#include "configuration/weights.h"

static const tx_configuration_class *class_of(const tx_section *section)
{
    return tx_section_component(section)->implementation;
}

tx_status tx_configuration_check(const tx_section *section, tx_error *error)
{
    const tx_section *loss = tx_configuration_time_level_loss(section);
    if (loss) {
        TX_TRY(tx_loss_check(loss, error));
    }
    return class_of(section)->check(section, error);
}

int tx_configuration_window_length(const tx_section *section)
{
    return class_of(section)->window_length(section);
}

int tx_configuration_levels_read(const tx_section *section)
{
    return class_of(section)->levels_read(section);
}

int64_t tx_configuration_rollout(const tx_section *section, int64_t step, int64_t *until)
{
    return class_of(section)->rollout ? class_of(section)->rollout(section, step, until) : 0;
}

bool tx_configuration_has_stages(const tx_section *section)
{
    int64_t until = INT64_MAX;
    (void)tx_configuration_rollout(section, 0, &until);
    return until < INT64_MAX;
}

/* What all configurations but a sum have. */
int64_t tx_rollout_at(const tx_section *section, int64_t step, int64_t *until)
{
    const int64_t *steps, *values;
    const int count = tx_get_stages(section, "num_rollout_steps", &steps, &values);
    int64_t largest = 1, now = 1;
    for (int k = 0; k < count; k++) {
        largest = values[k] > largest ? values[k] : largest;
        now = steps[k] <= step ? values[k] : now;
        if (until && steps[k] > step && steps[k] < *until) {
            *until = steps[k];
        }
    }
    return step == TX_LARGEST_STAGE ? largest : now;
}

unsigned tx_configuration_needs(const tx_section *section)
{
    return class_of(section)->needs ? class_of(section)->needs(section) : 0;
}

/* The sum of configurations has no loss of its own: its summands have. */
const tx_section *tx_configuration_time_level_loss(const tx_section *section)
{
    for (const tx_option *option = tx_section_component(section)->options; option && option->name; option++) {
        if (strcmp(option->name, "time_level_loss") == 0) {
            return tx_get_section(section, option->name);
        }
    }
    return NULL;
}

void tx_configuration_build(const tx_configuration_parts *parts, tx_graph *graph, tx_terms *terms)
{
    class_of(parts->section)->build(parts, graph, terms);
}

tx_node tx_configuration_loss(const tx_configuration_parts *parts, tx_graph *graph)
{
    tx_terms terms = {.sum = -1};
    tx_configuration_build(parts, graph, &terms);
    return terms.sum;
}

void tx_configuration_see(const tx_configuration_parts *parts, tx_graph *graph, tx_term_see see, void *user)
{
    tx_terms terms = {.sum = -1, .factor = 1, .see = see, .user = user};
    tx_configuration_build(parts, graph, &terms);
}

void tx_configuration_residuals(const tx_configuration_parts *parts, tx_graph *graph, tx_residuals *out)
{
    tx_terms terms = {.sum = -1, .factor = 1, .residuals = out};
    tx_configuration_build(parts, graph, &terms);
    if (out->count == 0 && !out->error.status) {
        tx_section_error(parts->section, NULL, &out->error, TX_INVALID, "%s needs residuals, but all weights are 0", out->asker);
    }
}

/* The rule of an option, the list (its length in *length), or neither (all levels weigh 1). */
static const tx_section *find_weights(const tx_section *section, const char *option, const double **list, int *length)
{
    *list = NULL;
    *length = 0;
    if (!tx_has(section, option)) {
        return NULL;
    }
    const tx_section *rule = tx_get_section(section, option);
    if (!rule) {
        *length = tx_get_reals(section, option, list);
    }
    return rule;
}

static tx_status check_length(const tx_section *section, const char *option, int length, int count, tx_error *error)
{
    if (length != count) {
        return tx_section_error(section, option, error, TX_INVALID,
                                "%d number%s given, but there %s %d time level%s, one weight each", length, length == 1 ? "" : "s",
                                count == 1 ? "is" : "are", count, count == 1 ? "" : "s");
    }
    return TX_OK;
}

double tx_level_weight(const tx_section *section, const char *option, int level, int count, double before)
{
    const double *list;
    int length;
    const tx_section *rule = find_weights(section, option, &list, &length);
    if (rule) {
        const tx_weights_class *weights = tx_section_component(rule)->implementation;
        return weights->weight(rule, level, count, before);
    }
    return list ? list[level] : 1;
}

tx_status tx_level_weights_check(const tx_section *section, const char *option, int count, tx_error *error)
{
    const double *list;
    int length;
    find_weights(section, option, &list, &length);
    return list ? check_length(section, option, length, count, error) : TX_OK;
}

tx_status tx_level_weights(const tx_section *section, const char *option, int count, double *weights, tx_error *error)
{
    TX_TRY(tx_level_weights_check(section, option, count, error));
    for (int level = 0; level < count; level++) {
        weights[level] = tx_level_weight(section, option, level, count, level ? weights[level - 1] : 0);
    }
    return TX_OK;
}
