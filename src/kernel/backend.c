/* Backends by name, and the one on which plans run that name none. */
#include "kernel/backend.h"

#include <string.h>

#include "kernel/cpu.h"

/* Of a room that a build may not have. */
extern const tx_backend_class tx_opencl_class __attribute__((weak));

static const tx_backend_class *const classes[] = {&tx_cpu_class, &tx_opencl_class};
const tx_backend_class *tx_backend_default = &tx_cpu_class;

static const tx_backend_class *find(const char *name)
{
    if (!name || !strcmp(tx_backend_default->name, name)) {
        return tx_backend_default;
    }
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        if (classes[k] && !strcmp(classes[k]->name, name)) {
            return classes[k];
        }
    }
    return NULL;
}

static tx_status none_such(const char *name, tx_error *error)
{
    return tx_error_set(error, TX_INVALID, "there is no backend '%s' in this build", name);
}

tx_status tx_backend_open(const char *name, const tx_backend_options *options, tx_error *error, const tx_backend **out)
{
    const tx_backend_class *class_ = find(name);
    tx_backend_options own = *options;
    TX_TRY(own.isa < 0 ? tx_isa_check(error) : TX_OK);
    own.isa = own.isa < 0 ? tx_isa_count() - 1 : own.isa;
    return class_ ? class_->open(&own, error, out) : none_such(name, error);
}

tx_status tx_backend_devices(const char *name, tx_error *error, tx_device **out, int *count)
{
    const tx_backend_class *class_ = find(name);
    *count = 0;
    *out = NULL;
    return !class_ ? none_such(name, error) : class_->list ? class_->list(error, out, count) : TX_OK;
}

void tx_backend_close(const tx_backend *backend)
{
    if (backend) {
        backend->class_->close(backend);
    }
}

int tx_backend_isa(const tx_backend *backend)
{
    return backend->isa;
}

const char *tx_backend_computer(const tx_backend *backend)
{
    return backend->computer ? backend->computer : tx_isa_name(backend->isa);
}

tx_precision tx_backend_precision(const tx_backend *backend)
{
    return backend->precision;
}

bool tx_backend_is_apart(const tx_backend *backend)
{
    return backend->apart;
}

tx_status tx_backend_room(const tx_backend *backend, tx_error *error, size_t *out)
{
    return backend->class_->room(backend, error, out);
}
