/* tx_train: a run alone, or an ensemble. */
#include "run/deadline.h"
#include "run/ensemble.h"
#include "run/members.h"

static tx_status train_alone(const tx_config *config, tx_parallel *parallel, const tx_train_options *options, tx_error *error)
{
    const tx_run_place alone = {.end = tx_deadline_end(parallel, options->time_limit)};
    tx_train_end unused;
    return tx_train_at(&alone, config, parallel, options, error, &unused);
}

tx_status tx_train(const tx_config *config, tx_parallel *parallel, const tx_train_options *options, tx_error *error)
{
    tx_error own = {0};
    error = error ? error : &own; /* its status is looked at */
    return tx_is_ensemble(config) ? tx_train_ensemble(config, parallel, options, error)
                                  : train_alone(config, parallel, options, error);
}
