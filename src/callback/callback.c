/* What all callbacks share: creation from a section, the options every and name. */
#include "trainax/callback.h"

#include "base/memory.h"

static tx_status choose_column(tx_callback *callback, tx_error *error)
{
    const char *standard = callback->class_->column;
    if (!standard) {
        return TX_OK;
    }
    callback->column = tx_has(callback->section, "name") ? tx_get_string(callback->section, "name") : standard;
    if (callback->column[0] == '\0') {
        return tx_section_error(callback->section, NULL, error, TX_INVALID, "%s needs a `name`, its column in history.csv",
                                tx_section_name(callback->section));
    }
    for (const char *c = callback->column; *c; c++) {
        if (*c == ',' || *c == '"' || *c == '\n' || *c == '\r') {
            return tx_section_error(callback->section, "name", error, TX_INVALID,
                                    "a column's name holds no comma, quote or line break");
        }
    }
    return TX_OK;
}

static tx_status set_up(tx_callback *callback, const tx_callback_setup *setup, tx_error *error)
{
    TX_TRY(choose_column(callback, error));
    return callback->class_->create ? callback->class_->create(callback, setup, error) : TX_OK;
}

tx_status tx_callback_create(const tx_section *section, const tx_callback_setup *setup, tx_error *error, tx_callback **out)
{
    tx_callback *callback;
    TX_TRY(tx_allocate(sizeof *callback, error, &callback));
    callback->class_ = tx_section_component(section)->implementation;
    callback->section = section;
    callback->every = tx_get_integer(section, "every");
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
