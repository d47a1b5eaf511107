/* An optimizer that asks all that can be asked, and goes downhill a little. */
#pragma once

#include "optimizer/options.h"
#include "optimizer/stage.h"

static tx_status curious_create(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    enum { ALL = TX_ASKS_VALUE | TX_ASKS_GRADIENT | TX_ASKS_ROWS | TX_ASKS_PRODUCT | TX_ASKS_ADJOINT_PRODUCT };
    TX_TRY(tx_optimizer_ask(optimizer, section, ALL, error));
    return tx_stage_add_scale(optimizer, (tx_rate){.number = -1e-3}, error);
}

static const tx_optimizer_class curious_class = {curious_create};
static const tx_component curious = TX_OPTIMIZER("curious", "a test", NULL, &curious_class);
