/* C and C++: jax.random.split(jax.random.PRNGKey(0)) in JAX's older layout, and a component by its name. */
#include <inttypes.h>
#include <stdio.h>
#include <trainax/trainax.h>

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
    tx_registry_destroy(registry);
    return 0;
}
