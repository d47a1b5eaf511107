/* An optimizer that asks: a damped Gauss-Newton method, its state of doubles and integers, on a task whose minimum is known. */
#include <math.h>

#include "optimizer/options.h"
#include "optimizer/registry.h"
#include "optimizer/stage.h"
#include "task.h"

/* ---- The task: r_i = sum_k A_ik (p_k - e_k) + bend (p_0 - e_0)^2, which is 0 where p = e ---- */

enum { ROWS = 7, P = 3 };
static const double minimum[P] = {0.5, -1.25, 2};

typedef struct fit {
    double bend, gradient[P];
    int values, rows; /* how often it was asked */
} fit;

static double slope(const fit *f, const double *p, int i, int k)
{
    return cos(1.3 * i * (k + 1) + 0.4 * k) + (k == 0 ? 2 * f->bend * (p[0] - minimum[0]) : 0);
}

static double residual(const fit *f, const double *p, int i)
{
    const double away = p[0] - minimum[0];
    double sum = -f->bend * away * away;
    for (int k = 0; k < P; k++) {
        sum += slope(f, p, i, k) * (p[k] - minimum[k]);
    }
    return sum;
}

static tx_status value(void *object, const void *parameters, tx_error *error, double *out)
{
    fit *f = object;
    (void)error;
    f->values++;
    *out = 0;
    for (int i = 0; i < ROWS; i++) {
        *out += residual(f, parameters, i) * residual(f, parameters, i);
    }
    return TX_OK;
}

static tx_status rows(void *object, const void *parameters, int64_t first, int64_t count, tx_error *error, void *residuals,
                      void *jacobian)
{
    fit *f = object;
    f->rows += (int)count;
    for (int64_t i = 0; i < count; i++) {
        ((double *)residuals)[i] = residual(f, parameters, (int)(first + i));
        for (int k = 0; jacobian && k < P; k++) {
            ((double *)jacobian)[i * P + k] = slope(f, parameters, (int)(first + i), k);
        }
    }
    return first + count <= ROWS ? TX_OK : tx_error_set(error, TX_FAILURE, "no such row");
}

static tx_status product(void *object, const void *parameters, const void *v, int64_t first, int64_t count, tx_error *error,
                         void *out)
{
    (void)error;
    for (int64_t i = 0; i < count; i++) {
        double sum = 0;
        for (int k = 0; k < P; k++) {
            sum += slope(object, parameters, (int)(first + i), k) * ((const double *)v)[k];
        }
        ((double *)out)[i] = sum;
    }
    return TX_OK;
}

static tx_status adjoint_product(void *object, const void *parameters, const void *w, tx_error *error, void *out)
{
    (void)error;
    for (int k = 0; k < P; k++) {
        double sum = 0;
        for (int i = 0; i < ROWS; i++) {
            sum += slope(object, parameters, i, k) * ((const double *)w)[i];
        }
        ((double *)out)[k] = sum;
    }
    return TX_OK;
}

static tx_status gradient(void *object, const void *parameters, tx_error *error, double *loss, const void **out)
{
    fit *f = object;
    double r[ROWS];
    TX_TRY(rows(f, parameters, 0, ROWS, error, r, NULL));
    TX_TRY(adjoint_product(f, parameters, r, error, f->gradient));
    for (int k = 0; k < P; k++) {
        f->gradient[k] *= 2;
    }
    *out = f->gradient;
    return value(f, parameters, error, loss);
}

static const tx_leaf leaf = {.name = "weight", .rank = 1, .shape = {P}, .size = P};

static tx_task task_of(const tx_task_class *class_, fit *f)
{
    return (tx_task){.class_ = class_,
                     .object = f,
                     .precision = TX_FLOAT64,
                     .num_parameters = P,
                     .num_leaves = 1,
                     .leaves = &leaf,
                     .num_rows = ROWS,
                     .num_own_rows = ROWS};
}

static const tx_task_class knows_all = {
    .value = value, .gradient = gradient, .rows = rows, .product = product, .adjoint_product = adjoint_product};

static void contract(void)
{
    const double parameters[P] = {1, 2, -0.5};
    fit f = {.bend = 0.3};
    const tx_task task = task_of(&knows_all, &f);
    check_task_gradient(&task, parameters);
    check_task_rows(&task, parameters);
}

/* ---- The optimizer: (J'J + damping) v = -J'r; a step that does not help is not taken, and damped more ---- */

static void solve(double a[P][P + 1], double *out)
{
    for (int k = 0; k < P; k++) { /* positive definite */
        for (int i = 0; i < P; i++) {
            const double factor = i == k ? 0 : a[i][k] / a[k][k];
            for (int j = k; j <= P; j++) {
                a[i][j] -= factor * a[k][j];
            }
        }
    }
    for (int k = 0; k < P; k++) {
        out[k] = a[k][P] / a[k][k];
    }
}

static tx_status normal_equations(const tx_task *task, double damping, tx_error *error, double a[P][P + 1])
{
    double r, row[P];
    for (int64_t i = 0; i < task->num_rows; i++) {
        TX_TRY(task->class_->rows(task->object, task->parameters, i, 1, error, &r, row));
        for (int k = 0; k < P; k++) {
            for (int j = 0; j < P; j++) {
                a[k][j] += row[k] * row[j];
            }
            a[k][P] -= row[k] * r;
        }
    }
    for (int k = 0; k < P; k++) {
        a[k][k] += damping;
    }
    return TX_OK;
}

static tx_status update(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_task *task = update->task;
    const double damping = *(const double *)update->arrays[0].values, *p = update->parameters;
    double a[P][P + 1] = {0}, v[P], after, *next = update->next_parameters;
    (void)stage;
    TX_TRY(normal_equations(task, damping, error, a));
    solve(a, v);
    for (int k = 0; k < P; k++) {
        next[k] = p[k] + v[k];
    }
    TX_TRY(task->class_->value(task->object, next, error, &after));
    const bool better = after < task->value;
    memcpy(next, better ? next : p, sizeof v);
    *(double *)update->arrays[0].next = damping * (better ? 0.1 : 10);
    *(int64_t *)update->arrays[1].next = *(const int64_t *)update->arrays[1].values + !better;
    return tx_stage_status(isfinite(after), error);
}

static tx_status create(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_optimizer_ask(optimizer, section, TX_ASKS_VALUE | TX_ASKS_ROWS, error));
    TX_TRY(tx_stage_add(optimizer, update, 0, error, &stage));
    TX_TRY(tx_stage_keep_array(
        stage, &(tx_state_array){.name = "damping", .number = TX_NUMBER_DOUBLE, .initial = tx_get_real(section, "damping")},
        error));
    return tx_stage_keep_array(stage, &(tx_state_array){.name = "rejected", .number = TX_NUMBER_INTEGER}, error);
}

static const tx_option options[] = {TX_OPTION_REAL("damping", "1.0", "at first"), {0}};
static const tx_optimizer_class class_ = {create};
static const tx_component asking = TX_OPTIMIZER("asking", "a test", options, &class_);

static tx_status make_asking(const tx_task *task, const char *text, tx_error *error, made *out)
{
    tx_registry *registry = make_registry();
    CU_ASSERT_EQUAL_FATAL(tx_registry_add(registry, &asking, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_OPTIMIZER, "x.yaml", text, NULL, &out->config), TX_OK);
    const tx_status status = tx_optimizer_create(tx_config_root(out->config), task, error, &out->optimizer);
    tx_registry_destroy(registry);
    return status;
}

static void step(made *m, const tx_task *task, double *parameters)
{
    tx_task now = *task;
    double next[P];
    now.parameters = parameters;
    CU_ASSERT_EQUAL_FATAL(now.class_->gradient(now.object, parameters, NULL, &now.value, &now.gradient), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_optimizer_step(m->optimizer, &now, next, NULL), TX_OK);
    memcpy(parameters, next, sizeof next);
}

static void finds_minimum(void)
{
    fit f = {.bend = 2};
    const tx_task task = task_of(&knows_all, &f);
    double parameters[P] = {3, 1, -1};
    made m = {0};
    CU_ASSERT_EQUAL_FATAL(make_asking(&task, "{type: asking, damping: 1e-9}", NULL, &m), TX_OK);
    for (int k = 0; k < 40; k++) {
        step(&m, &task, parameters);
    }
    for (int k = 0; k < P; k++) {
        CU_ASSERT_DOUBLE_EQUAL(parameters[k], minimum[k], 1e-10);
    }
    const tx_state_array *damping = tx_optimizer_array(m.optimizer, 1), *rejected = tx_optimizer_array(m.optimizer, 2);
    CU_ASSERT_STRING_EQUAL(damping->name, "damping");
    CU_ASSERT(damping->rank == 0 && rejected->rank == 0);
    const int64_t refused = *(const int64_t *)rejected->values;
    CU_ASSERT(refused > 0 && refused < 40);
    CU_ASSERT_DOUBLE_EQUAL(log10(*(const double *)damping->values), -9 - 40 + 2 * (double)refused, 1e-6);
    unmake(&m);
}

/* The optimizers of today look at what is there. */
static void asks_nothing(void)
{
    const tx_task_class nothing = {0};
    fit f = {0};
    const double slopes[P] = {1, 2, 3}, parameters[P] = {0};
    tx_task task = task_of(&nothing, &f);
    double next[P];
    made m = {0};
    task.gradient = slopes;
    task.parameters = parameters;
    CU_ASSERT_EQUAL_FATAL(make_asking(&task, "{type: sgd, learning_rate: 2}", NULL, &m), TX_OK);
    CU_ASSERT_EQUAL(tx_optimizer_step(m.optimizer, &task, next, NULL), TX_OK);
    CU_ASSERT(next[0] == -2 && next[1] == -4 && next[2] == -6);
    unmake(&m);
}

/* What a task does not know is said before anything is computed; what goes wrong in it ends the step with nothing changed. */
static void refusals(void)
{
    const tx_task_class no_rows = {.value = value, .gradient = gradient};
    fit f = {.bend = 2};
    const double parameters[P] = {0};
    double next[P];
    tx_task task = task_of(&no_rows, &f);
    tx_error alone = {0}, in_chain = {0}, in_step = {0};
    made m = {0};
    CU_ASSERT_EQUAL(make_asking(&task, "{type: asking}", &alone, &m), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(alone.message,
                           "x.yaml:1:1: optimizer: asking needs the residuals' Jacobian, which is not to be had here");
    tx_config_destroy(m.config);
    CU_ASSERT_EQUAL(make_asking(&task, "{type: chain, transforms: [scale_by_adam, asking]}", &in_chain, &m), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(
        in_chain.message, "x.yaml:1:43: optimizer.transforms.1: asking needs the residuals' Jacobian, which is not to be had here");
    tx_config_destroy(m.config);
    task = task_of(&knows_all, &f);
    task.num_rows = ROWS + 1;
    task.parameters = parameters;
    CU_ASSERT_EQUAL_FATAL(make_asking(&task, "{type: asking}", NULL, &m), TX_OK);
    CU_ASSERT_EQUAL(tx_optimizer_step(m.optimizer, &task, next, &in_step), TX_FAILURE);
    CU_ASSERT_STRING_EQUAL(in_step.message, "no such row");
    CU_ASSERT_EQUAL(tx_optimizer_count(m.optimizer), 0);
    unmake(&m);
}

int main(void)
{
    static const suite_test tests[] = {
        {"contract", contract}, {"finds the minimum", finds_minimum}, {"asks nothing", asks_nothing}, {"refusals", refusals}, {0}};
    return suite_run("tasks", tests);
}
