/* Shared objects: what must be true of one before anything of it is believed. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plugin/plugin.h"

typedef const tx_plugin *entry_point(void);

/* A pointer to a function, which ISO C does not make of one to an object. */
static entry_point *find_entry(void *handle)
{
    void *symbol = dlsym(handle, "trainax_plugin");
    entry_point *entry;
    memcpy(&entry, &symbol, sizeof entry);
    return entry;
}

static tx_status check_abi(const char *path, const tx_plugin *plugin, tx_error *error)
{
    return !plugin ? tx_error_set(error, TX_BAD_DATA, "'%s' is no plugin: its trainax_plugin returns nothing", path)
           : plugin->abi == TX_ABI
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "'%s' was built for ABI %d of trainax's headers, this is ABI %d: build it again",
                              path, plugin->abi, TX_ABI);
}

/* Not unloaded: what it has started (threads of a runtime) may outlive every configuration. */
tx_status tx_plugin_load(const char *path, tx_error *error, const tx_plugin **out)
{
    if (access(path, R_OK) != 0) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' cannot be read: %s", path, strerror(errno));
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' cannot be loaded: %s", path, dlerror());
    }
    entry_point *entry = find_entry(handle);
    if (!entry) {
        return tx_error_set(error, TX_BAD_DATA,
                            "'%s' is no plugin: it has no function trainax_plugin (TX_PLUGIN in trainax/plugin.h)", path);
    }
    const tx_plugin *plugin = entry();
    TX_TRY(check_abi(path, plugin, error));
    *out = plugin;
    return TX_OK;
}

tx_status tx_plugin_add(tx_registry *registry, const char *path, tx_error *error)
{
    const tx_plugin *plugin;
    TX_TRY(tx_plugin_load(path, error, &plugin));
    for (const tx_component *const *component = plugin->components; *component; component++) {
        TX_TRY(tx_registry_add(registry, *component, error));
    }
    return TX_OK;
}
