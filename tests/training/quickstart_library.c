/* The quickstart through the installed library: what the command does, in one page. */
#include <stdio.h>
#include <stdlib.h>
#include <trainax/trainax.h>

static int give_up(const tx_error *error)
{
    fprintf(stderr, "%s\n", error->message);
    return (int)error->status;
}

/* Usage: quickstart_library CONFIG: trains, prints the last loss and the parameters. Runs under mpirun, too. */
int main(int argc, char **argv)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    tx_error error = {0};
    tx_parallel *parallel = NULL;
    tx_registry *registry = NULL;
    tx_config *config = NULL;
    tx_trainer *trainer = NULL;
    if (argc != 2 || tx_parallel_create(NULL, &error, &parallel) || tx_registry_create_builtin(&error, &registry) ||
        tx_config_read(registry, argv[1], NULL, 0, required, &error, &config) ||
        tx_trainer_create(config, parallel, NULL, &error, &trainer)) {
        return give_up(&error);
    }
    while (!tx_trainer_is_done(trainer)) {
        if (tx_trainer_step(trainer, &error)) {
            return give_up(&error);
        }
    }
    if (tx_parallel_rank(parallel) == 0) {
        const float *parameters = tx_trainer_parameters(trainer);
        printf("%.9g\n", tx_trainer_loss(trainer));
        for (int64_t k = 0; k < tx_trainer_network(trainer)->num_parameters; k++) {
            printf("%.9g\n", (double)parameters[k]);
        }
    }
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return 0;
}
