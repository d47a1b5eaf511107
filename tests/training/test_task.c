/* A step's minibatch as its optimizer sees it, and a run whose optimizer asks for values and gradients at other parameters: the
 * same on any number of ranks, and after a resume. ranks: 1 3
 * guard: 3 */
#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>

#include "callback/trained.h"
#include "optimizer/options.h"
#include "optimizer/stage.h"
#include "task.h"

static size_t parameter_bytes(const trained *t)
{
    return (size_t)tx_trainer_network(t->trainer)->num_parameters * sizeof(double);
}

/* After a step and a half: of the second minibatch. */
static void of_a_step(void)
{
    trained t = trained_open("callbacks=[]", "trainer.optimizer=asking");
    const tx_task *task = &t.trainer->member.task;
    double here[TASK_PARAMETERS], there[TASK_PARAMETERS], slopes[TASK_PARAMETERS], value;
    const void *gradient;
    trained_step(&t);
    CU_ASSERT_EQUAL_FATAL(tx_member_compute(&t.trainer->member, NULL), TX_OK);
    tx_member_pose(&t.trainer->member);
    const int64_t count = task->num_parameters;
    CU_ASSERT_FATAL(count <= TASK_PARAMETERS);
    memcpy(slopes, task->gradient, parameter_bytes(&t));
    memcpy(here, tx_trainer_parameters(t.trainer), parameter_bytes(&t));
    for (int64_t k = 0; k < count; k++) {
        there[k] = here[k] + 0.1 * sin(1.0 + (double)k);
    }
    check_task_gradient(task, there);
    CU_ASSERT_EQUAL(task_value(task, here), tx_trainer_loss(t.trainer));
    CU_ASSERT(task_value(task, there) != tx_trainer_loss(t.trainer));
    CU_ASSERT_EQUAL_FATAL(task->class_->gradient(task->object, here, NULL, &value, &gradient), TX_OK);
    CU_ASSERT_EQUAL(value, tx_trainer_loss(t.trainer));
    CU_ASSERT(!memcmp(gradient, slopes, parameter_bytes(&t)));
    CU_ASSERT(!memcmp(task->gradient, slopes, parameter_bytes(&t)));
    CU_ASSERT_EQUAL(tx_member_update(&t.trainer->member, NULL), TX_OK);
    trained_step(&t); /* with its own parameters again */
    trained_close(&t);
}

/* ---- An optimizer: along the gradient half a step ahead, by a size that falls where the loss would rise ---- */

static void go(const double *from, const void *slopes, double size, int64_t count, double *to)
{
    for (int64_t k = 0; k < count; k++) {
        to[k] = from[k] - size * ((const double *)slopes)[k];
    }
}

static tx_status update(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_task *task = update->task;
    const double size = *(const double *)update->arrays[0].values;
    double *next = update->next_parameters, value;
    const void *ahead;
    (void)stage;
    go(update->parameters, update->gradient, size / 2, task->num_parameters, next);
    TX_TRY(task->class_->gradient(task->object, next, error, &value, &ahead));
    go(update->parameters, ahead, size, task->num_parameters, next);
    TX_TRY(task->class_->value(task->object, next, error, &value));
    const bool better = value < task->value;
    if (!better) {
        memcpy(next, update->parameters, (size_t)task->num_parameters * sizeof *next);
    }
    *(double *)update->arrays[0].next = better ? 1.5 * size : 0.25 * size;
    *(int64_t *)update->arrays[1].next = *(const int64_t *)update->arrays[1].values + !better;
    return tx_stage_status(isfinite(value), error);
}

static tx_status create(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_optimizer_ask(optimizer, section, TX_ASKS_VALUE | TX_ASKS_GRADIENT, error));
    TX_TRY(tx_stage_add(optimizer, update, 0, error, &stage));
    TX_TRY(tx_stage_keep_array(stage, &(tx_state_array){.name = "size", .number = TX_NUMBER_DOUBLE, .initial = 1}, error));
    return tx_stage_keep_array(stage, &(tx_state_array){.name = "rejected", .number = TX_NUMBER_INTEGER}, error);
}

static const tx_optimizer_class asking_class = {create};
static const tx_component asking = TX_OPTIMIZER("asking", "a test", NULL, &asking_class);

static void on_any_ranks(void)
{
    const char *const optimizer = "trainer.optimizer=asking";
    trained t = trained_open("callbacks=[]", optimizer);
    tx_parallel *const all = parallel;
    int running;
    MPI_Initialized(&running);
    const MPI_Comm self = MPI_COMM_SELF;
    CU_ASSERT_EQUAL_FATAL(tx_parallel_create(running ? &self : NULL, NULL, &parallel), TX_OK);
    trained alone = trained_open("callbacks=[]", optimizer);
    for (int step = 0; step < 12; step++) {
        trained_step(&t);
        trained_step(&alone);
        CU_ASSERT(!memcmp(tx_trainer_parameters(t.trainer), tx_trainer_parameters(alone.trainer), parameter_bytes(&t)));
    }
    const int64_t rejected = *(const int64_t *)tx_optimizer_array(t.trainer->member.optimizer, 2)->values;
    CU_ASSERT(rejected > 0 && rejected < 12);
    trained_close(&alone);
    tx_parallel_destroy(parallel);
    parallel = all;
    trained_close(&t);
}

/* ---- An optimizer that has enough ---- */

static tx_status update_thrice(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    *update->ends = update->count == 2;
    return tx_stage_plain(stage, update, error);
}

static tx_status create_thrice(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    (void)section;
    return tx_stage_add(optimizer, update_thrice, 0, error, &stage);
}

static const tx_optimizer_class thrice_class = {create_thrice};
static const tx_component thrice = TX_OPTIMIZER("thrice", "a test", NULL, &thrice_class);

static void ends(void)
{
    trained t = trained_open("callbacks=[]", "trainer.optimizer=thrice");
    for (int64_t step = 0; step < 3; step++) {
        CU_ASSERT(!tx_trainer_is_done(t.trainer));
        trained_step(&t);
    }
    CU_ASSERT(tx_trainer_is_done(t.trainer));
    trained_close(&t);
}

/* ---- Resumed ---- */

static void keep_result(void *user, tx_log_level level, const char *line)
{
    if (level == TX_LOG_RESULT) {
        snprintf(user, 64, "%s", line);
    }
}

static void run_to(const char *directory, int steps, tx_start start, char result[64])
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    char asked[64];
    snprintf(asked, sizeof asked, "trainer.num_training_steps=%d", steps);
    const char *const overrides[] = {"trainer.optimizer=asking", asked};
    const tx_config_source source = {
        .name = "test.yaml", .text = trained_text, .overrides = overrides, .num_overrides = 2, .required = required};
    const tx_train_options options = {.output = directory, .start = start, .log = {keep_result, result}};
    tx_config *config = NULL;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    CU_ASSERT_EQUAL(tx_train(config, parallel, &options, &error), TX_OK);
    if (error.status != TX_OK) {
        puts(error.message);
    }
    tx_config_destroy(config);
}

static void resumed(void)
{
    char directory[] = "/tmp/trainax_task_XXXXXX", straight[64] = "", again[64] = "", command[64];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory)); /* rank 0's counts */
    run_to(directory, 12, TX_START_NEW, straight);
    run_to(directory, 5, TX_START_OVERWRITE, again);
    CU_ASSERT(tx_parallel_rank(parallel) || strcmp(straight, again));
    run_to(directory, 12, TX_START_RESUME, again);
    CU_ASSERT_STRING_EQUAL(straight, again);
    CU_ASSERT_EQUAL(strlen(straight) > 0, tx_parallel_rank(parallel) == 0);
    snprintf(command, sizeof command, "rm -r %s", directory);
    CU_ASSERT_EQUAL(system(command), 0);
}

int main(void)
{
    static const suite_test tests[] = {
        {"of a step", of_a_step}, {"on any ranks", on_any_ranks}, {"ends", ends}, {"resumed", resumed}, {0}};
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK || tx_registry_create_builtin(NULL, &registry) != TX_OK ||
        tx_registry_add(registry, &asking, NULL) != TX_OK || tx_registry_add(registry, &thrice, NULL) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training/task", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
