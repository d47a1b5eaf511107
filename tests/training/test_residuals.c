/* What a task of residuals answers: of every configuration and loss that is a sum of squares its rows, their Jacobian and products
 * with it; the same on any ranks and threads, and where memory is short. ranks: 1 3
 * guard: 3 */
#include <mpi.h>

#include "callback/trained.h"
#include "task.h"
#include "training/curious.h"

/* configuration: {type: …, …}, whose options are among the trainer's. */
static tx_status try_trainer(const char *override, const char *configuration, int batch_size, tx_error *error, trained *out)
{
    char trainer[2048];
    snprintf(trainer, sizeof trainer,
             "trainer={%.*s, ref_stepper: {type: fou_advection_1d, cfl: 0.3}, num_training_steps: 1000,"
             " residuum_fn: {type: btcs_upwind_advection_1d, cfl: 0.3}, optimizer: curious, batch_size: %d, key: 42}",
             (int)strlen(configuration) - 2, configuration + 1, batch_size);
    return trained_try(override, trainer, error, out);
}

/* After a step and a half: of the second minibatch. */
static trained pose(const char *override, const char *configuration, int batch_size)
{
    trained t;
    tx_error error = {0};
    if (try_trainer(override, configuration, batch_size, &error, &t) != TX_OK) {
        printf("\n%s: %s\n", configuration, error.message);
        CU_FAIL_FATAL("no trainer");
    }
    trained_step(&t);
    CU_ASSERT_EQUAL_FATAL(tx_member_compute(&t.trainer->member, NULL), TX_OK);
    tx_member_pose(&t.trainer->member);
    return t;
}

/* The same on this rank alone. */
static trained pose_alone(const char *override, const char *configuration, int batch_size)
{
    tx_parallel *const all = parallel;
    int running;
    MPI_Initialized(&running);
    const MPI_Comm self = MPI_COMM_SELF;
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(running ? &self : NULL, NULL, &parallel), TX_OK);
    const trained alone = pose(override, configuration, batch_size);
    parallel = all;
    return alone;
}

static void close_alone(trained *alone)
{
    tx_parallel *const self = alone->trainer->parallel;
    trained_close(alone);
    tx_parallel_destroy(self);
}

static void move(const tx_task *task, double *there)
{
    for (int64_t k = 0; k < task->num_parameters; k++) {
        there[k] = ((const double *)task->parameters)[k] + 0.1 * sin(1.0 + (double)k);
    }
}

/* ---- Every configuration ---- */

static const char *const losses[] = {
    "mse", "normalized_mse", "{type: mse, batch_reduction: sum}",
    "{type: composite, losses: [{type: mse, weight: 0.5}, {type: normalized_mse, weight: 2}, {type: mse, weight: 0}]}",
    "{type: composite, batch_reduction: sum, losses: [mse, {type: composite, weight: 3, losses: [normalized_mse]}]}"};

/* cut: differences of the residuals see what is cut from their derivatives. */
static const struct configuration {
    const char *text;
    bool cut, residuum;
} configurations[] = {
    {"{type: supervised, num_rollout_steps: 3, time_level_weights: [1, 0, 2], time_level_loss: %s}", false, false},
    {"{type: supervised, num_rollout_steps: 3, cut_bptt: true, cut_bptt_every: 2, time_level_loss: %s}", true, false},
    {"{type: diverted_chain_branch_one, num_rollout_steps: 3, time_level_loss: %s}", false, false},
    {"{type: diverted_chain_branch_one, num_rollout_steps: 3, cut_div_chain: true, time_level_loss: %s}", true, false},
    {("{type: diverted_chain, num_rollout_steps: 4, num_branch_steps: 2, time_level_weights: [1, 0.5, 2, 7],"
      " branch_level_weights: [1, 3], time_level_loss: %s}"),
     false, false},
    {("{type: diverted_chain, num_rollout_steps: 3, num_branch_steps: 2, cut_bptt: true, branch_level_weights: last_only,"
      " time_level_weights: {type: exponential, rate: 0.5}, time_level_loss: %s}"),
     true, false},
    {"{type: mix_chain_post_physics, num_rollout_steps: 2, num_post_physics_steps: 1, time_level_loss: %s}", false, false},
    {("{type: residuum, num_rollout_steps: 3, time_level_weights: {type: exponential, rate: 1.5},"
      " time_level_loss: %s}"),
     false, true},
    {"{type: residuum, num_rollout_steps: 3, cut_prev: true, time_level_loss: %s}", true, true},
    {("{type: composite, configurations: [{type: diverted_chain, num_rollout_steps: 3, num_branch_steps: 2, time_level_loss: %s},"
      " {type: residuum, num_rollout_steps: 3, weight: 0.5}, {type: supervised, num_rollout_steps: 2, weight: 2},"
      " {type: supervised, num_rollout_steps: 3, weight: 0},"
      " {type: composite, weight: 0.25, configurations: [{type: supervised, num_rollout_steps: 2}]}]}"),
     false, false},
};
enum { NUM_LOSSES = sizeof losses / sizeof *losses, NUM_CONFIGURATIONS = sizeof configurations / sizeof *configurations };

/* The backend of guard/ watches every byte, and takes its time. */
static bool is_guarded(void)
{
    trained t = pose("callbacks=[]", "{type: supervised}", 7);
    const bool guarded = tx_plan_blocks_at_once(t.trainer->problem.loss.plan, 2) > 1;
    trained_close(&t);
    return guarded;
}

/* What this rank has of it has the bits that it has on one rank. */
static void check_bits(const tx_task *task, const tx_task *alone, const double *there)
{
    static double rows[2][TASK_ROWS * TASK_PARAMETERS];
    double r[2][TASK_ROWS], v[TASK_PARAMETERS], sum[2][TASK_PARAMETERS];
    const int64_t count = task->num_parameters, first = task->first_row, own = task->num_own_rows, all = alone->num_rows;
    const tx_task_class *class_ = task->class_;
    CU_ASSERT_FATAL(task->num_rows == all && all <= TASK_ROWS && first >= 0 && first + own <= all);
    CU_ASSERT_EQUAL_FATAL(class_->rows(task->object, there, first, own, NULL, r[0], rows[0]), TX_OK);
    CU_ASSERT_EQUAL_FATAL(class_->rows(alone->object, there, 0, all, NULL, r[1], rows[1]), TX_OK);
    CU_ASSERT(!memcmp(r[0], r[1] + first, (size_t)own * sizeof(double)));
    CU_ASSERT(!memcmp(rows[0], rows[1] + first * count, (size_t)(own * count) * sizeof(double)));
    CU_ASSERT_EQUAL_FATAL(class_->adjoint_product(task->object, there, r[1] + first, NULL, sum[0]), TX_OK);
    CU_ASSERT_EQUAL_FATAL(class_->adjoint_product(alone->object, there, r[1], NULL, sum[1]), TX_OK);
    CU_ASSERT(!memcmp(sum[0], sum[1], (size_t)count * sizeof(double)));
    for (int64_t k = 0; k < count; k++) {
        v[k] = cos(2.0 + (double)k);
    }
    CU_ASSERT_EQUAL_FATAL(class_->product(task->object, there, v, first, own, NULL, r[0]), TX_OK);
    CU_ASSERT_EQUAL_FATAL(class_->product(alone->object, there, v, 0, all, NULL, r[1]), TX_OK);
    CU_ASSERT(!memcmp(r[0], r[1] + first, (size_t)own * sizeof(double)));
    CU_ASSERT_EQUAL(task_value(task, there), task_value(alone, there));
}

static void check(const char *configuration, bool cut, int batch_size)
{
    trained t = pose("callbacks=[]", configuration, batch_size), alone = pose_alone("callbacks=[]", configuration, batch_size);
    const tx_task *task = &t.trainer->member.task, *single = &alone.trainer->member.task;
    double there[TASK_PARAMETERS];
    move(task, there);
    check_task_rows(single, there);
    check_task_rows(single, single->parameters);
    if (!cut) {
        check_task_jacobian(single, there);
    }
    check_bits(task, single, there);
    CU_ASSERT_EQUAL(task->most_rows, batch_size * t.trainer->member.answers.rows);
    trained_step(&t); /* with its own parameters again */
    trained_step(&alone);
    CU_ASSERT(!memcmp(tx_trainer_parameters(t.trainer), tx_trainer_parameters(alone.trainer), sizeof there[0]));
    close_alone(&alone);
    trained_close(&t);
}

static void all_configurations(void)
{
    const int some = is_guarded() ? 4 : 1;
    for (int c = 0; c < NUM_CONFIGURATIONS; c += some) {
        for (int l = 0; l < NUM_LOSSES; l += some) {
            char text[1024];
            snprintf(text, sizeof text, configurations[c].text, losses[l]);
            if (!configurations[c].residuum || !strstr(losses[l], "normalized")) {
                check(text, configurations[c].cut || some > 1, some > 1 ? 4 : 7);
            }
        }
    }
}

/* Two blocks on three ranks; one window; one block that is full. */
static void few_blocks(void)
{
    const char *const configuration = "{type: supervised, num_rollout_steps: 2}";
    if (is_guarded()) {
        return;
    }
    check(configuration, false, 5);
    check(configuration, false, 1);
    check(configuration, false, 3);
}

/* ---- Trainax's own configurations, by jax.jacobian: scripts/generate_residual_tables.py ---- */

static trained open_case(const char *name)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    char path[256];
    snprintf(path, sizeof path, TESTS_DIR "/training/residuals/%s.yaml", name);
    const tx_trainer_setup setup = {0};
    trained t = {0};
    tx_error error = {0};
    if (tx_config_read(registry, path, NULL, 0, required, &error, &t.config) != TX_OK ||
        tx_trainer_create_with(t.config, parallel, &setup, &error, &t.trainer) != TX_OK) {
        CU_FAIL_FATAL(error.message);
    }
    CU_ASSERT_EQUAL_FATAL(tx_member_compute(&t.trainer->member, NULL), TX_OK);
    tx_member_pose(&t.trainer->member);
    return t;
}

/* "row" was read: its numbers, of which this rank has some. */
static void compare_row(FILE *file, const tx_task *task, int64_t row)
{
    double r = 0, derivatives[TASK_PARAMETERS], expected;
    const bool mine = row >= task->first_row && row < task->first_row + task->num_own_rows;
    CU_ASSERT_FATAL(!mine || !task->class_->rows(task->object, task->parameters, row, 1, NULL, &r, derivatives));
    for (int64_t k = -1; k < task->num_parameters; k++) {
        CU_ASSERT_EQUAL_FATAL(fscanf(file, "%lf", &expected), 1);
        CU_ASSERT(!mine || fabs((k < 0 ? r : derivatives[k]) - expected) <= 1e-12 * fmax(1, fabs(expected)));
    }
}

static void check_case(const char *name)
{
    char path[256], word[256];
    trained t = open_case(name);
    int64_t rows = 0;
    snprintf(path, sizeof path, TESTS_DIR "/training/residuals/%s.txt", name);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_PTR_NOT_NULL(fgets(word, sizeof word, file));
    while (fscanf(file, "%255s", word) == 1) {
        compare_row(file, &t.trainer->member.task, rows++);
    }
    fclose(file);
    CU_ASSERT_EQUAL(rows, t.trainer->member.task.num_rows);
    trained_close(&t);
}

static void as_trainax(void)
{
    check_case("diverted_chain");
    check_case("supervised");
}

/* ---- Rows that are left out are not counted ---- */

static void counted(void)
{
    static const struct {
        const char *text;
        int64_t levels;
    } cases[] = {
        {"{type: supervised, num_rollout_steps: 3, time_level_weights: [1, 0, 2]}", 2},
        {"{type: supervised, num_rollout_steps: 4, time_level_weights: last_only}", 1},
        {"{type: diverted_chain, num_rollout_steps: 4, num_branch_steps: 2, branch_level_weights: [0, 1]}", 3},
        {"{type: supervised, time_level_loss: {type: composite, losses: [{type: mse, weight: 0}, mse, normalized_mse]}}", 2},
        {"{type: composite, configurations: [{type: supervised, weight: 0}, {type: residuum, num_rollout_steps: 2}]}", 2},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        trained t = pose("callbacks=[]", cases[k].text, 7);
        CU_ASSERT_EQUAL(t.trainer->member.task.num_rows, 7 * 12 * cases[k].levels);
        trained_close(&t);
    }
}

/* ---- What has failed on this rank since the step began: no rows any more, but the failure ---- */

static void after_a_failure(void)
{
    trained t = pose("callbacks=[]", "{type: supervised}", 7);
    const tx_task *task = &t.trainer->member.task;
    double r[TASK_ROWS];
    tx_error error = {0};
    t.trainer->failure.status = tx_error_set(&t.trainer->failure.error, TX_BAD_DATA, "the disk is full");
    CU_ASSERT_EQUAL(task->class_->rows(task->object, task->parameters, task->first_row, task->num_own_rows, &error, r, NULL),
                    TX_BAD_DATA);
    CU_ASSERT_STRING_EQUAL(error.message, "the disk is full");
    CU_ASSERT_EQUAL(
        task->class_->product(task->object, task->parameters, task->gradient, task->first_row, task->num_own_rows, NULL, r),
        TX_BAD_DATA);
    trained_close(&t);
}

/* ---- Other threads, less memory: the same bits ---- */

static const char *const long_chain = "{type: supervised, num_rollout_steps: 8, time_level_loss: normalized_mse}";

static void check_against(const char *override, const trained *plain)
{
    trained t = pose(override, long_chain, 7);
    double there[TASK_PARAMETERS];
    move(&t.trainer->member.task, there);
    check_bits(&t.trainer->member.task, &plain->trainer->member.task, there);
    trained_close(&t);
}

static void threads(void)
{
    trained alone = pose_alone("callbacks=[]", long_chain, 7);
    check_against("parallel={block: 3, threads: 3}", &alone);
    close_alone(&alone);
}

static double flops(const trained *t, tx_question question)
{
    return tx_plan_get_cost(t->trainer->member.answers.answer[question].planned.plan).flops;
}

/* Arenas are most of what a program takes where steps are many. */
static void little_memory(void)
{
    if (is_guarded()) {
        return; /* what is staged is most, there */
    }
    trained alone = pose_alone("callbacks=[]", long_chain, 7);
    const tx_budget budget = tx_trainer_budget(alone.trainer, 1);
    for (int part = 1; part <= 2; part++) {
        char override[128];
        const size_t bytes = tx_budget_total(&budget) - budget.bytes[TX_USE_ACTIVATIONS] * (size_t)part / 8;
        snprintf(override, sizeof override, "parallel={block: 3, memory: %zu}", bytes);
        trained less = pose_alone(override, long_chain, 7);
        CU_ASSERT(flops(&less, TX_QUESTION_JACOBIAN) > flops(&alone, TX_QUESTION_JACOBIAN));
        CU_ASSERT(flops(&less, TX_QUESTION_ADJOINT_PRODUCT) > flops(&alone, TX_QUESTION_ADJOINT_PRODUCT));
        CU_ASSERT(tx_trainer_memory(less.trainer, 1).total <= bytes);
        close_alone(&less);
        check_against(override, &alone);
    }
    close_alone(&alone);
}

/* ---- In single precision: the same relations, but for its rounding ---- */

static void single_precision(void)
{
    static float rows[TASK_ROWS * TASK_PARAMETERS];
    trained t = pose_alone("precision=float32", long_chain, 7);
    const tx_task *task = &t.trainer->member.task;
    const int64_t count = task->num_parameters, all = task->num_rows;
    float r[TASK_ROWS], product[TASK_ROWS], sum[TASK_PARAMETERS];
    double squares = 0, value, largest = 0;
    CU_ASSERT_EQUAL_FATAL(task->class_->rows(task->object, task->parameters, 0, all, NULL, r, rows), TX_OK);
    CU_ASSERT_EQUAL_FATAL(task->class_->product(task->object, task->parameters, task->gradient, 0, all, NULL, product), TX_OK);
    CU_ASSERT_EQUAL_FATAL(task->class_->adjoint_product(task->object, task->parameters, r, NULL, sum), TX_OK);
    CU_ASSERT_EQUAL_FATAL(task->class_->value(task->object, task->parameters, NULL, &value), TX_OK);
    for (int64_t k = 0; k < count; k++) {
        largest = fmax(largest, fabs((double)sum[k]));
    }
    for (int64_t i = 0; i < all; i++) {
        double expected = 0, size = 0;
        for (int64_t k = 0; k < count; k++) {
            const double term = (double)rows[i * count + k] * (double)((const float *)task->gradient)[k];
            expected += term;
            size += fabs(term);
        }
        CU_ASSERT_DOUBLE_EQUAL(product[i], expected, 1e-4 * size);
        squares += (double)r[i] * (double)r[i];
    }
    CU_ASSERT_DOUBLE_EQUAL(squares, value, 1e-6 * value);
    CU_ASSERT_EQUAL(value, task->value);
    for (int64_t k = 0; k < count; k++) {
        CU_ASSERT_DOUBLE_EQUAL(2 * sum[k], ((const float *)task->gradient)[k], 1e-5 * largest);
    }
    close_alone(&t);
}

/* ---- What is no sum of squares ---- */

static void refused(void)
{
    static const struct {
        const char *configuration, *says;
    } cases[] = {
        {"{type: supervised, time_level_loss: mae}", "curious needs a sum of squares; mae is none"},
        {"{type: supervised, time_level_loss: {type: composite, losses: [mse, {type: composite, losses: [rmse]}]}}",
         "curious needs a sum of squares; rmse is none"},
        {"{type: composite, configurations: [{type: supervised}, {type: supervised, weight: 0, time_level_loss: lp}]}",
         "curious needs a sum of squares; lp is none"},
        {"{type: composite, weights: [1, -0.5], configurations: [{type: supervised}, {type: supervised}]}",
         "curious needs a sum of squares; a weight of -0.5 makes none"},
        {"{type: supervised, time_level_loss: {type: composite, losses: [{type: mse, weight: -2}]}}",
         "curious needs a sum of squares; a weight of -2 makes none"},
        {"{type: diverted_chain, num_rollout_steps: 3, time_level_weights: [-1, 1, 1], branch_level_weights: [-1]}",
         "curious needs a sum of squares; a weight of -1 makes none"},
        {"{type: supervised, num_rollout_steps: 2, time_level_weights: [0, 0]}", "curious needs residuals, but all weights are 0"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_error error = {0};
        trained t;
        CU_ASSERT_EQUAL(try_trainer("callbacks=[]", cases[k].configuration, 7, &error, &t), TX_INVALID);
        const char *const says = strstr(error.message, cases[k].says);
        if (!says || strlen(says) != strlen(cases[k].says) || strncmp(error.message, "--set trainer", 13)) {
            printf("\n%s\n", error.message);
            CU_FAIL("another message");
        }
    }
}

int main(void)
{
    static const suite_test tests[] = {{"all configurations", all_configurations},
                                       {"few blocks", few_blocks},
                                       {"as Trainax", as_trainax},
                                       {"counted", counted},
                                       {"after a failure", after_a_failure},
                                       {"threads", threads},
                                       {"little memory", little_memory},
                                       {"single precision", single_precision},
                                       {"refused", refused},
                                       {0}};
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK || tx_registry_create_builtin(NULL, &registry) != TX_OK ||
        tx_registry_add(registry, &curious, NULL) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training/residuals", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
