/* C and C++: jax.random.split(jax.random.PRNGKey(0)) in JAX's older layout, a component by its name, and one of its own. */
#include <inttypes.h>
#include <stdio.h>
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
    static const tx_stepper_class class_ = {create, step, NULL};
    static const tx_component times = {TX_KIND_STEPPER, "times", "multiplies", options, &class_, false};
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
    const int status = tell_own(registry);
    tx_registry_destroy(registry);
    return status;
}
