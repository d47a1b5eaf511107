/* A step's gradient against differences of losses at other parameters. ranks: 1 3
 * guard: 1 3 */
#include <math.h>
#include <string.h>

#include "suite.h"
#include "trainax/trainax.h"
#include "training/configurations.h"

static tx_parallel *parallel;
static tx_registry *registry;

/* Loss of the first minibatch with one of the two weights moved; gradient may be NULL. */
static double loss_of(int weight, double move, double *gradient)
{
    static const char *const required[] = {"data", "network", "trainer", NULL}, *const override = "precision=float64";
    const tx_config_source source = {
        .name = "test.yaml", .text = advection, .overrides = &override, .num_overrides = 1, .required = required};
    tx_config *config = NULL;
    tx_trainer *trainer = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(config, parallel, NULL, NULL, &trainer), TX_OK);
    double moved[2];
    memcpy(moved, tx_trainer_parameters(trainer), sizeof moved);
    moved[weight] += move;
    tx_trainer_set_parameters(trainer, moved);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_step(trainer, NULL), TX_OK);
    const double loss = tx_trainer_loss(trainer);
    if (gradient) {
        *gradient = ((const double *)tx_trainer_gradient(trainer))[weight];
    }
    tx_trainer_destroy(trainer);
    tx_config_destroy(config);
    return loss;
}

static void differences(void)
{
    const double move = 1e-4;
    for (int weight = 0; weight < 2; weight++) {
        double gradient = NAN;
        loss_of(weight, 0, &gradient);
        const double slope = (loss_of(weight, move, NULL) - loss_of(weight, -move, NULL)) / (2 * move);
        CU_ASSERT(fabs(gradient / slope - 1) < 1e-6);
    }
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training/gradient", (suite_test[]){{"differences", differences}, {0}});
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
