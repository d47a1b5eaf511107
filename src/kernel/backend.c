/* Backends by name, and the one on which plans run that name none. */
#include "kernel/backend.h"

#include <string.h>

#include "kernel/cpu.h"

static const tx_backend_class *const classes[] = {&tx_cpu_class};
const tx_backend_class *tx_backend_default = &tx_cpu_class;

static const tx_backend_class *find(const char *name)
{
    if (!name || !strcmp(tx_backend_default->name, name)) {
        return tx_backend_default;
    }
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        if (!strcmp(classes[k]->name, name)) {
            return classes[k];
        }
    }
    return NULL;
}

tx_status tx_backend_open(const char *name, int isa, tx_precision precision, tx_error *error, const tx_backend **out)
{
    const tx_backend_class *class_ = find(name);
    TX_TRY(isa < 0 ? tx_isa_check(error) : TX_OK);
    return class_ ? class_->open(isa < 0 ? tx_isa_count() - 1 : isa, precision, error, out)
                  : tx_error_set(error, TX_INVALID, "there is no backend '%s' in this build", name);
}

void tx_backend_close(const tx_backend *backend)
{
    if (backend) {
        backend->class_->close(backend);
    }
}

tx_status tx_backend_room(const tx_backend *backend, tx_error *error, size_t *out)
{
    return backend->class_->room(backend, error, out);
}
