/* Eigenvalues of the Gauss-Newton matrix, as an optimizer that stays where it is. */
#include "algebra/spectrum.h"

#include <string.h>

#include "algebra/normal.h"
#include "base/memory.h"

typedef struct watcher {
    tx_task planned; /* what is known of the task before there are numbers */
    tx_normal normal;
    double *values;
    int64_t residuals;
} watcher;

static size_t count_of(const tx_task *task)
{
    return (size_t)tx_normal_setup(task, true).size;
}

static size_t bytes(const tx_stage *stage, int num_ranks)
{
    const tx_task *task = &((const watcher *)stage->state)->planned;
    return tx_normal_bytes(task, true, num_ranks) + count_of(task) * sizeof(double);
}

static tx_status allocate(tx_stage *stage, const tx_task *task, tx_error *error)
{
    watcher *own = stage->state;
    const tx_status mine = tx_allocate_array(count_of(task), sizeof *own->values, error, &own->values);
    TX_TRY(tx_parallel_agree(task->parallel, mine, error));
    return tx_normal_create(&own->normal, task, true, error);
}

static void destroy(tx_stage *stage)
{
    watcher *own = stage->state;
    tx_normal_destroy(&own->normal);
    tx_free(own->values);
}

static tx_status prepare(tx_stage *stage, const tx_task *task, tx_error *error)
{
    watcher *own = stage->state;
    double square;
    own->residuals = task->num_rows;
    TX_TRY(tx_normal_look(&own->normal, error, &square));
    TX_TRY(tx_normal_build(&own->normal, error));
    return tx_symmetric_eigen(own->normal.matrix, error, own->values);
}

static tx_status stay(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const size_t count = (size_t)stage->optimizer->num_parameters;
    memcpy(update->next_parameters, update->parameters, count * tx_real_bytes(stage->optimizer->precision));
    return tx_stage_status(true, error);
}

static tx_status create(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(tx_symmetric_known(error));
    TX_TRY(tx_stage_add(optimizer, stay, sizeof(watcher), error, &stage));
    stage->bytes = bytes;
    stage->allocate = allocate;
    stage->prepare = prepare;
    stage->destroy = destroy;
    TX_TRY(tx_optimizer_ask(optimizer, section, TX_ASKS_RESIDUALS, error));
    TX_TRY(tx_optimizer_ask(optimizer, section, tx_normal_asks(optimizer->task, false), error));
    ((watcher *)stage->state)->planned = *optimizer->task;
    return TX_OK;
}

const tx_component *tx_spectrum_optimizer(void)
{
    static const tx_optimizer_class class_ = {create};
    static const tx_component spectrum = {.kind = TX_KIND_OPTIMIZER,
                                          .name = "spectrum",
                                          .summary = "eigenvalues of the Gauss-Newton matrix; no update",
                                          .implementation = &class_,
                                          .takes_no_shared = true};
    return &spectrum;
}

tx_spectrum tx_spectrum_of(const tx_optimizer *optimizer)
{
    const watcher *own = optimizer->stages[0]->state;
    return (tx_spectrum){.residuals = own->residuals,
                         .parameters = optimizer->num_parameters,
                         .count = (int64_t)count_of(&own->planned),
                         .values = own->values};
}
