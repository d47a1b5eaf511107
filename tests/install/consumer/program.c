/* C and C++: jax.random.split(jax.random.PRNGKey(0)) in JAX's older layout, a component by its name, and two of its own. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <trainax/trainax.h>

/* A stepper of the program's: it keeps what it multiplies with as its tables. */
static tx_status create(tx_scheme *scheme, tx_error *error)
{
    double *factor;
    const tx_status status = tx_allocate(sizeof *factor, error, &factor);
    if (status == TX_OK) {
        *factor = tx_get_real(scheme->section, "factor");
        scheme->tables = factor;
    }
    return status;
}
static tx_node step(const tx_scheme *scheme, tx_graph *graph, tx_node x)
{
    return tx_scale(graph, x, *(const double *)scheme->tables);
}

static int tell_own(tx_registry *registry)
{
    static tx_option options[2];
    static const tx_stepper_class class_ = {create, step, NULL, NULL};
    static const tx_component times = {TX_KIND_STEPPER, "times", "multiplies", options, &class_, false, false, NULL};
    const tx_shape shape = {1, 1, {4}};
    tx_config *config = NULL;
    tx_stepper *stepper = NULL;
    char *text = NULL;
    options[0].name = "factor";
    options[0].type = TX_TYPE_REAL;
    options[0].initial = "2.5";
    options[0].text = "of each step";
    if (tx_registry_add(registry, &times, NULL) ||
        tx_section_read(registry, TX_KIND_STEPPER, "here", "{type: times}", NULL, &config) ||
        tx_stepper_create(tx_config_root(config), shape, NULL, &stepper) || tx_section_write(tx_config_root(config), NULL, &text)) {
        return 1;
    }
    fputs(text, stdout);
    tx_free(text);
    tx_stepper_destroy(stepper);
    tx_config_destroy(config);
    return 0;
}

/* An optimizer of the program's: its parameter goes down by the gradient times a sum that it keeps of its updates so far. */
static tx_status go(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const double sum = *(const double *)update->arrays[0].values + 1;
    (void)stage;
    *(double *)update->arrays[0].next = sum;
    *(double *)update->next_parameters = *(const double *)update->parameters - sum * *(const double *)update->gradient;
    return tx_stage_status(true, error);
}
static tx_status add_stage(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage = NULL;
    tx_status status = tx_optimizer_ask(optimizer, section, 0, error);
    status = status ? status : tx_stage_add(optimizer, go, 0, error, &stage);
    return status ? status : tx_stage_keep(stage, "sum", 0, error);
}

static int tell_steps(tx_registry *registry)
{
    static const tx_optimizer_class class_ = {add_stage};
    static const tx_component growing = {TX_KIND_OPTIMIZER, "growing", "goes faster", NULL, &class_, false, true, NULL};
    static const tx_task_class nothing = {NULL, NULL, NULL, NULL, NULL, NULL};
    tx_config *config = NULL;
    tx_optimizer *optimizer = NULL;
    tx_leaf leaf;
    tx_task task;
    double x[3] = {10, 0, 0}, gradient = 2;
    memset(&leaf, 0, sizeof leaf);
    memset(&task, 0, sizeof task);
    leaf.rank = 1;
    leaf.shape[0] = leaf.size = task.num_parameters = task.num_leaves = 1;
    task.class_ = &nothing;
    task.precision = TX_FLOAT64;
    task.leaves = &leaf;
    task.gradient = &gradient;
    if (tx_registry_add(registry, &growing, NULL) ||
        tx_section_read(registry, TX_KIND_OPTIMIZER, "here", "growing", NULL, &config) ||
        tx_optimizer_create(tx_config_root(config), &task, NULL, &optimizer)) {
        return 1;
    }
    for (int k = 0; k < 2; k++) {
        task.parameters = &x[k];
        if (tx_optimizer_prepare(optimizer, &task, NULL) || tx_optimizer_step(optimizer, &task, &x[k + 1], NULL)) {
            return 1;
        }
    }
    printf("%g\n", x[2]);
    tx_optimizer_destroy(optimizer);
    tx_config_destroy(config);
    return 0;
}

int main(void)
{
    const tx_random random = {TX_STREAM_LEGACY, TX_FLOAT32};
    tx_key keys[2];
    tx_key_split(random, tx_key_make(random, 0), 2, keys);
    for (int k = 0; k < 2; k++) {
        printf("%" PRIu32 " %" PRIu32 "\n", keys[k].word[0], keys[k].word[1]);
    }
    tx_registry *registry = NULL;
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    const tx_component *adam = tx_registry_find(registry, TX_KIND_OPTIMIZER, "adam");
    printf("%s\n", adam ? adam->name : "no adam");
    const int status = tell_own(registry) || tell_steps(registry);
    tx_registry_destroy(registry);
    return status;
}
