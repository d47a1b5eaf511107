/* grad_norm against finite differences of the loss callback, in double; the trainer's own configuration, which is not computed
 * again, against the same one written so that it is. ranks: 1 3
 * guard: 1 3 */
#include <math.h>

#include "callback/trained.h"

/* The derivative of `loss` with respect to one parameter, by central differences on the same minibatch: error h^2 * f''' / 6
 * + 1e-16 * f / h, below 1e-9 for h = 1e-5 and numbers of order one. */
static double difference(trained *t, int64_t parameter)
{
    const double h = 1e-5;
    double loss[2];
    double *p = (double *)t->trainer->member.parameters + parameter;
    const double old = *p;
    for (int k = 0; k < 2; k++) {
        *p = old + (k ? -h : h);
        tx_member_refresh(&t->trainer->member);
        CU_ASSERT_EQUAL_FATAL(tx_member_observe(&t->trainer->member, NULL), TX_OK);
        loss[k] = trained_value(t, "l");
    }
    *p = old;
    tx_member_refresh(&t->trainer->member);
    return (loss[0] - loss[1]) / (2 * h);
}

static void check_norm(const char *callbacks)
{
    trained t = trained_open(callbacks, NULL);
    trained_step(&t);
    trained_step(&t);
    CU_ASSERT_EQUAL_FATAL(tx_member_compute(&t.trainer->member, NULL), TX_OK); /* the third minibatch: the short one */
    double square = 0;
    for (int64_t k = 0; k < t.trainer->problem.network->num_parameters; k++) {
        const double slope = difference(&t, k);
        square += slope * slope;
    }
    CU_ASSERT_EQUAL_FATAL(tx_member_observe(&t.trainer->member, NULL), TX_OK);
    CU_ASSERT(square > 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(trained_value(&t, "g"), sqrt(square), 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(trained_value(&t, "s"), square, 1e-7);
    trained_close(&t);
}

#define ALL_OF(configuration)                                                                                                      \
    "callbacks=[{type: loss, name: l, " configuration "}, {type: grad_norm, name: g, " configuration                               \
    "}, {type: grad_norm, name: s, squared: true, " configuration "}]"

static void norms(void)
{
    check_norm(ALL_OF("configuration: supervised"));
    check_norm(ALL_OF("loss_configuration: {type: supervised, num_rollout_steps: 2, time_level_weights: [0.5, 2]}"));
    check_norm(ALL_OF("configuration: {type: diverted_chain, num_rollout_steps: 3, num_branch_steps: 2},"
                      "ref_stepper: {type: fou_advection_1d, cfl: -0.75}"));
    check_norm(ALL_OF("configuration: {type: residuum, num_rollout_steps: 2},"
                      "residuum_fn: {type: fou_advection_1d, cfl: -0.75}"));
}

/* weights of 1 are what no weights are, but written another way */
static const char own[] = "callbacks=[{type: grad_norm, name: own, configuration: {type: supervised, num_rollout_steps: 3}},"
                          "{type: grad_norm, name: anew, configuration: {type: supervised, num_rollout_steps: 3,"
                          "time_level_weights: [1, 1, 1]}},"
                          "{type: loss, name: l, with_grad: false, configuration: {type: supervised, num_rollout_steps: 3,"
                          "time_level_loss: mse}}]";

static void the_trainers_own(void)
{
    trained t = trained_open(own, NULL);
    const tx_programs *programs = &t.trainer->member.programs;
    CU_ASSERT(tx_programs_is_same(programs, 0) && !tx_programs_is_same(programs, 1) && tx_programs_is_same(programs, 2));
    for (int step = 0; step < 5; step++) {
        trained_step(&t);
        const double norm = trained_value(&t, "own");
        CU_ASSERT(norm > 0);
        CU_ASSERT_DOUBLE_EQUAL(trained_value(&t, "anew") / norm, 1, 1e-13);
        CU_ASSERT_EQUAL(trained_value(&t, "l"), tx_trainer_loss(t.trainer));
    }
    trained_close(&t);
}

/* What is fetched: the most levels that anybody reads. */
static void levels(void)
{
    static const struct {
        const char *callbacks;
        int levels;
    } cases[] = {
        {"callbacks=[weight_norm]", 1},
        {"callbacks=[{type: grad_norm, name: g, configuration: supervised}]", 2},
        {"callbacks=[{type: composite, callbacks: [{type: loss, name: l, configuration: {type: supervised, num_rollout_steps: "
         "2}}]},"
         "{type: grad_norm, name: g, configuration: supervised}]",
         3},
    };
    for (int k = 0; k < 3; k++) {
        trained t = trained_open(cases[k].callbacks, "trainer={type: diverted_chain, num_rollout_steps: 3, num_branch_steps: 2,"
                                                     "ref_stepper: {type: fou_advection_1d, cfl: -0.75},"
                                                     "optimizer: {type: sgd, learning_rate: 0.1}, num_training_steps: 9,"
                                                     "batch_size: 20, key: 0}");
        CU_ASSERT_EQUAL(t.trainer->member.fetching.levels, cases[k].levels);
        trained_step(&t);
        trained_close(&t);
    }
}

int main(void)
{
    static const suite_test tests[] = {
        {"norms", norms}, {"the trainer's own configuration", the_trainers_own}, {"levels", levels}, {0}};
    return trained_main("gradients of callbacks", tests);
}
