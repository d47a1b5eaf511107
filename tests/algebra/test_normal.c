/* The normal equations of a minibatch by rows, by columns and over rows (dual), against a dense one that one rank makes of all its
 * rows; a full batch whose order changes is asked for no row again. ranks: 1 3
 * guard: 3 */
#include <mpi.h>

#include "algebra/normal.h"
#include "callback/trained.h"
#include "task.h"
#include "training/curious.h"

enum { FORMS = 3 };
static const char *const names[FORMS] = {"dual", "by rows", "by columns"};
static const char network[] = "network={type: conv_net, num_spatial_dims: 1, in_channels: 1, out_channels: 1, hidden_channels: 8,"
                              "depth: 1, activation: tanh, key: 1}";

/* 57 parameters, 36 rows in a minibatch of 3 windows, or in a full batch of 4. */
static trained open_trainer(bool full)
{
    char trainer[256];
    snprintf(trainer, sizeof trainer,
             "trainer={num_rollout_steps: 1, num_training_steps: 9, optimizer: curious, batch_size: %d, key: 42}", full ? 4 : 3);
    static const char *const required[] = {"data", "network", "trainer", NULL};
    static const char data[] = "data={type: advection_1d_periodic, num_points: 12, num_samples: 2, temporal_horizon: 3, key: 3}";
    const char *const overrides[] = {network, data, trainer, "parallel.block=1"};
    const tx_config_source source = {
        .name = "test.yaml", .text = trained_text, .overrides = overrides, .num_overrides = 4, .required = required};
    trained t = {0};
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, &error, &t.config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_trainer_create(t.config, parallel, NULL, &error, &t.trainer), TX_OK);
    return t;
}

static const tx_task *pose(trained *t)
{
    CU_ASSERT_EQUAL_FATAL(tx_member_compute(&t->trainer->member, NULL), TX_OK);
    tx_member_pose(&t->trainer->member);
    return &t->trainer->member.task;
}

/* The same task, taken for one of more rows than it has, by what decides on the form. */
static tx_task taken_as(const tx_task *task, int form)
{
    tx_task other = *task;
    other.most_rows = form ? task->num_parameters + 1 : task->most_rows;
    other.sample_rows = form == 2 ? task->num_parameters + 1 : task->sample_rows;
    return other;
}

/* ---- The dense one ---- */

static double rows[TASK_ROWS * TASK_PARAMETERS], r[TASK_ROWS];

static void collect(const tx_task *task)
{
    const int64_t first = task->first_row, own = task->num_own_rows, count = task->num_parameters;
    memset(rows, 0, sizeof rows);
    memset(r, 0, sizeof r);
    CU_ASSERT_EQUAL_FATAL(task->class_->rows(task->object, task->parameters, first, own, NULL, r + first, rows + first * count),
                          TX_OK);
    CU_ASSERT_EQUAL(tx_parallel_add(task->parallel, rows, (size_t)(task->num_rows * count), NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_parallel_add(task->parallel, r, (size_t)task->num_rows, NULL), TX_OK);
}

/* (J'J + mu) out = -J'f, by elimination. */
static void solve(const tx_task *task, double mu, const double *f, double *out)
{
    const int64_t n = task->num_parameters;
    static long double a[TASK_PARAMETERS][TASK_PARAMETERS + 1];
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= n; j++) {
            a[i][j] = i == j ? mu : 0;
            for (int64_t k = 0; k < task->num_rows; k++) {
                a[i][j] += (long double)rows[k * n + i] * (j < n ? rows[k * n + j] : -f[k]);
            }
        }
    }
    for (int64_t k = 0; k < n; k++) {
        for (int64_t i = 0; i < n; i++) {
            const long double factor = i == k ? 0 : a[i][k] / a[k][k];
            for (int64_t j = k; j <= n; j++) {
                a[i][j] -= factor * a[k][j];
            }
        }
    }
    for (int64_t k = 0; k < n; k++) {
        out[k] = (double)(a[k][n] / a[k][k]);
    }
}

static double away(const double *found, const double *expected, int64_t count)
{
    double square = 0, size = 0;
    for (int64_t k = 0; k < count; k++) {
        square += (found[k] - expected[k]) * (found[k] - expected[k]);
        size += expected[k] * expected[k];
    }
    return sqrt(square / size);
}

/* Rounding, in parts of what the condition, at most 1e4, makes of it. */
static const double mu = 1e-2, bound = 1e-10;

static void expect_bend(const tx_task *task, const double *v, double *out)
{
    double there[TASK_PARAMETERS], f[TASK_ROWS] = {0};
    for (int64_t k = 0; k < task->num_parameters; k++) {
        there[k] = ((const double *)task->parameters)[k] + 0.1 * v[k];
    }
    CU_ASSERT_EQUAL_FATAL(
        task->class_->rows(task->object, there, task->first_row, task->num_own_rows, NULL, f + task->first_row, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_parallel_add(task->parallel, f, (size_t)task->num_rows, NULL), TX_OK);
    for (int64_t row = 0; row < task->num_rows; row++) {
        double slope = 0;
        for (int64_t k = 0; k < task->num_parameters; k++) {
            slope += rows[row * task->num_parameters + k] * v[k];
        }
        f[row] = 2 / 0.1 * ((f[row] - r[row]) / 0.1 - slope);
    }
    solve(task, mu, f, out);
}

static void check(tx_normal *normal, const tx_task *task, const char *name)
{
    double g[TASK_PARAMETERS], v[TASK_PARAMETERS], bent[TASK_PARAMETERS], expected[TASK_PARAMETERS], there[TASK_PARAMETERS];
    double square, largest, pivot, most = 0, sum = 0;
    bool finite = false;
    collect(task);
    for (int64_t k = 0; k < task->num_parameters; k++) {
        double column = 0;
        for (int64_t row = 0; row < task->num_rows; row++) {
            column += rows[row * task->num_parameters + k] * rows[row * task->num_parameters + k];
        }
        most = fmax(most, column);
        g[k] = ((const double *)task->gradient)[k] / 2;
    }
    for (int64_t row = 0; row < task->num_rows; row++) {
        sum += r[row] * r[row];
    }
    CU_ASSERT_EQUAL_FATAL(tx_normal_look(normal, NULL, &square), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_normal_build(normal, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_normal_largest(normal, NULL, &largest), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_normal_factor(normal, mu, NULL, &pivot), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_normal_descend(normal, g, NULL, v), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_normal_bend(normal, g, v, mu, there, NULL, bent, &finite), TX_OK);
    CU_ASSERT(finite);
    CU_ASSERT_DOUBLE_EQUAL(square, sum, 1e-13 * sum);
    CU_ASSERT_DOUBLE_EQUAL(largest, most, 1e-13 * most);
    solve(task, mu, r, expected);
    const double straight = away(v, expected, task->num_parameters);
    expect_bend(task, v, expected);
    const double curved = away(bent, expected, task->num_parameters);
    if (!(straight < bound && curved < 100 * bound)) { /* f is a difference of differences */
        printf("\n%s: %g, %g\n", name, straight, curved);
        CU_FAIL();
    }
}

static void of_minibatches(void)
{
    for (int form = 0; form < FORMS; form++) {
        trained t = open_trainer(false);
        tx_task task = taken_as(pose(&t), form);
        tx_normal normal = {0};
        CU_ASSERT_EQUAL_FATAL(tx_normal_create(&normal, &task, false, NULL), TX_OK);
        for (int step = 0; step < 4; step++) { /* every other one has a single window */
            check(&normal, &task, names[form]);
            trained_step(&t);
            task = taken_as(pose(&t), form);
        }
        tx_normal_destroy(&normal);
        trained_close(&t);
    }
}

/* How often rows of J were asked for. */
static int asked;
static const tx_task_class *true_class;
static tx_status counted_rows(void *object, const void *parameters, int64_t first, int64_t count, tx_error *error, void *residuals,
                              void *jacobian)
{
    asked += jacobian != NULL;
    return true_class->rows(object, parameters, first, count, error, residuals, jacobian);
}

/* The next step's windows in another order and on other ranks; parameters stay what they are. */
static void of_a_full_batch(void)
{
    for (int form = 0; form < 2; form++) {
        trained t = open_trainer(true);
        tx_task task = taken_as(pose(&t), form);
        tx_task_class class_ = *task.class_;
        double kept[TASK_PARAMETERS];
        tx_normal normal = {0};
        true_class = task.class_;
        class_.rows = counted_rows;
        memcpy(kept, task.parameters, (size_t)task.num_parameters * sizeof *kept);
        CU_ASSERT_EQUAL_FATAL(tx_normal_create(&normal, &task, false, NULL), TX_OK);
        check(&normal, &task, names[form]);
        for (int step = 0; step < 3; step++) {
            trained_step(&t);
            tx_trainer_set_parameters(t.trainer, kept);
            task = taken_as(pose(&t), form);
            collect(&task);
            task.class_ = &class_;
            double square;
            asked = 0;
            CU_ASSERT_EQUAL(tx_normal_look(&normal, NULL, &square), TX_OK);
            CU_ASSERT_EQUAL(tx_normal_build(&normal, NULL), TX_OK);
            CU_ASSERT_EQUAL(asked, 0);
            task.class_ = true_class;
            check(&normal, &task, names[form]);
        }
        trained_step(&t);
        task = taken_as(pose(&t), form);
        task.class_ = &class_;
        check(&normal, &task, names[form]); /* elsewhere */
        CU_ASSERT(asked > 0 || task.num_own_rows == 0);
        tx_normal_destroy(&normal);
        trained_close(&t);
    }
}

static void no_memory(void)
{
    for (int form = 0; form < FORMS; form++) {
        trained t = open_trainer(true);
        const tx_task task = taken_as(pose(&t), form);
        const size_t before = tx_memory_live();
        for (long n = 0; n < 12; n++) {
            tx_normal normal = {0};
            tx_memory_fail_after(tx_parallel_rank(parallel) ? -1 : n);
            const tx_status status = tx_normal_create(&normal, &task, false, NULL);
            tx_memory_fail_after(-1);
            CU_ASSERT_EQUAL(status, TX_FAILURE);
            tx_normal_destroy(&normal);
            CU_ASSERT_EQUAL(tx_memory_live(), before);
        }
        trained_close(&t);
    }
}

int main(void)
{
    static const suite_test tests[] = {
        {"of minibatches", of_minibatches}, {"of a full batch", of_a_full_batch}, {"no memory", no_memory}, {0}};
    if (tx_symmetric_known(NULL) != TX_OK) {
        puts("not in this build");
        return 0;
    }
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK || tx_registry_create_builtin(NULL, &registry) != TX_OK ||
        tx_registry_add(registry, &curious, NULL) != TX_OK) {
        return 1;
    }
    const int code = suite_run("algebra/normal", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
