/* A stage that takes more than arrays: what it owns is made and given back on all ranks together, and counted where memory is;
 * what it knows of a step before callbacks see it stands in that step's row. An optimizer without the shared options. ranks: 1 3 */
#include "callback/trained.h"
#include "optimizer/options.h"
#include "optimizer/stage.h"

enum { OWNED = 1 << 20 };
static int created, allocated, destroyed;
static bool fails;               /* to allocate */
static int64_t diverges_at = -1; /* what is known of that step is that it cannot be taken */

typedef struct owner {
    tx_parallel *parallel; /* once it is allocated */
    void *memory;
    int64_t prepared;
    double square; /* of the gradient of the step that is prepared */
} owner;

static size_t bytes(const tx_stage *stage, int num_ranks)
{
    (void)stage;
    return OWNED / (size_t)num_ranks;
}

static tx_status allocate(tx_stage *stage, const tx_task *task, tx_error *error)
{
    owner *own = stage->state;
    int64_t ranks = 1;
    TX_TRY(tx_allocate(bytes(stage, tx_parallel_size(task->parallel)), error, &own->memory));
    TX_TRY(tx_parallel_sum(task->parallel, &ranks, 1, error));
    own->parallel = task->parallel;
    allocated += ranks == tx_parallel_size(task->parallel);
    return fails ? tx_error_set(error, TX_FAILURE, "no room for a system") : TX_OK;
}

static void destroy(tx_stage *stage)
{
    owner *own = stage->state;
    int64_t ranks = 1;
    if (own->parallel) {
        CU_ASSERT_EQUAL(tx_parallel_sum(own->parallel, &ranks, 1, NULL), TX_OK);
        CU_ASSERT_EQUAL(ranks, tx_parallel_size(own->parallel));
    }
    tx_free(own->memory);
    destroyed++;
}

static tx_status prepare(tx_stage *stage, const tx_task *task, tx_error *error)
{
    owner *own = stage->state;
    const double *gradient = task->gradient;
    own->square = 0;
    for (int64_t k = 0; k < task->num_parameters; k++) {
        own->square += gradient[k] * gradient[k];
    }
    return own->prepared++ == diverges_at ? tx_error_set(error, TX_DIVERGED, "its system is not finite") : TX_OK;
}

/* Of odd steps none. */
static bool tell(const tx_stage *stage, const char *name, double *out)
{
    const owner *own = stage->state;
    *out = own->prepared % 2 ? own->square : (double)NAN;
    return strcmp(name, "square") == 0;
}

static tx_status update(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const owner *own = stage->state;
    CU_ASSERT_PTR_NOT_NULL(own->memory);
    CU_ASSERT_EQUAL(own->prepared, update->count + 1);
    return tx_stage_plain(stage, update, error);
}

static tx_status create(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update, sizeof(owner), error, &stage));
    stage->bytes = bytes;
    stage->allocate = allocate;
    stage->destroy = destroy;
    stage->prepare = prepare;
    stage->tell = tell;
    created++;
    return tx_get_boolean(section, "refuses") ? tx_section_error(section, "refuses", error, TX_INVALID, "refused") : TX_OK;
}

static const tx_option options[] = {TX_OPTION_BOOLEAN("refuses", "false", "is not created"), {0}};
static const tx_optimizer_class owning_class = {create};
static const tx_component owning = TX_OPTIMIZER("owning", "a test", options, &owning_class);

static const tx_component alone = {.kind = TX_KIND_OPTIMIZER,
                                   .name = "alone",
                                   .summary = "a test",
                                   .options = options,
                                   .implementation = &owning_class,
                                   .takes_no_shared = true};

static void reset(bool will_fail)
{
    created = allocated = destroyed = 0;
    fails = will_fail;
}

static void gives_back(void)
{
    reset(false);
    trained t = trained_open("callbacks=[]", "trainer.optimizer=owning");
    trained_step(&t);
    CU_ASSERT(created == 1 && allocated == 1 && destroyed == 0);
    trained_close(&t);
    CU_ASSERT_EQUAL(destroyed, 1);
}

/* What was created and not allocated, or not to its end, is given back as well. */
static void gives_back_what_is_half_made(void)
{
    tx_error error = {0};
    trained t;
    reset(true);
    CU_ASSERT_EQUAL(trained_try("callbacks=[]", "trainer.optimizer=owning", &error, &t), TX_FAILURE);
    CU_ASSERT_STRING_EQUAL(error.message, "no room for a system");
    CU_ASSERT(allocated == 1 && destroyed == 1);
    reset(false);
    CU_ASSERT_EQUAL(trained_try("callbacks=[]", "trainer.optimizer={type: owning, refuses: true}", &error, &t), TX_INVALID);
    CU_ASSERT(created == 1 && allocated == 0 && destroyed == 1);
}

/* Beside what an optimizer of one plain stage takes. */
static void is_counted(void)
{
    reset(false);
    trained t = trained_open("callbacks=[]", "trainer.optimizer=owning");
    trained plain = trained_open("callbacks=[]", "trainer.optimizer={type: sgd, learning_rate: 0.1}");
    for (int ranks = 1; ranks <= 4; ranks++) {
        const size_t with = tx_trainer_memory(t.trainer, ranks).parameters;
        CU_ASSERT_EQUAL(with - tx_trainer_memory(plain.trainer, ranks).parameters, (size_t)(OWNED / ranks));
    }
    trained_close(&plain);
    trained_close(&t);
}

/* ---- What it tells ---- */

static tx_status ask(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    const char *const name = tx_get_string(callback->section, "number");
    double none;
    return setup->services->optimizer_number(setup->trainer, name, &none)
               ? TX_OK
               : tx_section_error(callback->section, "number", error, TX_INVALID, "this optimizer has no %s", name);
}

static tx_status observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    double value;
    (void)error;
    CU_ASSERT(seen->services->optimizer_number(seen->trainer, tx_get_string(callback->section, "number"), &value));
    if (!isnan(value)) {
        tx_cell_set(cells, 0, value);
    }
    return TX_OK;
}

static const tx_option told_options[] = {{.name = "number", .type = TX_TYPE_STRING, .text = "which"}, {0}};
static const tx_callback_class told_class = {.create = ask, .observe = observe, .column = "told"};
static const tx_component told = {
    .kind = TX_KIND_CALLBACK, .name = "told", .summary = "a test", .options = told_options, .implementation = &told_class};

#define NORM "{type: grad_norm, name: norm, squared: true, configuration: {type: supervised, num_rollout_steps: 3}}"

static void stands_in_its_row(void)
{
    reset(false);
    trained t = trained_open("callbacks=[{type: told, number: square}, " NORM "]", "trainer.optimizer=owning");
    for (int step = 0; step < 5; step++) {
        trained_step(&t);
        const double value = trained_value(&t, "told"), expected = trained_value(&t, "norm");
        CU_ASSERT(step % 2 ? isnan(value) : fabs(value - expected) < 1e-12 * expected); /* sums in another order */
    }
    trained_close(&t);
}

static void is_asked_at_creation(void)
{
    static const char *const optimizers[] = {"trainer.optimizer=owning", "trainer.optimizer={type: sgd, learning_rate: 1}"};
    for (int k = 0; k < 2; k++) {
        tx_error error = {0};
        trained t;
        CU_ASSERT_EQUAL(trained_try("callbacks=[{type: told, number: damping}]", optimizers[k], &error, &t), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "callbacks.0.number: this optimizer has no damping"));
    }
}

/* Before anybody has observed it; the row of its loss is there. */
static void diverges(void)
{
    tx_error error = {0};
    reset(false);
    diverges_at = 2;
    trained t = trained_open("callbacks=[{type: told, number: square}]", "trainer.optimizer=owning");
    trained_step(&t);
    trained_step(&t);
    CU_ASSERT_EQUAL(tx_trainer_step(t.trainer, &error), TX_DIVERGED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "its system is not finite"));
    CU_ASSERT(tx_trainer_steps_done(t.trainer) == 2 && isnan(trained_value(&t, "told")));
    trained_close(&t);
    diverges_at = -1;
}

/* ---- None of the options that optimizers share ---- */

static void refuses_what_is_shared(void)
{
    static const char *const shared[] = {"clip", "clip_by_global_norm", "add_decayed_weights", "reduce_on_plateau"};
    for (int k = 0; k < 4; k++) {
        char optimizer[96], expected[96];
        tx_error error = {0};
        trained t;
        snprintf(optimizer, sizeof optimizer, "trainer.optimizer={type: alone, %s: 1}", shared[k]);
        snprintf(expected, sizeof expected, "alone takes no '%s'", shared[k]);
        CU_ASSERT_EQUAL(trained_try("callbacks=[]", optimizer, &error, &t), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, expected));
    }
    trained t = trained_open("callbacks=[]", "trainer.optimizer=alone");
    trained_step(&t);
    trained_close(&t);
}

/* Does what begins with `from` name `option` before the next `until`? */
static bool names(const char *text, const char *from, const char *until, const char *option)
{
    const char *begin = strstr(text, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(begin);
    const char *end = strstr(begin + strlen(from), until), *found = strstr(begin, option);
    return found && (!end || found < end);
}

static void is_told_without(void)
{
    char *help, *schema;
    for (int k = 0; k < 2; k++) {
        CU_ASSERT_EQUAL_FATAL(tx_registry_help(registry, k ? "owning" : "alone", 80, NULL, &help), TX_OK);
        CU_ASSERT(names(help, "a test", "\f", "refuses") && names(help, "a test", "\f", "clip") == k);
        tx_free(help);
    }
    CU_ASSERT_EQUAL_FATAL(tx_registry_schema(registry, NULL, &schema), TX_OK);
    CU_ASSERT(names(schema, "\"optimizer.owning\": ", "\"optimizer.", "\"clip\": {"));
    CU_ASSERT(names(schema, "\"optimizer.alone\": ", "\"optimizer.", "\"refuses\": {"));
    CU_ASSERT(!names(schema, "\"optimizer.alone\": ", "\"optimizer.", "\"clip\": {"));
    tx_free(schema);
}

int main(void)
{
    static const suite_test tests[] = {{"gives back", gives_back},
                                       {"gives back what is half made", gives_back_what_is_half_made},
                                       {"is counted", is_counted},
                                       {"stands in its row", stands_in_its_row},
                                       {"is asked at creation", is_asked_at_creation},
                                       {"diverges", diverges},
                                       {"refuses what is shared", refuses_what_is_shared},
                                       {"is told without", is_told_without},
                                       {0}};
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK || tx_registry_create_builtin(NULL, &registry) != TX_OK ||
        tx_registry_add(registry, &owning, NULL) != TX_OK || tx_registry_add(registry, &alone, NULL) != TX_OK ||
        tx_registry_add(registry, &told, NULL) != TX_OK) {
        return 1;
    }
    const int code = suite_run("training/stage", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
