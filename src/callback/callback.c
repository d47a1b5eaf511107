/* What all callbacks share: creation from a section, the options every and name, and when they are due. */
#include "trainax/callback.h"

#include "base/memory.h"

static tx_status choose_column(tx_callback *callback, tx_error *error)
{
    const char *standard = callback->class_->column;
    if (!standard) {
        return TX_OK;
    }
    callback->column = tx_has(callback->section, "name") ? tx_get_string(callback->section, "name") : standard;
    callback->columns = &callback->column;
    callback->num_columns = 1;
    return callback->column[0]
               ? TX_OK
               : tx_section_error(callback->section, NULL, error, TX_INVALID, "%s needs a `name`, its column in history.csv",
                                  tx_section_name(callback->section));
}

static tx_status check_columns(const tx_callback *callback, tx_error *error)
{
    for (int k = 0; k < callback->num_columns; k++) {
        for (const char *c = callback->columns[k]; *c; c++) {
            if (*c == ',' || *c == '"' || *c == '\n' || *c == '\r') {
                return tx_section_error(callback->section, "name", error, TX_INVALID,
                                        "a column's name holds no comma, quote or line break");
            }
        }
    }
    return TX_OK;
}

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    return b ? greatest_common_divisor(b, a % b) : a;
}

/* The steps that both select; beyond all steps: step 0 alone. */
static int64_t common_multiple(int64_t a, int64_t b)
{
    int64_t multiple;
    return __builtin_mul_overflow(a / greatest_common_divisor(a, b), b, &multiple) ? INT64_MAX : multiple;
}

static tx_status set_up(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    TX_TRY(choose_column(callback, error));
    TX_TRY(callback->class_->create ? callback->class_->create(callback, setup, error) : TX_OK);
    return check_columns(callback, error);
}

tx_status tx_callback_create(const tx_section *section, const tx_callback_setup *setup, tx_error *error, tx_callback **out)
{
    tx_callback *callback;
    TX_TRY(tx_allocate(sizeof *callback, error, &callback));
    callback->class_ = tx_section_component(section)->implementation;
    callback->section = section;
    callback->every = common_multiple(setup->every ? setup->every : 1, tx_get_integer(section, "every"));
    callback->log = setup->log;
    callback->terminal = setup->terminal;
    const tx_status status = set_up(callback, setup, error);
    if (status != TX_OK) {
        tx_callback_destroy(callback);
        return status;
    }
    *out = callback;
    return TX_OK;
}

void tx_callback_destroy(tx_callback *callback)
{
    if (callback) {
        if (callback->class_->destroy) {
            callback->class_->destroy(callback);
        }
        tx_free(callback->state);
        tx_free(callback);
    }
}

tx_status tx_callback_observe(tx_callback *callback, const tx_observation *seen, tx_error *error, tx_cells cells)
{
    return seen->step % callback->every == 0 ? callback->class_->observe(callback, seen, error, cells) : TX_OK;
}

tx_status tx_callback_conclude(tx_callback *callback, const tx_observation *seen, tx_error *error)
{
    return callback->class_->conclude ? callback->class_->conclude(callback, seen, error) : TX_OK;
}

void tx_callback_recall(tx_callback *callback, int64_t step, tx_cells cells)
{
    if (callback->class_->recall && step % callback->every == 0) {
        callback->class_->recall(callback, step, cells);
    }
}
