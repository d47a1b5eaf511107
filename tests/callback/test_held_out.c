/* metrics and early_stopping: what an evaluation of the same parameters gives, aggregated over its steps. ranks: 1 3
 * guard: alone */
#include <math.h>

#include "callback/trained.h"

static const char own_data[] =
    "evaluation={metrics: [mean_nRMSE, 'q50_MAE,mean_correlation'],"
    "data: {type: advection_1d_periodic, num_points: 16, num_samples: 4, temporal_horizon: 121, key: 8}}";
static const char shared_data[] = "evaluation={metrics: [mean_nRMSE, 'q50_MAE,mean_correlation']}";
static const char callbacks[] =
    "callbacks=[{type: loss, name: before, configuration: {type: supervised, num_rollout_steps: 2}}, {type: metrics, every: 2},"
    "{type: metrics, name: last, over_steps: last}, {type: metrics, name: mean, over_steps: mean},"
    "{type: early_stopping, metric: mean_MSE, patience: 100},"
    "{type: loss, name: after, configuration: {type: supervised, num_rollout_steps: 2, time_level_weights: [1, 1]}}]";

typedef struct expected {
    double gmean[3], last[3], mean[3];
} expected;

/* The columns again, from an evaluation of its own. */
static expected evaluate(const trained *t, const void *parameters)
{
    tx_evaluation *evaluation;
    tx_evaluation_result result;
    expected e = {0};
    const tx_section *root = tx_config_root(t->config);
    const tx_evaluation_setup setup = {.run = root, .network = tx_get_section(root, "network")};
    CU_ASSERT_EQUAL_FATAL(tx_evaluation_create(parallel, &setup, NULL, &evaluation), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_evaluation_run(evaluation, parameters, NULL, &result), TX_OK);
    const int64_t count = result.num_steps < 100 ? result.num_steps : 100;
    for (int k = 0; k < 3; k++) {
        double logs = 0;
        for (int64_t step = 0; step < count; step++) {
            logs += log(result.values[step * 3 + k]) / (double)count;
            e.mean[k] += result.values[step * 3 + k] / (double)count;
        }
        e.gmean[k] = exp(logs);
        e.last[k] = result.values[(result.num_steps - 1) * 3 + k];
    }
    CU_ASSERT_DOUBLE_EQUAL(e.gmean[0] / result.gmean, 1, 1e-13);
    e.gmean[2] = e.mean[2]; /* of correlations, some of which are negative */
    tx_evaluation_destroy(evaluation);
    return e;
}

static void check_row(const trained *t, const expected *e, bool plain)
{
    static const char *const names[] = {"mean_nRMSE", "q50_MAE", "mean_correlation"};
    for (int k = 0; k < 3; k++) {
        char last[64], mean[64];
        snprintf(last, sizeof last, "last_%s", names[k]);
        snprintf(mean, sizeof mean, "mean_%s", names[k]);
        CU_ASSERT_EQUAL(trained_value(t, last), e->last[k]);
        CU_ASSERT_DOUBLE_EQUAL(trained_value(t, mean), e->mean[k], 1e-13);
        CU_ASSERT(isnan(trained_value(t, names[k])) != plain);
        CU_ASSERT(!plain || fabs(trained_value(t, names[k]) / e->gmean[k] - 1) < 1e-12);
    }
}

/* Where the run's own data are evaluated, the minibatch must still be there afterwards, and the next one come. */
static void check(const char *evaluation)
{
    trained t = trained_open(callbacks, evaluation), alone = trained_open("callbacks=[]", NULL);
    for (int step = 0; step < 5; step++) {
        const expected e = evaluate(&t, t.trainer->member.parameters);
        trained_step(&t);
        trained_step(&alone);
        check_row(&t, &e, step % 2 == 0);
        CU_ASSERT(trained_value(&t, "early_stopping") > 0);
        CU_ASSERT_DOUBLE_EQUAL(trained_value(&t, "after"), trained_value(&t, "before"), 1e-15);
        CU_ASSERT_EQUAL(tx_trainer_loss(t.trainer), tx_trainer_loss(alone.trainer));
    }
    const size_t bytes = sizeof(double) * (size_t)t.trainer->problem.network->num_parameters;
    CU_ASSERT_EQUAL(memcmp(t.trainer->member.parameters, alone.trainer->member.parameters, bytes), 0);
    CU_ASSERT_EQUAL(t.trainer->member.held_out.num_names, 4); /* one rollout for all */
    trained_close(&t);
    trained_close(&alone);
}

static void metrics_on_own_data(void)
{
    check(own_data);
}
static void metrics_on_the_runs_data(void)
{
    check(shared_data);
}

/* ---- early_stopping ---- */

typedef struct stop {
    int64_t ended_at;
    double values[40];
} stop;

static void step_unseen(tx_member *member)
{
    CU_ASSERT_EQUAL_FATAL(tx_member_compute(member, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_member_prepare(member, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_member_update(member, NULL), TX_OK);
}

/* Steps until the end, or 40; from `begin` on by a callback that recalls what was before. */
static stop run(const char *early_stopping, const stop *before, int64_t begin)
{
    trained t = trained_open(early_stopping, shared_data);
    tx_member *const member = &t.trainer->member;
    stop s = {.ended_at = -1};
    for (int64_t step = 0; step < 40 && member->ended_at < 0; step++) {
        if (step < begin) {
            const double row[2] = {0, before->values[step]};
            step_unseen(member);
            tx_callbacks_recall(&member->callbacks, step, step % 2 ? 0 : 2, row);
        } else {
            trained_step(&t);
        }
        s.values[step] = trained_value(&t, "early_stopping");
    }
    s.ended_at = member->ended_at;
    trained_close(&t);
    return s;
}

/* The rule, written out. */
static int64_t expected_end(const stop *s, int patience, double min_delta)
{
    double best = INFINITY;
    for (int step = 0, waited = 0; step < 40; step += 2) {
        const bool better = s->values[step] < best - min_delta;
        best = better ? s->values[step] : best;
        waited = better ? 0 : waited + 1;
        if (waited == patience) {
            return step + 1;
        }
    }
    return -1;
}

static void early_stopping(void)
{
    static const char never[] = "callbacks=[{type: early_stopping, every: 2, patience: 100}]";
    static const char at_once[] = "callbacks=[{type: early_stopping, every: 2, patience: 2, min_delta: 1000}]";
    static const char some[] = "callbacks=[{type: early_stopping, every: 2, patience: 3, min_delta: 0.05}]";
    const stop whole = run(never, NULL, 0);
    CU_ASSERT_EQUAL(whole.ended_at, -1);
    CU_ASSERT_EQUAL(run(at_once, NULL, 0).ended_at, 5); /* evaluations at 0, 2, 4 */
    const stop s = run(some, NULL, 0);
    CU_ASSERT_EQUAL(s.ended_at, expected_end(&whole, 3, 0.05));
    CU_ASSERT(s.ended_at > 7 && s.ended_at < 40); /* it was the metric that decided */
    for (int64_t begin = 1; begin < s.ended_at; begin += 3) {
        CU_ASSERT_EQUAL(run(some, &s, begin).ended_at, s.ended_at);
    }
}

int main(void)
{
    static const suite_test tests[] = {{"metrics on data of their own", metrics_on_own_data},
                                       {"metrics on the run's data", metrics_on_the_runs_data},
                                       {"early stopping", early_stopping},
                                       {0}};
    return trained_main("callbacks on held-out data", tests);
}
